"""Gold: playlist_tracks."""

from __future__ import annotations

from datetime import date

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from models.playlists import FEATURES, playlist_distances
from schemas.columns import BASIS, GENRE, GENRE_FAMILY, IS_SIMULATED, USER_ID
from schemas.declaration import Expectation, table
from transformations.bases import MEASURED, on_each_basis
from transformations.genre_parts import main_genres
from transformations.library import played_recordings, simulated_listeners

_NO_TRACK = "not a track of Spotify's: a local file or an episode"
_KEY = ("user_id", "basis", "playlist_id", "item_uri", "occurrence")


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        playlist_id  STRING NOT NULL COMMENT 'Spotify id of the playlist',
        playlist_name STRING COMMENT 'Name of the playlist',
        item_uri     STRING NOT NULL COMMENT 'Spotify''s address of the item: track, episode or local file',
        occurrence   INT NOT NULL COMMENT '1 for the copy of the item that was added first, 2 for the next',
        track_id     STRING COMMENT 'Spotify id of the track',
        track_name   STRING COMMENT 'Title of the track',
        artist_name  STRING COMMENT 'First artist of the track',
        added_at     TIMESTAMP COMMENT 'When the listener added it (UTC)',
        play_count   BIGINT COMMENT 'Counted plays',
        listened_ms  BIGINT COMMENT 'Time listened, measured or estimated, in milliseconds',
        is_never_played BOOLEAN COMMENT 'Whether no edition of its recording has a counted play',
        last_played_date DATE COMMENT 'Local date of the last counted play of its recording',
        {GENRE.replace(" NOT NULL", "")},
        {GENRE_FAMILY.replace(" NOT NULL", "")},
        cluster_name STRING COMMENT 'Mood of the music, by quadrant of the valence-energy plane and what stands out',
        feature_source STRING COMMENT 'real, synthetic or kaggle: where the audio features come from',
        centre_distance DOUBLE COMMENT 'Distance from the median of the playlist, in standardised units',
        is_outlier   BOOLEAN COMMENT 'Whether it lies further from the centre than nearly all of the playlist',
        reason       STRING COMMENT 'Why a value is null'
    """,
    primary_key=_KEY,
    expectations={
        "told_or_explained": Expectation("(is_outlier IS NULL) = (reason IS NOT NULL)"),
        "never_played_means_no_play": Expectation("is_never_played = (play_count = 0)"),
        "distance_is_not_negative": Expectation("centre_distance >= 0"),
    },
)
def playlist_tracks(
    playlist_items_history: DataFrame,
    playlist_history: DataFrame,
    first_hearings: DataFrame,
    track_periods: DataFrame,
    recordings: DataFrame,
    track_features: DataFrame,
    track_moods: DataFrame,
    track_genres: DataFrame,
    listeners: DataFrame,
    *,
    as_of: date,
) -> DataFrame:
    """Every item that is on a playlist now: how often its recording was played, and how it fits the playlist.

    An outlier lies further from the playlist's median than the median of these distances and three robust standard
    deviations (1.4826 MAD), and half as far again as that median, in a playlist of at least 10 tracks with features;
    each of six features is divided by its spread over the listener's own tracks. Plays are of every edition, all of
    the listener's, from anywhere.
    """
    current = playlist_items_history.where("is_current").drop("valid_from", "valid_to", "is_current")
    names = playlist_history.where("is_current").select("user_id", "playlist_id", "playlist_name")
    played = played_recordings(track_periods, as_of)
    described = (
        current.join(names, on=["user_id", "playlist_id"], how="left")
        .join(recordings.select("track_id", "recording_id"), on="track_id", how="left")
        .withColumn("recording_id", F.coalesce("recording_id", "track_id"))
        .join(played, on=["user_id", "recording_id"], how="left")
        .join(main_genres(track_genres), on="track_id", how="left")
        .join(simulated_listeners(listeners), on="user_id", how="left")
        .withColumn("is_simulated", F.coalesce("is_simulated", F.lit(False)))
    )
    items = on_each_basis(described, track_features)
    moods = track_moods.select("user_id", "basis", "track_id", "cluster_name")
    fits = _fits(items, on_each_basis(first_hearings, track_features))
    is_track, none = F.col("track_id").isNotNull(), F.lit(0).cast("bigint")
    return (
        items.join(moods, on=["user_id", "basis", "track_id"], how="left")
        .join(fits, on=list(_KEY), how="inner")
        .withColumns(
            {
                "play_count": F.when(is_track, F.coalesce("play_count", none)),
                "listened_ms": F.when(is_track, F.coalesce("listened_ms", none)),
                "is_never_played": F.when(is_track, F.coalesce("play_count", none) == 0),
                "last_played_date": F.col("last_date"),
                "reason": _reason(is_track),
            }
        )
        .select(*playlist_tracks.column_names)
    )


def _reason(is_track: Column) -> Column:
    """On basis measured it is measured features that are missing."""
    measured = F.regexp_replace("reason", "audio features", "measured audio features")
    said = F.when(F.col("basis") == MEASURED, measured).otherwise(F.col("reason"))
    return F.when(F.col("reason").isNotNull() & ~is_track, _NO_TRACK).otherwise(said)


def _fits(items: DataFrame, own: DataFrame) -> DataFrame:
    """Distance, outlier and reason of each item."""
    # NaN, which pandas reads as missing: a null inside a cogrouped frame makes Sail 0.7 fail.
    numbers = [F.coalesce(name, F.lit(float("nan"))).alias(name) for name in FEATURES]
    group = ["user_id", "basis"]
    left = items.select(*_KEY, F.coalesce("track_id", "item_uri").alias("track_id"), *numbers).groupBy(*group)
    right = own.select(*group, "track_id", *numbers).groupBy(*group)
    key = "user_id STRING, basis STRING, playlist_id STRING, item_uri STRING, occurrence INT"
    made = f"{key}, centre_distance DOUBLE, is_outlier BOOLEAN, reason STRING"
    return left.cogroup(right).applyInPandas(_distances, made)


def _distances(items: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """The items of one listener's playlists on one basis."""
    ordered = items.sort_values(list(_KEY), ignore_index=True)
    return pd.concat([ordered[list(_KEY)], playlist_distances(ordered, own)], axis=1)
