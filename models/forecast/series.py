"""A listener's days as series with holes: what is forecast, and the behaviour that may foretell it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

HORIZONS = 14
TARGETS = ("listened_ms", "mean_energy", "mean_valence")
SAME_WEEKDAY, TRAILING_MEAN, RIDGE = "same_weekday", "trailing_mean", "ridge"
MODELS = (SAME_WEEKDAY, TRAILING_MEAN, RIDGE)
BASES = ("measured", "all")

HISTORY_DAYS = 3 * 365  # older habits say little of the next two weeks
COVERED_FROM = 0.8  # of a day's hours observed: below, its sums are too small
LEAST_DAYS = 84  # with a value: with 56, the 95 % interval held 80 to 90 % of what came, with 84 it held 90 to 97 %
RECENT_DAYS, LEAST_RECENT = 28, 14  # of the last four weeks at least half the days have a value
EPOCH = date(1970, 1, 1)
MINUTE_MS = 60_000.0


@dataclass(frozen=True)
class Series:
    """One value a day from day number `first` (days since 1970-01-01) on; NaN where nothing is known.

    behaviour: other series of the same days that may foretell it. bounds: what values are possible. is_amount: whether
    it is an amount, whose spread grows with its level, and not a mean of features.
    """

    target: str
    first: int
    values: Floats
    behaviour: tuple[Floats, ...]
    bounds: tuple[float, float]
    is_amount: bool

    @property
    def known_days(self) -> int:
        """Days with a value."""
        return int(np.count_nonzero(~np.isnan(self.values)))

    @property
    def too_short(self) -> str | None:
        """Why nothing can be learnt from the series; None where something can."""
        if self.known_days >= LEAST_DAYS:
            return None
        return f"needs at least {LEAST_DAYS} days with a value; there are {self.known_days}"

    @property
    def why_not(self) -> str | None:
        """Why nothing can be told of the days after the last; None where something can."""
        if self.too_short:
            return self.too_short
        recent = int(np.count_nonzero(~np.isnan(self.values[-RECENT_DAYS:])))
        if recent < LEAST_RECENT:
            return f"only {recent} of the last {RECENT_DAYS} days have a value; {LEAST_RECENT} are needed"
        return None

    def scaled(self, values: Floats) -> Floats:
        """Values on the scale on which errors are alike at every level: the square root of an amount."""
        return np.sqrt(np.maximum(values, 0.0)) if self.is_amount else values

    def unscaled(self, values: Floats) -> Floats:
        """The inverse of `scaled`, within the bounds."""
        natural = np.maximum(values, 0.0) ** 2 if self.is_amount else values
        return np.clip(natural, *self.bounds)


@dataclass(frozen=True)
class Days:
    """What one listener's series on one basis rest on: shares of time and hours, null as NaN."""

    series: dict[str, Series]
    measured_share: float
    coverage: float


def read_days(days: pd.DataFrame, until: date) -> dict[str, Days]:
    """The series of one listener on each basis, up to the day before `until`, at most HISTORY_DAYS of them.

    `days` holds rows of daily_listening, in any order. Days of which less than COVERED_FROM was observed are unknown,
    and so are the first and last of the history, which begin or end at some hour. A mean of features is unknown where
    it is null. Both bases have the same listened_ms.
    """
    number = pd.to_datetime(days["played_date"]).to_numpy().astype("datetime64[D]").astype(np.int64)
    stop = (until - EPOCH).days
    ends = (int(number.min()), int(number.max()))
    first = max(ends[0], stop - HISTORY_DAYS)
    read = {}
    for basis in BASES:
        chosen = (days["basis"] == basis).to_numpy() & (number >= first) & (number < stop)
        read[basis] = _days_of(days[chosen], number[chosen], first, stop, ends)
    return read


def _days_of(days: pd.DataFrame, number: Ints, first: int, stop: int, ends: tuple[int, int]) -> Days:
    def column(name: str) -> Floats:
        values = np.full(max(stop - first, 0), np.nan)
        values[number - first] = days[name].to_numpy(dtype=float, na_value=np.nan)
        return values

    coverage, listened = column("coverage"), column("listened_ms")
    usable = coverage >= COVERED_FROM
    for end in ends:
        if first <= end < stop:
            usable[end - first] = False
    starts, plays = column("start_count"), column("play_count")
    amount = np.where(usable, listened, np.nan)
    habits = (
        _ratio(column("skip_count"), starts, usable),
        _ratio(column("artist_count"), plays, usable),
        _ratio(column("recording_count"), plays, usable),
    )
    energy, valence = (np.where(usable, column(name), np.nan) for name in ("mean_energy", "mean_valence"))
    unit = (0.0, 1.0)
    series = (
        Series("listened_ms", first, amount, (*habits, np.where(usable, starts, np.nan)), (0.0, np.inf), True),
        Series("mean_energy", first, energy, (*habits, amount, valence), unit, False),
        Series("mean_valence", first, valence, (*habits, amount, energy), unit, False),
    )
    heard = usable & (listened > 0)
    time = listened[heard].sum()
    share = float((np.nan_to_num(column("measured_share")[heard]) * listened[heard]).sum() / time) if time else np.nan
    known = coverage[~np.isnan(coverage)]
    return Days({one.target: one for one in series}, share, float(known.mean()) if len(known) else np.nan)


def _ratio(part: Floats, whole: Floats, usable: Bools) -> Floats:
    return np.where(usable & (whole > 0), part / np.where(whole > 0, whole, 1.0), np.nan)
