"""A table, declared once: its columns, key, rules and the function that makes it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import sqlglot
from sqlglot import exp

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Layer = Literal["bronze", "silver", "gold", "records"]
Severity = Literal["FAIL", "WARN"]
# What happened; why; what will; what to do; what a person asks about it in plain words.
Analytics = Literal["descriptive", "diagnostic", "predictive", "prescriptive", "cognitive"]

MONTH_COLUMN = "played_month"
MODEL_FIGURES = ("k", "silhouette", "stability", "null_silhouette")

# DDL type -> Delta type. The list is short on purpose: every reader of Delta knows these.
DELTA_TYPES = {
    "STRING": "string",
    "INT": "integer",
    "BIGINT": "long",
    "DOUBLE": "double",
    "BOOLEAN": "boolean",
    "TIMESTAMP": "timestamp",
    "DATE": "date",
}


@dataclass(frozen=True)
class Column:
    """One column: name, DDL type (a key of DELTA_TYPES), whether it may be null, and what it means."""

    name: str
    type: str
    nullable: bool
    comment: str


@dataclass(frozen=True)
class Expectation:
    """A rule that each row obeys: a SQL condition (null counts as obeyed, as in a CHECK) and what follows if not."""

    condition: str
    severity: Severity = "FAIL"


@dataclass(frozen=True)
class Lookup:
    """A whole input in which rows of a table find something: by these columns, which both have, it reads those.

    The function is given only these columns. So a changed row of the input changes only rows of a monthly table that
    share one of the columns of `by` with it, and only their months are built again; and a settled table only if what
    it reads of its other inputs has such a row.
    """

    by: tuple[str, ...]
    reads: tuple[str, ...]


@dataclass(frozen=True)
class Model:
    """The model whose results a table holds, for its cards in `model_runs`: one card for each value of `by`.

    features: what it is fitted on, in order. fitted: the column that says on how many rows. It and the columns
    MODEL_FIGURES, as far as the table has them, are the same in all rows of a fit; the card's reason is that of the
    rows with k = 0. where: the rows that cards are read from, column -> value.
    """

    name: str
    features: tuple[str, ...]
    seed: int
    fitted: str
    by: tuple[str, ...] = ("user_id", "is_simulated", "basis")
    where: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """The declaration of one table. Called with DataFrames, it is the function that makes the table.

    window: months of its monthly inputs (before, after) that one month of this table reads; None for a table that is
    always built whole. lookups: inputs that are read only in part, see Lookup. is_settled: whether only what was heard
    before the week of `as_of` is read, so that new plays of the week change nothing. analytics: the kind of question
    that a gold table answers. constraints are enforced by Delta on every writer, and say themselves what null means
    (delta-rs and Sail refuse a row for which one is null); expectations are checked after a build. references: own
    column to the table in whose column of the same name (else its key) each value is found; null is not looked for.
    model: what was fitted for the table, told in `model_runs`.
    """

    name: str
    layer: Layer
    schema: str
    primary_key: tuple[str, ...]
    description: str
    partition_by: tuple[str, ...] = ()
    constraints: Mapping[str, str] = field(default_factory=dict)
    expectations: Mapping[str, Expectation] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    window: tuple[int, int] | None = None
    lookups: Mapping[str, Lookup] = field(default_factory=dict)
    is_settled: bool = False
    analytics: Analytics | None = None
    model: Model | None = None
    transform: Callable[..., DataFrame] | None = None

    def __call__(self, *inputs: DataFrame, **arguments: Any) -> DataFrame:
        """Make the rows of this table from its inputs."""
        if self.transform is None:
            raise TypeError(f"{self.name} is written by a source, not made by a function")
        return self.transform(*inputs, **arguments)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns, parsed from the DDL text. Raises ValueError where the text breaks a rule of the house."""
        statement = sqlglot.parse_one(f"CREATE TABLE t ({self.schema})")
        columns = tuple(_column(self.name, definition) for definition in statement.find_all(exp.ColumnDef))
        missing = {*self.primary_key, *self.partition_by} - {column.name for column in columns}
        if missing:
            raise ValueError(f"{self.name}: {', '.join(sorted(missing))} is a key but no column")
        return columns

    @property
    def column_names(self) -> list[str]:
        """Names of the columns, in order."""
        return [column.name for column in self.columns]

    @cached_property
    def ddl(self) -> str:
        """Column names and types as Spark reads them in `createDataFrame` and `applyInPandas`."""
        return ", ".join(f"{column.name} {column.type}" for column in self.columns)

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Names of the tables that this one is made from: the positional parameters of its function."""
        return self._parameters(inspect.Parameter.POSITIONAL_OR_KEYWORD)

    @cached_property
    def settings(self) -> tuple[str, ...]:
        """Names of the settings that the rows depend on: the keyword-only parameters.

        `as_of` is the day of the build, `as_of_month` the first day of its month.
        """
        return self._parameters(inspect.Parameter.KEYWORD_ONLY)

    @property
    def is_monthly(self) -> bool:
        """Whether the table is stored by UTC month of the play."""
        return MONTH_COLUMN in self.partition_by

    def _parameters(self, kind: Any) -> tuple[str, ...]:
        if self.transform is None:
            return ()
        return tuple(name for name, p in inspect.signature(self.transform).parameters.items() if p.kind is kind)


def table(
    *,
    layer: Literal["silver", "gold"],
    schema: str,
    primary_key: tuple[str, ...],
    partition_by: tuple[str, ...] = (),
    constraints: Mapping[str, str] | None = None,
    expectations: Mapping[str, Expectation] | None = None,
    references: Mapping[str, str] | None = None,
    window: tuple[int, int] | None = None,
    lookups: Mapping[str, Lookup] | None = None,
    is_settled: bool = False,
    analytics: Analytics | None = None,
    model: Model | None = None,
) -> Callable[[Callable[..., DataFrame]], Table]:
    """Declare the table that the decorated function makes; the docstring is the table's description.

    The function's positional parameters are the names of its input tables, its keyword-only parameters are settings.
    """

    def declare(function: Callable[..., DataFrame]) -> Table:
        return Table(
            name=function.__name__,
            layer=layer,
            schema=schema,
            primary_key=primary_key,
            description=inspect.cleandoc(function.__doc__ or ""),
            partition_by=partition_by,
            constraints=constraints or {},
            expectations=expectations or {},
            references=references or {},
            window=window,
            lookups=lookups or {},
            is_settled=is_settled,
            analytics=analytics,
            model=model,
            transform=function,
        )

    return declare


def _column(table_name: str, definition: exp.ColumnDef) -> Column:
    """Read one column; every one needs a known type and a comment."""
    kinds = [constraint.args["kind"] for constraint in definition.args.get("constraints", [])]
    comment = next((kind.this.this for kind in kinds if isinstance(kind, exp.CommentColumnConstraint)), "")
    ddl_type = definition.args["kind"].sql(dialect="spark")
    if ddl_type not in DELTA_TYPES:
        raise ValueError(f"{table_name}.{definition.name}: type {ddl_type} is not one that every reader knows")
    if not comment:
        raise ValueError(f"{table_name}.{definition.name} has no comment")
    is_required = any(isinstance(kind, exp.NotNullColumnConstraint) for kind in kinds)
    return Column(definition.name, ddl_type, not is_required, comment)
