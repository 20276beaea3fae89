"""What tables of a listener's library share: who is simulated, and what was played of recordings and playlists."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from transformations.devices import context_kind
from transformations.periods import ALL_TIME
from transformations.silver.tracks import normalised


def simulated_listeners(listeners: DataFrame) -> DataFrame:
    """user_id and is_simulated, a row a listener."""
    return listeners.groupBy("user_id").agg(F.bool_or("is_simulated").alias("is_simulated"))


def played(track_periods: DataFrame, kind: str, as_of: date) -> DataFrame:
    """All that was played in a range that ends with as_of, of recordings and of artists, each known by item_key.

    user_id, item_kind (track or artist), item_key (recording_id, or the artist's name as names are compared),
    play_count, listened_ms, last_date; measured_feature_ms: time of the tracks whose features are measured.
    """
    heard = track_periods.where((F.col("period_kind") == kind) & (F.col("period_end") == F.lit(as_of)))
    keys = {"track": F.col("recording_id"), "artist": normalised(F.col("artist_name"))}
    sums = [
        heard.groupBy("user_id", F.lit(name).alias("item_kind"), key.alias("item_key")).agg(
            F.sum("play_count").alias("play_count"),
            F.sum("listened_ms").alias("listened_ms"),
            F.sum(F.when(F.col("has_measured_features"), F.col("listened_ms")).otherwise(0)).alias(
                "measured_feature_ms"
            ),
            F.max("last_date").alias("last_date"),
        )
        for name, key in keys.items()
    ]
    return sums[0].unionByName(sums[1])


def played_recordings(track_periods: DataFrame, as_of: date) -> DataFrame:
    """All that was ever played of each recording: user_id, recording_id, play_count, listened_ms, last_date."""
    recordings = played(track_periods, ALL_TIME, as_of).where(F.col("item_kind") == "track")
    return recordings.withColumnRenamed("item_key", "recording_id").drop("item_kind", "measured_feature_ms")


def played_playlist(context_uri: Column) -> Column:
    """The id of the playlist that was played from; null where it was something else, or is not known."""
    return F.when(context_kind(context_uri) == "playlist", F.element_at(F.split(context_uri, ":"), -1))
