"""The three ways a table of rows is written by the engine: insert what is new, replace all, replace months."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_
from uuid import uuid4

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from schemas.declaration import MONTH_COLUMN, Table
from schemas.lake import Lake
from writers.conflicts import retry_conflicts
from writers.creation import ensure_table


def append_new(lake: Lake, table: Table, rows: DataFrame, order: Sequence[str] = ()) -> None:
    """Insert the rows whose key the table does not have yet; those that it has stay as they are.

    Repeats within the batch are removed first, since MERGE does not: of rows with one key, the first by `order` (then
    by all columns) is kept, so that the order of arrival changes nothing. The comparison of keys is null-safe.
    """
    ensure_table(lake, table)
    unique = _not_there_yet(lake, table, _first_of_each_key(table, rows, order))
    keys = [*table.primary_key, *(name for name in table.partition_by if name not in table.primary_key)]
    condition = " AND ".join(f"present.{name} <=> arriving.{name}" for name in keys)
    if unique.isEmpty():
        return
    spark, view = unique.sparkSession, f"new_{uuid4().hex}"

    def merge() -> None:
        spark.sql(
            f"MERGE INTO delta.`{lake.path(table)}` AS present USING {view} AS arriving ON {condition} "
            "WHEN NOT MATCHED THEN INSERT *"
        ).collect()

    unique.createOrReplaceTempView(view)
    try:
        retry_conflicts(merge)
    finally:
        spark.catalog.dropTempView(view)


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


def _not_there_yet(lake: Lake, table: Table, rows: DataFrame) -> DataFrame:
    """Leave out what the table has already: the merge would pass over it too, but hold it in memory."""
    there = rows.sparkSession.read.format("delta").load(lake.path(table))
    keys = there.select(*(F.col(key).alias(f"_{key}") for key in table.primary_key))
    return rows.join(keys, on=_same_key(table), how="left_anti").select(*table.column_names)


def _same_key(table: Table) -> Column:
    """Rows of the table against keys under names with an underscore before them; null equals null."""
    return reduce(and_, (F.col(key).eqNullSafe(F.col(f"_{key}")) for key in table.primary_key))


def _first_of_each_key(table: Table, rows: DataFrame, order: Sequence[str]) -> DataFrame:
    """One row a key. Only keys that repeat are sorted: sorting all rows would cost memory for nothing."""
    keys = list(table.primary_key)
    tie_breakers = [name for name in table.column_names if name not in order]  # the key too: a table may be no more
    wanted = rows.select(*table.column_names)
    repeated = wanted.groupBy(*keys).count().where(F.col("count") > 1).select(*(F.col(k).alias(f"_{k}") for k in keys))
    ranked = wanted.join(repeated, on=_same_key(table), how="left_semi").withColumn(
        "_rank", F.row_number().over(Window.partitionBy(*keys).orderBy(*order, *tie_breakers))
    )
    first = ranked.where(F.col("_rank") == 1).select(*table.column_names)
    return wanted.join(repeated, on=_same_key(table), how="left_anti").select(*table.column_names).unionByName(first)
