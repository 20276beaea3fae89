"""discovery: what was new, what stuck and what came back, compared with SQL over single plays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import Row

from transformations.gold.discovery import NEW_TO_ARCHIVE, NEW_TO_LISTENER, discovery
from transformations.gold.track_periods import track_periods
from transformations.silver.track_months import track_months

KEY = ["user_id", "period_kind", "period_start"]
ALL_TIME = date(1970, 1, 1)

EXPECTED = """
WITH ranges AS (
    SELECT 'month' AS kind, m::DATE AS first_day, (m + INTERVAL 1 MONTH - INTERVAL 1 DAY)::DATE AS last_day
    FROM range(DATE '2026-01-01', DATE '2027-01-01', INTERVAL 1 MONTH) t(m)
    UNION ALL SELECT 'year', DATE '2026-01-01', DATE '2026-12-31'
    UNION ALL SELECT 'all_time', DATE '1970-01-01', DATE '{as_of}'
),
plays AS (
    SELECT *, regexp_replace(lower(artist_name), ' +', ' ', 'g') AS artist,
           regexp_replace(lower(album_name), ' +', ' ', 'g') || chr(9) || artist AS album
    FROM listening_with_features WHERE excluded_by IS NULL AND is_counted
),
firsts AS (
    SELECT user_id, 'recording' AS what, recording_id AS item, min(played_date) AS day FROM plays GROUP BY ALL
    UNION ALL SELECT user_id, 'artist', artist, min(played_date) FROM plays WHERE artist IS NOT NULL GROUP BY ALL
    UNION ALL SELECT user_id, 'album', album, min(played_date) FROM plays WHERE album IS NOT NULL GROUP BY ALL
),
stuck AS (
    SELECT f.user_id, f.item, count(DISTINCT p.played_date) AS days
    FROM firsts f JOIN plays p ON p.user_id = f.user_id AND p.recording_id = f.item
     AND p.played_date BETWEEN f.day + 1 AND f.day + 28
    WHERE f.what = 'recording' GROUP BY ALL
),
found AS (
    SELECT f.*, f.day + 28 <= DATE '{as_of}' AS is_ripe, coalesce(s.days, 0) >= 2 AS is_sticky
    FROM firsts f LEFT JOIN stuck s ON s.user_id = f.user_id AND s.item = f.item AND f.what = 'recording'
),
counts AS (
    SELECT user_id, kind AS period_kind, first_day AS period_start,
           count(*) FILTER (what = 'recording') AS new_recording_count,
           count(*) FILTER (what = 'artist') AS new_artist_count,
           count(*) FILTER (what = 'album') AS new_album_count,
           count(*) FILTER (what = 'recording' AND is_ripe) AS ripe,
           count(*) FILTER (what = 'recording' AND is_ripe AND is_sticky) AS sticky
    FROM found JOIN ranges ON day BETWEEN first_day AND last_day OR kind = 'all_time' GROUP BY ALL
),
sums AS (
    SELECT user_id, kind AS period_kind, first_day AS period_start, count(*) FILTER (is_counted) AS play_count,
           sum(listened_ms) AS listened_ms
    FROM listening_with_features JOIN ranges ON played_date BETWEEN first_day AND last_day OR kind = 'all_time'
    WHERE excluded_by IS NULL GROUP BY ALL
)
SELECT user_id, period_kind, period_start, play_count, listened_ms, new_recording_count, new_artist_count,
       new_album_count, new_recording_count / play_count AS discovery_share, ripe AS ripe_recording_count,
       CASE WHEN ripe > 0 AND (period_kind <> 'month' OR ripe = new_recording_count) THEN sticky END AS sticky_count
