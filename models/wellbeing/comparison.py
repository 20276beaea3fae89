"""Each week against the listener's own past, never against other people."""

import numpy as np
import pandas as pd

from .history import Floats
from .rows import INDICATORS

PAST_WEEKS = 12
ENOUGH_WEEKS = 6
LAST_YEAR = 52
TOLERANCE = 1e-9
BELOW, WITHIN, ABOVE = (f"{place} your usual range" for place in ("below", "within", "above"))


def with_own_past(frame: pd.DataFrame) -> pd.DataFrame:
    """Fill the columns of the own past; `frame` has a row for each week and indicator, in that order.

    - `past_value`: mean of the weekly values of the 12 weeks before, when at least 6 are not null.
    - `past_low`, `past_high`: that mean -/+ 2 standard deviations (n - 1) of those values: the usual range, which is
      where about 95 % of single weeks lie.
    - `standing`: above when the value is above `past_high` and its own 95 % interval, where it has one, lies wholly
      above `past_value`; below likewise; else within. The second condition is needed since trailing windows overlap:
      neighbouring values are alike by construction, and the range alone would cry wolf.
    - `last_year_value`: the value 52 weeks earlier.

    Hours of the day are compared around the clock: the past mean is circular and "below" means earlier.
    """
    width = len(INDICATORS)
    shape = (len(frame) // width, width)
    value, low, high = (frame[name].to_numpy().reshape(shape) for name in ("value", "low", "high"))
    last_year = np.full(shape, np.nan)
    last_year[LAST_YEAR:] = value[:-LAST_YEAR]
    mean, spread = np.full(shape, np.nan), np.full(shape, np.nan)
    distance = np.full(shape, np.nan)
    for column, indicator in enumerate(INDICATORS.values()):
        past = _weeks_before(value[:, column])
        centre, spread[:, column] = _centre_and_spread(past, indicator.is_clock)
        mean[:, column] = centre
        distance[:, column] = (
            _around_clock(value[:, column] - centre) if indicator.is_clock else (value[:, column] - centre)
        )
    above = distance > 2 * spread + TOLERANCE
    above &= ~(distance - (value - low) <= 0)
    below = distance < -2 * spread - TOLERANCE
    below &= ~(distance + (high - value) >= 0)
    standing = np.where(above, ABOVE, np.where(below, BELOW, WITHIN)).astype(object)
    standing[np.isnan(distance)] = None
    columns = {
        "past_value": mean, "past_low": mean - 2 * spread, "past_high": mean + 2 * spread,
        "last_year_value": last_year, "standing": standing,
    }  # fmt: skip
    return frame.assign(**{name: values.ravel() for name, values in columns.items()})


def _weeks_before(values: Floats) -> Floats:
    """For each week the values of the 12 weeks before it, NaN before the history, shape (weeks, 12)."""
    padded = np.concatenate([np.full(PAST_WEEKS, np.nan), values])
    return np.lib.stride_tricks.sliding_window_view(padded, PAST_WEEKS)[: len(values)]


def _centre_and_spread(past: Floats, is_clock: bool) -> tuple[Floats, Floats]:
    """Mean and standard deviation (n - 1) of each row's known values; NaN where fewer than 6 are known."""
    known = np.isfinite(past)
    count = known.sum(axis=1)
    enough = count >= ENOUGH_WEEKS
    safe = np.maximum(count, 2)
    if is_clock:
        angle = np.where(known, past, 0.0) * (2 * np.pi / 24)
        sine, cosine = ((known * part).sum(axis=1) for part in (np.sin(angle), np.cos(angle)))
        mean = np.arctan2(sine, cosine) * 24 / (2 * np.pi) % 24
        off = np.where(known, _around_clock(past - mean[:, None]), 0.0)
    else:
        mean = np.where(known, past, 0.0).sum(axis=1) / safe
        off = np.where(known, past - mean[:, None], 0.0)
    spread = np.sqrt((off**2).sum(axis=1) / (safe - 1))
    return np.where(enough, mean, np.nan), np.where(enough, spread, np.nan)


def _around_clock(hours: Floats) -> Floats:
    """A difference of hours as the shorter way around the clock, -12 to 12."""
    return (hours + 12) % 24 - 12
