"""mood_forecast, forecast_backtests and forecast_evaluations: against SQL written from the definitions."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from models.forecast import HORIZONS, TARGETS
from transformations.gold.forecast_backtests import forecast_backtests
from transformations.gold.forecast_evaluations import forecast_evaluations
from transformations.gold.mood_forecast import mood_forecast

AS_OF = date(2026, 11, 1)

# Days of which 80 % was observed, but for the first and last of a listener's history.
KNOWN = """
WITH bounds AS (
    SELECT user_id, min(played_date) AS first_date, max(played_date) AS last_date
    FROM daily_listening WHERE played_date < DATE '{before}' GROUP BY ALL
),
known AS (
    SELECT d.user_id, d.basis, d.played_date, v.target,
           CASE v.target WHEN 'listened_ms' THEN listened_ms WHEN 'mean_energy' THEN mean_energy ELSE mean_valence END
               AS value
    FROM daily_listening d JOIN bounds b USING (user_id)
    CROSS JOIN (VALUES ('listened_ms'), ('mean_energy'), ('mean_valence')) v(target)
    WHERE d.coverage >= 0.8 AND d.played_date > b.first_date AND d.played_date < b.last_date AND value IS NOT NULL
)
"""


def test_each_listener_basis_and_target_has_the_two_weeks_after_the_day_of_the_build(table, history):
    ahead = table("mood_forecast")
    days = [history.as_of + timedelta(days=horizon) for horizon in range(1, HORIZONS + 1)]
    groups = ahead.groupby(["user_id", "basis", "target"])
    assert set(groups.groups) == {(u, b, t) for u in ("ada", "ben") for b in ("measured", "all") for t in TARGETS}
    for _, rows in groups:
        assert sorted(rows["forecast_date"]) == days


def test_fitted_days_are_the_known_days_before_the_build(sql, history, assert_same_rows):
    expected = sql(
        KNOWN.format(before=history.as_of + timedelta(days=9))
        + f"""
        SELECT user_id, basis, t.target, coalesce(count(value), 0) AS fitted_days
        FROM (SELECT DISTINCT user_id, basis, target FROM mood_forecast) t
        LEFT JOIN known USING (user_id, basis, target)
        WHERE played_date < DATE '{history.as_of}' OR played_date IS NULL GROUP BY ALL
        """
    )
    found = sql("SELECT DISTINCT user_id, basis, target, fitted_days FROM mood_forecast")
    assert_same_rows(found, expected, ["user_id", "basis", "target"])


def test_served_trailing_means_are_those_of_the_last_28_known_days(sql, history, assert_same_rows):
    expected = sql(
        KNOWN.format(before=history.as_of + timedelta(days=9))
        + f"""
        SELECT f.user_id, f.basis, f.target, f.forecast_date,
               (SELECT avg(k.value) FROM known k
                WHERE (k.user_id, k.basis, k.target) = (f.user_id, f.basis, f.target)
                  AND k.played_date BETWEEN DATE '{history.as_of}' - 28 AND DATE '{history.as_of}' - 1)
                   AS forecast_value
        FROM mood_forecast f WHERE served_model = 'trailing_mean'
        """
    )
    key = ["user_id", "basis", "target", "forecast_date"]
    found = sql("SELECT * FROM mood_forecast WHERE served_model = 'trailing_mean'")
    assert {("ada", "all", "listened_ms"), ("ada", "measured", "listened_ms")} <= set(
        zip(found["user_id"], found["basis"], found["target"], strict=True)
    )
    assert_same_rows(found, expected, key)


def test_a_listener_of_forty_days_is_told_why_there_is_no_forecast(table):
    ben = table("mood_forecast").query("user_id == 'ben'")
    assert ben["forecast_value"].isna().all()
    assert ben["reason"].str.startswith("needs at least 84 days with a value").all()
    assert not ben["is_better"].any() and ben["served_model"].isna().all()


def test_measured_share_is_that_of_the_known_days(sql, history):
    found = sql("SELECT DISTINCT basis, measured_share FROM mood_forecast WHERE user_id = 'ada' ORDER BY basis")
    expected = sql(
        KNOWN.format(before=history.as_of + timedelta(days=9))
        + f"""
        SELECT basis, sum(measured_share * listened_ms) / sum(listened_ms) AS measured_share
        FROM daily_listening d SEMI JOIN known k USING (user_id, basis, played_date)
        WHERE user_id = 'ada' AND played_date < DATE '{history.as_of}' GROUP BY basis ORDER BY basis
        """
    )
    pd.testing.assert_frame_equal(found, expected, rtol=1e-12)


def test_the_error_of_the_trailing_mean_is_what_sql_makes_of_it(sql, history, assert_same_rows):
    """Origins are every second day, from the newest whose two weeks were past on the Sunday before the build's week."""
    monday = history.as_of - timedelta(days=history.as_of.weekday())
    expected = sql(
        KNOWN.format(before=monday)
        + f""",
        origins AS (
            SELECT DISTINCT user_id, basis, target, (DATE '{monday}' - 15 - CAST(n * 2 AS INT)) AS origin, n
            FROM known, range(0, 182) r(n)
        ),
        made AS (
            SELECT o.*, avg(k.value) AS foretold, count(*) AS days
            FROM origins o JOIN known k ON k.user_id = o.user_id AND k.basis = o.basis AND k.target = o.target
                 AND k.played_date BETWEEN o.origin - 28 AND o.origin - 1
            WHERE o.origin - 28 >= (SELECT first_date FROM bounds b WHERE b.user_id = o.user_id)
            GROUP BY ALL HAVING days >= 14
        ),
        enough AS (SELECT user_id, basis, target FROM known GROUP BY ALL HAVING count(*) >= 84)
        SELECT m.user_id, m.basis, m.target, CAST(k.played_date - m.origin AS INT) AS horizon_days,
               count(*) AS error_count, avg(abs(m.foretold - k.value)) AS mae
        FROM made m SEMI JOIN enough USING (user_id, basis, target)
        JOIN known k ON k.user_id = m.user_id AND k.basis = m.basis AND k.target = m.target
             AND k.played_date BETWEEN m.origin + 1 AND m.origin + 14
        GROUP BY ALL
        """
    )
    found = sql("""
        SELECT * FROM forecast_backtests
        WHERE model_name = 'trailing_mean' AND horizon_days > 0 AND error_count > 0
    """)
    assert_same_rows(found, expected, ["user_id", "basis", "target", "horizon_days"])


