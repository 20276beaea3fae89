"""What to add to a playlist and what to take from it, by how it sounds and what is played of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.playlists import FEATURES, LEAST_FOR_OUTLIERS, LEAST_OWN, spreads

Floats = NDArray[np.float64]

MOST_ADDED, MOST_REMOVED, MOST_AN_ARTIST = 10, 10, 2
LEAST_PLAYS = 3  # of a recording that is suggested: once or twice may be chance
UNPLAYED_DAYS = 180
ADD, REMOVE = "add", "remove"
COLUMNS = (
    "playlist_id", "suggestion", "item_uri", "suggestion_rank", "track_id", "track_name", "artist_name", "play_count",
    "centre_distance", "why",
)  # fmt: skip


def care_for(items: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """Suggestions for one listener's own playlists: COLUMNS, a row each, in order of playlist, suggestion and rank.

    items, an entry a row: playlist_id, item_uri, track_id and recording_id (empty for what is no track), names,
    play_count, added_days (before the build, -1 unknown), is_outlier and is_never_played (1, 0, or -1 unknown),
    centre_distance (NaN unknown) and the FEATURES. own, a recording a row: recording_id, track_id, names, artist_key,
    play_count and the FEATURES.
    """
    known = own[np.isfinite(own[list(FEATURES)].to_numpy(float)).all(axis=1)].sort_values("track_id")
    known = known[known["play_count"] > 0].reset_index(drop=True)
    places = known[list(FEATURES)].to_numpy(float)
    spread = spreads(places) if len(known) >= LEAST_OWN else None
    found = []
    for playlist_id, entries in items.sort_values(["item_uri"]).groupby("playlist_id", sort=True):
        found.append(_removed(entries))
        if spread is not None:
            found.append(_added(str(playlist_id), entries, known, places, spread))
    found = [rows for rows in found if len(rows)]
    rows = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(COLUMNS))
    return rows[list(COLUMNS)]


def _removed(entries: pd.DataFrame) -> pd.DataFrame:
    """Tracks that stand out by their sound, then those that have stood there unplayed for half a year."""
    once = entries[entries["track_id"] != ""].drop_duplicates("item_uri")
    unplayed = (once["is_never_played"] == 1) & (once["added_days"] >= UNPLAYED_DAYS)
    chosen = once[(once["is_outlier"] == 1) | unplayed].copy()
    chosen["is_plain"] = chosen["is_outlier"] != 1
    order = ["is_plain", "centre_distance", "item_uri"]
    chosen = chosen.sort_values(order, ascending=[True, False, True]).head(MOST_REMOVED)
    chosen["why"] = [
        _why_removed(outlier == 1, never == 1 and days >= UNPLAYED_DAYS, days)
        for outlier, never, days in zip(
            chosen["is_outlier"], chosen["is_never_played"], chosen["added_days"], strict=True
        )
    ]
    return _ranked(chosen, REMOVE)


def _why_removed(is_outlier: bool, is_unplayed: bool, days: int) -> str:
    parts = ["sounds unlike nearly all of the playlist"] * is_outlier
    parts += [f"added {days} days ago and never played, as far as is known"] * is_unplayed
    return "; ".join(parts)


def _added(playlist_id: str, entries: pd.DataFrame, own: pd.DataFrame, places: Floats, spread: Floats) -> pd.DataFrame:
    """Played tracks that are nearer to the middle of the playlist than half of its own, and not on it.

    places: the FEATURES of own, row by row.
    """
    tracks = entries[(entries["track_id"] != "")].drop_duplicates("track_id")
    listed = tracks[list(FEATURES)].to_numpy(float)
    listed = listed[np.isfinite(listed).all(axis=1)]
    if len(listed) < LEAST_FOR_OUTLIERS:
        return pd.DataFrame(columns=list(COLUMNS))
    centre = np.median(listed, axis=0)
    bound = float(np.median(_apart(listed, centre, spread)))
    apart = _apart(places, centre, spread)
    is_near = (apart <= bound) & (own["play_count"].to_numpy() >= LEAST_PLAYS)
    near = own[is_near].assign(centre_distance=apart[is_near], playlist_id=playlist_id)
    near = near[~(near["recording_id"].isin(entries["recording_id"]) | near["track_id"].isin(entries["track_id"]))]
    # Rounded, so that a last digit that differs between machines changes no place.
    near = near.assign(near=near["centre_distance"].round(9)).sort_values(["near", "track_id"])
    near = near[near.groupby("artist_key", sort=False).cumcount() < MOST_AN_ARTIST].head(MOST_ADDED).copy()
    near["item_uri"] = "spotify:track:" + near["track_id"]
    near["why"] = [
        f"nearer to the middle of the playlist than half of its tracks; played {plays} times"
        for plays in near["play_count"]
    ]
    return _ranked(near, ADD)


def _apart(places: Floats, centre: Floats, spread: Floats) -> Floats:
    apart: Floats = np.sqrt(np.nansum(((places - centre) / spread) ** 2, axis=1))
    return apart


def _ranked(rows: pd.DataFrame, suggestion: str) -> pd.DataFrame:
    ranks = np.arange(1, len(rows) + 1)
    return rows.assign(suggestion=suggestion, suggestion_rank=ranks).reindex(columns=list(COLUMNS))
