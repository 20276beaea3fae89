"""Sessions: compared with a plain loop over the definition, for many random listeners at once."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest

from transformations.sessions import with_session_id
from transformations.silver.listening_with_features import listening_with_features

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EVENING = 1_715_371_200_000  # 2024-05-10 20:00 UTC


class Play(NamedTuple):
    user_id: str
    play_id: str
    start_ms: int
    end_ms: int


def sessions_by_definition(plays: Iterable[Play], gap_minutes: int) -> set[frozenset[str]]:
    """Sessions as sets of play ids: a silence longer than the gap ends one, and so do 24 hours since its start."""
    of_user: dict[str, list[Play]] = defaultdict(list)
    for play in plays:
        of_user[play.user_id].append(play)
    sessions: dict[tuple[str, int, int], set[str]] = defaultdict(set)
    for user_id, own in of_user.items():
        stretch_start = latest_end = None
        for play in sorted(own, key=lambda play: (play.start_ms, play.end_ms, play.play_id)):
            if latest_end is None or play.start_ms - latest_end > gap_minutes * MINUTE:
                stretch_start = play.start_ms
            latest_end = play.end_ms if latest_end is None else max(latest_end, play.end_ms)
            sessions[user_id, stretch_start, (play.start_ms - stretch_start) // DAY].add(play.play_id)
    return {frozenset(ids) for ids in sessions.values()}


def sessions_found(spark: SparkSession, plays: list[Play], gap_minutes: int) -> set[frozenset[str]]:
    rows = [
        (p.user_id, p.play_id, EPOCH + timedelta(milliseconds=p.start_ms), EPOCH + timedelta(milliseconds=p.end_ms))
        for p in plays
    ]
    frame = spark.createDataFrame(rows, "user_id STRING, play_id STRING, started_at TIMESTAMP, played_at TIMESTAMP")
    sessions: dict[str, set[str]] = defaultdict(set)
    for row in with_session_id(frame, gap_minutes).collect():
        sessions[row.session_id].add(row.play_id)
    return {frozenset(ids) for ids in sessions.values()}


def random_listener(draw: random.Random, user_id: str) -> list[Play]:
    """Plays with silences about the gaps in question, overlaps, long plays, equal starts, and stretches over days."""
    clock, plays = EVENING + draw.randrange(40 * DAY), []
    longest = draw.choice([3 * MINUTE, 40 * MINUTE, 3 * 60 * MINUTE])
    silences = (0, 0, -MINUTE, 10 * MINUTE, 10 * MINUTE + 1, 20 * MINUTE - 1, 20 * MINUTE, 20 * MINUTE + 1, 45 * MINUTE)
    for number in range(draw.randrange(1, 60)):
        start = clock + draw.choice(silences) if draw.random() < 0.4 else clock + draw.randrange(5_000)
        end = start + draw.randrange(longest)
        plays.append(Play(user_id, f"{user_id}/{number:03d}", start, end))
        clock = end if draw.random() < 0.9 else start
    return plays


@pytest.mark.parametrize("gap_minutes", [10, 20, 30])
def test_sessions_are_those_of_the_definition(spark, gap_minutes):
    draw = random.Random(gap_minutes)
    plays = [play for number in range(150) for play in random_listener(draw, f"listener {number}")]
    draw.shuffle(plays)
    expected = sessions_by_definition(plays, gap_minutes)
    assert sum(len(ids) > 1 for ids in expected) > 300
    assert sessions_found(spark, plays, gap_minutes) == expected


def plays_with_silences(*silences_ms: int, length_ms: int = 3 * MINUTE) -> list[Play]:
    plays, clock = [Play("u", "0", EVENING, EVENING + length_ms)], EVENING + length_ms
    for number, silence in enumerate(silences_ms, start=1):
        plays.append(Play("u", str(number), clock + silence, clock + silence + length_ms))
        clock += silence + length_ms
    return plays


def test_a_silence_of_twenty_minutes_joins_and_a_longer_one_parts(spark):
    plays = plays_with_silences(20 * MINUTE, 20 * MINUTE + 1, 20 * MINUTE - 1)
    assert sessions_found(spark, plays, 20) == {frozenset("01"), frozenset("23")}


def test_the_silence_counts_from_the_latest_end_so_far(spark):
    """A long play that goes on beneath later ones keeps the session together."""
    hour = 60 * MINUTE
    plays = [
        Play("u", "long", EVENING, EVENING + 2 * hour),
        Play("u", "short", EVENING + MINUTE, EVENING + 2 * MINUTE),
        Play("u", "late", EVENING + 2 * hour + 20 * MINUTE, EVENING + 3 * hour),
        Play("u", "apart", EVENING + 3 * hour + 20 * MINUTE + 1, EVENING + 4 * hour),
    ]
    assert sessions_found(spark, plays, 20) == {frozenset({"long", "short", "late"}), frozenset({"apart"})}


def test_a_stretch_without_silence_is_cut_every_24_hours(spark):
    hours = [Play("u", f"{n:02d}", EVENING + n * 60 * MINUTE, EVENING + (n + 1) * 60 * MINUTE) for n in range(60)]
    days = {frozenset(f"{n:02d}" for n in range(60) if n // 24 == day) for day in range(3)}
    assert sessions_found(spark, hours, 20) == days


def test_listeners_have_sessions_of_their_own(spark):
    plays = [Play(user, f"{user}{number}", EVENING, EVENING + MINUTE) for user in "ab" for number in range(2)]
    assert sessions_found(spark, plays, 20) == {frozenset({"a0", "a1"}), frozenset({"b0", "b1"})}


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    "first_end",
    [utc(2024, 3, 31, 0, 40), utc(2024, 10, 27, 0, 20), utc(2024, 5, 31, 21, 30), utc(2024, 5, 31, 23, 40)],
    ids=["clock forward", "clock back", "local midnight", "new month"],
)
def test_neither_a_change_of_the_clock_nor_midnight_ends_a_session(rows, first_end):
    """Six plays over an hour and a half that holds the change, then a pause of half an hour."""
    ends = [first_end + timedelta(minutes=18 * number) for number in range(6)]
    ends.append(ends[-1] + timedelta(minutes=33))
    plays = [
        {"play_id": str(n), "user_id": "u", "played_at": end, "started_at": end - timedelta(minutes=3)}
        | {"played_month": f"{end:%Y-%m}"}
        for n, end in enumerate(ends)
    ]
    berlin = {"user_id": "u", "time_zone": "Europe/Berlin"}
    described = listening_with_features(
        rows("plays", *plays), rows("track_features"), rows("listeners", berlin), timezone="UTC", session_gap_minutes=20
    ).collect()
    sessions = defaultdict(set)
    for row in described:
        sessions[row.session_id].add(row.play_id)
    assert sorted(map(sorted, sessions.values())) == [["0", "1", "2", "3", "4", "5"], ["6"]]
    within = [row for row in described if row.play_id != "6"]
    changes = {(row.utc_offset_minutes, row.played_date, row.played_month) for row in within}
    assert len(changes) > 1
