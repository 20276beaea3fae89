"""Which model is served, and the figures of each in the backtest.

The ridge is said to be better than the baselines only where a test says so: its absolute error against 98 % of that of
each baseline, over the means of blocks of four weeks, which are taken as independent (Ibragimov and Mueller 2010, doi
10.1198/jbes.2009.08046), one-sided at 5 %; both must hold. Without the 2 % a series of pure noise would often pass, for
the mean of a year truly foretells it 1.7 % better than that of 28 days. Otherwise the better baseline is served.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from models.threads import one_thread

from .backtest import LEAST_BLOCKS, Trial, block_means, mean_of_known, try_out
from .intervals import offsets
from .series import BASES, HORIZONS, MODELS, RIDGE, SAME_WEEKDAY, TRAILING_MEAN, Floats, Series, read_days

LEAST_GAIN = 0.02
LEVEL = 0.05
ENDS = ("error_low_80", "error_high_80", "error_low_95", "error_high_95")
_NUMBERS = ("mae", "mae_low", "mae_high", "mase", "coverage_80", "coverage_95", *ENDS, "same_weekday_mae",
            "trailing_mean_mae")  # fmt: skip
_COUNTS = ("horizon_days", "error_count", "coverage_count")
_TEXTS = ("basis", "target", "model_name", "choice", "reason")
_FLAGS = ("is_served", "is_better")


@dataclass(frozen=True)
class Verdict:
    """The model that is served for a target, whether the ridge was shown to be better, and both in a sentence."""

    served: str
    is_better: bool
    choice: str


def backtests(days: pd.DataFrame, *, as_of: date) -> pd.DataFrame:
    """How well each model would have foretold the targets of one listener on each basis, from days up to `as_of`.

    A row for each basis, target, model and horizon (days ahead; 0 for all together); where there is too little, one
    for each model with horizon 0 and the reason. `days` as for `read_days`; the order of its rows changes nothing.
    """
    with one_thread():
        read = read_days(days, as_of + timedelta(days=1))
        rows = [
            {"basis": basis, "target": name, **row}
            for basis in BASES
            for name, series in read[basis].series.items()
            for row in _rows_of(series)
        ]
    typed = {name: np.array([row.get(name, np.nan) for row in rows], dtype=float) for name in _NUMBERS}
    typed |= {name: np.array([row.get(name, 0) for row in rows], dtype=np.int64) for name in _COUNTS}
    typed |= {name: np.array([row.get(name, False) for row in rows], dtype=bool) for name in _FLAGS}
    texts = {name: pd.Series([row.get(name) for row in rows], dtype=object) for name in _TEXTS}
    return pd.DataFrame({**texts, **typed})


def judge(trial: Trial) -> Verdict:
    """Which model is served after a trial."""
    errors = {model: mean_of_known(trial.errors(model)) for model in MODELS}
    better = SAME_WEEKDAY if errors[SAME_WEEKDAY] < errors[TRAILING_MEAN] else TRAILING_MEAN
    blocks = len(block_means(trial.errors(RIDGE), trial.blocks))
    if blocks < LEAST_BLOCKS:
        short = f"forecasts of {blocks} blocks of four weeks are too few to test ridge; {LEAST_BLOCKS} are needed"
        return Verdict(better, False, f"{better}, the better baseline: {short}")
    gain = 100 * (1 - errors[RIDGE] / errors[better]) if errors[better] > 0 else 0.0
    compared = f"its mean absolute error is {abs(gain):.1f} % {'below' if gain >= 0 else 'above'} that of {better}"
    if all(_is_smaller(trial, baseline) for baseline in (SAME_WEEKDAY, TRAILING_MEAN)):
        return Verdict(RIDGE, True, f"ridge, better than both baselines over {blocks} blocks of four weeks: {compared}")
    return Verdict(better, False, f"{better}, the better baseline: ridge was not shown to be better, {compared}")


def _is_smaller(trial: Trial, baseline: str) -> bool:
    """Whether the ridge's error is smaller than a baseline's by LEAST_GAIN at least, at LEVEL."""
    from scipy import stats

    gains = block_means((1 - LEAST_GAIN) * trial.errors(baseline) - trial.errors(RIDGE), trial.blocks)
    spread = float(gains.std(ddof=1))
    if spread == 0:
        return bool(gains.mean() > 0)
    return bool(gains.mean() / (spread / np.sqrt(len(gains))) > stats.t.ppf(1 - LEVEL, len(gains) - 1))


def _rows_of(series: Series) -> Iterator[dict[str, Any]]:
    trial = try_out(series)
    if trial is None:
        reason = series.too_short or "no two weeks that are past follow four weeks of known days"
        yield from ({"model_name": model, "reason": reason} for model in MODELS)
        return
    verdict, change = judge(trial), trial.weekly_change()
    baselines = {f"{model}_mae": _by_horizon(trial.errors(model)) for model in (SAME_WEEKDAY, TRAILING_MEAN)}
    for model in MODELS:
        shown = {
            "model_name": model,
            "choice": verdict.choice,
            "is_served": model == verdict.served,
            "is_better": model == RIDGE and verdict.is_better,
        }
        for row in _figures(trial, model, change):
            yield {**shown, **row, **{name: values[row["horizon_days"]] for name, values in baselines.items()}}


def _figures(trial: Trial, model: str, change: float) -> Iterator[dict[str, Any]]:
    """The figures of one model: all horizons together, then each."""
    errors, inside = trial.errors(model), trial.inside(model)
    ends = np.vstack([np.full(len(ENDS), np.nan), offsets(trial.scaled_errors(model))])
    for horizon in range(HORIZONS + 1):
        off, covered = _of(errors, horizon), [_of(level, horizon) for level in inside]
        low, high = _interval_of_mean(block_means(off, trial.blocks))
        yield {
            "horizon_days": horizon,
            "error_count": int(np.count_nonzero(~np.isnan(off))),
            "mae": mean_of_known(off),
            "mae_low": max(low, 0.0),
            "mae_high": high,
            "mase": mean_of_known(off) / change,
            "coverage_80": mean_of_known(covered[0]),
            "coverage_95": mean_of_known(covered[1]),
            "coverage_count": int(np.count_nonzero(~np.isnan(covered[1]))),
            **dict(zip(ENDS, ends[horizon], strict=True)),
            "reason": None if len(off[~np.isnan(off)]) else "none of these days is known",
        }


def _of(values: Floats, horizon: int) -> Floats:
    return values if horizon == 0 else values[:, horizon - 1]


def _by_horizon(values: Floats) -> list[float]:
    return [mean_of_known(_of(values, horizon)) for horizon in range(HORIZONS + 1)]


def _interval_of_mean(means: Floats) -> tuple[float, float]:
    """95 % interval of the mean of independent block means; NaN below LEAST_BLOCKS."""
    from scipy import stats

    if len(means) < LEAST_BLOCKS:
        return np.nan, np.nan
    reach = stats.t.ppf(0.975, len(means) - 1) * means.std(ddof=1) / np.sqrt(len(means))
    return float(means.mean() - reach), float(means.mean() + reach)
