"""What one listener may see, in one DuckDB file: the only thing that pages, the API and questions read.

A file holds the rows of one listener and of nobody else, so no address, parameter or query can reach another's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from config.errors import InputError, LakesongError
from serving.deadlines import Deadlines

Row = dict[str, Any]

LAYOUT = 8  # of the file; another number makes all files again
QUERY_SECONDS = 5.0
QUERY_ROWS = 10_000
# Given when the file is opened: two openings of one file in one process share what was set first.
LIMITS: dict[str, str | bool | int | float | list[str]] = {
    "threads": "1",  # pages are asked for side by side: a query that takes one core leaves the other to the next
    "memory_limit": "96MB",
    "enable_external_access": "false",
    "lock_configuration": "true",
}
_DEADLINES = Deadlines()


class QueryLimitError(LakesongError):
    """A query took longer than it may."""


@dataclass(frozen=True)
class Answer:
    """What a query gave: names of columns, rows in their order, and whether there were more than may be shown."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    is_cut: bool


class Store:
    """The tables of one listener, by their names in the lake, read only, at the versions of one release.

    user_id, is_simulated: whose they are. key: names these versions; another key, other data. as_of: the day that was
    built for. made_at: when the release was made (UTC). first_day: the
    first local day that something is known of, else as_of. versions: table -> Delta version.
    """

    def __init__(self, file: Path) -> None:
        """Open a file that `serving.making` wrote."""
        self._connection = duckdb.connect(str(file), read_only=True, config=LIMITS)
        told = self._connection.execute("SELECT content FROM store_facts").fetchone()
        facts = json.loads(told[0]) if told else {}
        if facts.get("layout") != LAYOUT:
            self._connection.close()
            raise InputError(f"{file} was made by another version.", "It is made again by itself.")
        self.file = file
        self.key: str = facts["key"]
        self.user_id: str = facts["user_id"]
        self.is_simulated: bool = facts["is_simulated"]
        self.as_of = date.fromisoformat(facts["as_of"])
        self.made_at = datetime.fromisoformat(facts["made_at"])
        self.first_day = date.fromisoformat(facts["first_day"])
        self.versions: dict[str, int] = facts["versions"]

    def ask(
        self, query: str, values: Row | None = None, *, rows: int = QUERY_ROWS, seconds: float = QUERY_SECONDS
    ) -> Answer:
        """Run one query with values for its $names; at most so many rows and seconds.

        Raises InputError for a query that cannot be run, QueryLimitError for one that takes too long.
        """
        with self._cursor(seconds) as cursor:
            cursor.execute(query, values or None)
            columns = tuple(column[0] for column in cursor.description or ())
            found = cursor.fetchmany(rows + 1)
        return Answer(columns, found[:rows], len(found) > rows)

    def rows(self, query: str, **values: object) -> list[Row]:
        """The rows that a query gives, by column name; values stand for its $names."""
        answer = self.ask(query, values)
        return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]

    def row(self, query: str, **values: object) -> Row | None:
        """The first row that a query gives, by column name."""
        answer = self.ask(query, values, rows=1)
        return dict(zip(answer.columns, answer.rows[0], strict=True)) if answer.rows else None

    def has(self, table: str) -> bool:
        """Whether the lake had this table when the file was made."""
        return table in self.versions

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextmanager
    def _cursor(self, seconds: float) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self._connection.cursor()
        try:
            with _DEADLINES.within(seconds, cursor):
                yield cursor
        except duckdb.InterruptException as error:
            raise QueryLimitError(f"The query took longer than {seconds:g} s.", "Ask for less.") from error
        except duckdb.Error as error:
            raise InputError(str(error).splitlines()[0], "`lakesong tables` lists tables and columns.") from error
        finally:
            cursor.close()
