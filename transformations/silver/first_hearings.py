"""Silver: first_hearings."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from schemas.columns import IS_SIMULATED, USER_ID
from schemas.declaration import table
from transformations.exclusions import kept


@table(
    layer="silver",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        track_id    STRING NOT NULL COMMENT 'Spotify id of the track',
        first_date  DATE NOT NULL COMMENT 'Local date of the first counted play'
    """,
    primary_key=("user_id", "track_id"),
    references={"track_id": "tracks"},
)
def first_hearings(listening_with_features: DataFrame) -> DataFrame:
    """When each listener first heard each track. Its rows change only when something new is heard."""
    return (
        kept(listening_with_features)
        .where(F.col("is_counted") & F.col("track_id").isNotNull())
        .groupBy("user_id", "is_simulated", "track_id")
        .agg(F.min("played_date").alias("first_date"))
        .select(*first_hearings.column_names)
    )
