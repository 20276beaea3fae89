"""track_months and track_periods: partial sums that add up to silver; compared with the same sums written in SQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from pyspark.sql import Row

from transformations.gold.track_periods import track_periods
from transformations.silver.track_months import track_months

SUMS = """
    min(recording_id) AS recording_id, min(track_id) AS track_id, min(track_name) AS track_name,
    min(artist_name) AS artist_name, min(album_name) AS album_name, count(*) AS start_count,
    sum(is_skip::INT) AS skip_count, sum(is_counted::INT) AS play_count, sum(listened_ms) AS listened_ms,
    coalesce(sum(listened_ms) FILTER (time_source = 'measured'), 0) AS measured_ms,
    min(played_date) FILTER (is_counted) AS first_date, max(played_date) FILTER (is_counted) AS last_date
"""
MONTHS = f"""
SELECT user_id, played_month, date_trunc('month', played_date)::DATE AS month_start,
       coalesce(track_id, recording_id) AS track_key, {SUMS}
FROM listening_with_features WHERE excluded_by IS NULL GROUP BY ALL
"""
PERIODS = """
WITH ranges AS (
    SELECT 'month' AS kind, m::DATE AS first_day, (m + INTERVAL 1 MONTH - INTERVAL 1 DAY)::DATE AS last_day
    FROM range(DATE '2026-01-01', DATE '2027-01-01', INTERVAL 1 MONTH) t(m)
    UNION ALL SELECT 'year', DATE '2026-01-01', DATE '2026-12-31'
    UNION ALL SELECT 'all_time', DATE '1970-01-01', DATE '{as_of}'
    UNION ALL
    SELECT 'last_' || n || '_days', DATE '{as_of}' - (back + 1) * n::INT + 1, DATE '{as_of}' - back * n::INT
    FROM (VALUES (7), (28), (90), (365)) t(n), (VALUES (0), (1)) b(back)
)
SELECT user_id, kind AS period_kind, first_day AS period_start, last_day AS period_end,
       coalesce(track_id, recording_id) AS track_key, {sums},
       bool_or(track_id IN (SELECT track_id FROM track_features WHERE basis = 'measured')) IS TRUE
           AS has_measured_features
