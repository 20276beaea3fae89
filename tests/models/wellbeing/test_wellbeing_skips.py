"""Skips against the recordings' own rates."""

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pytest

from models.wellbeing import wellbeing_indicators

Build = Callable[..., Any]
MONDAY = date(2024, 1, 1)


def starts(plays: Build, count: int = 900, seed: int = 1) -> Any:
    """Measured starts over eight weeks, of 30 recordings with rates of their own."""
    rng = np.random.default_rng(seed)
    day, recording = np.sort(rng.integers(0, 56, count)), rng.integers(0, 30, count)
    when = np.datetime64("2024-01-01T10:00", "ms") + (day * 1440 + np.arange(count) % 600).astype("timedelta64[m]")
    skipped = rng.random(count) < recording / 40
    return plays(when, recording_id=[f"r{number}" for number in recording], is_skip=skipped, is_counted=~skipped)


def test_skips_compare_with_the_recordings_own_rates_outside(plays: Build, days: Build, row: Build) -> None:
    table = starts(plays)
    frame = wellbeing_indicators(table, days(MONDAY, 56), basis="all", as_of=date(2024, 2, 25))
    found = row(frame, "relative_skip_rate")
    inside, outside = (table[table["played_date"].ge(date(2024, 1, 29)) == side] for side in (True, False))
    mean, difference = outside["is_skip"].mean(), 0.0
    for name, skipped in zip(inside["recording_id"], inside["is_skip"], strict=True):
        own = outside[outside["recording_id"] == name]["is_skip"]
        difference += skipped - (own.sum() + 10 * mean) / (len(own) + 10)
    assert found["value"] == pytest.approx(difference / len(inside))
    assert found["sample_size"] == len(inside)
    assert found["low"] < found["value"] < found["high"]


def test_unmeasured_starts_are_no_evidence(plays: Build, days: Build, row: Build) -> None:
    table = starts(plays)
    table["has_measured_time"] = np.arange(len(table)) < 600
    found = row(
        wellbeing_indicators(table, days(MONDAY, 56), basis="all", as_of=date(2024, 2, 25)), "relative_skip_rate"
    )
    measured = table[(table["played_date"] >= date(2024, 1, 29)) & table["has_measured_time"]]
    assert found["sample_size"] == len(measured)


def test_few_starts_in_or_outside_the_window_say_so(plays: Build, days: Build, row: Build) -> None:
    few = wellbeing_indicators(starts(plays, 190), days(MONDAY, 56), basis="all", as_of=date(2024, 2, 25))
    alone = starts(plays)
    alone = alone[alone["played_date"] < date(2024, 1, 29)]
    first = wellbeing_indicators(alone, days(MONDAY, 56), basis="all", as_of=date(2024, 1, 28))
    assert "Needs at least 100 starts with measured time" in row(few, "relative_skip_rate")["reason"]
    assert "outside this window" in row(first, "relative_skip_rate")["reason"]
