"""Build listening_with_features from tables at any address, with the same functions as `lakesong build`.

The inputs are Delta tables in Lakesong's contracts (docs/tables.md). Columns that one lacks are filled: a history needs
at least played_at and track_id, a table of features at least track_id, valence and energy.

Example: python scripts/build_silver_listening_with_features.py --history-path data/bronze/listening_history_bronze \
    --kaggle-features-path data/bronze/kaggle_tracks_bronze --out-path /tmp/listening_with_features
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deltalake import DeltaTable
from pyspark.sql import functions as F

from config.errors import InputError, LakesongError
from config.settings import Settings, load_settings
from engine.session import open_session
from ingestion.listeners import DEFAULT_USER
from schemas.bronze import (
    kaggle_tracks_bronze,
    listening_history_bronze,
    my_tracks_features_bronze,
    my_tracks_features_bronze_synthetic,
    tracks_bronze,
)
from schemas.declaration import Table
from schemas.lake import Lake
from schemas.records import listeners
from transformations.silver.listening_with_features import listening_with_features
from transformations.silver.plays import plays
from transformations.silver.track_features import track_features
from transformations.silver.tracks import tracks
from writers.delta import replace

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

_OPTIONS = {
    "--history-path": listening_history_bronze,
    "--real-features-path": my_tracks_features_bronze,
    "--synthetic-features-path": my_tracks_features_bronze_synthetic,
    "--kaggle-features-path": kaggle_tracks_bronze,
}


@dataclass(frozen=True)
class OneTable(Lake):
    """An address that is the table itself."""

    def path(self, table: Table) -> str:
        """The address, whatever the table."""
        return self.root


def main() -> int:
    """Read the options, build, and say how many rows were written; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in _OPTIONS:
        parser.add_argument(option, required=option == "--history-path", help="Delta table")
    parser.add_argument("--out-path", required=True, help="where listening_with_features is written")
    options = vars(parser.parse_args())
    try:
        settings = load_settings()
        with open_session(settings) as spark:
            out = OneTable(options["out_path"])
            frames = [
                _read(spark, table, options[option.strip("-").replace("-", "_")]) for option, table in _OPTIONS.items()
            ]
            replace(out, listening_with_features, _build(spark, settings, *frames))
        print(f"{DeltaTable(out.root).to_pyarrow_dataset().count_rows():,} rows written to {out.root}.")
    except LakesongError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _build(
    spark: SparkSession,
    settings: Settings,
    history: DataFrame,
    real: DataFrame,
    synthetic: DataFrame,
    kaggle: DataFrame,
) -> DataFrame:
    features = track_features(
        real,
        synthetic,
        kaggle,
        feature_preference=settings.feature_preference,
        allow_synthetic=settings.allow_synthetic,
    )
    return listening_with_features(
        plays(history, tracks(history, spark.createDataFrame([], tracks_bronze.ddl), real, kaggle)),
        features,
        spark.createDataFrame([], listeners.ddl),
        timezone=settings.timezone,
        session_gap_minutes=settings.session_gap_minutes,
    )


def _read(spark: SparkSession, table: Table, path: str | None) -> DataFrame:
    """The table at a path in the declared shape; empty without a path."""
    if path is None:
        return spark.createDataFrame([], table.ddl)
    root = Lake(path).root
    if not DeltaTable.is_deltatable(root):
        raise InputError(f"There is no Delta table at {root}.", f"It should hold {table.name}.")
    frame = spark.read.format("delta").load(root)
    return frame.select(*(_column(frame, column.name, column.type).alias(column.name) for column in table.columns))


def _column(frame: DataFrame, name: str, ddl_type: str) -> Column:
    """A column as it stands, or what stands in for it where the table lacks it."""
    if name in frame.columns:
        return F.col(name).cast(ddl_type)
    stand_ins = {
        "record_id": F.sha2(F.concat_ws("/", F.col("played_at").cast("string"), "track_id"), 256),
        "revision": F.lit(""),
        "user_id": F.lit(DEFAULT_USER),
        "source": F.lit("recently_played"),
        "kind": F.lit("track"),
        "played_month": F.date_format("played_at", "yyyy-MM"),
        "scope": F.lit("all"),
        "track_genre": F.lit("unknown"),
    }
    return stand_ins.get(name, F.lit(None)).cast(ddl_type)


if __name__ == "__main__":
    sys.exit(main())
