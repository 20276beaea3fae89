"""What the lake holds: tables with rows and versions, listeners, and where audio features came from."""

from __future__ import annotations

from typing import Any

from ingestion.listeners import read_listeners
from pipeline import declared_tables, latest_release
from schemas.lake import Lake
from serving.lake_reader import open_reader


def lake_status(lake: Lake) -> dict[str, Any]:
    """The state of a lake as plain data. Raises InputError when there is no lake."""
    reader = open_reader(lake)
    release = latest_release(lake)
    tables = []
    for name, table in declared_tables().items():
        if not lake.has(table):
            continue
        rows = reader.execute(f'SELECT count(*) FROM "{name}"').fetchone()
        tables.append(
            {
                "table": name,
                "layer": table.layer,
                "rows": rows[0] if rows else 0,
                "version": lake.open(table, release.version_of(table)).version(),
            }
        )
    simulated = {row["user_id"]: row["is_simulated"] for row in read_listeners(lake)}
    return {
        "lake": lake.root,
        "tables": tables,
        "listeners": [{"user_id": user, "is_simulated": flag} for user, flag in sorted(simulated.items())],
        "open_gaps": open_gaps(reader) if "coverage_gaps" in release.versions else {},
        "excluded_plays": excluded_plays(reader) if "listening_with_features" in release.versions else {},
        "feature_shares": feature_shares(reader) if "listening_with_features" in release.versions else {},
    }


def open_gaps(reader: Any) -> dict[str, int]:
    """Suspected gaps that no import has closed, by listener."""
    query = "SELECT user_id, count(*) FROM coverage_gaps WHERE NOT is_closed GROUP BY 1 ORDER BY 1"
    return {user_id: int(gaps) for user_id, gaps in reader.execute(query).fetchall()}


def excluded_plays(reader: Any) -> dict[str, int]:
    """Plays that each rule of exclusions.toml leaves out of the statistics."""
    query = (
        "SELECT excluded_by, count(*) FROM listening_with_features WHERE excluded_by IS NOT NULL GROUP BY 1 ORDER BY 1"
    )
    return {rule: int(plays) for rule, plays in reader.execute(query).fetchall()}


def feature_shares(reader: Any) -> dict[str, float]:
    """Share of the listening time by source of its audio features, 0-1; `none` has no features."""
    rows = reader.execute(
        """
        SELECT coalesce(feature_source, 'none') AS source, sum(listened_ms) * 1.0 / sum(sum(listened_ms)) OVER ()
        FROM listening_with_features GROUP BY 1 ORDER BY 1
        """
    ).fetchall()
    return {source: float(share or 0) for source, share in rows}
