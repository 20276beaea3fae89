"""What was found, in words."""

from __future__ import annotations

from pathlib import Path

from quality.results import CheckResult

NAMED = 5  # batches, at most


def said_of(result: CheckResult) -> str:
    """What a rule found: why it could not be run, rows of rows, or what was observed and what the limit is."""
    if result.error:
        return f"it could not be run ({result.error})"
    if result.observed_value is None:
        return "there was nothing to judge"
    if is_about_rows(result):
        return f"{result.failing_rows:,} of {result.row_count:,} rows"
    return f"{figure(result.observed_value)} against {figure(result.threshold)}"


def is_about_rows(result: CheckResult) -> bool:
    """Whether each row obeys the rule or breaks it; else something was measured."""
    return result.threshold == 0 and result.observed_value == result.failing_rows


def figure(value: float | None) -> str:
    """A number: whole where it is, else with three digits."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.3f}"


def in_bronze(result: CheckResult, rules_file: Path | None) -> tuple[str, str]:
    """A rule that bronze broke: what it is, with the imports that brought the rows, and what to do."""
    named = ", ".join(result.batch_ids[:NAMED]) + (", …" if len(result.batch_ids) > NAMED else "")
    brought = f", brought by batch {named}" if named else ""
    what = f"Table {result.table} broke the rule {result.expectation}: {said_of(result)}{brought}."
    step = result.advice
    if result.error is None and not step:
        file = str(rules_file) if rules_file else "quality.toml in RULES_DIR"
        relax = f'"{result.table}.{result.expectation}" = "WARN"'
        step = (
            f"`lakesong check {result.table}` shows some of them, ingestion_runs_bronze the run of a batch. "
            f"If they are right, write {relax} under [severity] in {file}."
        )
    return f"{what} Nothing was built; silver and gold stay as they were.", step
