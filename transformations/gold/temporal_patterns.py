"""Gold: temporal_patterns."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from schemas.columns import BASIS, BUCKET, IS_SIMULATED, STARTS, SUMMARY, USER_ID
from schemas.declaration import Expectation, table
from transformations.bases import listening_sums, mean_or_null, on_each_basis, share, too_little
from transformations.cases import by_name
from transformations.exclusions import kept
from transformations.local_time import day_of_week, part_of_day, season

CALENDAR_DAY = "calendar_day"
# What both plays and covered hours are summed over first; every pattern is a coarser view of it. A row is either of a
# day of the calendar, or of the rest: together they would be as many rows as there are hours in the history.
_GRAIN = ("user_id", "is_simulated", CALENDAR_DAY, "day_of_week", "hour_of_day", "month", "season")


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        pattern STRING NOT NULL COMMENT 'What tells buckets apart, such as hour_of_week; the description names all',
        {BUCKET},
        {STARTS},
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
    """When music is listened to, and how it sounds then.

    Patterns: hour_of_week, hour_of_day, day_of_week, part_of_day, day_type (weekday or weekend), month, season, and
    calendar_day, a date of the year (02-29) over all years.
    """
    listening = on_each_basis(kept(listening_with_features), track_features)
    fine = _finely(listening).groupBy(*_GRAIN, "basis").agg(*listening_sums().values())
    place = ["user_id", "is_simulated", "pattern", "bucket"]
    played = _in_patterns(fine).groupBy(*place, "basis").agg(*(F.sum(name).alias(name) for name in listening_sums()))
    hours = (
        _in_patterns(_covered_hours(coverage))
        .groupBy(*place)
        .agg(share(F.sum("covered_hours"), F.sum("hours")).alias("coverage"))
    )
    total = F.sum("listened_ms").over(Window.partitionBy("user_id", "basis", "pattern"))
    listened, weight = F.col("listened_ms"), F.col("feature_ms")
    return (
        played.join(hours, on=place, how="left")
        .withColumns(
            {
                "listened_share": share(listened, total),
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
    described = coverage.withColumns({"day_of_week": day_of_week(day), "season": season(day, F.col("time_zone"))})
    return (
        _finely(described)
        .groupBy(*_GRAIN)
        .agg(F.count("*").alias("hours"), F.count_if("is_covered").alias("covered_hours"))
    )


def _finely(rows: DataFrame) -> DataFrame:
    """Each row once with the day of the calendar alone, and once with all else that patterns are made of."""
    twice = rows.withColumn("is_of_day", F.explode(F.array(F.lit(True), F.lit(False))))
    of_day = F.when(F.col("is_of_day"), F.date_format("played_date", "MM-dd"))
    rest = {name: F.when(~F.col("is_of_day"), F.col(name)) for name in ("day_of_week", "hour_of_day", "season")}
    month = F.when(~F.col("is_of_day"), F.month("played_date"))
    return twice.withColumns({CALENDAR_DAY: of_day, "month": month, **rest})


def _in_patterns(fine: DataFrame) -> DataFrame:
    """Each row once in every pattern that it is made for, with its bucket there."""
    hour = F.lpad(F.col("hour_of_day").cast("string"), 2, "0")
    weekday = F.col("day_of_week").cast("string")
    buckets: dict[str, Column] = {
        "hour_of_week": F.concat(weekday, F.lit("-"), hour),
        "hour_of_day": hour,
        "day_of_week": weekday,
        "part_of_day": part_of_day(F.col("hour_of_day")),
        "day_type": F.when(F.col("day_of_week") >= 6, "weekend").otherwise("weekday"),
        "month": F.lpad(F.col("month").cast("string"), 2, "0"),
        "season": F.col("season"),
    }
    names = [F.array(*(F.lit(name) for name in of)) for of in ((CALENDAR_DAY,), tuple(buckets))]
    in_each = fine.withColumn(
        "pattern", F.explode(F.when(F.col(CALENDAR_DAY).isNotNull(), names[0]).otherwise(names[1]))
    )
    return in_each.withColumn("bucket", by_name("pattern", buckets, F.col(CALENDAR_DAY)))
