"""Silver: coverage."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from schemas.columns import IS_SIMULATED, USER_ID
from schemas.declaration import table
from transformations.local_time import with_local_time
from transformations.silver.coverage_gaps import EXPORTS, imported_spans


@table(
    layer="silver",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        hour_at     TIMESTAMP NOT NULL COMMENT 'Start of the hour (UTC)',
        played_date DATE NOT NULL COMMENT 'Local date of the end of the play',
        hour_of_day INT NOT NULL COMMENT 'Hour of the listener''s local day, 0-23',
        time_zone   STRING NOT NULL COMMENT 'IANA zone of the listener then',
        status      STRING NOT NULL COMMENT 'observed, imported, suspected_gap or unknown',
        is_covered  BOOLEAN NOT NULL COMMENT 'Whether the hour was observed or imported',
        is_full_archive BOOLEAN NOT NULL COMMENT 'Whether an extended export, back to the first play, spans it'
    """,
    primary_key=("user_id", "hour_at"),
    constraints={"known_coverage": "status IN ('observed', 'imported', 'suspected_gap', 'unknown')"},
)
def coverage(
    listening_history_bronze: DataFrame,
    ingestion_runs_bronze: DataFrame,
    coverage_gaps: DataFrame,
    listeners: DataFrame,
    *,
    timezone: str,
) -> DataFrame:
    """What is known of each hour of a listener's history, from their first record to their last or the latest poll.

    An hour is imported when it lies inside the span of an import of an export; else it may be lost in a suspected gap;
    else it is observed when polls reached from before to after it. played_date is its local date.
    """
    polls = ingestion_runs_bronze.where(
        (F.col("source") == "recently_played") & (F.col("status") == "done") & F.col("newest_at").isNotNull()
    )
    observed = polls.groupBy("user_id").agg(F.min("oldest_at").alias("first_at"), F.max("started_at").alias("last_at"))
    gaps = coverage_gaps.select(
        "user_id", F.col("gap_start_at").alias("first_at"), F.col("gap_end_at").alias("last_at")
    )
    spans = (
        imported_spans(ingestion_runs_bronze)
        .unionByName(observed.withColumn("source", F.lit("observed")))
        .unionByName(gaps.withColumn("source", F.lit("suspected_gap")))
    )
    begins, ends = F.date_trunc("hour", "spans.first_at"), F.col("spans.last_at")
    inside = (F.col("hours.user_id") == F.col("spans.user_id")) & F.col("hours.hour_at").between(begins, ends)
    hours = _hours(listening_history_bronze, observed).alias("hours")
    known = hours.join(spans.alias("spans"), on=inside, how="left")

    def lies_in(*sources: str) -> Column:
        return F.count_if(F.col("spans.source").isin(*sources)) > 0

    status = (
        F.when(lies_in(*EXPORTS), "imported")
        .when(lies_in("suspected_gap"), "suspected_gap")
        .when(lies_in("observed"), "observed")
        .otherwise("unknown")
    )
    judged = known.groupBy(F.col("hours.user_id").alias("user_id"), F.col("hours.hour_at").alias("hour_at")).agg(
        status.alias("status"), lies_in("extended_history").alias("is_full_archive")
    )
    located = with_local_time(judged, listeners, "hour_at", timezone)
    return located.withColumns(
        {"played_date": F.col("local_date"), "is_covered": F.col("status").isin("imported", "observed")}
    ).select(*coverage.column_names)


def _hours(history: DataFrame, observed: DataFrame) -> DataFrame:
    """Every hour (UTC) of each listener, from the first record to the last, or to the latest poll."""
    records = history.groupBy("user_id").agg(F.min("played_at").alias("first_at"), F.max("played_at").alias("last_at"))
    ends = (
        records.unionByName(observed)
        .groupBy("user_id")
        .agg(F.min("first_at").alias("first_at"), F.max("last_at").alias("last_at"))
    )
    each = F.sequence(F.date_trunc("hour", "first_at"), F.date_trunc("hour", "last_at"), F.expr("INTERVAL 1 HOUR"))
    return ends.select("user_id", F.explode(each).alias("hour_at"))
