"""The families that a track's genres belong to, each with its part of the track, as one text beside the track.

A text can be grouped by: plays are added up by track or by text first, and only sums are split.
"""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from transformations.genres import UNKNOWN
from transformations.ranking import first_of_each

PLACES = 9  # decimal places of a part
WHOLE = f"{UNKNOWN}:1.{'0' * PLACES}"


def with_genre_parts(rows: DataFrame, track_genres: DataFrame) -> DataFrame:
    """Add genre_parts, such as `pop:0.250000000|rock:0.750000000`, to rows that have a track_id.

    Families in order of their names; the parts of a track add up to exactly 1. Without a genre it is all unknown.
    """
    parts = _family_parts(track_genres)
    text = F.concat(F.col("genre_family"), F.lit(":"), F.col("part").cast("string"))
    texts = parts.groupBy("track_id").agg(F.array_join(F.array_sort(F.collect_list(text)), "|").alias("genre_parts"))
    return rows.join(texts, on="track_id", how="left").withColumn(
        "genre_parts", F.coalesce("genre_parts", F.lit(WHOLE))
    )


def split_by_genre(rows: DataFrame) -> DataFrame:
    """Each row once for every family of its genre_parts, with genre_family and part, an exact decimal."""
    each = rows.withColumn("_one", F.explode(F.split("genre_parts", "\\|")))
    sides = F.split("_one", ":")
    return each.withColumns(
        {"genre_family": F.element_at(sides, 1), "part": F.element_at(sides, 2).cast(f"decimal(10, {PLACES})")}
    ).drop("_one", "genre_parts")


def main_genres(track_genres: DataFrame) -> DataFrame:
    """The genre with the largest part of each track, ties by name: track_id, genre, genre_family."""
    weight = F.round("genre_weight", PLACES)
    return first_of_each(track_genres, ["track_id"], weight.desc(), "genre").select("track_id", "genre", "genre_family")


def _family_parts(track_genres: DataFrame) -> DataFrame:
    """track_id, genre_family and part: what the weights before a family add up to, taken from what they do with it."""
    weights = track_genres.groupBy("track_id", "genre_family").agg(F.sum("genre_weight").alias("weight"))
    track = Window.partitionBy("track_id")
    by_name = track.orderBy("genre_family")
    so_far = F.sum("weight").over(by_name.rowsBetween(Window.unboundedPreceding, Window.currentRow))
    is_last = F.row_number().over(by_name) == F.count("*").over(track)
    placed = weights.withColumns({"so_far": so_far, "is_last": is_last})
    until = F.when(F.col("is_last"), F.lit(1.0)).otherwise(F.col("so_far")).cast(f"decimal(10, {PLACES})")
    ended = placed.withColumn("until", until)
    part = F.col("until") - F.coalesce(F.lag("until").over(by_name), F.lit(0).cast(f"decimal(10, {PLACES})"))
    return ended.withColumn("part", part.cast(f"decimal(10, {PLACES})")).where(F.col("part") > 0)
