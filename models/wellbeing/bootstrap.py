"""Intervals from resampled days: plays of one day hang together, so the day is what is drawn."""

import hashlib

import numpy as np
from scipy.special import stdtrit

from .history import Floats, Ints
from .rows import Indicator, Row, Window, shown, withheld

RESAMPLES = 200
NONE = (np.nan, np.nan)


def generator(name: str, window: Window) -> np.random.Generator:
    """A random generator that belongs to an indicator and a week, the same on every machine."""
    digest = hashlib.sha256(f"{name}:{window.week}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def day_weights(name: str, window: Window, days: int) -> Floats:
    """How often each of `days` days occurs in each resample: multinomial counts, shape (RESAMPLES, days)."""
    drawn: Ints = generator(name, window).integers(0, days, size=(RESAMPLES, days))
    drawn += np.arange(RESAMPLES)[:, None] * days
    return np.bincount(drawn.ravel(), minlength=RESAMPLES * days).reshape(RESAMPLES, days).astype(float)


def student(days: int) -> float:
    """The 97.5 % quantile of Student's t with days - 1 degrees of freedom."""
    return float(stdtrit(days - 1, 0.975))


def interval(value: float, resampled: Floats, days: int, bounds: tuple[float, float]) -> tuple[float, float]:
    """95 % percentile interval, moved to the value and widened for few days, inside `bounds`.

    Plain percentiles are too narrow for few days (Hesterberg 2015, doi 10.1080/00031305.2015.1089789: widen by
    t / z and the square root of n / (n - 1)), and off centre where resampling with replacement shifts the statistic.
    """
    ordered = np.sort(resampled[np.isfinite(resampled)])
    if days < 2 or len(ordered) < RESAMPLES // 2:
        return NONE
    places = np.array([0.025, 0.975]) * (len(ordered) - 1)
    below = places.astype(int)
    quantiles = ordered[below] + (places - below) * (ordered[below + 1] - ordered[below])
    wider = student(days) / 1.959964 * np.sqrt(days / (days - 1))
    low, high = np.clip(value + wider * (quantiles - ordered.mean()), *bounds)
    return min(float(low), value), max(float(high), value)


def ratio_row(
    indicator: Indicator,
    window: Window,
    sample: float,
    part: Floats,
    whole: Floats,
    empty: str,
    least: float | None = None,
) -> Row:
    """Sum of `part` by sum of `whole` (one number a day each) with its interval; withheld as `empty` if whole is 0."""
    used = whole > 0
    part, whole = part[used], whole[used]
    days = len(whole)
    if not days:
        return withheld(indicator, window, sample, empty, least)
    value = float(part.sum() / whole.sum())
    if days < 2:
        return shown(indicator, window, sample, value, NONE, least)
    sums = day_weights(indicator.name, window, days) @ np.column_stack([part, whole])
    limits = interval(value, sums[:, 0] / sums[:, 1], days, indicator.bounds)
    return shown(indicator, window, sample, value, limits, least)
