"""Gold: temporal_patterns."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from schemas.columns import BASIS, IS_SIMULATED, SUMMARY, USER_ID
from schemas.declaration import Expectation, table
from transformations.bases import listening_sums, mean_or_null, on_each_basis, share, too_little
from transformations.exclusions import kept
from transformations.local_time import day_of_week, part_of_day, season

# What both plays and covered hours are summed over first; every pattern is a coarser view of it.
_GRAIN = ("user_id", "is_simulated", "day_of_week", "hour_of_day", "month", "season")


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        pattern STRING NOT NULL COMMENT 'hour_of_week, hour_of_day, day_of_week, part_of_day, day_type, month, season',
        bucket  STRING NOT NULL COMMENT 'Place within the pattern, such as 1-07 (Monday, 7 h) or weekend',
        start_count  BIGINT NOT NULL COMMENT 'Plays that were begun, counted or not',
        skip_count   BIGINT NOT NULL COMMENT 'Plays that were skips',
        {SUMMARY},
        listened_share DOUBLE COMMENT 'Share of the listening time of all buckets of the pattern, 0-1',
        mean_valence DOUBLE COMMENT 'Time-weighted mean valence, 0-1; null where too little has features',
        mean_energy  DOUBLE COMMENT 'Time-weighted mean energy, 0-1; null where too little has features',
        reason       STRING COMMENT 'Why a value is null'
    """,
    primary_key=("user_id", "basis", "pattern", "bucket"),
    expectations={
        "plays_are_starts": Expectation("play_count <= start_count"),
        "shares_in_range": Expectation("measured_share BETWEEN 0 AND 1 AND coverage BETWEEN 0 AND 1"),
    },
)
def temporal_patterns(listening_with_features: DataFrame, track_features: DataFrame, coverage: DataFrame) -> DataFrame:
    """When music is listened to, and how it sounds then: by hour, weekday, part of the day, month and season."""
    listening = on_each_basis(kept(listening_with_features), track_features).withColumn("month", F.month("played_date"))
    fine = listening.groupBy(*_GRAIN, "basis").agg(*listening_sums().values())
    place = ["user_id", "is_simulated", "pattern", "bucket"]
    played = _in_patterns(fine).groupBy(*place, "basis").agg(*(F.sum(name).alias(name) for name in listening_sums()))
    hours = (
        _in_patterns(_covered_hours(coverage))
        .groupBy(*place)
        .agg(share(F.sum("covered_hours"), F.sum("hours")).alias("coverage"))
    )
    totals = played.groupBy("user_id", "basis", "pattern").agg(F.sum("listened_ms").alias("total_ms"))
    listened, weight = F.col("listened_ms"), F.col("feature_ms")
    return (
        played.join(totals, on=["user_id", "basis", "pattern"], how="inner")
        .join(hours, on=place, how="left")
        .withColumns(
            {
                "listened_share": share(listened, F.col("total_ms")),
                "measured_share": share(F.col("measured_feature_ms"), listened),
                "mean_valence": mean_or_null(F.col("valence_ms"), weight, listened),
                "mean_energy": mean_or_null(F.col("energy_ms"), weight, listened),
                "reason": too_little(weight, listened, F.col("basis")),
            }
        )
        .select(*temporal_patterns.column_names)
    )


def _covered_hours(coverage: DataFrame) -> DataFrame:
    day = F.col("played_date")
    described = coverage.withColumns(
        {"day_of_week": day_of_week(day), "month": F.month(day), "season": season(day, F.col("time_zone"))}
    )
    return described.groupBy(*_GRAIN).agg(F.count("*").alias("hours"), F.count_if("is_covered").alias("covered_hours"))


def _in_patterns(fine: DataFrame) -> DataFrame:
    """Each row once in every pattern, with its bucket there."""
    hour = F.lpad(F.col("hour_of_day").cast("string"), 2, "0")
    weekday = F.col("day_of_week").cast("string")
    buckets: dict[str, Column] = {
        "hour_of_week": F.concat_ws("-", weekday, hour),
        "hour_of_day": hour,
        "day_of_week": weekday,
        "part_of_day": part_of_day(F.col("hour_of_day")),
        "day_type": F.when(F.col("day_of_week") >= 6, "weekend").otherwise("weekday"),
        "month": F.lpad(F.col("month").cast("string"), 2, "0"),
        "season": F.col("season"),
    }
    in_each = fine.withColumn("pattern", F.explode(F.array(*(F.lit(name) for name in buckets))))
    place = reduce(
        lambda chain, name: F.when(F.col("pattern") == name, buckets[name]).otherwise(chain), buckets, F.lit("")
    )
    return in_each.withColumn("bucket", place)
