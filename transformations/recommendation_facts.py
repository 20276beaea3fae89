"""What the sources of recommendations know of tracks, in one frame of one shape for each listener."""

from __future__ import annotations

from datetime import date, timedelta
from functools import reduce

import pandas as pd
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from models.recommendations.listeners import shared_taste
from models.recommendations.rules import BLOCK_DAYS, HELD_OUT, NOW
from transformations.bases import on_each_basis
from transformations.genre_parts import main_genres

FEATURES = ("valence", "energy", "danceability", "acousticness", "instrumentalness", "tempo")
_TEXTS = (
    "kind", "basis", "fit", "recording_id", "track_id", "track_name", "artist_name", "album_name", "album_id", "genre",
    "cluster_name",
)  # fmt: skip
_NUMBERS = ("strength", *FEATURES)
GENRE_TRACKS = 200  # the most popular of each genre of the catalogue


def facts_of(
    listening: DataFrame,
    track_features: DataFrame,
    track_moods: DataFrame,
    track_genres: DataFrame,
    tracks: DataFrame,
    recordings: DataFrame,
    albums: DataFrame,
    catalogue: DataFrame,
    as_of: date,
) -> DataFrame:
    """The facts of models.recommendations.candidates for each listener, with user_id. Nothing in it is null."""
    heard = _heard(listening, main_genres(track_genres), as_of)
    own = (
        on_each_basis(heard, track_features)
        .join(
            track_moods.select("user_id", "basis", "track_id", "cluster_name"), ["user_id", "basis", "track_id"], "left"
        )
        .withColumn("kind", F.lit("track"))
    )
    known = recordings.select("track_id", F.col("recording_id").alias("known_recording"))
    recording = F.coalesce("known_recording", "track_id")
    offered = [_album_tracks(albums, tracks), _popular(catalogue)]
    listeners = listening.select("user_id").distinct()
    for_all = [
        rows.join(known, "track_id", "left").withColumn("recording_id", recording).crossJoin(listeners)
        for rows in offered
    ]
    return reduce(DataFrame.unionByName, (_shaped(part) for part in (own, *for_all, _of_others(heard, tracks))))


def _shaped(rows: DataFrame) -> DataFrame:
    """Rows with every column of a fact: empty texts and NaN where there is nothing.

    A null inside a cogrouped frame makes Sail 0.7 fail; pandas reads NaN as missing.
    """

    def column(name: str, missing: Column) -> Column:
        return (F.coalesce(F.col(name), missing) if name in rows.columns else missing).alias(name)

    # Put together anew, since Sail 0.7 makes no union of a column with a comment and one without.
    texts = [F.concat(column(name, F.lit("")), F.lit("")).alias(name) for name in _TEXTS]
    numbers = [column(name, F.lit(float("nan"))) for name in _NUMBERS]
    # Under an alias: Apache Spark would take it for the column of the plays that it is grouped beside.
    return rows.select(F.col("user_id").alias("user_id"), *texts, *numbers)


def _heard(listening: DataFrame, genres: DataFrame, as_of: date) -> DataFrame:
    """Each track of each listener with its names, its main genre and its counted plays in each fit.

    A track of which only excluded plays are known is here too, so that the listener's rules reach its artist.
    """
    is_counted = F.col("excluded_by").isNull() & F.col("is_counted")
    is_before = F.col("played_date") <= F.lit(as_of - timedelta(days=BLOCK_DAYS))
    heard = listening.groupBy("user_id", "recording_id", "track_id").agg(
        F.bool_or("is_simulated").alias("is_simulated"),
        *(F.min(name).alias(name) for name in ("track_name", "artist_name", "album_name")),
        F.count_if(is_counted).alias(NOW),
        F.count_if(is_counted & is_before).alias(HELD_OUT),
    )
    return heard.join(genres.select("track_id", "genre"), on="track_id", how="left")


def _album_tracks(albums: DataFrame, tracks: DataFrame) -> DataFrame:
    """The tracks of every album whose list is known."""
    lists = albums.where(F.col("track_ids").isNotNull()).select("album_id", "album_name", "track_ids")
    listed = lists.withColumn("track_id", F.explode(F.from_json("track_ids", "array<string>"))).drop("track_ids")
    named = listed.join(tracks.select("track_id", "track_name", "artist_name"), on="track_id", how="left")
    return named.withColumn("kind", F.lit("album"))


def _popular(catalogue: DataFrame) -> DataFrame:
    """The most popular tracks of each genre of the catalogue; popularity as strength."""
    rows = catalogue.where(F.col("track_name").isNotNull() & F.col("popularity").isNotNull())
    by_fame = Window.partitionBy("track_genre").orderBy(F.col("popularity").desc(), "track_id")
    return (
        rows.withColumn("place", F.row_number().over(by_fame))
        .where(F.col("place") <= GENRE_TRACKS)
        .select(
            *("track_id", "track_name", "album_name"),
            F.split("artists", ";").getItem(0).alias("artist_name"),
            F.col("track_genre").alias("genre"),
            F.col("popularity").cast("double").alias("strength"),
            *(F.col(name) for name in FEATURES if name != "tempo"),
            F.when(F.col("tempo") > 0, F.col("tempo")).alias("tempo"),
            F.lit("catalogue").alias("kind"),
        )
    )


def _of_others(heard: DataFrame, tracks: DataFrame) -> DataFrame:
    """What listeners of like taste play: real ones among themselves, simulated ones among themselves."""
    plays = heard.select("is_simulated", "user_id", "recording_id", NOW, HELD_OUT)
    made = "user_id STRING, fit STRING, recording_id STRING, strength DOUBLE"
    found = plays.groupBy("is_simulated").applyInPandas(_shared, made)
    # A recording is known by one of its tracks; what has no id of Spotify's cannot be looked up, nor played.
    names = tracks.select(
        F.col("track_id").alias("recording_id"), "track_id", "track_name", "artist_name", "album_name"
    )
    return found.join(names, on="recording_id", how="inner").withColumn("kind", F.lit("listeners"))


def _shared(plays: pd.DataFrame) -> pd.DataFrame:
    return shared_taste(plays.drop(columns="is_simulated"))
