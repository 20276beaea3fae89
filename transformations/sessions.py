"""Sessions: plays with no long silence between them."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

LONGEST_SESSION_S = 24 * 3600


def with_session_id(plays: DataFrame, gap_minutes: int) -> DataFrame:
    """Add session_id: listener and first start of the session that the play belongs to.

    A session ends where nothing is heard for more than `gap_minutes` between the latest end so far and the next start;
    a longer stretch without such a silence is cut every 24 hours after its start.
    """
    in_time = Window.partitionBy("user_id").orderBy("started_at", "played_at", "play_id")
    so_far = in_time.rowsBetween(Window.unboundedPreceding, -1)
    silence_s = _seconds("started_at") - F.max(_seconds("played_at")).over(so_far)
    begins = F.when(silence_s.isNull() | (silence_s > gap_minutes * 60), F.col("started_at"))
    stretch = plays.withColumn("_begins", begins).withColumn(
        "_stretch_start", F.last("_begins", ignorenulls=True).over(in_time.rowsBetween(Window.unboundedPreceding, 0))
    )
    day = F.floor((_seconds("started_at") - _seconds("_stretch_start")) / LONGEST_SESSION_S)
    return stretch.withColumn(
        "session_id",
        F.concat_ws("/", "user_id", F.date_format("_stretch_start", "yyyyMMdd'T'HHmmss"), day.cast("string")),
    ).drop("_begins", "_stretch_start")


def _seconds(column: str):  # type: ignore[no-untyped-def]
    return F.unix_millis(column) / 1000