FROM sums JOIN counts USING (user_id, period_kind, period_start)
"""


def test_each_row_is_what_the_definition_says(sql, history, assert_same_rows):
    assert_same_rows(sql("SELECT * FROM discovery"), sql(EXPECTED.format(as_of=history.as_of)), KEY)


def test_the_new_of_the_months_add_up_to_those_of_all_time(table):
    found = table("discovery")
    names = ["new_recording_count", "new_artist_count", "new_album_count", "ripe_recording_count"]
    months = found[found["period_kind"] == "month"].groupby("user_id")[names].sum()
    pd.testing.assert_frame_equal(
        months, found[found["period_kind"] == "all_time"].set_index("user_id")[names].sort_index()
    )
    assert (months > 0).all(axis=None)


Made = Callable[..., dict[tuple[str, date], Row]]


@pytest.fixture
def made(rows: Callable[..., Any]) -> Made:
    """discovery of one listener from (day, recording) plays; every day from the first to as_of is covered."""

    def of(
        plays: list[tuple[date, str]],
        as_of: date,
        *,
        is_full: bool = True,
        first_day: date | None = None,
        **fields: Any,
    ) -> dict[tuple[str, date], Row]:
        given = [
            {
                "play_id": str(place),
                "user_id": "u",
                "recording_id": recording,
                "artist_name": recording,
                "played_date": day,
                "played_month": f"{day:%Y-%m}",
                "is_counted": True,
                **fields,
            }
            for place, (day, recording) in enumerate(plays)
        ]
        begin = first_day or min(day for day, _ in plays)
        days = [begin + timedelta(days=n) for n in range((as_of - begin).days + 1)]
        hours = [{"user_id": "u", "played_date": day, "is_covered": True, "is_full_archive": is_full} for day in days]
        listening, coverage = rows("listening_with_features", *given), rows("coverage", *hours)
        months = track_months(listening)
        periods = track_periods(months, listening, rows("track_features"), as_of=as_of)
        found = discovery(periods, months, listening, coverage, as_of=as_of).collect()
        return {(row.period_kind, row.period_start): row for row in found}

    return of


def on(*offsets: int, recording: str = "r", begin: date = date(2023, 1, 1)) -> list[tuple[date, str]]:
    return [(begin + timedelta(days=n), recording) for n in offsets]


@pytest.mark.parametrize(
    ("days", "sticky"),
    [((0, 1, 28), 1), ((0, 1, 29), 0), ((0, 0, 1, 1), 0), ((0, 1), 0), ((0, 27, 28, 28), 1)],
)
def test_a_recording_sticks_when_played_on_two_other_days_of_the_28_after(made, days, sticky):
    row = made(on(*days), date(2023, 6, 1))["all_time", ALL_TIME]
    assert (row.new_recording_count, row.sticky_count, row.sticky_share) == (1, sticky, sticky)


def test_stickiness_waits_for_the_28_days(made):
    plays = [*on(0, 1, 2), *on(10, recording="late")]
    early = made(plays, date(2023, 2, 7))
    assert (early["month", date(2023, 1, 1)].sticky_count, early["all_time", ALL_TIME].sticky_share) == (None, 1)
    assert "28 days after the first plays are not over yet" in early["month", date(2023, 1, 1)].reason
    assert early["all_time", ALL_TIME].ripe_recording_count == 1
    late = made(plays, date(2023, 2, 8))["month", date(2023, 1, 1)]
    assert (late.sticky_count, late.sticky_share, late.ripe_recording_count) == (1, 0.5, 2)


def test_a_play_after_180_days_is_a_rediscovery_and_counted_once(made):
    as_of = date(2024, 12, 31)
    found = made([*on(0, 180, 180, 181, 540), *on(0, 179, 400, recording="other")], as_of)
    assert found["all_time", ALL_TIME].rediscovery_count == 3
    assert found["year", date(2024, 1, 1)].rediscovery_count == 2  # days 400 and 540
    assert found["year", date(2024, 1, 1)].rediscovery_share == 1


def test_rediscoveries_are_told_from_twelve_months_of_archive_on(made):
    found = made(on(0, 181, 363, 364, 365), date(2024, 12, 31))
    january = found["month", date(2023, 7, 1)]
    assert (january.rediscovery_count, january.rediscovery_share) == (None, None)
    assert "less than 12 months of archive" in january.reason
    assert found["year", date(2023, 1, 1)].rediscovery_count == 2


def test_without_a_full_export_the_first_year_is_new_to_this_archive_alone(made):
    found = made(on(0, 200, 364, 366), date(2024, 3, 1), is_full=False)
    words = {place: row.newness for place, row in found.items()}
    assert words["month", date(2023, 7, 1)] == words["year", date(2023, 1, 1)] == NEW_TO_ARCHIVE
    assert words["all_time", ALL_TIME] == NEW_TO_ARCHIVE
    assert words["year", date(2024, 1, 1)] == words["month", date(2024, 1, 1)] == NEW_TO_LISTENER
    assert {row.newness for row in made(on(0), date(2023, 3, 1)).values()} == {NEW_TO_LISTENER}


def test_excluded_plays_discover_nothing(made):
    assert made(on(0, 1), date(2023, 3, 1), excluded_by="sleep") == {}


def test_what_was_only_skipped_is_not_discovered(made):
    row = made(on(0), date(2023, 3, 1), is_counted=False)["all_time", ALL_TIME]
    assert (row.new_recording_count, row.discovery_share, row.sticky_count) == (0, None, None)
    assert row.reason.startswith("nothing was new")


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plays=st.lists(st.tuples(st.integers(0, 500), st.sampled_from("abcd")), min_size=1, max_size=40))
def test_any_history_is_told_as_the_definition_says(made, plays):
    begin = date(2023, 1, 1)
    row = made([(begin + timedelta(days=n), r) for n, r in plays], begin + timedelta(days=600), first_day=begin)[
        "all_time", ALL_TIME
    ]
    days = {r: sorted({n for n, other in plays if other == r}) for _, r in plays}
    back = sum(later - earlier >= 180 for ns in days.values() for earlier, later in pairwise(ns))
    stuck = sum(sum(0 < n - ns[0] <= 28 for n in ns) >= 2 for ns in days.values())
    found = (row.new_recording_count, row.new_artist_count, row.rediscovery_count, row.sticky_count)
    assert found == (len(days), len(days), back, stuck)
    assert row.discovery_share == pytest.approx(len(days) / len(plays))
