"""Gold: genre_stats."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from schemas.columns import (
    COUNTED_DATES,
    GENRE,
    GENRE_FAMILY,
    IS_SIMULATED,
    MEASURED_MS,
    STARTS,
    SUMMARY,
    USER_ID,
)
from schemas.declaration import Expectation, table
from transformations.bases import exact, share
from transformations.periods import PERIOD, PERIOD_KEY
from transformations.standings import (
    STANDING,
    UNKNOWN_SHARE,
    artist_key,
    key_sums,
    measured_feature_ms,
    period_facts,
    with_standing,
)

_DIGITS = {"genre_time": 3, "genre_plays": 6}
_GENRE = ("user_id", "is_simulated", *PERIOD_KEY, "genre", "genre_family")


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {PERIOD},
        {GENRE},
        {GENRE_FAMILY},
        genre_time   DOUBLE NOT NULL COMMENT 'Listening time split among the genres of each track, in milliseconds',
        genre_plays  DOUBLE NOT NULL COMMENT 'Counted plays split among the genres of each track',
        {STARTS},
        {SUMMARY},
        {MEASURED_MS},
        recording_count BIGINT NOT NULL COMMENT 'Different recordings',
        artist_count BIGINT NOT NULL COMMENT 'Different artists',
        {COUNTED_DATES},
        {STANDING},
        {UNKNOWN_SHARE}
    """,
    primary_key=("user_id", "period_kind", "period_start", "genre"),
    expectations={
        "plays_are_starts": Expectation("play_count <= start_count"),
        "a_part_is_no_more_than_the_whole": Expectation(
            "genre_time <= listened_ms + 1 AND genre_plays <= play_count + 1"
        ),
        "shares_in_range": Expectation("period_share BETWEEN 0 AND 1.000000001 AND unknown_share BETWEEN 0 AND 1"),
    },
)
def genre_stats(track_periods: DataFrame, track_genres: DataFrame, coverage: DataFrame, *, as_of: date) -> DataFrame:
    """What each listener heard of each genre in each standard range, with its place and how it moved.

    genre_time and genre_plays split a track among its genres, so that with unknown_share they add up to the period;
    places and period_share go by them. The counts and listened_ms are those of whole tracks that have the genre.
    """
    tracks = track_periods.join(track_genres, on="track_id", how="inner")
    weight = exact(F.col("genre_weight"))
    split = {"genre_time": weight * F.col("listened_ms"), "genre_plays": weight * F.col("play_count")}
    parts = [F.sum(name).alias(name) for name in split]
    # Step by step: counting distinct values in many groups is many times slower.
    recordings = (
        tracks.withColumns(split)
        .groupBy(*_GENRE, "recording_id")
        .agg(*key_sums(measured_feature_ms()), *parts, F.min(artist_key(F.col("artist_name"))).alias("artist_key"))
    )
    summed = (*key_sums(F.col("measured_feature_ms")), *parts)
    artists = recordings.groupBy(*_GENRE, "artist_key").agg(*summed, F.count("*").alias("recording_count"))
    counts = F.sum("recording_count").alias("recording_count"), F.count("artist_key").alias("artist_count")
    heard = artists.groupBy(*_GENRE).agg(*summed, *counts)
    # Thirds of a track are not a whole again in the last digits: equal sums must be equal to share a place.
    heard = heard.withColumns({name: F.round(name, digits) for name, digits in _DIGITS.items()})
    total, known = F.col("total_ms"), F.sum("genre_time").over(Window.partitionBy("user_id", *PERIOD_KEY))
    placed = heard.join(period_facts(track_periods, coverage, as_of), on=["user_id", *PERIOD_KEY], how="left")
    described = placed.withColumns(
        {
            "measured_share": share(F.col("measured_feature_ms"), F.col("listened_ms")),
            "unknown_share": share(F.greatest(total - known, F.lit(0)), total),
        }
    )
    standing = with_standing(described, "genre", "genre", as_of, time="genre_time", plays="genre_plays")
    doubles = {name: F.col(name).cast("double") for name in split}
    return standing.withColumns(doubles).select(*genre_stats.column_names)
