"""How much was heard in any range of days (docs/analytics.md), with how much of it is known."""

from __future__ import annotations

from datetime import date

from serving.store import Row, Store

_DAYS = """
    SELECT coalesce(sum(play_count), 0)::BIGINT AS play_count, coalesce(sum(start_count), 0)::BIGINT AS start_count,
        coalesce(sum(listened_ms), 0)::BIGINT AS listened_ms, count(*) FILTER (play_count > 0) AS active_day_count
    FROM daily_listening WHERE basis = 'all' AND played_date BETWEEN $first AND $last
"""
_IN_RANGE = "FROM kept_plays WHERE played_date BETWEEN $first AND $last"
_ENDS = f"SELECT min(started_at) AS first_play_at, max(started_at) AS last_play_at {_IN_RANGE}"
# A standard range is told by gold already; others are counted.
_KNOWN = """
    SELECT recording_count, artist_count FROM user_metrics
    WHERE basis = 'all' AND period_end = $last
        AND (period_start = $first OR (period_kind = 'all_time' AND $first <= (SELECT min(played_date) FROM coverage)))
"""
_COUNTED = f"""
    SELECT count(DISTINCT recording_id) AS recording_count, (
        SELECT count(DISTINCT artist_key) FROM (SELECT DISTINCT artist_name {_IN_RANGE})
        JOIN artist_names USING (artist_name)
    ) AS artist_count {_IN_RANGE}
"""
_COVERAGE = """
    SELECT avg(is_covered::INT) AS coverage, coalesce(bool_or(NOT is_covered), false) AS is_at_least
    FROM coverage WHERE played_date BETWEEN $first AND $last
"""
_SHARES = f"""
    SELECT coalesce(feature_source, 'none') AS source, sum(listened_ms) / sum(sum(listened_ms)) OVER () AS share
    {_IN_RANGE} GROUP BY 1 ORDER BY 1
"""


def history_days(store: Store) -> tuple[date, date]:
    """The first local day that something is known of, and the day that the tables were built for."""
    return min(store.first_day, store.as_of), store.as_of


def totals_of(store: Store, first: date, last: date) -> Row:
    """The totals of these local days, both included; plays that a rule excludes are left out.

    play_count, start_count (skipped ones too), listened_ms, active_day_count (days with a play that counts),
    recording_count and artist_count (of all that was begun), first_play_at and last_play_at (UTC), coverage (share of
    the hours of the history that something is known of, 0-1, null for none), is_at_least (plays of some hours may be
    missing), feature_shares (source -> share of the time).
    """
    days: Row = {"first": first, "last": last}
    counts = store.row(_KNOWN, **days) or store.row(_COUNTED, **days) or {}
    found: Row = {}
    for query in (_DAYS, _ENDS, _COVERAGE):
        found |= store.row(query, **days) or {}
    shares = {row["source"]: row["share"] for row in store.rows(_SHARES, **days) if row["share"] is not None}
    return {**found, **counts, "feature_shares": shares}
