"""A read-only DuckDB connection on the tables of a lake."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from config.errors import InputError
from pipeline import declared_tables, latest_release
from schemas.declaration import Table
from schemas.lake import Lake

if TYPE_CHECKING:
    import duckdb


def open_reader(lake: Lake, names: Collection[str] = ()) -> duckdb.DuckDBPyConnection:
    """Give a connection in which each table stands by its name; the lake cannot be changed through it.

    names: the tables to open, all unless given. Silver and gold are at their released versions, so that tables belong
    together; bronze and records at the newest. Raises InputError when there is no lake.
    """
    import duckdb

    wanted = {name: table for name, table in declared_tables().items() if not names or name in names}
    present = {name: table for name, table in wanted.items() if lake.has(table)}
    if not present:
        raise no_lake(lake)
    release = latest_release(lake)
    connection = duckdb.connect()
    for name, table in present.items():
        connection.register(f"{name}_delta", lake.open(table, release.version_of(table)).to_pyarrow_dataset())
        connection.execute(f'CREATE VIEW "{name}" AS SELECT {columns_of(table)} FROM "{name}_delta"')
    connection.execute("SET enable_external_access = false; SET lock_configuration = true")
    return connection


def columns_of(table: Table) -> str:
    """The columns, instants as plain UTC timestamps: DuckDB works with zoned ones only by an extension it fetches.

    A cast would give the machine's own zone.
    """
    instant = "make_timestamp(epoch_us({0})) AS {0}"
    return ", ".join((instant if c.type == "TIMESTAMP" else '"{0}"').format(c.name) for c in table.columns)


class NoLakeError(InputError):
    """There are no tables yet."""


def no_lake(lake: Lake) -> NoLakeError:
    """The error for an address without tables, with the way to a first lake."""
    return NoLakeError(
        f"There is no lake at {lake.root} yet.",
        "Bring in your history with `lakesong import PATH`, or try `lakesong demo`.",
    )
