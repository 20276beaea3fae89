"""The rules that a table declares about its own rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from quality.results import SAMPLE, CheckResult, could_not_run, of_rows
from quality.views import Months
from schemas.declaration import MONTH_COLUMN, Expectation, Table
from schemas.lake import Lake

if TYPE_CHECKING:
    import polars as pl

KEY_RULE = "key_is_unique"


def check_table(
    lake: Lake, table: Table, *, version: int | None = None, months: Months | None = None
) -> list[CheckResult]:
    """Check a version of a table (the newest), or of a monthly one some months: its key is unique, each rule is obeyed.

    Conditions are SQL as in a CHECK: a row for which one is null obeys it. NOT NULL and the constraints need no check,
    Delta enforces them. Runs pointblank on a Polars frame that delta-rs reads, the same after either engine. Of equal
    keys every row counts as broken. A rule that cannot be run is a FAIL with its error.
    """
    rules = {KEY_RULE: Expectation(""), **table.expectations}
    try:
        frame = _frame(lake, table, version, months)
        conditions, errors = _conditions(frame, table)
        rows, counted = _count(frame, table, conditions)
        failing = [name for name, count in counted.items() if count]
        details = _details(frame, table, {name: conditions.get(name) for name in failing})
    except Exception as error:  # whatever it is, nothing was checked
        return [could_not_run(table.name, name, rule.severity, error) for name, rule in rules.items()]
    return [
        could_not_run(table.name, name, rule.severity, errors[name])
        if name in errors
        else of_rows(table.name, name, rule.severity, rows, counted[name], **details.get(name, {}))
        for name, rule in rules.items()
    ]


def _frame(lake: Lake, table: Table, version: int | None, months: Months | None) -> pl.LazyFrame:
    import polars as pl

    frame = pl.scan_delta(lake.path(table), version=version)
    if months is None:
        return frame
    first, last = months
    return frame.filter(pl.col(MONTH_COLUMN).is_between(pl.lit(first), pl.lit(last)))


def _conditions(frame: pl.LazyFrame, table: Table) -> tuple[dict[str, pl.Expr], dict[str, Exception]]:
    """The expectations as expressions, and those that cannot be used on the columns that there are."""
    import polars as pl

    empty = pl.DataFrame(schema=frame.collect_schema())
    conditions, errors = {}, {}
    for name, expectation in table.expectations.items():
        try:
            condition = pl.sql_expr(expectation.condition).fill_null(True)
            empty.select(condition)
            conditions[name] = condition
        except Exception as error:  # each library of them raises its own
            errors[name] = error
    return conditions, errors


def _count(frame: pl.LazyFrame, table: Table, conditions: dict[str, pl.Expr]) -> tuple[int, dict[str, int]]:
    """Rows, and those that break each rule, from the columns that the rules name."""
    import pointblank as pb

    named = {root for condition in conditions.values() for root in condition.meta.root_names()}
    found = frame.select(sorted({*table.primary_key, *named})).collect()
    if found.is_empty():
        return 0, dict.fromkeys((KEY_RULE, *conditions), 0)
    validation = pb.Validate(found).rows_distinct(columns_subset=list(table.primary_key))
    for condition in conditions.values():
        validation = validation.col_vals_expr(expr=condition)
    failed = validation.interrogate(collect_extracts=False).n_failed()
    assert isinstance(failed, dict)
    return found.height, {name: int(failed[step]) for step, name in enumerate((KEY_RULE, *conditions), start=1)}


def _details(frame: pl.LazyFrame, table: Table, failing: dict[str, pl.Expr | None]) -> dict[str, dict[str, Any]]:
    """Of each rule that is broken (the key's has no expression): keys of some rows, and the batches of all."""
    return {name: dict(_of_rows(frame, table, condition)) for name, condition in failing.items()}


def _of_rows(frame: pl.LazyFrame, table: Table, condition: pl.Expr | None) -> Iterator[tuple[str, Any]]:
    import polars as pl

    keys = list(table.primary_key)
    broken = frame.filter(pl.struct(keys).is_duplicated() if condition is None else ~condition)
    yield "sample", broken.select(keys).unique().sort(keys, nulls_last=True).head(SAMPLE).collect().to_dicts()
    if "batch_id" in table.column_names:
        yield "batch_ids", broken.select("batch_id").unique().sort("batch_id").collect().to_series().to_list()
