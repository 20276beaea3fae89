"""What a Wrapped was made from: the code, the versions of tables, and the imports, rules and zones that held then."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.exclusions import read_exclusions
from config.settings import Settings
from pipeline import Release, table_named
from schemas.lake import Lake
from wrapped.tables import rows_of

if TYPE_CHECKING:
    import duckdb

Facts = dict[str, Any]

PROJECT = Path(__file__).parents[1]
# What decides the data: the tables' functions and models, and what is asked of them here.
_DECIDING = (
    "transformations",
    "models",
    "wrapped/queries.py",
    "wrapped/tables.py",
    "wrapped/report.py",
    "wrapped/periods.py",
)
SETTINGS = ("timezone", "feature_preference", "allow_synthetic", "session_gap_minutes")


@cache
def code_version() -> str:
    """The version of Lakesong, and a digest of the code that decides the data: `0.1.0+1a2b3c4d`."""
    found = hashlib.sha256()
    for name in _DECIDING:
        path = PROJECT / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            found.update(file.relative_to(PROJECT).as_posix().encode())
            found.update(file.read_bytes())
    return f"{_version()}+{found.hexdigest()[:8]}"


def table_versions(lake: Lake, release: Release, names: tuple[str, ...]) -> dict[str, int]:
    """The version of each table as the reader saw it."""
    tables = (table_named(name) for name in names)
    return {table.name: lake.open(table, release.version_of(table)).version() for table in tables}


def made_from(reader: duckdb.DuckDBPyConnection, settings: Settings, release: Release, user_id: str) -> Facts:
    """The release, imports, rules, zones and settings that a report of this listener rests on now."""
    return {
        "released_at": _text(release.finished_at),
        "as_of": release.as_of.isoformat() if release.as_of else None,
        "imports": _imports(reader, user_id),
        "exclusions": {
            rule.name: {key: value for key, value in asdict(rule).items() if value not in (None, (), "")}
            for rule in read_exclusions(settings.rules_folder)
            if rule.user in (None, user_id)
        },
        "recording_rules": _recording_rules(reader),
        "zones": _zones(reader, user_id),
        "settings": {name: getattr(settings, name) for name in SETTINGS},
    }


def imports_since(reader: duckdb.DuckDBPyConnection, user_id: str, known: Facts) -> list[Facts]:
    """Runs that brought something new for the listener, or for all, after those that a report knew; newest last."""
    runs = rows_of(
        reader,
        """
        SELECT source, batch_id, finished_at, new_count, oldest_at, newest_at FROM ingestion_runs_bronze
        WHERE (user_id = $user OR user_id IS NULL) AND new_count > 0 ORDER BY finished_at, source, batch_id
        """,
        user=user_id,
    )
    newest = {source: facts["newest_at"] for source, facts in known.items()}
    return [run for run in runs if (_text(run["finished_at"]) or "") > newest.get(run["source"], "")]


def _imports(reader: duckdb.DuckDBPyConnection, user_id: str) -> Facts:
    """By source: how many runs brought something new, how many rows, and when the last one ended."""
    rows = rows_of(
        reader,
        """
        SELECT source, count(*) AS run_count, sum(new_count)::BIGINT AS new_count, max(finished_at) AS newest_at
        FROM ingestion_runs_bronze WHERE (user_id = $user OR user_id IS NULL) AND new_count > 0
        GROUP BY source ORDER BY source
        """,
        user=user_id,
    )
    return {row.pop("source"): {**row, "newest_at": _text(row["newest_at"])} for row in rows}


def _recording_rules(reader: duckdb.DuckDBPyConnection) -> list[str]:
    """The rules about editions that hold, each as text."""
    rows = rows_of(
        reader,
        """
        SELECT rule, least(track_id, other_track_id) AS one, greatest(track_id, other_track_id) AS other
        FROM recording_rules
        QUALIFY row_number() OVER (PARTITION BY one, other ORDER BY recorded_at DESC, rule) = 1 AND is_active
        ORDER BY ALL
        """,
    )
    return [f"{row['rule']} {row['one']} {row['other']}" for row in rows]


def _zones(reader: duckdb.DuckDBPyConnection, user_id: str) -> dict[str, str | None]:
    """The listener's time zones by the instant from which each holds."""
    rows = rows_of(
        reader,
        """
        SELECT valid_from, time_zone FROM listeners WHERE user_id = $user
        QUALIFY row_number() OVER (PARTITION BY valid_from ORDER BY recorded_at DESC) = 1 ORDER BY valid_from
        """,
        user=user_id,
    )
    return {_text(row["valid_from"]) or "": row["time_zone"] for row in rows}


def _text(at: datetime | None) -> str | None:
    """An instant as text that sorts; the reader gives UTC without saying so."""
    if at is None:
        return None
    return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC).isoformat(timespec="microseconds")


def _version() -> str:
    content = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(content["project"]["version"])
