"""Days of invented listeners, as rows of daily_listening."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from models.threads import one_thread

AS_OF = date(2026, 11, 1)  # a Sunday
WEEK = np.array([0.7, 0.7, 0.8, 0.8, 1.2, 1.6, 1.2])  # from Monday
HOUR_MS = 3_600_000


def weekdays(count: int) -> np.ndarray:
    """Weekday (0 Monday) of each of the `count` days before AS_OF."""
    return np.array([(AS_OF - timedelta(days=int(back))).weekday() for back in range(count, 0, -1)])


def daily_rows(
    listened_ms: np.ndarray,
    energy: np.ndarray | None = None,
    valence: np.ndarray | None = None,
    *,
    coverage: np.ndarray | None = None,
    measured_energy: np.ndarray | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """The days before AS_OF on both bases, the last one a stub of AS_OF itself, with habits that foretell nothing."""
    count = len(listened_ms)
    random = np.random.default_rng((seed, 77))
    half = np.full(count, 0.5)
    energy, valence = (half if values is None else values for values in (energy, valence))
    heard = listened_ms > 0
    starts = np.where(heard, 60, 0)
    days = pd.DataFrame(
        {
            "played_date": [AS_OF - timedelta(days=back) for back in range(count, 0, -1)],
            "start_count": starts,
            "skip_count": random.binomial(starts, 0.2),
            "play_count": np.where(heard, 48, 0),
            "listened_ms": listened_ms.astype(np.int64),
            "measured_share": np.where(heard, 0.8, np.nan),
            "coverage": np.ones(count) if coverage is None else coverage,
            "artist_count": np.where(heard, random.integers(10, 30, count), 0),
            "recording_count": np.where(heard, random.integers(30, 48, count), 0),
        }
    )
    today = days.tail(1).assign(played_date=AS_OF, listened_ms=123, coverage=0.5)
    days = pd.concat([days, today], ignore_index=True)
    frames = []
    for basis in ("measured", "all"):
        own = energy if basis == "all" or measured_energy is None else measured_energy
        features = {
            "mean_energy": np.append(np.where(heard, own, np.nan), 0.9),
            "mean_valence": np.append(np.where(heard, valence, np.nan), 0.9),
        }
        frames.append(days.assign(basis=basis, **features))
    return pd.concat(frames, ignore_index=True)


def noise(count: int, seed: int) -> np.ndarray:
    """Listened time that nothing foretells: a gamma around an hour."""
    return np.random.default_rng((seed, 1)).gamma(4.0, 0.25, count) * HOUR_MS


def weekly(count: int, seed: int, shape: float = 6.0) -> np.ndarray:
    """Listened time with a weekly rhythm, as noisy as the shape is small."""
    return np.random.default_rng((seed, 2)).gamma(shape, 1 / shape, count) * HOUR_MS * WEEK[weekdays(count)]


def feature_noise(count: int, seed: int) -> np.ndarray:
    """Daily means of a feature that nothing foretells."""
    return np.clip(0.55 + 0.08 * np.random.default_rng((seed, 3)).standard_normal(count), 0, 1)


@pytest.fixture(autouse=True)
def _on_one_thread() -> Iterator[None]:
    """As the tables are made."""
    with one_thread():
        yield


@pytest.fixture(scope="session")
def invented() -> SimpleNamespace:
    """The makers of days above, by name, and the day of the build."""
    return SimpleNamespace(
        as_of=AS_OF, daily_rows=daily_rows, noise=noise, weekly=weekly, feature_noise=feature_noise, weekdays=weekdays
    )
