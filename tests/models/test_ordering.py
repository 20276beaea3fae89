"""Orders of tracks: equal to brute force where that can be done, cheaper than what was given everywhere."""

from __future__ import annotations

import time
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.ordering import known, path_cost, smooth_order, step_costs


def tracks(seed: int, count: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return step_costs(rng.random(count), rng.uniform(60, 180, count))


def by_hand(energy: list[float], tempo: list[float], order: tuple[int, ...]) -> float:
    """The cost as it is defined, added up in plain Python."""
    steps = pairwise(order)
    return sum(((energy[a] - energy[b]) / 0.25) ** 2 + ((tempo[a] - tempo[b]) / 30) ** 2 for a, b in steps)


def test_the_cost_is_the_sum_of_squared_steps_in_quarters_of_energy_and_thirties_of_tempo() -> None:
    energy, tempo = [0.1, 0.35, 0.6], [90.0, 120.0, 60.0]
    costs = step_costs(np.array(energy), np.array(tempo))
    assert path_cost(costs, [0, 1, 2]) == pytest.approx(1 + 1 + 1 + 4)
    assert path_cost(costs, [2, 0, 1]) == pytest.approx(by_hand(energy, tempo, (2, 0, 1)))


@pytest.mark.parametrize("count", [3, 5, 7])
@pytest.mark.parametrize("seed", range(4))
def test_a_short_order_is_as_cheap_as_the_cheapest_of_all_orders(seed: int, count: int) -> None:
    costs = tracks(seed, count)
    cheapest = min(path_cost(costs, list(order)) for order in permutations(range(count)))
    found = smooth_order(costs)
    assert sorted(found) == list(range(count))
    assert path_cost(costs, found) == pytest.approx(cheapest)


@pytest.mark.parametrize("seed", range(3))
def test_with_a_fixed_beginning_it_is_the_cheapest_of_those_that_begin_so(seed: int) -> None:
    costs = tracks(seed, 7)
    cheapest = min(path_cost(costs, list(order)) for order in permutations(range(7)) if order[0] == 4)
    found = smooth_order(costs, first=4)
    assert found[0] == 4
    assert path_cost(costs, found) == pytest.approx(cheapest)


def test_the_long_way_comes_within_five_per_cent_of_the_exact_one(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = [path_cost(tracks(seed, 12), smooth_order(tracks(seed, 12))) for seed in range(8)]
    monkeypatch.setattr("models.ordering.MOST_EXACT", 2)
    near = [path_cost(tracks(seed, 12), smooth_order(tracks(seed, 12))) for seed in range(8)]
    assert all(long >= short - 1e-9 for long, short in zip(near, exact, strict=True))
    assert np.mean(near) <= 1.05 * np.mean(exact)


@pytest.mark.parametrize("count", [13, 30, 60])
def test_a_long_order_is_far_cheaper_than_the_given_one_and_than_any_of_200_random_ones(count: int) -> None:
    costs = tracks(7, count)
    rng = np.random.default_rng(1)
    shuffled = [path_cost(costs, [int(n) for n in rng.permutation(count)]) for _ in range(200)]
    found = path_cost(costs, smooth_order(costs))
    assert found < 0.5 * min(shuffled)
    assert found < 0.3 * path_cost(costs, list(range(count)))


@settings(max_examples=40, deadline=None)
@given(
    places=st.lists(st.tuples(st.floats(0, 1), st.floats(45, 220)), min_size=0, max_size=25),
    first=st.integers(0, 24),
    seed=st.integers(0, 5),
)
def test_every_track_comes_once_and_no_order_is_dearer_than_the_one_given(
    places: list[tuple[float, float]], first: int, seed: int
) -> None:
    energy, tempo = (np.array([place[axis] for place in places], dtype=float) for axis in (0, 1))
    costs = step_costs(energy, tempo)
    fixed = first if first < len(places) else None
    found = smooth_order(costs, first=fixed, seed=seed)
    assert sorted(found) == list(range(len(places)))
    assert fixed is None or found[0] == fixed
    assert found == smooth_order(costs, first=fixed, seed=seed)
    if len(places) > 1 and (fixed in (None, 0)) and len(places) <= 12:
        assert path_cost(costs, found) <= path_cost(costs, list(range(len(places)))) + 1e-9


def test_what_is_unknown_takes_the_middle_of_what_is_known() -> None:
    assert known(np.array([1.0, np.nan, 3.0, 10.0])).tolist() == [1.0, 3.0, 3.0, 10.0]
    assert known(np.array([np.nan, np.nan])).tolist() == [0.0, 0.0]


def test_two_hundred_tracks_are_ordered_within_some_seconds() -> None:
    costs = tracks(3, 200)
    begin = time.process_time()
    found = smooth_order(costs)
    assert sorted(found) == list(range(200))
    assert time.process_time() - begin < 8
