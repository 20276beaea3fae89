"""Local time: the wall clock that zoneinfo shows, without losing or doubling an hour."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import functions as F

from transformations.local_time import day_of_week, part_of_day, season, with_local_time

if TYPE_CHECKING:
    from pyspark.sql import Row, SparkSession

# Zones and a year in which each changed its clock: Sao Paulo did so last in 2019, at midnight; Kathmandu never does.
ZONES = {
    "Europe/Berlin": 2026,
    "America/New_York": 2024,
    "Australia/Sydney": 2025,
    "America/Sao_Paulo": 2017,
    "Asia/Kathmandu": 2025,
    "Pacific/Chatham": 2024,
    "Australia/Lord_Howe": 2023,  # changes by half an hour
    "UTC": 2024,
}
LocalTime = tuple[date, int, int]
Located = Callable[..., list["Row"]]


@pytest.fixture
def located(spark: SparkSession, rows: Callable[..., Any]) -> Located:
    """Local time of (listener, instant) pairs, given the listeners' rows."""

    def of(instants: Iterable[tuple[str, datetime]], *listeners: dict[str, Any], timezone: str = "UTC") -> list[Row]:
        frame = spark.createDataFrame(list(instants), "user_id STRING, at TIMESTAMP")
        local = with_local_time(frame, rows("listeners", *listeners), "at", timezone)
        return local.withColumn("at_ms", F.unix_millis("at")).collect()

    return of


def lives_in(*zones: str) -> list[dict[str, Any]]:
    """One listener a zone, named after it."""
    return [{"user_id": zone, "time_zone": zone} for zone in zones]


def true_local_time(instant: datetime, zone: str) -> LocalTime:
    local = instant.astimezone(ZoneInfo(zone))
    offset = local.utcoffset()
    assert offset is not None
    return local.date(), local.hour, int(offset.total_seconds() // 60)


def clock_changes(zone: str, year: int) -> list[datetime]:
    """The instants (to the minute) of a year at which the zone's offset changes."""
    hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=number) for number in range(366 * 24)]
    offsets = [hour.astimezone(ZoneInfo(zone)).utcoffset() for hour in hours]
    found = []
    for place in (place for place in range(1, len(hours)) if offsets[place] != offsets[place - 1]):
        minutes = [hours[place] - timedelta(minutes=60 - number) for number in range(1, 61)]
        found.append(next(m for m in minutes if m.astimezone(ZoneInfo(zone)).utcoffset() == offsets[place]))
    return found


