"""Where the tables are: a layer and a name give the path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError
from sqlglot import exp

from schemas.declaration import Table


@dataclass(frozen=True)
class Lake:
    """A lake: a local folder, or an address that Delta readers know (`s3://…`)."""

    uri: str

    @property
    def root(self) -> str:
        """The address without a trailing slash; a local folder as an absolute path with forward slashes."""
        return self.uri.rstrip("/") if self.is_remote else Path(self.uri).expanduser().resolve().as_posix()

    @property
    def is_remote(self) -> bool:
        """Whether the lake is in an object store rather than in a folder."""
        return "://" in self.uri

    @property
    def local(self) -> Path:
        """The folder of a local lake."""
        return Path(self.root)

    def path(self, table: Table) -> str:
        """Address of a table."""
        return f"{self.root}/{table.layer}/{table.name}"

    def open(self, table: Table, version: int | None = None) -> DeltaTable:
        """Open a table, at its newest version or the one given, through delta-rs."""
        return DeltaTable(self.path(table), version=version)

    def has_version(self, table: Table, version: int) -> bool:
        """Whether a version of a table can still be opened: clean-up of the log removes old ones."""
        try:
            return self.open(table, version).version() == version
        except DeltaError:
            return False

    def rows(
        self, table: Table, columns: Sequence[str] = (), where: exp.Condition | None = None
    ) -> list[dict[str, Any]]:
        """Rows of a small table at its newest version, by column name; none where there is no such table.

        columns: those to read, all unless given. where: a condition in SQL. delta-rs reads them by itself: neither
        pandas nor Arrow's data sets are loaded, which take a third of the memory of a web process.
        """
        if not self.has(table):
            return []
        names = list(columns) or table.column_names
        query = exp.select(*(exp.column(name, quoted=True) for name in names)).from_("t")
        query = query.where(where) if where is not None else query
        found = QueryBuilder().register("t", self.open(table)).execute(query.sql(dialect="postgres")).read_all()
        lists = [found.column(place).to_pylist() for place in range(len(names))]
        return [dict(zip(names, values, strict=True)) for values in zip(*lists, strict=True)]

    def has(self, table: Table) -> bool:
        """Whether a Delta table stands at the table's address."""
        return DeltaTable.is_deltatable(self.path(table))
