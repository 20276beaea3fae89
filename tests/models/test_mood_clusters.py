"""Mood clusters: planted groups are found, chance is not, and nothing hangs on the order of the rows."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.spatial.distance import cdist
from sklearn.metrics import adjusted_rand_score

from models.mood_clusters import (
    FEATURES,
    cluster_moods,
    cluster_names,
    cluster_order,
)

# valence, energy, danceability, acousticness, instrumentalness, tempo
PARTY = (0.75, 0.80, 0.75, 0.10, 0.05, 128.0)
STORM = (0.25, 0.85, 0.35, 0.05, 0.60, 150.0)
PORCH = (0.70, 0.35, 0.60, 0.70, 0.05, 100.0)
NIGHT = (0.20, 0.20, 0.25, 0.95, 0.65, 95.0)
MOODS = (PARTY, STORM, PORCH, NIGHT)


def as_tracks(values, prefix="track"):
    tracks = pd.DataFrame(np.asarray(values, dtype=float), columns=list(FEATURES))
    return tracks.assign(track_id=[f"{prefix}{number:05d}" for number in range(len(tracks))])


def planted(count, seed, moods=MOODS):
    """Tracks scattered about the moods, and the mood of each."""
    rng = np.random.default_rng(seed)
    mood = rng.integers(0, len(moods), count)
    scatter = np.array([0.07, 0.07, 0.07, 0.07, 0.07, 8.0])
    return as_tracks(np.array(moods)[mood] + rng.normal(size=(count, 6)) * scatter), mood


def without_groups(count, seed):
    """Tracks of one Gaussian copula with beta marginals: correlated and skewed, but one cloud."""
    rng = np.random.default_rng(seed)
    loadings = rng.normal(size=(6, 3))
    covariance = loadings @ loadings.T + np.eye(6)
    scale = np.sqrt(np.diag(covariance))
    uniform = stats.norm.cdf(rng.multivariate_normal(np.zeros(6), covariance / np.outer(scale, scale), count))
    values = stats.beta.ppf(uniform, rng.uniform(0.6, 4, 6), rng.uniform(0.6, 4, 6))
    return as_tracks(values * [1, 1, 1, 1, 1, 120] + [0, 0, 0, 0, 0, 60])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_planted_groups_are_found(seed):
    tracks, mood = planted(300, seed)
    found = cluster_moods(tracks)
    assert set(found["k"]) == {4}
    assert adjusted_rand_score(mood, found["cluster_id"]) >= 0.9
    assert found["stability"].iloc[0] >= 0.8
    assert found["silhouette"].iloc[0] > found["null_silhouette"].iloc[0]
    assert found["reason"].isna().all()


def test_planted_groups_are_numbered_and_named_after_their_moods():
    tracks, mood = planted(400, seed=4)
    found = cluster_moods(tracks).assign(mood=mood)
    # The moods were written down in the order of the quadrants. By hand, in standard deviations from the mean of the
    # four, PARTY differs most in danceability (+1.3), STORM in tempo (+1.3), PORCH in instrumentalness (-1.0) and NIGHT
    # in acousticness (+1.3).
    by_mood = found.groupby("mood").agg(number=("cluster_id", "median"), name=("cluster_name", "first"))
    assert by_mood["number"].tolist() == [1, 2, 3, 4]
    assert by_mood["name"].tolist() == [
        "energetic-bright, danceable",
        "energetic-dark, fast",
        "calm-bright, vocal",
        "calm-dark, acoustic",
    ]


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_music_without_groups_yields_no_clusters(seed):
    found = cluster_moods(without_groups(300, seed))
    assert set(found["cluster_id"]) == {0}
    assert set(found["k"]) == {0}
    assert found["cluster_name"].isna().all()
    assert found["centroid_distance"].isna().all()
    assert found["reason"].nunique() == 1
    assert found["reason"].iloc[0].endswith("clearer than chance")
    assert found["fitted_tracks"].iloc[0] == 300


def test_clearer_than_chance_but_unstable_groups_are_refused():
    # Points evenly around a ring: far from a copula sample, yet each refit may turn the pieces.
    angle = np.linspace(0, 2 * np.pi, 300, endpoint=False)
    ring = np.full((300, 6), 0.5)
    ring[:, 0] += 0.4 * np.cos(angle)
    ring[:, 1] += 0.4 * np.sin(angle)
    found = cluster_moods(as_tracks(ring))
    assert set(found["k"]) == {0}
    assert "stable" in found["reason"].iloc[0]
    assert found["stability"].iloc[0] < 0.8


def test_the_order_of_the_rows_does_not_matter():
    tracks, _ = planted(200, seed=5)
    shuffled = tracks.sample(frac=1, random_state=9)
    pd.testing.assert_frame_equal(cluster_moods(tracks), cluster_moods(shuffled), check_exact=True)


def test_a_second_run_gives_the_same_bits():
    tracks = planted(200, seed=6)[0]
    first, second = cluster_moods(tracks, seed=7), cluster_moods(tracks, seed=7)
    for column in ("centroid_distance", "silhouette", "stability", "null_silhouette"):
        assert first[column].to_numpy().tobytes() == second[column].to_numpy().tobytes()
    assert first["cluster_id"].tolist() == second["cluster_id"].tolist()


def test_the_input_is_left_as_it_was():
    tracks, _ = planted(60, seed=1)
    before = tracks.copy(deep=True)
    cluster_moods(tracks)
    pd.testing.assert_frame_equal(tracks, before)


def test_forty_nine_tracks_are_too_few_and_fifty_are_enough():
    tracks, _ = planted(50, seed=8)
    few = cluster_moods(tracks.head(49))
    assert set(few["reason"]) == {"fewer than 50 tracks have audio features"}
    assert set(few["cluster_id"]) == {0}
    assert few["fitted_tracks"].tolist() == [0] * 49
    assert few[["silhouette", "stability", "null_silhouette"]].isna().all(axis=None)
    assert set(cluster_moods(tracks)["k"]) == {4}


def test_no_tracks_at_all_give_no_rows_and_the_same_columns():
    tracks, _ = planted(50, seed=8)
    assert cluster_moods(tracks.head(0)).columns.tolist() == cluster_moods(tracks).columns.tolist()
    assert len(cluster_moods(tracks.head(0))) == 0


def test_a_track_that_lacks_a_feature_is_in_no_cluster_and_changes_nothing_for_the_others():
    tracks, _ = planted(200, seed=9)
    partial = pd.concat([tracks, as_tracks([PARTY, NIGHT], prefix="a-partial")], ignore_index=True)
    partial.loc[200, "energy"] = np.nan
    partial.loc[201, "tempo"] = np.inf
    found = cluster_moods(partial).set_index("track_id")
    lacking = found.loc[["a-partial00000", "a-partial00001"]]
    assert lacking["cluster_id"].tolist() == [0, 0]
    assert lacking["cluster_name"].tolist() == [None, None]
    assert set(lacking["reason"]) == {"this track has no complete audio features"}
    assert lacking["fitted_tracks"].tolist() == [200, 200]
    others = found.drop(index=lacking.index).reset_index()
    pd.testing.assert_frame_equal(others, cluster_moods(tracks), check_exact=True)


def test_only_complete_tracks_count_towards_the_least_sample():
    tracks, _ = planted(80, seed=10)
    tracks.loc[:30, "valence"] = np.nan
    assert set(cluster_moods(tracks)["reason"]) == {"fewer than 50 tracks have audio features"}


def test_beyond_two_thousand_tracks_the_rest_go_to_the_nearest_centroid():
    tracks, mood = planted(2_300, seed=11)
    found = cluster_moods(tracks)
    assert set(found["fitted_tracks"]) == {2_000}
    assert adjusted_rand_score(mood, found["cluster_id"]) >= 0.9
    by_hash = sorted(range(2_300), key=lambda at: hashlib.sha256(tracks["track_id"][at].encode()).hexdigest())
    values = tracks[list(FEATURES)].to_numpy()
    fitted, rest = values[by_hash[:2_000]], values[by_hash[2_000:]]
    labels = found["cluster_id"].to_numpy()
    # At convergence a K-means centroid is the mean of its own fitted tracks.
    centroids = np.array([fitted[labels[by_hash[:2_000]] == number].mean(axis=0) for number in (1, 2, 3, 4)])
    distances = cdist(rest / fitted.std(axis=0), centroids / fitted.std(axis=0))
    assert (distances.argmin(axis=1) + 1).tolist() == labels[by_hash[2_000:]].tolist()
    told = found["centroid_distance"].to_numpy()[by_hash[2_000:]]
    np.testing.assert_allclose(told, distances.min(axis=1), atol=1e-9)


def test_a_track_outside_the_fit_moves_no_centroid():
    tracks, _ = planted(300, seed=12)
    hashes = [hashlib.sha256(track_id.encode()).hexdigest() for track_id in tracks["track_id"]]
    outside = int(np.argmax(hashes))
    moved = tracks.copy()
    moved.loc[outside, list(FEATURES)] = NIGHT
    before, after = cluster_moods(tracks, fit_limit=299), cluster_moods(moved, fit_limit=299)
    pd.testing.assert_frame_equal(before.drop(index=outside), after.drop(index=outside), check_exact=True)


def test_a_constant_feature_divides_by_nothing():
    tracks, mood = planted(200, seed=13)
    with np.errstate(all="raise"):
        found = cluster_moods(tracks.assign(instrumentalness=0.1))
    assert adjusted_rand_score(mood, found["cluster_id"]) >= 0.9
    assert found["centroid_distance"].notna().all()


def test_tracks_that_are_all_alike_are_not_grouped():
    found = cluster_moods(as_tracks([PARTY] * 60 + [NIGHT] * 60))
    assert set(found["reason"]) == {"the tracks are too alike to group"}
    assert set(found["cluster_id"]) == {0}


def test_three_repeated_points_are_at_no_distance_from_their_centroids():
    found = cluster_moods(as_tracks([PARTY] * 40 + [STORM] * 40 + [PORCH] * 40))
    assert found["cluster_id"].tolist() == [1] * 40 + [2] * 40 + [3] * 40
    np.testing.assert_allclose(found["centroid_distance"], 0, atol=1e-12)


def test_a_repeated_track_id_is_refused():
    tracks, _ = planted(60, seed=1)
    with pytest.raises(ValueError, match="one row for each distinct track"):
        cluster_moods(pd.concat([tracks, tracks.head(1)]))


def test_a_fit_below_the_least_sample_is_refused():
    with pytest.raises(ValueError, match="at least 50"):
        cluster_moods(planted(60, seed=1)[0], fit_limit=49)


def test_clusters_are_numbered_by_quadrant_then_valence_energy_and_size():
    rest = (0.5, 0.5, 0.5, 120.0)
    centroids = np.array(
        [
            (0.2, 0.2, *rest),  # calm-dark
            (0.6, 0.2, *rest),  # calm-bright
            (0.9, 0.6, *rest),  # energetic-bright, higher valence
            (0.2, 0.9, *rest),  # energetic-dark, more energy
            (0.2, 0.7, *rest),  # energetic-dark, less energy, larger
            (0.2, 0.7, *rest),  # energetic-dark, less energy, smaller
            (0.5, 0.5, *rest),  # energetic-bright: a half counts as bright and as energetic
        ]
    )
    sizes = np.array([10, 10, 10, 10, 30, 20, 10])
    assert cluster_order(centroids, sizes) == [6, 2, 5, 4, 3, 1, 0]


@pytest.mark.parametrize(
    ("scores", "name"),
    [
        ((0, 0, 2.0, 1.0, 0.1, 0.1), "calm-dark, danceable"),
        ((0, 0, -2.0, 1.0, 0.1, 0.1), "calm-dark, still"),
        ((0, 0, 0.1, 1.0, 0.1, 0.1), "calm-dark, acoustic"),
        ((0, 0, 0.1, -1.0, 0.1, 0.1), "calm-dark, electric"),
        ((0, 0, 0.1, 0.2, 0.9, 0.1), "calm-dark, instrumental"),
        ((0, 0, 0.1, 0.2, -0.9, 0.1), "calm-dark, vocal"),
        ((0, 0, 0.1, 0.2, 0.9, 1.1), "calm-dark, fast"),
        ((0, 0, 0.1, 0.2, 0.9, -1.1), "calm-dark, slow"),
        ((9, 9, 0.0, 0.0, 0.0, 0.0), "calm-dark"),
    ],
)
def test_the_name_says_the_feature_that_stands_out(scores, name):
    assert cluster_names(np.array([NIGHT]), np.array([scores])) == [name]


def test_names_that_would_be_equal_take_the_next_feature_then_two_features():
    scores = np.array([(0, 0, 0.5, 2.0, 0.0, -1.0)] * 5 + [(0, 0, 0.0, 3.0, 0.0, 0.0)])
    centroids = np.array([NIGHT] * 5 + [PORCH])
    assert cluster_names(centroids, scores) == [
        "calm-dark, acoustic",
        "calm-dark, slow",
        "calm-dark, danceable",
        "calm-dark, acoustic and slow",
        "calm-dark, acoustic and danceable",
        "calm-bright, acoustic",
    ]


def test_eight_equal_centroids_still_have_eight_names():
    assert len(set(cluster_names(np.array([NIGHT] * 8), np.zeros((8, 6))))) == 8
