"""The records of music that plays are made from: each in its fullest revision, with its corrected end."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from models.reconciliation import SOURCE_ORDER
from transformations.numbering import number_of
from transformations.ranking import first_of_each
from transformations.silver.tracks import match_key
from transformations.stamps import with_stamped_end

# An offline play is uploaded later. Further back than this, its own clock is not believed.
LONGEST_OFFLINE_S = 28 * 24 * 3600
CLOCK_TOLERANCE_S = 120

# Fields that a play takes from the best of its records that has them.
FIELDS = (
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

KEY = ("user_id", "match_key")


def records_of_music(history: DataFrame) -> DataFrame:
    """One row a record: its fullest revision, its corrected end, its match key and its source's rank."""
    music, is_poll = history.where(F.col("kind") == "track"), F.col("source") == "recently_played"
    ends = {"stamped_end": F.col("played_at"), "other_end": F.lit(None).cast("timestamp")}
    stamped = with_stamped_end(_fullest(music.where(is_poll))).unionByName(
        _fullest(music.where(~is_poll)).withColumns(ends)
    )
    rank = F.array_position(F.array(*(F.lit(source) for source in SOURCE_ORDER)), F.col("source"))
    return stamped.select(
        "record_id",
        "user_id",
        "source",
        "played_month",
        rank.alias("source_rank"),
        corrected_end().alias("ended_at"),
        F.unix_millis(corrected_end()).alias("ended_ms"),
        F.unix_millis("other_end").cast("double").alias("other_ms"),
        (F.unix_millis(corrected_end()) - F.col("ms_played")).cast("double").alias("started_ms"),
        match_key(F.col("track_name"), F.col("artist_name"), F.col("track_id")).alias("match_key"),
        *FIELDS,
    )


def _fullest(records: DataFrame) -> DataFrame:
    """Of a record's revisions the one that says most. Few have more than one, and only these are ranked."""
    details = [name for name in FIELDS if name not in ("track_id", "ms_played")]
    fullness = sum((F.col(name).isNotNull().cast("int") for name in details), F.lit(0))
    # Counted by a number made of the id, an eighth of its size: two ids that share it are told apart below.
    numbered = records.withColumn("_number", number_of(F.col("record_id")))
    revised = numbered.groupBy("_number").agg(F.count("*").alias("revisions")).where(F.col("revisions") > 1)
    # A right join, since Sail builds its hash table from the left side, and that is the small one.
    counted = revised.join(numbered, on="_number", how="right")
    several = counted.where(F.col("revisions").isNotNull())
    best = first_of_each(several, ["record_id"], fullness.desc(), "revision")
    return counted.where(F.col("revisions").isNull()).unionByName(best).drop("_number", "revisions")


def corrected_end() -> Column:
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
