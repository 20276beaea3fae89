"""Music profiles: planted listeners are called so, shares follow the habits, and what is not known is not told."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.music_profiles import (
    ADDICT,
    CASUAL,
    EXPLORER,
    FEATURES,
    HABITS,
    HUNTER,
    OWL,
    PROFILES,
    REFERENCES,
    cosines,
    profile_shares,
    shares,
    standardised,
)

TYPICAL = {habit.name: habit.typical for habit in HABITS}
# What a person would say of each, in the units of the features; the rest is typical.
PLANTED = {
    EXPLORER: {"mainstream_share": 0.8, "mean_popularity": 70, "artists_per_100_plays": 70, "discovery_share": 0.2},
    HUNTER: {"mainstream_share": 0.02, "mean_popularity": 22, "discovery_share": 0.3, "album_run_share": 0.4},
    ADDICT: {"plays_per_day": 110, "hours_per_day": 6, "active_day_share": 1.0, "sessions_per_week": 30},
    OWL: {"night_share": 0.3, "late_share": 0.2, "morning_share": 0.05},
    CASUAL: {"plays_per_day": 3, "hours_per_day": 0.2, "active_day_share": 0.2, "sessions_per_week": 2},
}


def listeners(*rows):
    frame = pd.DataFrame([{**TYPICAL, **row} for row in rows])
    return frame.assign(user_id=[f"u{number:03d}" for number in range(len(frame))])


def top(frame):
    return frame[frame["profile_rank"] == 1].set_index("user_id")["profile_name"].to_dict()


def test_there_are_at_least_fifteen_features_and_five_profiles():
    assert len(FEATURES) >= 15 and len(set(FEATURES)) == len(FEATURES)
    assert PROFILES == (EXPLORER, HUNTER, ADDICT, OWL, CASUAL)
    assert (np.abs(REFERENCES).max(axis=1) >= 1.5).all()


@pytest.mark.parametrize("profile", PROFILES)
def test_a_planted_listener_is_called_so(profile):
    found = profile_shares(listeners(PLANTED[profile]))
    assert top(found) == {"u000": profile}
    assert found.set_index("profile_name")["profile_share"][profile] >= 0.5
    assert set(found["method"]) == {"reference_profiles"} and set(found["k"]) == {0}


def test_no_two_references_are_alike():
    between = cosines(REFERENCES)
    np.testing.assert_allclose(np.diag(between), 1)
    assert (between[~np.eye(5, dtype=bool)] < 0.1).all()


def test_the_shares_of_a_listener_add_up_and_are_ranked():
    found = profile_shares(listeners(*PLANTED.values()))
    totals = found.groupby("user_id")["profile_share"].sum()
    np.testing.assert_allclose(totals, 1)
    for _, own in found.groupby("user_id"):
        by_share = own["profile_share"].rank(ascending=False, method="first")
        assert own["profile_rank"].tolist() == by_share.tolist()
        assert own["profile_name"].tolist() == list(PROFILES)


def test_who_is_typical_in_everything_has_equal_shares():
    found = profile_shares(listeners({}))
    np.testing.assert_allclose(found["profile_share"], 0.2)
    np.testing.assert_allclose(found["similarity"], 0)
    assert found["drivers"].isna().all()


@given(
    st.lists(st.floats(-1, 1), min_size=5, max_size=5),
    st.integers(0, 4),
    st.floats(0.01, 0.5),
)
def test_more_alike_is_always_more(likeness, at, more):
    """Of two listeners equally like the other profiles, the one more like this one has more of it and less of each."""
    one = np.array([likeness])
    other = one.copy()
    other[0, at] += more
    before, after = shares(one)[0], shares(other)[0]
    assert after[at] > before[at]
    assert (np.delete(after, at) < np.delete(before, at)).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(PROFILES))
def test_the_nearer_to_a_profile_the_more_of_it(seed, profile):
    """From any ordinary listener on, on the straight way to the reference."""
    start = np.random.default_rng(seed).uniform(-1, 1, len(FEATURES))
    end = REFERENCES[PROFILES.index(profile)]
    way = np.array([start + part * (end - start) for part in (0, 0.25, 0.5, 0.75, 1)])
    alike = cosines(way)[:, PROFILES.index(profile)]
    assert (np.diff(alike) >= -1e-12).all()
    part = shares(cosines(way))[:, PROFILES.index(profile)]
    assert part[-1] >= part.max() - 0.01


@pytest.mark.parametrize("share", [0.06, 0.1, 0.15, 0.2])
def test_more_of_the_night_is_more_of_the_owl(share):
    habits = [{"night_share": night, "skip_share": 0.3, "plays_per_day": 40} for night in (share, share + 0.02)]
    found = profile_shares(listeners(*habits))
    owl = found[found["profile_name"] == OWL]["profile_share"].tolist()
    assert owl[1] > owl[0]


def test_the_drivers_are_the_habits_that_speak_most():
    found = profile_shares(listeners({"night_share": 0.3, "late_share": 0.12, "plays_per_day": 10}))
    drivers = found.set_index("profile_name")["drivers"]
    # By hand, in spreads: nights 3 (clipped) x 2, late 0.8 x 1; of the casual listener plays -1.1 x -2.
    assert drivers[OWL] == "share from 0 to 5 h above typical; share from 22 to 24 h above typical"
    assert drivers[CASUAL].startswith("plays a day below typical")
    assert drivers[ADDICT] is None


def test_a_habit_counts_by_its_distance_from_typical_in_spreads_up_to_three():
    scores = standardised(listeners({"night_share": 0.1}, {"night_share": 1.0}, {"plays_per_day": 25 * 2.7}))
    night, plays = FEATURES.index("night_share"), FEATURES.index("plays_per_day")
    assert scores[0, night] == pytest.approx(1)
    assert scores[1, night] == 3
    assert scores[2, plays] == pytest.approx(np.log((1 + 67.5) / 26) / 0.8)
    assert np.abs(np.delete(scores[0], night)).max() == 0


def test_too_few_known_habits_tell_nothing():
    known = list(FEATURES[:11])
    frame = listeners(PLANTED[ADDICT])
    frame[[name for name in FEATURES if name not in known]] = np.nan
    found = profile_shares(frame)
    assert found["profile_share"].isna().all() and found["profile_rank"].isna().all()
    assert set(found["reason"]) == {"only 11 of 20 habits are known; 12 are needed"}
    assert set(found["feature_count"]) == {11}
    assert set(found["listener_count"]) == {0}
    frame["evening_share"] = 0.35
    assert profile_shares(frame)["profile_share"].notna().any()


def test_without_popularity_nothing_is_said_of_mainstream_and_underground():
    frame = listeners(PLANTED[OWL]).assign(mainstream_share=np.nan, mean_popularity=np.nan)
    found = profile_shares(frame).set_index("profile_name")
    assert found["profile_share"][[EXPLORER, HUNTER]].isna().all()
    assert set(found["reason"][[EXPLORER, HUNTER]]) == {"share of popular music is not known"}
    assert found["profile_share"].sum() == pytest.approx(1)
    assert top(found.reset_index()) == {"u000": OWL}
    assert found["reason"][[ADDICT, OWL, CASUAL]].isna().all()


def crowd(each, seed=1):
    """Listeners scattered about the five planted ones, and who each is."""
    rng = np.random.default_rng(seed)
    of = [profile for profile in PROFILES for _ in range(each)]
    frame = listeners(*(PLANTED[profile] for profile in of))
    for habit in HABITS:
        noise = 0.3 * habit.spread * rng.normal(size=len(frame))
        place = np.log1p(frame[habit.name]) if habit.is_log else frame[habit.name]
        frame[habit.name] = np.expm1(place + noise) if habit.is_log else place + noise
    return frame, of


def test_from_fifty_listeners_on_the_profiles_are_clusters_of_their_own():
    frame, of = crowd(12)
    found = profile_shares(frame)
    assert set(found["method"]) == {"kmeans"} and set(found["k"]) == {5}
    assert set(found["listener_count"]) == {60}
    names = top(found)
    right = [names[user] == profile for user, profile in zip(frame["user_id"], of, strict=True)]
    assert np.mean(right) >= 0.95
    np.testing.assert_allclose(found.groupby("user_id")["profile_share"].sum(), 1)


def test_forty_nine_listeners_are_compared_with_the_references():
    frame, _ = crowd(10)
    assert set(profile_shares(frame.head(49))["method"]) == {"reference_profiles"}
    assert set(profile_shares(frame.head(50))["method"]) == {"kmeans"}


def test_the_order_of_the_rows_does_not_matter():
    for frame in (crowd(12)[0], crowd(2)[0]):
        shuffled = frame.sample(frac=1, random_state=4)
        pd.testing.assert_frame_equal(profile_shares(frame), profile_shares(shuffled), check_exact=True)


def test_fifty_equal_listeners_are_no_error():
    found = profile_shares(listeners(*[PLANTED[OWL]] * 50))
    assert set(top(found).values()) == {OWL}


def test_a_repeated_listener_is_refused():
    frame = listeners({}, {})
    with pytest.raises(ValueError, match="one row for each listener"):
        profile_shares(frame.assign(user_id="u"))


def test_no_listeners_give_no_rows_and_the_same_columns():
    frame = listeners({})
    assert profile_shares(frame.head(0)).columns.tolist() == profile_shares(frame).columns.tolist()
