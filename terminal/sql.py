"""`lakesong sql`: one query, or a prompt."""

from __future__ import annotations

import sys
from typing import Any

from rich.markup import escape

from config.errors import InputError, LakesongError
from pipeline import declared_tables
from schemas.lake import Lake
from serving.lake_reader import open_reader
from terminal.screen import grid, out, print_json

_ENDINGS = ("exit", "quit", "\\q", ".exit", ".quit")


def answer(lake: Lake, query: str, *, limit: int, as_json: bool = False, reader: Any = None) -> None:
    """Run one query and print at most `limit` rows. Raises InputError, in one line, when it cannot be run."""
    import duckdb

    connection = reader or open_reader(lake)
    try:
        cursor = connection.execute(query)
        names = [column[0] for column in cursor.description or ()]
        rows = cursor.fetchmany(limit + 1)
    except duckdb.Error as error:
        raise InputError(str(error).splitlines()[0], "`lakesong tables` lists tables and columns.") from error
    if as_json:
        print_json([dict(zip(names, row, strict=True)) for row in rows[:limit]])
        return
    table = grid(*names)
    for row in rows[:limit]:
        table.add_row(*(escape("" if value is None else str(value)) for value in row))
    out.print(table)
    if len(rows) > limit:
        out.print(f"(the first {limit} rows; --limit N shows more)", style="dim")


def prompt(lake: Lake, *, limit: int) -> None:
    """Read queries, each ended by a semicolon or the end of the line, until `exit` or the end of the input."""
    reader = open_reader(lake)
    names = [name for name, table in declared_tables().items() if lake.has(table)]
    out.print(f"Tables: {', '.join(names)}.\nOne query a line; `exit` ends.", style="dim")
    while True:
        try:
            query = input("lakesong> " if sys.stdin.isatty() else "").strip()
        except EOFError:
            return
        if query.rstrip(";").lower() in _ENDINGS:
            return
        if query:
            try:
                answer(lake, query, limit=limit, reader=reader)
            except LakesongError as error:
                out.print(f"{error}", style="red", markup=False)
