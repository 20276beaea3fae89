"""Does the music follow the clock: is it brighter, or more energetic, at one time of day than at another?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from .findings import SUPPORTED, Finding, judged
from .resampling import LEAST_WEEKS, day_weights, jackknife_covariance, percentile_interval, without_each, zero_p
from .sessions import LEAST_FEATURE_SHARE, Floats, Ints, Sessions, summed

QUESTION = "mood_by_hour"
LEAST_DAYS = 20
PARTS = {"night": (0, 5), "morning": (5, 12), "afternoon": (12, 17), "evening": (17, 22), "late": (22, 24)}
_UNITS = {"valence": "valence, 0-1", "energy": "energy, 0-1"}


def mood_and_clock(sessions: Sessions, kind: str) -> list[Finding]:
    """For valence and energy: whether they differ between the parts of the day, and each part against the whole day.

    Means are weighted by time, intervals are from resampled days, tests leave out one week at a time, so that plays of
    a week may hang together. The two tests of all parts are corrected for each other; a part can be supported only if
    the test of all parts is, and the parts of both features are corrected together.
    """
    parts = {name: _hours(sessions.hours, name) for name in PARTS}
    usable = [name for name, rows in parts.items() if _reason(rows, kind) is None]
    overall = judged([_overall(parts, usable, feature) for feature in _UNITS])
    holds = {feature: one.verdict == SUPPORTED for feature, one in zip(_UNITS, overall, strict=True)}
    each = judged([_part(sessions.hours, parts, name, feature, kind) for feature in _UNITS for name in PARTS])
    features = [feature for feature in _UNITS for _ in PARTS]
    gated = [
        replace(one, verdict="no evidence") if one.verdict == SUPPORTED and not holds[feature] else one
        for one, feature in zip(each, features, strict=True)
    ]
    return [*overall, *gated]


def _hours(hours: pd.DataFrame, name: str) -> pd.DataFrame:
    first, end = PARTS[name]
    return hours[(hours["hour_of_day"] >= first) & (hours["hour_of_day"] < end)]


def _reason(rows: pd.DataFrame, kind: str) -> str | None:
    known = rows[rows["feature_ms"] > 0]
    days, weeks = known["day"].nunique(), known["week"].nunique()
    if days < LEAST_DAYS or weeks < LEAST_WEEKS:
        return f"{LEAST_DAYS} days in {LEAST_WEEKS} weeks with {kind} are needed; there are {days} in {weeks}"
    share = float(rows["feature_ms"].sum()) / float(rows["listened_ms"].sum())
    if share < LEAST_FEATURE_SHARE:
        return f"only {int(100 * share)} % of the time has {kind}; {int(100 * LEAST_FEATURE_SHARE)} % is needed"
    return None


def _overall(parts: dict[str, pd.DataFrame], usable: list[str], feature: str) -> Finding:
    """Whether the feature is the same in all parts of the day that have enough; the estimate is their widest gap."""
    days = np.unique(np.concatenate([rows.loc[rows["feature_ms"] > 0, "day"].to_numpy() for rows in parts.values()]))
    blank = Finding(QUESTION, f"{feature}_by_part_of_day", _UNITS[feature], "days", LEAST_DAYS, len(days))
    if len(usable) < 2:
        return replace(blank, reason="fewer than two parts of the day have enough listening with features")
    weeks = np.unique(np.concatenate([parts[name]["week"].to_numpy() for name in usable]))
    value, time = _by([parts[name] for name in usable], "week", feature, weeks)
    means = value.sum(axis=0) / time.sum(axis=0)
    contrasts = means[1:] - means[0]
    left = without_each(value, time)
    p_value = zero_p(contrasts, jackknife_covariance(left[:, 1:] - left[:, :1]), len(weeks))
    top, bottom = int(np.argmax(means)), int(np.argmin(means))
    days = np.unique(np.concatenate([parts[name]["day"].to_numpy() for name in usable]))
    value, time = _by([parts[usable[top]], parts[usable[bottom]]], "day", feature, days)
    weights = day_weights(blank.finding, len(days))
    resampled = _ratio(weights @ value, weights @ time)
    gap = float(means[top] - means[bottom])
    low, high = percentile_interval(gap, resampled[:, 0] - resampled[:, 1])
    says = f"{feature} is {gap:.3f} higher in the {_said(usable[top])} than in the {_said(usable[bottom])}"
    return replace(blank, estimate=gap, low=low, high=high, p_value=p_value, says=says)


def _part(hours: pd.DataFrame, parts: dict[str, pd.DataFrame], name: str, feature: str, kind: str) -> Finding:
    """The mean of the feature in a part of the day; tested is its difference from the mean of the other parts."""
    rows = parts[name]
    days = np.unique(rows.loc[rows["feature_ms"] > 0, "day"].to_numpy())
    blank = Finding(QUESTION, f"{feature}_in_{name}", _UNITS[feature], "days", LEAST_DAYS, len(days))
    reason = _reason(rows, kind)
    others = hours.drop(rows.index)
    if reason is None and _reason(others, kind) is not None:
        reason = f"the other parts of the day have too little listening with {kind}"
    if reason is not None:
        return replace(blank, reason=reason)
    weeks = np.unique(hours["week"].to_numpy())
    value, time = _by([rows, others], "week", feature, weeks)
    means = value.sum(axis=0) / time.sum(axis=0)
    left = without_each(value, time)
    difference = np.array([means[0] - means[1]])
    p_value = zero_p(difference, jackknife_covariance(left[:, :1] - left[:, 1:]), len(weeks))
    value, time = _by([rows], "day", feature, days)
    weights = day_weights(blank.finding, len(days))
    low, high = percentile_interval(float(means[0]), _ratio(weights @ value, weights @ time)[:, 0])
    says = f"{feature} is {means[0]:.3f} in the {_said(name)} and {means[1]:.3f} at other times"
    return replace(blank, estimate=float(means[0]), low=low, high=high, p_value=p_value, says=says)


def _by(frames: list[pd.DataFrame], unit: str, feature: str, index: Ints) -> tuple[Floats, Floats]:
    """Feature times time, and time, of each frame by day or week."""
    sums = [summed(frame, unit, [f"{feature}_ms", "feature_ms"], index) for frame in frames]
    return np.column_stack([one[:, 0] for one in sums]), np.column_stack([one[:, 1] for one in sums])


def _ratio(part: Floats, whole: Floats) -> Floats:
    found: Floats = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    return found


def _said(name: str) -> str:
    return "late evening" if name == "late" else name
