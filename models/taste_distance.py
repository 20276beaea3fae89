"""How far apart the taste of two listeners is: by what share of their time they give to which artists."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.wellbeing.bootstrap import RESAMPLES, interval

Floats = NDArray[np.float64]

LEAST_DAYS, LEAST_PLAYS = 14, 100
NONE: dict[str, Any] = {
    "shared_artist_count": None, "shared_share": float("nan"), "taste_distance": float("nan"),
    "distance_low": float("nan"), "distance_high": float("nan"), "own_distance": float("nan"),
}  # fmt: skip


def js_distance(one: Floats, other: Floats) -> float:
    """Jensen-Shannon distance of two distributions, base 2: 0 where they are equal, 1 where nothing is shared.

    Square root of the divergence (Endres and Schindelin, IEEE Trans. Inf. Theory 49 (2003) 1858: a metric).
    """
    middle = (one + other) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(p > 0, p * np.log2(p / middle), 0.0).sum() / 2 for p in (one, other)]
    return float(np.sqrt(max(0.0, sum(parts))))


def compare_tastes(mine: pd.DataFrame, theirs: pd.DataFrame, names: tuple[str, str]) -> dict[str, Any]:
    """What two listeners share, and how far apart they are. Rows: day (int), artist_key, play_count, listened_ms.

    taste_distance: `js_distance` of the shares of time by artist, with a 95 % interval from resampling the days of
    both; own_distance: the same between the listener's own even and odd days, what chance and change alone make;
    shared_share: part of the listener's time that goes to artists whom both play. The names seed the resampling, so
    that the interval is the same whoever of the two asks.
    """
    for rows, who in ((mine, "the listener"), (theirs, "the other")):
        days, plays = rows["day"].nunique(), int(rows["play_count"].sum())
        if days < LEAST_DAYS or plays < LEAST_PLAYS:
            why = f"{who} has {plays} plays on {days} days; {LEAST_PLAYS} on {LEAST_DAYS} are needed"
            return {**NONE, "reason": why}
    artists = np.union1d(mine["artist_key"].unique(), theirs["artist_key"].unique())
    one, other = (_by_day(rows, artists) for rows in (mine, theirs))
    shares = [_shares(days.sum(axis=0)) for days in (one, other)]
    is_shared = (one.sum(axis=0) > 0) & (other.sum(axis=0) > 0)
    value = js_distance(*shares)
    draws = [_drawn(days, name) for days, name in zip((one, other), names, strict=True)]
    drawn = np.array([js_distance(*pair) for pair in zip(*draws, strict=True)])
    low, high = interval(value, drawn, min(len(one), len(other)), (0.0, 1.0))
    halves = [_shares(one[start::2].sum(axis=0)) for start in (0, 1)]
    return {
        "shared_artist_count": int(is_shared.sum()),
        "shared_share": float(shares[0][is_shared].sum()),
        "taste_distance": value,
        "distance_low": low,
        "distance_high": high,
        "own_distance": js_distance(*halves),
        "reason": None,
    }


def _by_day(rows: pd.DataFrame, artists: Any) -> Floats:
    """Time by day and artist; days in order."""
    days = np.unique(rows["day"].to_numpy())
    time = np.zeros((len(days), len(artists)))
    at = np.searchsorted(days, rows["day"].to_numpy()), np.searchsorted(artists, rows["artist_key"].to_numpy())
    np.add.at(time, at, rows["listened_ms"].to_numpy(float))
    return time


def _shares(time: Floats) -> Floats:
    total = float(time.sum())
    return time / total if total > 0 else time


def _drawn(days: Floats, name: str) -> Floats:
    """Shares by artist in each resample of the days: RESAMPLES x artists."""
    digest = hashlib.sha256(f"{name}:{len(days)}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    weights = rng.multinomial(len(days), np.full(len(days), 1 / len(days)), size=RESAMPLES).astype(float)
    sums = weights @ days
    return np.asarray(sums / np.maximum(sums.sum(axis=1, keepdims=True), 1.0))
