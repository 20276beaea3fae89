"""Synthetic audio features into bronze: for every track, or for those of which nothing is known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from pyspark.sql import functions as F

from models.synthetic_features import GENERATOR_VERSION, synthetic_features
from schemas.bronze import (
    kaggle_tracks_bronze,
    listening_history_bronze,
    my_tracks_features_bronze,
    my_tracks_features_bronze_synthetic,
)
from schemas.declaration import Table
from schemas.lake import Lake
from writers.creation import ensure_table
from writers.delta import append_new
from writers.records import arrow_rows

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Scope = Literal["all", "missing"]


def add_synthetic_features(spark: SparkSession, lake: Lake, scope: Scope) -> int:
    """Invent features for played tracks that have no synthetic row of this scope yet; gives the number added.

    all: for every played track. missing: for those with neither measured nor catalogue features.
    """
    target = my_tracks_features_bronze_synthetic
    for table in (listening_history_bronze, my_tracks_features_bronze, kaggle_tracks_bronze, target):
        ensure_table(lake, table)
    history = _read(spark, lake, listening_history_bronze)
    played = (
        history.where((F.col("kind") == "track") & F.col("track_id").isNotNull())
        .groupBy("track_id")
        .agg(F.max("track_name").alias("track_name"), F.max("artist_name").alias("artist_name"))
    )
    passed_over = [_read(spark, lake, target).where(F.col("scope") == scope)]
    if scope == "missing":
        has_features = F.col("valence").isNotNull() & F.col("energy").isNotNull()
        known = (my_tracks_features_bronze, kaggle_tracks_bronze)
        passed_over += [_read(spark, lake, table).where(has_features) for table in known]
    for rows in passed_over:
        played = played.join(rows.select("track_id"), on="track_id", how="left_anti")
    now = datetime.now(UTC)
    rows = arrow_rows(target, (_row(track, scope, now) for track in played.orderBy("track_id").collect()))
    if rows.num_rows:
        append_new(lake, target, spark.createDataFrame(rows))
    return int(rows.num_rows)


def _read(spark: SparkSession, lake: Lake, table: Table) -> DataFrame:
    return spark.read.format("delta").load(lake.path(table))


def _row(track: Any, scope: Scope, now: datetime) -> dict[str, Any]:
    return {
        "track_id": track["track_id"],
        "track_name": track["track_name"],
        "artist_name": track["artist_name"],
        **synthetic_features(track["track_id"]),
        "source": "synthetic",
        "scope": scope,
        "generator_version": GENERATOR_VERSION,
        "batch_id": f"synthetic-{scope}-{GENERATOR_VERSION}",
        "ingested_at": now,
    }
