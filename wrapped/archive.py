"""The archive of Wrapped: made once, kept as data with what it was made from, and reopened as it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.errors import InputError
from config.settings import Settings
from pipeline import Release, latest_release
from schemas.lake import Lake
from schemas.records import wrapped_reports
from serving.lake_reader import open_reader
from wrapped import provenance
from wrapped.periods import DAY, Period, month_of, week_of, year_of
from wrapped.report import canonical, make_data
from wrapped.tables import TABLES, history_of, rows_of
from writers.records import append_rows

if TYPE_CHECKING:
    import duckdb

Data = dict[str, Any]

DEFAULT_USER = "me"
READ = (*TABLES, "ingestion_runs_bronze", "recording_rules")
ID_DIGITS = 16


@dataclass(frozen=True)
class Report:
    """One Wrapped as it is kept. text is its data as they are stored: equal data, equal text."""

    report_id: str
    user_id: str
    is_simulated: bool
    period: Period
    made_at: datetime
    code_version: str
    table_versions: dict[str, int]
    made_from: Data
    text: str

    @property
    def data(self) -> Data:
        """What the report tells."""
        data: Data = json.loads(self.text)
        return data

    @property
    def is_whole(self) -> bool:
        """Whether its period was known to the end when it was made."""
        return bool(self.data["known"]["to"] == self.data["period"]["to"])

    def to_row(self) -> Data:
        """The report as a row of wrapped_reports."""
        return {
            "report_id": self.report_id,
            "user_id": self.user_id,
            "is_simulated": self.is_simulated,
            "report_kind": self.period.kind,
            "from_date": self.period.first,
            "to_date": self.period.last,
            "made_at": self.made_at,
            "code_version": self.code_version,
            "table_versions": json.dumps(self.table_versions, sort_keys=True),
            "made_from": json.dumps(self.made_from, sort_keys=True, default=str),
            "report_data": self.text,
        }


@dataclass(frozen=True)
class Source:
    """A lake as it is read for a Wrapped: at its released versions."""

    settings: Settings
    lake: Lake
    release: Release
    reader: duckdb.DuckDBPyConnection


@contextmanager
def opened(settings: Settings) -> Iterator[Source]:
    """The lake of the settings. Raises InputError where there is none, or it was not built yet."""
    lake = Lake(settings.lake_uri)
    reader = open_reader(lake, READ)
    try:
        there = {row["name"] for row in rows_of(reader, "SELECT table_name AS name FROM information_schema.tables")}
        release = latest_release(lake)
        if not set(READ) <= there or not release.versions:
            missing = "Run `lakesong build`, then make the Wrapped."
            raise InputError(f"The lake {lake.root} was not built yet, or by an older version.", missing)
        yield Source(settings, lake, release, reader)
    finally:
        reader.close()


def listener_of(source: Source, user_id: str | None) -> str:
    """The listener that is meant: the one named, else the lake's only one, else `me`. Raises InputError else."""
    rows = rows_of(source.reader, "SELECT DISTINCT user_id FROM coverage ORDER BY user_id")
    there = [row["user_id"] for row in rows]
    if user_id is not None:
        if user_id not in there:
            raise InputError(f"Nothing is known of a listener {user_id}.", f"There are: {', '.join(there) or 'none'}.")
        return user_id
    if len(there) == 1:
        return str(there[0])
    if DEFAULT_USER in there:
        return DEFAULT_USER
    raise InputError("Which listener?", f"Add --user with one of: {', '.join(there) or 'none is known yet'}.")


def current(source: Source, user_id: str, period: Period, now: datetime | None = None) -> Report:
    """The report as it would be made now; nothing is kept. Raises InputError where nothing is known of the period."""
    data = make_data(source.reader, user_id, period)
    text = canonical(data)
    identity = json.dumps([user_id, period.kind, str(period.first), str(period.last), text])
    return Report(
        report_id=hashlib.sha256(identity.encode()).hexdigest()[:ID_DIGITS],
        user_id=user_id,
        is_simulated=data["is_simulated"],
        period=period,
        made_at=now or datetime.now(UTC),
        code_version=provenance.code_version(),
        table_versions=provenance.table_versions(source.lake, source.release, READ),
        made_from=provenance.made_from(source.reader, source.settings, source.release, user_id),
        text=text,
    )


