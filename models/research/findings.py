"""The shape of a finding, and its verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

LEVEL = 0.05
SUPPORTED, NO_EVIDENCE, TOO_LITTLE = "supported", "no evidence", "too little"
COLUMNS = (
    "question", "finding", "estimate", "low", "high", "estimate_unit", "sample_size", "sample_unit", "least_sample",
    "p_value", "adjusted_p_value", "comparison_count", "verdict", "sentence", "reason",
)  # fmt: skip
_TEXTS = ("question", "finding", "estimate_unit", "sample_unit", "verdict", "sentence", "reason")


@dataclass(frozen=True)
class Finding:
    """One answer. says: the plain sentence up to its verdict; reason: why there is none."""

    question: str
    finding: str
    estimate_unit: str
    sample_unit: str
    least_sample: float
    sample_size: float
    says: str = ""
    estimate: float = np.nan
    low: float = np.nan
    high: float = np.nan
    p_value: float = np.nan
    adjusted_p_value: float = np.nan
    comparison_count: int = 0
    verdict: str = TOO_LITTLE
    reason: str | None = None


def holm(p_values: Sequence[float]) -> list[float]:
    """P values corrected for that many comparisons, in the order given (Holm 1979, Scand. J. Statist. 6, 65)."""
    order = np.argsort(p_values, kind="stable")
    adjusted, largest = [1.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[int(place)] = largest
    return adjusted


def judged(findings: list[Finding], may_hold: bool = True) -> list[Finding]:
    """The findings with Holm's correction over those that have a p value, and their verdicts.

    may_hold: False where a test before these ones failed, so that none of them may be called supported.
    """
    tested = [place for place, one in enumerate(findings) if np.isfinite(one.p_value)]
    adjusted = dict(zip(tested, holm([findings[place].p_value for place in tested]), strict=True))
    return [
        replace(
            one,
            adjusted_p_value=adjusted[place],
            comparison_count=len(tested),
            verdict=SUPPORTED if may_hold and adjusted[place] < LEVEL else NO_EVIDENCE,
        )
        if place in adjusted
        else one
        for place, one in enumerate(findings)
    ]


def frame_of(findings: list[Finding]) -> pd.DataFrame:
    """The findings as a frame, each column of its own type also where it holds no value."""
    rows = [
        {name: getattr(one, name) for name in COLUMNS if name != "sentence"} | {"sentence": _sentence(one)}
        for one in findings
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    texts = {name: frame[name].astype(object).where(frame[name].notna(), None) for name in _TEXTS}
    numbers = {name: frame[name].astype(float) for name in COLUMNS if name not in texts and name != "comparison_count"}
    return frame.assign(**texts, **numbers, comparison_count=frame["comparison_count"].astype("int64"))


def _sentence(one: Finding) -> str | None:
    if one.verdict == TOO_LITTLE:
        return None
    told = f"{one.says} (95 % interval {one.low:.3g} to {one.high:.3g}; p = {one.adjusted_p_value:.2g}"
    many = f", corrected for {one.comparison_count} comparisons" if one.comparison_count > 1 else ""
    return f"{told}{many}): {one.verdict}"