def test_one_model_is_served_for_each_target_that_was_tried(sql):
    served = sql("""
        SELECT user_id, basis, target, horizon_days, count(*) FILTER (is_served) AS served, max(mae) IS NULL AS is_null
        FROM forecast_backtests GROUP BY ALL
    """)
    assert (served["served"] == np.where(served["is_null"], 0, 1)).all()
    assert served["is_null"].any() and not served["is_null"].all()


def test_evaluations_are_the_backtests_told_metric_by_metric(sql, assert_same_rows):
    chosen = "FROM forecast_backtests WHERE horizon_days IN (0, 1, 7, 14)"
    of_model = "user_id, basis, target || ' by ' || model_name AS subject, horizon_days AS metric_cutoff"
    metrics = ("mae", "mase", "coverage_80", "coverage_95")
    expected = sql(
        " UNION ALL ".join(
            f"SELECT {of_model}, '{metric}' AS metric, {metric} AS metric_value {chosen}" for metric in metrics
        )
    )
    found = sql("SELECT DISTINCT * EXCLUDE (baseline_name, baseline_value, is_better) FROM forecast_evaluations")
    assert_same_rows(found, expected, ["user_id", "basis", "subject", "metric_cutoff", "metric"])


def test_the_error_of_ridge_stands_beside_both_baselines(sql, assert_same_rows):
    found = sql("SELECT * FROM forecast_evaluations WHERE baseline_name <> ''")
    expected = sql("""
        SELECT b.user_id, b.basis, b.target || ' by ridge' AS subject, 'mae' AS metric, b.horizon_days AS metric_cutoff,
               o.model_name AS baseline_name, o.mae AS baseline_value,
               CASE WHEN b.horizon_days = 0 THEN b.is_better END AS is_better
        FROM forecast_backtests b JOIN forecast_backtests o USING (user_id, basis, target, horizon_days)
        WHERE b.model_name = 'ridge' AND o.model_name <> 'ridge' AND horizon_days IN (0, 1, 7, 14)
    """)
    assert_same_rows(found, expected, ["user_id", "basis", "subject", "metric_cutoff", "baseline_name"])


