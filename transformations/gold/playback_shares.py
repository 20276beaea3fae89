"""Gold: playback_shares."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from schemas.columns import BUCKET, DIMENSION, IS_SIMULATED, MEASURED_MS, STARTS, SUMMARY, USER_ID
from schemas.declaration import Expectation, table
from transformations.bases import share
from transformations.cases import by_name
from transformations.devices import UNKNOWN, context_kind, device_kind, shuffle_bucket
from transformations.exclusions import kept
from transformations.periods import PERIOD, PERIOD_KEY, in_periods, is_shown, period_coverage, recent_from

_SUMS = ("start_count", "skip_count", "play_count", "listened_ms", "measured_ms", "measured_feature_ms")
_CELL = ("user_id", "is_simulated", "period_day", "platform", "context_kind", "is_shuffle", "source", "time_source")


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {PERIOD},
        {DIMENSION},
        {BUCKET},
        {STARTS},
        {SUMMARY},
        {MEASURED_MS},
        period_share DOUBLE COMMENT 'Share of the listener''s listening time in the period, 0-1'
    """,
    primary_key=("user_id", "period_kind", "period_start", "dimension", "bucket"),
    expectations={
        "plays_are_starts": Expectation("play_count <= start_count"),
        "measured_within_listened": Expectation("measured_ms <= listened_ms"),
        "shares_in_range": Expectation("period_share BETWEEN 0 AND 1 AND measured_share BETWEEN 0 AND 1"),
    },
)
def playback_shares(listening_with_features: DataFrame, coverage: DataFrame, *, as_of: date) -> DataFrame:
    """On what and from what each listener plays, in each standard range: shares of the listening time.

    Dimensions: device (kind of device, by the words of the platform), platform (as delivered), context_kind (what it
    was played from), shuffle, source (of the record), time_source (how the time is known). Every start is in one bucket
    of each dimension; what no source tells is in the bucket unknown.
    """
    cells = kept(listening_with_features).groupBy(*_cell(as_of)).agg(*_sums())
    placed = in_periods(cells, "period_day", as_of).where(is_shown(as_of))
    in_each = placed.withColumn("dimension", F.explode(F.array(*(F.lit(name) for name in _buckets()))))
    bucket = by_name("dimension", _buckets(), "")
    place = ["user_id", "is_simulated", *PERIOD_KEY, "dimension"]
    sums = [F.sum(name).alias(name) for name in _SUMS]
    summed = in_each.withColumn("bucket", bucket).groupBy(*place, "bucket").agg(*sums)
    total = F.sum("listened_ms").over(Window.partitionBy(*place))
    return (
        summed.join(period_coverage(coverage, as_of), on=["user_id", *PERIOD_KEY], how="left")
        .withColumns(
            {
                "measured_share": share(F.col("measured_feature_ms"), F.col("listened_ms")),
                "period_share": share(F.col("listened_ms"), total),
            }
        )
        .select(*playback_shares.column_names)
    )


def _cell(as_of: date) -> list[Column]:
    """What plays are summed over first. Of days that no range of last days reads, only the month matters."""
    day = F.col("played_date")
    period_day = F.when(day >= F.lit(recent_from(as_of)), day).otherwise(F.trunc(day, "month"))
    made = {"period_day": period_day, "context_kind": context_kind(F.col("context_uri"))}
    return [made.get(name, F.col(name)).alias(name) for name in _CELL]


def _sums() -> list[Column]:
    listened = F.col("listened_ms")
    is_known = F.col("energy").isNotNull() & F.col("valence").isNotNull() & (F.col("feature_source") != "synthetic")
    return [
        F.count("*").alias("start_count"),
        F.count_if("is_skip").alias("skip_count"),
        F.count_if("is_counted").alias("play_count"),
        F.sum("listened_ms").alias("listened_ms"),
        F.sum(F.when(F.col("time_source") == "measured", listened).otherwise(0)).alias("measured_ms"),
        F.sum(F.when(is_known, listened).otherwise(0)).alias("measured_feature_ms"),
    ]


def _buckets() -> dict[str, Column]:
    return {
        "device": device_kind(F.col("platform")),
        "platform": F.coalesce("platform", F.lit(UNKNOWN)),
        "context_kind": F.col("context_kind"),
        "shuffle": shuffle_bucket(),
        "source": F.col("source"),
        "time_source": F.col("time_source"),
    }
