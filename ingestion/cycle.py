"""One cycle: collect what is new, complete the audio features, build."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from config.errors import InputError, LakesongError, NeedsUserError, PostponedError
from config.lock import run_lock
from config.settings import Settings, load_settings
from engine.session import open_session
from ingestion.catalogue import KAGGLE_FILE, import_catalogue, is_taken_in
from ingestion.collection import OF_A_LISTENER, SOURCES, Collected, Collection, SourceReport
from ingestion.listens import take_in_listens
from ingestion.readiness import obstacle
from ingestion.receipts import FileReceipt
from ingestion.rules import read_recording_rules
from ingestion.suggestions import record_suggestions
from ingestion.synthetic import Scope, add_synthetic_features
from mappers import recently_played
from pipeline import BuildResult, build, latest_release
from schemas.bronze import ingestion_runs_bronze
from schemas.lake import Lake
from writers.creation import ensure_table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Progress = Callable[[str], None]

KAGGLE = "kaggle"
CYCLE_SOURCES = (*SOURCES, KAGGLE)


def complete_and_build(
    spark: SparkSession,
    settings: Settings,
    *,
    as_of: date | None = None,
    names: tuple[str, ...] = (),
    full: bool = False,
    progress: Progress = lambda line: None,
) -> BuildResult:
    """Invent audio features where nothing is known, if the settings allow that, then build what changed.

    as_of is today (UTC) unless given. Raises InputError for a file of rules that cannot be read.
    """
    read_recording_rules(Lake(settings.lake_uri), settings.rules_folder)
    if settings.allow_synthetic:
        progress("completing audio features")
        add_synthetic_features(spark, Lake(settings.lake_uri), "missing")
    day = as_of or datetime.now(UTC).date()
    return build(spark, settings, as_of=day, names=names, full=full, progress=progress)


@dataclass(frozen=True)
class CycleResult:
    """What a cycle collected and built; built is None where nothing was, because a quota ended the cycle first."""

    collected: Collected
    built: BuildResult | None

    @property
    def exit_code(self) -> int:
        """0 when everything was done, else the collection's code of docs/design.md, section 6."""
        return self.collected.exit_code

    def to_json(self) -> dict[str, Any]:
        """The result as `--json` prints it."""
        return {
            "status": "done" if not self.exit_code else "partial",
            "exit_code": self.exit_code,
            "sources": [report.to_json() for report in self.collected.reports],
            "built": list(self.built.built) if self.built else None,
        }

    @property
    def line(self) -> str:
        """What came of the cycle, as one line for a person."""
        if self.built is None:
            return f"{self.collected.new_count:,} new rows collected; nothing was built."
        built = f"built {', '.join(self.built.built)}" if self.built.built else "everything is up to date"
        missing = [report.source.replace("_", " ") for report in self.collected.reports if report.error]
        return f"Cycle {'partly ' if missing else ''}done: {built}." + (
            f" Not collected: {', '.join(missing)}." if missing else ""
        )


def run_cycle(
    settings: Settings,
    say: Progress,
    progress: Progress = lambda line: None,
    *,
    users: Sequence[str] = (),
    sources: Sequence[str] = (),
    build_too: bool = True,
) -> CycleResult:
    """One whole cycle: everything that the services give, the Kaggle catalogue when it changed, features, and build.

    The failure of one source stops no other. Where nobody has signed in, the result says so, and what there is is
    built. A quota that is used up ends the cycle at once, unless plays wait to be built. Without `build_too` nothing is
    built, and no engine is started.
    """
    lake = Lake(settings.lake_uri)
    take_in_listens(settings)
    with run_lock(settings.state_dir, "ingest"):
        collected = _collect(settings, say, progress, users, sources)
        is_postponed = collected.exit_code == PostponedError.exit_code
        if not build_too or (is_postponed and not _waits_to_be_built(lake)):
            return CycleResult(collected, None)
        with open_session(settings) as spark:
            if not sources or KAGGLE in sources:
                _take_in_catalogue(spark, lake, say, progress)
            result = complete_and_build(spark, settings, progress=progress)
        record_suggestions(lake)
    return CycleResult(collected, result)


def _waits_to_be_built(lake: Lake) -> bool:
    """Whether any source brought something new since the newest release."""
    runs = ensure_table(lake, ingestion_runs_bronze).to_pyarrow_table(columns=["finished_at", "new_count"]).to_pylist()
    released_at = latest_release(lake).finished_at
    return any(run["new_count"] and (released_at is None or run["finished_at"] > released_at) for run in runs)


def run_collection(settings: Settings, say: Progress, progress: Progress = lambda line: None) -> Collected:
    """New plays of every listener into bronze, without an engine: what the scheduler does most often."""
    take_in_listens(settings)
    with run_lock(settings.state_dir, "collect"):
        return Collection(settings, say, progress).run(sources=(recently_played.SOURCE,))


def _collect(
    settings: Settings, say: Progress, progress: Progress, users: Sequence[str], sources: Sequence[str]
) -> Collected:
    """Collect from the sources named, or all; where nobody has signed in, say what to do instead."""
    unknown = set(sources) - {*SOURCES, KAGGLE}
    if unknown:
        raise InputError(f"There is no source {', '.join(sorted(unknown))}.", f"Sources: {', '.join(CYCLE_SOURCES)}.")
    wanted = [source for source in SOURCES if not sources or source in sources]
    missing = obstacle(settings)
    if missing and any(source in OF_A_LISTENER for source in wanted):
        counts = FileReceipt(recently_played.SOURCE)
        report = SourceReport(recently_played.SOURCE, None, counts, NeedsUserError(missing))
        say(f"Nothing is collected from Spotify: {missing}")
        return Collected([report])
    return Collection(settings, say, progress).run(users, wanted)


def _take_in_catalogue(spark: SparkSession, lake: Lake, say: Progress, progress: Progress) -> None:
    path = lake.local / KAGGLE_FILE
    if lake.is_remote or not path.is_file():
        say(
            f"Kaggle dataset not found at {path}: download dataset.csv of maharshipandya/-spotify-tracks-dataset "
            "from Kaggle and put it there, for audio features and genres."
        )
    elif is_taken_in(lake, path):
        say(f"Kaggle dataset: {path} is known already.")
    else:
        total = import_catalogue(spark, lake, path, progress).total
        say(f"Kaggle dataset: {total.rows:,} rows, {total.new:,} new, {total.rejected:,} set aside.")


def add_features_of_scope(scope: Scope) -> None:
    """Entry point of the two scripts that invent features: settings from the environment, one line of result."""
    try:
        settings = load_settings()
        if not settings.allow_synthetic:
            print("ALLOW_SYNTHETIC is false: nothing was invented.")
            return
        with run_lock(settings.state_dir, f"synthetic features ({scope})"), open_session(settings) as spark:
            added = add_synthetic_features(spark, Lake(settings.lake_uri), scope)
        print(f"{added:,} tracks got synthetic audio features (scope {scope}).")
    except LakesongError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
