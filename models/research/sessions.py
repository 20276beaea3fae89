"""A listener's sessions and their hours, read once for all questions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.days import days_since_epoch

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEATURES = ("valence", "energy", "danceability", "acousticness", "instrumentalness", "tempo")
LEAST_FEATURE_SHARE = 0.6
MINUTE_MS = 60_000
_SUMS = [
    "play_count", "measured_start_count", "measured_skip_count", "listened_ms", "feature_ms", "bright_ms",
    *(f"{name}_ms" for name in FEATURES),
]  # fmt: skip


@dataclass(frozen=True)
class Sessions:
    """hours: sums by day and hour of the local day; whole: one row a session, of the day and hour it begins in.

    Both have day (since 1970-01-01) and week (Monday's number, by whole weeks); whole has minutes and start_hour.
    """

    hours: pd.DataFrame
    whole: pd.DataFrame


def read_sessions(listening: pd.DataFrame) -> Sessions:
    """Sort and sum the rows of one listener."""
    day = days_since_epoch(listening["played_date"])
    rows = listening[["session_id", "hour_of_day", "started_ms", "ended_ms", *_SUMS]].assign(day=day)
    rows[[*_SUMS, "started_ms", "ended_ms"]] = rows[[*_SUMS, "started_ms", "ended_ms"]].astype(float)
    rows = rows.sort_values(["session_id", "started_ms", "day", "hour_of_day"], ignore_index=True)
    hours = rows.groupby(["day", "hour_of_day"], sort=True)[_SUMS].sum().reset_index()
    grouped = rows.groupby("session_id", sort=True)
    whole = grouped[_SUMS].sum().assign(
        day=grouped["day"].first(),
        start_hour=grouped["hour_of_day"].first(),
        minutes=(grouped["ended_ms"].max() - grouped["started_ms"].min()) / MINUTE_MS,
    )  # fmt: skip
    # 1970-01-01 was a Thursday: three days back is a Monday.
    return Sessions(*(frame.assign(week=(frame["day"] + 3) // 7) for frame in (hours, whole.reset_index(drop=True))))


def has_features(frame: pd.DataFrame) -> pd.Series[bool]:
    """Rows of which enough of the time has features."""
    enough: pd.Series[bool] = (frame["feature_ms"] >= LEAST_FEATURE_SHARE * frame["listened_ms"]) & (
        frame["feature_ms"] > 0
    )
    return enough


def summed(frame: pd.DataFrame, by: str, names: list[str], index: Ints) -> Floats:
    """Sums of the columns by `by`, a row for each element of index (0 where there is nothing)."""
    found: Floats = frame.groupby(by, sort=True)[names].sum().reindex(index, fill_value=0.0).to_numpy(dtype=float)
    return found
