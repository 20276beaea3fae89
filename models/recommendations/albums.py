"""Source: what is missing of albums of which several tracks are liked."""

from __future__ import annotations

import pandas as pd

from models.recommendations.history import History
from models.recommendations.ranked import Row, strongest, suggested
from models.recommendations.rules import LEAST_LIKED_PLAYS, LEAST_LIKED_TRACKS

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def unfinished_albums(history: History, album_tracks: pd.DataFrame) -> pd.DataFrame:
    """Tracks never begun of albums with at least LEAST_LIKED_TRACKS others of LEAST_LIKED_PLAYS plays each.

    Albums of the largest liked part first, then of the most plays. album_tracks: album_id, recording_id and names.
    """
    tracks = album_tracks.sort_values(["album_id", "recording_id", "track_id"]).drop_duplicates(
        ["album_id", "recording_id"]
    )
    plays = history.recordings["play_count"].reindex(tracks["recording_id"]).fillna(0).to_numpy()
    skips = history.recordings["skip_count"].reindex(tracks["recording_id"]).fillna(0).to_numpy()
    tracks = tracks.assign(
        _is_liked=(plays >= LEAST_LIKED_PLAYS) & (skips <= plays), _plays=plays, _is_new=history.is_unheard(tracks)
    )
    albums = tracks.groupby("album_id").agg(
        _liked=("_is_liked", "sum"), _heard=("_plays", "sum"), _missing=("_is_new", "sum"), _size=("_is_new", "size")
    )
    albums = albums[albums["_liked"] >= LEAST_LIKED_TRACKS]
    chosen = tracks[tracks["_is_new"] & (tracks["track_name"] != "")].join(albums, on="album_id", how="inner")
    best = strongest(chosen, chosen["_liked"] / chosen["_size"], -chosen["_heard"].to_numpy(dtype=float))
    return suggested(best, _why, is_new=True)


def _why(row: Row) -> str:
    count, album = int(row["_missing"]), row["album_name"]
    if count == 1:
        return f"The one track of {album} that you have not heard"
    number = NUMBERS[count] if count < len(NUMBERS) else str(count)
    return f"One of the {number} tracks of {album} that you have not heard"
