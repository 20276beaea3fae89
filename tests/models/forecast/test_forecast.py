"""Forecasts of invented listeners: baselines by their definition, holes, short and strange histories."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from models.forecast import HORIZONS, TARGETS, backtests, forecasts

DAY = timedelta(days=1)
SAME = ["basis", "target", "horizon_days"]


def both(days, as_of):
    tested = backtests(days, as_of=as_of - DAY)
    return tested, forecasts(days, tested, as_of=as_of)


def of(rows, target, basis="all"):
    return rows[(rows["target"] == target) & (rows["basis"] == basis)]


def test_there_is_a_row_for_each_basis_target_and_day_of_the_next_two_weeks(invented):
    _, ahead = both(invented.daily_rows(invented.noise(150, 1)), invented.as_of)
    days = [invented.as_of + timedelta(days=horizon) for horizon in range(1, HORIZONS + 1)]
    for basis in ("measured", "all"):
        for target in TARGETS:
            assert list(of(ahead, target, basis)["forecast_date"]) == days


def test_a_forecast_without_rhythm_is_the_mean_of_the_last_28_days(invented):
    listened = invented.noise(200, 2)
    _, ahead = both(invented.daily_rows(listened), invented.as_of)
    rows = of(ahead, "listened_ms")
    assert set(rows["served_model"]) == {"trailing_mean"}
    assert not rows["is_better"].any()
    # The day before the running one is known, and the running one (123 ms) is not read.
    expected = listened.astype(np.int64)[-28:].mean()
    np.testing.assert_allclose(rows["forecast_value"], expected, rtol=1e-12)


def test_same_weekday_is_served_where_weeks_repeat_and_is_the_newest_known_one(invented):
    weekday = invented.weekdays(120)
    listened = np.where(weekday == 6, 9e6, 1e6 * (1 + weekday))
    coverage = np.ones(120)
    coverage[-1] = coverage[-2] = 0.5  # last Saturday and Friday are unknown: the ones before count
    _, ahead = both(invented.daily_rows(listened, coverage=coverage), invented.as_of)
    rows = of(ahead, "listened_ms")
    expected = [9e6 if day.weekday() == 6 else 1e6 * (1 + day.weekday()) for day in rows["forecast_date"]]
    assert set(rows["served_model"]) == {"same_weekday"}
    np.testing.assert_allclose(rows["forecast_value"], expected, rtol=1e-12)


def test_ridge_is_served_for_a_strong_rhythm_and_follows_it(invented):
    _, ahead = both(invented.daily_rows(invented.weekly(500, 3)), invented.as_of)
    rows = of(ahead, "listened_ms")
    assert set(rows["served_model"]) == {"ridge"} and rows["is_better"].all()
    weekday = [day.weekday() for day in rows["forecast_date"]]
    truth = 3_600_000 * np.array([0.7, 0.7, 0.8, 0.8, 1.2, 1.6, 1.2])[weekday]
    assert np.abs(rows["forecast_value"] / truth - 1).max() < 0.25
    assert (rows["mae"] < rows["trailing_mean_mae"]).all() and (rows["mae"] < rows["same_weekday_mae"]).all()


def test_unobserved_days_are_missing_and_not_zero(invented):
    listened = invented.noise(200, 4)
    coverage = np.ones(200)
    coverage[::3] = 0.0
    lost = np.where(coverage > 0, listened, 0)
    _, ahead = both(invented.daily_rows(lost, coverage=coverage), invented.as_of)
    rows = of(ahead, "listened_ms")
    known = listened.astype(np.int64)[-28:][coverage[-28:] > 0]
    np.testing.assert_allclose(rows["forecast_value"], known.mean(), rtol=1e-12)
    # Day 0 is both the first of the history and unobserved.
    assert set(rows["fitted_days"]) == {int((coverage > 0).sum())}


def test_a_day_less_than_80_percent_observed_is_unknown(invented):
    coverage = np.full(200, 0.8)
    coverage[-28:-14] = 0.79
    listened = np.where(coverage < 0.8, 1e9, invented.noise(200, 5))
    _, ahead = both(invented.daily_rows(listened, coverage=coverage), invented.as_of)
    assert of(ahead, "listened_ms")["forecast_value"].max() < 1e8


@pytest.mark.parametrize(("count", "is_told"), [(84, False), (85, True)])
def test_84_known_days_are_needed_without_the_first(invented, count, is_told):
    _, ahead = both(invented.daily_rows(invented.noise(count, 6)), invented.as_of)
    rows = of(ahead, "listened_ms")
    assert rows["forecast_value"].notna().all() == is_told
    if not is_told:
        assert set(rows["reason"]) == {"needs at least 84 days with a value; there are 83"}
        assert rows[["low_80", "high_80", "low_95", "high_95", "mae", "coverage_80"]].isna().all(axis=None)


def test_the_last_day_of_an_ended_history_is_not_read(invented):
    """It may have ended at noon."""
    days = invented.daily_rows(invented.noise(200, 7))
    ended = days[days["played_date"] < invented.as_of].copy()
    ended.loc[ended["played_date"] == invented.as_of - DAY, "listened_ms"] = 10**12
    _, ahead = both(ended, invented.as_of)
    assert of(ahead, "listened_ms")["forecast_value"].max() < 1e8


def test_nothing_is_told_where_the_last_weeks_are_unknown(invented):
    coverage = np.ones(300)
    coverage[-20:] = 0.0
    tested, ahead = both(invented.daily_rows(invented.noise(300, 8), coverage=coverage), invented.as_of)
    assert set(ahead["reason"]) == {"only 8 of the last 28 days have a value; 14 are needed"}
    assert of(tested, "listened_ms")["mae"].notna().all()


def test_nothing_is_told_where_no_forecast_was_tried(invented):
    days = invented.daily_rows(invented.noise(200, 9))
    tested = backtests(days, as_of=invented.as_of - DAY)
    ahead = forecasts(days, tested.iloc[:0], as_of=invented.as_of)
    assert set(ahead["reason"]) == {"forecasts were not yet tried on enough of the past"}
    assert ahead["forecast_value"].isna().all()


def test_listened_time_is_the_same_on_both_bases_and_features_are_not(invented):
    energy = invented.feature_noise(200, 10)
    few = np.where(np.arange(200) % 4 == 0, energy, np.nan)
    days = invented.daily_rows(invented.noise(200, 10), energy, measured_energy=few)
    tested, ahead = both(days, invented.as_of)
    for rows, key in ((tested, ["model_name", "horizon_days"]), (ahead, ["horizon_days"])):
        measured, every = (
            of(rows, "listened_ms", basis).set_index(key).drop(columns="basis") for basis in ("measured", "all")
        )
        pd.testing.assert_frame_equal(measured, every)
    assert of(ahead, "mean_energy", "all")["forecast_value"].notna().all()
    assert set(of(ahead, "mean_energy", "measured")["reason"]) == {"needs at least 84 days with a value; there are 49"}


def test_a_day_without_music_counts_as_no_time_and_has_no_mood(invented):
    listened = np.where(np.arange(210) % 7 < 3, invented.noise(210, 11), 0)
    _, ahead = both(invented.daily_rows(listened), invented.as_of)
    assert set(of(ahead, "listened_ms")["fitted_days"]) == {209}
    assert set(of(ahead, "mean_energy")["fitted_days"]) == {89}


@pytest.mark.parametrize("level", [0.0, 5_000_000.0])
def test_what_never_changes_is_foretold_as_it_is(invented, level):
    tested, ahead = both(invented.daily_rows(np.full(300, level)), invented.as_of)
    rows = of(ahead, "listened_ms")
    for name in ("forecast_value", "low_95", "low_80", "high_80", "high_95"):
        np.testing.assert_allclose(rows[name], level, rtol=1e-9)
    assert not tested["is_better"].any()
    told = of(tested, "listened_ms")
    assert (told["mae"] == 0).all() and told["mase"].isna().all()
    assert (told.loc[told["horizon_days"] == 0, "coverage_95"] == 1).all()


def test_weeks_of_silence_give_possible_values(invented):
    listened = invented.noise(300, 12)
    listened[100:130] = listened[250:271] = 0
    _, ahead = both(invented.daily_rows(listened), invented.as_of)
    rows = of(ahead, "listened_ms")
    ends = rows[["low_95", "low_80", "forecast_value", "high_80", "high_95"]].to_numpy()
    assert (ends >= 0).all() and (np.diff(ends, axis=1) >= 0).all()


def test_features_stay_between_0_and_1(invented):
    energy = np.clip(np.random.default_rng(13).normal(0.97, 0.2, 200), 0, 1)
    _, ahead = both(invented.daily_rows(invented.noise(200, 13), energy), invented.as_of)
    ends = of(ahead, "mean_energy")[["low_95", "low_80", "forecast_value", "high_80", "high_95"]].to_numpy()
    assert ends.min() >= 0 and ends.max() <= 1 and (np.diff(ends, axis=1) >= 0).all()


def test_the_order_of_rows_changes_nothing_and_twice_is_the_same_to_the_bit(invented):
    days = invented.daily_rows(invented.weekly(300, 14), invented.feature_noise(300, 14))
    first = both(days, invented.as_of)
    shuffled = days.sample(frac=1, random_state=3)
    for again in (both(days, invented.as_of), both(shuffled, invented.as_of)):
        for one, other in zip(first, again, strict=True):
            pd.testing.assert_frame_equal(one, other, check_exact=True)
    tested, ahead = first
    mixed = forecasts(days, tested.sample(frac=1, random_state=4), as_of=invented.as_of)
    pd.testing.assert_frame_equal(ahead, mixed, check_exact=True)


def test_days_older_than_three_years_change_nothing(invented):
    listened = invented.noise(1500, 15)
    other = np.concatenate([listened[:400] * 7, listened[400:]])
    for one, two in zip(
        *(both(invented.daily_rows(values, seed=1), invented.as_of) for values in (listened, other)), strict=True
    ):
        pd.testing.assert_frame_equal(one, two)
