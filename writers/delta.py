"""The three ways a table of rows is written by the engine: insert what is new, replace all, replace months."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import stamina
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from schemas.declaration import MONTH_COLUMN, Table
from schemas.lake import Lake
from writers.creation import ensure_table

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

# How the engines and delta-rs say that another writer committed first; the loser has changed nothing.
_CONFLICTS = (
    "Failed to commit transaction",
    "Missing commit file",
    "ConcurrentAppend",
    "ConcurrentDelete",
    "ConcurrentTransaction",
    "ConcurrentWrite",
    "MetadataChanged",
    "CommitFailed",
    "DELTA_CONCURRENT",
    "Transaction failed: ",
    "Version already exists",
)


def append_new(lake: Lake, table: Table, rows: DataFrame, order: Sequence[str] = ()) -> None:
    """Insert the rows whose key the table does not have yet; those that it has stay as they are.

    Repeats within the batch are removed first, since MERGE does not: of rows with one key, the first by `order` (then
    by all columns) is kept, so that the order of arrival changes nothing. The comparison of keys is null-safe.
    """
    ensure_table(lake, table)
    unique = _first_of_each_key(table, rows, order)
    keys = [*table.primary_key, *(name for name in table.partition_by if name not in table.primary_key)]
    condition = " AND ".join(f"present.{name} <=> arriving.{name}" for name in keys)
    view = f"new_{table.name}"

    def merge() -> None:
        unique.createOrReplaceTempView(view)
        unique.sparkSession.sql(
            f"MERGE INTO delta.`{lake.path(table)}` AS present USING {view} AS arriving ON {condition} "
            "WHEN NOT MATCHED THEN INSERT *"
        ).collect()

    retry_conflicts(merge)


def replace(lake: Lake, table: Table, rows: DataFrame) -> None:
    """Put these rows in place of all that the table holds, in one commit."""
    ensure_table(lake, table)
    ordered = rows.select(*table.column_names).coalesce(1).sortWithinPartitions(*table.primary_key)
    retry_conflicts(lambda: ordered.write.format("delta").mode("overwrite").save(lake.path(table)))


def replace_months(lake: Lake, table: Table, rows: DataFrame, months: Sequence[str]) -> None:
    """Put these rows in place of what the table holds for the given months, in one commit.

    Rows of other months are left out: Sail does not check them against the predicate, and they would double.
    """
    ensure_table(lake, table)
    if not months:
        return
    listed = ", ".join(f"'{month}'" for month in sorted(months))
    inside = (
        rows.select(*table.column_names)
        .where(F.col(MONTH_COLUMN).isin(*months))
        .repartition(1)
        .sortWithinPartitions(MONTH_COLUMN, *table.primary_key)
    )
    retry_conflicts(
        lambda: (
            inside.write.format("delta")
            .mode("overwrite")
            .option("replaceWhere", f"{MONTH_COLUMN} IN ({listed})")
            .save(lake.path(table))
        )
    )


def retry_conflicts(write: Callable[[], T]) -> T:
    """Run a write, and again on a fresh read of the table when another writer committed first."""
    for attempt in stamina.retry_context(
        on=_is_conflict, attempts=12, timeout=120, wait_initial=0.05, wait_max=3.0, wait_jitter=0.5
    ):
        with attempt:
            return write()
    raise AssertionError("stamina ends with a result or an error")


def _is_conflict(error: Exception) -> bool:
    return any(sign in str(error) for sign in _CONFLICTS)


def _first_of_each_key(table: Table, rows: DataFrame, order: Sequence[str]) -> DataFrame:
    """One row a key. Only keys that repeat are sorted: sorting all rows would cost memory for nothing."""
    keys = list(table.primary_key)
    # The key is among them, though equal within a window: Spark wants an order where a table is nothing but its key.
    tie_breakers = [name for name in table.column_names if name not in order]
    wanted = rows.select(*table.column_names)
    repeated = wanted.groupBy(*keys).count().where(F.col("count") > 1).drop("count")
    ranked = wanted.join(repeated, on=keys, how="left_semi").withColumn(
        "_rank", F.row_number().over(Window.partitionBy(*keys).orderBy(*order, *tie_breakers))
    )
    first = ranked.where(F.col("_rank") == 1).select(*table.column_names)
    return wanted.join(repeated, on=keys, how="left_anti").select(*table.column_names).unionByName(first)
