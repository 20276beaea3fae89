"""Lets through one read-only SELECT over the served tables with known harmless functions, and nothing else.

A list of what is allowed, not of what is forbidden: what sqlglot reads as anything else is refused. What runs is
written anew from the tree that was checked, so that nothing hides in comments or quirks of a parser.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from config.errors import InputError
from serving.declarations import served_declarations

LONGEST_SQL = 8_000  # characters
SHOWN_ROWS = 200
QUERY_SECONDS = 5.0
VIEWS = frozenset({"kept_plays", "artist_names", "album_names"})

# sqlglot's names of functions; what makes much of little (repeat, range, list, lpad, format …) is not among them.
_FUNCTION_WORDS = """
    count sum avg min max median mode any_value arg_max arg_min count_if stddev stddev_pop stddev_samp variance
    variance_pop corr quantile percentile_cont percentile_disc approx_distinct approx_quantile first last abs
    round floor ceil sqrt ln log exp pow power sign mod greatest least coalesce nullif if case cast try_cast
    lower upper trim length substring left right concat replace contains starts_with str_position regexp_like
    date_trunc timestamp_trunc date_diff date_add date_sub extract year month day hour minute second quarter
    week day_of_week day_of_week_iso dayofweek day_of_month day_of_year week_of_year dayname monthname date
    timestamp time_to_str str_to_date str_to_time ts_or_ds_to_date last_day and or xor not exists row_number
    rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value is_nan is_inf
    anonymous anonymousaggfunc
"""
_FUNCTIONS = frozenset(_FUNCTION_WORDS.split())  # fmt: skip
_BY_NAME_WORDS = """
    dayname monthname date_part epoch epoch_ms to_minutes isodow dayofweek dayofmonth dayofyear weekofyear
    weekday yearweek decade artist_of album_of mad skewness kurtosis strftime make_date round_even trunc
"""
_BY_NAME = frozenset(_BY_NAME_WORDS.split())  # fmt: skip
_NODES = (exp.Select, exp.SetOperation, exp.Subquery)
_FORBIDDEN = (
    exp.DDL, exp.DML, exp.Command, exp.Into, exp.Lock, exp.Placeholder, exp.Parameter, exp.SessionParameter, exp.Pragma,
    exp.Attach, exp.Detach, exp.Copy, exp.Set, exp.Use, exp.Lambda, exp.Describe,
)  # fmt: skip


class RefusedError(InputError):
    """A query that may not run here."""


@dataclass(frozen=True)
class Guarded:
    """A query that may run, and the tables that it reads."""

    sql: str
    tables: tuple[str, ...]


@cache
def readable_tables() -> frozenset[str]:
    """The tables and views that a query may read."""
    return frozenset(served_declarations()) | VIEWS


def guarded(sql: str, *, rows: int = SHOWN_ROWS) -> Guarded:
    """The query as it may run, with at most so many rows. Raises RefusedError for anything else than one SELECT."""
    if len(sql) > LONGEST_SQL:
        raise _refused(f"it is longer than {LONGEST_SQL} characters")
    try:
        statements = [one for one in sqlglot.parse(sql, dialect="duckdb") if one is not None]
        if len(statements) != 1:
            raise _refused("it is not one statement")
        tables = _checked(statements[0])
        shown = _limited(statements[0], rows)
        return Guarded(shown.sql(dialect="duckdb", comments=False), tuple(sorted(tables)))
    except SqlglotError as error:
        raise _refused("it cannot be read as SQL") from error
    except RecursionError as error:
        raise _refused("it is nested too deeply") from error


def _refused(reason: str) -> RefusedError:
    return RefusedError(f"The query is refused: {reason}.", "One SELECT over the tables of `lakesong tables` may run.")


def _checked(tree: exp.Expr) -> set[str]:
    """The served tables that a statement reads. Raises RefusedError for what is not allowed.

    A name that WITH gives is known from there on, as DuckDB has it: before that it would be a table of that name.
    """
    if not isinstance(tree, _NODES):
        raise _refused("it is no SELECT")
    begun = tree.args.get("with_")
    if begun is not None and begun.args.get("recursive"):
        raise _refused("it is recursive")
    if any(found is not begun for found in tree.find_all(exp.With)):
        raise _refused("it holds WITH within a part of it")
    named: set[str] = set()
    read: set[str] = set()
    for cte in begun.expressions if begun is not None else ():
        read |= _read_by(cte.this, named)
        named.add(cte.alias.lower())
    body = tree.copy()
    body.set("with_", None)
    return read | _read_by(body, named)


def _read_by(part: exp.Expr, named: set[str]) -> set[str]:
    read: set[str] = set()
    for node in part.walk():
        if isinstance(node, _FORBIDDEN):
            raise _refused(f"it holds {node.key.upper()}")
        if isinstance(node, exp.Table):
            read.add(_table(node, named))
        elif isinstance(node, exp.Func):
            _function(node)
    return read - named


def _table(node: exp.Table, named: set[str]) -> str:
    if not isinstance(node.this, exp.Identifier) or node.args.get("db") or node.args.get("catalog"):
        raise _refused(f"{node.sql(dialect='duckdb')[:60]} is no served table")
    name = node.name.lower()
    if name not in named and name not in readable_tables():
        raise _refused(f"there is no served table {name[:60]}")
    return name


def _function(node: exp.Func) -> None:
    name = node.name.lower() if isinstance(node, exp.Anonymous) else node.key
    allowed = _BY_NAME if isinstance(node, exp.Anonymous) else _FUNCTIONS | _squeezed()
    if name not in allowed:
        raise _refused(f"the function {name[:60]} is not among those that may be used")


@cache
def _squeezed() -> frozenset[str]:
    """The names as sqlglot's keys have them: without underscores."""
    return frozenset(name.replace("_", "") for name in _FUNCTIONS)


def _limited(tree: exp.Expr, rows: int) -> exp.Query:
    assert isinstance(tree, exp.Query)
    limit = tree.args.get("limit")
    asked = limit.expression if isinstance(limit, exp.Limit) else None
    if isinstance(asked, exp.Literal) and asked.is_int and int(asked.name) <= rows:
        return tree
    return tree.limit(rows)
