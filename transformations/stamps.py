"""Which end of a play a poll stamped: recently played gives the end, and at times the start."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

NEAR_MS = 2_500
AROUND_S = 3600
LEAST_VOTES = 2


def with_stamped_end(polls: DataFrame) -> DataFrame:
    """Add stamped_end, when the play ended by its stamp, and other_end, when it ended if that judgement is wrong.

    Of two neighbours played without a pause, the interval between the stamps is the length of the later one where ends
    are stamped, and of the earlier one where starts are. The intervals within an hour of a record vote, since another
    session may be stamped in another way; ends are believed unless two or more votes, and most of them, are for starts.
    polls: records of recently played, one row each.
    """
    in_time = Window.partitionBy("user_id").orderBy("played_at", "record_id")
    interval = F.unix_millis(F.lead("played_at").over(in_time)) - F.unix_millis("played_at")
    is_earlier = _near(interval, F.col("duration_ms"))
    is_later = _near(interval, F.lead("duration_ms").over(in_time))
    vote = F.when(is_earlier & ~is_later, 1).when(is_later & ~is_earlier, -1).otherwise(0)
    around = Window.partitionBy("user_id").orderBy(F.unix_seconds("played_at")).rangeBetween(-AROUND_S, AROUND_S)
    for_start = F.sum(F.when(F.col("_vote") == 1, 1).otherwise(0)).over(around)
    is_start = (for_start >= LEAST_VOTES) & (F.sum("_vote").over(around) > 0)
    judged = polls.withColumn("_vote", vote).withColumn("_is_start", is_start)
    length = F.make_interval(secs=(F.coalesce("duration_ms", F.lit(0)) / 1000).cast("decimal(18,6)"))
    ends = F.col("played_at"), F.col("played_at") + length
    return judged.withColumns(
        {
            "stamped_end": F.when(F.col("_is_start"), ends[1]).otherwise(ends[0]),
            "other_end": F.when(F.col("_is_start"), ends[0]).otherwise(ends[1]),
        }
    ).drop("_vote", "_is_start")


def _near(interval: Column, length: Column) -> Column:
    return F.coalesce(F.abs(interval - length) <= NEAR_MS, F.lit(False))
