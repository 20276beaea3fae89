"""Gold: track_moods."""

from __future__ import annotations

from datetime import date

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from models.mood_clusters import FEATURES, RULE, cluster_moods
from schemas.columns import BASIS, FIT_FIGURES, IS_SIMULATED, USER_ID
from schemas.declaration import Expectation, Model, table
from transformations.bases import on_each_basis


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        track_id     STRING NOT NULL COMMENT 'Spotify id of the track',
        cluster_id   INT NOT NULL COMMENT 'Mood cluster, from 1; 0 for none',
        cluster_name STRING COMMENT 'Mood of the music, by quadrant of the valence-energy plane and what stands out',
        centroid_distance DOUBLE COMMENT 'Distance to the centroid, in standardised units',
        {FIT_FIGURES},
        fitted_tracks INT NOT NULL COMMENT 'Tracks that the clusters were fitted on',
        reason       STRING COMMENT 'Why a value is null'
    """,
    primary_key=("user_id", "basis", "track_id"),
    expectations={"clusters_are_numbered": Expectation("cluster_id BETWEEN 0 AND k")},
    model=Model("mood clusters", FEATURES, RULE.seed, fitted="fitted_tracks"),
)
def track_moods(first_hearings: DataFrame, track_features: DataFrame, *, as_of_month: date) -> DataFrame:
    """The mood cluster of every track of a listener's counted plays, on each basis, and how well the clusters hold.

    Fitted on tracks first heard before the month of the build, or on all while those are few: docs/analytics.md, "Mood
    clusters". They describe the music, not the listener.
    """
    heard = first_hearings.withColumn("is_settled", F.col("first_date") < F.lit(as_of_month))
    tracks = on_each_basis(heard, track_features).select(
        "user_id", "is_simulated", "basis", "track_id", "is_settled", *FEATURES
    )
    return tracks.groupBy("user_id", "basis").applyInPandas(_cluster, track_moods.ddl)


def _cluster(tracks: pd.DataFrame) -> pd.DataFrame:
    """The clusters of one listener on one basis."""
    moods = cluster_moods(tracks[["track_id", "is_settled", *FEATURES]])
    same = {name: tracks[name].iloc[0] for name in ("user_id", "is_simulated", "basis")}
    return moods.assign(**same)[track_moods.column_names]
