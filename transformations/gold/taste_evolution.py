"""Gold: taste_evolution."""

from __future__ import annotations

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from schemas.columns import AUDIO_FEATURE_NAMES, BASIS, IS_SIMULATED, SUMMARY, USER_ID
from schemas.declaration import Expectation, table
from transformations.bases import share
from transformations.exclusions import kept
from transformations.periods import ALL_TIME, PERIOD_BEGIN

_LISTENER = ["user_id", "is_simulated"]
# What the model gives, of each listener.
_MADE = {
    "user_id": "STRING",
    "is_simulated": "BOOLEAN",
    "basis": "STRING",
    "period_kind": "STRING",
    "period_number": "BIGINT",
    "taste_aspect": "STRING",
    "aspect_item": "STRING",
    "aspect_value": "DOUBLE",
    "play_count": "BIGINT",
    "listened_ms": "BIGINT",
    "measured_share": "DOUBLE",
    "reason": "STRING",
}
_MONDAY = "1970-01-05"  # the first Monday: weeks are numbered from it


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        {PERIOD_BEGIN},
        taste_aspect STRING NOT NULL COMMENT 'genre_family, genre, era, feature or distance',
        aspect_item  STRING NOT NULL COMMENT 'What of the aspect: a genre, decade, feature, or kind of distance',
        aspect_value DOUBLE COMMENT 'Share of the time, centre of the feature, or distance; null with a reason',
        {SUMMARY},
        reason       STRING COMMENT 'Why a value is null'
    """,
    primary_key=("user_id", "basis", "period_kind", "period_start", "taste_aspect", "aspect_item"),
    expectations={
        "value_or_reason": Expectation("(aspect_value IS NULL) = (reason IS NOT NULL)"),
        "shares_in_range": Expectation("measured_share BETWEEN 0 AND 1.000000001 AND coverage BETWEEN 0 AND 1"),
    },
)
def taste_evolution(
    listening_with_features: DataFrame,
    track_months: DataFrame,
    track_periods: DataFrame,
    track_features: DataFrame,
    track_genres: DataFrame,
    tracks: DataFrame,
    albums: DataFrame,
    coverage: DataFrame,
) -> DataFrame:
    """How each listener's taste moved, week by week and month by month, on each basis; the running ones are not whole.

    genre_family and genre: share of the listening time, a track split among its genres; of genres the ten of most time
    over all. era: share by decade of the album's release. What has no genre or no release date is the item unknown of
    genre_family and era; an item without a row had no time. These are the same on both bases. feature: time-weighted
    mean, in the feature's own unit. distance: from the quarter before, the 13 weeks or 3 months that end when the
    period begins, all their listening taken together. features: Euclidean distance of the nine centres in standard
    deviations, both by time over the listener's whole history, so that it may change a little with new plays.
    genre_families: Jensen-Shannon distance of the shares of known families (square root of the divergence in bits, 0
    the same, 1 nothing in common; Lin 1991, doi 10.1109/18.61115). Small periods lie further from anything by chance:
    so 20 counted plays are needed, and 100 in the quarter.
    """
    weeks = F.floor(F.datediff("played_date", F.lit(_MONDAY).cast("date")) / F.lit(7))
    months = F.year("month_start") * 12 + F.month("month_start") - 1
    sums = (F.count_if("is_counted"), F.sum("listened_ms"))
    by_week = _listening(kept(listening_with_features), "week", weeks, *sums)
    by_month = _listening(track_months, "month", months, F.sum("play_count"), F.sum("listened_ms"))
    listening = by_week.unionByName(by_month)
    attributes = _attributes(track_periods, track_features, track_genres, _decades(tracks, albums))
    made = (
        listening.groupBy(*_LISTENER)
        .cogroup(attributes.groupBy(*_LISTENER))
        .applyInPandas(_evolution, ", ".join(f"{name} {kind}" for name, kind in _MADE.items()))
    )
    return (
        made.withColumn("period_start", _start())
        .join(_coverage(coverage), on=["user_id", "period_kind", "period_start"], how="left")
        .select(*taste_evolution.column_names)
    )


def _evolution(listening: pd.DataFrame, attributes: pd.DataFrame) -> pd.DataFrame:
    from models.taste import taste_evolution as model  # brings SciPy, which most builds do not need

    if listening.empty:
        return pd.DataFrame(columns=list(_MADE))
    rows = model(listening, attributes)
    return rows.assign(**{name: listening[name].iloc[0] for name in _LISTENER})[list(_MADE)]


def _listening(plays: DataFrame, kind: str, number: Column, play_count: Column, listened_ms: Column) -> DataFrame:
    """Plays and time of each track in each week or month."""
    track = F.coalesce("track_id", "recording_id").alias("track_key")
    return (
        plays.groupBy(*_LISTENER, number.cast("bigint").alias("period_number"), track)
        .agg(play_count.alias("play_count"), listened_ms.alias("listened_ms"))
        .withColumn("period_kind", F.lit(kind))
    )


def _decades(tracks: DataFrame, albums: DataFrame) -> DataFrame:
    """The decade of release of each track whose album has a date: track_id, decade."""
    released = albums.where(F.col("release_year").isNotNull()).select("album_id", "release_year")
    decade = F.concat((F.floor(F.col("release_year") / F.lit(10)) * 10).cast("string"), F.lit("s"))
    return tracks.join(released, on="album_id", how="inner").select("track_id", decade.alias("decade"))


def _attributes(
    track_periods: DataFrame, track_features: DataFrame, track_genres: DataFrame, decades: DataFrame
) -> DataFrame:
    """What is known of each listener's tracks, a row each: track_key, basis (or empty), aspect, item, weight."""
    played = track_periods.where((F.col("period_kind") == ALL_TIME) & F.col("track_id").isNotNull())
    known = played.select(*_LISTENER, "track_id", "track_key")
    features = known.join(track_features, on="track_id", how="inner")
    is_measured = F.when(F.col("feature_source") != "synthetic", 1.0)
    of_features = _pairs(
        features, {"measured": is_measured, **{name: F.col(name) for name in AUDIO_FEATURE_NAMES}}
    ).select(
        *_LISTENER,
        "track_key",
        F.concat("basis", F.lit("")).alias("basis"),
        F.when(F.col("item") == "measured", "measured").otherwise("feature").alias("aspect"),
        "item",
        "weight",
    )
    genres = known.join(track_genres, on="track_id", how="inner")
    pairs = F.posexplode(F.array("genre", "genre_family")).alias("place", "item")
    of_genres = genres.select(*_LISTENER, "track_key", "genre_weight", pairs).select(
        *_LISTENER,
        "track_key",
        F.lit("").alias("basis"),
        F.when(F.col("place") == 0, "genre").otherwise("genre_family").alias("aspect"),
        "item",
        F.abs("genre_weight").alias("weight"),  # made anew: Sail does not unite columns whose comments differ
    )
    of_eras = known.join(decades, on="track_id", how="inner").select(
        *_LISTENER,
        "track_key",
        F.lit("").alias("basis"),
        F.lit("era").alias("aspect"),
        F.col("decade").alias("item"),
        F.lit(1.0).alias("weight"),
    )
    return of_features.unionByName(of_genres).unionByName(of_eras)


