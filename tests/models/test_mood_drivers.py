"""Drivers of an hour's sound: two effects an item, which add up to the whole difference whatever the listening."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.mood_drivers import MOST_ITEMS, effects, mood_drivers

EVENING = ("part_of_day", "evening")
ALL_HOURS = pd.DataFrame(
    [("hour_of_day", f"{hour:02d}") for hour in range(24)]
    + [("part_of_day", name) for name in ("night", "morning", "afternoon", "evening", "late")],
    columns=["clock_kind", "clock_bucket"],
).assign(heard_day_count=40, covered_hours=90, all_hours=100)


def sums_of(plays: pd.DataFrame) -> pd.DataFrame:
    """Sums by dimension, item and hour from plays: artist, genres, hour, ms, valence, energy (NaN: no features)."""
    known = plays["ms"].where(plays["valence"].notna(), 0)
    rows = []
    for dimension, item in (("artist", "artist"), ("genre_family", "genres"), ("device", "device")):
        frame = pd.DataFrame(
            {
                "dimension": dimension,
                "item": plays[item],
                "hour_of_day": plays["hour"],
                "play_count": 1,
                "listened_ms": plays["ms"],
                "feature_ms": known,
                "measured_feature_ms": known,
                "valence_ms": (plays["valence"] * plays["ms"]).fillna(0),
                "energy_ms": (plays["energy"] * plays["ms"]).fillna(0),
            }
        )
        rows.append(frame.groupby(["dimension", "item", "hour_of_day"], as_index=False).sum())
    return pd.concat(rows, ignore_index=True)


def listening(seed: int, count: int = 3_000, artists: int = 30, known: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    energy = rng.random(count)
    return pd.DataFrame(
        {
            "artist": [f"artist {number:02d}" for number in rng.integers(0, artists, count)],
            "genres": rng.choice(["pop:1.0", "pop:0.25|rock:0.75", "unknown:1.0"], count),
            "device": rng.choice(["phone", "unknown"], count),
            "hour": rng.integers(0, 24, count),
            "ms": rng.integers(1, 300_000, count),
            "valence": np.where(rng.random(count) < known, rng.random(count), np.nan),
            "energy": energy,
        }
    )


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 10**7), st.integers(0, 10**7), st.floats(0, 1), st.floats(0, 1)),
        min_size=1,
        max_size=12,
    )
)
def test_the_effects_add_up_to_the_difference_of_the_means(items):
    """Each item: time in the part, time in the rest of the day, and its mean in either."""
    part, rest, here, there = (np.array(column, dtype=float) for column in zip(*items, strict=True))
    day = part + rest
    part, rest, here, there, day = (column[day > 0] for column in (part, rest, here, there, day))
    if part.sum() == 0:
        return
    value = part * here + rest * there
    by_share, within = effects(part, part * here, day, value)
    difference = np.average(here, weights=part) - value.sum() / day.sum()
    assert by_share.sum() + within.sum() == pytest.approx(difference, abs=1e-9)
    assert (within[part == 0] == 0).all()


def test_the_effects_are_those_of_the_formula():
    part, day = np.array([3.0, 1.0, 0.0]), np.array([4.0, 4.0, 2.0])
    values, all_values = np.array([3 * 0.9, 1 * 0.2, 0.0]), np.array([4 * 0.8, 4 * 0.2, 2 * 0.5])
    by_share, within = effects(part, values, day, all_values)
    mean = (3.2 + 0.8 + 1.0) / 10
    np.testing.assert_allclose(
        by_share, [(0.75 - 0.4) * (0.8 - mean), (0.25 - 0.4) * (0.2 - mean), -0.2 * (0.5 - mean)]
    )
    np.testing.assert_allclose(within, [0.75 * (0.9 - 0.8), 0.25 * (0.2 - 0.2), 0.0], atol=1e-15)


@pytest.mark.parametrize("seed", range(3))
def test_every_dimension_adds_up_and_every_mean_is_that_of_the_plays(seed):
    plays = listening(seed)
    found = mood_drivers(sums_of(plays), ALL_HOURS, "audio features")
    split = found[found["dimension"] != "total"]
    keys = ["clock_kind", "clock_bucket", "feature", "dimension"]
    added = split.groupby(keys).agg(effect=("effect", "sum"), difference=("difference", "first"))
    assert len(added) == 29 * 2 * 3
    np.testing.assert_allclose(added["effect"], added["difference"], atol=1e-9)
    weights = split.groupby(keys)[["bucket_weight", "day_weight"]].sum()
    np.testing.assert_allclose(weights, 1.0, atol=1e-9)
    evening = plays[plays["hour"].between(17, 21)]
    for feature in ("valence", "energy"):
        total = one(found, *EVENING, feature, "total").iloc[0]
        assert total["bucket_mean"] == pytest.approx(np.average(evening[feature], weights=evening["ms"]), rel=1e-12)
        assert total["day_mean"] == pytest.approx(np.average(plays[feature], weights=plays["ms"]), rel=1e-12)
        assert total["play_count"] == len(evening) and total["listened_ms"] == evening["ms"].sum()


def test_the_fifteen_largest_are_shown_and_the_rest_is_one_row():
    found = mood_drivers(sums_of(listening(4)), ALL_HOURS, "audio features")
    artists = one(found, *EVENING, "energy", "artist")
    assert artists["item_place"].tolist() == list(range(1, MOST_ITEMS + 2))
    assert artists["is_rest"].tolist() == [False] * MOST_ITEMS + [True]
    sizes = artists["effect"].abs()[:MOST_ITEMS]
    assert (sizes.diff().dropna() <= 1e-15).all()
    assert artists.iloc[-1]["item"] == "others"


def test_a_genre_gets_its_part_of_a_track():
    plays = listening(5)
    found = mood_drivers(sums_of(plays), ALL_HOURS, "audio features")
    genres = one(found, *EVENING, "energy", "genre_family").set_index("item")
    evening = plays[plays["hour"].between(17, 21)]
    rock = evening["ms"].where(evening["genres"] == "pop:0.25|rock:0.75", 0).sum() * 0.75
    assert set(genres.index) == {"pop", "rock", "unknown"}
    assert genres.loc["rock", "bucket_weight"] == pytest.approx(rock / evening["ms"].sum())


def test_more_of_an_energetic_artist_is_a_share_effect_and_other_tracks_of_one_a_within_effect():
    hours = np.repeat(np.arange(24), 10)
    evening = (hours >= 17) & (hours <= 21)
    base = pd.DataFrame({"genres": "pop:1.0", "device": "phone", "hour": hours, "ms": 1000, "valence": 0.5})
    by_share = base.assign(artist=np.where(evening, "loud", "calm"), energy=np.where(evening, 0.9, 0.3))
    within = base.assign(artist="one", energy=np.where(evening, 0.9, 0.3))
    loud, alone = (
        one(mood_drivers(sums_of(plays), ALL_HOURS, "audio features"), *EVENING, "energy", "artist")
        for plays in (by_share, within)
    )
    assert loud["within_effect"].abs().max() < 1e-12 and loud["share_effect"].abs().min() > 0.05
    assert alone["share_effect"].abs().max() < 1e-12 and alone["within_effect"].iloc[0] > 0.4
    sentences = [
        one(mood_drivers(sums_of(plays), ALL_HOURS, "x"), *EVENING, "energy", "total")["sentence"].iloc[0]
        for plays in (by_share, within)
    ]
    assert "mostly by more loud" in sentences[0] or "mostly by less calm" in sentences[0]
    assert "mostly by other tracks of one" in sentences[1]
    assert all(text.startswith("more energetic in the evening (energy 0.90, 0.42 over") for text in sentences)


def test_below_sixty_percent_or_twenty_days_there_is_a_reason_and_no_split():
    plays = listening(6, known=0.5)
    found = mood_drivers(sums_of(plays), ALL_HOURS, "measured audio features")
    assert set(found["dimension"]) == {"total"} and found["difference"].isna().all()
    assert found["reason"].str.contains("has measured audio features; 60 % is needed").all()
    few = ALL_HOURS.assign(heard_day_count=np.where(ALL_HOURS["clock_bucket"] == "03", 19, 40))
    found = mood_drivers(sums_of(listening(7)), few, "audio features")
    withheld = found[found["reason"].notna()]
    assert set(withheld["clock_bucket"]) == {"03"} and len(withheld) == 2
    assert withheld["reason"].iloc[0] == "something was heard then on 19 days; 20 are needed"


def test_the_order_of_the_rows_changes_nothing():
    sums = sums_of(listening(8))
    first = mood_drivers(sums, ALL_HOURS, "x")
    shuffled = mood_drivers(sums.sample(frac=1, random_state=1), ALL_HOURS.sample(frac=1, random_state=2), "x")
    pd.testing.assert_frame_equal(first, shuffled, rtol=1e-12)


def one(found: pd.DataFrame, clock_kind: str, bucket: str, feature: str, dimension: str) -> pd.DataFrame:
    chosen = (found["clock_kind"] == clock_kind) & (found["clock_bucket"] == bucket) & (found["feature"] == feature)
    return found[chosen & (found["dimension"] == dimension)].reset_index(drop=True)
