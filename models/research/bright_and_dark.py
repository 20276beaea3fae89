"""Does bright listening go with other habits than dark listening?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from .findings import Finding, judged
from .resampling import LEAST_WEEKS, day_weights, jackknife_covariance, percentile_interval, without_each, zero_p
from .sessions import Floats, Ints, Sessions, has_features, summed

QUESTION = "bright_and_dark_sessions"
LEAST_SESSIONS = 50  # of either kind
HABITS = {
    "session_minutes": ("minutes", "the length of a session"),
    "skip_share": ("share of starts", "the share of skips"),
    "start_hour": ("hours after 5 h", "the hour at which a session begins, counted from 5 h"),
    "night_share": ("share of sessions", "the share of sessions that begin between 22 and 5 h"),
}


def bright_and_dark(sessions: Sessions, kind: str) -> list[Finding]:
    """Mean of habits over bright sessions minus that over dark ones.

    A session is bright if more than half of its time with features is of tracks brighter than the listener's median
    (by time): by halves and not by the mean valence, since means of long sessions lie elsewhere than those of short
    ones where valence is skewed, which would make a difference out of nothing. Intervals are from resampled days, tests
    leave out one week at a time; the habits are corrected for each other.
    """
    whole = sessions.whole
    known = whole[has_features(whole) & (whole["play_count"] > 0) & (2 * whole["bright_ms"] != whole["feature_ms"])]
    is_bright = 2 * known["bright_ms"] > known["feature_ms"]
    hour = (known["start_hour"] - 5) % 24
    one = np.ones(len(known))
    parts = {
        "session_minutes": (known["minutes"], one),
        "skip_share": (known["measured_skip_count"], known["measured_start_count"]),
        "start_hour": (hour, one),
        "night_share": ((hour >= 17).astype(float), one),
    }
    return judged(
        [
            _habit(known.assign(part=part, whole=all_of_it), is_bright, name, kind)
            for name, (part, all_of_it) in parts.items()
        ]
    )


def _habit(known: pd.DataFrame, is_bright: pd.Series[bool], name: str, kind: str) -> Finding:
    unit, said = HABITS[name]
    has_any = known["whole"] > 0
    kinds = [known[is_bright & has_any], known[~is_bright & has_any]]
    fewer = min(len(rows) for rows in kinds)
    blank = Finding(QUESTION, name, unit, "sessions of the rarer kind", LEAST_SESSIONS, fewer)
    weeks = np.unique(known["week"].to_numpy())
    if fewer < LEAST_SESSIONS or len(weeks) < LEAST_WEEKS:
        need = f"{LEAST_SESSIONS} bright and {LEAST_SESSIONS} dark sessions in {LEAST_WEEKS} weeks, with {kind}"
        return replace(blank, reason=f"{need}, are needed; there are {len(kinds[0])} and {len(kinds[1])}")
    part, whole = _by(kinds, "week", weeks)
    means = part.sum(axis=0) / whole.sum(axis=0)
    left = without_each(part, whole)
    difference = float(means[0] - means[1])
    p_value = zero_p(np.array([difference]), jackknife_covariance(left[:, :1] - left[:, 1:]), len(weeks))
    days = np.unique(known["day"].to_numpy())
    part, whole = _by(kinds, "day", days)
    weights = day_weights(f"bright_{name}", len(days))
    sums = [weights @ one for one in (part, whole)]
    resampled = np.divide(sums[0], sums[1], out=np.full(sums[0].shape, np.nan), where=sums[1] > 0)
    low, high = percentile_interval(difference, resampled[:, 0] - resampled[:, 1])
    says = f"{said} ({unit}) is {means[0]:.3g} in bright sessions and {means[1]:.3g} in dark ones"
    return replace(blank, estimate=difference, low=low, high=high, p_value=p_value, says=says)


def _by(kinds: list[pd.DataFrame], unit: str, index: Ints) -> tuple[Floats, Floats]:
    sums = [summed(rows, unit, ["part", "whole"], index) for rows in kinds]
    return np.column_stack([one[:, 0] for one in sums]), np.column_stack([one[:, 1] for one in sums])
