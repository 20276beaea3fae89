"""Silver: playlist_items_history."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from schemas.columns import USER_ID
from schemas.declaration import Expectation, table
from transformations.versions import VALIDITY, numbered, versions


@table(
    layer="silver",
    schema=f"""
        {USER_ID},
        playlist_id  STRING NOT NULL COMMENT 'Spotify id of the playlist',
        item_uri     STRING NOT NULL COMMENT 'Spotify''s address of the item: track, episode or local file',
        occurrence   INT NOT NULL COMMENT '1 for the copy of the item that was added first, 2 for the next',
        track_id     STRING COMMENT 'Spotify id of the track',
        track_name   STRING COMMENT 'Title of the track',
        artist_name  STRING COMMENT 'First artist of the track',
        added_at     TIMESTAMP COMMENT 'When the listener added it (UTC)',
        {VALIDITY}
    """,
    primary_key=("user_id", "playlist_id", "item_uri", "occurrence", "valid_from"),
    expectations={"ends_after_it_begins": Expectation("valid_to > valid_from")},
)
def playlist_items_history(
    library_snapshots_bronze: DataFrame, playlist_items_bronze: DataFrame, playlists_bronze: DataFrame
) -> DataFrame:
    """What was on each playlist, through time. Snapshots that Spotify would not show say nothing.

    Items end when a snapshot no longer has them, or when the playlist leaves the listener's list; they go on when it
    comes back.
    """
    # Counted by age and not by place, so that a moved copy stays the same copy.
    copies = Window.partitionBy("snapshot_key", "item_uri").orderBy(F.col("added_at").asc_nulls_first(), "position")
    items = playlist_items_bronze.withColumn("occurrence", F.row_number().over(copies))
    shown = versions(
        numbered(library_snapshots_bronze, "playlist_items"),
        items,
        ["playlist_id", "item_uri", "occurrence"],
        ["added_at"],
        ["track_id", "track_name", "artist_name"],
    )
    return _while_listed(shown, library_snapshots_bronze, playlists_bronze).select(*playlist_items_history.column_names)


def _while_listed(shown: DataFrame, snapshots: DataFrame, playlists: DataFrame) -> DataFrame:
    """The parts of each version during which its playlist was on the listener's list.

    Before a playlist is first listed it is taken as listed, since its items may be read a moment earlier; so is one
    that no snapshot of the list has.
    """
    listed = versions(numbered(snapshots, "playlists"), playlists, ["playlist_id"])
    first = F.row_number().over(Window.partitionBy("user_id", "playlist_id").orderBy("valid_from")) == 1
    stretches = listed.select(
        "user_id",
        "playlist_id",
        F.when(~first, F.col("valid_from")).alias("listed_from"),
        F.col("valid_to").alias("listed_to"),
    )
    began_before_the_end = F.col("listed_to").isNull() | (F.col("valid_from") < F.col("listed_to"))
    ended_after_the_start = F.coalesce(F.col("valid_to") > F.col("listed_from"), F.lit(True))
    begin, end = F.greatest("valid_from", "listed_from"), F.least("valid_to", "listed_to")
    return (
        shown.join(stretches, on=["user_id", "playlist_id"], how="left")
        .where(began_before_the_end & ended_after_the_start)
        .withColumns({"valid_from": begin, "valid_to": end, "is_current": end.isNull()})
    )
