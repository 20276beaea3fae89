"""Small rows written without an engine: runs, checks, listeners, and what a service sends in one poll."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from deltalake import write_deltalake

from schemas.declaration import DELTA_TYPES, MONTH_COLUMN, Table
from schemas.lake import Lake
from writers.creation import ensure_table

if TYPE_CHECKING:
    import pyarrow as pa
from writers.conflicts import retry_conflicts


def arrow_schema(table: Table) -> pa.Schema:
    """The declaration as an Arrow schema."""
    import pyarrow as pa

    types = {
        "string": pa.string(),
        "integer": pa.int32(),
        "long": pa.int64(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
        "timestamp": pa.timestamp("us", tz="UTC"),
        "date": pa.date32(),
    }
    return pa.schema([pa.field(c.name, types[DELTA_TYPES[c.type]], nullable=c.nullable) for c in table.columns])


def arrow_rows(table: Table, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows given as mappings by column name, as an Arrow table of the declared types."""
    import pyarrow as pa

    return pa.Table.from_pylist([dict(row) for row in rows], schema=arrow_schema(table))


def append_rows(lake: Lake, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append rows, given as mappings by column name, in one commit."""
    ensure_table(lake, table)
    data = arrow_rows(table, rows)
    retry_conflicts(lambda: write_deltalake(lake.path(table), data, mode="append"))


def copy_months(lake: Lake, table: Table, version: int, months: Sequence[str]) -> None:
    """Put a few months of a version in place of what the newest one holds for them, in one commit."""
    import pyarrow.compute as pc

    if not months:
        return
    wanted = lake.open(table, version).to_pyarrow_dataset(file_pruning_predicate=[(MONTH_COLUMN, "in", list(months))])
    rows = wanted.to_table(columns=table.column_names, filter=pc.field(MONTH_COLUMN).isin(list(months)))
    listed = ", ".join(f"'{month}'" for month in months)
    write_deltalake(lake.path(table), rows, mode="overwrite", predicate=f"{MONTH_COLUMN} IN ({listed})")


def append_unknown(lake: Lake, table: Table, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Append the rows whose key the table does not have, of equal keys the first; gives the rows that were appended.

    For small batches, without an engine: of a monthly table only the rows' months are looked at. The caller holds the
    run lock, since two writers at a time would both find a key missing.
    """
    if not rows:
        return []
    ensure_table(lake, table)
    keys = list(table.primary_key)
    unique = {tuple(row[key] for key in keys): row for row in reversed(rows)}
    known = known_keys(lake, table, list(unique.values()), keys)
    new = [row for key, row in reversed(unique.items()) if key not in known]
    if new:
        append_rows(lake, table, new)
    return new


def known_keys(
    lake: Lake, table: Table, rows: Sequence[Mapping[str, Any]], keys: Sequence[str]
) -> set[tuple[object, ...]]:
    """The values of these columns that the table holds already, among those of the rows (and others, maybe)."""
    import pyarrow.compute as pc

    if not rows:
        return set()
    first = keys[0]
    wanted = pc.field(first).isin(list({row[first] for row in rows}))
    months = list({row[MONTH_COLUMN] for row in rows}) if table.is_monthly else None
    in_months = [(MONTH_COLUMN, "in", months)] if months else None
    found = (
        lake.open(table)
        .to_pyarrow_dataset(file_pruning_predicate=in_months)
        .to_table(columns=list(keys), filter=wanted)
    )
    return set(zip(*(found.column(key).to_pylist() for key in keys), strict=True))