def test_a_build_keeps_what_was_judged(sql, history, assert_same_rows):
    kept = sql("SELECT * FROM evaluation_results WHERE table_name = 'forecast_evaluations'")
    run = sql("SELECT run_id FROM pipeline_runs WHERE status = 'released'")["run_id"]
    assert set(kept["run_id"]) == set(run)
    assert set(pd.to_datetime(kept["as_of"]).dt.date) == {history.as_of}
    key = ["user_id", "basis", "subject", "metric", "metric_cutoff", "baseline_name"]
    assert_same_rows(kept, sql("SELECT * FROM forecast_evaluations"), key)


@pytest.fixture
def invented_days(rows):
    """A listener with a strong week, whose valence is not known."""

    def make(count, user_id="ada"):
        random = np.random.default_rng(3)
        week = [0.5, 0.5, 0.6, 0.6, 1.3, 2.0, 1.5]
        days = [AS_OF - timedelta(days=back) for back in range(count, -1, -1)]
        return [
            {
                "user_id": user_id,
                "basis": basis,
                "played_date": day,
                "start_count": 50,
                "play_count": 40,
                "artist_count": 20,
                "recording_count": 30,
                "listened_ms": int(3.6e6 * week[day.weekday()] * size),
                "measured_share": 1.0,
                "coverage": 1.0,
                "mean_energy": 0.5,
            }
            for day, size in zip(days, random.gamma(8, 1 / 8, count + 1), strict=True)
            for basis in ("measured", "all")
        ]

    return lambda *listeners: rows("daily_listening", *(row for given in listeners for row in make(*given)))


def test_a_strong_week_is_foretold_by_ridge_and_says_that_it_is_better(invented_days):
    daily = invented_days((420, "ada"), (30, "new"))
    tested = forecast_backtests(daily, as_of=AS_OF - timedelta(days=1))
    ahead = mood_forecast(daily, tested, as_of=AS_OF).toPandas()
    ada = ahead[(ahead["user_id"] == "ada") & (ahead["target"] == "listened_ms")]
    assert set(ada["served_model"]) == {"ridge"} and ada["is_better"].all() and ada["reason"].isna().all()
    weekend = np.array([day.weekday() >= 5 for day in ada["forecast_date"]])
    assert ada["forecast_value"][weekend].min() > 2 * ada["forecast_value"][~weekend & (ada["mae"] > 0)].min()
    assert set(ahead[ahead["user_id"] == "new"]["reason"].str.slice(0, 30)) == {"needs at least 84 days with a "}
    silent = ahead[(ahead["user_id"] == "ada") & (ahead["target"] == "mean_valence")]
    assert silent["forecast_value"].isna().all() and silent["reason"].notna().all()


def test_a_listener_whose_backtest_is_not_made_yet_is_told_so(invented_days):
    daily = invented_days((200, "ada"))
    none = forecast_backtests(daily, as_of=AS_OF - timedelta(days=1)).where("user_id = 'nobody'")
    ahead = mood_forecast(daily, none, as_of=AS_OF).toPandas()
    told = ahead[ahead["target"] == "listened_ms"]
    assert set(told["reason"]) == {"forecasts were not yet tried on enough of the past"}


def test_no_listener_gives_no_rows(rows):
    daily = rows("daily_listening")
    tested = forecast_backtests(daily, as_of=AS_OF)
    assert tested.toPandas().empty
    assert mood_forecast(daily, tested, as_of=AS_OF).toPandas().empty
    assert forecast_evaluations(tested).toPandas().empty
