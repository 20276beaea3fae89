"""The backtest: errors by their definition, nothing from the future, intervals that are tried on what came later."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.forecast import backtests
from models.forecast.backtest import Trial, try_out
from models.forecast.intervals import LEVELS, interval, offsets
from models.forecast.judging import judge
from models.forecast.series import RIDGE, SAME_WEEKDAY, TRAILING_MEAN, Series, read_days

ORIGINS = np.arange(60, 424, 2)


def series_of(invented, values):
    return read_days(invented.daily_rows(values), invented.as_of)["all"].series["listened_ms"]


def trial_of(same_weekday, trailing_mean, ridge, origins=ORIGINS):
    """A trial in which 0 came always, and each model was off by so much (a column an origin)."""
    shape = (len(origins), 14)
    made = {SAME_WEEKDAY: same_weekday, TRAILING_MEAN: trailing_mean, RIDGE: ridge}
    plain = Series("mean_energy", 0, np.zeros(500), (), (-np.inf, np.inf), False)
    return Trial(plain, origins, np.zeros(shape), {name: np.broadcast_to(off, shape) for name, off in made.items()})


@pytest.mark.parametrize(("model", "horizon"), [("trailing_mean", 3), ("same_weekday", 3), ("same_weekday", 9)])
def test_the_error_of_a_baseline_is_that_of_its_definition(invented, model, horizon):
    listened = invented.noise(300, 1).astype(np.int64).astype(float)
    listened[0] = np.nan  # the first day of a history is not known
    tested = backtests(invented.daily_rows(np.nan_to_num(listened)), as_of=invented.as_of - timedelta(days=1))
    row = tested[
        (tested["target"] == "listened_ms")
        & (tested["basis"] == "all")
        & (tested["model_name"] == model)
        & (tested["horizon_days"] == horizon)
    ].iloc[0]
    errors = []
    # The running day of an origin is unknown, so its two weeks begin a day later. 84 days are only learnt from.
    for origin in range(300 - 15, 84 - 1, -2):
        past = listened[:origin]
        week_before = origin + horizon - 7 * (1 + horizon // 7)
        while week_before >= origin:
            week_before -= 7
        foretold = np.nanmean(past[-28:]) if model == "trailing_mean" else past[week_before]
        errors.append(abs(foretold - listened[origin + horizon]))
    assert row["error_count"] == len(errors)
    assert row["mae"] == pytest.approx(np.mean(errors), rel=1e-12)


def test_mase_divides_by_the_mean_change_from_week_to_week_before_the_backtest(invented):
    listened = invented.noise(700, 2)
    tried = try_out(series_of(invented, listened))
    before = listened.astype(np.int64)[1 : tried.origins[0]]
    assert tried.origins[0] == 700 - 15 - 362
    assert tried.weekly_change() == pytest.approx(np.abs(before[7:] - before[:-7]).mean(), rel=1e-12)


def test_twelve_weeks_are_only_learnt_from_where_six_blocks_are_left(invented):
    first = [int(try_out(series_of(invented, invented.noise(count, 1))).origins[0]) for count in (266, 267, 268)]
    assert first == [29, 84, 85]


@pytest.mark.parametrize("day", [276, 280, 290])
def test_no_forecast_knows_of_its_running_day_or_later(invented, day):
    """A block of origins begins on day 275, so that its ridge must not learn from the days after."""
    listened = invented.weekly(400, 3)
    later = listened.copy()
    later[day:] = invented.noise(400 - day, 99) * 5
    one, two = (try_out(series_of(invented, values)) for values in (listened, later))
    assert 275 in one.origins[np.diff(one.blocks, prepend=-1) != 0]
    until = one.origins <= day
    assert until.sum() > 90
    for model, made in one.made.items():
        np.testing.assert_array_equal(made[until], two.made[model][until])
        assert not np.array_equal(made[~until], two.made[model][~until])


def test_ridge_is_better_only_by_more_than_two_percent_of_both():
    random = np.random.default_rng(4)
    off = random.uniform(0.9, 1.1, (len(ORIGINS), 14))
    other = random.uniform(0.9, 1.1, (len(ORIGINS), 14))
    assert judge(trial_of(off, off, 0.9 * other)).is_better
    assert judge(trial_of(off, off, 0.9 * other)).served == RIDGE
    assert not judge(trial_of(off, off, 0.99 * off)).is_better
    assert not judge(trial_of(off, 0.9 * other, 0.9 * other)).is_better
    assert not judge(trial_of(0.9 * other, off, 0.9 * other)).is_better


def test_a_gain_in_few_weeks_alone_is_not_shown():
    """Ten per cent on average, all of it in one block of thirteen."""
    gain = np.where((ORIGINS[-1] - ORIGINS) // 28 == 4, -1.3, 0.0)[:, None]
    noise = np.random.default_rng(5).uniform(0.9, 1.1, (len(ORIGINS), 14))
    assert not judge(trial_of(noise + 1, noise + 1, noise + 1 + gain)).is_better


def test_fewer_than_six_blocks_are_no_test():
    off = np.random.default_rng(6).uniform(0.9, 1.1, (70, 14))
    verdict = judge(trial_of(off, 2 * off, 0.1 * off, ORIGINS[:70]))
    assert (verdict.served, verdict.is_better) == (SAME_WEEKDAY, False)
    assert "5 blocks of four weeks are too few" in verdict.choice


@pytest.mark.parametrize(
    ("same", "trailing", "served"), [(1.0, 2.0, SAME_WEEKDAY), (2.0, 1.0, TRAILING_MEAN), (1.0, 1.0, TRAILING_MEAN)]
)
def test_else_the_better_baseline_is_served(same, trailing, served):
    assert judge(trial_of(same, trailing, 3.0)).served == served


def test_coverage_is_measured_on_what_came_after_the_errors_that_made_the_interval():
    """Errors grow a hundredfold in the newest block: intervals from before hold nothing of it."""
    random = np.random.default_rng(7)
    size = np.where((ORIGINS[-1] - ORIGINS) // 28 == 0, 100.0, 1.0)[:, None]
    off = size * random.uniform(1.0, 2.0, (len(ORIGINS), 14)) * random.choice([-1, 1], (len(ORIGINS), 14))
    tried = trial_of(off, off, off)
    inside = tried.inside(RIDGE)[1]
    assert np.nanmean(inside[tried.blocks == 0]) == 0
    assert np.nanmean(inside[(tried.blocks > 0) & (tried.blocks < 6)]) > 0.9
    assert np.isnan(inside[tried.blocks > 6]).all()


def test_the_ends_of_an_interval_are_ranks_of_the_errors():
    """Of 99 errors the 80 % interval leaves ten out at either end, the 95 % interval two."""
    errors = np.full((99, 14), np.nan)
    errors[:, 3] = np.random.default_rng(8).permutation(np.arange(1.0, 100.0))
    found = offsets(errors)
    np.testing.assert_array_equal(found[:7], [[10, 90, 2, 98]] * 7)
    assert np.isnan(found[7:]).all()


def test_fourteen_origins_with_errors_are_needed():
    errors = np.random.default_rng(9).normal(size=(14, 14))
    assert not np.isnan(offsets(errors)).any()
    errors[3] = np.nan
    assert np.isnan(offsets(errors)).all()


@given(st.integers(14, 60), st.integers(0, 10_000), st.sampled_from([0.3, 1.0, 4.0]))
def test_an_interval_holds_at_least_its_share_of_the_errors_that_made_it(count, seed, spread):
    errors = np.random.default_rng(seed).standard_t(3, (count, 14)) * spread
    found = offsets(errors)
    assert (found[:, 2] <= found[:, 0]).all() and (found[:, 1] <= found[:, 3]).all()
    for place, level in enumerate(LEVELS):
        low, high = found[5, 2 * place], found[5, 2 * place + 1]
        near = errors[:, 2:9]
        assert np.mean((near >= low) & (near <= high)) >= level


def test_an_interval_of_an_amount_grows_with_its_level_and_holds_the_forecast(invented):
    amount = series_of(invented, invented.noise(100, 10))
    offset = np.tile([-30.0, 30.0, -90.0, 90.0], (14, 1))
    small, large = interval(amount, np.array([[400.0] * 14, [1e6] * 14]), offset)[:, 0]
    np.testing.assert_allclose(small, [0, 2500, 0, 12100])
    np.testing.assert_allclose(large, [970**2, 1030**2, 910**2, 1090**2])
    rare = interval(amount, np.full((1, 14), 50.0), np.tile([-9.0, -8.0, -9.0, -7.0], (14, 1)))[0, 0]
    np.testing.assert_allclose(rare, [0, 50, 0, 50])
    often = interval(amount, np.full((1, 14), 50.0), np.tile([8.0, 9.0, 7.0, 9.0], (14, 1)))[0, 0]
    np.testing.assert_allclose(often, [50, (50**0.5 + 9) ** 2] * 2)


def test_a_weekly_rhythm_is_found_without_its_behaviour_telling(invented):
    """The habits of an invented listener are noise; with none of them the forecast stays as good."""
    series = series_of(invented, invented.weekly(500, 11))
    with_noise, without = (try_out(one) for one in (series, replace(series, behaviour=())))
    errors = [np.nanmean(one.errors(RIDGE)) for one in (with_noise, without)]
    assert errors[0] == pytest.approx(errors[1], rel=0.03)


def test_lagged_behaviour_is_used_where_it_foretells(invented):
    """Energy follows what share was skipped the week before."""
    random = np.random.default_rng(12)
    skips = np.repeat(random.uniform(0, 1, 90), 7)[:600]
    before = np.concatenate([skips[:7], skips[:-7]])
    energy = np.clip(0.3 + 0.4 * before + 0.03 * random.standard_normal(600), 0, 1)
    told = Series("mean_energy", 18_000, energy, (skips,), (0.0, 1.0), False)
    with_it, without = (try_out(one) for one in (told, replace(told, behaviour=())))
    first_week = [np.nanmean(one.errors(RIDGE)[:, :3]) for one in (with_it, without)]
    assert first_week[0] < 0.95 * first_week[1]


@pytest.mark.parametrize(("target", "other"), [("mean_valence", "mean_energy"), ("mean_energy", "mean_valence")])
def test_of_energy_and_valence_each_may_foretell_the_other(invented, target, other):
    random = np.random.default_rng(13)
    leads = np.repeat(random.uniform(0, 1, 90), 7)[:600]
    follows = np.clip(0.3 + 0.4 * np.concatenate([leads[:7], leads[:-7]]) + 0.03 * random.standard_normal(600), 0, 1)
    features = {target.removeprefix("mean_"): follows, other.removeprefix("mean_"): leads}
    days = invented.daily_rows(invented.noise(600, 13), **features)
    series = read_days(days, invented.as_of)["all"].series[target]
    with_it, without = (try_out(one) for one in (series, replace(series, behaviour=())))
    first_days = [np.nanmean(one.errors(RIDGE)[:, :3]) for one in (with_it, without)]
    assert first_days[0] < 0.95 * first_days[1]
