"""Silver: listening_sessions."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from schemas.columns import IS_SIMULATED, USER_ID
from schemas.declaration import Expectation, table
from transformations.exclusions import kept


@table(
    layer="silver",
    schema=f"""
        session_id   STRING NOT NULL COMMENT 'Session that the play belongs to',
        {USER_ID},
        {IS_SIMULATED},
        started_at   TIMESTAMP NOT NULL COMMENT 'End of the play minus the time heard (UTC)',
        played_month STRING NOT NULL COMMENT 'UTC month of started_at, as yyyy-MM; partition',
        ended_at     TIMESTAMP NOT NULL COMMENT 'Latest end of its plays (UTC)',
        played_date  DATE NOT NULL COMMENT 'Local date of the end of the play',
        session_ms   BIGINT NOT NULL COMMENT 'From the first start to the last end, in milliseconds',
        start_count  BIGINT NOT NULL COMMENT 'Plays that were begun, counted or not',
        play_count   BIGINT NOT NULL COMMENT 'Counted plays',
        skip_count   BIGINT NOT NULL COMMENT 'Plays that were skips',
        listened_ms  BIGINT NOT NULL COMMENT 'Time listened, measured or estimated, in milliseconds',
        artist_count BIGINT NOT NULL COMMENT 'Different artists',
        recording_count BIGINT NOT NULL COMMENT 'Different recordings'
    """,
    primary_key=("session_id",),
    partition_by=("played_month",),
    expectations={
        "ends_after_it_starts": Expectation("session_ms >= 0"),
        "plays_are_starts": Expectation("play_count <= start_count"),
    },
    # A session lasts a day at most, and is told in the month in which it began.
    window=(1, 1),
)
def listening_sessions(listening_with_features: DataFrame) -> DataFrame:
    """One row a session: plays whose silence between end and next start is at most SESSION_GAP_MINUTES.

    played_date is the local date of the session's first play.
    """
    first, last = F.min("started_at"), F.max("played_at")
    return (
        kept(listening_with_features)
        .groupBy("session_id", "user_id", "is_simulated")
        .agg(
            first.alias("started_at"),
            last.alias("ended_at"),
            F.min_by("played_date", "started_at").alias("played_date"),
            (F.unix_millis(last) - F.unix_millis(first)).alias("session_ms"),
            F.count("*").alias("start_count"),
            F.count_if("is_counted").alias("play_count"),
            F.count_if("is_skip").alias("skip_count"),
            F.sum("listened_ms").alias("listened_ms"),
            F.count_distinct("artist_name").alias("artist_count"),
            F.count_distinct("recording_id").alias("recording_count"),
        )
        .withColumn("played_month", F.date_format("started_at", "yyyy-MM"))
        .select(*listening_sessions.column_names)
    )
