"""Sessions: plays with no long silence between them."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

MINUTE_MS = 60_000
LONGEST_SESSION_MS = 24 * 60 * MINUTE_MS


def with_session_id(plays: DataFrame, gap_minutes: int) -> DataFrame:
    """Add session_id: the listener, the first start of the stretch of listening, and the day within the stretch.

    A session ends where nothing is heard for more than `gap_minutes` between the latest end so far and the next start;
    a longer stretch without such a silence is cut every 24 hours after its start.
    """
    in_time = Window.partitionBy("user_id").orderBy("started_at", "played_at", "play_id")
    before, so_far = (in_time.rowsBetween(Window.unboundedPreceding, last) for last in (-1, 0))
    start_ms = F.unix_millis("started_at")
    silence_ms = start_ms - F.max(F.unix_millis("played_at")).over(before)
    begins = F.when(silence_ms.isNull() | (silence_ms > gap_minutes * MINUTE_MS), start_ms)
    # Starts only grow, so the latest beginning is the largest (`last` over nulls is many times slower on Sail).
    stretch = plays.withColumn("_begins", begins).withColumn("_stretch_ms", F.max("_begins").over(so_far))
    day = F.floor((start_ms - F.col("_stretch_ms")) / F.lit(LONGEST_SESSION_MS))
    session_id = F.concat_ws("/", "user_id", F.col("_stretch_ms").cast("string"), day.cast("string"))
    return stretch.withColumn("session_id", session_id).drop("_begins", "_stretch_ms")
