"""user_metrics: compared with the same figures written in SQL; totals of silver; ranges without music, and gaps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import Row

from pipeline import declared_tables
from transformations.gold.user_metrics import user_metrics

KEY = ["user_id", "basis", "period_kind", "period_start"]

EXPECTED = """
WITH ranges AS (
    SELECT 'month' AS kind, m::DATE AS first_day, (m + INTERVAL 1 MONTH - INTERVAL 1 DAY)::DATE AS last_day
    FROM range(DATE '2026-01-01', DATE '2027-01-01', INTERVAL 1 MONTH) t(m)
    UNION ALL SELECT 'year', DATE '2026-01-01', DATE '2026-12-31'
    UNION ALL SELECT 'all_time', DATE '1970-01-01', DATE '{as_of}'
    UNION ALL SELECT 'last_' || n || '_days', DATE '{as_of}' - n::INT + 1, DATE '{as_of}'
    FROM (VALUES (7), (28), (90), (365)) t(n)
),
hours AS (
    SELECT user_id, kind, first_day, avg(is_covered::INT) AS coverage, count(DISTINCT played_date) AS history_day_count,
           bool_or(status IN ('suspected_gap', 'unknown')) AS is_at_least
    FROM coverage JOIN ranges ON played_date BETWEEN first_day AND last_day OR kind = 'all_time' GROUP BY ALL
),
placed AS (
    SELECT l.*, kind, first_day, l.excluded_by IS NULL AS is_kept
    FROM listening_with_features l JOIN ranges ON played_date BETWEEN first_day AND last_day OR kind = 'all_time'
),
totals AS (
    SELECT user_id, kind, first_day, count(*) FILTER (is_kept) AS start_count,
           count(*) FILTER (is_kept AND is_skip) AS skip_count, count(*) FILTER (is_kept AND is_counted) AS play_count,
           sum(listened_ms) FILTER (is_kept) AS listened_ms,
           sum(listened_ms) FILTER (is_kept AND time_source = 'measured') AS measured_ms,
           count(*) FILTER (NOT is_kept) AS excluded_count,
           coalesce(sum(listened_ms) FILTER (NOT is_kept), 0) AS excluded_ms,
           count(DISTINCT played_date) FILTER (is_kept AND is_counted) AS active_day_count,
           count(DISTINCT recording_id) FILTER (is_kept) AS recording_count,
           count(DISTINCT regexp_replace(lower(artist_name), ' +', ' ', 'g')) FILTER (is_kept) AS artist_count,
           count(DISTINCT regexp_replace(lower(album_name), ' +', ' ', 'g') || chr(9)
                          || regexp_replace(lower(artist_name), ' +', ' ', 'g')) FILTER (is_kept) AS album_count,
           count(*) FILTER (is_kept AND is_shuffle) / count(is_shuffle) FILTER (is_kept) AS shuffle_share
    FROM placed GROUP BY ALL
),
genres AS (
    SELECT user_id, kind, first_day, count(DISTINCT genre) AS genre_count
    FROM placed JOIN track_genres USING (track_id) WHERE is_kept GROUP BY ALL
),
artists AS (
    SELECT user_id, kind, first_day, regexp_replace(lower(artist_name), ' +', ' ', 'g') AS artist,
           sum(listened_ms) AS ms
    FROM placed WHERE is_kept AND artist_name IS NOT NULL GROUP BY ALL
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY user_id, kind, first_day ORDER BY ms DESC) AS place FROM artists
),
tops AS (
    SELECT user_id, kind, first_day, sum(ms) FILTER (place = 1) AS top, sum(ms) FILTER (place <= 10) AS ten
    FROM ranked GROUP BY ALL
),
days AS (
    SELECT user_id, kind, first_day, played_date, count(*) AS n
    FROM placed WHERE is_kept AND is_counted GROUP BY ALL
),
longest AS (
    SELECT user_id, kind, first_day, arg_max(played_date, n * 100000 - epoch(played_date) / 86400) AS longest_date,
           max(n) AS longest_date_play_count
    FROM days GROUP BY ALL
),
sessions AS (
    SELECT user_id, kind, first_day, count(*) AS session_count
    FROM listening_sessions JOIN ranges ON played_date BETWEEN first_day AND last_day OR kind = 'all_time' GROUP BY ALL
),
sounds AS (
    SELECT p.user_id, p.kind, p.first_day, b.basis,
           coalesce(sum(p.listened_ms) FILTER (f.valence IS NOT NULL), 0) / sum(p.listened_ms) AS known_share,
           coalesce(sum(p.listened_ms) FILTER (f.feature_source <> 'synthetic'), 0) / sum(p.listened_ms)
               AS measured_share,
           sum(f.valence * p.listened_ms) / sum(p.listened_ms) FILTER (f.valence IS NOT NULL) AS valence,
           sum(f.energy * p.listened_ms) / sum(p.listened_ms) FILTER (f.energy IS NOT NULL) AS energy
    FROM placed p CROSS JOIN (VALUES ('measured'), ('all')) b(basis)
    LEFT JOIN track_features f ON f.track_id = p.track_id AND f.basis = b.basis
    WHERE is_kept GROUP BY ALL
)
SELECT user_id, basis, kind AS period_kind, first_day AS period_start, coverage, history_day_count, is_at_least,
       totals.* EXCLUDE (user_id, kind, first_day), coalesce(genre_count, 0) AS genre_count,
       skip_count / start_count AS skip_share, top / listened_ms AS top_artist_time_share,
       ten / listened_ms AS top_ten_artists_time_share, longest_date, longest_date_play_count, session_count,
       measured_share, CASE WHEN known_share >= 0.6 THEN valence END AS mean_valence,
       CASE WHEN known_share >= 0.6 THEN energy END AS mean_energy
