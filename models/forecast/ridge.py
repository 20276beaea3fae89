"""The ridge regression on calendar and lagged behaviour."""

from __future__ import annotations

import numpy as np

from .predictors import Known
from .series import HORIZONS, RECENT_DAYS, Floats, Ints, Series

STEP = 2  # of the origins that it learns from: neighbours say almost the same
EQUAL = 1e-9  # of a unit: what is smaller is rounding


def fit(known: Known, before: int) -> tuple[Floats, float]:
    """Weights and constant of the difference from the trailing mean, in units, learnt from days before `before`.

    Bayesian ridge: the data say by their evidence how far weights are shrunk, to nothing where nothing foretells
    anything (MacKay 1992, doi 10.1162/neco.1992.4.3.415). Each day is a target of several origins and counts as one.
    """
    from sklearn.linear_model import BayesianRidge

    origins = np.arange(RECENT_DAYS, before, STEP)
    target = origins[:, None] + np.arange(1, HORIZONS + 1)[None, :]
    learnt = (target < before) & known.enough[origins][:, None] & ~np.isnan(known.actual[origins])
    differences = (known.actual[origins] - known.trailing_mean[origins]) / known.unit[origins][:, None]
    rows, answers = known.predictors[origins][learnt], differences[learnt]
    weights = np.zeros(known.predictors.shape[-1])
    if not len(answers) or np.abs(answers).max() < EQUAL:
        return weights, 0.0
    centre, spread = rows.mean(axis=0), rows.std(axis=0)
    speaks = spread > EQUAL
    each = np.full(len(answers), STEP / HORIZONS)
    model = BayesianRidge().fit((rows[:, speaks] - centre[speaks]) / spread[speaks], answers, sample_weight=each)
    weights[speaks] = model.coef_ / spread[speaks]
    return weights, float(model.intercept_ - centre @ weights)


def predict(series: Series, known: Known, origins: Ints, fitted: tuple[Floats, float]) -> Floats:
    """The days ahead of these origins, (origins x horizons), within the bounds of the series."""
    weights, constant = fitted
    differences = known.predictors[origins] @ weights + constant
    return np.clip(known.trailing_mean[origins] + known.unit[origins][:, None] * differences, *series.bounds)
