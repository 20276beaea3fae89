from __future__ import annotations

from datetime import date

import pytest

from assistant.dates import find_ranges

SUNDAY = date(2026, 11, 1)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("yesterday", "2026-10-31", "2026-10-31"),
        ("last 7 days", "2026-10-26", "2026-11-01"),
        ("the past two weeks", "2026-10-19", "2026-11-01"),
        ("in the last 3 months", "2026-08-02", "2026-11-01"),
        ("last week", "2026-10-19", "2026-10-25"),
        ("this week", "2026-10-26", "2026-11-01"),
        ("last weekend", "2026-10-24", "2026-10-25"),
        ("last month", "2026-10-01", "2026-10-31"),
        ("last year", "2025-01-01", "2025-12-31"),
        ("in may", "2026-05-01", "2026-05-31"),
        ("in december", "2025-12-01", "2025-12-31"),
        ("in february 2024", "2024-02-01", "2024-02-29"),
        ("between may and july", "2026-05-01", "2026-07-31"),
        ("between november and february", "2025-11-01", "2026-02-28"),
        ("from may to july 2025", "2025-05-01", "2025-07-31"),
        ("from 3 march to 5 april 2025", "2025-03-03", "2025-04-05"),
        ("last winter", "2025-12-01", "2026-02-28"),
        ("winter 2024/25", "2024-12-01", "2025-02-28"),
        ("last autumn", "2025-09-01", "2025-11-30"),
        ("this autumn", "2026-09-01", "2026-11-30"),
        ("in the first half of 2025", "2025-01-01", "2025-06-30"),
        ("in the fourth quarter of 2025", "2025-10-01", "2025-12-31"),
        ("in q1 2026", "2026-01-01", "2026-03-31"),
        ("on 2nd of march 2025", "2025-03-02", "2025-03-02"),
        ("march 2, 2025", "2025-03-02", "2025-03-02"),
        ("on 2025-03-02", "2025-03-02", "2025-03-02"),
        ("last friday", "2026-10-30", "2026-10-30"),
        ("last sunday", "2026-10-25", "2026-10-25"),
        ("two months ago", "2026-09-01", "2026-09-30"),
        ("3 days ago", "2026-10-29", "2026-10-29"),
        ("christmas 2025", "2025-12-24", "2025-12-26"),
        ("tomorrow", "2026-11-02", "2026-11-02"),
        ("next week", "2026-11-02", "2026-11-08"),
        ("since june 2026", "2026-06-01", "None"),
        ("before 2025", "None", "2024-12-31"),
        ("after march 2025", "2025-04-01", "None"),
        ("until march 2025", "None", "2025-03-31"),
        ("ever", "None", "None"),
    ],
)
def test_a_phrase_is_read_as_its_days(text, first, last):
    found = find_ranges(f"how much did i listen {text}", SUNDAY)
    assert [(str(one.range.first), str(one.range.last)) for one in found] == [(first, last)]


def test_seasons_of_the_south_are_half_a_year_apart():
    found = find_ranges("last summer", SUNDAY, is_south=True)
    assert (found[0].range.first, found[0].range.last) == (date(2025, 12, 1), date(2026, 2, 28))


@pytest.mark.parametrize(
    "text", ["what may i ask", "31 february 2025 is no day", "march on", "20 songs", "at 5 o'clock"]
)
def test_what_is_no_range_is_not_read_as_one(text):
    assert all("2025-02" not in str(one.range.first) for one in find_ranges(text, SUNDAY))
    assert not [one for one in find_ranges(text, SUNDAY) if one.range.first != date(2025, 1, 1)]


def test_two_ranges_are_found_in_their_order():
    found = find_ranges("did i listen more in may 2025 or in may 2026", SUNDAY)
    assert [one.range.first for one in found] == [date(2025, 5, 1), date(2026, 5, 1)]
