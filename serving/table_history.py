"""`lakesong history`: the versions of a table, what each changed, and which release shows it."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from deltalake import DeltaTable
from pyarrow import fs

from pipeline import latest_release
from schemas.declaration import Table
from schemas.lake import Lake
from schemas.records import pipeline_runs
from serving.lake_reader import no_lake

# Counted by a merge: without them, a row that was only copied to another file would count as removed and added.
_INSERTED, _DELETED, _COPIED = "num_target_rows_inserted", "num_target_rows_deleted", "num_target_rows_copied"


@dataclass(frozen=True)
class TableVersion:
    """One version: when it was written (UTC), by what operation, the rows that it holds, and how it differs.

    rows_added and rows_removed are against the version before; a table that is replaced whole removes and adds all of
    its rows. They are None where the version before is not known any more. release_runs: the builds whose release
    names the version, newest first. is_shown: whether readers see it now. can_be_opened: whether all its files remain.
    """

    version: int
    written_at: datetime
    operation: str
    rows: int | None
    rows_added: int | None
    rows_removed: int | None
    release_runs: tuple[str, ...]
    is_shown: bool
    can_be_opened: bool

    def to_json(self) -> dict[str, Any]:
        """The version as `--json` prints it."""
        return {**vars(self), "written_at": self.written_at.isoformat(), "release_runs": list(self.release_runs)}


def table_history(lake: Lake, table: Table, limit: int) -> list[TableVersion]:
    """The newest `limit` versions of a table, newest first. Raises InputError where there is no such table yet."""
    if not lake.has(table):
        raise no_lake(lake)
    delta = lake.open(table)
    entries = sorted(delta.history(), key=lambda entry: int(entry["version"]), reverse=True)[:limit]
    released, shown = _releases(lake, table), latest_release(lake).version_of(table)
    shown = delta.version() if shown is None else shown
    found = []
    for entry in entries:
        version = int(entry["version"])
        now, before = _files(lake, table, version), _files(lake, table, version - 1) if version else {}
        added, removed = _difference(now, before, entry.get("operationMetrics") or {})
        found.append(
            TableVersion(
                version,
                datetime.fromtimestamp(entry["timestamp"] / 1000, UTC),
                str(entry["operation"]),
                None if now is None else sum(now.values()),
                added,
                removed,
                tuple(released[version]),
                version == shown,
                now is not None and _are_there(lake, table, now),
            )
        )
    return found


def _releases(lake: Lake, table: Table) -> dict[int, list[str]]:
    """The runs whose release names a version of the table, newest first."""
    found: dict[int, list[str]] = defaultdict(list)
    if lake.has(pipeline_runs):
        columns = ["run_id", "finished_at", "release"]
        runs = lake.open(pipeline_runs).to_pyarrow_table(columns=columns).sort_by([("finished_at", "descending")])
        for run in runs.to_pylist():
            version = json.loads(run["release"] or "{}").get(table.name)
            if version is not None:
                found[version].append(run["run_id"])
    return found


def _files(lake: Lake, table: Table, version: int) -> dict[str, int] | None:
    """Rows of each data file of a version; None where the log does not reach back to it."""
    if not lake.has_version(table, version):
        return None
    actions = DeltaTable(lake.path(table), version=version).get_add_actions(flatten=True)
    return dict(zip(actions.column("path").to_pylist(), actions.column("num_records").to_pylist(), strict=True))


def _difference(
    now: dict[str, int] | None, before: dict[str, int] | None, metrics: dict[str, Any]
) -> tuple[int | None, int | None]:
    if metrics.get(_COPIED) is not None:
        return int(metrics.get(_INSERTED) or 0), int(metrics.get(_DELETED) or 0)
    if now is None or before is None:
        return None, None
    added, removed = now.keys() - before.keys(), before.keys() - now.keys()
    return sum(now[path] for path in added), sum(before[path] for path in removed)


def _are_there(lake: Lake, table: Table, files: dict[str, int]) -> bool:
    store, root = fs.FileSystem.from_uri(lake.path(table))
    return all(info.is_file for info in store.get_file_info([f"{root}/{path}" for path in files]))
