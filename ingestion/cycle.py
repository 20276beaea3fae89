"""One cycle: take in what is new, complete the audio features, build."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from config.errors import LakesongError
from config.lock import run_lock
from config.settings import Settings, load_settings
from engine.session import open_session
from ingestion.catalogue import KAGGLE_FILE, import_catalogue, is_taken_in
from ingestion.synthetic import Scope, add_synthetic_features
from pipeline import BuildResult, build
from schemas.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Progress = Callable[[str], None]


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

    as_of is today (UTC) unless given.
    """
    if settings.allow_synthetic:
        progress("completing audio features")
        add_synthetic_features(spark, Lake(settings.lake_uri), "missing")
    day = as_of or datetime.now(UTC).date()
    return build(spark, settings, as_of=day, names=names, full=full, progress=progress)


def run_cycle(settings: Settings, say: Progress, progress: Progress = lambda line: None) -> BuildResult:
    """One whole ingestion cycle: the Kaggle catalogue when it is new or changed, then features and build."""
    lake = Lake(settings.lake_uri)
    with run_lock(settings.state_dir, "ingest"), open_session(settings) as spark:
        _take_in_catalogue(spark, lake, say, progress)
        return complete_and_build(spark, settings, progress=progress)


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
