"""Gold: mood_clusters."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from models.mood_clusters import FEATURES
from schemas.columns import BASIS, CENTRE, FIT_FIGURES, IS_SIMULATED, SUMMARY, USER_ID
from schemas.declaration import Expectation, table
from transformations.bases import exact, measured_time, on_each_basis, share
from transformations.exclusions import kept

_LISTENER = ["user_id", "basis"]


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        cluster_id   INT NOT NULL COMMENT 'Mood cluster, from 1; 0 for none',
        cluster_name STRING COMMENT 'Mood of the music, by quadrant of the valence-energy plane and what stands out',
        track_count  BIGINT NOT NULL COMMENT 'Different tracks',
        {SUMMARY},
        listened_share DOUBLE COMMENT 'Share of the listening time to all of the listener''s tracks, 0-1',
        {CENTRE},
        {FIT_FIGURES},
        fitted_tracks INT NOT NULL COMMENT 'Tracks that the clusters were fitted on',
        reason       STRING COMMENT 'Why a value is null'
    """,
    primary_key=("user_id", "basis", "cluster_id"),
    expectations={
        "shares_in_range": Expectation("listened_share BETWEEN 0 AND 1 AND measured_share BETWEEN 0 AND 1"),
        "named_or_explained": Expectation("cluster_name IS NOT NULL OR reason IS NOT NULL"),
    },
)
def mood_clusters(
    track_moods: DataFrame, listening_with_features: DataFrame, track_features: DataFrame, coverage: DataFrame
) -> DataFrame:
    """The mood clusters of each listener: centre (mean of the features of its tracks), size and share of listening.

    Cluster 0 holds the tracks that belong to none, with the reason.
    """
    counted = kept(listening_with_features).where(F.col("is_counted") & F.col("track_id").isNotNull())
    tracks = counted.groupBy("user_id", "track_id").agg(
        F.count("*").alias("play_count"), F.sum("listened_ms").alias("listened_ms")
    )
    heard = on_each_basis(tracks, track_features).join(track_moods, on=[*_LISTENER, "track_id"], how="inner")
    figures = ("k", "silhouette", "stability", "null_silhouette", "fitted_tracks")
    clusters = heard.groupBy(*_LISTENER, "is_simulated", "cluster_id", "cluster_name").agg(
        F.count("*").alias("track_count"),
        F.sum("play_count").alias("play_count"),
        F.sum("listened_ms").alias("listened_ms"),
        share(F.sum(measured_time()), F.sum("listened_ms")).alias("measured_share"),
        *(share(F.sum(exact(F.col(name))), F.count(name)).alias(name) for name in FEATURES),
        *(F.max(name).alias(name) for name in figures),
        F.max("reason").alias("reason"),
    )
    totals = clusters.groupBy(*_LISTENER).agg(F.sum("listened_ms").alias("total_ms"))
    covered = coverage.groupBy("user_id").agg(F.avg(F.col("is_covered").cast("double")).alias("coverage"))
    return (
        clusters.join(totals, on=_LISTENER, how="inner")
        .join(covered, on="user_id", how="left")
        .withColumn("listened_share", share(F.col("listened_ms"), F.col("total_ms")))
        .select(*mood_clusters.column_names)
    )
