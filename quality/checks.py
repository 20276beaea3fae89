"""Run a table's expectations and say PASS, WARN or FAIL for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schemas.declaration import Expectation, Severity, Table
from schemas.lake import Lake


@dataclass(frozen=True)
class CheckResult:
    """What one rule found: rows read, and rows that break it."""

    table: str
    expectation: str
    status: Literal["PASS", "WARN", "FAIL"]
    row_count: int
    failing_rows: int


KEY_RULE = "key_is_unique"


def check_table(lake: Lake, table: Table) -> list[CheckResult]:
    """Check the newest version of a table: its key is unique, and each declared expectation holds.

    Conditions are SQL as in a CHECK: a row for which one is null obeys it. NOT NULL and the constraints need no check,
    Delta enforces them. Runs pointblank on a Polars frame that delta-rs reads, the same after either engine.
    """
    import pointblank as pb
    import polars as pl

    conditions = {
        name: pl.sql_expr(expectation.condition).fill_null(True) for name, expectation in table.expectations.items()
    }
    needed = sorted({*table.primary_key, *(root for c in conditions.values() for root in c.meta.root_names())})
    frame = pl.read_delta(lake.path(table), columns=needed)
    if frame.is_empty():
        return [CheckResult(table.name, name, "PASS", 0, 0) for name in (KEY_RULE, *conditions)]
    validation = pb.Validate(frame).rows_distinct(columns_subset=list(table.primary_key))
    for condition in conditions.values():
        validation = validation.col_vals_expr(expr=condition)
    failed = validation.interrogate(collect_extracts=False).n_failed()
    assert isinstance(failed, dict)
    rules = {KEY_RULE: Expectation("", "FAIL"), **table.expectations}
    return [
        CheckResult(table.name, name, _status(int(failed[step]), rule.severity), frame.height, int(failed[step]))
        for step, (name, rule) in enumerate(rules.items(), start=1)
    ]


def _status(failing_rows: int, severity: Severity) -> Literal["PASS", "WARN", "FAIL"]:
    return severity if failing_rows else "PASS"
