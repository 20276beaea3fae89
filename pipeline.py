"""Finds the declared tables, orders them by their inputs, and builds what changed."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache, cached_property
from graphlib import TopologicalSorter
from threading import Lock
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from config.errors import ExpectationError, InputError, LakesongError
from config.exclusions import Exclusion, read_exclusions
from config.settings import Settings
from engine.fingerprints import WHOLE, files_by_month, fingerprints, is_lookup, row_count, window_of
from engine.session import SAIL, engine_name
from schemas import bronze, records
from schemas.declaration import Table
from schemas.lake import Lake
from writers.creation import ensure_table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from engine.inputs import Inputs
    from quality.results import CheckResult
    from quality.runner import Checks

Progress = Callable[[str], None]

FEW_MONTHS = 12  # so many are compared with what is there, so that months whose rows are the same keep their files
SIDE_BY_SIDE = 2  # tables made at once: most of a build is planning, on one core; Apache Spark shares out its own
MONTHS_AT_ONCE = 36  # of a monthly table: three years of 25,000 plays each take a few hundred megabytes


@cache
def declared_tables() -> dict[str, Table]:
    """Every table by name: bronze, records, then what the modules under `transformations` make, inputs first."""
    sources = {table.name: table for table in (*bronze.TABLES, *records.TABLES)}
    made = {table.name: table for table in _made_tables()}
    order = TopologicalSorter({name: table.inputs for name, table in made.items()}).static_order()
    known = {**sources, **made}
    unknown = {name for table in made.values() for name in table.inputs} - known.keys()
    if unknown:
        raise LakesongError(f"No table is named {', '.join(sorted(unknown))}.", "Name parameters after tables.")
    return {**sources, **{name: made[name] for name in order if name in made}}


def _made_tables() -> Iterable[Table]:
    for layer in ("silver", "gold"):
        package = importlib.import_module(f"transformations.{layer}")
        for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda found: found.name):
            yield getattr(importlib.import_module(f"transformations.{layer}.{module.name}"), module.name)


def table_named(name: str) -> Table:
    """The declared table of that name. Raises InputError, naming those that there are."""
    tables = declared_tables()
    if name not in tables:
        raise InputError(f"There is no table {name}.", f"Tables: {', '.join(tables)}.")
    return tables[name]


@dataclass(frozen=True)
class Release:
    """Versions of tables that belong together, the fingerprints they were made from, when that was, for what day."""

    versions: Mapping[str, int] = field(default_factory=dict)
    fingerprints: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    finished_at: datetime | None = None
    as_of: date | None = None

    def version_of(self, table: Table) -> int | None:
        """The version that readers see: the released one of a table that is made, else None for the newest."""
        return self.versions.get(table.name) if table.transform is not None else None


def latest_release(lake: Lake) -> Release:
    """The newest released build of the lake; empty where none has passed yet."""
    columns = ("status", "finished_at", "as_of", "release", "fingerprints")
    released = [run for run in lake.rows(records.pipeline_runs, columns) if run["status"] == "released"]
    if not released:
        return Release()
    newest = max(released, key=lambda run: run["finished_at"])
    versions, made_from = json.loads(newest["release"]), json.loads(newest["fingerprints"])
    return Release(versions, made_from, newest["finished_at"], newest["as_of"])


@dataclass(frozen=True)
class BuildResult:
    """What a build did: tables built, with the months of each (or WHOLE), tables left as they were, and warnings."""

    run_id: str
    built: Mapping[str, list[str]]
    unchanged: list[str]
    warnings: list[str]


@dataclass
class Build:
    """One build of a lake: what it reads from, and what it has found so far."""

    spark: SparkSession
    lake: Lake
    settings: Settings
    as_of: date
    released: Release
    run_id: str = field(default_factory=lambda: uuid4().hex)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    built: dict[str, list[str]] = field(default_factory=dict)
    fingerprints: dict[str, Mapping[str, str]] = field(default_factory=dict)
    checks: list[dict[str, Any]] = field(default_factory=list)
    checking: Lock = field(default_factory=Lock)  # rules are asked one after the other

    @cached_property
    def inputs(self) -> Inputs:
        """What tables are made from."""
        from engine.inputs import Inputs

        return Inputs(self.spark, self.lake, table_named, self.as_of)

    def make(self, table: Table, full: bool) -> None:
        """Build what changed of one table, check it, and take it back where a rule of severity FAIL is broken."""
        now = self._fingerprints_now(table)
        stands = self._stands_as_released(table)
        before = {} if full or not stands else self.released.fingerprints.get(table.name, {})
        present = self.inputs.newest_files(table).keys() if table.window else set()
        keys = sorted(now.keys() | {key for key in before if not is_lookup(key)} | present)
        touched = self.inputs.months_looked_up(table, before, keys)
        changed = [key for key in keys if key not in before or now.get(key) != before[key] or key in touched]
        self.fingerprints[table.name] = {**now, **self.inputs.lookup_versions(table)}
        if not changed and stands:
            return
        self._write(table, changed)
        self.inputs.forget(table)
        self.built[table.name] = changed
        if not self._stands_as_released(table):
            self._check(table)

    def _write(self, table: Table, changed: list[str]) -> None:
        """Write the changed months of a monthly table, a slice at a time to bound memory, or the whole of another."""
        from writers.delta import replace, replace_months

        before = self.lake.open(table).version()
        if table.window is None:
            replace(self.lake, table, self._rows(table, None))
            return self._keep_files_of_equal_rows(table, before)
        for first in range(0, len(changed), MONTHS_AT_ONCE):
            months = changed[first : first + MONTHS_AT_ONCE]
            reads = sorted({neighbour for month in months for neighbour in window_of(month, table.window)})
            replace_months(self.lake, table, self._rows(table, reads), months)
        if len(changed) <= FEW_MONTHS:
            self._keep_files_of_equal_months(table, before, changed)

    def _keep_files_of_equal_rows(self, table: Table, before: int) -> None:
        """Go back to the files of the version before where the rows are the same: then nothing downstream changes."""
        after = self.lake.open(table).version()
        if after == before or not any(table.name in other.inputs for other in declared_tables().values()):
            return
        has_as_many = row_count(self.lake, table, after) == row_count(self.lake, table, before)
        if has_as_many and self.inputs.has_equal_rows(table, before):
            self.lake.open(table).restore(before)

    def _keep_files_of_equal_months(self, table: Table, before: int, months: list[str]) -> None:
        """The same for each month: only months that differ are put on top of the version before."""
        from writers.records import copy_months

        written = self.lake.open(table).version()
        if written == before:  # nothing was written over nothing
            return
        old, new = (self.inputs.read_files(table, version, months) for version in (before, written))
        differing = self.inputs.months_that_differ(old, new, months)
        if len(differing) < len(months):
            self.lake.open(table).restore(before)
            copy_months(self.lake, table, written, differing)

    def _rows(self, table: Table, months: list[str] | None) -> DataFrame:
        return table(*self.inputs.given(table, months), **self._arguments(table))

    def _arguments(self, table: Table) -> dict[str, object]:
        of_the_build = {
            "as_of": self.inputs.last_day(table),
            "as_of_month": self.as_of.replace(day=1),
            "exclusions": self.exclusions,
        }
        return {
            name: of_the_build[name] if name in of_the_build else getattr(self.settings, name)
            for name in table.settings
        }

    @cached_property
    def exclusions(self) -> tuple[Exclusion, ...]:
        """The listeners' rules about plays that statistics leave out."""
        return read_exclusions(self.settings.rules_folder)

    def _fingerprints_now(self, table: Table) -> dict[str, str]:
        values = {name: str(value) for name, value in self._arguments(table).items()}
        return fingerprints(table, self.inputs.files(table), values)

    def _stands_as_released(self, table: Table) -> bool:
        """Whether the table is at its released version: not so after a build that was killed before its release."""
        return self.released.versions.get(table.name) == self.lake.open(table).version()

    @cached_property
    def quality(self) -> Checks:
        """The rules that each table of this build must obey. Raises InputError where the listener's cannot be used."""
        from quality.runner import Checks, rules_in

        tables = declared_tables()
        user = rules_in(self.settings.rules_folder, self.lake, tables, self.as_of)
        return Checks(self.lake, tables, self.as_of, user)

    def check_bronze(self) -> None:
        """Check what came into bronze since the release: a rule of severity FAIL that is broken ends the build."""
        from quality.words import in_bronze

        for table in declared_tables().values():
            months = self._changed_months(table) if table.layer == "bronze" else []
            if months:
                broken = self._run_checks(table, months)
                if broken:
                    raise ExpectationError(*in_bronze(broken, self.quality.user.path))
        # A rule may have named tables that are built now.
        self.quality.views.forget(*(table for table in declared_tables().values() if table.transform is not None))

    def _changed_months(self, table: Table) -> list[str]:
        """Months of a bronze table with files that the released version did not have."""
        now, released = self.inputs.newest_files(table), self.released.versions.get(table.name)
        is_known = released is not None and self.lake.has_version(table, released)
        before = files_by_month(self.lake, table, released) if is_known else {}
        return [month for month, files in now.items() if not set(files) <= set(before.get(month, ()))]

    def _check(self, table: Table) -> None:
        from quality.words import said_of

        broken = self._run_checks(table, self.built[table.name])
        if broken:
            self._take_back(table)
            what = f"Table {broken.table} broke the rule {broken.expectation}: {said_of(broken)}."
            step = broken.advice or f"See `lakesong tables {broken.table}` for the rule."
            raise ExpectationError(f"{what} The version before stays in place.", step)

    def _run_checks(self, table: Table, months: Sequence[str]) -> CheckResult | None:
        """Check what changed of a table, keep what was found, and give the first rule that makes it fail."""
        span = (min(months), max(months)) if table.is_monthly and months else None
        with self.checking:
            now, results = datetime.now(UTC), self.quality.run(table, span)
        self.checks += [result.to_row(self.run_id, now) for result in results]
        return next((result for result in results if result.status == "FAIL"), None)

    def _take_back(self, table: Table) -> None:
        """Restore the released version; before any release, the empty table."""
        self.lake.open(table).restore(self.released.versions.get(table.name, 0))

    def _said_of_models(self) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
        """What the tables that this run built say of their models, and how well these did: rows of each record."""
        from writers.evaluations import evaluations
        from writers.model_cards import model_cards

        now = datetime.now(UTC)
        for record, stamp, read in (
            (records.model_runs, "fitted_at", model_cards),
            (records.evaluation_results, "evaluated_at", evaluations),
        ):
            told = {"run_id": self.run_id, "as_of": self.as_of, stamp: now}
            yield record, [{**told, **row} for name in self.built for row in read(self.lake, table_named(name))]

    def record(self, error: str | None) -> None:
        """Append checks and run: a passed build appends cards, evaluations and a release, a failed one its error."""
        from writers.records import append_rows

        # Of the tables that are made, only those that this run looked at: another may stand unchecked after a kill.
        looked_at = [t for t in declared_tables().values() if t.transform is None or t.name in self.fingerprints]
        versions = {**self.released.versions, **{t.name: self.lake.open(t).version() for t in looked_at}}
        if self.checks:
            append_rows(self.lake, records.qa_validation_results, self.checks)
        for record, rows in () if error else self._said_of_models():
            if rows:
                append_rows(self.lake, record, rows)
        run = {
            "run_id": self.run_id,
            "status": "failed" if error else "released",
            "started_at": self.started_at,
            "finished_at": datetime.now(UTC),
            "as_of": self.as_of,
            "engine": engine_name(self.settings),
            "built": ",".join(self.built),
            "release": None if error else json.dumps(versions),
            "fingerprints": None if error else json.dumps({**self.released.fingerprints, **self.fingerprints}),
            "error": error,
        }
        append_rows(self.lake, records.pipeline_runs, [run])


