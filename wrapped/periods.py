"""The period that a Wrapped tells of: a year, a month, a week, or a range of days."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from config.errors import InputError

Kind = Literal["year", "month", "week", "range"]
Step = Literal["day", "month", "year"]

DAY = timedelta(days=1)
LONGEST_IN_DAYS = 62  # a longer range is told month by month
LONGEST_IN_MONTHS = 36 * 31  # and one that is longer still, year by year
MONTHS = tuple(calendar.month_name)
HOW_TO = "Write a year (2026), a month (2026-05), a week (2026-W21), or --from and --to."


@dataclass(frozen=True)
class Period:
    """Local days from `first` to `last`, both included."""

    kind: Kind
    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def slug(self) -> str:
        """The period in a file's name: 2026, 2026-05, 2026-W21 or 2026-05-03_2026-06-12."""
        if self.kind == "year":
            return f"{self.first.year:04d}"
        if self.kind == "month":
            return f"{self.first:%Y-%m}"
        if self.kind == "week":
            year, week, _ = self.first.isocalendar()
            return f"{year:04d}-W{week:02d}"
        return f"{self.first}_{self.last}"

    @property
    def title(self) -> str:
        """The period as a heading says it: `2026`, `May 2026`, `Week 21 of 2026`, `3 May to 12 June 2026`."""
        if self.kind == "year":
            return str(self.first.year)
        if self.kind == "month":
            return f"{MONTHS[self.first.month]} {self.first.year}"
        if self.kind == "week":
            year, week, _ = self.first.isocalendar()
            return f"Week {week} of {year}"
        return day_range(self.first, self.last)

    @property
    def step(self) -> Step:
        """What the period is told by, one after the other."""
        if self.days <= LONGEST_IN_DAYS:
            return "day"
        return "month" if self.days <= LONGEST_IN_MONTHS else "year"

    def steps(self) -> Iterator[Period]:
        """Its days, months or years, cut at its ends."""
        at = self.first
        while at <= self.last:
            end = {"day": at, "month": _month_end(at), "year": date(at.year, 12, 31)}[self.step]
            yield Period("range", at, min(end, self.last))
            at = end + DAY

    def before(self, known_until: date) -> Period:
        """The period before, of the same kind; of a period that still runs, as many days as are known of this one."""
        runs_until = min(self.last, known_until)
        if self.kind == "year":
            return Period("year", _years_back(self.first), _years_back(runs_until))
        if self.kind == "month":
            first = (self.first - DAY).replace(day=1)
            end = _month_end(first)
            last = end if runs_until == self.last else min(end, first + (runs_until - self.first))
            return Period("month", first, last)
        back = timedelta(days=self.days)
        return Period(self.kind, self.first - back, runs_until - back)


def read_period(text: str, month: int | None = None, first: date | None = None, last: date | None = None) -> Period:
    """The period that is asked for: by a text such as 2026, 2026-05 or 2026-W21, or by the first and last day.

    Raises InputError for what is no period.
    """
    if first or last:
        return _range(text, month, first, last)
    found = re.fullmatch(r"(\d{4})(?:-(?:W(\d{1,2})|(\d{1,2})))?", text.strip(), re.IGNORECASE)
    if not found or (month and (found[2] or found[3])):
        raise InputError(f"'{text}' is no period.", HOW_TO)
    year, number = int(found[1]), month or int(found[3] or 0)
    try:
        if found[2]:
            monday = date.fromisocalendar(year, int(found[2]), 1)
            return Period("week", monday, monday + 6 * DAY)
        if number or found[3]:
            return month_of(date(year, number, 1))
        return year_of(date(year, 1, 1))
    except ValueError as error:
        raise InputError(f"'{text}' is no period: {error}.", HOW_TO) from error


def _range(text: str, month: int | None, first: date | None, last: date | None) -> Period:
    if text or month:
        raise InputError("A range is said by --from and --to alone.", HOW_TO)
    if first is None or last is None or first > last:
        raise InputError("A range needs --from and --to, the earlier day first.", HOW_TO)
    for whole in (year_of(first), month_of(first), week_of(first)):
        if (whole.first, whole.last) == (first, last):
            return whole
    return Period("range", first, last)


def year_of(day: date) -> Period:
    """The calendar year of a day."""
    return Period("year", date(day.year, 1, 1), date(day.year, 12, 31))


def month_of(day: date) -> Period:
    """The calendar month of a day."""
    return Period("month", day.replace(day=1), _month_end(day))


def week_of(day: date) -> Period:
    """The week of a day, Monday to Sunday."""
    monday = day - timedelta(days=day.weekday())
    return Period("week", monday, monday + 6 * DAY)


def day_text(day: date, *, with_year: bool = True) -> str:
    """`3 May 2026`."""
    return f"{day.day} {MONTHS[day.month]}" + (f" {day.year}" if with_year else "")


def day_range(first: date, last: date) -> str:
    """`3 to 12 May 2026`, `3 May to 12 June 2026`, or with both years."""
    if first == last:
        return day_text(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {day_text(last)}"
    return f"{day_text(first, with_year=first.year != last.year)} to {day_text(last)}"


def _month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _years_back(day: date) -> date:
    """The same day a year before; of a 29 February the 28th."""
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)
