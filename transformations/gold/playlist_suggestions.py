"""Gold: playlist_suggestions."""

from __future__ import annotations

from datetime import date

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from models.playlist_care import COLUMNS, care_for
from models.playlists import FEATURES
from schemas.columns import BASIS, IS_SIMULATED, USER_ID
from schemas.declaration import Expectation, table
from transformations.bases import on_each_basis
from transformations.periods import ALL_TIME
from transformations.ranking import first_of_each
from transformations.silver.tracks import normalised

_GROUP = ["user_id", "is_simulated", "basis"]
_MADE = """
    user_id STRING, is_simulated BOOLEAN, basis STRING, playlist_id STRING, suggestion STRING, item_uri STRING,
    suggestion_rank INT, track_id STRING, track_name STRING, artist_name STRING, play_count BIGINT,
    centre_distance DOUBLE, why STRING
"""


@table(
    layer="gold",
    analytics="prescriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        playlist_id  STRING NOT NULL COMMENT 'Spotify id of the playlist',
        playlist_name STRING COMMENT 'Name of the playlist',
        suggestion   STRING NOT NULL COMMENT 'add or remove',
        item_uri     STRING NOT NULL COMMENT 'Spotify''s address of the item: track, episode or local file',
        suggestion_rank INT NOT NULL COMMENT 'Place among the suggestions of its kind for the playlist, 1 the first',
        track_id     STRING COMMENT 'Spotify id of the track',
        track_name   STRING COMMENT 'Title of the track',
        artist_name  STRING COMMENT 'First artist of the track',
        play_count   BIGINT COMMENT 'Counted plays',
        centre_distance DOUBLE COMMENT 'Distance from the median of the playlist, in standardised units',
        why          STRING NOT NULL COMMENT 'Why it is suggested, in one sentence'
    """,
    primary_key=(*("user_id", "basis", "playlist_id"), "suggestion", "item_uri"),
    expectations={
        "known_suggestion": Expectation("suggestion IN ('add', 'remove')"),
        "few_of_each": Expectation("suggestion_rank BETWEEN 1 AND 10"),
        "nothing_is_added_that_was_hardly_played": Expectation("suggestion <> 'add' OR play_count >= 3"),
    },
)
def playlist_suggestions(
    playlist_tracks: DataFrame,
    playlist_history: DataFrame,
    track_periods: DataFrame,
    track_features: DataFrame,
    recordings: DataFrame,
    *,
    as_of: date,
) -> DataFrame:
    """What to add to each own playlist and what to take from it, each with a sentence why; nothing is changed by it.

    Added: played at least three times, not on it in any edition, and nearer to its median than half of its tracks, by
    six features in units of the listener's spread; from ten tracks with features on. Removed: outliers, and what has
    stood there for 180 days without a play. At most ten of each. What is excluded from statistics is never added.
    """
    lists = playlist_history.where("is_current").where("is_own").select("user_id", "playlist_id")
    items = _items(playlist_tracks, lists, track_features, recordings, as_of)
    own = _own(track_periods, track_features)
    names = playlist_history.where("is_current").select("user_id", "playlist_id", "playlist_name")
    found = items.groupBy(*_GROUP).cogroup(own.groupBy(*_GROUP)).applyInPandas(_suggestions, _MADE)
    told = {name: F.when(F.col(name) != "", F.col(name)) for name in ("track_id", "track_name", "artist_name")}
    distance = F.when(~F.isnan("centre_distance"), F.col("centre_distance"))
    return (
        found.join(names, on=["user_id", "playlist_id"], how="left")
        .withColumns({**told, "centre_distance": distance})
        .select(*playlist_suggestions.column_names)
    )


def _items(
    playlist_tracks: DataFrame, lists: DataFrame, track_features: DataFrame, recordings: DataFrame, as_of: date
) -> DataFrame:
    """The entries of own playlists with their features, and nothing null: cogrouped frames cannot hold nulls."""
    editions = recordings.select("track_id", "recording_id")
    features = track_features.select("track_id", "basis", *FEATURES)
    return (
        playlist_tracks.join(lists, on=["user_id", "playlist_id"], how="left_semi")
        .join(editions, on="track_id", how="left")
        .join(features, on=["track_id", "basis"], how="left")
        .select(
            *_GROUP,
            "playlist_id",
            "item_uri",
            F.coalesce("track_id", F.lit("")).alias("track_id"),
            F.coalesce("recording_id", "track_id", F.lit("")).alias("recording_id"),
            *(F.coalesce(name, F.lit("")).alias(name) for name in ("track_name", "artist_name")),
            F.coalesce("play_count", F.lit(0)).cast("bigint").alias("play_count"),
            F.coalesce(F.datediff(F.lit(as_of), F.col("added_at").cast("date")), F.lit(-1)).alias("added_days"),
            _flag("is_outlier"),
            _flag("is_never_played"),
            *_numbers("centre_distance", *FEATURES),
        )
    )


def _own(track_periods: DataFrame, track_features: DataFrame) -> DataFrame:
    """Every recording that was played, by its most played edition, on each basis."""
    heard = track_periods.where((F.col("period_kind") == ALL_TIME) & F.col("track_id").isNotNull())
    best = first_of_each(heard, ["user_id", "recording_id"], F.col("play_count").desc(), "track_id")
    sums = heard.groupBy("user_id", "recording_id").agg(F.sum("play_count").alias("play_count"))
    played = (
        best.select("user_id", "is_simulated", "recording_id", "track_id", "track_name", "artist_name")
        .join(sums, on=["user_id", "recording_id"], how="inner")
        .where("play_count > 0")
    )
    return on_each_basis(played, track_features).select(
        *_GROUP,
        "recording_id",
        "track_id",
        *(F.coalesce(name, F.lit("")).alias(name) for name in ("track_name", "artist_name")),
        F.coalesce(normalised(F.col("artist_name")), F.col("track_id")).alias("artist_key"),
        "play_count",
        *_numbers(*FEATURES),
    )


def _flag(name: str) -> Column:
    """1, 0, or -1 where it is not known."""
    return F.coalesce(F.col(name).cast("int"), F.lit(-1)).alias(name)


def _numbers(*names: str) -> list[Column]:
    return [F.coalesce(name, F.lit(float("nan"))).alias(name) for name in names]


def _suggestions(items: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """Those of one listener on one basis."""
    found = care_for(items.drop(columns=_GROUP), own)
    same = {name: (items if len(items) else own)[name].iloc[0] for name in _GROUP}
    kinds = {"suggestion_rank": "int32", "play_count": "int64", "centre_distance": "float64"}
    return found.assign(**same)[[*_GROUP, *COLUMNS]].astype(kinds)