def build(
    spark: SparkSession,
    settings: Settings,
    *,
    as_of: date,
    names: Iterable[str] = (),
    full: bool = False,
    progress: Progress = lambda line: None,
) -> BuildResult:
    """Build every table whose fingerprints changed (or `names` and what they are made from), and release the result.

    full builds all of them whole. Raises ExpectationError when a table breaks a rule of severity FAIL; that table and
    those after it then stay at their released versions. Raises InputError for rules of a listener that cannot be used.
    """
    lake = Lake(settings.lake_uri)
    for table in declared_tables().values():
        ensure_table(lake, table)
    run = Build(spark, lake, settings, as_of, latest_release(lake))
    wanted = _with_inputs(names)
    _ = run.quality  # a file of rules that cannot be used ends the build before it is one
    try:
        run.check_bronze()
        for table in made_side_by_side(run, wanted, full):
            if table.name in run.built:
                progress(_line(table, run.built[table.name]))
    except Exception as error:
        run.record(str(error)[:1000])
        raise
    if run.built:
        run.record(None)
    warned = [check for check in run.checks if check["status"] == "WARN"]
    warnings = [f"{check['table_name']}: {check['expectation']} ({check['failing_rows']} rows)" for check in warned]
    return BuildResult(run.run_id, run.built, [t.name for t in wanted if t.name not in run.built], warnings)


