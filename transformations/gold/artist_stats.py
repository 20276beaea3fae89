"""Gold: artist_stats."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from schemas.columns import ARTIST_KEY, COUNTED_DATES, IS_SIMULATED, MEASURED_MS, STARTS, SUMMARY, USER_ID
from schemas.declaration import table
from transformations.periods import PERIOD
from transformations.standings import (
    STANDING,
    STANDING_RULES,
    UNKNOWN_SHARE,
    artist_key,
    most_played,
    period_facts,
    sums_of,
    with_facts,
    with_standing,
)


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {PERIOD},
        {ARTIST_KEY},
        artist_name  STRING COMMENT 'First artist of the track',
        {STARTS},
        {SUMMARY},
        {MEASURED_MS},
        recording_count BIGINT NOT NULL COMMENT 'Different recordings',
        album_count  BIGINT NOT NULL COMMENT 'Different albums',
        {COUNTED_DATES},
        {STANDING},
        {UNKNOWN_SHARE}
    """,
    primary_key=("user_id", "period_kind", "period_start", "artist_key"),
    expectations=STANDING_RULES,
)
def artist_stats(track_periods: DataFrame, album_stats: DataFrame, coverage: DataFrame, *, as_of: date) -> DataFrame:
    """What each listener heard of each artist in each standard range, with the artist's place and how it moved.

    Artists are told apart by name, as every source gives it: two of one name are one here, and guests are not counted.
    """
    tracks = track_periods.withColumn("artist_key", artist_key(F.col("artist_name")))
    names = most_played(tracks, "artist_key", "artist_name")
    heard = sums_of(tracks, "artist_key").join(names, on=["user_id", "artist_key"], how="left")
    placed = with_facts(heard, period_facts(track_periods, coverage, as_of))
    place = ["user_id", "period_kind", "period_start", "artist_key"]
    of_artist = F.element_at(F.split("album_key", "\t"), -1)
    albums = album_stats.groupBy(*place[:3], of_artist.alias("artist_key")).agg(F.count("*").alias("album_count"))
    return (
        with_standing(placed, "artist_key", "artist_name", as_of)
        .join(albums, on=place, how="left")
        .fillna(0, subset=["album_count"])
        .select(*artist_stats.column_names)
    )
