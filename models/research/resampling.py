"""Intervals from resampled days, and tests that leave out one week at a time."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc, stdtr

Floats = NDArray[np.float64]

RESAMPLES = 400
LEAST_WEEKS = 10


def day_weights(name: str, days: int) -> Floats:
    """How often each of `days` days occurs in each resample, shape (RESAMPLES, days); the same on every machine."""
    seed = int.from_bytes(hashlib.sha256(f"{name}:{days}".encode()).digest()[:8], "big")
    drawn = np.random.default_rng(seed).integers(0, days, size=(RESAMPLES, days)) + np.arange(RESAMPLES)[:, None] * days
    weights: Floats = np.bincount(drawn.ravel(), minlength=RESAMPLES * days).reshape(RESAMPLES, days).astype(float)
    return weights


def percentile_interval(value: float, resampled: Floats) -> tuple[float, float]:
    """The 95 % percentile interval of a bootstrap, moved to the value; NaN where too few resamples have one."""
    known = np.sort(resampled[np.isfinite(resampled)])
    if len(known) < RESAMPLES // 2:
        return np.nan, np.nan
    places = np.array([0.025, 0.975]) * (len(known) - 1)
    below = places.astype(int)
    above = np.minimum(below + 1, len(known) - 1)
    low, high = value - known.mean() + known[below] + (places - below) * (known[above] - known[below])
    return min(float(low), value), max(float(high), value)


def without_each(part: Floats, whole: Floats) -> Floats:
    """Ratios of sums of `part` by sums of `whole` (clusters x ratios) with each cluster left out in turn."""
    left = whole.sum(axis=0) - whole
    ratios: Floats = np.divide(part.sum(axis=0) - part, left, out=np.full(part.shape, np.nan), where=left > 0)
    return ratios


def jackknife_covariance(without: Floats) -> Floats:
    """Covariance of estimates from their values with each of the clusters left out (clusters x estimates)."""
    apart = without - without.mean(axis=0)
    covariance: Floats = (len(without) - 1) / len(without) * apart.T @ apart
    return covariance


def zero_p(estimates: Floats, covariance: Floats, clusters: int) -> float:
    """The p value of "all of these are zero", by Hotelling's distribution for so many clusters; 1 where none is.

    T-squared (n - q) / (q (n - 1)) is F(q, n - q) for q estimates from n clusters.
    """
    q = len(estimates)
    if clusters <= q + 1 or not np.isfinite(covariance).all():
        return 1.0
    if np.linalg.matrix_rank(covariance, tol=1e-15) < q:
        return 1.0
    squared = float(estimates @ np.linalg.solve(covariance, estimates))
    return float(fdtrc(q, clusters - q, squared * (clusters - q) / (q * (clusters - 1))))


def above_zero_p(values: Floats) -> float:
    """The one-sided p value of "the mean is not above zero", by Student's t."""
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    if spread <= 0:
        return 1.0
    return float(stdtr(len(values) - 1, -float(values.mean()) / (spread / np.sqrt(len(values)))))
