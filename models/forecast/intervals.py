"""Intervals from the errors that were made in the past: split conformal prediction, a horizon at a time.

Vovk, Gammerman and Shafer 2005, chapter 4; for errors in order of time Stankeviciute et al. 2021 (conformal time-series
forecasting, NeurIPS). Both ends come from ranks of their own, since errors of listened time lean to one side.
"""

from __future__ import annotations

import math

import numpy as np

from .series import HORIZONS, Floats, Series

LEVELS = (0.8, 0.95)
LEAST_ORIGINS = 14  # with errors: four weeks of origins, since errors of neighbouring days are alike
POOLED = 7  # horizons whose errors are taken together: a whole week, so that each weekday has its part


def offsets(errors: Floats) -> Floats:
    """From errors on the scale of the series (origins x horizons, NaN where unknown): (horizons x 4).

    Low and high of the 80 %, then of the 95 % interval, to be added to a forecast on that scale. NaN where there are
    too few errors: fewer than LEAST_ORIGINS, or so few (n) that not both ranks, floor((n + 1) a / 2) from either end
    with a = 20 % or 5 %, exist.
    """
    found = np.full((HORIZONS, 2 * len(LEVELS)), np.nan)
    if np.count_nonzero(~np.isnan(errors).all(axis=1)) < LEAST_ORIGINS:
        return found
    for horizon in range(HORIZONS):
        begin = min(max(horizon - POOLED // 2, 0), HORIZONS - POOLED)
        near = errors[:, begin : begin + POOLED]
        ordered = np.sort(near[~np.isnan(near)])
        for place, level in enumerate(LEVELS):
            tail = (1 - level) / 2
            # The small number keeps a whole rank whole: (19 + 1) x 0.1 is a little more than 2 in doubles.
            low = math.floor((len(ordered) + 1) * tail + 1e-9)
            if low >= 1:
                found[horizon, 2 * place : 2 * place + 2] = ordered[low - 1], ordered[len(ordered) - low]
    return found


def interval(series: Series, forecast: Floats, offset: Floats) -> Floats:
    """The four ends around forecasts (… x horizons): (… x horizons x 4), possible values, the forecast between them."""
    ends = series.unscaled(series.scaled(forecast)[..., None] + offset)
    around = forecast[..., None]
    return np.stack(
        [np.minimum(ends[..., 0:1], around), np.maximum(ends[..., 1:2], around),
         np.minimum(ends[..., 2:3], around), np.maximum(ends[..., 3:4], around)], axis=-1
    )[..., 0, :]  # fmt: skip
