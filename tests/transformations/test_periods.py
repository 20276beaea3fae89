"""The standard ranges: which a day lies in, which range comes before, and how much of each was observed."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transformations.periods import (
    CALENDAR,
    KINDS,
    LAST_DAYS,
    in_periods,
    is_shown,
    period_before,
    period_coverage,
    recent_from,
)

AS_OF = date(2024, 3, 15)
Periods = set[tuple[str, date, date]]


def periods_of(day: date, as_of: date) -> Periods:
    """The definition, in plain Python."""
    last = calendar.monthrange(day.year, day.month)[1]
    found = {
        ("month", day.replace(day=1), day.replace(day=last)),
        ("year", date(day.year, 1, 1), date(day.year, 12, 31)),
        ("all_time", date(1970, 1, 1), as_of),
    }
    for length in (7, 28, 90, 365):
        for end in (as_of, as_of - timedelta(days=length)):
            start = end - timedelta(days=length - 1)
            if start <= day <= end:
                found.add((f"last_{length}_days", start, end))
    return found


@pytest.fixture(scope="session")
def placed(spark: Any) -> Callable[..., dict[date, Periods]]:
    def of(days: list[date], as_of: date, kinds: tuple[str, ...] = KINDS) -> dict[date, Periods]:
        frame = spark.createDataFrame([(day,) for day in days], "day DATE")
        found: dict[date, Periods] = {day: set() for day in days}
        for row in in_periods(frame, "day", as_of, kinds).collect():
            place = (row.period_kind, row.period_start, row.period_end)
            assert place not in found[row.day]
            found[row.day].add(place)
        return found

    return of


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    as_of=st.dates(date(2000, 1, 1), date(2035, 1, 1)),
    ago=st.lists(st.integers(-40, 1500), min_size=1, max_size=40, unique=True),
)
def test_a_day_lies_in_the_ranges_that_the_definition_says(placed, as_of, ago):
    days = [as_of - timedelta(days=n) for n in ago]
    assert placed(days, as_of) == {day: periods_of(day, as_of) for day in days}


def test_the_first_and_last_days_of_ranges(placed):
    edges = [AS_OF + timedelta(days=1), date(2023, 12, 31), date(2024, 1, 1), date(2024, 2, 29)]
    edges += [
        AS_OF - timedelta(days=n) for n in (0, 6, 7, 13, 14, 27, 28, 55, 56, 89, 90, 179, 180, 364, 365, 729, 730)
    ]
    assert placed(edges, AS_OF) == {day: periods_of(day, AS_OF) for day in edges}
    assert recent_from(AS_OF) == AS_OF - timedelta(days=729)


def test_only_the_kinds_that_are_asked_for_are_given(placed):
    found = placed([AS_OF], AS_OF, CALENDAR)
    assert {kind for kind, _, _ in found[AS_OF]} == {"month", "year", "all_time"}


def test_the_period_before_ends_the_day_before(spark):
    days = spark.createDataFrame([(AS_OF - timedelta(days=n),) for n in range(0, 500, 3)], "day DATE")
    rows = in_periods(days, "day", AS_OF).withColumn("before", period_before()).collect()
    starts = {(row.period_kind, row.period_start) for row in rows}
    ends = {(row.period_kind, row.period_start): row.period_end for row in rows}
    compared = 0
    for row in rows:
        if row.period_kind == "all_time":
            assert row.before is None
        elif (row.period_kind, row.before) in starts:
            assert ends[row.period_kind, row.before] == row.period_start - timedelta(days=1)
            compared += 1
    assert compared > 100


def test_of_the_last_days_only_the_range_that_ends_with_the_build_is_shown(spark):
    days = spark.createDataFrame([(AS_OF - timedelta(days=n),) for n in range(800)], "day DATE")
    shown = in_periods(days, "day", AS_OF).where(is_shown(AS_OF)).select("period_kind", "period_end").distinct()
    found = [(row.period_kind, row.period_end) for row in shown.collect()]
    recent = [place for place in found if place[0] in LAST_DAYS]
    assert sorted(recent) == sorted((kind, AS_OF) for kind in LAST_DAYS)
    assert sum(kind == "year" for kind, _ in found) == 3  # 800 days reach back to 2022


def test_coverage_of_a_period_is_its_covered_hours_by_all_its_hours(rows):
    hours = [
        {"user_id": user, "played_date": day, "is_covered": covered}
        for user, day, covered in [
            ("u", date(2024, 3, 15), True),
            ("u", date(2024, 3, 15), False),
            ("u", date(2024, 3, 8), True),
            ("u", date(2024, 2, 1), True),
            ("u", date(2023, 2, 1), False),
            ("v", date(2024, 3, 15), False),
        ]
    ]
    found = {
        (row.user_id, row.period_kind, row.period_start): row.coverage
        for row in period_coverage(rows("coverage", *hours), AS_OF).collect()
    }
    assert found["u", "last_7_days", date(2024, 3, 9)] == 1 / 2
    assert found["u", "last_7_days", date(2024, 3, 2)] == 1
    assert found["u", "month", date(2024, 3, 1)] == 2 / 3
    assert found["u", "year", date(2024, 1, 1)] == 3 / 4
    assert found["u", "all_time", date(1970, 1, 1)] == 3 / 5
    assert found["v", "all_time", date(1970, 1, 1)] == 0
    assert ("v", "year", date(2023, 1, 1)) not in found
