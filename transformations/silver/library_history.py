"""Silver: library_history."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from schemas.columns import USER_ID
from schemas.declaration import Expectation, table
from transformations.versions import VALIDITY, numbered, versions


@table(
    layer="silver",
    schema=f"""
        {USER_ID},
        collection   STRING NOT NULL COMMENT 'saved_tracks, followed_artists, playlists, playlist_items or top_items',
        item_id      STRING NOT NULL COMMENT 'Spotify id of the item',
        item_name    STRING COMMENT 'Title or name of the item',
        artist_name  STRING COMMENT 'First artist of the track',
        added_at     TIMESTAMP COMMENT 'When the listener added it (UTC)',
        {VALIDITY}
    """,
    primary_key=("user_id", "collection", "item_id", "valid_from"),
    constraints={"of_the_library": "collection IN ('saved_tracks', 'followed_artists')"},
    expectations={"ends_after_it_begins": Expectation("valid_to > valid_from")},
)
def library_history(
    library_snapshots_bronze: DataFrame, saved_tracks_bronze: DataFrame, followed_artists_bronze: DataFrame
) -> DataFrame:
    """Saved tracks and followed artists through time: what was removed and added again has two rows.

    A track that was added again between two snapshots shows it by another added_at.
    """
    tracks = saved_tracks_bronze.withColumns({"item_id": F.col("track_id"), "item_name": F.col("track_name")})
    artists = followed_artists_bronze.withColumns(
        {
            "item_id": F.col("artist_id"),
            "item_name": F.col("artist_name"),
            "artist_name": F.lit(None).cast("string"),
            "added_at": F.lit(None).cast("timestamp"),
        }
    )
    made = [
        versions(
            numbered(library_snapshots_bronze, collection),
            items,
            ["item_id"],
            ["added_at"],
            ["item_name", "artist_name"],
        ).select(*library_history.column_names)
        for collection, items in (("saved_tracks", tracks), ("followed_artists", artists))
    ]
    return made[0].unionByName(made[1])
