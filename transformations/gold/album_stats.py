"""Gold: album_stats."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from schemas.columns import ALBUM_KEY, COUNTED_DATES, IS_SIMULATED, MEASURED_MS, STARTS, SUMMARY, USER_ID
from schemas.declaration import table
from transformations.periods import PERIOD
from transformations.standings import (
    STANDING,
    STANDING_RULES,
    UNKNOWN_SHARE,
    album_key,
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
        {ALBUM_KEY},
        album_name   STRING COMMENT 'Album',
        artist_name  STRING COMMENT 'First artist of the track',
        {STARTS},
        {SUMMARY},
        {MEASURED_MS},
        recording_count BIGINT NOT NULL COMMENT 'Different recordings',
        {COUNTED_DATES},
        {STANDING},
        {UNKNOWN_SHARE}
    """,
    primary_key=("user_id", "period_kind", "period_start", "album_key"),
    expectations=STANDING_RULES,
)
def album_stats(track_periods: DataFrame, coverage: DataFrame, *, as_of: date) -> DataFrame:
    """What each listener heard of each album in each standard range, with the album's place and how it moved.

    Albums are told apart by name and first artist of the track, since exports give no ids: so an album of several
    artists has a row for each. Plays whose album is not known are left out; unknown_share says how much that is.
    """
    tracks = track_periods.withColumn("album_key", album_key(F.col("album_name"), F.col("artist_name")))
    names = most_played(tracks, "album_key", "album_name", "artist_name")
    heard = sums_of(tracks, "album_key").join(names, on=["user_id", "album_key"], how="left")
    placed = with_facts(heard, period_facts(track_periods, coverage, as_of))
    return with_standing(placed, "album_key", "album_name", as_of).select(*album_stats.column_names)
