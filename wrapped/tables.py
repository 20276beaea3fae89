"""The tables that a Wrapped reads, and the plays and tracks of a period that all its questions start from."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from serving.names import NAME_MACROS
from wrapped.periods import Period

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]

TABLES = (
    "listening_with_features",
    "track_months",
    "coverage",
    "listeners",
    "track_genres",
    "track_features",
    "track_moods",
    "mood_clusters",
    "music_profiles",
)

_PLAYS = """
CREATE OR REPLACE TEMP TABLE period_plays AS
SELECT played_date BETWEEN $first AND $last AS is_now, played_date, hour_of_day, day_of_week, recording_id, track_id,
    coalesce(track_id, recording_id) AS track_key, track_name, artist_name, album_name, listened_ms, is_counted,
    is_skip, time_source = 'measured' AS is_measured, excluded_by
FROM listening_with_features
WHERE user_id = $user AND played_month BETWEEN $from_month AND $to_month
    AND (played_date BETWEEN $first AND $last OR played_date BETWEEN $before_first AND $before_last)
"""
# Sums by track: what all else of the period is added up from. The names are the smallest, as in track_periods.
_TRACKS = """
CREATE OR REPLACE TEMP TABLE period_tracks AS
WITH summed AS (
    SELECT is_now, track_key, min(recording_id) AS recording_id, min(track_id) AS track_id,
        min(artist_name) AS artist_name, min(album_name) AS album_name, count(*) AS start_count,
        count(*) FILTER (is_skip) AS skip_count, count(*) FILTER (is_counted) AS play_count,
        sum(listened_ms)::BIGINT AS listened_ms,
        coalesce(sum(listened_ms) FILTER (is_measured), 0)::BIGINT AS measured_ms
    FROM period_plays WHERE excluded_by IS NULL GROUP BY ALL
)
SELECT *, artist_of(artist_name) AS artist_key, album_of(album_name, artist_name) AS album_key FROM summed
"""
_TRACKS_EVER = """
CREATE OR REPLACE TEMP TABLE tracks_ever AS
WITH summed AS (
    SELECT track_key, min(recording_id) AS recording_id, min(track_name) AS track_name,
        min(artist_name) AS artist_name, min(album_name) AS album_name, sum(play_count) AS play_count,
        sum(listened_ms) AS listened_ms, min(first_date) AS first_date
    FROM track_months WHERE user_id = $user GROUP BY track_key
)
SELECT *, artist_of(artist_name) AS artist_key, album_of(album_name, artist_name) AS album_key FROM summed
"""


def prepare(reader: duckdb.DuckDBPyConnection, user_id: str, period: Period, before: Period) -> None:
    """Put period_plays and period_tracks (is_now tells the period from the one before) and tracks_ever there."""
    days = {
        "first": period.first,
        "last": period.last,
        "before_first": before.first,
        "before_last": before.last,
        # Months are those of UTC, days local: a day more on both sides.
        "from_month": f"{min(before.first, period.first) - timedelta(days=1):%Y-%m}",
        "to_month": f"{period.last + timedelta(days=1):%Y-%m}",
    }
    reader.execute(NAME_MACROS)
    reader.execute(_PLAYS, {"user": user_id, **days})
    reader.execute(_TRACKS)
    reader.execute(_TRACKS_EVER, {"user": user_id})


def rows_of(reader: duckdb.DuckDBPyConnection, query: str, **values: object) -> list[Row]:
    """The rows that a query gives, by column name."""
    cursor = reader.execute(query, values)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def history_of(reader: duckdb.DuckDBPyConnection, user_id: str) -> Row:
    """The first and last local day of a listener's history (null without one), and whether they are simulated."""
    return rows_of(
        reader,
        """
        SELECT min(played_date) AS first, max(played_date) AS last, coalesce(bool_or(is_simulated), false)
            AS is_simulated FROM coverage WHERE user_id = $user
        """,
        user=user_id,
    )[0]
