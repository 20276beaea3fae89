"""A listener's library: items of saved tracks, followed artists, top items, playlists and their entries.

Each function maps the whole of one reading, all pages in order, to rows without batch columns, and gives beside them
(position, reason) for each entry that is no item. Positions count every entry, so that a gap shows where one was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from mappers.catalogue import as_object, inner, objects
from mappers.record import RejectedError, Row, flag, parse_stamp, sha256, text, whole_number

Rejected = list[tuple[int, str]]
Mapped = tuple[list[Row], Rejected]

# What an entry's tag is made of: with equal values, the collection shows the same items with the same attributes.
_MARKS = ("added_at", "id", "uri", "snapshot_id", "name", "description", "public", "collaborative")


def saved_track_rows(items: Iterable[Any], snapshot_key: str, user_id: str) -> Mapped:
    """Entries {added_at, track} as rows of saved_tracks_bronze."""

    def fields(entry: Mapping[str, Any]) -> Row:
        track = _entry_item(entry)
        return {"track_id": _id(track), **_names(track), "added_at": _added_at(entry.get("added_at"))}

    return _rows(items, {"snapshot_key": snapshot_key, "user_id": user_id}, fields)


def followed_artist_rows(items: Iterable[Any], snapshot_key: str, user_id: str) -> Mapped:
    """Artist objects as rows of followed_artists_bronze."""

    def fields(artist: Mapping[str, Any]) -> Row:
        return {"artist_id": _id(artist), "artist_name": text(artist.get("name"))}

    return _rows(items, {"snapshot_key": snapshot_key, "user_id": user_id}, fields)


def top_item_rows(
    items: Iterable[Any], snapshot_key: str, user_id: str, item_kind: str, time_range: str, snapshot_at: datetime
) -> Mapped:
    """Track or artist objects, best first, as rows of top_items_bronze. item_kind is track or artist."""
    same = {"snapshot_key": snapshot_key, "user_id": user_id, "item_kind": item_kind, "time_range": time_range}

    def fields(item: Mapping[str, Any]) -> Row:
        names = _names(item)
        return {"item_id": _id(item), "item_name": names["track_name"], "artist_name": names["artist_name"]}

    return _rows(items, {**same, "snapshot_at": snapshot_at}, fields)


def playlist_rows(items: Iterable[Any], snapshot_key: str, user_id: str, own_id: str | None) -> Mapped:
    """Playlist summaries, own and followed, as rows of playlists_bronze. own_id is the listener's Spotify id."""

    def fields(playlist: Mapping[str, Any]) -> Row:
        owner_id = text(inner(playlist, "owner").get("id"))
        total = (inner(playlist, "items") or inner(playlist, "tracks")).get("total")  # `tracks` before 2026
        return {
            "playlist_id": _id(playlist),
            "playlist_name": text(playlist.get("name")),
            "playlist_description": text(playlist.get("description")),
            "owner_id": owner_id,
            "is_own": owner_id == own_id if owner_id and own_id else None,
            "is_collaborative": flag(playlist.get("collaborative")),
            "is_public": flag(playlist.get("public")),
            "version_tag": text(playlist.get("snapshot_id")),
            "total_tracks": whole_number(total, "total", optional=True, largest=2**31 - 1),
        }

    return _rows(items, {"snapshot_key": snapshot_key, "user_id": user_id}, fields)


def playlist_item_rows(items: Iterable[Any], snapshot_key: str, user_id: str, playlist_id: str) -> Mapped:
    """Entries of a playlist, in its order, as rows of playlist_items_bronze.

    What was added stands under `item`, in older replies under `track`. Episodes and local files have an address and no
    track id; a title that Spotify no longer offers is null and so no row.
    """

    def fields(entry: Mapping[str, Any]) -> Row:
        item = _entry_item(entry)
        uri = text(item.get("uri")) or f"spotify:{item.get('type') or 'track'}:{_id(item)}"
        is_track = uri.startswith("spotify:track:") and item.get("is_local") is not True
        return {
            "item_uri": uri,
            "track_id": text(item.get("id")) or uri.rpartition(":")[2] if is_track else None,
            **_names(item),
            "added_at": _added_at(entry.get("added_at")),
        }

    return _rows(items, {"snapshot_key": snapshot_key, "user_id": user_id, "playlist_id": playlist_id}, fields)


def first_page_tag(page_items: Sequence[Any], total: int | None) -> str:
    """SHA-256 over the first page and the total: while it stays the same, the collection is taken as unchanged.

    Collections show the newest first, so an addition changes the page, and a removal the page or the total.
    """
    parts: list[object] = [total]
    for entry in page_items:
        shown = entry if isinstance(entry, Mapping) else {}
        item = _item_of(shown)
        parts += [*(shown.get(name) for name in _MARKS), item.get("id"), item.get("uri")]
    return sha256(parts)


def _rows(items: Iterable[Any], same: Row, fields: Callable[[Mapping[str, Any]], Row]) -> Mapped:
    """Rows and rejected positions of a reading: what is the same in each row, its position, its own fields."""
    rows: list[Row] = []
    rejected: Rejected = []
    for position, item in enumerate(items, start=1):
        try:
            rows.append({**same, "position": position, **fields(as_object(item))})
        except RejectedError as reason:
            rejected.append((position, str(reason)))
    return rows, rejected


def _entry_item(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    found = _item_of(entry)
    if not found:
        raise RejectedError("the entry holds no item")
    return found


def _item_of(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    return inner(entry, "item") or inner(entry, "track")


def _id(item: Mapping[str, Any]) -> str:
    found = text(item.get("id"))
    if not found:
        raise RejectedError("the item has no id")
    return found


def _names(item: Mapping[str, Any]) -> Row:
    artists = [text(artist.get("name")) for artist in objects(item.get("artists"))]
    return {"track_name": text(item.get("name")), "artist_name": next((name for name in artists if name), None)}


def _added_at(value: object) -> datetime | None:
    """When it was added. Spotify gives nothing, or 1970, for what was added in its first years: not known, then."""
    try:
        return parse_stamp(value)
    except RejectedError:
        return None
