"""Silver: coverage."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from schemas.columns import IS_SIMULATED, USER_ID
from schemas.declaration import table
from transformations.local_time import with_local_time

EXPORTS = ("extended_history", "account_data")


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
    listening_history_bronze: DataFrame, import_records_bronze: DataFrame, listeners: DataFrame, *, timezone: str
) -> DataFrame:
    """What is known of each hour of a listener's history, from their first record to their last.

    An hour is imported when it lies inside the span of one import of an export. played_date is its local date.
    """
    records = listening_history_bronze.select("record_id", "user_id", "source", "played_at").distinct()
    brought = import_records_bronze.join(records, on="record_id", how="inner")
    spans = (
        brought.where(F.col("source").isin(*EXPORTS))
        .groupBy("user_id", "batch_id", "source")
        .agg(F.date_trunc("hour", F.min("played_at")).alias("first"), F.max("played_at").alias("last"))
    )
    ends = records.groupBy("user_id").agg(F.min("played_at").alias("first"), F.max("played_at").alias("last"))
    every_hour = F.sequence(F.date_trunc("hour", "first"), F.date_trunc("hour", "last"), F.expr("INTERVAL 1 HOUR"))
    hours = ends.select("user_id", F.explode(every_hour).alias("hour_at")).alias("hours")
    inside = (F.col("hours.user_id") == F.col("spans.user_id")) & F.col("hours.hour_at").between(
        F.col("spans.first"), F.col("spans.last")
    )
    known = (
        hours.join(spans.alias("spans"), on=inside, how="left")
        .groupBy(F.col("hours.user_id").alias("user_id"), F.col("hours.hour_at").alias("hour_at"))
        .agg(
            (F.count("spans.source") > 0).alias("is_covered"),
            (F.count_if(F.col("spans.source") == "extended_history") > 0).alias("is_full_archive"),
        )
    )
    located = with_local_time(known, listeners, "hour_at", timezone)
    return located.withColumns(
        {"played_date": F.col("local_date"), "status": F.when(F.col("is_covered"), "imported").otherwise("unknown")}
    ).select(*coverage.column_names)
