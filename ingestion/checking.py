"""The lake as it stands against all of its rules: what is found is recorded, as a build records its checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import uuid4

from config.settings import Settings
from ingestion.listeners import read_listeners
from pipeline import declared_tables, latest_release, table_named
from quality.results import CheckResult
from quality.standing import check_standing
from schemas.lake import Lake
from schemas.records import qa_validation_results
from writers.records import append_rows


@dataclass(frozen=True)
class CheckReport:
    """What was found, under which run, and the day that it was judged for."""

    run_id: str
    as_of: date
    results: list[CheckResult]


def check_lake(
    settings: Settings, names: Iterable[str] = (), progress: Callable[[str], None] = lambda line: None
) -> CheckReport:
    """Run every rule on the lake as it stands, of the tables named or of all, and record what was found.

    Needs no engine, and no run lock: it reads versions that stay, and appends. The day is today; in a lake of simulated
    listeners that of the newest build, since they have no today. Raises InputError for rules that cannot be used.
    """
    lake, wanted = Lake(settings.lake_uri), [table_named(name).name for name in names]
    release, now = latest_release(lake), datetime.now(UTC)
    is_simulated = any(row["is_simulated"] for row in read_listeners(lake))  # never mixed with real ones
    day = release.as_of if release.as_of and is_simulated else now.date()
    tables, folder = declared_tables(), settings.rules_folder
    results = check_standing(lake, tables, release.versions, day, folder, wanted, progress)
    report = CheckReport(uuid4().hex, day, results)
    if results:
        append_rows(lake, qa_validation_results, [result.to_row(report.run_id, now) for result in results])
    return report
