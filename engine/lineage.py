"""Lineage of columns: from which columns of its inputs each column of a table is computed, down to the sources.

Taken from the code of the tables and nothing else: each table's function is called with inputs that have no rows, and
the plan that it gives is read (`plan_relations`). Filters, join keys, grouping keys, orders and conditions choose rows
or branches and make no value; they are told apart.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from config.errors import InputError
from config.exclusions import read_exclusions
from config.settings import Settings
from engine import plan_joins, plan_relations
from engine.plan_columns import Kind, LineageError, Source, Value
from engine.plan_relations import Walk, input_relation
from schemas.declaration import Table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

WORDS = {
    Kind.AS_IS: "taken as is",
    Kind.PICKED: "taken from one row of several",
    Kind.CARRIED: "keeps its name through Python, which may change it",
    Kind.COMPUTED: "computed from it",
    Kind.WINDOW: "computed over neighbouring rows",
    Kind.AGGREGATED: "aggregated",
    Kind.PYTHON: "made in Python from a group; which of its columns count cannot be told",
}
STEPS = {**plan_relations.STEPS, **plan_joins.STEPS}
ANY_DAY = date(2024, 1, 1)  # the day of a build is a value: which it is changes no lineage


@dataclass(frozen=True)
class TableLineage:
    """Where the columns of one table come from, and what its rows are chosen by.

    untold: why nothing can be said, where that is so.
    """

    columns: Mapping[str, Value]
    chosen_by: frozenset[Source]
    untold: str = ""


@dataclass
class Lineage:
    """Lineage of the declared tables. session: any session of Spark Connect; nothing is computed on it."""

    session: SparkSession
    tables: Mapping[str, Table]
    settings: Settings
    found: dict[str, TableLineage] = field(default_factory=dict)

    def of(self, name: str) -> TableLineage:
        """Lineage of one table: without columns for a table that a source writes."""
        if name not in self.found:
            try:
                self.found[name] = self.traced(self.tables[name])
            except LineageError as error:
                self.found[name] = TableLineage({}, frozenset(), str(error))
        return self.found[name]

    def traced(self, table: Table) -> TableLineage:
        """Lineage of one table. Raises LineageError where its plan holds something that cannot be followed."""
        if table.transform is None:
            return TableLineage({}, frozenset())
        frames: list[Any] = [self.session.createDataFrame([], self.tables[name].ddl) for name in table.inputs]
        inputs = {
            frame._plan._plan_id: input_relation(name, self.tables[name].column_names)
            for name, frame in zip(table.inputs, frames, strict=True)
        }
        made: Any = table(*frames, **self._arguments(table))
        end = Walk(inputs, STEPS).relation(made._plan.plan(cast("Any", self.session).client))
        values = {f.name: f.value for f in end.fields}
        if list(values) != table.column_names:
            raise LineageError(f"{table.name}: the plan gives {', '.join(values)}")
        return TableLineage(values, end.chosen_by)

    def sources(self, column: Source) -> Mapping[Source, Kind]:
        """The columns of the inputs that a column is computed from; none for a constant or a column of a source."""
        value = self.of(column.table).columns.get(column.column)
        return dict(sorted(value.sources.items())) if value else {}

    def upstream(self, column: Source) -> Iterator[Source]:
        """The column and all that it is computed from, each once; inputs after what is made from them."""
        seen: set[Source] = set()
        waiting = [column]
        while waiting:
            one = waiting.pop()
            if one in seen:
                continue
            seen.add(one)
            yield one
            waiting += reversed(list(self.sources(one)))

    def chosen_by(self, column: Source) -> frozenset[Source]:
        """What decides the rows of the column's table, and from which row or branch the column was taken."""
        of_table = self.of(column.table)
        value = of_table.columns.get(column.column)
        return of_table.chosen_by | (value.chosen_by if value else frozenset())

    def is_source(self, column: Source) -> bool:
        """Whether the column stands in a table that a source, and no function, writes."""
        return self.tables[column.table].transform is None

    def _arguments(self, table: Table) -> dict[str, Any]:
        of_the_build = {
            "as_of": ANY_DAY,
            "as_of_month": ANY_DAY,
            "exclusions": read_exclusions(self.settings.rules_folder) if "exclusions" in table.settings else (),
        }
        return {
            name: of_the_build[name] if name in of_the_build else getattr(self.settings, name)
            for name in table.settings
        }


def columns_named(tables: Mapping[str, Table], text: str) -> list[Source]:
    """The columns that `table.column` or `column` names. Raises InputError with names that are close."""
    table, _, column = text.rpartition(".")
    if table and table not in tables:
        raise InputError(f"There is no table {table}.", _close(table, tables, "`lakesong tables` lists them."))
    found = [Source(name, column) for name, one in tables.items() if column in one.column_names and table in ("", name)]
    if found:
        return found
    if column in tables:
        raise InputError(
            f"{column} is a table.", f"Name one of its columns: {column}.{tables[column].column_names[-1]}."
        )
    known = tables[table].column_names if table else {name for one in tables.values() for name in one.column_names}
    where = f"Table {table} has no column {column}." if table else f"No table has a column {column}."
    raise InputError(where, _close(column, known, f"`lakesong tables {table or 'TABLE'}` shows the columns."))


def _close(name: str, known: Any, otherwise: str) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=4)
    return f"Did you mean {' or '.join(close)}?" if close else otherwise
