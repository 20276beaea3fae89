"""Gold: genre_clusters."""

from __future__ import annotations

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from models.genre_clusters import FEATURES, RULE, SOUND, cluster_genres, pairs_in_sessions
from schemas.columns import AUDIO_FEATURE_NAMES, BASIS, CENTRE, FIT_FIGURES, GENRE, GENRE_FAMILY, IS_SIMULATED, SUMMARY
from schemas.declaration import Expectation, Lookup, Model, table
from transformations.bases import BASES, LEAST_FEATURE_SHARE, exact, measured_time, on_each_basis, share
from transformations.exclusions import kept

_GROUP = ["is_simulated", "basis"]
_TOLD = (
    "genre",
    "genre_cluster_id",
    "genre_cluster_name",
    "centroid_distance",
    "k",
    "silhouette",
    "stability",
    "null_silhouette",
    "fitted_genres",
    "reason",
)


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {IS_SIMULATED},
        {BASIS},
        {GENRE},
        {GENRE_FAMILY},
        genre_cluster_id INT NOT NULL COMMENT 'Genre cluster, from 1, the most listened to first; 0 for none',
        genre_cluster_name STRING COMMENT 'Its most listened genres',
        centroid_distance DOUBLE COMMENT 'Distance to the centroid, in standardised units',
        genre_listener_count BIGINT NOT NULL COMMENT 'Listeners who played the genre',
        genre_time   DOUBLE NOT NULL COMMENT 'Listening time split among the genres of each track, in milliseconds',
        genre_plays  DOUBLE NOT NULL COMMENT 'Counted plays split among the genres of each track',
        genre_time_share DOUBLE COMMENT 'Share of the listening time of known genre, 0-1',
        {SUMMARY},
        {CENTRE},
        {FIT_FIGURES},
        fitted_genres INT NOT NULL COMMENT 'Genres that the clusters were fitted on',
        reason       STRING COMMENT 'Why a value is null'
    """,
    primary_key=("is_simulated", "basis", "genre"),
    expectations={
        "clusters_are_numbered": Expectation("genre_cluster_id BETWEEN 0 AND k"),
        "named_or_explained": Expectation("(genre_cluster_name IS NULL) = (reason IS NOT NULL)"),
        "shares_in_range": Expectation("genre_time_share BETWEEN 0 AND 1 AND measured_share BETWEEN 0 AND 1"),
    },
    lookups={
        "track_genres": Lookup(by=("track_id",), reads=("genre", "genre_weight", "genre_family")),
        "track_features": Lookup(by=("track_id",), reads=("basis", "feature_source", *AUDIO_FEATURE_NAMES)),
    },
    is_settled=True,
    model=Model("genre clusters", FEATURES, RULE.seed, fitted="fitted_genres", by=("is_simulated", "basis")),
)
def genre_clusters(
    listening_with_features: DataFrame, track_genres: DataFrame, track_features: DataFrame, coverage: DataFrame
) -> DataFrame:
    """Genres grouped by who plays them together (a third) and how they sound (two thirds), over all listeners.

    Fitted on whole weeks, invented listeners apart from real ones. Sound is the mean over the genre's tracks, a track
    split among its genres, null where less than 60 % of them have features on the basis. Rules: docs/analytics.md.
    """
    plays = kept(listening_with_features).where(F.col("is_counted") & F.col("track_id").isNotNull())
    genres = _genres(plays, track_genres, track_features)
    # NaN, which pandas reads as missing: a null inside a cogrouped frame makes Sail 0.7 fail.
    sound = [F.coalesce(F.col(name), F.lit(float("nan"))).alias(name) for name in SOUND]
    points = genres.select(*_GROUP, "genre", "genre_plays", "genre_time", *sound)
    types = {column.name: column.type for column in genre_clusters.columns}
    schema = ", ".join(f"{name} {types[name]}" for name in (*_GROUP, *_TOLD))
    pairs = _pairs(plays, track_genres)
    clusters = points.groupBy(*_GROUP).cogroup(pairs.groupBy(*_GROUP)).applyInPandas(_cluster, schema)
    covered = coverage.groupBy("is_simulated").agg(F.avg(F.col("is_covered").cast("double")).alias("coverage"))
    totals = genres.groupBy(*_GROUP).agg(F.sum("exact_time").alias("all_time"))
    return (
        genres.join(clusters, on=[*_GROUP, "genre"], how="inner")
        .join(totals, on=_GROUP, how="inner")
        .join(covered, on="is_simulated", how="left")
        .withColumn("genre_time_share", share(F.col("exact_time"), F.col("all_time")))
        .select(*genre_clusters.column_names)
    )


def _genres(plays: DataFrame, track_genres: DataFrame, track_features: DataFrame) -> DataFrame:
    """A row a genre and basis: its listening, and how its tracks sound, each counted once and split by its genres."""
    heard = plays.groupBy("is_simulated", "user_id", "track_id").agg(
        F.count("*").alias("play_count"), F.sum("listened_ms").alias("listened_ms")
    )
    of_genres = on_each_basis(heard, track_features).join(track_genres, on="track_id", how="inner")
    weight, listened = exact(F.col("genre_weight")), F.col("listened_ms")
    is_known = F.col("energy").isNotNull() & F.col("valence").isNotNull()
    place = [*_GROUP, "genre", "genre_family"]
    sums = of_genres.groupBy(*place).agg(
        F.count_distinct("user_id").alias("genre_listener_count"),
        F.sum("play_count").alias("play_count"),
        F.sum("listened_ms").alias("listened_ms"),
        share(F.sum(measured_time()), F.sum("listened_ms")).alias("measured_share"),
        F.sum(weight * F.col("play_count")).cast("double").alias("genre_plays"),
        F.sum(weight * listened).alias("exact_time"),
        share(F.sum(F.when(is_known, weight)), F.sum(weight)).alias("known_share"),
        *(share(_sum_of(name, weight), F.sum(F.when(F.col(name).isNotNull(), weight))).alias(name) for name in SOUND),
    )
    has_sound = F.coalesce(F.col("known_share") >= LEAST_FEATURE_SHARE, F.lit(False))
    means = {name: F.when(has_sound, F.col(name)) for name in SOUND}
    return sums.withColumns({**means, "genre_time": F.col("exact_time").cast("double")})


def _sum_of(feature: str, weight: Column) -> Column:
    return F.sum((F.col(feature) * weight.cast("double")).cast("decimal(18, 12)"))


def _pairs(plays: DataFrame, track_genres: DataFrame) -> DataFrame:
    """How often each listener plays two genres in one session, the same on both bases."""
    sessions = (
        plays.join(track_genres, on="track_id", how="inner")
        .groupBy("is_simulated", "user_id", "session_id", "genre")
        .agg(F.sum(exact(F.col("genre_weight"))).cast("double").alias("plays"))
    )
    schema = "is_simulated BOOLEAN, user_id STRING, genre STRING, other_genre STRING, together DOUBLE"
    pairs = sessions.groupBy("user_id").applyInPandas(_pairs_of_listener, schema)
    return pairs.withColumn("basis", F.explode(F.array(*(F.lit(basis) for basis in BASES))))


def _pairs_of_listener(sessions: pd.DataFrame) -> pd.DataFrame:
    same = {name: sessions[name].iloc[0] for name in ("is_simulated", "user_id")}
    pairs = pairs_in_sessions(sessions).assign(**same)
    return pairs[["is_simulated", "user_id", "genre", "other_genre", "together"]]


def _cluster(genres: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """The genre clusters of one basis, of invented listeners or of real ones."""
    if genres.empty:
        return pd.DataFrame(columns=[*_GROUP, *_TOLD])
    same = {name: genres[name].iloc[0] for name in _GROUP}
    return cluster_genres(genres, pairs).assign(**same)[[*_GROUP, *_TOLD]]
