"""What was learned about each listener, in a few figures: for the demo's screen and the end of an import."""

from __future__ import annotations

from typing import Any

from config.zones import zones_of_country
from ingestion.listeners import read_listeners
from schemas.lake import Lake
from serving.lake_reader import open_reader
from serving.status import feature_shares

SHOWN_INDICATORS = (
    "valence_centre",
    "energy_centre",
    "diurnal_phase_hours",
    "late_night_share",
    "artist_diversity",
    "discovery_rate",
    "relative_skip_rate",
    "sessions_per_week",
)


def suggested_zone(lake: Lake, user_id: str) -> str | None:
    """The time zone that the listener's connections point to, where none was recorded for them; else None."""
    if any(row["time_zone"] for row in read_listeners(lake) if row["user_id"] == user_id):
        return None
    most_used = "SELECT country FROM plays WHERE user_id = ? GROUP BY country ORDER BY count(*) DESC LIMIT 1"
    found = open_reader(lake).execute(most_used, [user_id]).fetchone()
    zones = zones_of_country(found[0]) if found and found[0] else []
    return zones[0] if zones else None


def lake_summary(lake: Lake, user_id: str) -> dict[str, Any]:
    """Totals, top artists, mood clusters and last whole week's indicators of one listener, as plain data.

    Moods and indicators are those of the basis `measured`: no synthetic feature is in them.
    """
    reader = open_reader(lake)

    def rows(query: str, *values: object) -> list[dict[str, Any]]:
        cursor = reader.execute(query, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    totals = """
        SELECT count(*) FILTER (is_counted) AS plays, count(DISTINCT artist_name) AS artists,
            count(DISTINCT recording_id) AS recordings, sum(listened_ms) / 3.6e6 AS hours,
            min(played_date) AS first_day, max(played_date) AS last_day, bool_or(is_simulated) AS is_simulated
        FROM listening_with_features WHERE user_id = ?
    """
    artists = """
        SELECT artist_name, count(*) FILTER (is_counted) AS plays, sum(listened_ms) / 3.6e6 AS hours
        FROM listening_with_features WHERE user_id = ? AND artist_name IS NOT NULL
        GROUP BY artist_name ORDER BY plays DESC, hours DESC, artist_name LIMIT 5
    """
    moods = """
        SELECT cluster_id, cluster_name, listened_share, track_count, k, silhouette, stability, reason
        FROM mood_clusters WHERE user_id = ? AND basis = 'measured' ORDER BY cluster_id
    """
    # The newest whole week of which something is known: an export may have been asked for weeks ago.
    indicators = """
        SELECT indicator, value, low, high, unit, past_low, past_high, standing, reason, window_start, window_end
        FROM wellbeing_indicators
        WHERE user_id = ? AND basis = 'measured' AND week_start = (
            SELECT max(week_start) FROM wellbeing_indicators
            WHERE user_id = ? AND window_end = week_start + 6 AND window_end <= (
                SELECT max(played_date) FROM coverage WHERE user_id = ? AND is_covered
            )
        )
    """
    found = {row["indicator"]: row for row in rows(indicators, user_id, user_id, user_id)}
    return {
        "user_id": user_id,
        **rows(totals, user_id)[0],
        "top_artists": rows(artists, user_id),
        "moods": rows(moods, user_id),
        "indicators": [found[name] for name in SHOWN_INDICATORS if name in found],
        "feature_shares": feature_shares(reader),
    }
