"""Builders of listening: a test names only the columns that it is about."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest


def _plays(ends: Any, *, offset_minutes: Any = 0, **columns: Any) -> pd.DataFrame:
    local = np.asarray(ends, dtype="datetime64[ms]")
    offset = np.broadcast_to(np.asarray(offset_minutes, dtype=np.int64), local.shape)
    count = len(local)
    values: dict[str, Any] = {
        "played_at": pd.to_datetime(local - offset.astype("timedelta64[m]"), utc=True),
        "played_date": pd.Series(local.astype("datetime64[D]").astype(object), dtype=object),
        "hour_of_day": local.astype("datetime64[h]").astype(np.int64) % 24,
        "minute_of_day": (local - local.astype("datetime64[D]")) / np.timedelta64(1, "m"),
        "utc_offset_minutes": offset,
        "listened_ms": 180_000,
        "is_counted": True,
        "is_skip": False,
        "has_measured_time": True,
        "recording_id": [f"recording {number}" for number in range(count)],
        "artist_name": "An artist",
        "session_id": [f"session {number}" for number in range(count)],
        "valence": 0.5,
        "energy": 0.5,
        "is_synthetic": False,
    }
    return pd.DataFrame({**values, **columns})


def _days(first: date, count: int, **columns: Any) -> pd.DataFrame:
    dates = pd.Series([first + timedelta(days=number) for number in range(count)], dtype=object)
    values = {"played_date": dates, "covered_hours": 24.0, "day_hours": 24.0, "from_full_archive": True}
    return pd.DataFrame({**values, **columns})


def _row(frame: pd.DataFrame, indicator: str, week: date | None = None) -> pd.Series:
    chosen = frame[frame["indicator"] == indicator]
    return chosen.iloc[-1] if week is None else chosen[chosen["week_start"] == week].iloc[0]


@pytest.fixture(scope="session")
def plays() -> Callable[..., pd.DataFrame]:
    """Starts from local ends; every play its own recording and session unless named."""
    return _plays


@pytest.fixture(scope="session")
def days() -> Callable[..., pd.DataFrame]:
    """Wholly observed days from a date on."""
    return _days


@pytest.fixture(scope="session")
def row() -> Callable[..., pd.Series]:
    """One indicator's row, of the last week unless named."""
    return _row
