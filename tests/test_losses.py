"""Is a play ever lost? Polls of the emulator on a bad day, by the real collection and build, against the truth."""

from __future__ import annotations

import importlib.util
import sys
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from emulator.simulator import Simulation, simulate
from engine.session import open_session

PLAYS_PER_DAY = 240.0  # much music in few days, since it is the polls that take time


def _bench() -> ModuleType:
    """bench/losses.py, which is a script and no part of the package."""
    path = Path(__file__).parent.parent / "bench" / "losses.py"
    spec = importlib.util.spec_from_file_location("losses", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["losses"] = module  # its dataclasses look for it there
    spec.loader.exec_module(module)
    return module


bench = _bench()


def simulation_of(days: int, plays_per_day: float = PLAYS_PER_DAY) -> Simulation:
    return simulate(seed=1, days=days, plays_per_day=plays_per_day)


def assert_nothing_is_lost_unseen(found: Any) -> None:
    assert (found.missing_of_offered, found.doubled, found.lost_unnoticed) == (0, 0, 0)
    assert found.kept == found.offered
    assert found.lost == found.made - found.kept == found.lost_in_gaps + found.lost_late


def test_polls_every_twenty_minutes_lose_nothing_but_in_a_long_outage_which_leaves_a_gap(spark, tmp_path):
    off, down = bench.Outage(begins_h=9, lasts_h=9), bench.Outage(begins_h=7, lasts_h=0.5, is_spotify=True)
    observed = bench.observe(tmp_path, simulation_of(1), 20, (off, down), afterwards=timedelta(hours=2))
    found = bench.losses(spark, observed, 20)
    assert_nothing_is_lost_unseen(found)
    assert found.failed_polls >= 2
    assert (found.gaps, found.empty_gaps, found.lost_late) == (1, 0, 0)
    assert found.lost == found.lost_in_gaps > 0


def test_what_six_hours_between_polls_lose_lies_in_declared_gaps_and_an_export_brings_it_back(spark, tmp_path):
    simulation = simulation_of(3)
    observed = bench.observe(tmp_path, simulation, 360, ())
    found = bench.losses(spark, observed, 360)
    assert_nothing_is_lost_unseen(found)
    assert found.lost > 50 and found.gaps > 1
    statuses = observed.table("coverage")["status"].value_counts()
    assert statuses["suspected_gap"] >= found.gaps

    exact = bench.restored(spark, observed, simulation, tmp_path)
    assert (exact.absent, exact.surplus, exact.open_gaps) == (0, 0, 0)
    assert exact.made == (simulation.plays["kind"] == "track").sum()
    assert "suspected_gap" not in set(observed.table("coverage")["status"])


@pytest.mark.long
@pytest.mark.parametrize("minutes", bench.INTERVALS)
def test_thirty_days_of_polls_lose_nothing_unseen_and_an_export_makes_them_whole(settings, tmp_path, minutes):
    simulation = simulation_of(bench.DAYS, bench.PLAYS_PER_DAY)
    observed = bench.observe(tmp_path, simulation, minutes)
    with open_session(settings) as spark:  # not the shared one: the engine closes it while these polls take minutes
        found = bench.losses(spark, observed, minutes)
        exact = bench.restored(spark, observed, simulation, tmp_path)
    assert_nothing_is_lost_unseen(found)
    assert minutes > 20 or found.empty_gaps == 0
    assert exact.is_exact and exact.made == (simulation.plays["kind"] == "track").sum()
