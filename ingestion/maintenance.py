"""Nightly maintenance: join small files, remove files that nobody needs, shorten Delta logs. No engine is needed."""

from __future__ import annotations

import contextlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from deltalake import DeltaTable
from pyarrow import fs

from config.lock import run_lock
from config.settings import Settings
from engine.fingerprints import WHOLE
from pipeline import declared_tables
from schemas import records
from schemas.declaration import MONTH_COLUMN, Table
from schemas.lake import Lake
from writers.conflicts import retry_conflicts

MANY_FILES = 8  # of a month, or of a table without months: more are made into one
SMALL_BYTES = 32_000_000  # a file of this size is no small file
KEEP_DAYS = 30
LOG_DAYS = 30  # delta.logRetentionDuration, by default: older log entries are removed


@dataclass(frozen=True)
class Maintained:
    """What was done to one table, or would be: its data files before and after, and what was removed from the disk."""

    table: str
    layer: str
    files_before: int
    files_after: int
    freed_files: int
    freed_bytes: int

    @property
    def is_changed(self) -> bool:
        """Whether files were joined or removed."""
        return self.files_after != self.files_before or self.freed_files > 0


def run_maintenance(settings: Settings, *, keep_days: int = KEEP_DAYS, dry_run: bool = False) -> list[Maintained]:
    """`maintain` under the run lock. Raises PostponedError while another run holds it."""
    with run_lock(settings.state_dir, "maintain"):
        return maintain(Lake(settings.lake_uri), keep_days=keep_days, dry_run=dry_run)


def maintain(
    lake: Lake, *, keep_days: int = KEEP_DAYS, many_files: int = MANY_FILES, dry_run: bool = False
) -> list[Maintained]:
    """Maintain every table there is; with dry_run, only say what would be done. The caller holds the run lock.

    No row changes. Files stay that a version of the last `keep_days` days needs, or one that the newest release or a
    release of those days names.

    Only bronze and records are compacted: a build writes whole months and tables, in few files already. A build after
    that makes the months again whose bronze files were joined, and the tables that read them whole, once. That is
    bounded: such a month has had more than `many_files` writes since it was last compacted, so it is as a rule the
    current one, which the next play would have had made again anyhow.
    """
    released = _released_versions(lake, datetime.now(UTC) - timedelta(days=keep_days))
    present = [table for table in declared_tables().values() if lake.has(table)]
    return [_maintain(lake, table, released[table.name], keep_days, many_files, dry_run) for table in present]


def _maintain(
    lake: Lake, table: Table, released: set[int], keep_days: int, many_files: int, dry_run: bool
) -> Maintained:
    delta = lake.open(table)
    before = len(delta.file_uris())
    crowded = _crowded(delta, table, many_files) if table.transform is None else {}
    if not dry_run:
        for month in crowded:
            retry_conflicts(partial(_compact, lake, table, month))
        delta = lake.open(table)
    saved = sum(count - 1 for count in crowded.values()) if dry_run else before - len(delta.file_uris())
    # Vacuum needs the log to reach back to a version that it keeps: delta-rs shortens logs by itself too.
    needed = {version for version in released if lake.has_version(table, version)}
    freed_files, freed_bytes = _remove_unneeded(lake, table, delta, needed, keep_days, dry_run)
    if not dry_run:
        _shorten_log(delta, needed)
    return Maintained(table.name, table.layer, before, before - saved, freed_files, freed_bytes)


def _crowded(delta: DeltaTable, table: Table, many_files: int) -> dict[str, int]:
    """Months (or WHOLE) with more than `many_files` small files, and how many small files each has."""
    actions = delta.get_add_actions(flatten=True)
    sizes = actions.column("size_bytes").to_pylist()
    months = actions.column(f"partition.{MONTH_COLUMN}").to_pylist() if table.is_monthly else [WHOLE] * len(sizes)
    counts: dict[str, int] = defaultdict(int)
    for month, size in zip(months, sizes, strict=True):
        counts[month] += size < SMALL_BYTES
    return {month: count for month, count in sorted(counts.items()) if count > many_files}


def _compact(lake: Lake, table: Table, month: str) -> None:
    """Join the small files of one month or table. Sail reads what delta-rs writes here (decision 007)."""
    filters = None if month == WHOLE else [(MONTH_COLUMN, "=", month)]
    lake.open(table).optimize.compact(partition_filters=filters)


def _remove_unneeded(
    lake: Lake, table: Table, delta: DeltaTable, needed: set[int], keep_days: int, dry_run: bool
) -> tuple[int, int]:
    """Remove the data files that Delta's vacuum lists, but for those in use; gives how many, and their bytes.

    A file that left the table twice, as after a restore, is listed twice; that one is gone already is no error.
    Vacuum itself would add two commits, and a table that is past its released version counts as not released: every
    table would be built again each night.
    """
    unneeded = delta.vacuum(
        retention_hours=24 * keep_days,
        dry_run=True,
        enforce_retention_duration=False,
        full=True,  # what a killed run left behind is in no log
        keep_versions=sorted(needed),
    )
    live = set(delta.get_add_actions(flatten=True).column("path").to_pylist())
    store, root = fs.FileSystem.from_uri(lake.path(table))
    paths = [f"{root}/{path}" for path in sorted(set(unneeded) - live)]
    found = [info for info in store.get_file_info(paths) if info.is_file]
    for info in found if not dry_run else ():
        with contextlib.suppress(FileNotFoundError):
            store.delete_file(info.path)
    return len(found), sum(info.size for info in found)


def _shorten_log(delta: DeltaTable, needed: Iterable[int]) -> None:
    """Write a checkpoint, and drop log entries older than LOG_DAYS: unless a version that is needed would go too."""
    delta.create_checkpoint()
    oldest = min(needed, default=delta.version())
    written = {entry["version"]: entry["timestamp"] for entry in delta.history()}
    limit = (datetime.now(UTC) - timedelta(days=LOG_DAYS)).timestamp() * 1000
    if oldest == delta.version() or written.get(oldest, 0) > limit:
        delta.cleanup_metadata()


def _released_versions(lake: Lake, since: datetime) -> dict[str, set[int]]:
    """Of each table, the versions that the newest release and all releases since then name."""
    versions: dict[str, set[int]] = defaultdict(set)
    if not lake.has(records.pipeline_runs):
        return versions
    runs = lake.open(records.pipeline_runs).to_pyarrow_table(columns=["finished_at", "release"]).to_pylist()
    releases = sorted((run["finished_at"], run["release"]) for run in runs if run["release"])
    for finished_at, release in releases:
        if finished_at >= since or (finished_at, release) == releases[-1]:
            for name, version in json.loads(release).items():
                versions[name].add(version)
    return versions
