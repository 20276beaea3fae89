"""The declared tables, for people: the DAG, and one table in full."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.declaration import Table
from terminal.screen import grid, out


def print_dag(tables: Iterable[Table]) -> None:
    """Print every table in the order of building, with what it is made from."""
    table = grid("table", "made from", "what it is")
    for declared in tables:
        first_line = declared.description.split("\n", maxsplit=1)[0]
        table.add_row(f"{declared.layer}.{declared.name}", ", ".join(declared.inputs), first_line)
    out.print(table)


def print_table(declared: Table) -> None:
    """Print one table: its columns, key, inputs and rules."""
    out.print(f"[bold]{declared.layer}.{declared.name}[/bold]  {declared.description}")
    out.print(f"key: {', '.join(declared.primary_key)}")
    if declared.inputs:
        out.print(f"made from: {', '.join(declared.inputs)}")
    columns = grid("column", "type", "what it is")
    for column in declared.columns:
        columns.add_row(column.name, column.type + ("" if column.nullable else " NOT NULL"), column.comment)
    out.print(columns)
    for name, condition in declared.constraints.items():
        out.print(f"constraint {name}: {condition}")
    for name, expectation in declared.expectations.items():
        out.print(f"expectation {name} ({expectation.severity}): {expectation.condition}")
