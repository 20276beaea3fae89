"""The three models on a listener's own past: forecasts from every second day of a year, from what was known then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .intervals import LEVELS, interval, offsets
from .predictors import WEEK, known_before
from .ridge import EQUAL, fit, predict
from .series import HORIZONS, LEAST_DAYS, RECENT_DAYS, RIDGE, SAME_WEEKDAY, TRAILING_MEAN, Bools, Floats, Ints, Series

SPAN_DAYS = 364
STEP = 2  # days between origins: every weekday is one
BLOCK_DAYS = 28  # how long a fitted ridge is used, and what tests take as one observation
LEAST_BLOCKS = 6  # for a test


@dataclass(frozen=True)
class Trial:
    """Forecasts of one series from past origins by model, and what came: (origins x horizons)."""

    series: Series
    origins: Ints
    actual: Floats
    made: dict[str, Floats]

    @property
    def blocks(self) -> Ints:
        """The block of four weeks of each origin; the newest is 0."""
        number: Ints = (self.origins[-1] - self.origins) // BLOCK_DAYS
        return number

    def errors(self, model: str) -> Floats:
        """Absolute errors, NaN where nothing is known; what is only rounding is none."""
        off = np.abs(self.actual - self.made[model])
        return np.where(off < EQUAL * np.maximum(np.abs(self.actual), 1.0), 0.0, off)

    def scaled_errors(self, model: str) -> Floats:
        """What came minus what was foretold, on the scale of the series."""
        return self.series.scaled(self.actual) - self.series.scaled(self.made[model])

    def weekly_change(self) -> float:
        """Mean absolute difference of days a week apart before the first origin: what MASE divides by; NaN for 0.

        Hyndman and Koehler 2006, doi 10.1016/j.ijforecast.2006.03.001.
        """
        before = self.series.values[: self.origins[0]]
        mean = mean_of_known(np.abs(before[WEEK:] - before[:-WEEK]))
        return mean if mean > EQUAL else np.nan

    def inside(self, model: str) -> tuple[Floats, ...]:
        """For each level whether what came lay inside the interval (1 or 0), in the newer half of the blocks.

        The intervals of a block rest only on errors that were known when it began; NaN elsewhere.
        """
        target = self.origins[:, None] + np.arange(1, HORIZONS + 1)[None, :]
        errors = self.scaled_errors(model)
        found = tuple(np.full(self.actual.shape, np.nan) for _ in LEVELS)
        for block in range((int(self.blocks[0]) + 1) // 2):
            chosen = self.blocks == block
            if not chosen.any():
                continue
            known = np.where(target < self.origins[chosen][0], errors, np.nan)
            ends = interval(self.series, self.made[model][chosen], offsets(known))
            actual = self.actual[chosen]
            slack = EQUAL * np.maximum(np.abs(actual), 1.0)
            for place, inside in enumerate(found):
                low, high = ends[..., 2 * place], ends[..., 2 * place + 1]
                told = ~np.isnan(actual) & ~np.isnan(low)
                inside[chosen] = np.where(told, (actual >= low - slack) & (actual <= high + slack), np.nan)
        return found


def try_out(series: Series) -> Trial | None:
    """Forecasts from every STEP-th day of the last SPAN_DAYS whose days ahead are past; None where there are too few.

    The ridge is fitted anew for each block of four weeks, on what was known when the block began. The first LEAST_DAYS,
    of which it learns next to nothing, are left out where as many blocks as a test needs are left without them.
    """
    known = known_before(series)
    newest = len(series.values) - 1 - HORIZONS
    first = LEAST_DAYS if newest - LEAST_DAYS >= LEAST_BLOCKS * BLOCK_DAYS else RECENT_DAYS
    origins: Ints = np.arange(newest, max(newest - SPAN_DAYS, first - 1), -STEP)[::-1]
    origins = origins[known.enough[origins]]
    if series.known_days < LEAST_DAYS or not len(origins):
        return None
    made = np.empty((len(origins), HORIZONS))
    blocks = (origins[-1] - origins) // BLOCK_DAYS
    for block in np.unique(blocks):
        chosen = blocks == block
        fitted = fit(known, int(origins[chosen][0]))
        made[chosen] = predict(series, known, origins[chosen], fitted)
    baselines = {SAME_WEEKDAY: known.same_weekday[origins], TRAILING_MEAN: known.trailing_mean[origins]}
    return Trial(series, origins, known.actual[origins], {**baselines, RIDGE: made})


def mean_of_known(values: Floats) -> float:
    """Mean of what is not NaN; NaN where nothing is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan


def block_means(values: Floats, blocks: Ints) -> Floats:
    """Mean of the known values of each block that has any."""
    means = np.array([mean_of_known(values[blocks == block]) for block in np.unique(blocks)])
    has_any: Bools = ~np.isnan(means)
    return means[has_any]
