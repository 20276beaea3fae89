"""Gold: playlist_trends."""

from __future__ import annotations

from datetime import date, datetime

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from schemas.columns import IS_SIMULATED, SUMMARY, USER_ID
from schemas.declaration import Expectation, table
from transformations.bases import MEASURED, share
from transformations.exclusions import kept
from transformations.library import played_playlist, simulated_listeners
from transformations.local_time import with_local_time
from transformations.periods import period_coverage
from transformations.ranking import first_of_each

_LIST = ["user_id", "playlist_id"]
_MONTH = [*_LIST, "month_start"]
_UNDATED = datetime(1970, 1, 15)  # of items that Spotify gives no date for: there before anything else
_Clock = tuple[DataFrame, str]  # listeners with their time zones, and the zone where none is recorded


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        playlist_id  STRING NOT NULL COMMENT 'Spotify id of the playlist',
        month_start  DATE NOT NULL COMMENT 'First day of the local month',
        playlist_name STRING COMMENT 'Name of the playlist',
        is_own       BOOLEAN COMMENT 'Whether the listener owns it',
        is_collaborative BOOLEAN COMMENT 'Whether others may change it',
        month_end_item_count BIGINT COMMENT 'Items on the playlist at the end of the month, or when it was last seen',
        added_count  BIGINT COMMENT 'Items that were added in the month',
        removed_count BIGINT COMMENT 'Items that were removed in the month; null where that cannot be known',
        turnover     DOUBLE COMMENT 'Items added and removed in the month, by the mean of the sizes at its two ends',
        {SUMMARY},
        known_context_share DOUBLE COMMENT 'Share of all counted plays of the month whose origin is known, 0-1',
        is_reconstructed BOOLEAN NOT NULL COMMENT 'Whether the month began before the playlist was first read',
        reason       STRING COMMENT 'Why a value is null'
    """,
    primary_key=tuple(_MONTH),
    expectations={
        "removed_or_reason": Expectation("removed_count IS NOT NULL OR reason IS NOT NULL"),
        "sizes_are_counts": Expectation("month_end_item_count >= 0 AND added_count >= 0 AND removed_count >= 0"),
    },
)
def playlist_trends(
    playlist_history: DataFrame,
    playlist_items_history: DataFrame,
    library_snapshots_bronze: DataFrame,
    listening_with_features: DataFrame,
    track_features: DataFrame,
    coverage: DataFrame,
    listeners: DataFrame,
    *,
    as_of: date,
    timezone: str,
) -> DataFrame:
    """How each playlist grew and was played, month by month, from when it is first seen to the month of the build.

    What a snapshot later shows or no longer shows was added or removed in the month of that snapshot, or when Spotify
    says that it was added. Of months before the first snapshot only what is still there is known (is_reconstructed):
    nothing of what was removed. Plays are those that began from the playlist; exports do not say what a play began
    from: known_context_share tells how much of the month's listening does.
    """
    clock = (listeners, timezone)
    read = _first_read(library_snapshots_bronze)
    changes = _changes(_stays(playlist_items_history, read), clock)
    months = _months(_lists(playlist_history, read), changes, clock, as_of)
    sized = _sized(months.join(changes, on=_MONTH, how="left").fillna(0, subset=["added_count", "removed_any"]))
    plays = kept(listening_with_features).withColumn("month_start", F.trunc("played_date", "month"))
    covered = period_coverage(coverage, as_of, ("month",)).select(
        "user_id", F.col("period_start").alias("month_start"), "coverage"
    )
    return (
        sized.join(_played(plays, track_features), on=_MONTH, how="left")
        .join(_known_contexts(plays), on=["user_id", "month_start"], how="left")
        .join(covered, on=["user_id", "month_start"], how="left")
        .join(simulated_listeners(listeners), on="user_id", how="left")
        .withColumn("is_simulated", F.coalesce("is_simulated", F.lit(False)))
        .fillna(0, subset=["play_count", "listened_ms"])
        .select(*playlist_trends.column_names)
    )


def _with_month(rows: DataFrame, instant: str, name: str, clock: _Clock) -> DataFrame:
    """Add the first day of the local month of an instant; null for null."""
    located = with_local_time(rows, clock[0], instant, clock[1])
    return located.withColumn(name, F.trunc("local_date", "month")).select(*rows.columns, name)


def _first_read(snapshots: DataFrame) -> DataFrame:
    """When the items of each playlist were first read: user_id, playlist_id, first_read_at."""
    read = snapshots.where((F.col("collection") == "playlist_items") & F.col("is_readable"))
    return read.groupBy("user_id", F.col("part").alias("playlist_id")).agg(F.min("snapshot_at").alias("first_read_at"))


def _stays(items: DataFrame, read: DataFrame) -> DataFrame:
    """From when (began_at) to when (ended_at, null for now) each item was on its playlist.

    added_at is believed where it lies between two snapshots of which the later one shows the item anew, or before the
    first snapshot.
    """
    of_item = Window.partitionBy(*_LIST, "item_uri", "occurrence").orderBy("valid_from")
    placed = items.join(read, on=_LIST, how="inner").withColumn("seen_before", F.lag("valid_from").over(of_item))
    from_start = F.col("valid_from") <= F.col("first_read_at")
    added = F.least("added_at", "valid_from")
    is_new = F.col("added_at") > F.coalesce("seen_before", "first_read_at")
    came_later = F.when(is_new, added).otherwise(F.col("valid_from"))
    undated = F.lit(_UNDATED).cast("timestamp")
    there = F.when(F.col("added_at").isNull(), undated).otherwise(added)
    begun = placed.withColumn("began_at", F.when(from_start, there).otherwise(came_later))
    # An item that was taken off and added again between two snapshots went when it came.
    ended = F.least("valid_to", F.lead("began_at").over(of_item))
    return begun.withColumn("ended_at", F.when(F.col("valid_to").isNotNull(), ended))


def _changes(stays: DataFrame, clock: _Clock) -> DataFrame:
    """Items that came and went, by local month: added_count, removed_any."""
    came = _with_month(stays.select(*_LIST, "began_at"), "began_at", "month_start", clock)
    gone = stays.where(F.col("ended_at").isNotNull()).select(*_LIST, "ended_at")
    went = _with_month(gone, "ended_at", "month_start", clock)
    one, none = F.lit(1), F.lit(0)
    return (
        came.select(*_MONTH, one.alias("came"), none.alias("went"))
        .unionByName(went.select(*_MONTH, none.alias("came"), one.alias("went")))
        .groupBy(*_MONTH)
        .agg(F.sum("came").alias("added_count"), F.sum("went").alias("removed_any"))
    )


def _lists(history: DataFrame, read: DataFrame) -> DataFrame:
    """Each playlist with its latest name, when it was first listed and read, and when it left the list, if it did."""
    latest = first_of_each(history, _LIST, F.col("valid_from").desc())
    seen = history.groupBy(*_LIST).agg(F.min("valid_from").alias("listed_at"))
    named = latest.select(*_LIST, "playlist_name", "is_own", "is_collaborative", F.col("valid_to").alias("left_at"))
    known = named.join(seen, on=_LIST, how="inner").join(read, on=_LIST, how="full")
    return known.withColumn("start_at", F.coalesce("first_read_at", "listed_at"))


def _months(lists: DataFrame, changes: DataFrame, clock: _Clock, as_of: date) -> DataFrame:
    """A row for every month of a playlist, with the number of items that it held before, since they have no date."""
    placed = _with_month(_with_month(lists, "start_at", "read_month", clock), "left_at", "left_month", clock)
    is_undated = F.col("month_start") < F.lit(_UNDATED.date())
    bounds = changes.groupBy(*_LIST).agg(
        F.min(F.when(~is_undated, F.col("month_start"))).alias("first_month"),
        F.sum(F.when(is_undated, F.col("added_count")).otherwise(0)).alias("undated_count"),
    )
    last = F.coalesce("left_month", F.lit(as_of.replace(day=1)))
    first = F.least("first_month", "read_month")
    each = F.explode(F.sequence(first, F.greatest(last, first), F.expr("INTERVAL 1 MONTH")))
    known = placed.join(bounds, on=_LIST, how="left").fillna(0, subset=["undated_count"])
    return known.withColumn("month_start", each)


def _sized(months: DataFrame) -> DataFrame:
    """Sizes, turnover and reasons."""
    in_time = Window.partitionBy(*_LIST).orderBy("month_start")
    so_far = in_time.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    is_read = F.col("first_read_at").isNotNull()
    # The month of the first snapshot too: what was removed in it before is not known.
    rebuilt = F.col("month_start") <= F.col("read_month")
    change = F.col("added_count") - F.col("removed_any")
    sizes = months.withColumn("size", F.col("undated_count") + F.sum(change).over(so_far))
    mean = F.col("size") - change / 2
    changed = (F.col("added_count") + F.col("removed_any")).cast("double")
    return sizes.withColumns(
        {
            "month_end_item_count": F.when(is_read, F.col("size")),
            "turnover": F.when(is_read & ~rebuilt & (mean > 0), changed / mean),
            "removed_count": F.when(is_read & ~rebuilt, F.col("removed_any")),
            "added_count": F.when(is_read, F.col("added_count")),
            "is_reconstructed": rebuilt,
            "reason": F.when(~is_read, "Spotify does not show its items")
            .when(rebuilt, "first read in this month or later: what was removed before is not known")
            .when(mean == 0, "the playlist was empty"),
        }
    )


def _played(plays: DataFrame, track_features: DataFrame) -> DataFrame:
    """Plays from each playlist by month."""
    measured = track_features.where(F.col("basis") == MEASURED).select("track_id", F.lit(True).alias("is_measured"))
    named = plays.where(F.col("context_uri").isNotNull()).withColumn(
        "playlist_id", played_playlist(F.col("context_uri"))
    )
    counted = named.where(F.col("playlist_id").isNotNull()).join(measured, on="track_id", how="left")
    time = F.when(F.col("is_measured"), F.col("listened_ms")).otherwise(0)
    return counted.groupBy(*_MONTH).agg(
        F.count_if("is_counted").alias("play_count"),
        F.sum("listened_ms").alias("listened_ms"),
        share(F.sum(time), F.sum("listened_ms")).alias("measured_share"),
    )


def _known_contexts(plays: DataFrame) -> DataFrame:
    """Share of each month's counted plays of which it is known what they were played from."""
    counted = plays.where("is_counted")
    known = F.count("context_uri")
    return counted.groupBy("user_id", "month_start").agg(share(known, F.count("*")).alias("known_context_share"))
