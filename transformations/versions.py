"""Slowly changing tables, type 2: from snapshots of a collection to the times at which each of its items held."""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from transformations.ranking import first_of_each

# The columns that every versioned table ends in.
VALIDITY = """
    valid_from TIMESTAMP NOT NULL COMMENT 'Snapshot that first showed the row so (UTC)',
    valid_to   TIMESTAMP COMMENT 'First later snapshot that no longer did (UTC); null while current',
    is_current BOOLEAN NOT NULL COMMENT 'Whether the newest snapshot shows the row so'
"""

_SERIES = ("user_id", "collection", "part")


def numbered(snapshots: DataFrame, collection: str) -> DataFrame:
    """The readable snapshots of a collection, numbered in time within listener and part, with the time of the next.

    Columns: snapshot_key, user_id, collection, part, snapshot_at, next_at (null for the newest), snapshot_number. Of
    several at one time the last by key counts.
    """
    series = Window.partitionBy(*_SERIES).orderBy("snapshot_at", "snapshot_key")
    readable = snapshots.where((F.col("collection") == collection) & F.col("is_readable"))
    timed = readable.select("snapshot_key", *_SERIES, "snapshot_at").withColumn(
        "next_at", F.lead("snapshot_at").over(series)
    )
    distinct = timed.where(F.col("next_at").isNull() | (F.col("next_at") > F.col("snapshot_at")))
    return distinct.withColumn("snapshot_number", F.row_number().over(series))


def versions(
    snapshots: DataFrame,
    items: DataFrame,
    key: Iterable[str],
    compared: Iterable[str] = (),
    newest: Iterable[str] = (),
) -> DataFrame:
    """One row a stretch of consecutive snapshots that show an item (its key) with the same compared columns.

    snapshots are `numbered`; items have snapshot_key, position and the columns named. Where a snapshot shows a key
    twice, as paging can, the first holds. `newest` columns do not make a version: their last known value is given.
    Gives user_id, collection, part, the columns named, valid_from, valid_to and is_current.
    """
    key, compared, newest = list(key), list(compared), list(newest)
    once = first_of_each(items, ["snapshot_key", *key], "position")
    shown = once.select("snapshot_key", *key, *compared, *newest).join(snapshots, on="snapshot_key", how="inner")
    same = [*_SERIES, *key, *compared]
    number, place = F.col("snapshot_number"), F.row_number().over(Window.partitionBy(*same).orderBy("snapshot_number"))
    stretches = shown.withColumn("stretch", number - place).groupBy(*same, "stretch")
    is_current = F.bool_or(F.col("next_at").isNull())
    return stretches.agg(
        *(_last_known(name) for name in newest),
        F.min("snapshot_at").alias("valid_from"),
        F.when(~is_current, F.max("next_at")).alias("valid_to"),
        is_current.alias("is_current"),
    ).drop("stretch")


def _last_known(name: str) -> Column:
    return F.max_by(name, F.when(F.col(name).isNotNull(), F.col("snapshot_number"))).alias(name)