def made_side_by_side(run: Build, wanted: Sequence[Table], full: bool) -> Iterator[Table]:
    """Make the tables, each after those that it is made from, and give each when it is done.

    After a failure no other is begun, and what it raised is raised when those at work are done.
    """
    tables = {table.name: table for table in wanted}
    order = TopologicalSorter({name: tables.keys() & set(table.inputs) for name, table in tables.items()})
    order.prepare()
    pool = ThreadPoolExecutor(SIDE_BY_SIDE if engine_name(run.settings) == SAIL else 1)
    at_work: dict[Future[None], str] = {}
    try:
        while order.is_active():
            at_work |= {pool.submit(run.make, tables[name], full): name for name in order.get_ready()}
            for future in wait(at_work, return_when=FIRST_COMPLETED).done:
                name = at_work.pop(future)
                future.result()
                order.done(name)
                yield tables[name]
    finally:
        pool.shutdown(cancel_futures=True)


def _with_inputs(names: Iterable[str]) -> list[Table]:
    """The tables to make, inputs first: all of them, or those named and what they are made from."""
    pending, chosen = [table_named(name) for name in names], set()
    while pending:
        table = pending.pop()
        chosen.add(table.name)
        pending += [table_named(name) for name in table.inputs]
    made = [table for table in declared_tables().values() if table.transform is not None]
    return [table for table in made if not chosen or table.name in chosen]


def _line(table: Table, months: list[str]) -> str:
    extent = "whole" if months == [WHOLE] or not months else f"{len(months)} months"
    return f"{table.layer}.{table.name} ({extent})"
