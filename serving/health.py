"""How the lake is doing: runs, builds, checks, gaps, coverage and what it takes on the disk. Read without an engine."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Lock
from typing import Any

from cachetools import LRUCache, TTLCache, cached

from config.settings import Settings
from schemas.bronze import ingestion_runs_bronze
from schemas.declaration import Table
from schemas.lake import Lake
from schemas.records import ingestion_state, pipeline_runs, qa_validation_results
from serving.store import Row, Store

LAYERS = ("bronze", "silver", "gold", "records")
RUNS_SHOWN = 60
ROWS_SECONDS, STORAGE_SECONDS = 5, 60  # for so long what was read is told again


def newest_runs(lake: Lake, user_id: str) -> list[Row]:
    """The latest runs of sources, the newest first: those of this listener, and those for all."""
    rows = _rows(lake, ingestion_runs_bronze)
    mine = [row for row in rows if row["user_id"] in (None, user_id)]
    return sorted(mine, key=lambda row: (row["finished_at"], row["run_id"], row["source"]), reverse=True)[:RUNS_SHOWN]


def newest_builds(lake: Lake, count: int = 10) -> list[Row]:
    """The latest builds, the newest first, without their fingerprints."""
    columns = ("run_id", "status", "started_at", "finished_at", "as_of", "engine", "error")
    rows = _rows(lake, pipeline_runs, columns)
    rows = [{**row, "seconds": (row["finished_at"] - row["started_at"]).total_seconds()} for row in rows]
    return sorted(rows, key=lambda row: (row["finished_at"], row["run_id"]), reverse=True)[:count]


def newest_checks(lake: Lake) -> list[Row]:
    """What the newest run of the rules found: a row a rule; what failed first. Nothing of any row's content."""
    columns = ("run_id", "table_name", "expectation", "severity", "status", "row_count", "failing_rows", "checked_at")
    rows = _rows(lake, qa_validation_results, columns)
    if not rows:
        return []
    newest = max(rows, key=lambda row: row["checked_at"])["run_id"]
    order = {"FAIL": 0, "WARN": 1, "PASS": 2}
    found = [row for row in rows if row["run_id"] == newest]
    return sorted(found, key=lambda row: (order.get(row["status"], 3), row["table_name"], row["expectation"]))


def quotas(lake: Lake) -> list[Row]:
    """What is known of services' limits: the newest word on each, with the time (UTC) before which none is asked."""
    newest: dict[tuple[Any, ...], Row] = {}
    for row in sorted(_rows(lake, ingestion_state), key=lambda row: row["recorded_at"]):
        newest[row["service"], row["subject"], row["state_name"]] = row
    return [row for row in newest.values() if row["not_before"] is not None]


def covered_days(store: Store) -> list[Row]:
    """Each local day's share of hours that were observed or imported, 0-1, and whether a gap is suspected on it."""
    return store.rows(
        """
        SELECT played_date, avg(is_covered::INT) AS covered_share, bool_or(status = 'suspected_gap') AS has_gap
        FROM coverage GROUP BY 1 ORDER BY 1
        """
    )


def open_gaps(store: Store) -> list[Row]:
    """Suspected gaps that no import has closed, the latest first."""
    return store.rows("SELECT * FROM coverage_gaps WHERE NOT is_closed ORDER BY found_at DESC LIMIT 100")


@cached(LRUCache(8), key=lambda store: store.file, lock=Lock())
def feature_sources(store: Store) -> list[Row]:
    """Where the audio features of the listening time come from: source, provider, time and its share."""
    return store.rows(
        """
        SELECT coalesce(feature_source, 'none') AS feature_source, feature_provider,
            sum(listened_ms)::BIGINT AS listened_ms, sum(listened_ms) / sum(sum(listened_ms)) OVER () AS time_share
        FROM (
            SELECT feature_source, CASE WHEN feature_source = 'real' THEN feature_provider END AS feature_provider,
                listened_ms FROM kept_plays
        ) GROUP BY 1, 2 ORDER BY listened_ms DESC
        """
    )


@dataclass(frozen=True)
class Stored:
    """What a table takes: its layer and name, files and bytes, old versions included."""

    layer: str
    table: str
    files: int
    size: int


@cached(TTLCache(8, STORAGE_SECONDS), condition=Condition())
def storage(lake: Lake) -> list[Stored]:
    """What each table of a local lake takes on the disk, the largest first; nothing for one in an object store."""
    if lake.is_remote:
        return []
    folders = [(layer, folder) for layer in LAYERS for folder in _folders(lake.local / layer)]
    found = [Stored(layer, folder.name, *_size(folder)) for layer, folder in folders]
    return sorted(found, key=lambda one: (-one.size, one.table))


def free_bytes(settings: Settings) -> int | None:
    """Free space where the lake is; None for an object store."""
    lake = Lake(settings.lake_uri)
    if lake.is_remote or not lake.local.exists():
        return None
    told = os.statvfs(lake.local)
    return told.f_bavail * told.f_frsize


def _folders(layer: Path) -> Iterable[Path]:
    return (path for path in layer.iterdir() if path.is_dir()) if layer.is_dir() else ()


def _size(folder: Path) -> tuple[int, int]:
    sizes = []
    for root, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # `lakesong maintain` may remove it at this moment
                sizes.append(os.stat(os.path.join(root, name)).st_size)
    return len(sizes), sum(sizes)


@cached(TTLCache(32, ROWS_SECONDS), key=lambda lake, table, columns=(): (lake.root, table.name), condition=Condition())
def _rows(lake: Lake, table: Table, columns: tuple[str, ...] = ()) -> list[Row]:
    """The rows of a small table, as they were a few seconds ago at most."""
    return lake.rows(table, columns)