def instant_of(row: Row) -> datetime:
    """Not from the column itself: collected timestamps are naive, and an hour of this machine's clock comes twice."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=row.at_ms)


def local_times(found: list[Row]) -> list[LocalTime]:
    return [(row.local_date, row.hour_of_day, row.utc_offset_minutes) for row in found]


def test_the_local_clock_agrees_with_zoneinfo_around_every_change(located):
    draw = random.Random(7)
    instants = []
    for zone, year in ZONES.items():
        changes = clock_changes(zone, year)
        near = [changes[number % len(changes)] for number in range(150)] if changes else []
        instants += [(zone, at + timedelta(milliseconds=draw.randint(-4 * 3_600_000, 4 * 3_600_000))) for at in near]
        instants += [(zone, at + timedelta(milliseconds=step)) for at in changes for step in (-1, 0, 1)]
        anywhere = (draw.randint(0, 364 * 86_400_000) for _ in range(60))
        instants += [(zone, datetime(year, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)) for ms in anywhere]
    assert {zone for zone, year in ZONES.items() if len(clock_changes(zone, year)) == 2} == set(ZONES) - {
        "Asia/Kathmandu",
        "UTC",
    }
    found = located(instants, *lives_in(*ZONES))
    assert len(found) == len(instants)
    wrong = [
        row
        for row, local in zip(found, local_times(found), strict=True)
        if local != true_local_time(instant_of(row), row.user_id)
    ]
    assert wrong == []


def test_every_hour_of_a_changed_day_is_one_local_hour_and_none_is_lost_or_doubled(located):
    """A day that changes the clock forward has 23 hours, one that changes it back 25, any other 24."""
    instants, expected = [], {}
    for zone in ("Europe/Berlin", "America/New_York", "Australia/Sydney", "America/Sao_Paulo", "Pacific/Chatham"):
        for change in clock_changes(zone, ZONES[zone]):
            local_day = change.astimezone(ZoneInfo(zone)).date()
            # Hours that begin as the local ones do: Chatham's are a quarter past the hour of UTC.
            start = change - timedelta(hours=40)
            instants += [(zone, start + timedelta(hours=number)) for number in range(80)]
            before, after = (
                (change + timedelta(hours=side)).astimezone(ZoneInfo(zone)).utcoffset() for side in (-1, 1)
            )
            expected[zone, local_day] = 23 if after > before else 25
    found = located(instants, *lives_in(*ZONES))
    places = Counter((row.user_id, *local) for row, local in zip(found, local_times(found), strict=True))
    assert set(places.values()) == {1}
    hours = Counter((zone, day) for zone, day, _, _ in places)
    assert {day: hours[day] for day in expected} == expected
    assert sorted(expected.values()) == [23] * 5 + [25] * 5
    for zone, day in expected:
        assert {local_hour for z, d, local_hour, _ in places if (z, d) == (zone, day)} >= set(range(4, 24))


BERLIN, TOKYO = "Europe/Berlin", "Asia/Tokyo"
MOVED = datetime(2024, 8, 5, 3, tzinfo=UTC)
HISTORY = (
    {"user_id": "u", "valid_from": datetime(2024, 1, 1, tzinfo=UTC), "time_zone": BERLIN, "is_simulated": True},
    {"user_id": "u", "valid_from": MOVED, "time_zone": TOKYO, "is_simulated": True},
)


def zones_of(found: list[Row]) -> dict[datetime, str]:
    return {instant_of(row): row.time_zone for row in found}


def test_each_zone_holds_from_its_beginning_to_the_next(located):
    millisecond = timedelta(milliseconds=1)
    long_after = datetime(2099, 1, 1, tzinfo=UTC)
    found = located([("u", MOVED - millisecond), ("u", MOVED), ("u", long_after)], *HISTORY)
    assert zones_of(found) == {MOVED - millisecond: BERLIN, MOVED: TOKYO, long_after: TOKYO}
    assert {row.is_simulated for row in found} == {True}


def test_the_first_zone_reaches_back(located):
    long_ago = datetime(2008, 3, 1, tzinfo=UTC)
    assert zones_of(located([("u", long_ago)], *HISTORY, timezone="Asia/Kathmandu")) == {long_ago: BERLIN}


@pytest.mark.parametrize("order", [1, -1], ids=["as recorded", "the other way round"])
def test_of_two_records_of_a_beginning_the_newest_holds(located, order):
    day = datetime(2024, 1, 1, tzinfo=UTC)
    records = [
        {"user_id": "u", "valid_from": day, "time_zone": BERLIN, "recorded_at": datetime(2024, 5, 1, tzinfo=UTC)},
        {"user_id": "u", "valid_from": day, "time_zone": TOKYO, "recorded_at": datetime(2024, 5, 2, tzinfo=UTC)},
    ]
    found = located([("u", MOVED)], *records[::order])
    assert zones_of(found) == {MOVED: TOKYO}


def test_a_listener_of_whom_no_zone_is_recorded_has_that_of_the_setting(located):
    nowhere = {"user_id": "no zone", "time_zone": None, "is_simulated": True}
    found = located([("stranger", MOVED), ("no zone", MOVED), ("u", MOVED)], nowhere, *HISTORY, timezone=BERLIN)
    assert {row.user_id: (row.time_zone, row.is_simulated) for row in found} == {
        "stranger": (BERLIN, False),
        "no zone": (BERLIN, True),
        "u": (TOKYO, True),
    }
    assert {row.user_id: row.hour_of_day for row in found} == {"stranger": 5, "no zone": 5, "u": 12}


def test_a_change_of_zone_loses_and_doubles_no_row(located):
    instants = [("u", MOVED + timedelta(minutes=number)) for number in range(-90, 90)]
    found = located(instants, *HISTORY)
    assert sorted(instant_of(row) for row in found) == [at for _, at in instants]
    assert local_times(sorted(found, key=instant_of)) == [
        true_local_time(at, TOKYO if at >= MOVED else BERLIN) for _, at in instants
    ]


def seasons_of(spark: SparkSession, zones: Iterable[str]) -> dict[str, list[str]]:
    """The season of the first of each month, January to December, by zone."""
    days = [(zone, date(2024, month, 1)) for zone in zones for month in range(1, 13)]
    frame = spark.createDataFrame(days, "time_zone STRING, day DATE")
    found = frame.withColumn("season", season(F.col("day"), F.col("time_zone"))).orderBy("day").collect()
    return {zone: [row.season for row in found if row.time_zone == zone] for zone in zones}


WINTER_IN_JANUARY = ["winter"] * 2 + ["spring"] * 3 + ["summer"] * 3 + ["autumn"] * 3 + ["winter"]
SUMMER_IN_JANUARY = ["summer"] * 2 + ["autumn"] * 3 + ["winter"] * 3 + ["spring"] * 3 + ["summer"]


def test_seasons_are_the_other_way_round_south_of_the_equator(spark):
    northern = ("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Asia/Tokyo", "UTC")
    southern = ("Australia/Sydney", "America/Sao_Paulo", "Pacific/Chatham", "Africa/Johannesburg", "Pacific/Auckland")
    expected = dict.fromkeys(northern, WINTER_IN_JANUARY) | dict.fromkeys(southern, SUMMER_IN_JANUARY)
    assert seasons_of(spark, expected) == expected


def test_an_older_name_of_a_zone_has_the_seasons_of_the_zone(spark):
    """The settings accept every IANA name, and devices still give these."""
    older = ("America/Buenos_Aires", "Australia/NSW", "Brazil/East", "NZ")
    assert seasons_of(spark, older) == dict.fromkeys(older, SUMMER_IN_JANUARY)


def test_parts_of_the_day_begin_at_0_5_12_17_and_22(spark):
    found = spark.range(24).select("id", part_of_day(F.col("id")).alias("part")).orderBy("id").collect()
    parts = ["night"] * 5 + ["morning"] * 7 + ["afternoon"] * 5 + ["evening"] * 5 + ["late"] * 2
    assert [row.part for row in found] == parts


def test_the_week_begins_on_monday_with_1_and_ends_on_sunday_with_7(spark):
    days = [(date(2023, 12, 20) + timedelta(days=number),) for number in range(80)]
    frame = spark.createDataFrame(days, "day DATE")
    found = frame.select("day", day_of_week(F.col("day")).alias("number")).collect()
    assert {row.day: row.number for row in found} == {day: day.isoweekday() for (day,) in days}
    assert {row.day: row.number for row in found}[date(2024, 1, 7)] == 7
