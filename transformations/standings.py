"""Places within a period: who was listened to most, and how that moved since the period before."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from schemas.declaration import Expectation
from transformations.bases import share
from transformations.periods import ALL_TIME, PERIOD_KEY, is_shown, period_before, period_coverage
from transformations.ranking import first_of_each
from transformations.silver.tracks import normalised

STANDING = """
    period_share DOUBLE COMMENT 'Share of the listener''s listening time in the period, 0-1',
    time_rank    INT NOT NULL COMMENT 'Place by listening time in the period, 1 the most; ties by plays, name and key',
    play_rank    INT NOT NULL COMMENT 'Place by counted plays in the period, 1 the most; ties by time, name and key',
    time_rank_change INT COMMENT 'Places risen by listening time since the period before; null where it was not there',
    play_rank_change INT COMMENT 'Places risen by counted plays since the period before; null where it was not there',
    is_new       BOOLEAN COMMENT 'Heard here and not in the period before; null where nothing of that is known'
"""
UNKNOWN_SHARE = """
    unknown_share DOUBLE COMMENT 'Share of the period''s listening time of which the table cannot tell what it was, 0-1'
"""
STANDING_RULES = {
    "plays_are_starts": Expectation("play_count <= start_count"),
    "measured_within_listened": Expectation("measured_ms <= listened_ms"),
    "shares_in_range": Expectation("period_share BETWEEN 0 AND 1 AND unknown_share BETWEEN 0 AND 1"),
}
_PERIOD = ("user_id", *PERIOD_KEY)
_SUMS = ("start_count", "skip_count", "play_count", "listened_ms", "measured_ms")


def artist_key(artist_name: Column) -> Column:
    """What tells artists apart where only names are known; null where there is none."""
    return F.nullif(normalised(artist_name), F.lit(""))


def album_key(album_name: Column, artist_name: Column) -> Column:
    """What tells albums apart: the name and the track's first artist; null where the album is not known."""
    album = F.nullif(normalised(album_name), F.lit(""))
    return F.when(album.isNotNull(), F.concat_ws("\t", album, normalised(F.coalesce(artist_name, F.lit("")))))


def most_played_first() -> tuple[Column, Column, Column]:
    """The order in which tracks give their names to what they belong to; the last tells any two rows apart."""
    return F.col("play_count").desc(), F.col("listened_ms").desc(), F.col("track_key").asc()


def most_played(track_periods: DataFrame, key: str, *names: str) -> DataFrame:
    """The names of each listener's most played track of a key, over all time, so that a key is called the same always.

    track_periods with the column `key`.
    """
    all_time = track_periods.where((F.col("period_kind") == ALL_TIME) & F.col(key).isNotNull())
    return first_of_each(all_time, ["user_id", key], *most_played_first()).select("user_id", key, *names)


def period_facts(track_periods: DataFrame, coverage: DataFrame, as_of: date) -> DataFrame:
    """What all rows of a listener's period share: coverage, total_ms, and has_before.

    total_ms: the listening time of the period. has_before: whether anything is known of the period before.
    """
    totals = track_periods.groupBy(*_PERIOD).agg(F.sum("listened_ms").alias("total_ms"))
    in_time = Window.partitionBy("user_id", "period_kind").orderBy("period_start")
    follows = F.lag("period_start").over(in_time) == period_before()
    known = period_coverage(coverage, as_of).withColumn("has_before", follows & (F.lag("coverage").over(in_time) > 0))
    facts = totals.join(known, on=list(_PERIOD), how="left")
    return facts.withColumn("has_before", F.coalesce("has_before", F.lit(False)))


def measured_feature_ms() -> Column:
    """Listening time of a row of track_periods whose audio features are known and not synthetic, else 0."""
    return F.when(F.col("has_measured_features"), F.col("listened_ms")).otherwise(0)


def key_sums(measured: Column) -> list[Column]:
    """What is summed over the rows of a key in a period."""
    return [
        *(F.sum(name).alias(name) for name in _SUMS),
        F.sum(measured).alias("measured_feature_ms"),
        F.min("first_date").alias("first_date"),
        F.max("last_date").alias("last_date"),
    ]


def recording_sums(tracks: DataFrame, *keys: str) -> DataFrame:
    """One row a listener, period, recording and further keys: the sums over its editions."""
    return tracks.groupBy(*_PERIOD, "is_simulated", *keys, "recording_id").agg(*key_sums(measured_feature_ms()))


def sums_of(tracks: DataFrame, key: str) -> DataFrame:
    """One row a listener, period and key that is known: the sums, and how many recordings.

    tracks: track_periods with the column `key`, null where it is not known.
    """
    # By recording first: counting distinct values in many groups is many times slower.
    heard = (
        recording_sums(tracks, key)
        .groupBy(*_PERIOD, "is_simulated", key)
        .agg(*key_sums(F.col("measured_feature_ms")), F.count("*").alias("recording_count"))
    )
    return heard.where(F.col(key).isNotNull())


def with_facts(heard: DataFrame, facts: DataFrame) -> DataFrame:
    """Join period_facts to sums of a period, and add measured_share and unknown_share."""
    known_ms = F.sum("listened_ms").over(Window.partitionBy(*_PERIOD))
    listened, total = F.col("listened_ms"), F.col("total_ms")
    return heard.join(facts, on=list(_PERIOD), how="left").withColumns(
        {
            "measured_share": share(F.col("measured_feature_ms"), listened),
            "unknown_share": share(total - known_ms, total),
        }
    )


def with_standing(
    rows: DataFrame, key: str, name: str, as_of: date, *, time: str = "listened_ms", plays: str = "play_count"
) -> DataFrame:
    """Add the columns of STANDING, and leave out the ranges that only the ranges after them are compared with.

    rows: one a listener, period and key, with period_facts joined and the columns of listening time and of plays.
    """
    in_period = Window.partitionBy(*_PERIOD)
    by_time = in_period.orderBy(F.col(time).desc(), F.col(plays).desc(), name, key)
    by_plays = in_period.orderBy(F.col(plays).desc(), F.col(time).desc(), name, key)
    ranked = rows.withColumns({"time_rank": F.row_number().over(by_time), "play_rank": F.row_number().over(by_plays)})
    of_key = Window.partitionBy("user_id", "period_kind", key).orderBy("period_start")

    def before(column: str) -> Column:
        is_neighbour = F.lag("period_start").over(of_key) == period_before()
        return F.when(is_neighbour, F.lag(column).over(of_key))

    was_heard = F.coalesce(before(plays) > 0, F.lit(False))
    standing = ranked.withColumns(
        {
            "period_share": share(F.col(time), F.col("total_ms")),
            "time_rank_change": before("time_rank") - F.col("time_rank"),
            "play_rank_change": before("play_rank") - F.col("play_rank"),
            "is_new": F.when(F.col("has_before"), (F.col(plays) > 0) & ~was_heard),
        }
    )
    return standing.where(is_shown(as_of))
