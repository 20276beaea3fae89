"""What several sources describe: each detail from the first of them that has it."""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

# Who is asked first for a detail of a track, album or artist.
PROVIDERS = ("spotify", "reccobeats", "file")


def first_known(rows: DataFrame, key: str, names: Iterable[str], *order: Column | str) -> DataFrame:
    """One row a key: each named column from the first row, in the given order, where it is not null."""
    place = F.row_number().over(Window.partitionBy(key).orderBy(*order))
    return (
        rows.withColumn("_place", place)
        .groupBy(key)
        .agg(*(F.min_by(name, F.when(F.col(name).isNotNull(), F.col("_place"))).alias(name) for name in names))
    )


def place_of(value: Column, order: tuple[str, ...]) -> Column:
    """The place of a value in a list of names, from 1; 0 where it is not among them."""
    return F.array_position(F.array(*(F.lit(name) for name in order)), value).cast("int")


def newest_first() -> tuple[Column, Column, Column]:
    """The order of the rows of a catalogue table: by provider, then the newest revision, then by hash."""
    return place_of(F.col("provider"), PROVIDERS).asc(), F.col("ingested_at").desc(), F.col("revision").asc()
