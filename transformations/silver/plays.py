"""Silver: plays."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from schemas.columns import PLAY, PLAYED_MONTH, TITLE_ID, USER_ID
from schemas.declaration import Expectation, Lookup, table
from transformations.ranking import first_of_each
from transformations.records import FIELDS, records_of_music

COUNTED_MS = 30_000
BUTTONS = ("fwdbtn", "backbtn")


@table(
    layer="silver",
    schema=f"""
        play_id      STRING NOT NULL COMMENT 'record_id of the record that the play is anchored on',
        {USER_ID},
        played_at    TIMESTAMP NOT NULL COMMENT 'End of the play (UTC), corrected',
        started_at   TIMESTAMP NOT NULL COMMENT 'End of the play minus the time heard (UTC)',
        {PLAYED_MONTH},
        {TITLE_ID},
        {PLAY},
        reason_start STRING COMMENT 'Why the play began, in Spotify''s words',
        reason_end   STRING COMMENT 'Why the play ended, in Spotify''s words',
        is_shuffle   BOOLEAN COMMENT 'Whether shuffle was on',
        is_offline   BOOLEAN COMMENT 'Whether the device was offline',
        is_incognito BOOLEAN COMMENT 'Whether a private session was on',
        platform     STRING COMMENT 'Device or player, as delivered',
        country      STRING COMMENT 'Country of the connection, two letters',
        context_uri  STRING COMMENT 'Playlist, album or artist that was played from',
        record_count INT NOT NULL COMMENT 'Records of all sources that are this one play'
    """,
    primary_key=("play_id",),
    partition_by=("played_month",),
    constraints={"known_time_source": "time_source IN ('measured', 'estimated', 'unknown')"},
    expectations={
        "time_is_not_negative": Expectation("listened_ms >= 0"),
        "starts_before_it_ends": Expectation("started_at <= played_at"),
        "heard_within_a_day": Expectation("listened_ms <= 86400000", "WARN"),
    },
    references={"track_id": "tracks"},
    # A month of plays comes from stamps of that month and the next (late uploads), and from their neighbours.
    window=(1, 2),
    lookups={
        "tracks": Lookup(by=("track_id", "title_id"), reads=("duration_ms", "is_played")),
        "recordings": Lookup(by=("track_id",), reads=("recording_id",)),
    },
)
def plays(
    listening_history_bronze: DataFrame, merged_records: DataFrame, tracks: DataFrame, recordings: DataFrame
) -> DataFrame:
    """One row a real play of music: the records of all sources reconciled, their stamps corrected.

    Podcasts and audiobooks stay in bronze. Rules: docs/analytics.md, "Plays and time".
    """
    merged = _merge(records_of_music(listening_history_bronze), merged_records)
    return _measure(_with_catalogue(merged, tracks, recordings)).select(*plays.column_names)


def _merge(records: DataFrame, merged: DataFrame) -> DataFrame:
    """One row a play: identity and end of its anchor, each field from the best source that has it.

    The anchor is of the best source of all, so that the others are asked only for what it does not tell.
    """
    # Small tables stand left: Sail builds its hash tables from there.
    belongs = merged.select("record_id", "play_id")
    fields = (
        F.min_by(name, F.when(F.col(name).isNotNull(), F.col("source_rank"))).alias(f"_{name}") for name in FIELDS
    )
    others = (
        belongs.join(records, on="record_id", how="inner")
        .groupBy("play_id")
        .agg(*fields, F.count("*").cast("int").alias("others"))
    )
    anchors = belongs.join(records, on="record_id", how="right").where(F.col("play_id").isNull()).drop("play_id")
    joined = others.join(anchors.withColumnRenamed("record_id", "play_id"), on="play_id", how="right")
    return joined.select(
        "play_id",
        "user_id",
        "ended_at",
        "match_key",
        "source",
        *(F.coalesce(name, f"_{name}").alias(name) for name in FIELDS),
        (F.coalesce("others", F.lit(0)) + 1).alias("record_count"),
    )


def _with_catalogue(merged: DataFrame, tracks: DataFrame, recordings: DataFrame) -> DataFrame:
    """Fill id and length from the known tracks: by id, or by name where a source gave no id (account data)."""
    named = first_of_each(tracks, ["title_id"], F.col("is_played").desc(), "track_id")
    by_name = named.select("title_id", F.col("track_id").alias("named_id"))
    lengths = tracks.select("track_id", F.col("duration_ms").alias("known_duration_ms"))
    known = lengths.join(recordings, on="track_id", how="left")
    titled = by_name.join(merged.withColumn("title_id", F.sha2("match_key", 256)), on="title_id", how="right")
    identified = titled.withColumn("track_id", F.coalesce("track_id", "named_id"))
    given = F.when(F.col("duration_ms") > 0, F.col("duration_ms"))
    return known.join(identified, on="track_id", how="right").withColumns(
        {
            "recording_id": F.coalesce("recording_id", "title_id"),
            "duration_ms": F.coalesce(given, F.col("known_duration_ms")),
        }
    )


def _measure(merged: DataFrame) -> DataFrame:
    """Time heard, counted or not, skipped or not: each rule one expression."""
    before = Window.partitionBy("user_id").orderBy("ended_at", "play_id")
    gap_ms = F.unix_millis("ended_at") - F.unix_millis(F.lag("ended_at").over(before))
    is_measured, has_length = F.col("ms_played").isNotNull(), F.col("duration_ms").isNotNull()
    timed = merged.withColumn("estimated_ms", F.least("duration_ms", gap_ms))
    with_time = timed.withColumns(
        {
            "time_source": F.when(is_measured, "measured").when(has_length, "estimated").otherwise("unknown"),
            "listened_ms": F.coalesce("ms_played", F.when(has_length, F.col("estimated_ms")), F.lit(0)),
            "played_month": F.date_format("ended_at", "yyyy-MM"),
            "played_at": F.col("ended_at"),
        }
    )
    heard, length = F.col("listened_ms"), F.col("duration_ms")
    is_counted = F.coalesce((heard >= COUNTED_MS) | (heard >= length), F.lit(False))
    cut_short = F.coalesce(F.col("reason_end").isin(*BUTTONS) & (heard < length / 2), F.lit(False))
    started = F.col("played_at") - F.make_interval(secs=(heard / 1000).cast("decimal(18,6)"))
    return with_time.withColumns({"is_counted": is_counted, "is_skip": ~is_counted | cut_short, "started_at": started})
