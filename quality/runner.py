"""All rules of a table: those declared with it, those over several tables, and a listener's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path

from quality.anomalies import ANOMALIES
from quality.checks import KEY_RULE, check_table
from quality.results import CheckResult
from quality.rules import Rule, reference_rules, run_rule
from quality.totals import TOTALS
from quality.user_rules import UserRules, read_user_rules
from quality.views import ALL_MONTHS, LakeViews, Months
from schemas.declaration import Table
from schemas.lake import Lake

BUILT_IN = (*TOTALS, *ANOMALIES)
NEIGHBOURS = 2  # months: a play may be told of in the month after it ended, and those around hang together


@dataclass
class Checks:
    """Checks of one lake for one day.

    tables: all that are declared, by name. user: the listener's own rules. versions: the version of a table that rules
    see, the newest unless named; a made table that is not named where others are was not built yet.
    """

    lake: Lake
    tables: Mapping[str, Table]
    as_of: date
    user: UserRules = field(default_factory=UserRules)
    versions: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def views(self) -> LakeViews:
        """The tables, in DuckDB."""
        return LakeViews(self.lake, self.tables, self.as_of, self.versions)

    def run(self, table: Table, months: Months | None = None) -> list[CheckResult]:
        """Run every rule of a table that was just written; of a monthly one, if they are given, about these months.

        Of a made table the months around them are read too, where a row may stand once more. A severity that the
        listener gave to a rule of ours holds.
        """
        around = months if months is None or table.transform is None else _wider(months, NEIGHBOURS)
        self.views.forget(table)
        results = check_table(self.lake, table, version=self.versions.get(table.name), months=around)
        results += [run_rule(self.views, rule, months or ALL_MONTHS) for rule in self._rules(table)]
        return [self._as_wished(result) for result in results]

    def _rules(self, table: Table) -> Iterator[Rule]:
        yield from reference_rules(table, self.tables)
        yield from (rule for rule in (*BUILT_IN, *self.user.rules) if rule.table == table.name)

    def _as_wished(self, result: CheckResult) -> CheckResult:
        severity = self.user.severities.get(f"{result.table}.{result.expectation}", result.severity)
        is_broken = result.status != "PASS" and result.error is None
        return replace(result, severity=severity, status=severity if is_broken else result.status)


def _wider(months: Months, by: int) -> Months:
    """Months from so many before the first to so many after the last."""
    numbers = [int(month[:4]) * 12 + int(month[5:]) - 1 + step for month, step in zip(months, (-by, by), strict=True)]
    first, last = (f"{number // 12:04d}-{number % 12 + 1:02d}" for number in numbers)
    return first, last


def rules_in(folder: Path | None, lake: Lake, tables: Mapping[str, Table], as_of: date) -> UserRules:
    """The listener's own rules in this folder, if any, tried on the lake. Raises InputError for a file of no use."""
    ours = {f"{table.name}.{name}" for table in tables.values() for name in our_rules(table, tables)}
    return read_user_rules(folder, LakeViews(lake, tables, as_of), ours)


def our_rules(table: Table, tables: Mapping[str, Table]) -> list[str]:
    """Names of all rules of a table but a listener's own, in the order in which they are run."""
    references = [rule.name for rule in reference_rules(table, tables)]
    return [KEY_RULE, *table.expectations, *references, *(r.name for r in BUILT_IN if r.table == table.name)]
