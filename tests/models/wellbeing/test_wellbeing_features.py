"""Centres, daily rhythm of valence, energy inertia."""

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.wellbeing import wellbeing_indicators
from models.wellbeing.bootstrap import ratio_row
from models.wellbeing.rows import INDICATORS, Window

Build = Callable[..., Any]
MONDAY = date(2024, 1, 1)
START = np.datetime64("2024-01-01T00:00", "ms")


def at(day: Any, hour: Any) -> Any:
    """Local time from a day number of the test and an hour."""
    minutes = np.round(np.asarray(day) * 1440.0 + np.asarray(hour) * 60.0, 3)
    return START + (minutes * 60_000).astype("timedelta64[ms]")


def test_the_centre_weights_by_time(plays: Build, days: Build, row: Build) -> None:
    table = plays(at(range(10), 12), valence=[0.2] * 5 + [0.8] * 5, listened_ms=[100_000] * 5 + [300_000] * 5)
    found = row(wellbeing_indicators(table, days(MONDAY, 14), basis="all", as_of=date(2024, 1, 14)), "valence_centre")
    assert found["value"] == pytest.approx((0.2 * 1 + 0.8 * 3) / 4)
    assert (found["sample_size"], found["window_start"], found["window_end"]) == (
        10, date(2023, 12, 18), date(2024, 1, 14),
    )  # fmt: skip
    assert 0.2 < found["low"] < found["value"] < found["high"] <= 0.8 + 0.1


def test_starts_that_do_not_count_leave_the_centre_alone(plays: Build, days: Build, row: Build) -> None:
    table = plays(at(range(20), 12), energy=[0.4] * 10 + [1.0] * 10, is_counted=[True] * 10 + [False] * 10)
    found = row(wellbeing_indicators(table, days(MONDAY, 20), basis="all", as_of=date(2024, 1, 20)), "energy_centre")
    assert (found["value"], found["low"], found["high"]) == pytest.approx((0.4, 0.4, 0.4))


def test_synthetic_features_count_on_basis_all_alone(plays: Build, days: Build, row: Build) -> None:
    synthetic = [True] * 6 + [False] * 10
    table = plays(at(range(16), 12), valence=[0.9] * 6 + [0.3] * 10, is_synthetic=synthetic)
    measured, everything = (
        row(wellbeing_indicators(table, days(MONDAY, 16), basis=basis, as_of=date(2024, 1, 16)), "valence_centre")
        for basis in ("measured", "all")
    )
    assert measured["value"] == pytest.approx(0.3)
    assert everything["value"] == pytest.approx((6 * 0.9 + 10 * 0.3) / 16)


def test_less_than_sixty_percent_of_time_or_ten_days_gives_no_centre(plays: Build, days: Build, row: Build) -> None:
    unknown = [np.nan] * 8 + [0.5] * 10
    thin = wellbeing_indicators(
        plays(at(range(18), 12), valence=unknown), days(MONDAY, 18), basis="all", as_of=date(2024, 1, 18)
    )
    short = wellbeing_indicators(plays(at(range(9), 12)), days(MONDAY, 9), basis="all", as_of=date(2024, 1, 9))
    assert np.isnan(row(thin, "valence_centre")["value"])
    assert "56%" in row(thin, "valence_centre")["reason"]
    assert row(thin, "energy_centre")["value"] == pytest.approx(0.5)
    assert np.isnan(row(short, "valence_centre")["value"])
    assert row(short, "valence_centre")["reason"] == "Needs at least 10 days with features; this window has 9."


def test_intervals_hold_the_truth_for_few_days() -> None:
    held = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        time = rng.gamma(2.0, 30.0, 12)
        found = ratio_row(
            INDICATORS["valence_centre"], Window(7 * seed, 0, 27), 12, time * rng.normal(0.5, 0.1, 12), time, ""
        )
        held.append(found.low <= 0.5 <= found.high)
    assert 0.92 <= np.mean(held) <= 0.99


