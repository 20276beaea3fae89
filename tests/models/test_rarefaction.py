"""Rarefied variety: exact, against counting every draw with fractions."""

import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.rarefaction import expected_distinct


def histogram(**groups):
    rows = [
        {"group": name, "plays": plays, "things": things}
        for name, totals in groups.items()
        for plays, things in Counter(totals).items()
    ]
    return pd.DataFrame(rows).set_index(["group"])


def by_counting(totals, depth):
    every = math.comb(sum(totals), depth)
    return float(sum(1 - Fraction(math.comb(sum(totals) - plays, depth), every) for plays in totals))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=25), st.integers(1, 120))
def test_it_is_the_expectation_over_all_draws(totals, depth):
    found = expected_distinct(histogram(one=totals), depth)["one"]
    if sum(totals) < depth:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(by_counting(totals, depth), rel=1e-9)


def test_groups_are_apart_and_their_order_does_not_matter():
    rows = histogram(one=[50, 50, 20], other=[1] * 300, few=[3, 4])
    found = expected_distinct(rows, 100)
    assert found["one"] == pytest.approx(by_counting([50, 50, 20], 100), rel=1e-9)
    assert found["other"] == pytest.approx(100.0)
    assert np.isnan(found["few"])
    pd.testing.assert_series_equal(expected_distinct(rows.sample(frac=1, random_state=1), 100), found)


def test_a_million_plays_are_as_exact_as_a_hundred():
    rows = histogram(many=[10_000] * 100)
    # Nearly with replacement: 100 (1 - 0.99 ** 100), and a little more without.
    assert expected_distinct(rows, 100)["many"] == pytest.approx(100 * (1 - 0.99**100), rel=1e-3)
    assert expected_distinct(rows, 100)["many"] == pytest.approx(by_counting([10_000] * 100, 100), rel=1e-8)
