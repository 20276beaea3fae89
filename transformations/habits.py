"""Habits of listeners in the standard ranges: the parts that user_features is joined from, each a row a period."""

from __future__ import annotations

import pandas as pd
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from models.rarefaction import expected_distinct
from transformations.bases import ALL, exact
from transformations.periods import PERIOD_KEY

DEPTH = 100  # plays that variety is told for, so that months and years compare
PARTS_OF_TIME = ("night", "morning", "evening", "late", "weekend")
_PERIOD = ["user_id", *PERIOD_KEY]
SESSION_SUMS = (
    "start_count",
    "skip_count",
    "shuffle_count",
    "shuffle_known_count",
    "album_run_count",
    "session_ms",
    "night_ms",
    "morning_ms",
    "evening_ms",
    "late_ms",
)


def listening_days(session_features: DataFrame, coverage: DataFrame) -> DataFrame:
    """A row a listener and local day of their history: whether it was observed, and the sums of its sessions.

    A session belongs to the day of its first play.
    """
    sums = [F.sum(name).alias(name) for name in (*SESSION_SUMS, "listened_ms", "play_count")]
    weekend = F.sum(F.when(F.col("is_weekend"), F.col("listened_ms")).otherwise(0)).alias("weekend_ms")
    heard = (
        session_features.where(F.col("basis") == ALL)
        .groupBy("user_id", "played_date")
        .agg(*sums, weekend, F.count("*").alias("session_count"))
        .withColumnsRenamed({"listened_ms": "heard_ms", "play_count": "heard_count"})
    )
    known = coverage.groupBy("user_id", "played_date").agg(F.bool_or("is_covered").alias("is_observed"))
    return known.join(heard, on=["user_id", "played_date"], how="full")


def day_sums(days: DataFrame) -> DataFrame:
    """Per period: the sums over its days, days that were observed, and days with a counted play.

    days: as listening_days gives them, in their periods.
    """
    names = (*SESSION_SUMS, "heard_ms", "weekend_ms", "session_count")
    is_active = F.coalesce(F.col("heard_count") > 0, F.lit(False))
    return days.groupBy(*_PERIOD).agg(
        *(F.coalesce(F.sum(name), F.lit(0)).alias(name) for name in names),
        F.count_if(F.col("is_observed") | is_active).alias("observed_days"),
        F.count_if(is_active).alias("active_days"),
    )


def streaks(days: DataFrame) -> DataFrame:
    """The most days in a row with a counted play: within a run, the day minus its number is the same day."""
    number = F.row_number().over(Window.partitionBy(*_PERIOD).orderBy("played_date"))
    runs = days.where(F.col("heard_count") > 0).withColumn("run", F.date_sub("played_date", number))
    lengths = runs.groupBy(*_PERIOD, "run").agg(F.count("*").alias("days"))
    return lengths.groupBy(*_PERIOD).agg(F.max("days").alias("longest_streak_days"))


def variety(track_periods: DataFrame, artist_stats: DataFrame) -> DataFrame:
    """Artists and recordings expected in DEPTH plays. Only how many have how many plays matters, which is few rows."""
    recordings = track_periods.groupBy(*_PERIOD, "recording_id").agg(F.sum("play_count").alias("plays"))
    artists = artist_stats.select(*_PERIOD, F.col("play_count").alias("plays"))
    histograms = [
        rows.where(F.col("plays") > 0)
        .groupBy(*_PERIOD, "plays")
        .agg(F.count("*").alias("things"))
        .withColumn("kind", F.lit(kind))
        for kind, rows in (("recordings", recordings.drop("recording_id")), ("artists", artists))
    ]
    both = histograms[0].unionByName(histograms[1])
    schema = "user_id STRING, period_kind STRING, period_start DATE, period_end DATE, artists DOUBLE, recordings DOUBLE"
    return both.groupBy("user_id").applyInPandas(_expected, schema)


def _expected(histogram: pd.DataFrame) -> pd.DataFrame:
    """Of one listener: a row a period."""
    expected = expected_distinct(histogram.set_index([*_PERIOD, "kind"]), DEPTH).unstack("kind")
    return expected.reindex(columns=["artists", "recordings"]).reset_index()


def genre_diversity(genre_stats: DataFrame) -> DataFrame:
    """Entropy of the time by genre, from shares of the period: with S their sum, ln S - sum(p ln p) / S."""
    part = F.col("period_share")
    known = genre_stats.where(part > 0).groupBy(*_PERIOD)
    sums = known.agg(F.sum(exact(part)).alias("known"), F.sum(exact(part * F.log(part))).alias("logs"))
    known_share, logs = F.col("known").cast("double"), F.col("logs").cast("double")
    return sums.select(
        *_PERIOD,
        F.least(known_share, F.lit(1.0)).alias("genre_known_share"),
        F.exp(F.log(known_share) - logs / known_share).alias("genre_diversity"),
    )