FROM listening_with_features JOIN ranges ON played_date BETWEEN first_day AND last_day OR kind = 'all_time'
WHERE excluded_by IS NULL GROUP BY ALL
"""
PLACE = ["user_id", "period_kind", "period_start", "track_key"]


def test_each_month_of_a_track_is_what_the_definition_says(sql, assert_same_rows):
    found = sql("SELECT * FROM track_months")
    assert_same_rows(found, sql(MONTHS), ["user_id", "played_month", "month_start", "track_key"])


def test_a_local_month_that_begins_in_utcs_month_before_has_a_row_in_both(rows):
    """00:30 on 1 May in Berlin is 30 April in UTC."""
    first, second = play(1, "t", date(2024, 5, 1), played_month="2024-04"), play(2, "t", date(2024, 5, 1))
    found = track_months(rows("listening_with_features", first, second)).collect()
    assert {(row.played_month, row.month_start, row.play_count) for row in found} == {
        ("2024-04", date(2024, 5, 1), 1),
        ("2024-05", date(2024, 5, 1), 1),
    }


def test_each_range_of_a_track_is_what_the_definition_says(sql, history, assert_same_rows):
    expected = sql(PERIODS.format(as_of=history.as_of, sums=SUMS))
    assert_same_rows(sql("SELECT * FROM track_periods"), expected, PLACE)


def test_the_totals_of_each_month_and_of_all_time_are_those_of_silver(sql):
    sums = "sum({}start_count), sum(skip_count), sum(play_count), sum(listened_ms), sum(measured_ms)"
    silver = """
        count(*), sum(is_skip::INT), sum(is_counted::INT), sum(listened_ms),
        coalesce(sum(listened_ms) FILTER (time_source = 'measured'), 0)
    """
    months = sql(f"""
        SELECT user_id, period_start, {sums.format("")} FROM track_periods WHERE period_kind = 'month'
        GROUP BY ALL ORDER BY ALL
    """)
    by_month = sql(f"""
        SELECT user_id, date_trunc('month', played_date)::DATE, {silver} FROM listening_with_features
        WHERE excluded_by IS NULL GROUP BY ALL ORDER BY ALL
    """)
    assert months.to_numpy().tolist() == by_month.to_numpy().tolist() and len(months) >= 5
    for kind in ("all_time", "year"):
        whole = sql(f"SELECT user_id, {sums.format('')} FROM track_periods WHERE period_kind = '{kind}' "
                    "GROUP BY ALL ORDER BY ALL")  # fmt: skip
        assert (
            whole.to_numpy().tolist()
            == sql(f"""
            SELECT user_id, {silver} FROM listening_with_features WHERE excluded_by IS NULL GROUP BY ALL ORDER BY ALL
        """)
            .to_numpy()
            .tolist()
        )


def play(number: int, track_id: str | None, day: date, **fields: Any) -> dict[str, Any]:
    """A counted play of a minute in measured time, unless other fields say otherwise."""
    known = {"recording_id": track_id or "sha", "track_id": track_id, "played_date": day, "listened_ms": 60_000}
    kind = {"is_counted": True, "time_source": "measured", "played_month": f"{day:%Y-%m}", "user_id": "u"}
    return {"play_id": str(number), **known, **kind, **fields}


@pytest.fixture
def ranges(rows: Callable[..., Any]) -> Callable[..., dict[tuple[str, date, str], Row]]:
    def of(*plays: dict[str, Any], as_of: date, measured: tuple[str, ...] = ()) -> dict[tuple[str, date, str], Row]:
        listening = rows("listening_with_features", *plays)
        features = rows("track_features", *({"track_id": track, "basis": "measured"} for track in measured))
        found = track_periods(track_months(listening), listening, features, as_of=as_of).collect()
        return {(row.period_kind, row.period_start, row.track_key): row for row in found}

    return of


def test_the_range_before_is_given_too_and_nothing_older(ranges):
    as_of = date(2024, 5, 31)
    found = ranges(
        play(1, "t", date(2024, 5, 25)), play(2, "t", date(2024, 5, 24)), play(3, "t", date(2024, 5, 18)),
        play(4, "t", date(2024, 5, 17)), play(5, "t", date(2024, 6, 1)), as_of=as_of,
    )  # fmt: skip
    weeks = {start: row.play_count for (kind, start, _), row in found.items() if kind == "last_7_days"}
    assert weeks == {date(2024, 5, 25): 1, date(2024, 5, 18): 2}
    assert found["all_time", date(1970, 1, 1), "t"].play_count == 5


def test_excluded_plays_are_in_no_sum(ranges):
    found = ranges(
        play(1, "t", date(2024, 5, 1)), play(2, "t", date(2024, 5, 2), excluded_by="sleep"),
        play(3, "only excluded", date(2024, 5, 2), excluded_by="sleep"), as_of=date(2024, 5, 31),
    )  # fmt: skip
    assert {key for _, _, key in found} == {"t"}
    assert {row.start_count for row in found.values()} == {1}
    assert found["month", date(2024, 5, 1), "t"].last_date == date(2024, 5, 1)


def test_a_track_that_was_only_skipped_has_no_dates_and_one_without_an_id_is_told_by_its_recording(ranges):
    skipped = {"is_counted": False, "is_skip": True, "listened_ms": 5_000, "time_source": "estimated"}
    found = ranges(
        play(1, "skipped", date(2024, 5, 1), **skipped), play(2, None, date(2024, 5, 2)), as_of=date(2024, 5, 31),
        measured=("skipped",),
    )  # fmt: skip
    row = found["month", date(2024, 5, 1), "skipped"]
    assert (row.start_count, row.skip_count, row.play_count, row.listened_ms, row.measured_ms) == (1, 1, 0, 5_000, 0)
    assert (row.first_date, row.last_date, row.has_measured_features) == (None, None, True)
    nameless = found["month", date(2024, 5, 1), "sha"]
    assert (nameless.track_id, nameless.play_count, nameless.has_measured_features) == (None, 1, False)
