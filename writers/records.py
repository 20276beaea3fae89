"""Small rows written without an engine: runs, checks, listeners, dead letters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from schemas.declaration import DELTA_TYPES, Table
from schemas.lake import Lake
from writers.creation import ensure_table
from writers.delta import retry_conflicts

_ARROW_TYPES = {
    "string": pa.string(),
    "integer": pa.int32(),
    "long": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
}


def arrow_schema(table: Table) -> pa.Schema:
    """The declaration as an Arrow schema."""
    return pa.schema([pa.field(c.name, _ARROW_TYPES[DELTA_TYPES[c.type]], nullable=c.nullable) for c in table.columns])


def arrow_rows(table: Table, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows given as mappings by column name, as an Arrow table of the declared types."""
    return pa.Table.from_pylist([dict(row) for row in rows], schema=arrow_schema(table))


def append_rows(lake: Lake, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append rows, given as mappings by column name, in one commit."""
    ensure_table(lake, table)
    data = arrow_rows(table, rows)
    retry_conflicts(lambda: write_deltalake(lake.path(table), data, mode="append"))
