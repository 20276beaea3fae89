"""Tables of a lake in DuckDB, for rules: read-only, closed to files and to the network."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from tempfile import TemporaryDirectory
from threading import Timer
from typing import TYPE_CHECKING, Any

from schemas.declaration import MONTH_COLUMN, Column, Table
from schemas.lake import Lake

if TYPE_CHECKING:
    import duckdb
    from deltalake import DeltaTable
    from pyarrow.dataset import FileSystemDataset

MEMORY = "1GB"  # beyond it DuckDB goes on in a folder of its own
Months = tuple[str, str]  # the first and the last of some months, as yyyy-MM
ALL_MONTHS = ("1000-01", "8999-12")
_WORD = re.compile(r"\w+")


@dataclass
class LakeViews:
    """Each declared table under its name, opened when a query first names it.

    versions: the version of a table that is seen, the newest unless named. A table that is not there yet is empty; a
    column that an older version of Lakesong did not write is null. In a query, `$as_of` stands for the day, `$since`
    for the first day of the months that are asked about and `$until` for the one after their last: all, unless given.
    Raises LookupError for a made table that is not among the versions, where any are named.
    """

    lake: Lake
    tables: Mapping[str, Table]
    as_of: date
    versions: Mapping[str, int] = field(default_factory=dict)
    _connection: duckdb.DuckDBPyConnection | None = None
    _folder: TemporaryDirectory[str] | None = None
    _rows: dict[str, int] = field(default_factory=dict)

    def run(
        self, query: str, seconds: float | None = None, months: Months = ALL_MONTHS
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Names of columns and rows of one query. Raises duckdb.Error; it is interrupted after so many seconds."""
        connection = self._open()
        text = self.with_tables(query, months)
        with _interrupted(connection, seconds):
            cursor = connection.execute(text)
            return [column[0] for column in cursor.description or ()], cursor.fetchall()

    def with_tables(self, query: str, months: Months = ALL_MONTHS) -> str:
        """The query with its days filled in, after every table whose name is a word of it was opened."""
        connection = self._open()
        named = set(_WORD.findall(query.lower()))
        for name in sorted((named & self.tables.keys()) - self._rows.keys()):
            self._rows[name] = self._show(connection, self.tables[name])
        return self._with_days(query, months)

    def row_count(self, name: str) -> int:
        """Rows of a table."""
        self.with_tables(name)
        return self._rows[name]

    def need_one_select(self, query: str) -> str:
        """The query without its semicolon. Raises ValueError, in words, where it is anything but one SELECT."""
        import duckdb

        try:
            statements = self._open().extract_statements(self._with_days(query, ALL_MONTHS))
        except duckdb.Error as error:
            raise ValueError(str(error).splitlines()[0]) from error
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise ValueError("it is not one SELECT")
        return query.strip().rstrip(";")

    def need_columns(self, query: str) -> list[str]:
        """Names of the columns that a query gives. Raises ValueError where a table or column of it does not exist."""
        import duckdb

        try:
            return self.run(f"SELECT * FROM (\n{query}\n) LIMIT 0")[0]
        except duckdb.Error as error:
            raise ValueError(str(error).splitlines()[0]) from error

    def forget(self, *tables: Table) -> None:
        """These tables may be written: each is opened anew when it is next named."""
        for table in tables:
            self._rows.pop(table.name, None)

    def _with_days(self, query: str, months: Months) -> str:
        first, last = months
        after = f"{int(last[:4]) + int(last[5:]) // 12}-{int(last[5:]) % 12 + 1:02d}"
        days = {"$as_of": str(self.as_of), "$since": f"{first}-01", "$until": f"{after}-01"}
        for name, day in days.items():
            query = query.replace(name, f"DATE '{day}'")
        return query

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            import duckdb

            # What DuckDB puts aside may be read by a query even so: the folder holds nothing else.
            self._folder = TemporaryDirectory(prefix="lakesong-checks-")
            self._connection = duckdb.connect()
            self._connection.execute(f"SET memory_limit = '{MEMORY}'; SET temp_directory = '{self._folder.name}'")
            # A name that is no table must not be taken for a variable of this program.
            self._connection.execute("SET python_enable_replacements = false")
            self._connection.execute("SET enable_external_access = false; SET lock_configuration = true")
        return self._connection

    def _show(self, connection: duckdb.DuckDBPyConnection, table: Table) -> int:
        """Make the view of a table; gives its rows."""
        if self.versions and table.transform is not None and table.name not in self.versions:
            raise LookupError(f"{table.name} was not built yet")
        if not self.lake.has(table):
            columns = ", ".join(_missing(column) for column in table.columns)
            connection.execute(f'CREATE OR REPLACE VIEW "{table.name}" AS SELECT {columns} WHERE false')
            return 0
        delta = self.lake.open(table, self.versions.get(table.name))
        stored = {stored.name for stored in delta.schema().fields}
        columns = ", ".join(_stored(c) if c.name in stored else _missing(c) for c in table.columns)
        connection.register(f"{table.name}_delta", _dataset(delta, table))
        connection.execute(f'CREATE OR REPLACE VIEW "{table.name}" AS SELECT {columns} FROM "{table.name}_delta"')
        return delta.count()


def _dataset(delta: DeltaTable, table: Table) -> FileSystemDataset:
    """The files of a version, each with its month. As delta-rs does, but for the statistics of every column.

    A table of 230 files is opened in 10 ms rather than in 300; rules read most files anyway.
    """
    import pyarrow as pa
    from deltalake.fs import DeltaStorageHandler
    from pyarrow.dataset import FileSystemDataset, ParquetFileFormat, field
    from pyarrow.fs import PyFileSystem

    actions = pa.table(delta.get_add_actions(flatten=True))
    paths = actions.column("path").to_pylist()
    months = actions.column(f"partition.{MONTH_COLUMN}").to_pylist() if table.is_monthly else [None] * len(paths)
    sizes = dict(zip(paths, actions.column("size_bytes").to_pylist(), strict=True))
    files, parquet = PyFileSystem(DeltaStorageHandler(delta.table_uri, None, sizes)), ParquetFileFormat()
    fragments = [
        parquet.make_fragment(
            path, filesystem=files, partition_expression=None if month is None else field(MONTH_COLUMN) == month
        )
        for path, month in zip(paths, months, strict=True)
    ]
    return FileSystemDataset(fragments, pa.schema(delta.schema().to_arrow()), parquet, files)


def _stored(column: Column) -> str:
    """A column as it is; instants as plain UTC timestamps, since zoned ones need an extension that DuckDB fetches."""
    if column.type == "TIMESTAMP":
        return f'make_timestamp(epoch_us("{column.name}")) AS "{column.name}"'
    return f'"{column.name}"'


def _missing(column: Column) -> str:
    return f'CAST(NULL AS {"VARCHAR" if column.type == "STRING" else column.type}) AS "{column.name}"'


@contextmanager
def _interrupted(connection: duckdb.DuckDBPyConnection, seconds: float | None) -> Iterator[None]:
    """What runs inside is interrupted after so many seconds."""
    if seconds is None:
        yield
        return
    timer = Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
