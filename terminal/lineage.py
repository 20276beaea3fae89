"""The lineage of a column, for people: a tree down to the columns that sources wrote, and what chose their rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from rich.markup import escape
from rich.tree import Tree

from engine.lineage import WORDS, Lineage
from engine.plan_columns import ROWS, Source
from terminal.screen import out


def print_lineage(lineage: Lineage, columns: Iterable[Source]) -> None:
    """Print a tree for each column. What is shown once is only named afterwards."""
    shown: set[Source] = set()
    wanted = list(columns)
    for column in wanted:
        declared = next(one for one in lineage.tables[column.table].columns if one.name == column.column)
        tree = Tree(f"[bold]{_name(column)}[/bold]  {escape(declared.comment)}")
        if column in shown:
            tree.add("[dim]shown above[/dim]")
        _grow(tree, lineage, column, shown)
        out.print(tree)
    out.print("\n[bold]Chosen by[/bold]: filters, joins, groups, orders and conditions, which make no value")
    for table, chosen in _choices(lineage, wanted).items():
        named = "; ".join(f"{name}: {', '.join(names)}" for name, names in _by_table(chosen).items())
        out.print(f"{table} <- {named}", markup=False)


def _choices(lineage: Lineage, wanted: Iterable[Source]) -> dict[str, set[Source]]:
    """What chooses the rows and branches of the columns on the way, by table."""
    chosen: dict[str, set[Source]] = defaultdict(set)
    for one in dict.fromkeys(found for column in wanted for found in lineage.upstream(column)):
        if one.column != ROWS and not lineage.is_source(one):
            chosen[one.table] |= lineage.chosen_by(one)
    return chosen


def lineage_document(lineage: Lineage, columns: Iterable[Source]) -> list[dict[str, Any]]:
    """Every column on the way, once: what it comes from and how, and what chose its rows."""
    upstream = dict.fromkeys(one for column in columns for one in lineage.upstream(column))
    return [
        {
            "column": _name(one),
            "is_source": lineage.is_source(one),
            "from": [{"column": _name(source), "how": kind.name.lower()} for source, kind in _sources(lineage, one)],
            "chosen_by": sorted(_name(source) for source in lineage.chosen_by(one)),
            "untold": lineage.of(one.table).untold,
        }
        for one in upstream
        if one.column != ROWS
    ]


def _grow(tree: Tree, lineage: Lineage, column: Source, shown: set[Source]) -> None:
    """Add what a column comes from: first what needs one line, then each column that has more below it."""
    if column in shown:
        return
    shown.add(column)
    if lineage.is_source(column):
        tree.add("written by a source")
        return
    if lineage.of(column.table).untold:
        tree.add(f"cannot be told: {escape(lineage.of(column.table).untold)}")
        return
    sources = _sources(lineage, column)
    if not sources:
        tree.add("a constant, a setting, or made without reading a column")
    short: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for source, kind in sources:
        if source.column == ROWS or lineage.is_source(source) or source in shown:
            remark = "" if source.column == ROWS or lineage.is_source(source) else "; shown above"
            short[source.table, WORDS[kind], remark].append(source.column)
            shown.add(source)
    for (table, words, remark), names in short.items():
        tree.add(f"{_listed(table, names)}  [dim]{words}{remark}[/dim]")
    for source, kind in sources:
        if source not in shown:
            _grow(tree.add(f"{_name(source)}  [dim]{WORDS[kind]}[/dim]"), lineage, source, shown)


def _sources(lineage: Lineage, column: Source) -> list[tuple[Source, Any]]:
    return list(lineage.sources(column).items())


def _name(source: Source) -> str:
    return f"rows of {source.table}" if source.column == ROWS else f"{source.table}.{source.column}"


def _listed(table: str, names: list[str]) -> str:
    plain = [name for name in names if name != ROWS]
    rows = ["the number of its rows"] if ROWS in names else []
    return f"{table}.{plain[0]}" if len(names) == len(plain) == 1 else f"{table}: {', '.join(plain + rows)}"


def _by_table(sources: Iterable[Source]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for source in sorted(sources):
        found[source.table].append("number of rows" if source.column == ROWS else source.column)
    return found
