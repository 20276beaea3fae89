"""Where the tables are: a layer and a name give the path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

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

    def has(self, table: Table) -> bool:
        """Whether a Delta table stands at the table's address."""
        return DeltaTable.is_deltatable(self.path(table))
