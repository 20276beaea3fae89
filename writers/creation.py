"""Create a declared table, let it grow by nullable columns, and refuse what is not ours."""

from __future__ import annotations

from deltalake import DeltaTable, Field, Schema
from deltalake.exceptions import DeltaError
from deltalake.schema import PrimitiveType

from config.errors import ForeignTableError
from schemas.declaration import DELTA_TYPES, Column, Table
from schemas.lake import Lake

# Kept in the table's own metadata: tells our tables from those of other programs.
MADE_BY = "lakesong"


def ensure_table(lake: Lake, table: Table) -> DeltaTable:
    """Open the table, creating it or adding new nullable columns where the declaration asks for that.

    A table that a build makes, and whose declaration changed in any other way, begins anew: the next build fills it,
    and its old versions stay. NOT NULL and CHECK go into the Delta log, so that every engine and every foreign writer
    obeys them. Raises ForeignTableError, with nothing changed, when what stands there cannot become the declared table.
    """
    if not lake.has(table):
        return _create(lake, table)
    delta = lake.open(table)
    if table.transform is not None and _is_ours(delta) and _differences(delta, table):
        return _create(lake, table)
    _refuse_differences(delta, table)
    _add_new_columns(delta, table)
    _add_new_constraints(delta, table)
    return delta


def refuse_foreign(lake: Lake, table: Table) -> None:
    """Raise ForeignTableError when something stands at the table's address that cannot become the table."""
    if lake.has(table):
        _refuse_differences(lake.open(table), table)


def _create(lake: Lake, table: Table) -> DeltaTable:
    """Make the table, empty, in place of what stands there."""
    delta = DeltaTable.create(
        lake.path(table),
        Schema([_delta_field(column) for column in table.columns]),
        partition_by=list(table.partition_by),
        name=table.name,
        description=f"{MADE_BY}: {table.description}",
        mode="overwrite",
    )
    _add_new_constraints(delta, table)
    return delta


def _delta_field(column: Column) -> Field:
    delta_type = PrimitiveType(DELTA_TYPES[column.type])
    return Field(column.name, delta_type, nullable=column.nullable, metadata={"comment": column.comment})


def _is_ours(delta: DeltaTable) -> bool:
    return (delta.metadata().description or "").startswith(MADE_BY)


def _differences(delta: DeltaTable, table: Table) -> list[str]:
    """Each way in which the stored table cannot become the declared one."""
    stored = {field.name: field for field in delta.schema().fields}
    partitions = tuple(delta.metadata().partition_columns)
    differences = [
        f"its column {column.name} {why}"
        for column in table.columns
        if (why := _difference(column, stored.get(column.name)))
    ]
    if partitions != table.partition_by:
        differences.append(f"it is partitioned by {', '.join(partitions) or 'nothing'}")
    surplus = sorted(stored.keys() - set(table.column_names))
    if surplus:
        differences.append(f"it has columns that are not declared ({', '.join(surplus[:5])})")
    return differences


def _refuse_differences(delta: DeltaTable, table: Table) -> None:
    """Raise ForeignTableError, naming each difference, unless the stored table can become the declared one."""
    differences = _differences(delta, table)
    if not differences:
        return
    where = delta.table_uri.rstrip("/").removeprefix("file://")
    if _is_ours(delta):
        raise ForeignTableError(
            f"Table {table.name} differs from its declaration: {'; '.join(differences[:3])}. Nothing was changed.",
            "Only new nullable columns can be added to a table; use the version of Lakesong that made it, "
            "or build into a new LAKE_URI.",
        )
    raise ForeignTableError(
        f"Another program made the table at {where}: {'; '.join(differences[:3])}. Nothing was changed.",
        f"Set LAKE_URI to a new folder, then bring its plays in with `lakesong import {where}`.",
    )


def _difference(column: Column, stored: Field | None) -> str:
    """Say how a stored column contradicts the declared one; empty when it does not."""
    if stored is None:
        return "" if column.nullable else "is missing and may not be null"
    stored_type = getattr(stored.type, "type", str(stored.type))
    if stored_type != DELTA_TYPES[column.type]:
        return f"is {stored_type} where {DELTA_TYPES[column.type]} is declared"
    if stored.nullable and not column.nullable:
        return "may be null, against the declaration"
    if not stored.nullable and column.nullable:
        return "may not be null, against the declaration"
    return ""


def _add_new_columns(delta: DeltaTable, table: Table) -> None:
    stored = {field.name: field for field in delta.schema().fields}
    new = [_delta_field(column) for column in table.columns if column.name not in stored]
    if new:
        delta.alter.add_columns(new)
    for column in table.columns:
        # Sail refuses to put columns together whose comments differ: those of older tables follow the declaration.
        if column.name in stored and stored[column.name].metadata.get("comment") != column.comment:
            delta.alter.set_column_metadata(column.name, {"comment": column.comment})


def _add_new_constraints(delta: DeltaTable, table: Table) -> None:
    """Add the constraints that are not there yet, known by name: a changed condition needs a new name."""
    stored = delta.metadata().configuration
    for name, condition in table.constraints.items():
        if f"delta.constraints.{name}" not in stored:
            try:
                delta.alter.add_constraint({name: condition})
            except DeltaError as error:
                raise ForeignTableError(
                    f"Table {table.name} holds rows that break its new constraint {name} ({condition}).",
                    "Mend or remove those rows, or build into a new LAKE_URI.",
                ) from error
