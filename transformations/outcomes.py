"""What became of suggestions, as the next ones read it."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from models.recommendations.outcomes import BLOCKING, SUGGESTED, TAKEN, blocked_from
from transformations.ranking import first_of_each


def holding(outcomes: DataFrame) -> DataFrame:
    """Of the rows of each suggestion the newest; of one instant what became of it, over that it was made."""
    key = ["user_id", "basis", "suggested_date", "recording_id"]
    is_known = (F.col("outcome") != SUGGESTED).cast("int")
    return first_of_each(outcomes, key, F.col("recorded_at").desc(), is_known.desc(), F.col("outcome").desc())


def blocked(outcomes: DataFrame, as_of: date) -> DataFrame:
    """user_id, basis and recording_id of what was refused, or saved, so lately that it is not suggested again."""
    refused = F.col("outcome").isin(*BLOCKING) & (F.col("outcome_date") >= F.lit(blocked_from(as_of)))
    return holding(outcomes).where(refused).select("user_id", "basis", "recording_id").distinct()


def known_by_source(outcomes: DataFrame, verdicts: DataFrame) -> DataFrame:
    """What a list needs to know, with nothing null: user_id, basis, served_by, suggestion_source and two counts.

    A row for the verdict of the evaluation (suggestion_source empty), and a row a source of the model (served_by
    empty): suggestions with an outcome, and those of them that were taken.
    """
    known = holding(outcomes).where((F.col("outcome") != SUGGESTED) & (F.col("served_by") == "model"))
    sums = known.groupBy("user_id", "basis", F.lit("").alias("served_by"), "suggestion_source").agg(
        F.count("*").alias("known_count"), F.count_if(F.col("outcome").isin(*TAKEN)).alias("taken_count")
    )
    none = F.lit(0).cast("bigint")
    said = verdicts.select(
        "user_id",
        "basis",
        F.concat("served_by", F.lit("")).alias("served_by"),
        F.lit("").alias("suggestion_source"),
        none.alias("known_count"),
        none.alias("taken_count"),
    )
    return said.unionByName(
        sums.select(
            *("user_id", "basis", "served_by"),
            # Put together anew, since Sail 0.7 makes no union of a column with a comment and one without.
            F.concat("suggestion_source", F.lit("")).alias("suggestion_source"),
            *("known_count", "taken_count"),
        )
    )
