"""What `lakesong check` prints: what is broken first, with what to do."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from rich.markup import escape

from ingestion.checking import CheckReport
from quality.results import CheckResult, Status
from quality.words import is_about_rows, said_of
from terminal.screen import grid, out

_ORDER: dict[Status, int] = {"FAIL": 0, "WARN": 1, "PASS": 2}
_STYLE = {"FAIL": "bold red", "WARN": "yellow", "PASS": "green"}


def report_json(report: CheckReport) -> dict[str, Any]:
    """The report as `--json` prints it."""
    counts = Counter(result.status for result in report.results)
    return {
        "run_id": report.run_id,
        "as_of": str(report.as_of),
        "status": worst_of(report),
        "counts": {status: counts[status] for status in _ORDER},
        "checks": [_check_json(result) for result in _in_order(report)],
    }


def worst_of(report: CheckReport) -> str:
    """FAIL where anything fails, else WARN where anything warns, else PASS."""
    return min((result.status for result in report.results), key=lambda status: _ORDER[status], default="PASS")


def print_report(report: CheckReport, *, show_all: bool = False) -> None:
    """Print what is broken, one rule a block, and how many rules were obeyed (or each of them)."""
    counts = Counter(result.status for result in report.results)
    for result in _in_order(report):
        if result.status != "PASS":
            _print_broken(result)
    if show_all:
        table = grid("obeyed", "rows", "observed", right=("rows",))
        for result in report.results:
            if result.status == "PASS":
                table.add_row(f"{result.table}.{result.expectation}", f"{result.row_count:,}", said_of(result))
        out.print(table)
    tables = len({result.table for result in report.results})
    out.print(
        f"{counts['PASS']:,} rules of {tables} tables are obeyed, {counts['WARN']} warn, {counts['FAIL']} fail "
        f"(for {report.as_of})."
    )
    if not report.results:
        out.print("Nothing was checked: `lakesong build` makes the tables.")


def _print_broken(result: CheckResult) -> None:
    out.print(
        f"[{_STYLE[result.status]}]{result.status}[/] {escape(result.table)}.[bold]{escape(result.expectation)}[/]: "
        f"{escape(said_of(result))}"
    )
    if not result.error and not is_about_rows(result):
        out.print(f"     in {result.failing_rows:,} of {result.row_count:,} things that it judges", style="dim")
    for key in result.sample:
        line = ", ".join(f"{name} {value}" for name, value in key.items() if value is not None)
        out.print(f"     {line}", markup=False, style="dim")
    if result.batch_ids:
        out.print(f"     brought by batch {', '.join(result.batch_ids)}", markup=False, style="dim")
    if result.advice:
        out.print(f"     {result.advice}", markup=False)


def _in_order(report: CheckReport) -> list[CheckResult]:
    """What fails, then what warns, then what passes; each in the order of building."""
    return sorted(report.results, key=lambda result: _ORDER[result.status])


def _check_json(result: CheckResult) -> dict[str, Any]:
    return {
        "table": result.table,
        "expectation": result.expectation,
        "severity": result.severity,
        "status": result.status,
        "observed_value": result.observed_value,
        "threshold": result.threshold,
        "row_count": result.row_count,
        "failing_rows": result.failing_rows,
        "sample_keys": json.loads(json.dumps(list(result.sample), default=str)),
        "batch_ids": list(result.batch_ids),
        "error": result.error,
        "advice": result.advice or None,
    }
