"""What a check found."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from schemas.declaration import Severity

Status = Literal["PASS", "WARN", "FAIL"]

SAMPLE = 5  # keys of rows that break a rule, at most


@dataclass(frozen=True)
class CheckResult:
    """What one rule found: rows read, rows that break it, and some of their keys.

    observed_value is what was measured and threshold the limit or the value expected; of a rule about rows, the rows
    that break it and 0. error says why a rule could not be run: it then counts as a FAIL, whatever its severity.
    """

    table: str
    expectation: str
    severity: Severity
    status: Status
    row_count: int = 0
    failing_rows: int = 0
    observed_value: float | None = None
    threshold: float | None = None
    sample: Sequence[Mapping[str, Any]] = ()
    batch_ids: Sequence[str] = ()
    error: str | None = None
    advice: str = ""

    def to_row(self, run_id: str, checked_at: datetime) -> dict[str, Any]:
        """The row of qa_validation_results."""
        return {
            "run_id": run_id,
            "table_name": self.table,
            "expectation": self.expectation,
            "severity": self.severity,
            "status": self.status,
            "observed_value": self.observed_value,
            "threshold": self.threshold,
            "row_count": self.row_count,
            "failing_rows": self.failing_rows,
            "sample_keys": _json(self.sample),
            "batch_ids": _json(self.batch_ids),
            "error": self.error,
            "checked_at": checked_at,
        }


def of_rows(
    table: str, expectation: str, severity: Severity, row_count: int, failing_rows: int, **details: Any
) -> CheckResult:
    """The result of a rule that every row obeys or breaks."""
    status: Status = severity if failing_rows else "PASS"
    figures = (row_count, failing_rows, float(failing_rows), 0.0)
    return CheckResult(table, expectation, severity, status, *figures, **details)


def could_not_run(table: str, expectation: str, severity: Severity, error: Exception) -> CheckResult:
    """The result of a rule that could not be run."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    text = f"{type(error).__name__}: {lines[0] if lines else ''}"
    advice = "Run `lakesong build` if another version of Lakesong made the tables; else mend the rule."
    return CheckResult(table, expectation, severity, "FAIL", error=text[:500], advice=advice)


def _json(items: Iterable[Any]) -> str | None:
    found = list(items)
    return json.dumps(found, ensure_ascii=False, default=str) if found else None
