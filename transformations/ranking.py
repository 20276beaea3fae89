"""Choosing one row of several."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F


def first_of_each(rows: DataFrame, keys: list[str], *order: Column | str) -> DataFrame:
    """Of the rows with one key, the first in the given order; the order must leave no ties that matter."""
    place = F.row_number().over(Window.partitionBy(*keys).orderBy(*order))
    return rows.withColumn("_place", place).where(F.col("_place") == 1).drop("_place")
