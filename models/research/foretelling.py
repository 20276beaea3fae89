"""Does the sound of a week's music foretell the habits of that week?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from .findings import Finding, judged
from .resampling import above_zero_p, day_weights, percentile_interval
from .sessions import FEATURES, Floats, Sessions, has_features

QUESTION = "features_foretell_habits"
UNIT = "out-of-sample R²"
LEAST_WEEKS = 40
LEAST_WEEK_MS = 2 * 3_600_000
FOLDS = 5
GAP = 2  # weeks beside a fold that teach nothing, since neighbouring weeks are alike
BLOCK = 4
RIDGE = 10.0  # as many weeks as the penalty weighs
HABITS = {
    "late_night_share": "the share of listening between 0 and 5 h",
    "skip_share": "the share of skips",
    "session_minutes": "the length of sessions",
    "sessions": "the number of sessions",
    "listened_hours": "the time listened",
}


def features_foretell(sessions: Sessions, kind: str) -> list[Finding]:
    """Out-of-sample R² of a ridge regression of weekly habits on the week's mean features, against the mean alone.

    Cross-validated over FOLDS stretches of time, with a gap; the week is foretold from other weeks than itself.
    Positive: features help. Interval and test from blocks of four weeks; the habits are corrected for each other.
    """
    weeks = _weeks(sessions)
    return judged([_habit(weeks, name, kind) for name in HABITS])


def _weeks(sessions: Sessions) -> pd.DataFrame:
    """Mean features and habits of each week with enough listening and features."""
    hours, whole = sessions.hours, sessions.whole
    sums = hours.groupby("week", sort=True)[["listened_ms", "feature_ms", *(f"{name}_ms" for name in FEATURES)]].sum()
    starts = hours.groupby("week", sort=True)[["measured_start_count", "measured_skip_count"]].sum()
    night = hours[hours["hour_of_day"] < 5].groupby("week")["listened_ms"].sum().reindex(sums.index, fill_value=0.0)
    begun = whole[whole["play_count"] > 0].groupby("week")["minutes"]
    week = pd.DataFrame({name: sums[f"{name}_ms"] / sums["feature_ms"] for name in FEATURES})
    week["late_night_share"] = night / sums["listened_ms"]
    started = starts["measured_start_count"]
    week["skip_share"] = starts["measured_skip_count"] / started.where(started > 0)
    week["session_minutes"] = begun.mean().reindex(sums.index)
    week["sessions"] = begun.size().reindex(sums.index, fill_value=0).astype(float)
    week["listened_hours"] = sums["listened_ms"] / 3_600_000
    # The first and the last week may be cut off.
    return week[has_features(sums) & (sums["listened_ms"] >= LEAST_WEEK_MS)].iloc[1:-1]


def _habit(weeks: pd.DataFrame, name: str, kind: str) -> Finding:
    known = weeks[weeks[name].notna()]
    blank = Finding(QUESTION, name, UNIT, "weeks", LEAST_WEEKS, len(known))
    if len(known) < LEAST_WEEKS:
        text = f"{LEAST_WEEKS} weeks with enough listening and {kind} are needed; there are {len(known)}"
        return replace(blank, reason=text)
    y = known[name].to_numpy(dtype=float)
    if y.std() < 1e-12:
        return replace(blank, reason="it is the same in every week")
    ours, means = foretold(known[list(FEATURES)].to_numpy(dtype=float), y)
    error, base = (y - ours) ** 2, (y - means) ** 2
    blocks = np.arange(len(y)) // BLOCK
    sums = np.column_stack([np.bincount(blocks, error), np.bincount(blocks, base)])
    score = 1 - float(error.sum() / base.sum())
    resampled = day_weights(name, len(sums)) @ sums
    low, high = percentile_interval(score, 1 - resampled[:, 0] / resampled[:, 1])
    gain: Floats = (sums[:, 1] - sums[:, 0]).astype(float)
    says = f"the sound of a week's music explains {max(score, 0.0):.0%} of {HABITS[name]} beyond its mean"
    says = says.replace("%", " %")
    return replace(blank, estimate=score, low=low, high=high, p_value=above_zero_p(gain), says=says)


def foretold(features: Floats, habit: Floats) -> tuple[Floats, Floats]:
    """The habit of each week as foretold by its features, and by the mean alone; both learnt from other weeks."""
    ours, means = np.empty(len(habit)), np.empty(len(habit))
    for fold in np.array_split(np.arange(len(habit)), FOLDS):
        away = np.ones(len(habit), dtype=bool)
        away[max(fold[0] - GAP, 0) : fold[-1] + GAP + 1] = False
        centre, spread = features[away].mean(axis=0), features[away].std(axis=0)
        spread = np.where(spread > 1e-12, spread, 1.0)
        x, mean = (features[away] - centre) / spread, habit[away].mean()
        slope = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ (habit[away] - mean))
        ours[fold], means[fold] = mean + (features[fold] - centre) / spread @ slope, mean
    return ours, means
