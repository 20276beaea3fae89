"""Diversity, repetition, discovery, rediscovery."""

import math
import random
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.wellbeing import wellbeing_indicators
from models.wellbeing.counts import leave_out_each_day
from models.wellbeing.rows import INDICATORS
from models.wellbeing.variety import expected_unique, missed

Build = Callable[..., Any]
MONDAY = date(2024, 1, 1)
START = np.datetime64("2024-01-01T00:00", "ms")


def at(day: Any, minute: Any) -> Any:
    """Local time from a day number of the test and a minute."""
    return START + (np.asarray(day) * 1440 + np.asarray(minute)).astype("timedelta64[m]")


def spread(count: int) -> Any:
    """So many plays over 28 days, in order."""
    return at(np.arange(count) * 28 // count, 600 + np.arange(count) % 50)


def effective(names: list[str]) -> float:
    """Exp of the Shannon entropy of a list."""
    return math.exp(-sum(n / len(names) * math.log(n / len(names)) for n in Counter(names).values()))


def test_two_hundred_plays_need_no_drawing(plays: Build, days: Build, row: Build) -> None:
    names = ["a"] * 100 + ["b"] * 60 + ["c"] * 40
    table = plays(spread(200), artist_name=names)
    found = row(wellbeing_indicators(table, days(MONDAY, 28), basis="all", as_of=date(2024, 1, 28)), "artist_diversity")
    assert found["value"] == pytest.approx(effective(names))


def test_diversity_is_the_mean_over_draws_of_two_hundred(plays: Build, days: Build, row: Build) -> None:
    chance = random.Random(3)
    names = [f"artist {int(chance.paretovariate(0.7)) % 120}" for _ in range(900)]
    table = plays(spread(900), artist_name=names)
    found = row(wellbeing_indicators(table, days(MONDAY, 28), basis="all", as_of=date(2024, 1, 28)), "artist_diversity")
    simulated = np.mean([effective(chance.sample(names, 200)) for _ in range(3000)])
    assert found["value"] == pytest.approx(simulated, rel=0.015)
    assert found["low"] < simulated < found["high"]


def test_repetition_is_exact(plays: Build, days: Build, row: Build) -> None:
    chance = random.Random(5)
    names = [f"recording {int(chance.paretovariate(0.8)) % 300}" for _ in range(700)]
    table = plays(spread(700), recording_id=names)
    found = row(wellbeing_indicators(table, days(MONDAY, 28), basis="all", as_of=date(2024, 1, 28)), "repetition")
    every = math.comb(700, 200)
    unique = sum(1 - Fraction(math.comb(700 - often, 200), every) for often in Counter(names).values())
    assert found["value"] == pytest.approx(float(1 - unique / 200), rel=1e-9)
    assert found["low"] < found["value"] < found["high"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=20), st.integers(1, 40))
def test_expected_unique_is_hypergeometric(totals: list[int], depth: int) -> None:
    plays_in_all = sum(totals)
    depth = min(depth, plays_in_all)
    every = math.comb(plays_in_all, depth)
    exact = sum(1 - Fraction(math.comb(plays_in_all - often, depth), every) for often in totals)
    assert expected_unique(np.array(totals), depth) == pytest.approx(float(exact), rel=1e-8)


