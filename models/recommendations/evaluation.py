"""Whether the model's list finds more of what is then played than simple lists do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.recommendations.history import Floats
from models.recommendations.merging import merged, weights_of
from models.recommendations.rules import BASELINES, MODEL, TOP

Ints = NDArray[np.int64]
LISTS = (MODEL, *BASELINES)
LEAST_DAYS = 10  # of the held-out ones on which something came back
LEAST_RETURNS = 20
RESAMPLES, SEED = 2_000, 1
LOW, HIGH = 2.5, 97.5  # percentiles: an interval of 95 %
_NUMBERS = (
    "metric_value", "metric_low", "metric_high", "baseline_value", "advantage", "advantage_low", "advantage_high",
)  # fmt: skip
HIT_RATE, NDCG, COVERAGE, NOVELTY = "hit_rate_20", "ndcg_20", "catalogue_coverage", "novelty"
METRICS = (NDCG, HIT_RATE, COVERAGE, NOVELTY)
COLUMNS = (
    "subject", "metric", "metric_cutoff", "baseline_name", "metric_value", "metric_low", "metric_high",
    "baseline_value", "advantage", "advantage_low", "advantage_high", "is_better", "sample_size", "return_count",
    "served_by", "reason",
)  # fmt: skip


@dataclass(frozen=True)
class Found:
    """What one list found, day by day of those on which something came back: gains (nDCG) and hits, and its top."""

    gains: Floats
    hits: Floats
    top: list[str]


def evaluated(candidates: pd.DataFrame, returns: pd.DataFrame, plays: pd.Series) -> pd.DataFrame:
    """The model's list and both baselines on the held-out days (COLUMNS); the model's metrics beside each baseline.

    candidates: of one listener and basis, of the fit that did not read those days. returns: recording_id and
    first_day (a number), a row for each recording that is heard in those days and was not in the 30 before. plays:
    counted plays before, by recording_id.

    What is to be found are the returns; each belongs to the day on which it first came back. nDCG at 20 over the whole
    time, with a gain of 1 a return. Intervals by a bootstrap over days, the same for all lists.
    """
    days, place = np.unique(returns["first_day"].to_numpy(dtype=np.int64), return_inverse=True)
    day: Ints = place.astype(np.int64)
    by_list = {name: _found(candidates, name, returns, day, len(days)) for name in LISTS}
    reason = _too_little(len(days), len(returns), by_list)
    counts = _resamples(len(days))
    rows = []
    for metric in METRICS:
        values = {name: _values(metric, by_list[name], len(returns), plays, counts) for name in LISTS}
        for name in LISTS:
            for baseline in BASELINES if name == MODEL else (None,):
                rows.append(_row(metric, name, baseline, values, reason))
    found = _judged(pd.DataFrame(rows).astype(dict.fromkeys(_NUMBERS, float)))
    sizes = {"metric_cutoff": TOP, "sample_size": float(len(days)), "return_count": len(returns)}
    return found.assign(**sizes, served_by=_served_by(found))[list(COLUMNS)]


def _resamples(days: int) -> Floats:
    """How often each day is drawn in each resample: RESAMPLES x days."""
    if not days:
        return np.zeros((RESAMPLES, 0))
    return np.random.default_rng(SEED).multinomial(days, np.full(days, 1 / days), RESAMPLES).astype(np.float64)


def _judged(rows: pd.DataFrame) -> pd.DataFrame:
    """Say of the model, by each metric with an interval, whether it beat every baseline: intervals above zero."""
    of_model = (rows["subject"] == MODEL) & rows["advantage_low"].notna()
    least = rows[of_model].groupby("metric")["advantage_low"].min()
    verdict = [
        bool(least[metric] > 0) if known else None for metric, known in zip(rows["metric"], of_model, strict=True)
    ]
    return rows.assign(is_better=pd.Series(verdict, index=rows.index, dtype=object))


def _served_by(rows: pd.DataFrame) -> str:
    """The list to serve: the model's, if its nDCG is better than that of both baselines, else the better baseline's."""
    of_ndcg = rows[rows["metric"] == NDCG]
    if bool(of_ndcg.loc[of_ndcg["subject"] == MODEL, "is_better"].eq(True).all()):
        return MODEL
    values = of_ndcg.set_index("subject")["metric_value"].drop(MODEL).fillna(-1.0)
    return max(BASELINES, key=lambda name: (values[name], -BASELINES.index(name)))


def _found(candidates: pd.DataFrame, name: str, returns: pd.DataFrame, day: Ints, days: int) -> Found:
    top = merged(candidates, weights_of(name), TOP)["recording_id"].tolist()
    places = {recording: place for place, recording in enumerate(top)}
    place = returns["recording_id"].map(places).to_numpy(dtype=float, na_value=np.nan)
    is_hit = np.isfinite(place)
    gain = np.where(is_hit, 1.0 / np.log2(np.where(is_hit, place, 0.0) + 2.0), 0.0)
    return Found(_by_day(day, gain, days), _by_day(day, is_hit.astype(float), days), top)


def _by_day(day: Ints, values: Floats, days: int) -> Floats:
    return np.bincount(day, values, days).astype(np.float64)


def _too_little(days: int, returns: int, by_list: dict[str, Found]) -> str | None:
    if days < LEAST_DAYS or returns < LEAST_RETURNS:
        return (
            f"only {returns} recordings came back on {days} held-out days; "
            f"{LEAST_RETURNS} on {LEAST_DAYS} days are needed"
        )
    short = min(len(found.top) for found in by_list.values())
    return f"only {short} recordings could be suggested; {TOP} are needed" if short < TOP else None


def _values(metric: str, found: Found, returns: int, plays: pd.Series, counts: Floats) -> tuple[float, Floats | None]:
    """The value of a metric, and its values in the resamples where it depends on the days."""
    if metric == NDCG:
        best = float((1.0 / np.log2(np.arange(min(TOP, returns)) + 2.0)).sum()) or 1.0
        return float(found.gains.sum()) / best, counts @ found.gains / best
    if metric == HIT_RATE:
        return float(found.hits.sum()) / TOP, counts @ found.hits / TOP
    heard = plays.reindex(found.top).fillna(0).to_numpy(dtype=float)
    if metric == COVERAGE:
        return float((heard > 0).sum()) / max(1, int((plays > 0).sum())), None
    # Mean surprise of the suggestions in bits, with one play added to each: Zhou et al., PNAS 107 (2010).
    total = float(plays.sum()) + len(plays) + 1.0
    return float(-np.log2((heard + 1.0) / total).mean()) if len(heard) else 0.0, None


def _row(
    metric: str,
    name: str,
    baseline: str | None,
    values: dict[str, tuple[float, Floats | None]],
    reason: str | None,
) -> dict[str, object]:
    row: dict[str, object] = {"subject": name, "metric": metric, "baseline_name": baseline or "", "reason": reason}
    if reason:
        return dict.fromkeys(COLUMNS) | row
    value, resampled = values[name]
    low, high = np.percentile(resampled, [LOW, HIGH]) if resampled is not None else (None, None)
    # Resamples hold some days twice, and with them what can be found but once.
    row |= {"metric_value": value, "metric_low": low, "metric_high": None if high is None else min(1.0, high)}
    if baseline:
        other, others = values[baseline]
        row |= {"baseline_value": other, "advantage": value - other}
        if resampled is not None and others is not None:
            low, high = np.percentile(resampled - others, [LOW, HIGH])
            row |= {"advantage_low": low, "advantage_high": high}
    return dict.fromkeys(COLUMNS) | row
