"""What each indicator is, the weeks and windows it is told for, and the shape of its rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

EPOCH = date(1970, 1, 1)
NO_BOUNDS = (-np.inf, np.inf)


@dataclass(frozen=True)
class Indicator:
    """One indicator: its unit, the days of its trailing window, its least sample, and the limits of its interval."""

    name: str
    unit: str
    window_days: int
    least_sample: float
    sample_unit: str
    bounds: tuple[float, float] = NO_BOUNDS
    is_clock: bool = False


SHARE = (0.0, 1.0)
POSITIVE = (0.0, np.inf)
ARCHIVE = "days of archive before the window"
STARTS = "starts with measured time"

INDICATORS: dict[str, Indicator] = {
    indicator.name: indicator
    for indicator in (
        Indicator("valence_centre", "valence, 0-1", 28, 10, "days with features", SHARE),
        Indicator("energy_centre", "energy, 0-1", 28, 10, "days with features", SHARE),
        Indicator("diurnal_amplitude", "valence, 0-1", 84, 50, "sessions with features", POSITIVE),
        Indicator("diurnal_phase_hours", "hour of the day", 84, 50, "sessions with features", is_clock=True),
        Indicator("late_night_share", "share of listened time", 28, 14, "covered days", SHARE),
        Indicator("weekend_shift_hours", "hours", 84, 6, "weeks"),
        Indicator("rhythm_regularity", "interdaily stability, 0-1", 84, 7, "observed days at each hour", SHARE),
        Indicator("artist_diversity", "equally played artists in 200 plays", 28, 200, "plays", (1.0, 200.0)),
        Indicator("repetition", "share of 200 plays", 28, 200, "plays", SHARE),
        Indicator("longest_loop", "plays in a row", 28, 200, "plays", POSITIVE),
        Indicator("repeats_within_day_share", "share of plays", 28, 200, "plays", SHARE),
        Indicator("discovery_rate", "share of plays", 28, 365, ARCHIVE, SHARE),
        Indicator("sticky_discovery_share", "share of discoveries", 28, 365, ARCHIVE, SHARE),
        Indicator("rediscovery_rate", "share of plays", 28, 365, ARCHIVE, SHARE),
        Indicator("relative_skip_rate", "difference of shares", 28, 100, STARTS, (-1.0, 1.0)),
        Indicator("sessions_per_week", "sessions a week", 28, 20, "sessions", POSITIVE),
        Indicator("session_length_minutes", "minutes", 28, 20, "sessions", POSITIVE),
        Indicator("session_start_spread_hours", "hours", 28, 20, "sessions", POSITIVE),
        Indicator("energy_inertia", "correlation, -1 to 1", 182, 60, "covered days with features", (-1.0, 1.0)),
    )
}

COLUMNS = (
    "week_start", "indicator", "window_start", "window_end", "value", "low", "high", "unit",
    "sample_size", "sample_unit", "least_sample", "past_value", "past_low", "past_high",
    "last_year_value", "standing", "reason",
)  # fmt: skip


@dataclass(frozen=True)
class Window:
    """The trailing window of one week, in days since 1970-01-01, both ends included."""

    week: int
    first: int
    last: int


@dataclass(frozen=True)
class Row:
    """One indicator in one window: shown (a value) or withheld (a reason)."""

    indicator: Indicator
    window: Window
    sample_size: float
    least_sample: float
    value: float = np.nan
    low: float = np.nan
    high: float = np.nan
    reason: str | None = None


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def monday_of(day: int) -> int:
    """The Monday on or before a day number (1970-01-01 was a Thursday)."""
    return day - (day + 3) % 7


def windows_of(indicator: Indicator, first_day: int, as_of: int) -> list[Window]:
    """The indicator's window for each week from that of `first_day` to that of `as_of`.

    A window ends on the week's Sunday, or on `as_of` in the running week; it always has the indicator's full length.
    """
    ends = [(week, min(week + 6, as_of)) for week in range(monday_of(first_day), as_of + 1, 7)]
    return [Window(week, last - indicator.window_days + 1, last) for week, last in ends]


def withheld(indicator: Indicator, window: Window, sample: float, reason: str, least: float | None = None) -> Row:
    """A row without a value, and the sentence that says why."""
    return Row(indicator, window, sample, indicator.least_sample if least is None else least, reason=reason)


def too_few(indicator: Indicator, window: Window, sample: float) -> Row:
    """A row withheld because the window holds less than the least sample."""
    needed = f"Needs at least {indicator.least_sample:g} {indicator.sample_unit}"
    return withheld(indicator, window, sample, f"{needed}; this window has {sample:g}.")


def shown(
    indicator: Indicator,
    window: Window,
    sample: float,
    value: float,
    interval: tuple[float, float] = (np.nan, np.nan),
    least: float | None = None,
) -> Row:
    """A row with its value and, where one is defined, its 95 % interval."""
    needed = indicator.least_sample if least is None else least
    return Row(indicator, window, sample, needed, float(value), float(interval[0]), float(interval[1]))


def frame_of(rows: Iterable[Row]) -> pd.DataFrame:
    """The rows as a frame ordered by week, then as `INDICATORS` lists them; columns of the own past still empty."""
    place = {name: number for number, name in enumerate(INDICATORS)}
    ordered = sorted(rows, key=lambda row: (row.window.week, place[row.indicator.name]))
    days = {day for row in ordered for day in (row.window.week, row.window.first, row.window.last)}
    dates = {day: EPOCH + timedelta(days=day) for day in days}
    frame = pd.DataFrame(
        {
            "week_start": pd.Series([dates[row.window.week] for row in ordered], dtype=object),
            "indicator": pd.Series([row.indicator.name for row in ordered], dtype=object),
            "window_start": pd.Series([dates[row.window.first] for row in ordered], dtype=object),
            "window_end": pd.Series([dates[row.window.last] for row in ordered], dtype=object),
            "value": np.array([row.value for row in ordered], dtype=float),
            "low": np.array([row.low for row in ordered], dtype=float),
            "high": np.array([row.high for row in ordered], dtype=float),
            "unit": pd.Series([row.indicator.unit for row in ordered], dtype=object),
            "sample_size": np.array([row.sample_size for row in ordered], dtype=float),
            "sample_unit": pd.Series([row.indicator.sample_unit for row in ordered], dtype=object),
            "least_sample": np.array([row.least_sample for row in ordered], dtype=float),
            "reason": pd.Series([row.reason for row in ordered], dtype=object),
        }
    )
    for column in ("past_value", "past_low", "past_high", "last_year_value"):
        frame[column] = np.nan
    frame["standing"] = pd.Series([None] * len(ordered), dtype=object)
    return frame[list(COLUMNS)]
