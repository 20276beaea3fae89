"""Whether a list is judged as the definition says, and claims no more than it can show."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from models.recommendations.evaluation import NOVELTY, evaluated

NAMES = [f"r{number:02d}" for number in range(60)]


def lists(**orders: list[str]) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"source": source, "source_rank": range(1, len(names) + 1), "recording_id": names})
        for source, names in orders.items()
    ]
    rows = pd.concat(parts, ignore_index=True)
    texts = dict.fromkeys(("track_id", "album_name", "part_of_day", "why"), "")
    own = {"track_name": rows["recording_id"], "artist_name": rows["recording_id"]}
    return rows.assign(**texts, **own, is_new_to_listener=False)


def returning(names: list[str], days: int = 15) -> pd.DataFrame:
    return pd.DataFrame({"recording_id": names, "first_day": [-(place % days) for place in range(len(names))]})


def value(rows: pd.DataFrame, subject: str, metric: str, column: str = "metric_value", baseline: str | None = None):
    fits = (rows["subject"] == subject) & (rows["metric"] == metric)
    return rows[fits & ((rows["baseline_name"] == baseline) if baseline else True)][column].iloc[0]


PLAYS = pd.Series(range(1, 61), index=NAMES)


def test_ndcg_and_hit_rate_are_those_of_the_definition():
    orders = lists(together=NAMES[:20], own_popularity=NAMES[20:40], own_recency=NAMES[40:])
    back = [NAMES[0], NAMES[3], NAMES[19], NAMES[21], *NAMES[40:58]]
    rows = evaluated(orders, returning(back), PLAYS)
    ideal = sum(1 / math.log2(place + 2) for place in range(20))
    gains = 1 / math.log2(1 + 2)  # r21 stands second in that list
    assert value(rows, "own_popularity", "ndcg_20") == pytest.approx(gains / ideal, abs=1e-12)
    assert value(rows, "own_popularity", "hit_rate_20") == 1 / 20
    expected = sum(1 / math.log2(place + 2) for place in range(18)) / ideal
    assert value(rows, "own_recency", "ndcg_20") == pytest.approx(expected, abs=1e-12)
    assert value(rows, "own_recency", "hit_rate_20") == 18 / 20


def test_novelty_is_the_mean_surprise_and_coverage_the_part_of_what_is_known():
    orders = lists(together=NAMES[:20], own_popularity=NAMES[:20], own_recency=NAMES[:20])
    rows = evaluated(orders, returning(NAMES[:25]), PLAYS)
    total = sum(range(1, 61)) + 60 + 1
    assert value(rows, "own_recency", NOVELTY) == pytest.approx(
        sum(-math.log2((count + 1) / total) for count in range(1, 21)) / 20
    )
    assert value(rows, "own_recency", "catalogue_coverage") == 20 / 60


def test_a_list_that_finds_much_more_is_better_and_is_served():
    orders = lists(together=NAMES[:20], own_popularity=[*NAMES[40:], *NAMES[:2]], own_recency=NAMES[30:50])
    rows = evaluated(orders.query("recording_id < 'r20' or source != 'together'"), returning(NAMES[:25], 14), PLAYS)
    assert set(rows["served_by"]) == {"model"}
    assert bool(value(rows, "model", "ndcg_20", "is_better"))
    assert value(rows, "model", "ndcg_20", "advantage_low", "own_recency") > 0


def test_lists_that_find_as_much_leave_the_better_baseline_in_place():
    orders = lists(together=NAMES[:20], own_popularity=NAMES[10:30], own_recency=NAMES[:20])
    rows = evaluated(orders, returning(NAMES[:25]), PLAYS)
    assert set(rows["served_by"]) == {"own_recency"}
    assert not value(rows, "model", "ndcg_20", "is_better")


@pytest.mark.parametrize(("count", "days"), [(19, 15), (30, 9)])
def test_too_few_returns_or_days_give_a_reason_and_the_most_played(count, days):
    orders = lists(together=NAMES[:20], own_popularity=NAMES[:20], own_recency=NAMES[:20])
    rows = evaluated(orders, returning(NAMES[:count], days), PLAYS)
    assert rows["metric_value"].isna().all() and rows["is_better"].isna().all()
    assert rows["reason"].str.startswith(f"only {count} recordings came back on {min(count, days)} held-out days").all()
    assert set(rows["served_by"]) == {"own_popularity"}


def test_nothing_that_came_back_at_all_is_no_error():
    orders = lists(together=NAMES[:20], own_popularity=NAMES[:20], own_recency=NAMES[:20])
    rows = evaluated(orders, returning([]).astype({"first_day": int}), PLAYS)
    assert rows["reason"].notna().all()


def test_a_short_list_is_not_compared():
    orders = lists(together=NAMES[:20], own_popularity=NAMES[:19], own_recency=NAMES[:20])
    rows = evaluated(orders, returning(NAMES[:25]), PLAYS)
    assert set(rows["reason"]) == {"only 19 recordings could be suggested; 20 are needed"}


def test_the_order_of_rows_changes_nothing():
    orders = lists(together=NAMES[:30], own_popularity=NAMES[10:40], own_recency=NAMES[20:50])
    back = returning(NAMES[5:45])
    shuffled = evaluated(orders.sample(frac=1, random_state=1), back.sample(frac=1, random_state=2), PLAYS)
    pd.testing.assert_frame_equal(evaluated(orders, back, PLAYS), shuffled)


def ndcg_of(rows: pd.DataFrame) -> np.ndarray:
    of = rows[rows["metric"] == "ndcg_20"].set_index(["subject", "baseline_name"])["metric_value"]
    return np.array([of["model", "own_popularity"], of["own_popularity", ""], of["own_recency", ""]])


def mean_and_margin(differences: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean over seeds and the half width of its 95 % interval (Student's t with 19 degrees of freedom)."""
    return differences.mean(axis=0), 2.093 * differences.std(axis=0, ddof=1) / math.sqrt(len(differences))


@pytest.mark.long
def test_on_planted_habits_recommendations_beat_both_baselines(made):
    found = np.array([ndcg_of(made.evaluation_of(*made.planted(seed))) for seed in range(20)])
    mean, margin = mean_and_margin(found[:, [0]] - found[:, 1:])
    assert (mean - margin > 0).all(), (mean, margin)


@pytest.mark.long
@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_where_nothing_is_planted_no_model_claims_to_be_better(made, spread):
    """Of 20 listeners at most one may be called better by chance: each claim needs two intervals above zero."""
    rows = [made.evaluation_of(*made.structureless(seed, spread)) for seed in range(20)]
    claims = sum(set(evaluation["served_by"]) == {"model"} for evaluation in rows)
    found = np.array([ndcg_of(evaluation) for evaluation in rows])
    mean, margin = mean_and_margin(found[:, [0]] - found[:, 1:])
    assert claims <= 1
    assert (mean - margin <= 0).any(), (mean, margin)


def test_on_one_planted_listener_the_model_finds_more_than_what_was_played_last(made):
    found = ndcg_of(made.evaluation_of(*made.planted(0)))
    assert found[0] > found[2]