def test_leaving_out_each_day_equals_counting_again() -> None:
    rng = np.random.default_rng(8)
    day, item = rng.integers(0, 6, 400), rng.integers(0, 40, 400)
    keys, count = np.unique(day * 40 + item, return_counts=True)
    found = leave_out_each_day(keys // 40, keys % 40, count, lambda often, total: 1 - missed(often, total, 100))
    again = [expected_unique(np.bincount(item[day != out]), 100) for out in range(6)]
    assert found == pytest.approx(again)


def test_fewer_than_two_hundred_plays_say_so(plays: Build, days: Build, row: Build) -> None:
    table = plays(spread(199))
    frame = wellbeing_indicators(table, days(MONDAY, 28), basis="all", as_of=date(2024, 1, 28))
    for name in ("artist_diversity", "repetition", "longest_loop", "repeats_within_day_share"):
        assert np.isnan(row(frame, name)["value"])
        assert row(frame, name)["reason"] == "Needs at least 200 plays; this window has 199."


def test_the_longest_loop_counts_plays_inside_the_window(plays: Build, days: Build, row: Build) -> None:
    looped = [f"r{number}" for number in range(300)]
    looped[:60] = ["before"] * 60
    looped[150:155] = ["within"] * 5
    counted = [number != 152 for number in range(300)]
    table = plays(at(np.arange(300) // 10, np.arange(300) % 10 * 5 + 600), recording_id=looped, is_counted=counted)
    frame = wellbeing_indicators(table, days(MONDAY, 35), basis="all", as_of=date(2024, 2, 4))
    fourth = row(frame, "longest_loop", date(2024, 1, 22))
    assert fourth["value"] == 60
    # The window from 8 January holds nothing of the first loop; of the second, one start did not count.
    assert row(frame, "longest_loop")["value"] == 4
    assert math.isnan(fourth["low"])


def test_a_loop_that_began_before_the_window_counts_from_its_edge(plays: Build, days: Build, row: Build) -> None:
    names = ["on and on"] * 100 + [f"r{number}" for number in range(250)]
    table = plays(at(np.arange(350) // 10, np.arange(350) % 10 * 5 + 600), recording_id=names)
    frame = wellbeing_indicators(table, days(MONDAY, 35), basis="all", as_of=date(2024, 2, 4))
    assert row(frame, "longest_loop")["value"] == 30


def test_repeats_come_within_a_day(plays: Build, days: Build, row: Build) -> None:
    # Each of 20 days: A twice, B once at the same minute as the day before (24 h: a repeat), eight others.
    names, when = [], []
    for day in range(20):
        for place, name in enumerate(["A", "A", "B", *(f"{day} {number}" for number in range(9))]):
            names.append(name)
            when.append(at(day, 600 + 5 * place + (5 * day if name == "A" else 0)))
    table = plays(when, recording_id=names)
    frame = wellbeing_indicators(table, days(MONDAY, 28), basis="all", as_of=date(2024, 1, 28))
    expected = 0
    ends: dict[str, Any] = {}
    for end, name in sorted(zip(when, names, strict=True)):
        expected += name in ends and end - ends[name] <= np.timedelta64(24, "h")
        ends[name] = end
    assert row(frame, "repeats_within_day_share")["value"] == pytest.approx(expected / 240)
    assert expected >= 20 + 19


def discoveries(plays: Build) -> Any:
    """A known recording each day for 60 days; from day 30 on, ten new ones, four of which return on days 35 and 40."""
    when = [at(day, 600) for day in range(60)]
    names = ["known"] * 60
    for number in range(10):
        for day in (30, 35, 40) if number < 4 else (30, 35) if number < 6 else (30,):
            when.append(at(day, 700 + 5 * number))
            names.append(f"new {number}")
    return plays(when, recording_id=names)


def test_discoveries_and_those_that_stick(plays: Build, days: Build, row: Build) -> None:
    frame = wellbeing_indicators(discoveries(plays), days(MONDAY, 91), basis="all", as_of=date(2024, 3, 31))
    week = date(2024, 2, 5)  # window 15 January to 11 February: days 14 to 41
    assert row(frame, "discovery_rate", week)["value"] == pytest.approx(10 / (28 + 10 + 6 + 4))
    assert row(frame, "sticky_discovery_share", week)["value"] == pytest.approx(0.4)
    assert row(frame, "discovery_rate", week)["least_sample"] == 0


def test_discoveries_wait_for_the_days_after_them(plays: Build, days: Build, row: Build) -> None:
    frame = wellbeing_indicators(discoveries(plays), days(MONDAY, 60), basis="all", as_of=date(2024, 2, 18))
    waiting = row(frame, "sticky_discovery_share", date(2024, 2, 5))
    assert np.isnan(waiting["value"])
    assert "28 days after them" in waiting["reason"]


def test_a_short_archive_knows_only_what_is_new_to_it(plays: Build, days: Build, row: Build) -> None:
    short = days(MONDAY, 91, from_full_archive=False)
    frame = wellbeing_indicators(discoveries(plays), short, basis="all", as_of=date(2024, 3, 31))
    for name in ("discovery_rate", "sticky_discovery_share"):
        found = row(frame, name, date(2024, 2, 5))
        assert np.isnan(found["value"])
        assert "new to this archive" in found["reason"]
        assert (found["sample_size"], found["least_sample"]) == (14, INDICATORS[name].least_sample)


def test_twelve_months_of_archive_are_enough(plays: Build, days: Build, row: Build) -> None:
    table = plays([at(day, 600) for day in range(420)], recording_id=[f"r{day % 400}" for day in range(420)])
    archive = days(MONDAY, 420, from_full_archive=False)
    frame = wellbeing_indicators(table, archive, basis="all", as_of=MONDAY + timedelta(days=419))
    # 420 days are 60 weeks: the last window is days 392 to 419, of which eight are new and twenty 400 days silent.
    assert row(frame, "discovery_rate")["value"] == pytest.approx(8 / 28)
    assert row(frame, "rediscovery_rate")["value"] == pytest.approx(20 / 28)


def test_rediscovery_is_a_play_after_half_a_year_of_silence(plays: Build, days: Build, row: Build) -> None:
    when = [at(day, 600) for day in range(420)]
    names = ["always"] * 420
    for name, first, again in (("179", 221, 400), ("180", 220, 400), ("loved", 100, 400), ("loved", 405, 406)):
        when += [at(first, 700), at(again, 700)]
        names += [name, name]
    frame = wellbeing_indicators(
        plays(when, recording_id=names), days(MONDAY, 420), basis="all", as_of=MONDAY + timedelta(days=419)
    )
    assert row(frame, "rediscovery_rate")["value"] == pytest.approx(2 / (28 + 5))
    assert "silent for long" in row(frame, "rediscovery_rate", date(2024, 6, 3))["reason"]
