"""`lakesong export`: tables of the newest release as Parquet or CSV files, or together as one DuckDB file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import duckdb

from config.errors import InputError
from config.settings import Settings
from pipeline import Release, declared_tables, latest_release, table_named
from schemas.declaration import Table
from schemas.lake import Lake
from serving.lake_reader import columns_of, no_lake
from serving.making import make_store, release_for, served_tables
from serving.writing import MEMORY, create_table, fill_table, order_of, written_whole

Format = Literal["parquet", "csv", "duckdb"]
Progress = Callable[[str], None]

FORMATS: tuple[Format, ...] = ("parquet", "csv", "duckdb")
ALL = "all"  # every table of silver and gold
USER = "user_id"
READ_FROM = "v1.0.0"  # tools for charts bring an older DuckDB than ours, whose newest format they cannot open


@dataclass(frozen=True)
class ExportedTable:
    """One table that was written: to which file, how many rows, and the Delta version that they are of."""

    table: str
    file: Path
    rows: int
    version: int


@dataclass(frozen=True)
class Exported:
    """What was written. user_id: whose rows, None for those of all; is_simulated: whether anyone in it is made up."""

    user_id: str | None
    is_simulated: bool
    format: Format
    made_at: datetime | None
    tables: tuple[ExportedTable, ...]

    def to_json(self) -> dict[str, Any]:
        """The result as `--json` prints it."""
        tables = [
            {"table": one.table, "file": str(one.file), "rows": one.rows, "version": one.version} for one in self.tables
        ]
        head = {"user_id": self.user_id, "is_simulated": self.is_simulated, "format": self.format}
        return {**head, "released_at": self.made_at.isoformat() if self.made_at else None, "tables": tables}


@dataclass(frozen=True)
class _Source:
    """What is exported: tables of a lake at a release, of one listener or of all."""

    settings: Settings
    lake: Lake
    release: Release
    user_id: str | None

    @contextmanager
    def rows(self, table: Table) -> Iterator[duckdb.DuckDBPyRelation]:
        """The table's rows, sorted; timestamps are plain and in UTC. The relation lives while the body runs."""
        if self.user_id is not None and table.name in served_tables():
            with duckdb.connect(str(make_store(self.settings, self.user_id)), read_only=True) as store:
                store.execute(f"SET memory_limit = '{MEMORY}'; SET threads = 2")
                yield store.sql(f'SELECT * FROM "{table.name}" ORDER BY {order_of(table)}')
            return
        query, values = f"SELECT {columns_of(table)} FROM delta", {}
        if self.user_id is not None:
            query, values = f"{query} WHERE {USER} = $user", {"user": self.user_id}
        with duckdb.connect() as connection:
            connection.execute(f"SET memory_limit = '{MEMORY}'; SET threads = 2")
            connection.register("delta", self.lake.open(table, self.version(table)).to_pyarrow_dataset())
            yield connection.sql(f"{query} ORDER BY {order_of(table)}", params=values or None)

    def version(self, table: Table) -> int:
        """The version that is exported: the released one of a made table, the newest of others."""
        return self.lake.open(table, self.release.version_of(table)).version()


def export(
    settings: Settings,
    names: Sequence[str],
    out: Path,
    *,
    format: Format,
    user_id: str | None = None,
    progress: Progress = lambda line: None,
) -> Exported:
    """Write tables to files: `out` is a folder (or the file of a single table); for duckdb the one file.

    names: tables, or `all` for silver and gold; none means all where everything goes into one file. With user_id only
    rows of that listener are written, and of music what the listener has to do with. Each file appears whole or not at
    all, in place of an older one. Raises InputError for a table that is not there, or has no rows of single listeners.
    """
    lake = Lake(settings.lake_uri)
    release, is_simulated = _release(lake, user_id)
    source = _Source(settings, lake, release, user_id)
    tables = _chosen(source, names, format)
    is_file = format == "duckdb" or (len(tables) == 1 and out.suffix == f".{format}")
    if out.is_dir() if is_file else out.is_file():
        raise InputError(f"{out} is a {'folder' if is_file else 'file'}.", "Give --out another name.")
    if format == "duckdb":
        out.parent.mkdir(parents=True, exist_ok=True)
        written = _to_duckdb(source, tables, out, progress)
    else:
        (out.parent if is_file else out).mkdir(parents=True, exist_ok=True)
        written = []
        for table in tables:
            progress(f"writing {table.name}")
            written.append(_to_file(source, table, out if is_file else out / f"{table.name}.{format}", format))
    return Exported(user_id, is_simulated, format, release.finished_at, tuple(written))


def _release(lake: Lake, user_id: str | None) -> tuple[Release, bool]:
    if user_id is not None:
        release, simulated = release_for(lake, user_id)
        return release, simulated[user_id]
    from ingestion.listeners import read_listeners

    release = latest_release(lake)
    if release.finished_at is None:
        raise no_lake(lake)
    return release, any(row["is_simulated"] for row in read_listeners(lake))


def _chosen(source: _Source, names: Sequence[str], format: Format) -> list[Table]:
    """The tables to write. Raises InputError where they cannot be."""
    if not names and format != "duckdb":
        raise InputError("No table is named.", "Name tables, or `all` for every table of silver and gold.")
    if not names or ALL in names:
        made = [table for table in declared_tables().values() if table.transform is not None]
        tables = [table for table in made if table.name in source.release.versions and _is_own(source, table)]
    else:
        tables = [table_named(name) for name in dict.fromkeys(names)]
    for table in tables:
        if not source.lake.has(table) or (table.transform and table.name not in source.release.versions):
            raise InputError(f"The table {table.name} is not in the newest release.", "Run `lakesong build` first.")
        if not _is_own(source, table):
            raise InputError(
                f"The table {table.name} is not about single listeners: it cannot be cut to {source.user_id}.",
                "Export it without --user.",
            )
    return tables


def _is_own(source: _Source, table: Table) -> bool:
    """Whether the table can be cut to the listener, where one is named."""
    return source.user_id is None or table.name in served_tables() or USER in table.column_names


def _to_file(source: _Source, table: Table, file: Path, format: Format) -> ExportedTable:
    unfinished = file.with_name(f".{file.name}.{uuid4().hex}.part")
    try:
        with source.rows(table) as rows:
            if format == "parquet":
                rows.write_parquet(str(unfinished), compression="zstd")
            else:
                rows.write_csv(str(unfinished), header=True)
            count = int(rows.count("*").fetchall()[0][0])
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    return ExportedTable(table.name, file, count, source.version(table))


def _to_duckdb(source: _Source, tables: Sequence[Table], file: Path, progress: Progress) -> list[ExportedTable]:
    """One file with all tables, their descriptions and those of their columns, as tools for charts show them."""
    written = []
    with written_whole(file, READ_FROM) as connection:
        for table in tables:
            progress(f"writing {table.name}")
            create_table(connection, table)
            with source.rows(table) as rows:
                fill_table(connection, table, rows.to_arrow_reader())
            _describe(connection, table)
            told = connection.execute(f'SELECT count(*) FROM "{table.name}"').fetchone()
            written.append(ExportedTable(table.name, file, told[0] if told else 0, source.version(table)))
    return written


def _describe(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Put the declared descriptions into the file; the texts are the program's own."""
    connection.execute(f'COMMENT ON TABLE "{table.name}" IS {_text(table.description)}').fetchall()
    for column in table.columns:
        connection.execute(f'COMMENT ON COLUMN "{table.name}"."{column.name}" IS {_text(column.comment)}').fetchall()


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
