"""Gold: track_periods."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from schemas.columns import COUNTED_DATES, IS_SIMULATED, PLAY_SUMS, PLAYED_TRACK, USER_ID
from schemas.declaration import table
from transformations.bases import MEASURED
from transformations.exclusions import kept
from transformations.periods import CALENDAR, LAST_DAYS, PERIOD, PERIOD_KEY, in_periods, recent_from
from transformations.silver.track_months import PLAYED_TRACK_DETAILS, track_key, track_sums

_SUMS = ("start_count", "skip_count", "play_count", "listened_ms", "measured_ms")
_PLACE = ("user_id", "is_simulated", *PERIOD_KEY, "track_key")


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {PERIOD},
        {PLAYED_TRACK},
        {PLAY_SUMS},
        {COUNTED_DATES},
        has_measured_features BOOLEAN NOT NULL COMMENT 'Whether its audio features are known and not synthetic'
    """,
    primary_key=("user_id", "period_kind", "period_start", "track_key"),
)
def track_periods(
    track_months: DataFrame, listening_with_features: DataFrame, track_features: DataFrame, *, as_of: date
) -> DataFrame:
    """What each listener played of each track in each standard range: what statistics of tracks and artists start from.

    Months, years and all time are added up from track_months; the ranges of last days, and those before them, from the
    plays of these days.
    """
    newest = kept(listening_with_features).where(
        (F.col("played_month") >= f"{recent_from(as_of):%Y-%m}")
        & F.col("played_date").between(recent_from(as_of), as_of)
    )
    by_day = newest.withColumn("track_key", track_key())
    days = by_day.groupBy("user_id", "is_simulated", "track_key", "played_date").agg(*track_sums())
    recent = in_periods(days, "played_date", as_of, tuple(LAST_DAYS))
    older = in_periods(track_months, "month_start", as_of, CALENDAR)
    columns = [*_PLACE, *PLAYED_TRACK_DETAILS, *_SUMS, "first_date", "last_date"]
    summed = (
        older.select(*columns)
        .unionByName(recent.select(*columns))
        .groupBy(*_PLACE)
        .agg(
            *(F.min(name).alias(name) for name in (*PLAYED_TRACK_DETAILS, "first_date")),
            *(F.sum(name).alias(name) for name in _SUMS),
            F.max("last_date").alias("last_date"),
        )
    )
    measured = track_features.where(F.col("basis") == MEASURED).select("track_id", F.lit(True).alias("is_known"))
    return (
        summed.join(measured, on="track_id", how="left")
        .withColumn("has_measured_features", F.coalesce(F.col("is_known"), F.lit(False)))
        .select(*track_periods.column_names)
    )
