"""The only ways in which rows leave bronze and records: by key, for undo and forget; and old versions with them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import write_deltalake
from pyarrow import fs

from schemas.declaration import MONTH_COLUMN, Table
from schemas.lake import Lake
from writers.conflicts import retry_conflicts
from writers.creation import ensure_table
from writers.records import arrow_schema

_LOG_FILE = re.compile(r"^(\d{20})\.")
_PIECE = 100_000  # rows that are held at a time, but for months, which are held whole


def remove_rows(lake: Lake, table: Table, keys: pa.Table) -> int:
    """Remove the rows that have one of these keys in the columns of `keys`, in one commit; gives how many went.

    The table is written again without them, of a monthly table only the months that have one. Not by a MERGE of
    delta-rs, whose files Sail cannot read (their strings are Utf8View), nor by a condition, whose values would stay in
    the Delta log.
    """
    ensure_table(lake, table)
    rows = _plain_dataset(lake, table)
    unique = keys.group_by(keys.column_names).aggregate([])
    months = _months_with(rows, unique) if table.is_monthly else []
    if not unique.num_rows or (table.is_monthly and not months):
        return 0
    before = int(rows.count_rows())
    predicate = f"{MONTH_COLUMN} IN ({', '.join(repr(month) for month in months)})" if months else None

    def write() -> None:
        kept = pa.RecordBatchReader.from_batches(arrow_schema(table), _kept(table, rows, unique, months))
        write_deltalake(lake.path(table), kept, mode="overwrite", predicate=predicate)

    retry_conflicts(write)
    return before - int(_plain_dataset(lake, table).count_rows())


def rewrite(lake: Lake, table: Table, rows: pa.Table) -> None:
    """Put these rows in place of all of a small table, in one commit."""
    retry_conflicts(lambda: write_deltalake(lake.path(table), rows.cast(arrow_schema(table)), mode="overwrite"))


def _plain_dataset(lake: Lake, table: Table) -> ds.Dataset:
    """The newest version, read without delta-rs: that pulls what it writes from here, and does not read meanwhile."""
    system, path = fs.FileSystem.from_uri(lake.path(table))
    return lake.open(table).to_pyarrow_dataset(filesystem=fs.SubTreeFileSystem(path, system))


def _months_with(rows: ds.Dataset, keys: pa.Table) -> list[str]:
    """The months that have a row with one of the keys, found by the first column that both have."""
    if MONTH_COLUMN in keys.column_names:
        return sorted(keys.column(MONTH_COLUMN).unique().to_pylist())
    name = keys.column_names[0]
    found = rows.to_table(columns=[MONTH_COLUMN], filter=pc.field(name).isin(keys.column(name).combine_chunks()))
    return sorted(found.column(MONTH_COLUMN).unique().to_pylist())


def _kept(table: Table, rows: ds.Dataset, keys: pa.Table, months: list[str]) -> Iterator[pa.RecordBatch]:
    """The rows that stay: month by month, or piece by piece."""
    names = table.column_names
    for month in months:
        of_month = keys.filter(pc.field(MONTH_COLUMN) == month) if MONTH_COLUMN in keys.column_names else keys
        piece = rows.to_table(columns=names, filter=pc.field(MONTH_COLUMN) == month)
        stays = _without(table, piece, of_month)
        yield from stays.sort_by([(name, "ascending") for name in ("user_id", "played_at")]).to_batches()
    for batch in rows.to_batches(columns=names, batch_size=_PIECE) if not months else ():
        yield from _without(table, pa.Table.from_batches([batch]), keys).to_batches()


def _without(table: Table, piece: pa.Table, keys: pa.Table) -> pa.Table:
    kept = piece.join(keys, keys=keys.column_names, join_type="left anti")
    return kept.select(table.column_names).cast(arrow_schema(table))


def drop_old_versions(lake: Lake, table: Table) -> tuple[int, int]:
    """Remove every file that the newest version does not need, of data and of the log; gives how many, and their bytes.

    What was removed from a table before is then in no file of it any more: neither in data, nor in the least and
    largest values that the log keeps of each file. The newest version keeps its number and its rows. A kill leaves
    fewer old files, and the table as it was. Vacuum itself would add two commits, and a made table that is past its
    released version is built again.
    """
    delta = lake.open(table)
    listed = delta.vacuum(retention_hours=0, dry_run=True, enforce_retention_duration=False, full=True)
    live = set(delta.get_add_actions(flatten=True).column("path").to_pylist())
    unneeded = sorted(set(listed) - live)  # a file may be listed more than once
    delta.create_checkpoint()
    store, root = fs.FileSystem.from_uri(lake.path(table))
    log = store.get_file_info(fs.FileSelector(f"{root}/_delta_log"))
    found = [info for info in store.get_file_info([f"{root}/{path}" for path in unneeded]) if info.is_file]
    found += [info for info in log if info.is_file and _is_before(info.base_name, delta.version())]
    for info in found:
        store.delete_file(info.path)
    return len(found), sum(info.size for info in found)


def _is_before(name: str, version: int) -> bool:
    """Whether a file of the log belongs to a version before this one, or was left behind half-written."""
    number = _LOG_FILE.match(name)
    return int(number[1]) < version if number else name.endswith(".tmp") or not name.startswith("_")
