"""The declared tables, for people: the list by layer, one table in full, and the tables of a kind of analytics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from config.errors import InputError
from schemas.analytics import KINDS
from schemas.declaration import Table
from schemas.relations import relations_of
from schemas.units import unit_of
from terminal.screen import grid, out, print_json

if TYPE_CHECKING:
    from config.settings import Settings

LAYERS = ("bronze", "records", "silver", "gold")


def print_dag(tables: Iterable[Table]) -> None:
    """Print every table by layer, in the order of building: what it is, and below that what it is made from."""
    tables = list(tables)
    for layer in LAYERS:
        of_layer = [table for table in tables if table.layer == layer]
        listed = grid("table", *(["analytics"] if layer == "gold" else []), "what it is")
        for table in of_layer:
            described = escape(first_sentence(table))
            if table.inputs:
                described += f"\n[dim]from {', '.join(table.inputs)}[/dim]"
            listed.add_row(table.name, *([table.analytics or ""] if layer == "gold" else []), described)
        out.print(f"\n[bold]{layer}[/bold] ({len(of_layer)} tables)")
        out.print(listed)


def print_table(declared: Table) -> None:
    """Print one table: its columns, key, inputs, references and rules."""
    out.print(f"[bold]{declared.layer}.{declared.name}[/bold]  {declared.description}")
    out.print(f"key: {', '.join(declared.primary_key)}")
    if declared.analytics:
        out.print(f"analytics: {declared.analytics}")
    if declared.inputs:
        out.print(f"made from: {', '.join(declared.inputs)}")
    columns = grid("column", "type", "unit", "what it is")
    for column in declared.columns:
        required = "" if column.nullable else " NOT NULL"
        columns.add_row(column.name, column.type + required, unit_of(column), column.comment)
    out.print(columns)
    for name, condition in declared.constraints.items():
        out.print(f"constraint {name}: {condition}", markup=False)
    for name, expectation in declared.expectations.items():
        out.print(f"expectation {name} ({expectation.severity}): {expectation.condition}", markup=False)


def print_references(declared: Table, tables: Mapping[str, Table]) -> None:
    """Print which columns of a table point to the key of which other."""
    for relation in relations_of(tables):
        if relation.table == declared.name:
            out.print(f"reference: {', '.join(relation.columns)} -> {relation.to}", markup=False)


def tables_of_kind(tables: Iterable[Table], kind: str) -> list[Table]:
    """The gold tables that answer this kind of question. Raises InputError for a kind that there is not."""
    if kind not in KINDS:
        raise InputError(f"There is no kind of analytics {kind}.", f"Kinds: {', '.join(KINDS)}.")
    return [table for table in tables if table.analytics == kind]


def print_kind(tables: Iterable[Table], kind: str, *, as_json: bool = False) -> None:
    """Print the gold tables of a kind of analytics with what each answers."""
    found = tables_of_kind(tables, kind)
    if as_json:
        print_json([{"table": one.name, "analytics": kind, "answers": first_sentence(one)} for one in found])
        return
    out.print(f"[bold]{kind}[/bold]: {KINDS[kind]}")
    if not found:
        return
    listed = grid("table", "what it answers")
    for one in found:
        listed.add_row(one.name, first_sentence(one))
    out.print(listed)


def first_sentence(table: Table) -> str:
    """What a table is or answers: the first line of its description."""
    return table.description.split("\n", maxsplit=1)[0]


def show_lineage(settings: Settings, tables: Mapping[str, Table], text: str, *, as_json: bool = False) -> None:
    """Print the lineage of the columns that `table.column` or `column` names."""
    from engine.lineage import Lineage, columns_named
    from engine.session import open_session
    from terminal.lineage import lineage_document, print_lineage

    columns = columns_named(tables, text)
    # Apache Spark's own sessions carry no plan that can be read here; the embedded engine's do, and it starts at once.
    embedded = settings.model_copy(update={"spark_master": "", "spark_remote": ""})
    with open_session(embedded) as session:
        lineage: Any = Lineage(session, tables, settings)
        if as_json:
            print_json(lineage_document(lineage, columns))
        else:
            print_lineage(lineage, columns)
