"""A listener's starts and days as sorted arrays: read once, then every window is a slice."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.days import days_since_epoch

from .rows import Indicator, Window, day_number, windows_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

US_PER_HOUR = 3_600_000_000
US_PER_DAY = 24 * US_PER_HOUR
COVERED_FROM = 0.8


@dataclass(frozen=True)
class Starts:
    """Every start in order of its end; times in microseconds (UTC), `day` counted from the first day of the history."""

    start_us: Ints
    end_us: Ints
    offset_us: Ints
    day: Ints
    hour: Ints
    listened_ms: Floats
    counted: Bools
    skipped: Bools
    measured: Bools
    recording: Ints
    artist: Ints
    session: Ints
    valence: Floats
    energy: Floats


@dataclass(frozen=True)
class History:
    """Starts, and for each local day its observed hours, its length, and whether an export reaches back before it."""

    first_day: int
    as_of: int
    starts: Starts
    covered_hours: Floats
    day_hours: Floats
    full_archive: Bools

    @property
    def day_count(self) -> int:
        """Days from the first of the history to `as_of`."""
        return self.as_of - self.first_day + 1

    @property
    def covered(self) -> Bools:
        """Days of which at least 80 % of the hours were observed."""
        return (self.day_hours > 0) & (self.covered_hours >= COVERED_FROM * self.day_hours)

    @property
    def wholly_covered(self) -> Bools:
        """Days of which every hour was observed, so that silence is silence."""
        return (self.day_hours > 0) & (self.covered_hours >= self.day_hours)

    def windows(self, indicator: Indicator) -> list[Window]:
        """The indicator's window of each week of the history."""
        return windows_of(indicator, self.first_day, self.as_of)

    def span(self, window: Window) -> slice:
        """The days of a window as a slice of the daily arrays."""
        return slice(max(window.first - self.first_day, 0), window.last - self.first_day + 1)

    def daily(self, chosen: Bools, amount: Floats | None = None) -> Floats:
        """Sum of `amount` (or the number) of the chosen starts on each day."""
        weights = None if amount is None else amount[chosen]
        return np.bincount(self.starts.day[chosen], weights, self.day_count).astype(float)


def read_history(plays: pd.DataFrame, days: pd.DataFrame, basis: str, as_of: date) -> History | None:
    """Sort one listener's rows up to `as_of`; None when there are none.

    Raises ValueError for an unknown basis and for a local date that `days` holds twice.
    """
    if basis not in ("measured", "all"):
        raise ValueError(f"basis is 'measured' or 'all', not {basis!r}")
    last = day_number(as_of)
    played, dated = days_since_epoch(plays["played_date"]), days_since_epoch(days["played_date"])
    told = played <= last
    days, dated = days[dated <= last], dated[dated <= last]
    if len(np.unique(dated)) != len(dated):
        raise ValueError("`days` holds a local date twice: give one row for each date")
    if not told.any() and not len(dated):
        return None
    first = int(min(values.min() for values in (played[told], dated) if len(values)))
    covered, length = np.zeros(last - first + 1), np.zeros(last - first + 1)
    archive = np.zeros(last - first + 1, dtype=bool)
    covered[dated - first] = days["covered_hours"].to_numpy(dtype=float)
    length[dated - first] = days["day_hours"].to_numpy(dtype=float)
    archive[dated - first] = days["from_full_archive"].to_numpy(dtype=bool)
    return History(first, last, _read_starts(plays, played - first, told, basis), covered, length, archive)


def _read_starts(plays: pd.DataFrame, day: Ints, told: Bools, basis: str) -> Starts:
    """The rows that are told of; they are chosen last, since a frame with fewer rows would be a second copy of it."""
    end_us = _utc_microseconds(plays["played_at"])
    listened = plays["listened_ms"].to_numpy(dtype=float)
    synthetic = plays["is_synthetic"].to_numpy(dtype=bool)
    features = [plays[name].to_numpy(dtype=float, na_value=np.nan) for name in ("valence", "energy")]
    if basis == "measured":
        features = [np.where(synthetic, np.nan, feature) for feature in features]
    columns: list[NDArray[Any]] = [
        end_us - (listened * 1000).astype(np.int64),
        end_us,
        plays["utc_offset_minutes"].to_numpy(dtype=np.int64) * 60_000_000,
        day,
        plays["hour_of_day"].to_numpy(dtype=np.int64),
        listened,
        *(plays[name].to_numpy(dtype=bool) for name in ("is_counted", "is_skip", "has_measured_time")),
        *(_ranks(plays[name]) for name in ("recording_id", "artist_name", "session_id")),
        *features,
    ]
    order = _total_order(end_us, columns)
    order = order[told[order]]
    return Starts(*(column[order] for column in columns))


def _total_order(end_us: Ints, columns: list[NDArray[Any]]) -> Ints:
    """Positions by end; equal ends are settled by all other columns, so the order of the rows given never matters."""
    order = np.argsort(end_us, kind="stable")
    same = np.flatnonzero(np.diff(end_us[order]) == 0)
    tied = np.union1d(same, same + 1)
    if len(tied):
        among = order[tied]
        order[tied] = among[np.lexsort([column[among] for column in (*columns, end_us)])]
    return order


def _utc_microseconds(stamps: pd.Series) -> Ints:
    if getattr(stamps.dtype, "tz", None) is not None:
        stamps = stamps.dt.tz_convert("UTC").dt.tz_localize(None)
    values: Ints = stamps.to_numpy().astype("datetime64[us]").astype(np.int64)
    return values


def _ranks(names: pd.Series) -> Ints:
    """Each name's (or number's) place in the sorted list: the same whatever the order of the rows."""
    codes, _ = pd.factorize(names.where(names.notna(), ""), sort=True)
    return np.asarray(codes, dtype=np.int64)
