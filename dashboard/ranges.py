"""The range of days that a page tells of, and the one that it compares with; both are read from the address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from config.errors import InputError
from serving.tops import last_of_month, range_before

DAY = timedelta(days=1)
YEARS = range(1900, 2200)  # further off, days before and after leave the calendar
LAST_DAYS = {"7d": 7, "28d": 28, "90d": 90, "365d": 365}
DEFAULT = "365d"
RANGE_PARAMETERS = ("range", "from", "to", "compare", "compare_from", "compare_to")
COMPARISONS = {"": "nothing", "before": "the time before", "year": "a year earlier"}
_YEAR, _MONTH = re.compile(r"\d{4}"), re.compile(r"\d{4}-\d{2}")


@dataclass(frozen=True)
class Range:
    """Local days from first to last, both included. kind is as in gold's period_kind, or `custom`."""

    first: date
    last: date
    kind: str
    label: str

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def contains(self, day: date) -> bool:
        """Whether a day lies in it."""
        return self.first <= day <= self.last


def presets(as_of: date) -> list[tuple[str, str]]:
    """The names in the picker, with their labels."""
    return [
        *((name, f"Last {days} days") for name, days in LAST_DAYS.items()),
        (f"{as_of:%Y-%m}", f"{as_of:%B %Y}"),
        (f"{as_of:%Y}", f"{as_of:%Y}"),
        (f"{as_of.year - 1}", f"{as_of.year - 1}"),
        ("all", "All time"),
    ]


def range_of(parameters: Mapping[str, str], as_of: date, first_day: date) -> Range:
    """The range that an address asks for. as_of: the last day of "last 7 days"; first_day: of all time.

    Raises InputError for words that name no range.
    """
    if parameters.get("from") or parameters.get("to"):
        first = _day(parameters.get("from"), "from") or first_day
        last = _day(parameters.get("to"), "to") or as_of
        if last < first:
            raise InputError(f"The range ends on {last} before it begins on {first}.", "Exchange the two days.")
        return Range(first, last, "custom", spoken(first, last))
    name = parameters.get("range") or DEFAULT
    if name in LAST_DAYS:
        days = LAST_DAYS[name]
        return Range(as_of - (days - 1) * DAY, as_of, f"last_{days}_days", f"Last {days} days")
    if name == "all":
        return Range(min(first_day, as_of), as_of, "all_time", "All time")
    if _YEAR.fullmatch(name) and int(name) in YEARS:
        return Range(date(int(name), 1, 1), date(int(name), 12, 31), "year", name)
    if _MONTH.fullmatch(name) and 1 <= int(name[5:]) <= 12 and int(name[:4]) in YEARS:
        first = date(int(name[:4]), int(name[5:]), 1)
        return Range(first, last_of_month(first), "month", f"{first:%B %Y}")
    raise InputError(f"'{name}' is no range.", "Choose one in the picker, or write a year (2024) or a month (2024-05).")


def compared_with(chosen: Range, parameters: Mapping[str, str]) -> Range | None:
    """The range to compare with, if any. Raises InputError for words that name none."""
    if parameters.get("compare_from") and parameters.get("compare_to"):
        first, last = _day(parameters["compare_from"], "from"), _day(parameters["compare_to"], "to")
        if first is None or last is None or last < first:
            raise InputError("The range to compare with ends before it begins.", "Exchange the two days.")
        return Range(first, last, "custom", spoken(first, last))
    how = parameters.get("compare", "")
    if how not in COMPARISONS:
        raise InputError(f"'{how}' is nothing to compare with.", "Choose one in the picker.")
    if how == "before":
        return before(chosen)
    if how == "year":
        first, last = _year_earlier(chosen.first), _year_earlier(chosen.last)
        return Range(first, last, "custom", spoken(first, last))
    return None


def before(chosen: Range) -> Range:
    """The range before: the calendar month or year before, else as many days."""
    first, last = range_before(chosen.kind, chosen.first, chosen.last)
    if chosen.kind == "month":
        return Range(first, last, "month", f"{last:%B %Y}")
    if chosen.kind == "year":
        return Range(first, last, "year", f"{last.year}")
    return Range(first, last, "custom", spoken(first, last))


def spoken(first: date, last: date) -> str:
    """A range in words."""
    if first == last:
        return f"{first.day} {first:%b %Y}"
    if first.year == last.year:
        return f"{first.day} {first:%b} – {last.day} {last:%b %Y}"
    return f"{first.day} {first:%b %Y} – {last.day} {last:%b %Y}"


def _day(text: str | None, name: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"'{text}' is no day for '{name}'.", "Write it like 2024-05-31.") from error
    if day.year not in YEARS:
        raise InputError(f"{text} is in nobody's listening history.", "Choose a day of these times, like 2024-05-31.")
    return day


def _year_earlier(day: date) -> date:
    return day.replace(year=max(1, day.year - 1), day=28 if (day.month, day.day) == (2, 29) else day.day)
