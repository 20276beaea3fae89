"""Rates over many listeners: whether intervals hold what comes, and how often nothing is taken for something.

`pytest -s` prints them.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from emulator.simulator import LAST_DAY, simulate
from models.forecast import backtests, forecasts
from models.forecast.backtest import try_out
from models.forecast.judging import judge
from models.forecast.series import Series

pytestmark = pytest.mark.long

SEEDS = range(24)


def simulated_days(seed, days, end):
    """Days of a simulated listener as they are known when `end` is past: listened time, mean energy and valence."""
    made = simulate(seed=seed, days=days, end=end, plays_per_day=30.0)
    plays = made.plays[made.plays["kind"] == "track"].merge(
        made.tracks[["track_id", "energy", "valence"]], on="track_id"
    )
    plays = plays.assign(
        played_date=plays["ended_at"].dt.tz_convert("Europe/Berlin").dt.date,
        energy=plays["energy"] * plays["ms_played"],
        valence=plays["valence"] * plays["ms_played"],
        is_skip=plays["skipped"].astype(int),
    )
    sums = plays.groupby("played_date").agg(
        listened_ms=("ms_played", "sum"),
        energy=("energy", "sum"),
        valence=("valence", "sum"),
        start_count=("ms_played", "size"),
        skip_count=("is_skip", "sum"),
        recording_count=("track_id", "nunique"),
    )
    dates = [end - timedelta(days=back) for back in range(days)][::-1]
    sums = sums.reindex(pd.Index(dates, name="played_date"), fill_value=0).reset_index()
    time = sums["listened_ms"].where(sums["listened_ms"] > 0)
    daily = sums.assign(
        mean_energy=sums["energy"] / time,
        mean_valence=sums["valence"] / time,
        play_count=sums["start_count"],
        artist_count=sums["recording_count"],
        measured_share=1.0,
        coverage=1.0,
    )
    return pd.concat([daily.assign(basis=basis) for basis in ("measured", "all")], ignore_index=True)


def share_inside(ahead, truth):
    """Share of the days of each target that each interval held."""
    came = truth.set_index("played_date")
    inside = []
    for target in ("listened_ms", "mean_energy", "mean_valence"):
        rows = ahead[(ahead["target"] == target) & (ahead["basis"] == "all")]
        actual = came[target].reindex(rows["forecast_date"]).to_numpy(dtype=float)
        for level in ("80", "95"):
            held = (actual >= rows[f"low_{level}"].to_numpy()) & (actual <= rows[f"high_{level}"].to_numpy())
            inside.append({"target": target, "level": level, "held": held[~np.isnan(actual)].mean()})
    return inside


def test_intervals_hold_what_then_comes_of_simulated_listeners_and_say_so():
    """Of what was simulated all but the last 15 days are known: the running day and the two weeks that are foretold."""
    held, stored = [], []
    as_of = LAST_DAY - timedelta(days=14)
    for seed in SEEDS:
        days = simulated_days(seed + 1, 500, LAST_DAY)
        known = days[days["played_date"] <= as_of]
        tested = backtests(known, as_of=as_of - timedelta(days=1))
        held += share_inside(forecasts(known, tested, as_of=as_of), days[days["basis"] == "all"])
        stored.append(tested[tested["is_served"] & (tested["horizon_days"] == 0) & (tested["basis"] == "all")])
    came = pd.DataFrame(held).groupby(["target", "level"])["held"].mean()
    said = pd.concat(stored).groupby("target")[["coverage_80", "coverage_95"]].mean()
    print(f"\n{came}\n{said}")
    for target in said.index:
        assert came[target, "80"] == pytest.approx(0.80, abs=0.08)
        assert came[target, "95"] == pytest.approx(0.95, abs=0.05)
        assert said.loc[target, "coverage_80"] == pytest.approx(0.80, abs=0.08)
        assert said.loc[target, "coverage_95"] == pytest.approx(0.95, abs=0.05)


@pytest.mark.parametrize(("shape", "days"), [(6.0, 500), (6.0, 1000), (3.0, 500)])
def test_measured_coverage_of_a_weekly_rhythm_is_80_percent(invented, shape, days):
    shares = []
    for seed in SEEDS:
        tested = backtests(
            invented.daily_rows(invented.weekly(days, seed, shape)), as_of=invented.as_of - timedelta(days=1)
        )
        rows = tested[(tested["target"] == "listened_ms") & (tested["basis"] == "all") & tested["is_served"]]
        shares.append(rows.loc[rows["horizon_days"] == 0, ["coverage_80", "coverage_95"]].iloc[0])
    mean = pd.DataFrame(shares).mean()
    print(f"\nshape {shape:g}, {days} days: {dict(mean.round(3))}")
    assert mean["coverage_80"] == pytest.approx(0.80, abs=0.08)
    assert mean["coverage_95"] == pytest.approx(0.95, abs=0.04)


def structureless(kind, count, seed):
    random = np.random.default_rng((seed, 21))
    amount = {
        "gamma": random.gamma(4.0, 900_000.0, count),
        "rare": np.where(random.random(count) < 0.4, 0.0, random.lognormal(15.0, 0.9, count)),
        "feature": np.clip(0.55 + 0.08 * random.standard_normal(count), 0, 1),
    }[kind]
    behaviour = tuple(0.4 + 0.1 * random.standard_normal(count) for _ in range(4))
    is_amount = kind != "feature"
    bounds = (0.0, np.inf) if is_amount else (0.0, 1.0)
    return Series("listened_ms" if is_amount else "mean_energy", 18_000 + seed, amount, behaviour, bounds, is_amount)


@pytest.mark.parametrize("count", [250, 500, 1000])
@pytest.mark.parametrize("kind", ["gamma", "rare", "feature"])
def test_nothing_is_seldom_taken_for_something(kind, count):
    """At most one in twenty, the level of the test; its 99 % limit for 100 listeners is 11."""
    claims = sum(judge(try_out(structureless(kind, count, seed))).is_better for seed in range(100))
    print(f"\n{kind}, {count} days: {claims} of 100 claims")
    assert claims <= 11


def test_a_strong_weekly_rhythm_is_found_in_two_years(invented):
    found = 0
    for seed in SEEDS:
        tested = backtests(invented.daily_rows(invented.weekly(730, seed)), as_of=invented.as_of - timedelta(days=1))
        found += tested[(tested["target"] == "listened_ms") & (tested["basis"] == "all")]["is_better"].any()
    print(f"\nfound in {found} of {len(SEEDS)}")
    assert found >= len(SEEDS) - 2
