"""Gold: track_stats."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame

from schemas.columns import COUNTED_DATES, IS_SIMULATED, MEASURED_MS, RECORDING_ID, STARTS, SUMMARY, USER_ID
from schemas.declaration import Expectation, table
from transformations.periods import PERIOD
from transformations.standings import STANDING, most_played, period_facts, recording_sums, with_facts, with_standing


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {PERIOD},
        {RECORDING_ID},
        track_id     STRING COMMENT 'Spotify id of the track',
        track_name   STRING COMMENT 'Title of the track',
        artist_name  STRING COMMENT 'First artist of the track',
        album_name   STRING COMMENT 'Album',
        {STARTS},
        {SUMMARY},
        {MEASURED_MS},
        {COUNTED_DATES},
        {STANDING}
    """,
    primary_key=("user_id", "period_kind", "period_start", "recording_id"),
    expectations={
        "plays_are_starts": Expectation("play_count <= start_count"),
        "measured_within_listened": Expectation("measured_ms <= listened_ms"),
        "shares_in_range": Expectation("period_share BETWEEN 0 AND 1 AND coverage BETWEEN 0 AND 1"),
    },
)
def track_stats(track_periods: DataFrame, coverage: DataFrame, *, as_of: date) -> DataFrame:
    """What each listener heard of each recording in each standard range, with its place and how it moved.

    Editions of a recording are one row, named after the one that the listener played most. A recording that was only
    skipped stays, without plays. new here means new to the period, not to the listener: see discovery for that.
    """
    names = most_played(track_periods, "recording_id", "track_id", "track_name", "artist_name", "album_name")
    heard = recording_sums(track_periods).join(names, on=["user_id", "recording_id"], how="left")
    placed = with_facts(heard, period_facts(track_periods, coverage, as_of))
    return with_standing(placed, "recording_id", "track_name", as_of).select(*track_stats.column_names)
