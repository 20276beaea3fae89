"""Music profiles and habits of the standard range that is nearest to the one asked for."""

from __future__ import annotations

from datetime import date
from typing import Literal

from serving.store import Row, Store

Told = Literal["music_profiles", "user_metrics", "user_features"]
# What is told of a period, in the words and units of docs/tables.md (user_features).
HABITS = {
    "plays_per_day": ("Plays a day", "number"),
    "hours_per_day": ("Hours a day", "number"),
    "active_day_share": ("Days with music", "share"),
    "longest_streak_days": ("Longest run of days", "count"),
    "sessions_per_week": ("Sessions a week", "number"),
    "session_minutes": ("Minutes a session", "number"),
    "artists_per_100_plays": ("Artists in 100 plays", "number"),
    "top_artist_share": ("Of the top artist", "share"),
    "repeat_share": ("Repeats in 100 plays", "share"),
    "discovery_share": ("First plays", "share"),
    "night_share": ("From 0 to 5 h", "share"),
    "morning_share": ("From 5 to 12 h", "share"),
    "evening_share": ("From 17 to 22 h", "share"),
    "late_share": ("From 22 to 24 h", "share"),
    "weekend_share": ("At weekends", "share"),
    "skip_share": ("Skips", "share"),
    "shuffle_share": ("On shuffle", "share"),
    "album_run_share": ("Album runs", "share"),
    "mainstream_share": ("Popular music", "share"),
    "mean_popularity": ("Mean popularity", "number"),
    "genre_diversity": ("Genres, as if alike", "number"),
}
RANKED = ("listened_ms", "play_count", "artist_count", "recording_count", "session_count", "active_day_count")
ENOUGH_COVERAGE = 0.9  # of periods that are ranked
_SPAN = """
    CASE WHEN period_kind = 'all_time' THEN $known::DATE ELSE period_start END AS first_day,
    CASE WHEN period_kind = 'all_time' THEN $today::DATE ELSE least(period_end, $today::DATE) END AS last_day
"""


def nearest_period(store: Store, table: Told, first: date, last: date, known: date) -> Row | None:
    """The period of a gold table that has most in common with a range: days of both, divided by days of either.

    known: the first day of the history, at which all time begins. Of profiles only periods of which something is told.
    Gives period_kind, period_start, period_end, and is_same: whether it holds the same days.
    """
    told = "profile_share IS NOT NULL" if table == "music_profiles" else "true"
    return store.row(
        f"""
        WITH spans AS (
            SELECT DISTINCT period_kind, period_start, period_end, {_SPAN} FROM {table} WHERE {told}
        ), common AS (
            SELECT *, greatest(0, 1 + least(last_day, $last::DATE) - greatest(first_day, $first::DATE)) AS both_days,
                1 + greatest(last_day, $last::DATE) - least(first_day, $first::DATE) AS all_days
            FROM spans
        )
        SELECT period_kind, period_start, period_end, both_days = all_days AS is_same FROM common WHERE both_days > 0
        ORDER BY both_days / all_days DESC, period_kind, period_start DESC
        """,
        first=max(first, known), last=min(last, store.as_of), known=known, today=store.as_of,
    )  # fmt: skip


def profiles_of(store: Store, period: Row) -> list[Row]:
    """The five profiles of a period, the nearest first; those that cannot be told last."""
    return store.rows(
        """
        SELECT * FROM music_profiles WHERE period_kind = $kind AND period_start = $start
        ORDER BY profile_rank NULLS LAST, profile_name
        """,
        kind=period["period_kind"], start=period["period_start"],
    )  # fmt: skip


def profile_months(store: Store, first: date, last: date) -> list[Row]:
    """The profiles of the months that touch these days: month, profile_name, profile_share, drivers, reason."""
    return store.rows(
        """
        SELECT period_start AS month, profile_name, profile_share, drivers, reason FROM music_profiles
        WHERE period_kind = 'month' AND period_end >= $first AND period_start <= $last ORDER BY 1, 2
        """,
        first=first, last=last,
    )  # fmt: skip


def metrics_of(store: Store, period: Row, basis: str) -> Row | None:
    """The totals of a period, as user_metrics has them, and of each RANKED one its place: listened_ms_rank and so on.

    Ranks stand among the listener's own periods of the kind; null where coverage of the period is below 90 %, or of
    periods that end today. ranked_count: how many are compared.
    """
    ranks = ", ".join(f"rank() OVER (ORDER BY {name} DESC) AS {name}_rank" for name in RANKED)
    return store.row(
        f"""
        WITH ranked AS (
            SELECT period_start, count(*) OVER () AS ranked_count, {ranks} FROM user_metrics
            WHERE basis = $basis AND period_kind = $kind AND period_kind IN ('month', 'year') AND coverage >= $enough
                AND period_end < $today
        )
        SELECT user_metrics.*, ranked.* EXCLUDE (period_start)
        FROM user_metrics LEFT JOIN ranked USING (period_start)
        WHERE basis = $basis AND period_kind = $kind AND period_start = $start
        """,
        basis=basis, kind=period["period_kind"], start=period["period_start"], enough=ENOUGH_COVERAGE,
        today=store.as_of,
    )  # fmt: skip


def habits_of(store: Store, period: Row) -> list[Row]:
    """Each of HABITS in a period: habit, value, and the least, middle and most of the listener's whole months.

    reason stands in each row: why some of them are null.
    """
    names = ", ".join(HABITS)
    casts = ", ".join(f"{name}::DOUBLE AS {name}" for name in HABITS)
    rows = store.rows(
        f"""
        WITH habits AS (
            UNPIVOT (
                SELECT period_kind, period_start, period_end, coverage, coalesce(reason, '') AS reason, {casts}
                FROM user_features
            ) ON {names} INTO NAME habit VALUE value
        )
        SELECT habit, max(value) FILTER (period_kind = $kind AND period_start = $start) AS value,
            min(value) FILTER (is_month) AS least, median(value) FILTER (is_month) AS middle,
            max(value) FILTER (is_month) AS most
        FROM (
            SELECT *, period_kind = 'month' AND period_end < $today AND coverage >= $enough AS is_month FROM habits
        ) GROUP BY habit
        """,
        kind=period["period_kind"], start=period["period_start"], enough=ENOUGH_COVERAGE, today=store.as_of,
    )  # fmt: skip
    why = store.row(
        "SELECT reason FROM user_features WHERE period_kind = $kind AND period_start = $start",
        kind=period["period_kind"], start=period["period_start"],
    )  # fmt: skip
    found = {row["habit"]: row for row in rows}
    empty = {"value": None, "least": None, "middle": None, "most": None}
    return [empty | found.get(name, {}) | {"habit": name, "reason": why["reason"] if why else None} for name in HABITS]
