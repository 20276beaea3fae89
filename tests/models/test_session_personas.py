"""Session personas: planted kinds of sessions are found and named, chance is not, and hours lie on a circle."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from models.session_personas import (
    FEATURES,
    find_personas,
    fitted_values,
    persona_names,
    persona_order,
    start_hour,
)

# Start hour, minutes, artists for each play, energy, valence, chance to skip.
COMMUTE = (7.5, 15.0, 0.9, 0.8, 0.75, 0.3)
ALBUMS = (20.0, 110.0, 0.1, 0.25, 0.3, 0.02)
LUNCH = (13.0, 45.0, 0.6, 0.5, 0.7, 0.1)
PARTY = (0.5, 150.0, 0.7, 0.75, 0.25, 0.15)
KINDS = (COMMUTE, ALBUMS, LUNCH, PARTY)


def planted(count, seed, kinds=KINDS):
    """Sessions scattered about the kinds, and the kind of each."""
    rng = np.random.default_rng([seed, 1])
    kind = rng.integers(0, len(kinds), count)
    hour, minutes, variety, energy, valence, skips = np.array(kinds)[kind].T
    angle = (hour + rng.normal(scale=0.8, size=count)) * np.pi / 12
    minutes = minutes * np.exp(rng.normal(scale=0.25, size=count))
    starts = np.maximum(np.round(minutes / 3.3), 1).astype(int)
    sessions = pd.DataFrame(
        {
            "session_id": [f"u/{number:05d}" for number in range(count)],
            "is_settled": True,
            "session_ms": (minutes * 60_000).astype(int),
            "start_count": starts,
            "artist_count": np.clip(np.round(starts * variety), 1, starts).astype(int),
            "start_hour_sine": np.sin(angle),
            "start_hour_cosine": np.cos(angle),
            "mean_energy": np.clip(energy + rng.normal(scale=0.08, size=count), 0, 1),
            "mean_valence": np.clip(valence + rng.normal(scale=0.08, size=count), 0, 1),
            "skip_share": rng.binomial(starts, skips) / starts,
            "recency_weight": 0.5 ** (rng.uniform(0, 400, count) / 90),
            "is_weekend": rng.random(count) < 2 / 7,
            "album_run_count": np.where(variety < 0.2, starts * 8 // 10, 0),
            "reason": None,
        }
    )
    return sessions, kind


def test_planted_kinds_are_found_numbered_from_the_morning_on_and_named():
    sessions, kind = planted(400, seed=2)
    found = find_personas(sessions)
    assert adjusted_rand_score(kind, found["persona_id"]) >= 0.95
    assert set(found["k"]) == {4}
    assert found["silhouette"].iloc[0] > found["null_silhouette"].iloc[0]
    assert found["reason"].isna().all()
    by_kind = (
        found.assign(kind=kind).groupby("kind").agg(number=("persona_id", "median"), name=("persona_name", "first"))
    )
    assert by_kind["number"].tolist() == [1, 3, 2, 4]
    assert by_kind["name"].tolist() == [
        "morning quick mix",
        "evening long album listen",
        "afternoon listen",
        "late-night long listen",
    ]


def test_sessions_of_one_kind_yield_no_personas():
    for seed in range(3):
        found = find_personas(planted(200, seed, kinds=(LUNCH,))[0])
        assert set(found["persona_id"]) == {0} and set(found["k"]) == {0}
        assert found["persona_name"].isna().all()
        assert found["reason"].nunique() == 1
        assert found["fitted_sessions"].iloc[0] == 200


def test_forty_nine_sessions_are_too_few():
    sessions, _ = planted(60, seed=3)
    few = find_personas(sessions.head(49))
    assert set(few["reason"]) == {"fewer than 50 sessions have mean energy and valence"}
    assert few["fitted_sessions"].tolist() == [0] * 49
    lacking = sessions.assign(mean_energy=sessions["mean_energy"].where(sessions.index >= 11))
    assert set(find_personas(lacking)["reason"]) == {"fewer than 50 sessions have mean energy and valence"}


def test_a_session_without_features_is_in_no_persona_and_says_why():
    sessions, _ = planted(300, seed=4)
    partial = sessions.copy()
    partial.loc[:9, ["mean_energy", "mean_valence"]] = np.nan
    partial.loc[:9, "reason"] = "only 12 % of the listening time has measured audio features; 60 % is needed"
    found = find_personas(partial)
    assert found["persona_id"].head(10).tolist() == [0] * 10
    assert found["reason"].head(10).str.startswith("only 12 %").all()
    assert (found["persona_id"].tail(290) > 0).all()
    rest = find_personas(sessions.tail(290))
    pd.testing.assert_frame_equal(found.tail(290).reset_index(drop=True), rest, check_exact=True)


def test_the_order_of_the_rows_does_not_matter():
    sessions, _ = planted(200, seed=5)
    pd.testing.assert_frame_equal(
        find_personas(sessions), find_personas(sessions.sample(frac=1, random_state=3)), check_exact=True
    )


def test_new_sessions_move_no_persona():
    """Only what is settled is fitted: other sessions are assigned, whatever they are like."""
    sessions, _ = planted(300, seed=6)
    new = planted(60, seed=7)[0].assign(is_settled=False)
    new["session_id"] = "v/" + new["session_id"]
    before = find_personas(sessions)
    after = find_personas(pd.concat([sessions, new]))
    pd.testing.assert_frame_equal(after.head(300), before, check_exact=True)
    assert (after["persona_id"].tail(60) > 0).all()


def test_more_sessions_than_the_fit_takes_are_assigned():
    sessions, kind = planted(1_200, seed=8)
    found = find_personas(sessions)
    assert set(found["fitted_sessions"]) == {1_000}
    assert adjusted_rand_score(kind, found["persona_id"]) >= 0.9


def test_midnight_is_no_border():
    """Sessions from 22 to 2 h are one kind: their hours are near on the clock."""
    party, commute = (0.0, *PARTY[1:]), COMMUTE
    sessions, kind = planted(300, seed=9, kinds=(party, commute, LUNCH))
    found = find_personas(sessions)
    assert adjusted_rand_score(kind, found["persona_id"]) >= 0.9


def test_lengths_and_artists_are_compared_as_logarithms():
    values = fitted_values(planted(5, seed=1)[0].assign(session_ms=600_000, artist_count=4))
    assert values.shape == (5, len(FEATURES))
    np.testing.assert_allclose(values[:, 0], np.log(11))
    np.testing.assert_allclose(values[:, 1], np.log(5))


def centroid(hour, minutes, artists=4.0, spread=1.0):
    angle = hour * np.pi / 12
    logs = (np.log1p(minutes), np.log1p(artists))
    return [*logs, spread * np.sin(angle), spread * np.cos(angle), 0.5, 0.5, 0.1, 0.5]


@pytest.mark.parametrize("hour", [0.25, 5.0, 11.9, 18.0, 23.75])
def test_the_start_hour_of_a_centroid_is_its_direction(hour):
    assert start_hour(np.array(centroid(hour, 30, spread=0.4))) == pytest.approx(hour)


def test_personas_are_numbered_from_five_in_the_morning_on_then_by_length():
    hours = ((4.5, 30), (5.0, 30), (23.0, 30), (12.0, 60), (12.0, 20))
    centroids = np.array([centroid(hour, minutes) for hour, minutes in hours])
    assert persona_order(centroids) == [1, 4, 3, 2, 0]


def names_of(*centroids, weekend=0.3, album=0.0, artists=0.5, scores=None):
    rows = np.array(centroids)
    about = pd.DataFrame(
        {"weekend_share": weekend, "album_share": album, "artist_share": artists}, index=range(len(rows))
    )
    return persona_names(rows, np.zeros(rows.shape) if scores is None else scores, about)


@pytest.mark.parametrize(
    ("hour", "minutes", "about", "name"),
    [
        (2, 30, {}, "late-night listen"),
        (5, 19, {}, "morning quick listen"),
        (12, 20, {}, "afternoon listen"),
        (17, 75, {}, "evening long listen"),
        (22, 30, {}, "late-evening listen"),
        (18, 30, {"weekend": 0.6}, "weekend evening listen"),
        (18, 30, {"weekend": 0.59}, "evening listen"),
        (18, 80, {"weekend": 0.9, "album": 0.5}, "weekend evening long album listen"),
        (9, 10, {"artists": 0.75}, "morning quick mix"),
    ],
)
def test_a_name_says_when_how_long_and_what(hour, minutes, about, name):
    assert names_of(centroid(hour, minutes), **about) == [name]


def test_hours_all_over_the_day_have_no_part_of_it():
    assert names_of(centroid(9, 30, spread=0.49)) == ["any-hour listen"]


def test_names_that_would_be_equal_say_what_stands_out_then_two_things():
    scores = np.zeros((4, len(FEATURES)))
    scores[1:, FEATURES.index("mean_energy")] = -2.0
    scores[2:, FEATURES.index("skip_share")] = 1.0
    names = names_of(*[centroid(18, 30)] * 4, scores=scores)
    words = ["", ", calm", ", restless", ", calm and restless"]
    assert names == [f"evening listen{word}" for word in words]


def test_eight_equal_personas_still_have_eight_names():
    assert len(set(names_of(*[centroid(18, 30)] * 8))) == 8


def test_a_repeated_session_is_refused():
    sessions, _ = planted(60, seed=1)
    with pytest.raises(ValueError, match="one row for each session"):
        find_personas(pd.concat([sessions, sessions.head(1)]))
