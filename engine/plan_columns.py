"""Columns of a Spark Connect plan: what an expression is computed from, back to the columns of the inputs.

A DataFrame of Spark Connect carries what was asked for as protobuf, before any engine has looked at it. The messages
are those of `spark/connect/expressions.proto` (Apache Spark 4.2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cache
from typing import Any, NamedTuple

import sqlglot
from sqlglot import exp

from config.errors import LakesongError

ROWS = "*"  # the column of a source that is only counted: its rows


class LineageError(LakesongError):
    """A plan holds something whose columns cannot be followed."""


class Kind(IntEnum):
    """How a column comes from another. Of two steps after one another the larger holds."""

    AS_IS = 0
    PICKED = 1
    CARRIED = 2
    COMPUTED = 3
    WINDOW = 4
    AGGREGATED = 5
    PYTHON = 6


class Source(NamedTuple):
    """A column of an input table; ROWS where its rows are counted and no column is read."""

    table: str
    column: str


@dataclass(frozen=True)
class Value:
    """What a column is computed from; and what chose the row or the branch that it was taken from.

    Such choices are the orders of windows and the conditions of `when`.
    """

    sources: Mapping[Source, Kind] = field(default_factory=dict)
    chosen_by: frozenset[Source] = frozenset()

    def by(self, kind: Kind) -> Value:
        """The value after a step of that kind."""
        return replace(self, sources={source: max(kind, found) for source, found in self.sources.items()})

    def choosing(self) -> frozenset[Source]:
        """The columns that decide, where this value chooses rows."""
        return frozenset(self.sources) | self.chosen_by


NOTHING = Value()  # a constant, or a setting


def merged(values: Iterable[Value]) -> Value:
    """The value that several are put together to."""
    sources: dict[Source, Kind] = {}
    chosen_by: set[Source] = set()
    for value in values:
        chosen_by |= value.chosen_by
        for source, kind in value.sources.items():
            sources[source] = max(kind, sources.get(source, kind))
    return Value(sources, frozenset(chosen_by))


@dataclass(frozen=True)
class Field:
    """A column of a relation: the aliases and the plans that it can be named by, and its value."""

    name: str
    value: Value
    qualifiers: frozenset[str] = frozenset()
    plans: frozenset[int] = frozenset()

    def has_name(self, name: str) -> bool:
        """Spark's names are the same in either case."""
        return self.name.lower() == name.lower()


@dataclass(frozen=True)
class Scope:
    """What an expression can name: the columns of its relation, and aliases to the left of it in the same list.

    tables are the inputs that the relation's rows come from. grouped: identifiers of the columns that it is grouped
    by, or None outside of an aggregation.
    """

    fields: tuple[Field, ...]
    tables: frozenset[str]
    beside: tuple[Field, ...] = ()
    grouped: frozenset[str] | None = None

    def rows(self) -> Value:
        """The rows of the inputs, where they are counted."""
        return Value({Source(table, ROWS): Kind.AGGREGATED for table in self.tables})

    def find(self, identifier: str, plan: int | None = None) -> list[Field]:
        """The columns that a name means: `name`, `alias.name`, and either with fields of a struct behind."""
        parts = [quoted or plain for quoted, plain in re.findall(r"`([^`]+)`|([^.`]+)", identifier)]
        for fields in (self.fields, self.beside):
            qualified = [
                field
                for field in fields
                if len(parts) > 1 and parts[0].lower() in field.qualifiers and field.has_name(parts[1])
            ]
            found = qualified or [field for field in fields if field.has_name(parts[0])]
            if plan is not None:
                found = [field for field in found if plan in field.plans] or found
            if found:
                return found
        return []

    def value(self, identifier: str, plan: int | None = None) -> Value:
        """The value of the column of that name. Raises LineageError where there is none, or more than one."""
        found = self.find(identifier, plan)
        if len(found) != 1:
            what = "no column" if not found else f"{len(found)} columns"
            raise LineageError(f"{what} named {identifier} among {', '.join(sorted(f.name for f in self.fields))}")
        value = found[0].value
        return value if self.grouped is None or identifier.lower() in self.grouped else value.by(Kind.AGGREGATED)


def value_of(expression: Any, scope: Scope) -> Value:
    """What an expression is computed from. Raises LineageError for a kind of expression that is not known here."""
    kind = expression.WhichOneof("expr_type")
    if kind not in _EXPRESSIONS:
        raise LineageError(f"expression {kind} is not known to engine/plan_columns.py")
    return _EXPRESSIONS[kind](getattr(expression, kind), scope)


def names_of(expression: Any) -> list[str]:
    """The names of the columns that an expression makes: one, but for generators such as posexplode."""
    kind = expression.WhichOneof("expr_type")
    part = getattr(expression, kind)
    if kind == "alias":
        return list(part.name)
    if kind == "unresolved_attribute":
        return [part.unparsed_identifier.split(".")[-1].strip("`")]
    if kind == "cast":
        return names_of(part.expr)
    if kind == "unresolved_function":
        generated = {"explode": ["col"], "posexplode": ["pos", "col"]}
        of_arguments = [name for argument in part.arguments for name in names_of(argument)]
        return generated.get(part.function_name, [f"{part.function_name}({', '.join(of_arguments)})"])
    return [kind]


