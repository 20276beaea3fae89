"""Change points: the statistic against its definition, planted changes found, and chance seldom called a change."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from models.change_points import LEAST_LENGTH, energy_statistics, find_changes, neighbour_correlation


def sequence(seed: int, length: int, *, correlation: float = 0.0, at: int = 0, shift: float = 0.0) -> np.ndarray:
    """A first-order process of 12 coordinates with unit variance; from `at` on, three of them are shifted."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((length, 12))
    values = noise.copy()
    for week in range(1, length):
        values[week] = correlation * values[week - 1] + np.sqrt(1 - correlation**2) * noise[week]
    values[at:, :3] += shift
    return values


def test_the_statistic_is_the_unbiased_energy_distance_times_the_sizes():
    values = np.random.default_rng(1).normal(size=(11, 3))
    found = energy_statistics(cdist(values, values), np.ones(11, dtype=np.int64))
    for split in range(2, 10):
        one, other = values[:split], values[split:]
        n, m = len(one), len(other)
        within = [cdist(side, side).sum() / (len(side) * (len(side) - 1)) for side in (one, other)]
        expected = n * m / (n + m) * (2 * cdist(one, other).mean() - sum(within))
        assert found[split - 1] == pytest.approx(expected, rel=1e-10)


def test_blocks_give_the_statistic_of_the_elements_at_their_ends():
    values = np.random.default_rng(2).normal(size=(12, 3))
    apart = cdist(values, values)
    starts, sizes = [0, 3, 7], np.array([3, 4, 5])
    sums = np.add.reduceat(np.add.reduceat(apart, starts, axis=0), starts, axis=1)
    single = energy_statistics(apart, np.ones(12, dtype=np.int64))
    np.testing.assert_allclose(energy_statistics(sums, sizes), single[[2, 6]], rtol=1e-10)


@pytest.mark.parametrize("at", [20, 52, 80])
def test_a_planted_change_is_found_where_it_is(at):
    found = find_changes(sequence(3, 104, at=at, shift=2.5))
    assert [change.at for change in found.changes] == [at]
    assert found.p_value == 0.001


def test_a_change_of_spread_alone_is_found_too():
    values = sequence(4, 120)
    values[60:] *= 2.5
    found = find_changes(values)
    assert len(found.changes) >= 1 and abs(found.changes[0].at - 60) <= 4


def test_two_changes_are_found_in_order():
    values = sequence(5, 156, at=52, shift=2.5)
    values[104:, 5:8] -= 2.5
    assert [change.at for change in find_changes(values).changes] == [52, 104]


def test_a_change_is_found_in_weeks_that_hang_together():
    found = find_changes(sequence(6, 160, correlation=0.4, at=80, shift=3.0))
    assert len(found.changes) == 1 and abs(found.changes[0].at - 80) <= 4


def test_where_neighbours_are_too_alike_nothing_is_tested_and_it_says_how_many_would_do():
    found = find_changes(sequence(7, 104, correlation=0.8))
    assert found.changes == [] and found.p_value is None
    assert found.correlation > 0.6 and found.needed > 104


def test_a_single_jump_does_not_pass_for_correlation():
    assert abs(neighbour_correlation(sequence(8, 200, at=100, shift=5.0), 100)) < 0.1
    assert neighbour_correlation(sequence(9, 400, correlation=0.5), 200) == pytest.approx(0.5, abs=0.05)


def test_the_same_sequence_gives_the_same_answer_and_a_short_one_is_refused():
    values = sequence(10, 104, at=50, shift=1.0)
    assert find_changes(values) == find_changes(values.copy())
    with pytest.raises(ValueError, match="too few"):
        find_changes(values[: LEAST_LENGTH - 1])


def test_of_thirty_sequences_without_a_change_at_most_two_are_given_one():
    claims = sum(bool(find_changes(sequence(seed, 80, correlation=0.2)).changes) for seed in range(100, 130))
    assert claims <= 2


@pytest.mark.long
@pytest.mark.parametrize("correlation", [0.0, 0.2, 0.4, 0.6])
@pytest.mark.parametrize("length", [60, 104, 208])
def test_at_most_five_percent_of_sequences_without_a_change_are_given_one(length, correlation):
    found = [find_changes(sequence(seed, length, correlation=correlation)) for seed in range(1_000, 1_200)]
    claims = np.mean([bool(one.changes) for one in found])
    tested = np.mean([one.p_value is not None for one in found])
    print(f"{length} elements, correlation {correlation}: {claims:.1%} claims, {tested:.0%} tested")
    assert claims <= 0.05
