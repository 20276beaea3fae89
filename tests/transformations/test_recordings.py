"""recordings: equal codes, equal names and lengths, and what a person says over both."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from transformations.silver.recordings import recordings, title_of_recording

NOON = datetime(2024, 5, 10, 12, tzinfo=UTC)
Grouped = Callable[..., dict[str, tuple[str, str]]]


def track(track_id: str, **fields: Any) -> dict[str, Any]:
    """A track of its own name and length, unless given."""
    return {"track_id": track_id, "track_name": track_id, "artist_name": "Ann", "duration_ms": 200_000, **fields}


def rule(rule: str, track_id: str, other: str, minute: int = 0, is_active: bool = True) -> dict[str, Any]:
    recorded_at = NOON + timedelta(minutes=minute)
    return {
        "rule": rule,
        "track_id": track_id,
        "other_track_id": other,
        "is_active": is_active,
        "recorded_at": recorded_at,
    }


@pytest.fixture
def grouped(rows: Callable[..., Any]) -> Grouped:
    """track_id -> (recording_id, evidence)."""

    def of(*tracks: dict[str, Any], rules: tuple[dict[str, Any], ...] = ()) -> dict[str, tuple[str, str]]:
        found = recordings(rows("tracks", *tracks), rows("recording_rules", *rules)).collect()
        assert len({row.track_id for row in found}) == len(found)
        return {row.track_id: (row.recording_id, row.evidence) for row in found}

    return of


def test_tracks_of_one_code_are_one_recording_whatever_their_names(grouped):
    tracks = [track("b", isrc="X1"), track("a", isrc="X1", duration_ms=None), track("c", isrc="X2"), track("d")]
    assert grouped(*tracks) == {"a": ("a", "isrc"), "b": ("a", "isrc"), "c": ("c", "alone"), "d": ("d", "alone")}


def test_lengths_that_follow_one_another_by_two_seconds_are_one(grouped):
    lengths = {"a": 200_000, "b": 202_000, "c": 204_000, "d": 206_001}
    tracks = [track(name, track_name="Blue", duration_ms=length) for name, length in lengths.items()]
    joined = dict.fromkeys("abc", ("a", "name_and_length"))
    assert grouped(*tracks) == joined | {"d": ("d", "alone")}


def test_a_track_of_unknown_length_goes_with_one_of_its_name_and_joins_no_others(grouped):
    lengths = {"b": 200_000, "c": 300_000, "a": None, "e": 0, "d": 200_500}
    tracks = [track(name, track_name="Blue", duration_ms=length) for name, length in lengths.items()]
    other = [track(name, track_name="Red", duration_ms=None) for name in ("x", "y")]
    assert grouped(*tracks, *other) == {
        "b": ("a", "name_and_length"),
        "d": ("a", "name_and_length"),
        "a": ("a", "name"),
        "e": ("a", "name"),
        "c": ("c", "alone"),
        "x": ("x", "name"),
        "y": ("x", "name"),
    }


def test_another_artist_or_no_artist_is_another_recording(grouped):
    tracks = [
        track("a", track_name="Blue"),
        track("b", track_name="  BLUE - Remastered 2011", artist_name="ANN"),
        track("c", track_name="Blue", artist_name="Ben"),
        track("d", track_name="Blue", artist_name=None),
        track("e", track_name=None),
        track("f", track_name=None),
    ]
    found = grouped(*tracks)
    assert found.pop("a") == found.pop("b") == ("a", "name_and_length")
    assert found == {name: (name, "alone") for name in "cdef"}


def test_codes_and_names_chain(grouped):
    tracks = [track("a", isrc="X1"), track("b", isrc="X1", track_name="Blue"), track("c", track_name="Blue")]
    assert grouped(*tracks) == {"a": ("a", "isrc"), "b": ("a", "isrc"), "c": ("a", "name_and_length")}


def test_a_rule_merges_two_groups(grouped):
    tracks = [track("a", isrc="X1"), track("b", isrc="X1"), track("c")]
    found = grouped(*tracks, rules=(rule("merge", "c", "b"),))
    assert found == {"a": ("a", "isrc"), "b": ("a", "isrc"), "c": ("a", "rule")}


def test_a_rule_splits_a_track_from_what_codes_and_names_say(grouped):
    """Without b and c, the lengths of a and d are too far apart."""
    lengths = {"a": 200_000, "b": 201_500, "c": 202_000, "d": 203_500}
    tracks = [track(name, track_name="Blue", isrc="X1" if name in "ab" else None, duration_ms=length)
              for name, length in lengths.items()]  # fmt: skip
    found = grouped(*tracks, rules=(rule("split", "b", "a"), rule("split", "c", "d")))
    assert found == {"a": ("a", "alone"), "b": ("b", "rule"), "c": ("c", "rule"), "d": ("d", "alone")}


def test_a_split_track_may_be_merged_with_another(grouped):
    tracks = [track("a", isrc="X1"), track("b", isrc="X1"), track("c")]
    found = grouped(*tracks, rules=(rule("split", "b", "a"), rule("merge", "b", "c")))
    assert found == {"a": ("a", "alone"), "b": ("b", "rule"), "c": ("b", "rule")}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([rule("merge", "a", "b", 0), rule("merge", "a", "b", 1, is_active=False)], {"a": "a", "b": "b"}),
        ([rule("merge", "a", "b", 1), rule("merge", "a", "b", 0, is_active=False)], {"a": "a", "b": "a"}),
        ([rule("merge", "a", "b", 0), rule("split", "b", "a", 1)], {"a": "a", "b": "b"}),
        ([rule("split", "b", "a", 0), rule("merge", "a", "b", 1)], {"a": "a", "b": "a"}),
        ([rule("merge", "a", "a")], {"a": "a", "b": "b"}),
        ([rule("merge", "a", "unknown"), rule("split", "unknown", "a")], {"a": "a", "b": "b"}),
    ],
)
def test_of_the_rules_of_a_pair_the_newest_holds(grouped, rules, expected):
    found = grouped(track("a"), track("b"), rules=tuple(rules))
    assert {name: edition for name, (edition, _) in found.items()} == expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Blue - Remastered 2011", "blue"),
        ("Blue - 2011 Remaster", "blue"),
        ("Blue - Remastered", "blue"),
        ("Blue - Remastered Version", "blue"),
        ("Blue - 2009 Digital Remaster", "blue"),
        ("Blue (2011 Remaster)", "blue"),
        ("Blue [Remastered]", "blue"),
        ("Blue – Digitally Remastered", "blue"),
        ("Blue - 50th Anniversary Edition", "blue"),
        ("Blue (25th Anniversary Remaster 2019)", "blue"),
        ("Blue - Radio Edit - Remastered 2011", "blue - radio edit"),
        ("Blue - Radio Edit", "blue - radio edit"),
        ("Blue - Live", "blue - live"),
        ("Blue - Live / Remastered 2011", "blue - live"),
        ("Blue - Remastered Live Version", "blue - remastered live version"),
        ("Blue - Mono Version", "blue - mono version"),
        ("Blue (feat. Ben)", "blue (feat. ben)"),
        ("Remastered", "remastered"),
        ("Anniversary", "anniversary"),
        ("(Remastered)", "(remastered)"),
        ("1979 - Remastered 2012", "1979"),
        ("Blue  -  remastered   2011", "blue"),
        ("Remaster - Blue", "remaster - blue"),
        ("Blue - Version", "blue - version"),
        ("Blue-Remastered", "blue-remastered"),
    ],
)
def test_only_wording_of_remasters_and_anniversaries_is_left_out_of_a_title(spark, title, expected):
    from pyspark.sql import functions as F

    given = spark.createDataFrame([(title,)], "title STRING")
    assert given.select(title_of_recording(F.col("title")).alias("made")).collect()[0].made == expected
