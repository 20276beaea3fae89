"""Gold: mood_drivers."""

from __future__ import annotations

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from models import mood_drivers as model
from schemas.columns import AUDIO_FEATURE_NAMES, BASIS, IS_SIMULATED, SUMMARY, USER_ID
from schemas.declaration import Expectation, Lookup, table
from transformations.bases import BASES, MEASURED, exact, feature_time, measured_time, on_each_basis
from transformations.devices import UNKNOWN, context_kind, device_kind
from transformations.exclusions import kept
from transformations.genre_parts import with_genre_parts
from transformations.local_time import part_of_day

_GROUP = ["user_id", "is_simulated", "basis"]
_SUMS = ("play_count", "listened_ms", "feature_ms", "measured_feature_ms", "valence_ms", "energy_ms")


@table(
    layer="gold",
    analytics="diagnostic",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        clock_kind   STRING NOT NULL COMMENT 'part_of_day or hour_of_day',
        clock_bucket STRING NOT NULL COMMENT 'Part of the day, or local hour (00-23)',
        feature      STRING NOT NULL COMMENT 'Audio feature that is explained: valence or energy',
        dimension    STRING NOT NULL COMMENT 'What is split by: artist, genre_family, device and so on, or total',
        item_place   INT NOT NULL COMMENT 'Place of the item, the one that explains most first; others are last',
        item         STRING NOT NULL COMMENT 'Item of the dimension; unknown where it is not known, all for a total',
        is_rest      BOOLEAN NOT NULL COMMENT 'Whether the row adds up all items of the dimension that are not shown',
        {SUMMARY},
        heard_day_count BIGINT NOT NULL COMMENT 'Local days on which something was heard at that time of day',
        bucket_mean  DOUBLE COMMENT 'Time-weighted mean of the feature at that time of day',
        day_mean     DOUBLE COMMENT 'Time-weighted mean of the feature over the whole day',
        difference   DOUBLE COMMENT 'bucket_mean minus day_mean: what is explained',
        bucket_weight DOUBLE COMMENT 'Part of the time with features at that time of day that is the item''s, 0-1',
        day_weight   DOUBLE COMMENT 'Part of the time with features over the whole day that is the item''s, 0-1',
        item_bucket_mean DOUBLE COMMENT 'Mean of the feature of the item at that time; null where it is not heard then',
        item_day_mean DOUBLE COMMENT 'Mean of the feature of the item over the whole day',
        share_effect DOUBLE COMMENT 'Part of the difference by hearing more or less of the item',
        within_effect DOUBLE COMMENT 'Part of the difference by hearing other tracks of the item',
        effect       DOUBLE COMMENT 'share_effect plus within_effect; of a total the whole difference',
        parts_difference DOUBLE COMMENT 'Sum of effect over the rows of the dimension',
        sentence     STRING COMMENT 'What the numbers say, by a written rule',
        reason       STRING COMMENT 'Why a value is null'
    """,
    primary_key=("user_id", "basis", "clock_kind", "clock_bucket", "feature", "dimension", "item_place"),
    expectations={
        "parts_add_up": Expectation("ABS(parts_difference - difference) < 0.000000001"),
        "value_or_reason": Expectation("(difference IS NULL) = (reason IS NOT NULL)"),
        "weights_in_range": Expectation("bucket_weight BETWEEN 0 AND 1.000000001"),
    },
    lookups={
        "track_features": Lookup(by=("track_id",), reads=("basis", "feature_source", *AUDIO_FEATURE_NAMES)),
        "track_genres": Lookup(by=("track_id",), reads=("genre_family", "genre_weight")),
    },
    is_settled=True,
)
def mood_drivers(
    listening_with_features: DataFrame, track_features: DataFrame, track_genres: DataFrame, coverage: DataFrame
) -> DataFrame:
    """Why the music of an hour or part of the day is brighter or more energetic than that of the whole day.

    The difference is split over artists, genre families, devices and contexts into what comes of hearing more or less
    of an item, and of hearing other tracks of it (Kitagawa 1955): the 15 largest and all others, which add up to it.
    Null below 20 days or 60 % of the time with features. Whole weeks only. It says what goes together.
    """
    plays = kept(listening_with_features)
    by_track = plays.groupBy("user_id", "is_simulated", "track_id", "artist_name", "hour_of_day").agg(*_counted())
    named = with_genre_parts(on_each_basis(by_track, track_features), track_genres)
    music = {"artist": F.coalesce("artist_name", F.lit(UNKNOWN)), "genre_family": F.col("genre_parts")}
    played = plays.select(
        *_GROUP[:2],
        *("track_id", "hour_of_day", "platform", "context_uri", "listened_ms"),
        F.col("is_counted").cast("int").alias("play_count"),
    )
    by_way = _summed(on_each_basis(played, track_features), "platform", "context_uri")
    ways = {"device": device_kind(F.col("platform")), "context": context_kind(F.col("context_uri"))}
    sums = _by_item(_summed(named, "artist_name", "genre_parts"), music).unionByName(_by_item(by_way, ways))
    hours = _hours(plays, coverage).withColumn("basis", F.explode(F.array(*(F.lit(name) for name in BASES))))
    return sums.groupBy(*_GROUP).cogroup(hours.groupBy(*_GROUP)).applyInPandas(_drivers, mood_drivers.ddl)


def _counted() -> tuple[Column, Column]:
    return F.sum("listened_ms").alias("listened_ms"), F.count_if("is_counted").alias("play_count")


def _summed(listening: DataFrame, *by: str) -> DataFrame:
    """Sums over listening on each basis."""
    return listening.groupBy(*_GROUP, "hour_of_day", *by).agg(
        F.sum("play_count").alias("play_count"),
        F.sum("listened_ms").alias("listened_ms"),
        F.sum(feature_time()).alias("feature_ms"),
        F.sum(measured_time()).alias("measured_feature_ms"),
        F.sum(exact(F.col("valence")) * feature_time()).alias("valence_ms"),
        F.sum(exact(F.col("energy")) * feature_time()).alias("energy_ms"),
    )


def _by_item(sums: DataFrame, dimensions: dict[str, Column]) -> DataFrame:
    """The sums once for every dimension, by its items."""
    each = sums.withColumn("dimension", F.explode(F.array(*(F.lit(name) for name in dimensions))))
    first, second = dimensions
    item = F.when(F.col("dimension") == first, dimensions[first]).otherwise(dimensions[second])
    summed = each.withColumn("item", item).groupBy(*_GROUP, "dimension", "item", "hour_of_day")
    # A sum of nothing is null, which a cogrouped frame of Sail 0.7 cannot hold.
    return summed.agg(*(F.coalesce(F.sum(name), F.lit(0)).cast("double").alias(name) for name in _SUMS))


def _hours(plays: DataFrame, coverage: DataFrame) -> DataFrame:
    """Of each hour and part of the day: on how many days something was heard, and how many of its hours are covered."""
    group = ("user_id", "is_simulated", "clock_kind", "clock_bucket")
    days = _in_buckets(
        plays.where(F.col("listened_ms") > 0).select(*group[:2], "played_date", "hour_of_day").distinct()
    )
    heard = days.groupBy(*group).agg(F.count_distinct("played_date").alias("heard_day_count"))
    known = coverage.groupBy(*group[:2], "hour_of_day").agg(
        F.count_if("is_covered").alias("covered"), F.count("*").alias("hours")
    )
    covered = _in_buckets(known).groupBy(*group)
    sums = covered.agg(F.sum("covered").alias("covered_hours"), F.sum("hours").alias("all_hours"))
    joined = heard.join(sums, on=list(group), how="left").fillna(0, subset=["covered_hours", "all_hours"])
    # Columns of their own: Spark cannot tell apart two sides of a cogroup that come of the same plays.
    own = {"user_id": F.concat("user_id"), "is_simulated": F.col("is_simulated") & F.lit(True)}
    return joined.withColumns(own)


def _in_buckets(rows: DataFrame) -> DataFrame:
    each = rows.withColumn("clock_kind", F.explode(F.array(F.lit("hour_of_day"), F.lit("part_of_day"))))
    hour = F.lpad(F.col("hour_of_day").cast("string"), 2, "0")
    part = part_of_day(F.col("hour_of_day"))
    return each.withColumn("clock_bucket", F.when(F.col("clock_kind") == "hour_of_day", hour).otherwise(part))


def _drivers(sums: pd.DataFrame, hours: pd.DataFrame) -> pd.DataFrame:
    """The drivers of one listener on one basis."""
    if sums.empty:
        return pd.DataFrame(columns=mood_drivers.column_names)
    same = {name: sums[name].iloc[0] for name in _GROUP}
    kind = "measured audio features" if same["basis"] == MEASURED else "audio features"
    return model.mood_drivers(sums, hours, kind).assign(**same)[mood_drivers.column_names]
