"""The distance of two tastes: known values, its interval, and what chance alone makes."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon

from models.taste_distance import compare_tastes, js_distance


def days(shares: list[float], count: int = 60, seed: int = 1, plays: int = 20) -> pd.DataFrame:
    """Plays of artists drawn by these shares, so many a day."""
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(plays, np.array(shares) / sum(shares), size=count)
    day, artist = np.nonzero(drawn)
    heard = drawn[day, artist]
    keys = [f"a{number:02}" for number in artist]
    return pd.DataFrame({"day": day, "artist_key": keys, "play_count": heard, "listened_ms": heard * 200_000})


@pytest.mark.parametrize("seed", range(5))
def test_the_distance_is_scipys(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = (rng.dirichlet(np.full(12, 0.3)) for _ in range(2))
    assert js_distance(one, other) == pytest.approx(jensenshannon(one, other, base=2))


def test_equal_tastes_are_at_nothing_and_tastes_without_a_common_artist_at_one() -> None:
    assert js_distance(np.array([0.5, 0.5]), np.array([0.5, 0.5])) == 0
    assert js_distance(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == pytest.approx(1)


def test_a_pair_shares_what_both_play_and_is_symmetric_but_for_the_part_of_the_time() -> None:
    mine, theirs = days([3, 1, 1, 0]), days([0, 1, 1, 2], seed=2)
    one, other = compare_tastes(mine, theirs, ("ann", "ben")), compare_tastes(theirs, mine, ("ben", "ann"))
    assert one["shared_artist_count"] == 2
    assert one["shared_share"] == pytest.approx(0.4, abs=0.05)
    assert other["shared_share"] == pytest.approx(0.5, abs=0.05)
    for name in ("taste_distance", "distance_low", "distance_high"):
        assert one[name] == pytest.approx(other[name])
    assert one["distance_low"] < one["taste_distance"] < one["distance_high"]


def test_the_interval_holds_the_true_distance_in_most_simulations() -> None:
    shares = [6.0, 5, 4, 3, 2, 1], [1.0, 2, 3, 4, 5, 6]
    truth = js_distance(*(np.array(s) / sum(s) for s in shares))
    held = 0
    for seed in range(40):
        found = compare_tastes(days(shares[0], seed=seed), days(shares[1], seed=100 + seed), ("a", "b"))
        held += found["distance_low"] <= truth <= found["distance_high"]
    assert held >= 34  # of 40; 95 % would be 38


def test_the_same_taste_is_no_further_apart_than_the_days_of_one_listener() -> None:
    shares = [float(n) for n in range(1, 30)]
    found = compare_tastes(days(shares), days(shares, seed=9), ("a", "b"))
    other = compare_tastes(days(shares), days(shares[::-1], seed=9), ("a", "b"))
    assert found["taste_distance"] < found["own_distance"] < 0.5 * other["taste_distance"]


@pytest.mark.parametrize(("count", "plays"), [(13, 20), (14, 7)])
def test_below_the_least_sample_there_is_a_reason_and_no_number(count: int, plays: int) -> None:
    few = days([1, 1], count=count, plays=plays)
    for pair in ((few, days([1, 1])), (days([1, 1]), few)):
        found = compare_tastes(*pair, ("a", "b"))
        assert math.isnan(found["taste_distance"])
        assert "100 on 14 are needed" in found["reason"]
