"""DuckDB files of tables: they appear whole or not at all, and hold each table under its name in the lake."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING
from uuid import uuid4

import duckdb

from schemas.declaration import Table
from serving.lake_reader import columns_of

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as ds

MEMORY = "400MB"


@contextmanager
def written_whole(file: Path, format_version: str = "latest") -> Iterator[duckdb.DuckDBPyConnection]:
    """A new DuckDB file to fill. It takes the place of `file` at once when the body has ended, else nothing changes.

    Only its owner may read it. format_version: the oldest DuckDB that is to read it, such as v1.0.0.
    """
    unfinished = file.with_name(f".{file.name}.{uuid4().hex}.part")
    spill = unfinished.with_suffix(".spill")
    connection = duckdb.connect(str(unfinished), config={"storage_compatibility_version": format_version})
    try:
        connection.execute(f"SET memory_limit = '{MEMORY}'; SET threads = 2")
        connection.execute("SET temp_directory = $folder", {"folder": str(spill)})
        yield connection
        connection.execute("CHECKPOINT").fetchall()
        connection.close()
        os.chmod(unfinished, 0o600)
        unfinished.replace(file)
    finally:
        connection.close()
        unfinished.unlink(missing_ok=True)
        rmtree(spill, ignore_errors=True)


def create_table(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Make the table, empty, with the declared columns."""
    columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
    connection.execute(f'CREATE TABLE "{table.name}" ({columns})').fetchall()


def fill_table(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    rows: ds.Dataset | pa.RecordBatchReader,
    where: str = "true",
    values: Mapping[str, object] | None = None,
    order: str = "",
) -> None:
    """Insert rows for which `where` holds, sorted by `order`, else by `order_of`.

    Both are SQL of the program's own; `where` has values for its $names.
    """
    connection.register("delta", rows)
    connection.execute(
        f'INSERT INTO "{table.name}" SELECT {columns_of(table)} FROM delta WHERE {where} '
        f"ORDER BY {order or order_of(table)}",
        dict(values) if values else None,
    ).fetchall()
    connection.unregister("delta")


def order_of(table: Table) -> str:
    """What rows are sorted by in files that people read: the plays by time, others by their key."""
    return "played_at, play_id" if table.name == "listening_with_features" else ", ".join(table.primary_key)
