"""Periods: read from what a person writes, compared with the one before, told step by step."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InputError
from wrapped.periods import Period, day_range, month_of, read_period, week_of, year_of

LATE = date(2100, 1, 1)


@pytest.mark.parametrize(
    ("text", "month", "first", "last", "title"),
    [
        ("2026", None, date(2026, 1, 1), date(2026, 12, 31), "2026"),
        ("2024", 2, date(2024, 2, 1), date(2024, 2, 29), "February 2024"),
        ("2026-05", None, date(2026, 5, 1), date(2026, 5, 31), "May 2026"),
        ("2026-W01", None, date(2025, 12, 29), date(2026, 1, 4), "Week 1 of 2026"),
        ("2020-w53", None, date(2020, 12, 28), date(2021, 1, 3), "Week 53 of 2020"),
    ],
)
def test_a_period_is_read_from_its_text(text: str, month: int | None, first: date, last: date, title: str) -> None:
    found = read_period(text, month)
    assert (found.first, found.last, found.title) == (first, last, title)


@pytest.mark.parametrize(
    ("text", "month"), [("", None), ("26", None), ("2026-13", None), ("2025-W53", None), ("2026-05", 5), ("x", None)]
)
def test_what_is_no_period_is_refused_with_the_way_to_write_one(text: str, month: int | None) -> None:
    with pytest.raises(InputError, match="Write a year"):
        read_period(text, month)


def test_a_range_is_read_from_its_days_and_a_whole_month_among_them_is_that_month() -> None:
    assert read_period("", None, date(2026, 5, 3), date(2026, 6, 12)).title == "3 May to 12 June 2026"
    assert read_period("", None, date(2026, 5, 1), date(2026, 5, 31)) == month_of(date(2026, 5, 9))
    for text, month, first, last in [
        ("2026", None, date(2026, 1, 1), None),
        ("", None, date(2026, 1, 2), date(2026, 1, 1)),
        ("", 5, date(2026, 1, 2), date(2026, 1, 3)),
    ]:
        with pytest.raises(InputError):
            read_period(text, month, first, last)


def test_a_year_that_is_over_is_compared_with_the_whole_year_before() -> None:
    assert year_of(date(2025, 5, 5)).before(LATE) == year_of(date(2024, 1, 1))
    assert month_of(date(2026, 3, 1)).before(LATE) == month_of(date(2026, 2, 1))
    assert week_of(date(2026, 1, 1)).before(LATE) == week_of(date(2025, 12, 25))


def test_what_still_runs_is_compared_with_as_many_days_of_the_one_before() -> None:
    year = year_of(date(2026, 1, 1)).before(date(2026, 10, 31))
    assert (year.first, year.last) == (date(2025, 1, 1), date(2025, 10, 31))
    leap = year_of(date(2024, 1, 1)).before(date(2024, 2, 29))
    assert leap.last == date(2023, 2, 28)
    march = month_of(date(2026, 3, 1)).before(date(2026, 3, 30))
    assert (march.first, march.last) == (date(2026, 2, 1), date(2026, 2, 28))
    week = week_of(date(2026, 1, 1)).before(date(2025, 12, 30))
    assert (week.first, week.last) == (date(2025, 12, 22), date(2025, 12, 23))


@given(st.dates(date(1990, 1, 1), date(2060, 1, 1)), st.integers(0, 4000))
def test_steps_follow_each_other_from_the_first_day_to_the_last(first: date, more: int) -> None:
    period = Period("range", first, first + timedelta(days=more))
    steps = list(period.steps())
    assert (steps[0].first, steps[-1].last) == (period.first, period.last)
    assert all(b.first - a.last == timedelta(days=1) for a, b in pairwise(steps))
    assert len(steps) <= 62


@given(st.dates(date(1990, 1, 1), date(2060, 1, 1)))
def test_calendar_periods_hold_their_day_and_follow_the_one_before(day: date) -> None:
    for period in (year_of(day), month_of(day), week_of(day)):
        assert period.first <= day <= period.last
        before = period.before(LATE)
        assert before.last + timedelta(days=1) == period.first
        assert read_period(period.slug) == period


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (date(2026, 5, 3), date(2026, 5, 3), "3 May 2026"),
        (date(2026, 5, 3), date(2026, 5, 9), "3 to 9 May 2026"),
        (date(2025, 12, 20), date(2026, 1, 6), "20 December 2025 to 6 January 2026"),
    ],
)
def test_days_are_said_without_what_repeats(first: date, last: date, said: str) -> None:
    assert day_range(first, last) == said
