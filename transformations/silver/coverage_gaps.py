"""Silver: coverage_gaps."""

from __future__ import annotations

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from models.gaps import COLUMNS, find_gaps
from schemas.columns import USER_ID
from schemas.declaration import Expectation, table

EXPORTS = ("extended_history", "account_data")


@table(
    layer="silver",
    schema=f"""
        {USER_ID},
        gap_start_at TIMESTAMP NOT NULL COMMENT 'End of what polls before had seen (UTC)',
        gap_end_at   TIMESTAMP NOT NULL COMMENT 'Stamp of the oldest play that the poll after was offered (UTC)',
        found_at     TIMESTAMP NOT NULL COMMENT 'When the poll was made that found the gap (UTC)',
        is_closed    BOOLEAN NOT NULL COMMENT 'Whether an export that was imported spans the gap'
    """,
    primary_key=("user_id", "found_at"),
    expectations={"ends_after_it_starts": Expectation("gap_start_at < gap_end_at")},
)
def coverage_gaps(ingestion_runs_bronze: DataFrame) -> DataFrame:
    """Where plays may be lost: a poll that was offered all that Spotify shows, none of it known from polls before.

    An import of an export that spans a gap closes it.
    """
    polls = ingestion_runs_bronze.where(
        (F.col("source") == "recently_played") & (F.col("status") == "done") & F.col("newest_at").isNotNull()
    ).select("user_id", "started_at", "oldest_at", "newest_at", "is_full")
    columns = ", ".join(f"{name} TIMESTAMP" for name in COLUMNS)
    gaps = polls.groupBy("user_id").applyInPandas(_gaps, f"user_id STRING, {columns}").alias("gaps")
    spans = imported_spans(ingestion_runs_bronze).alias("spans")
    inside = (
        (F.col("gaps.user_id") == F.col("spans.user_id"))
        & (F.col("gaps.gap_start_at") >= F.col("spans.first_at"))
        & (F.col("gaps.gap_end_at") <= F.col("spans.last_at"))
    )
    closed = gaps.join(spans, on=inside, how="left").groupBy(*(F.col(f"gaps.{name}") for name in ("user_id", *COLUMNS)))
    return closed.agg((F.count("spans.source") > 0).alias("is_closed")).select(*coverage_gaps.column_names)


def imported_spans(runs: DataFrame) -> DataFrame:
    """From the first to the last play of each import of an export: user_id, source, first_at, last_at."""
    imports = runs.where(F.col("source").isin(*EXPORTS) & F.col("newest_at").isNotNull())
    return imports.select(
        "user_id", "source", F.col("oldest_at").alias("first_at"), F.col("newest_at").alias("last_at")
    )


def _gaps(polls: pd.DataFrame) -> pd.DataFrame:
    return find_gaps(polls).assign(user_id=polls["user_id"].iloc[0])[["user_id", *COLUMNS]]