def _pairs(rows: DataFrame, values: dict[str, Column]) -> DataFrame:
    """Each row once for every value that is not null, with item (its name) and weight (the value)."""
    pairs = F.posexplode(F.array(*values.values())).alias("place", "weight")
    name = F.element_at(F.array(*(F.lit(name) for name in values)), F.col("place") + 1)
    return rows.select("*", pairs).where(F.col("weight").isNotNull()).withColumn("item", name)


def _start() -> Column:
    """First day of a period, from its number."""
    number = F.col("period_number").cast("int")
    week = F.date_add(F.lit(_MONDAY).cast("date"), number * 7)
    month = F.make_date(F.floor(number / F.lit(12)).cast("int"), number % 12 + 1, F.lit(1))
    return F.when(F.col("period_kind") == "week", week).otherwise(month)


def _coverage(coverage: DataFrame) -> DataFrame:
    """Coverage of each week and month."""
    days = coverage.groupBy("user_id", "played_date").agg(
        F.count("*").alias("hours"), F.count_if("is_covered").alias("covered_hours")
    )
    in_each = days.withColumn("period_kind", F.explode(F.array(F.lit("week"), F.lit("month"))))
    is_week = F.col("period_kind") == "week"
    begins = F.when(is_week, F.trunc("played_date", "week")).otherwise(F.trunc("played_date", "month"))
    sums = in_each.withColumn("period_start", begins).groupBy("user_id", "period_kind", "period_start")
    return sums.agg(share(F.sum("covered_hours"), F.sum("hours")).alias("coverage"))
