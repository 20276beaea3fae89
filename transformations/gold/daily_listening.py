"""Gold: daily_listening."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from schemas.columns import BASIS, EXCLUDED, IS_SIMULATED, MEASURED_MS, STARTS, SUMMARY, USER_ID
from schemas.declaration import Expectation, table
from transformations.bases import BASES, listening_sums, mean_or_null, on_each_basis, share, too_little
from transformations.exclusions import excluded_sums, kept

_KEY = ("user_id", "is_simulated", "basis", "played_date")


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        played_date  DATE NOT NULL COMMENT 'Local date of the end of the play',
        {STARTS},
        {SUMMARY},
        {EXCLUDED},
        {MEASURED_MS},
        artist_count BIGINT NOT NULL COMMENT 'Different artists',
        recording_count BIGINT NOT NULL COMMENT 'Different recordings',
        mean_valence DOUBLE COMMENT 'Time-weighted mean valence, 0-1; null where too little has features',
        mean_energy  DOUBLE COMMENT 'Time-weighted mean energy, 0-1; null where too little has features',
        reason       STRING COMMENT 'Why a value is null'
    """,
    primary_key=("user_id", "basis", "played_date"),
    expectations={
        "plays_are_starts": Expectation("play_count <= start_count"),
        "measured_within_listened": Expectation("measured_ms <= listened_ms"),
        "shares_in_range": Expectation("measured_share BETWEEN 0 AND 1 AND coverage BETWEEN 0 AND 1"),
    },
)
def daily_listening(listening_with_features: DataFrame, track_features: DataFrame, coverage: DataFrame) -> DataFrame:
    """A row a listener, basis and local day of their history, days without music included."""
    listening = on_each_basis(kept(listening_with_features), track_features)
    sounding = listening.groupBy(*_KEY).agg(*listening_sums().values())
    # What is the same on both bases is counted once.
    is_kept = F.col("excluded_by").isNull()
    is_measured = is_kept & (F.col("time_source") == "measured")
    heard = listening_with_features.groupBy(*(name for name in _KEY if name != "basis")).agg(
        F.sum(F.when(is_measured, F.col("listened_ms")).otherwise(0)).alias("measured_ms"),
        F.count_distinct(F.when(is_kept, F.col("artist_name"))).alias("artist_count"),
        F.count_distinct(F.when(is_kept, F.col("recording_id"))).alias("recording_count"),
        *excluded_sums(),
    )
    known = coverage.groupBy("user_id", "is_simulated", "played_date").agg(
        F.avg(F.col("is_covered").cast("double")).alias("coverage")
    )
    days = known.join(heard, on=["user_id", "is_simulated", "played_date"], how="full").withColumn(
        "basis", F.explode(F.array(*(F.lit(basis) for basis in BASES)))
    )
    counts = [column.name for column in daily_listening.columns if column.type == "BIGINT"]
    joined = days.join(sounding, on=list(_KEY), how="left").fillna(0, subset=counts)
    listened = F.col("listened_ms")
    return joined.withColumns(
        {
            "measured_share": share(F.col("measured_feature_ms"), listened),
            "mean_valence": mean_or_null(F.col("valence_ms"), F.col("feature_ms"), listened),
            "mean_energy": mean_or_null(F.col("energy_ms"), F.col("feature_ms"), listened),
            "reason": F.when(listened == 0, "nothing was listened to").otherwise(
                too_little(F.col("feature_ms"), listened, F.col("basis"))
            ),
        }
    ).select(*daily_listening.column_names)
