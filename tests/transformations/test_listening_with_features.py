"""listening_with_features: every play once, with its features, its local clock and its session."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pandas as pd

from pipeline import declared_tables
from schemas.columns import AUDIO_FEATURE_NAMES
from transformations.silver.listening_with_features import listening_with_features

PARTS = {"night": range(5), "morning": range(5, 12), "afternoon": range(12, 17), "evening": range(17, 22)}
SEASONS = {7: "summer", 8: "summer", 9: "autumn", 10: "autumn", 11: "autumn"}  # both zones lie in the north


def part_of(hour: int) -> str:
    return next((name for name, hours in PARTS.items() if hour in hours), "late")


def test_every_play_is_there_once_and_unchanged(table):
    shared = [name for name in table("plays").columns if name in table("listening_with_features").columns]
    assert {"play_id", "played_at", "started_at", "listened_ms", "is_counted", "is_skip", "recording_id"} <= set(shared)
    found, given = (
        table(name)[shared].sort_values("play_id", ignore_index=True) for name in ("listening_with_features", "plays")
    )
    pd.testing.assert_frame_equal(found, given)


def test_the_local_clock_is_that_of_the_listeners_zones(history, table):
    """One of the two listeners was abroad for two weeks, and clocks changed on 25 October."""
    rows = table("listening_with_features")
    zones = {simulation.user_id: simulation.zones for simulation in history.simulations}
    assert {len(held) for held in zones.values()} == {1, 3}
    expected = []
    for user_id, played_at in zip(rows["user_id"], rows["played_at"], strict=True):
        held = [zone.time_zone for zone in zones[user_id] if zone.valid_from <= played_at]
        zone = held[-1] if held else zones[user_id][0].time_zone
        local = played_at.to_pydatetime().astimezone(ZoneInfo(zone))
        offset = int(local.utcoffset().total_seconds() // 60)
        day = local.isoweekday()
        expected.append(
            (zone, offset, local.date(), local.hour, part_of(local.hour), day, day > 5, SEASONS[local.month])
        )
    names = ["time_zone", "utc_offset_minutes", "played_date", "hour_of_day", "part_of_day", "day_of_week"]
    names += ["is_weekend", "season"]
    pd.testing.assert_frame_equal(rows[names], pd.DataFrame(expected, columns=names), check_dtype=False)
    assert set(rows["utc_offset_minutes"]) == {60, 120, 540}


def test_the_features_are_those_of_the_preference_or_none(table):
    rows, features = table("listening_with_features"), table("track_features")
    columns = ["feature_source", "feature_provider", *AUDIO_FEATURE_NAMES]
    chosen = features[features["basis"] == "all"].set_index("track_id")[columns]
    expected = chosen.reindex(rows["track_id"]).reset_index(drop=True)
    pd.testing.assert_frame_equal(rows[columns], expected)
    assert set(rows["feature_source"].dropna()) == {"kaggle", "synthetic"}


def test_a_play_without_features_stays(rows):
    plays = [{"play_id": "a", "track_id": "t"}, {"play_id": "b", "track_id": None}, {"play_id": "c", "track_id": "u"}]
    features = [
        {"track_id": "t", "basis": "all", "feature_source": "kaggle", "energy": 0.1},
        {"track_id": "t", "basis": "measured", "feature_source": "kaggle", "energy": 0.2},
        {"track_id": "u", "basis": "measured", "feature_source": "kaggle", "energy": 0.3},
    ]
    frames = (rows("plays", *plays), rows("track_features", *features), rows("listeners"))
    found = listening_with_features(*frames, timezone="UTC", session_gap_minutes=20).collect()
    assert sorted((row.play_id, row.energy, row.feature_source) for row in found) == [
        ("a", 0.1, "kaggle"),
        ("b", None, None),
        ("c", None, None),
    ]


def test_what_comes_from_a_simulation_is_marked_in_every_table_that_says_so(history, table):
    marked = [t.name for t in declared_tables().values() if "is_simulated" in t.column_names and t.layer != "bronze"]
    assert {"listening_with_features", "coverage", "daily_listening", "mood_clusters", "listeners"} <= set(marked)
    found = {name: set(table(name)["is_simulated"]) for name in marked}
    # Listeners without a library, and nobody who agreed to be compared: some tables are empty here.
    assert {name: values for name, values in found.items() if values - {True}} == {}
    assert sum(bool(values) for values in found.values()) > 30
