"""Genre clusters: planted groups are found by company and by sound, chance is not, and few genres say so."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from models.genre_clusters import (
    SOUND,
    cluster_genres,
    joint_chance,
    pairs_in_sessions,
    played_together,
    scaled,
    standardised,
    without_itself,
)


def world(seed, count=18, groups=3, listeners=2, sessions=80, lift=8.0, gap=1.0):
    """Genres in groups: sessions hold one group `lift` times as often, and sounds lie about a centre of the group."""
    rng = np.random.default_rng([seed, count, groups])
    names = np.array([f"genre {number:02d}" for number in range(count)])
    of = rng.permutation(np.arange(count) % groups)
    liked = rng.dirichlet(np.full(count, 4.0))
    pairs = []
    for user in range(listeners):
        drawn = []
        for session in range(sessions):
            chance = liked * np.where(of == rng.integers(groups), lift, 1.0)
            plays = rng.multinomial(12, chance / chance.sum())
            drawn += [(f"s{session}", names[at], float(plays[at])) for at in np.flatnonzero(plays)]
        own = pairs_in_sessions(pd.DataFrame(drawn, columns=["session_id", "genre", "plays"]))
        pairs.append(own.assign(user_id=f"u{user}"))
    centres = 0.5 + gap * (rng.uniform(0.15, 0.85, (groups, 6)) - 0.5)
    sound = (centres[of] + rng.normal(scale=0.05, size=(count, 6))) * [1, 1, 1, 1, 1, 120]
    genres = pd.DataFrame(sound, columns=list(SOUND))
    return genres.assign(genre=names, genre_plays=100.0, genre_time=1e9 * liked), pd.concat(pairs), of


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_planted_groups_are_found(seed):
    genres, pairs, of = world(seed)
    found = cluster_genres(genres, pairs)
    assert adjusted_rand_score(of, found["genre_cluster_id"]) >= 0.85
    assert found["silhouette"].iloc[0] > found["null_silhouette"].iloc[0]
    assert found["reason"].isna().all()


def test_every_number_of_a_place_counts_the_same():
    genres, pairs, _ = world(4)
    company = scaled(played_together(pairs, genres["genre"].tolist()), 3.0)
    sound = scaled(standardised(genres[list(SOUND)].to_numpy()), 6.0)
    assert company.shape[1] == 3 and sound.shape[1] == 6
    assert (company**2).sum(axis=1).mean() / 3 == pytest.approx((sound**2).sum(axis=1).mean() / 6)
    np.testing.assert_allclose(company.mean(axis=0), 0, atol=1e-12)


def test_company_alone_finds_groups_where_sound_has_none():
    genres, pairs, of = world(4, gap=0.0)
    places = played_together(pairs, genres["genre"].tolist())
    within = np.mean([places[of == group].std(axis=0).mean() for group in range(3)])
    assert within < 0.5 * places.std(axis=0).mean()


def test_a_genre_that_follows_itself_is_not_farther_from_the_others():
    """Two genres that meet by chance, one of them in runs: no attraction and no avoidance is left."""
    alone = np.array([0.5, 0.3, 0.2])
    chance = np.outer(alone, alone)
    chance[0, 0] *= 5
    filled = without_itself(chance / chance.sum())
    sums = filled.sum(axis=1)
    np.testing.assert_allclose(sums, alone, atol=1e-9)
    np.testing.assert_allclose(filled / np.outer(sums, sums), 1, atol=1e-8)


def test_genres_without_groups_yield_no_clusters():
    invented = 0
    for seed in range(4):
        genres, pairs, _ = world(seed, count=20, groups=1)
        found = cluster_genres(genres, pairs)
        invented += bool(found["k"].iloc[0])
        assert found["k"].iloc[0] or set(found["genre_cluster_id"]) == {0}
    assert invented <= 1


def test_clusters_are_numbered_by_time_and_named_after_their_most_listened_genres():
    genres, pairs, _ = world(1)
    found = cluster_genres(genres, pairs).merge(genres[["genre", "genre_time"]], on="genre")
    times = found.groupby("genre_cluster_id")["genre_time"].sum()
    assert times.is_monotonic_decreasing
    for _, own in found.groupby("genre_cluster_id"):
        first = own.sort_values("genre_time", ascending=False)["genre"].tolist()
        assert set(own["genre_cluster_name"]) == {f"{first[0]}, {first[1]} and {first[2]}"}


def test_eleven_genres_are_too_few():
    genres, pairs, _ = world(5, count=11, groups=3)
    found = cluster_genres(genres, pairs)
    assert set(found["reason"]) == {"fewer than 12 genres with 20 plays have audio features"}
    assert set(found["genre_cluster_id"]) == {0} and set(found["fitted_genres"]) == {0}


def test_a_genre_that_is_hardly_played_or_has_no_sound_is_in_no_cluster_and_says_why():
    genres, pairs, _ = world(6, count=18)
    genres.loc[0, "genre_plays"] = 19.0
    genres.loc[1, "energy"] = np.nan
    found = cluster_genres(genres, pairs)
    assert found["genre_cluster_id"].head(2).tolist() == [0, 0]
    assert found["reason"].head(2).tolist() == ["fewer than 20 plays", "too few of its tracks have audio features"]
    assert (found["genre_cluster_id"].tail(16) > 0).all()
    assert set(found["fitted_genres"]) == {16}
    rest = cluster_genres(genres.tail(16), pairs)
    assert rest["centroid_distance"].tolist() == found["centroid_distance"].tail(16).tolist()


def test_the_order_of_the_rows_does_not_matter():
    genres, pairs, _ = world(7)
    shuffled = cluster_genres(genres.sample(frac=1, random_state=1), pairs.sample(frac=1, random_state=2))
    pd.testing.assert_frame_equal(cluster_genres(genres, pairs), shuffled, check_exact=True)


def test_pairs_are_the_products_of_the_shares_of_a_session():
    plays = [("s1", "a", 3.0), ("s1", "b", 1.0), ("s2", "a", 2.0)]
    pairs = pairs_in_sessions(pd.DataFrame(plays, columns=["session_id", "genre", "plays"]))
    found = pairs.set_index(["genre", "other_genre"])["together"].to_dict()
    expected = {("a", "a"): 0.75**2 + 1, ("a", "b"): 0.75 * 0.25, ("b", "a"): 0.25 * 0.75, ("b", "b"): 0.25**2}
    assert found == pytest.approx(expected)


def test_half_of_the_chance_is_of_a_session_and_half_of_a_listener_each_listener_alike():
    one = pd.DataFrame([("s1", "a", 1.0), ("s2", "b", 1.0)] * 1, columns=["session_id", "genre", "plays"])
    many = pd.concat([one.assign(session_id=f"{number}" + one["session_id"]) for number in range(50)])
    other = pd.DataFrame([("t", "a", 1.0), ("t", "b", 1.0)], columns=["session_id", "genre", "plays"])
    pairs = pd.concat([pairs_in_sessions(many).assign(user_id="u"), pairs_in_sessions(other).assign(user_id="v")])
    # u: a and b are never in one session (a half on the diagonal each), and half of the plays each; v: all a quarter.
    of_u = (np.array([[0.5, 0], [0, 0.5]]) + 0.25) / 2
    np.testing.assert_allclose(joint_chance(pairs, ["a", "b"]), (of_u + 0.25) / 2)


def test_places_are_the_same_for_the_same_pairs_up_to_the_last_digits():
    genres, pairs, _ = world(8)
    names = genres["genre"].tolist()
    moved = pairs.assign(together=pairs["together"] * (1 + 1e-14))
    np.testing.assert_allclose(played_together(pairs, names), played_together(moved, names), atol=1e-8)
