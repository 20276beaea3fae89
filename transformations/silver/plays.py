"""Silver: plays."""

from __future__ import annotations

import pandas as pd
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from models.reconciliation import SOURCE_ORDER, reconcile
from schemas.columns import PLAY, PLAYED_MONTH, TITLE_ID, USER_ID
from schemas.declaration import Expectation, Lookup, table
from transformations.ranking import first_of_each
from transformations.silver.tracks import match_key
from transformations.stamps import with_stamped_end

COUNTED_MS = 30_000
BUTTONS = ("fwdbtn", "backbtn")

# An offline play is uploaded later. Further back than this, its own clock is not believed.
LONGEST_OFFLINE_S = 28 * 24 * 3600
CLOCK_TOLERANCE_S = 120

# Fields that a play takes from the best of its records that has them.
_FIELDS = (
    "track_id",
    "track_name",
    "artist_name",
    "album_name",
    "duration_ms",
    "ms_played",
    "reason_start",
    "reason_end",
    "is_shuffle",
    "is_offline",
    "is_incognito",
    "platform",
    "country",
    "context_uri",
)
_BUCKETS = 16


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
    # A month of plays comes from stamps of that month and the next (late uploads), and from their neighbours.
    window=(1, 2),
    lookups={
        "tracks": Lookup(by=("track_id", "title_id"), reads=("duration_ms", "is_played")),
        "recordings": Lookup(by=("track_id",), reads=("recording_id",)),
    },
)
def plays(listening_history_bronze: DataFrame, tracks: DataFrame, recordings: DataFrame) -> DataFrame:
    """One row a real play of music: the records of all sources reconciled, their stamps corrected.

    Podcasts and audiobooks stay in bronze. Rules: docs/analytics.md, "Plays and time".
    """
    records = _records(listening_history_bronze)
    paired = records.groupBy("user_id", F.pmod(F.xxhash64("match_key"), F.lit(_BUCKETS))).applyInPandas(
        _reconcile, "record_id STRING, play_id STRING"
    )
    merged = _merge(records.join(paired, on="record_id", how="inner"))
    return _measure(_with_catalogue(merged, tracks, recordings)).select(*plays.column_names)


def _records(history: DataFrame) -> DataFrame:
    """One row a record of music: its fullest revision, its corrected end, its match key and its source's rank."""
    music, is_poll = history.where(F.col("kind") == "track"), F.col("source") == "recently_played"
    ends = {"stamped_end": F.col("played_at"), "other_end": F.lit(None).cast("timestamp")}
    others = _fullest(music.where(~is_poll)).withColumns(ends)
    stamped = with_stamped_end(_fullest(music.where(is_poll))).unionByName(others)
    rank = F.array_position(F.array(*(F.lit(source) for source in SOURCE_ORDER)), F.col("source"))
    return stamped.select(
        "record_id",
        "user_id",
        "source",
        rank.alias("source_rank"),
        _corrected_end().alias("ended_at"),
        F.unix_millis(_corrected_end()).alias("ended_ms"),
        F.unix_millis("other_end").cast("double").alias("other_ms"),
        (F.unix_millis(_corrected_end()) - F.col("ms_played")).cast("double").alias("started_ms"),
        match_key(F.col("track_name"), F.col("artist_name"), F.col("track_id")).alias("match_key"),
        *_FIELDS,
    )


def _fullest(records: DataFrame) -> DataFrame:
    """Of a record's revisions the one that says most."""
    details = [name for name in _FIELDS if name not in ("track_id", "ms_played")]
    fullness = sum((F.col(name).isNotNull().cast("int") for name in details), F.lit(0))
    return first_of_each(records, ["record_id"], fullness.desc(), "revision")


def _corrected_end() -> Column:
    """End of the play, from the stamp as delivered.

    Offline plays carry the time of their upload: a believable start of their own plus the time heard is the end. A
    listen submitted by a scrobbler is stamped at its start, and so are polls at times.
    """
    offline_end = F.col("offline_at") + F.make_interval(secs=(F.col("ms_played") / 1000).cast("decimal(18,6)"))
    lateness_s = F.unix_timestamp("played_at") - F.unix_timestamp(offline_end)
    is_believable = F.col("is_offline") & lateness_s.between(-CLOCK_TOLERANCE_S, LONGEST_OFFLINE_S)
    heard = F.coalesce("ms_played", "duration_ms", F.lit(0))
    listen_end = F.col("played_at") + F.make_interval(secs=(heard / 1000).cast("decimal(18,6)"))
    return (
        F.when(F.coalesce(is_believable, F.lit(False)), offline_end)
        .when(F.col("source") == "listenbrainz", listen_end)
        .otherwise(F.col("stamped_end"))
    )


def _reconcile(records: pd.DataFrame) -> pd.DataFrame:
    return reconcile(records[["record_id", "match_key", "source", "ended_ms", "other_ms", "started_ms"]])


def _merge(records: DataFrame) -> DataFrame:
    """One row a play: identity and end of its anchor, each field from the best source that has it."""
    is_anchor = F.col("record_id") == F.col("play_id")

    def of_anchor(name: str) -> Column:
        return F.max(F.when(is_anchor, F.col(name))).alias(name)

    return records.groupBy("play_id").agg(
        *(of_anchor(name) for name in ("user_id", "ended_at", "match_key", "source")),
        *(F.min_by(name, F.when(F.col(name).isNotNull(), F.col("source_rank"))).alias(name) for name in _FIELDS),
        F.count("*").cast("int").alias("record_count"),
    )


def _with_catalogue(merged: DataFrame, tracks: DataFrame, recordings: DataFrame) -> DataFrame:
    """Fill id and length from the known tracks: by id, or by name where a source gave no id (account data)."""
    named = first_of_each(tracks, ["title_id"], F.col("is_played").desc(), "track_id")
    by_name = named.select("title_id", F.col("track_id").alias("named_id"))
    lengths = tracks.select("track_id", F.col("duration_ms").alias("known_duration_ms"))
    length = F.col("known_duration_ms")
    return (
        merged.withColumn("title_id", F.sha2("match_key", 256))
        .join(by_name, on="title_id", how="left")
        .withColumn("track_id", F.coalesce("track_id", "named_id"))
        .join(lengths, on="track_id", how="left")
        .join(recordings, on="track_id", how="left")
        .withColumn("recording_id", F.coalesce("recording_id", "title_id"))
        .withColumn("duration_ms", F.coalesce(F.when(F.col("duration_ms") > 0, F.col("duration_ms")), length))
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
