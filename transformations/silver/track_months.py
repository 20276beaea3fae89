"""Silver: track_months."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from schemas.columns import COUNTED_DATES, IS_SIMULATED, PLAY_SUMS, PLAYED_MONTH, PLAYED_TRACK, USER_ID
from schemas.declaration import Expectation, table
from transformations.exclusions import kept

PLAYED_TRACK_DETAILS = ("recording_id", "track_id", "track_name", "artist_name", "album_name")


@table(
    layer="silver",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {PLAYED_MONTH},
        month_start  DATE NOT NULL COMMENT 'First day of the local month',
        {PLAYED_TRACK},
        {PLAY_SUMS},
        {COUNTED_DATES}
    """,
    primary_key=("user_id", "played_month", "month_start", "track_key"),
    partition_by=("played_month",),
    expectations={
        "plays_are_starts": Expectation("play_count <= start_count"),
        "measured_within_listened": Expectation("measured_ms <= listened_ms"),
    },
    window=(0, 0),
)
def track_months(listening_with_features: DataFrame) -> DataFrame:
    """What each listener played of each track in each local month: partial sums, so that few rows tell of years.

    A local month that ends within a UTC month's first or last hours has a row in both. Excluded plays are left out.
    """
    plays = kept(listening_with_features).withColumns(
        {"month_start": F.trunc("played_date", "month"), "track_key": track_key()}
    )
    place = ("user_id", "is_simulated", "played_month", "month_start", "track_key")
    return plays.groupBy(*place).agg(*track_sums()).select(*track_months.column_names)


def track_key() -> Column:
    """What tells one track from another also where its id is not known."""
    return F.coalesce("track_id", "recording_id")


def track_sums() -> list[Column]:
    """What is summed over the plays of a track."""
    is_measured = F.col("time_source") == "measured"
    counted_date = F.when(F.col("is_counted"), F.col("played_date"))
    return [
        *(F.min(name).alias(name) for name in PLAYED_TRACK_DETAILS),
        F.count("*").alias("start_count"),
        F.count_if("is_skip").alias("skip_count"),
        F.count_if("is_counted").alias("play_count"),
        F.sum("listened_ms").alias("listened_ms"),
        F.sum(F.when(is_measured, F.col("listened_ms")).otherwise(0)).alias("measured_ms"),
        F.min(counted_date).alias("first_date"),
        F.max(counted_date).alias("last_date"),
    ]
