"""Silver: playlist_history."""

from __future__ import annotations

from pyspark.sql import DataFrame

from schemas.columns import USER_ID
from schemas.declaration import Expectation, table
from transformations.versions import VALIDITY, numbered, versions

ATTRIBUTES = ("playlist_name", "playlist_description", "owner_id", "is_own", "is_collaborative", "is_public")


@table(
    layer="silver",
    schema=f"""
        {USER_ID},
        playlist_id      STRING NOT NULL COMMENT 'Spotify id of the playlist',
        playlist_name    STRING COMMENT 'Name of the playlist',
        playlist_description STRING COMMENT 'Text that the owner wrote',
        owner_id         STRING COMMENT 'Spotify id of the owner',
        is_own           BOOLEAN COMMENT 'Whether the listener owns it',
        is_collaborative BOOLEAN COMMENT 'Whether others may change it',
        is_public        BOOLEAN COMMENT 'Whether it shows on the profile',
        {VALIDITY}
    """,
    primary_key=("user_id", "playlist_id", "valid_from"),
    expectations={"ends_after_it_begins": Expectation("valid_to > valid_from")},
)
def playlist_history(library_snapshots_bronze: DataFrame, playlists_bronze: DataFrame) -> DataFrame:
    """A listener's playlists through time, own and followed: a row each time that an attribute changed.

    A playlist that is missing from a later snapshot of the list ends at that snapshot.
    """
    snapshots = numbered(library_snapshots_bronze, "playlists")
    return versions(snapshots, playlists_bronze, ["playlist_id"], ATTRIBUTES).select(*playlist_history.column_names)
