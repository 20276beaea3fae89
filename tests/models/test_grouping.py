"""Grouping and its null samples: what the rule accepts, what it says when it does not, and what the null keeps."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score

from models.grouping import CHANCE, Rule, centre_and_spread, chosen_by_hash, group, judge
from models.null_samples import Nulls

RULE = Rule("things")


def blobs(seed, count=200, groups=4, columns=5):
    """Groups at places of their own in all columns, and the group of each row."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(scale=2.0, size=(groups, columns))
    of = rng.integers(0, groups, count)
    return centres[of] + rng.normal(scale=0.4, size=(count, columns)), of


def cloud(seed, count=160, columns=4):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, columns)) @ rng.normal(size=(columns, columns))


def every(rows):
    return np.arange(len(rows))


def test_separate_groups_are_accepted_with_their_number_and_members():
    rows, of = blobs(1)
    grouped = group(rows, every(rows), RULE)
    assert adjusted_rand_score(of, grouped.distances.argmin(axis=1)) >= 0.95
    assert grouped.verdict.reason is None
    # At convergence a centroid is the mean of its members, in the units of the rows too.
    labels = grouped.distances.argmin(axis=1)
    means = np.array([rows[labels == number].mean(axis=0) for number in range(4)])
    np.testing.assert_allclose(grouped.natural, means, atol=1e-9)


def test_the_figures_are_what_their_definitions_say():
    rows, _ = blobs(2)
    verdict = judge(rows, RULE)
    labels = ((rows[:, None] - verdict.centroids) ** 2).sum(axis=2).argmin(axis=1)
    assert verdict.silhouette == pytest.approx(silhouette_score(rows, labels), abs=1e-12)
    nulls = []
    for number in range(19):
        sample = Nulls(rows, RULE.seed)[number].rows
        best = KMeans(4, n_init=5, random_state=number).fit(sample)
        nulls.append(silhouette_score(sample, best.labels_))
    assert verdict.null_silhouette == pytest.approx(max(nulls), abs=0.05)  # other starts, so not to the digit
    assert verdict.silhouette > verdict.null_silhouette
    assert 0.8 <= verdict.stability <= 1


def test_one_cloud_is_no_clearer_than_chance():
    verdicts = [judge(centre_and_spread_of(cloud(seed)), RULE) for seed in range(3)]
    assert [verdict.centroids for verdict in verdicts] == [None] * 3
    assert [verdict.reason for verdict in verdicts].count(CHANCE) >= 2
    # The figures are those of the clearest grouping, over all refits and null samples.
    assert all(-1 < verdict.silhouette < 1 and 0 <= verdict.stability <= 1 for verdict in verdicts)


def centre_and_spread_of(rows):
    centre, spread = centre_and_spread(rows)
    return (rows - centre) / spread


def test_groups_that_are_all_combinations_of_two_things_are_no_clearer_than_chance():
    """Two columns with two values each: knowing one says nothing of the other, and four groups are the product."""
    rng = np.random.default_rng(9)
    rows = rng.choice([-1.0, 1.0], size=(200, 2)) + rng.normal(scale=0.1, size=(200, 2))
    assert judge(rows, RULE).reason == CHANCE


def test_a_ring_is_clearer_than_chance_and_not_stable():
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    verdict = judge(np.column_stack([np.cos(angle), np.sin(angle)]), RULE)
    assert verdict.centroids is None
    assert verdict.stability < 0.8
    assert "stable" in verdict.reason


def test_no_more_groups_than_different_rows():
    rows = np.repeat([[0.0, 0.0], [1.0, 1.0]], 40, axis=0)
    assert judge(rows, RULE).reason == "the things are too alike to group"
    assert np.isnan(judge(rows, RULE).silhouette)


def test_only_the_numbers_of_groups_that_are_asked_for_are_tried():
    rows, _ = blobs(3, groups=4)
    assert judge(rows, Rule("things", range(4, 5))).centroids.shape == (4, 5)
    two = judge(rows, Rule("things", range(3, 4)))
    assert two.centroids is None or two.centroids.shape == (3, 5)


def test_rows_outside_the_fit_are_only_assigned():
    rows, _ = blobs(4, count=240)
    fitted = np.arange(200)
    moved = rows.copy()
    moved[200:] += 5
    one, other = group(rows, fitted, RULE), group(moved, fitted, RULE)
    np.testing.assert_array_equal(one.natural, other.natural)
    np.testing.assert_array_equal(one.distances[:200], other.distances[:200])
    assert one.fitted == 200 and len(one.distances) == 240


@given(st.lists(st.text(min_size=1), min_size=1, max_size=40, unique=True), st.integers(1, 50), st.data())
def test_the_sample_is_decided_by_the_ids_alone(ids, limit, data):
    settled = np.array(data.draw(st.lists(st.booleans(), min_size=len(ids), max_size=len(ids))))
    chosen = [ids[at] for at in chosen_by_hash(ids, settled, limit, least=5)]
    pool = [name for name, is_settled in zip(ids, settled, strict=True) if is_settled]
    pool = pool if len(pool) >= 5 else ids
    smallest = sorted(pool, key=lambda name: hashlib.sha256(name.encode()).hexdigest())[:limit]
    assert sorted(chosen) == sorted(smallest)


def test_null_samples_keep_the_marginals_and_the_rank_correlation():
    rows = np.exp(cloud(6, count=1_500))
    samples = [Nulls(rows, 0)[number].rows for number in range(19)]
    for sample in samples:
        np.testing.assert_array_equal(np.sort(sample, axis=0), np.sort(rows, axis=0))
    correlations = np.mean([stats.spearmanr(sample).statistic for sample in samples], axis=0)
    np.testing.assert_allclose(correlations, stats.spearmanr(rows).statistic, atol=0.03)


def test_columns_that_belong_together_keep_their_rows_and_what_follows_them():
    """Hours on a circle, an energy that follows them, and a length that follows the energy."""
    rng = np.random.default_rng(7)
    angle = rng.vonmises(1.0, 1.0, 1_500)
    energy = np.cos(angle - 2) + rng.normal(scale=0.5, size=1_500)
    length = np.exp(energy + rng.normal(size=1_500))
    rows = np.column_stack([length, np.sin(angle), np.cos(angle), energy])
    nulls = Nulls(rows, 0, together=(1, 2))
    samples = [nulls[number].rows for number in range(19)]
    for sample in samples:
        np.testing.assert_array_equal(sample[:, 1:3], rows[:, 1:3])
        np.testing.assert_array_equal(np.sort(sample, axis=0), np.sort(rows, axis=0))
    assert not np.array_equal(samples[0], samples[1])
    correlations = np.mean([stats.spearmanr(sample).statistic for sample in samples], axis=0)
    np.testing.assert_allclose(correlations, stats.spearmanr(rows).statistic, atol=0.05)


def test_a_kept_null_sample_is_the_one_that_is_drawn_again():
    rows = cloud(8)
    one = Nulls(rows, 3)
    np.testing.assert_array_equal(one[0].rows, one[0].rows)
    np.testing.assert_array_equal(one[5].rows, Nulls(rows, 3)[5].rows)
    assert not np.array_equal(one[5].rows, Nulls(rows, 4)[5].rows)