def make_report(source: Source, user_id: str, period: Period) -> tuple[Report, bool]:
    """The report, and whether it is new: where it tells what the newest one of the period tells, it is that one."""
    report = current(source, user_id, period)
    earlier = reports_of(source.lake, user_id, period)
    if earlier and earlier[0].report_id == report.report_id:
        return earlier[0], False
    append_rows(source.lake, wrapped_reports, [report.to_row()])
    return report, True


def reports_of(lake: Lake, user_id: str | None = None, period: Period | None = None) -> list[Report]:
    """The reports in the archive, the newest first: all, or those of a listener, or of a listener's period."""
    found = [_from_row(row) for row in lake.rows(wrapped_reports)]
    chosen = [
        report for report in found if user_id in (None, report.user_id) and (period is None or report.period == period)
    ]
    return sorted(chosen, key=lambda report: (report.made_at, report.report_id), reverse=True)


def reopened(lake: Lake, report_id: str) -> Report:
    """A report of the archive by its id, or the beginning of it. Raises InputError for none, or more than one."""
    found = {report.report_id: report for report in reports_of(lake) if report.report_id.startswith(report_id.lower())}
    if len(found) == 1:
        return next(iter(found.values()))
    what = f"More than one report begins with {report_id}." if found else f"There is no report {report_id}."
    raise InputError(what, "`lakesong wrapped --list` lists the archive.")


def make_due(settings: Settings, today: date) -> list[Report]:
    """Make the last whole week, month and year of each listener, where they are known to the end and not there yet.

    The page and the cards go to `folder_of`. Periods without a play are left out.
    """
    made = []
    with opened(settings) as source:
        users = rows_of(source.reader, "SELECT DISTINCT user_id FROM coverage ORDER BY user_id")
        for user_id in (row["user_id"] for row in users):
            last = history_of(source.reader, user_id)["last"]
            for period in _just_over(today):
                if last < period.last or any(report.is_whole for report in reports_of(source.lake, user_id, period)):
                    continue
                made += _made_whole(source, user_id, period)
    return made


def folder_of(settings: Settings, user_id: str, period: Period) -> Path:
    """Where page and cards of a report are put unless another folder is named."""
    return listener_folder(settings, user_id) / period.slug


def listener_folder(settings: Settings, user_id: str) -> Path:
    """Where the pages and cards of a listener are, a folder for each period; no two listeners share one."""
    plain = "".join(char if char.isalnum() or char in "-_." else "_" for char in user_id).strip(".")
    name = plain if plain == user_id else f"{plain}-{hashlib.sha256(user_id.encode()).hexdigest()[:8]}"
    return settings.state_dir / "wrapped" / name


def _just_over(today: date) -> tuple[Period, ...]:
    """The week, month and year that ended last before a day."""
    monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
    return week_of(monday - DAY), month_of(first - DAY), year_of(date(today.year, 1, 1) - DAY)


def _made_whole(source: Source, user_id: str, period: Period) -> list[Report]:
    from wrapped.files import write_files

    try:
        report, is_new = make_report(source, user_id, period)
    except InputError:  # the history begins after the period
        return []
    if not is_new or not report.data["totals"]["play_count"]:
        return []
    write_files(report, folder_of(source.settings, user_id, period))
    return [report]


def _from_row(row: Data) -> Report:
    return Report(
        report_id=row["report_id"],
        user_id=row["user_id"],
        is_simulated=row["is_simulated"],
        period=Period(row["report_kind"], row["from_date"], row["to_date"]),
        made_at=row["made_at"],
        code_version=row["code_version"],
        table_versions=json.loads(row["table_versions"]),
        made_from=json.loads(row["made_from"]),
        text=row["report_data"],
    )
