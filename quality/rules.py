"""Rules asked in SQL: over several tables, over time, and a listener's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quality.results import SAMPLE, CheckResult, could_not_run, of_rows
from quality.views import ALL_MONTHS, LakeViews, Months
from schemas.declaration import MONTH_COLUMN, Severity, Table

# Months as they are stored, of the days that bound those that a rule is asked about.
FIRST, LAST = "strftime($since, '%Y-%m')", "strftime($until - INTERVAL 1 DAY, '%Y-%m')"
JUDGED = ("observed_value", "threshold", "is_broken")


@dataclass(frozen=True)
class Rule:
    """A named question whose answer shows what breaks it; it is asked when `table` was built.

    sql (DuckDB) gives the rows that break the rule, with the key of the table where it has one. Where `is_measure`, it
    gives a row for each thing that it judges: what identifies it, then observed_value, threshold and is_broken.
    `$as_of` stands for the day of the check; `$since` and `$until` bound the months of a monthly table that were built,
    from the first day on and before the last. A rule reads its table and what that is made from, which is built before.
    """

    name: str
    table: str
    sql: str
    severity: Severity = "FAIL"
    is_measure: bool = False
    advice: str = ""
    seconds: float | None = None


def run_rule(views: LakeViews, rule: Rule, months: Months = ALL_MONTHS) -> CheckResult:
    """Ask one rule, about all months or some; one that cannot be run is a FAIL with its error."""
    try:
        return _measure(views, rule, months) if rule.is_measure else _rows(views, rule, months)
    except Exception as error:  # whatever it is, the rule was not checked
        if "Interrupted" in str(error):
            error = TimeoutError(f"it took longer than {rule.seconds:g} seconds")
        return could_not_run(rule.table, rule.name, rule.severity, error)


def _rows(views: LakeViews, rule: Rule, months: Months) -> CheckResult:
    """A rule whose query gives the rows that break it."""
    broken = f"(\n{rule.sql}\n) AS broken"
    failing = int(views.run(f"SELECT count(*) FROM {broken}", rule.seconds, months)[1][0][0])
    details: dict[str, Any] = {"advice": rule.advice}
    if failing:
        names = views.need_columns(rule.sql)
        keys = [name for name in views.tables[rule.table].primary_key if name in names] or names
        listed = ", ".join(f'"{name}"' for name in keys)
        sample = f"SELECT {listed} FROM {broken} ORDER BY ALL LIMIT {SAMPLE}"
        details["sample"] = _mappings(*views.run(sample, rule.seconds, months))
        if "batch_id" in names:
            batches = views.run(f"SELECT DISTINCT batch_id FROM {broken} ORDER BY ALL", rule.seconds, months)[1]
            details["batch_ids"] = [batch for (batch,) in batches]
    return of_rows(rule.table, rule.name, rule.severity, views.row_count(rule.table), failing, **details)


def _measure(views: LakeViews, rule: Rule, months: Months) -> CheckResult:
    """A rule whose query judges each of a few things; what it observed is that of the one furthest off."""
    judged = _mappings(*views.run(rule.sql, rule.seconds, months))
    judged.sort(key=lambda row: (not row["is_broken"], -abs(row["observed_value"] - row["threshold"]), str(row)))
    broken = [row for row in judged if row["is_broken"]]
    worst = judged[0] if judged else {"observed_value": None, "threshold": None}
    return CheckResult(
        rule.table,
        rule.name,
        rule.severity,
        rule.severity if broken else "PASS",
        len(judged),
        len(broken),
        worst["observed_value"],
        worst["threshold"],
        [{name: value for name, value in row.items() if name not in JUDGED} for row in broken[:SAMPLE]],
        advice=rule.advice,
    )


def reference_rules(table: Table, tables: Mapping[str, Table]) -> list[Rule]:
    """A rule for each declared reference: every value that is not null is found in the other table."""
    return [_reference(table, column, tables[other]) for column, other in table.references.items()]


def _reference(table: Table, column: str, other: Table) -> Rule:
    target = column if column in other.column_names else other.primary_key[0]
    keys = ", ".join(f'own."{name}"' for name in dict.fromkeys((*table.primary_key, column)))
    within = f" AND own.{MONTH_COLUMN} BETWEEN {FIRST} AND {LAST}" if table.is_monthly else ""
    sql = f"""
        SELECT {keys} FROM "{table.name}" own ANTI JOIN "{other.name}" other ON other."{target}" = own."{column}"
        WHERE own."{column}" IS NOT NULL{within}
    """
    advice = f"Run `lakesong build --full`: {table.name} and {other.name} are made from the same records."
    return Rule(f"{column}_is_in_{other.name}", table.name, sql, advice=advice)


def _mappings(names: list[str], rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    return [dict(zip(names, row, strict=True)) for row in rows]