def two_humps(seed: int, amplitude: float, phase: float) -> tuple[Any, Any]:
    """Twelve weeks of sessions in the morning and the evening; valence follows the clock, the day and chance."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(84), rng.integers(1, 5, 84))
    hour = np.where(rng.random(len(day)) < 0.4, rng.normal(8, 1.2, len(day)), rng.normal(20, 1.5, len(day)))
    hour = np.clip(hour, 0.5, 23.4)
    middle = at(day, hour)
    clock = (middle - middle.astype("datetime64[D]")) / np.timedelta64(1, "h")
    planted = 0.5 + amplitude * np.cos(2 * np.pi * (clock - phase) / 24)
    return middle, planted + rng.normal(0, 0.06, 84)[day] + rng.normal(0, 0.12, len(day))


def rhythm(plays: Build, days: Build, seed: int, amplitude: float, phase: float) -> pd.DataFrame:
    """The indicators of the planted listening, on its last day."""
    middle, valence = two_humps(seed, amplitude, phase)
    table = plays(middle + np.timedelta64(90, "s"), valence=valence)
    return wellbeing_indicators(table, days(MONDAY, 84), basis="all", as_of=date(2024, 3, 24))


def test_a_planted_rhythm_is_found_as_least_squares_has_it(plays: Build, days: Build, row: Build) -> None:
    middle, valence = two_humps(1, 0.15, 15.0)
    clock = (middle - middle.astype("datetime64[D]")) / np.timedelta64(1, "h")
    angle = 2 * np.pi * clock / 24
    design = np.column_stack([np.ones(len(angle)), np.cos(angle), np.sin(angle)])
    _, cosine, sine = np.linalg.lstsq(design, valence, rcond=None)[0]
    found = rhythm(plays, days, 1, 0.15, 15.0)
    amplitude, phase = row(found, "diurnal_amplitude"), row(found, "diurnal_phase_hours")
    assert amplitude["value"] == pytest.approx(np.hypot(cosine, sine), abs=1e-9)
    assert phase["value"] == pytest.approx(np.arctan2(sine, cosine) * 12 / np.pi % 24, abs=1e-9)
    assert amplitude["sample_size"] == len(middle)
    assert amplitude["low"] <= 0.15 <= amplitude["high"] < 0.3
    assert phase["low"] <= 15.0 <= phase["high"] < phase["low"] + 6


def test_the_wald_test_refits_without_each_day(plays: Build, days: Build) -> None:
    from scipy.stats import f

    from models.wellbeing.features import _daily_sums, wald_p
    from models.wellbeing.history import read_history
    from models.wellbeing.sessions import sessions_of

    middle, valence = two_humps(3, 0.03, 9.0)
    history = read_history(
        plays(middle + np.timedelta64(90, "s"), valence=valence), days(MONDAY, 84), "all", date(2024, 3, 24)
    )
    assert history is not None
    sums = _daily_sums(history, sessions_of(history)).chosen(slice(0, 84))
    gram = sums.xx.sum(axis=0)
    found = wald_p(sums, gram, np.linalg.solve(gram, sums.xy.sum(axis=0)))

    midnight = middle.astype("datetime64[D]")
    angle = (middle - midnight) / np.timedelta64(1, "h") * np.pi / 12
    design = np.column_stack([np.ones(len(angle)), np.cos(angle), np.sin(angle)])
    beta = np.linalg.lstsq(design, valence, rcond=None)[0]
    nights, spread = np.unique(midnight), np.zeros((2, 2))
    for night in nights:
        others = midnight != night
        moved = np.linalg.lstsq(design[others], valence[others], rcond=None)[0] - beta
        spread += np.outer(moved[1:], moved[1:])
    count = len(nights)
    squared = beta[1:] @ np.linalg.inv(spread * (count - 1) / count) @ beta[1:]
    assert found == pytest.approx(f.sf(squared * (count - 2) / (2 * (count - 1)), 2, count - 2), rel=1e-8)


def test_a_phase_by_midnight_keeps_its_interval_in_order(plays: Build, days: Build, row: Build) -> None:
    phase = row(rhythm(plays, days, 5, 0.2, 23.9), "diurnal_phase_hours")
    assert 0 <= phase["value"] < 24
    assert phase["low"] <= phase["value"] <= phase["high"]
    assert phase["low"] < 0 or phase["high"] > 24


def test_few_sessions_and_one_time_of_day_give_no_rhythm(plays: Build, days: Build, row: Build) -> None:
    few = wellbeing_indicators(plays(at(range(49), 12)), days(MONDAY, 49), basis="all", as_of=date(2024, 2, 18))
    same = wellbeing_indicators(
        plays(at(range(60), 12), valence=np.linspace(0, 1, 60)), days(MONDAY, 60), basis="all", as_of=date(2024, 2, 29)
    )
    assert "this window has 49" in row(few, "diurnal_amplitude")["reason"]
    assert "times of day" in row(same, "diurnal_phase_hours")["reason"]
    assert np.isnan(row(same, "diurnal_amplitude")["value"])


@pytest.mark.long
def test_without_a_rhythm_few_are_claimed(plays: Build, days: Build, row: Build) -> None:
    found = [row(rhythm(plays, days, seed, 0.0, 0.0), "diurnal_amplitude")["reason"] is None for seed in range(400)]
    print("false claims:", np.mean(found))
    assert np.mean(found) <= 0.075


@pytest.mark.long
def test_amplitude_and_phase_hold_the_truth_together(plays: Build, days: Build, row: Build) -> None:
    held = []
    for seed in range(400):
        frame = rhythm(plays, days, seed, 0.12, 16.0)
        amplitude, phase = row(frame, "diurnal_amplitude"), row(frame, "diurnal_phase_hours")
        if amplitude["reason"] is None:
            inside = amplitude["low"] <= 0.12 <= amplitude["high"]
            held.append(inside and any(phase["low"] <= 16.0 + turn <= phase["high"] for turn in (-24, 0, 24)))
    print("joint coverage:", np.mean(held), "of", len(held))
    assert len(held) >= 380
    assert np.mean(held) >= 0.925


def test_inertia_is_the_correlation_with_the_day_before(plays: Build, days: Build, row: Build) -> None:
    rng = np.random.default_rng(4)
    energy = np.full(120, 0.5)
    for day in range(1, 120):
        energy[day] = 0.5 + 0.7 * (energy[day - 1] - 0.5) + rng.normal(0, 0.05)
    heard = [day for day in range(120) if day not in (30, 31, 77)]
    table = plays(at(heard, 12), energy=energy[heard])
    found = row(wellbeing_indicators(table, days(MONDAY, 120), basis="all", as_of=date(2024, 4, 29)), "energy_inertia")
    mean = energy[heard].mean()
    pairs = [(energy[day], energy[day + 1]) for day in heard if day + 1 in heard]
    products = np.mean([(one - mean) * (other - mean) for one, other in pairs])
    assert found["value"] == pytest.approx(products / np.mean((energy[heard] - mean) ** 2))
    assert found["sample_size"] == 117
    assert -1 <= found["low"] < found["value"] < found["high"] <= 1


def test_inertia_needs_sixty_covered_days(plays: Build, days: Build, row: Build) -> None:
    table = plays(at(range(70), 12), energy=np.linspace(0.2, 0.8, 70))
    hours = [10.0] * 11 + [24.0] * 59
    frame = wellbeing_indicators(table, days(MONDAY, 70, covered_hours=hours), basis="all", as_of=date(2024, 3, 10))
    assert "this window has 59" in row(frame, "energy_inertia")["reason"]
