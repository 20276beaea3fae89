"""Plays that the listener keeps out of the statistics."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from config.exclusions import Exclusion
from transformations.cases import case
from transformations.silver.tracks import normalised

HOUR_MS = 3_600_000


def kept(plays: DataFrame) -> DataFrame:
    """The plays that count in statistics: those that no rule excludes."""
    return plays.where(F.col("excluded_by").isNull())


def excluded_sums() -> tuple[Column, Column]:
    """What a summary says of the plays that it leaves out: how many, and their listening time."""
    is_excluded = F.col("excluded_by").isNotNull()
    return (
        F.count_if(is_excluded).alias("excluded_count"),
        F.sum(F.when(is_excluded, F.col("listened_ms")).otherwise(0)).alias("excluded_ms"),
    )


def with_exclusions(plays: DataFrame, exclusions: tuple[Exclusion, ...]) -> DataFrame:
    """Add excluded_by: the name of the first rule that holds for a play, else null.

    plays have the columns of listening_with_features, sessions and local time included.
    """
    loops = any(rule.loop_hours for rule in exclusions)
    judged = _with_loop(plays) if loops else plays
    nobody = F.lit(None).cast("string")
    name = case([(_holds(rule), rule.name) for rule in exclusions], nobody) if exclusions else nobody
    return judged.withColumn("excluded_by", name).drop("_loop_ms")


def _with_loop(plays: DataFrame) -> DataFrame:
    """Add _loop_ms: from the first start to the last end of the stretch of one recording that the play is part of."""
    in_session = Window.partitionBy("session_id").orderBy("started_at", "played_at", "play_id")
    before = plays.withColumn("_before", F.lag("recording_id").over(in_session))
    changes = F.when(F.col("_before") == F.col("recording_id"), 0).otherwise(1)
    so_far = in_session.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    stretches = before.withColumn("_changes", changes).withColumn("_stretch", F.sum("_changes").over(so_far))
    whole = Window.partitionBy("session_id", "_stretch")
    length = F.max(F.unix_millis("played_at")).over(whole) - F.min(F.unix_millis("started_at")).over(whole)
    return stretches.withColumn("_loop_ms", length).drop("_before", "_changes", "_stretch")


def _holds(rule: Exclusion) -> Column:
    """Whether all that the rule says is so; what is not known of a play does not hold."""
    day, hour = F.col("played_date"), F.col("hour_of_day")
    conditions: list[Column] = []
    if rule.user:
        conditions.append(F.col("user_id") == rule.user)
    if rule.hours:
        first, last = rule.hours
        conditions.append(hour.between(first, last) if first <= last else (hour >= first) | (hour <= last))
    if rule.days:
        conditions.append(F.col("day_of_week").isin(*rule.days))
    if rule.device:
        conditions.append(F.lower("platform").contains(rule.device.lower()))
    if rule.playlist:
        conditions.append(F.element_at(F.split("context_uri", ":"), -1) == rule.playlist)
    if rule.artist:
        conditions.append(normalised(F.col("artist_name")) == normalised(F.lit(rule.artist)))
    if rule.loop_hours:
        conditions.append(F.col("_loop_ms") > rule.loop_hours * HOUR_MS)
    if rule.first_date:
        conditions.append(day >= F.lit(rule.first_date))
    if rule.last_date:
        conditions.append(day <= F.lit(rule.last_date))
    return F.coalesce(reduce(lambda one, other: one & other, conditions), F.lit(False))