FROM hours JOIN totals USING (user_id, kind, first_day) LEFT JOIN genres USING (user_id, kind, first_day)
JOIN tops USING (user_id, kind, first_day) JOIN longest USING (user_id, kind, first_day)
JOIN sessions USING (user_id, kind, first_day) JOIN sounds USING (user_id, kind, first_day)
"""


def test_each_row_is_what_the_definition_says(sql, history, assert_same_rows):
    expected = sql(EXPECTED.format(as_of=history.as_of))
    assert_same_rows(sql("SELECT * FROM user_metrics WHERE start_count > 0"), expected, KEY)


def test_the_months_are_those_of_silver_on_both_bases(sql):
    for basis in ("measured", "all"):
        gold = sql(f"""
            SELECT user_id, period_start, start_count, skip_count, play_count, listened_ms FROM user_metrics
            WHERE period_kind = 'month' AND basis = '{basis}' ORDER BY ALL
        """)
        silver = sql("""
            SELECT user_id, date_trunc('month', played_date)::DATE, count(*), sum(is_skip::INT), sum(is_counted::INT),
                   sum(listened_ms)
            FROM listening_with_features WHERE excluded_by IS NULL GROUP BY ALL ORDER BY ALL
        """)
        assert gold.to_numpy().tolist() == silver.to_numpy().tolist() and len(gold) >= 5


def test_totals_over_days_of_which_nobody_knows_are_at_least_so(table):
    metrics = table("user_metrics").query("basis == 'all' and period_kind == 'all_time'").set_index("user_id")
    assert not metrics.loc["ada", "is_at_least"] and metrics.loc["ada", "coverage"] == 1
    assert metrics.loc["ben", "is_at_least"] and metrics.loc["ben", "coverage"] < 1


def test_a_mean_is_null_exactly_where_a_reason_is_given(table):
    metrics = table("user_metrics")
    assert (metrics["mean_valence"].isna() == metrics["reason"].notna()).all()
    assert (metrics["mean_energy"].isna() == metrics["reason"].notna()).all()
    assert set(metrics["basis"]) == {"measured", "all"}


AS_OF = date(2024, 5, 31)
DAY = {"user_id": "u", "is_simulated": False}


@pytest.fixture
def metrics(rows: Callable[..., Any]) -> Callable[..., dict[tuple[str, date, str], Row]]:
    def of(**given: list[dict[str, Any]]) -> dict[tuple[str, date, str], Row]:
        frames = [rows(name, *given.get(name, [])) for name in declared_tables()["user_metrics"].inputs]
        found = user_metrics(*frames, as_of=AS_OF).collect()
        return {(row.period_kind, row.period_start, row.basis): row for row in found}

    return of


def daily(day: date, plays: int, **fields: Any) -> dict[str, Any]:
    sums = {"start_count": plays, "play_count": plays, "listened_ms": 1_000 * plays}
    return {**DAY, "basis": "all", "played_date": day, **sums, **fields}


def test_a_range_of_silent_days_has_a_row_of_zeros(metrics):
    found = metrics(daily_listening=[daily(date(2024, 5, 30), 0), daily(date(2024, 1, 1), 3)])
    row = found["last_7_days", date(2024, 5, 25), "measured"]
    assert (row.play_count, row.session_count, row.artist_count, row.active_day_count, row.history_day_count) == (
        0, 0, 0, 0, 1,
    )  # fmt: skip
    assert (row.longest_date, row.skip_share, row.mean_energy, row.reason) == (
        None, None, None, "nothing was listened to",
    )  # fmt: skip
    assert found["all_time", date(1970, 1, 1), "all"].play_count == 3


def test_excluded_plays_are_told_apart(metrics):
    left_out = {"excluded_count": 4, "excluded_ms": 9_000}
    found = metrics(daily_listening=[daily(AS_OF, 2, **left_out), daily(date(2024, 5, 1), 1, **left_out)])
    row = found["month", date(2024, 5, 1), "all"]
    assert (row.start_count, row.listened_ms, row.excluded_count, row.excluded_ms) == (3, 3_000, 8, 18_000)


def test_the_longest_day_is_the_first_of_equals(metrics):
    days = [daily(date(2024, 5, 9), 7), daily(date(2024, 5, 3), 7), daily(date(2024, 5, 1), 6)]
    row = metrics(daily_listening=days)["month", date(2024, 5, 1), "all"]
    assert (row.longest_date, row.longest_date_play_count, row.active_day_count) == (date(2024, 5, 3), 7, 3)


def test_without_coverage_a_total_is_at_least_so(metrics):
    seen = [{**DAY, "played_date": AS_OF, "is_covered": True}]
    assert metrics(daily_listening=[daily(AS_OF, 1)])["month", date(2024, 5, 1), "all"].is_at_least
    assert not metrics(daily_listening=[daily(AS_OF, 1)], coverage=seen)["month", date(2024, 5, 1), "all"].is_at_least


def test_unknown_shuffle_is_not_taken_for_off(metrics):
    shuffle = {**DAY, "period_kind": "all_time", "period_start": date(1970, 1, 1), "period_end": AS_OF}
    buckets = [
        {**shuffle, "dimension": "shuffle", "bucket": bucket, "start_count": count}
        for bucket, count in (("on", 1), ("off", 3), ("unknown", 96))
    ]
    row = metrics(daily_listening=[daily(AS_OF, 1)], playback_shares=buckets)["all_time", date(1970, 1, 1), "all"]
    assert row.shuffle_share == 0.25
    assert pd.isna(metrics(daily_listening=[daily(AS_OF, 1)])["all_time", date(1970, 1, 1), "all"].shuffle_share)