def _all_of(expressions: Iterable[Any], scope: Scope) -> Value:
    return merged(value_of(expression, scope) for expression in expressions)


def _attribute(attribute: Any, scope: Scope) -> Value:
    plan = attribute.plan_id if attribute.HasField("plan_id") else None
    return scope.value(attribute.unparsed_identifier, plan)


def _function(function: Any, scope: Scope) -> Value:
    return _call(function.function_name.lower(), list(function.arguments), scope)


def _call(name: str, arguments: list[Any], scope: Scope) -> Value:
    if name in ("min_by", "max_by"):  # the second argument says of which row the first is taken
        taken, order = (value_of(argument, replace(scope, grouped=None)) for argument in arguments)
        return Value(taken.sources, taken.chosen_by | order.choosing()).by(Kind.PICKED)
    if name in ("when", "if"):
        return _branches(arguments, scope)
    if not _aggregates(name):
        return _all_of(arguments, scope).by(Kind.COMPUTED)
    value = _all_of(arguments, scope).by(Kind.AGGREGATED)
    return value if value.sources else scope.rows()


def _branches(arguments: list[Any], scope: Scope) -> Value:
    """`when`: condition, value, condition, value …, and perhaps a last value.

    The conditions choose among the values; where these are constants, they are what the result says.
    """
    pairs = len(arguments) // 2 * 2
    conditions = _all_of(arguments[0:pairs:2], scope)
    value = _all_of([*arguments[1:pairs:2], *arguments[pairs:]], scope)
    if value.sources:
        return Value(value.sources, value.chosen_by | conditions.choosing()).by(Kind.COMPUTED)
    return Value(conditions.sources, value.chosen_by | conditions.chosen_by).by(Kind.COMPUTED)


@cache
def _aggregates(name: str) -> bool:
    """Whether a function sums up rows, as far as sqlglot knows; any other column in an aggregation counts so too."""
    for arguments in ("a", "a, b", "a, b, c"):
        try:
            return isinstance(sqlglot.parse_one(f"{name}({arguments})", dialect="spark"), exp.AggFunc)
        except sqlglot.ParseError:
            continue
    return False


def _window(window: Any, scope: Scope) -> Value:
    rows = replace(scope, grouped=None)
    around = _all_of([*window.partition_spec, *(order.child for order in window.order_spec)], rows)
    function = window.window_function
    arguments = _all_of(getattr(function, function.WhichOneof("expr_type")).arguments, rows)
    # row_number() has no argument: its value is the place that the order gives.
    value = arguments if arguments.sources else around
    chosen_by = value.chosen_by | around.choosing()
    return Value(value.sources or scope.rows().sources, chosen_by).by(Kind.WINDOW)


def _text(text: Any, scope: Scope) -> Value:
    """SQL text, as `F.expr` takes it."""
    try:
        parsed = sqlglot.parse_one(text.expression, dialect="spark")
    except sqlglot.ParseError as error:
        raise LineageError(f"SQL text {text.expression!r} cannot be read: {error}") from error
    if parsed.find(exp.Select, exp.Window):
        raise LineageError(f"SQL text {text.expression!r} holds a query or a window")
    bound = {name.name for function in parsed.find_all(exp.Lambda) for name in function.expressions}
    names = {".".join(part.name for part in column.parts) for column in parsed.find_all(exp.Column)} - bound
    value = merged(scope.value(name) for name in sorted(names))
    if isinstance(parsed, exp.Column):
        return value
    if not parsed.find(exp.AggFunc):
        return value.by(Kind.COMPUTED)
    return value.by(Kind.AGGREGATED) if value.sources else scope.rows()


_EXPRESSIONS: dict[str, Callable[[Any, Scope], Value]] = {
    "literal": lambda _, __: NOTHING,
    "unresolved_star": lambda _, __: NOTHING,  # of count(*); a star in a list of columns is unfolded before
    "unresolved_named_lambda_variable": lambda _, __: NOTHING,  # what it runs over stands beside the lambda
    "unresolved_attribute": _attribute,
    "unresolved_function": _function,
    "call_function": _function,
    "window": _window,
    "expression_string": _text,
    "alias": lambda alias, scope: value_of(alias.expr, scope),
    "cast": lambda cast, scope: value_of(cast.expr, scope).by(Kind.COMPUTED),
    "sort_order": lambda order, scope: value_of(order.child, scope),
    "lambda_function": lambda function, scope: value_of(function.function, scope),
    "named_argument_expression": lambda argument, scope: value_of(argument.value, scope),
    "unresolved_extract_value": lambda part, scope: _all_of([part.child, part.extraction], scope).by(Kind.COMPUTED),
    "update_fields": lambda part, scope: _all_of(
        [part.struct_expression, *([part.value_expression] if part.HasField("value_expression") else [])], scope
    ).by(Kind.COMPUTED),
    "common_inline_user_defined_function": lambda function, scope: _all_of(function.arguments, scope).by(Kind.PYTHON),
}
