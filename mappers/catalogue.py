"""Tracks, albums and artists as Spotify, ReccoBeats or a file described them: rows of the catalogue's bronze tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from mappers.record import MAPPER_VERSION, RejectedError, Row, flag, sha256, text, whole_number

SPOTIFY, RECCOBEATS = "spotify", "reccobeats"

# A shape names the fields of a raw item that may reach the disk: None for a plain value or a list of them, a shape for
# an object or a list of objects. A field that no shape names is left out.
Shape = Mapping[str, "Shape | None"]
_NAMED: Shape = {"id": None, "name": None}
_SIMPLE_TRACK: Shape = {
    **_NAMED,
    "artists": _NAMED,
    "duration_ms": None,
    "explicit": None,
    "disc_number": None,
    "track_number": None,
    "is_local": None,
    "type": None,
    "uri": None,
}
TRACK: Shape = {
    **_SIMPLE_TRACK,
    "album": {**_NAMED, "release_date": None},
    "external_ids": {"isrc": None},
    "popularity": None,
}
ALBUM: Shape = {
    **_NAMED,
    "album_type": None,
    "artists": _NAMED,
    "release_date": None,
    "release_date_precision": None,
    "external_ids": {"upc": None},
    "total_tracks": None,
    "tracks": {"items": _SIMPLE_TRACK},
}
ARTIST: Shape = {
    **_NAMED,
    "artist_id": None,
    "artist_name": None,
    "genres": None,
    "popularity": None,
    "follower_count": None,
}
RECCOBEATS_TRACK: Shape = {
    "id": None,
    "trackTitle": None,
    "artists": {**_NAMED, "href": None},
    "durationMs": None,
    "isrc": None,
    "popularity": None,
    "href": None,
}

_PLAIN = (str, int, float, bool)
_ARTIST_PAGE = "https://open.spotify.com/artist/"


def allowed_json(item: Mapping[str, Any], shape: Shape) -> str:
    """The fields of a raw item that the shape names, nested ones too, as compact JSON."""
    found = json.dumps(_allowed(item, shape), ensure_ascii=False, separators=(",", ":"))
    return found.encode("utf-8", "replace").decode()  # a lone surrogate cannot be stored


def _allowed(value: Any, shape: Shape | None) -> Any:
    """What the shape lets through of a value; None where that is nothing."""
    if isinstance(value, list):
        return [kept for inner in value if (kept := _allowed(inner, shape)) is not None]
    if shape is None:
        return value if isinstance(value, _PLAIN) else None
    if not isinstance(value, Mapping):
        return None
    fields = {name: _allowed(value.get(name), inner) for name, inner in shape.items()}
    return {name: kept for name, kept in fields.items() if kept is not None}


def track_row(item: Any, provider: str = SPOTIFY) -> Row:
    """A track object, full or simplified, as a row of tracks_bronze without its batch.

    Raises RejectedError for what is no object, has no id (a local file), or holds a number out of range.
    """
    track, album = as_object(item), inner(item, "album")
    fields = {
        "track_name": text(track.get("name")),
        **_credits(track),
        "album_id": text(album.get("id")),
        "album_name": text(album.get("name")),
        "isrc": _isrc(inner(track, "external_ids").get("isrc")),
        "duration_ms": whole_number(track.get("duration_ms"), "duration_ms", optional=True),
        "explicit": flag(track.get("explicit")),
        "popularity": _percentage(track.get("popularity")),
        "disc_number": _small(track, "disc_number"),
        "track_number": _small(track, "track_number"),
    }
    return _described("track_id", _id(track, "track"), provider, fields, allowed_json(track, TRACK))


def reccobeats_track_row(spotify_id: str, item: Any) -> Row:
    """A track as ReccoBeats describes it, for the Spotify id that it was asked for; artists' ids are in their links."""
    track = as_object(item)
    artists = [{**artist, "id": _id_in_link(artist)} for artist in objects(track.get("artists"))]
    fields = {
        "track_name": text(track.get("trackTitle")),
        **_credits({"artists": artists}),
        "album_id": None,
        "album_name": None,
        "isrc": _isrc(track.get("isrc")),
        "duration_ms": whole_number(track.get("durationMs"), "durationMs", optional=True),
        "explicit": None,
        "popularity": _percentage(track.get("popularity")),
        "disc_number": None,
        "track_number": None,
    }
    return _described("track_id", spotify_id, RECCOBEATS, fields, allowed_json(track, RECCOBEATS_TRACK))


def album_row(item: Any) -> Row:
    """An album object as a row of albums_bronze without its batch; `tracks.items`, where given, holds all its tracks.

    Raises RejectedError for what is no object, has no id, or holds a number out of range.
    """
    album = as_object(item)
    tracks = inner(album, "tracks").get("items")
    ids = [text(track.get("id")) for track in objects(tracks)]
    fields = {
        "album_name": text(album.get("name")),
        **_credits(album),
        "album_type": text(album.get("album_type")),
        "released_on": text(album.get("release_date")),
        "upc": text(inner(album, "external_ids").get("upc")),
        "total_tracks": _small(album, "total_tracks"),
        "track_ids": _json([track_id for track_id in ids if track_id]) if isinstance(tracks, list) else None,
    }
    return _described("album_id", _id(album, "album"), SPOTIFY, fields, allowed_json(album, ALBUM))


def artist_row(item: Any, provider: str = SPOTIFY) -> Row:
    """An artist object, or a line of an artist file, as a row of artists_bronze without its batch.

    A file may name its columns artist_id, artist_name and follower_count, and give genres as text with commas or
    semicolons. Raises RejectedError for what is no object, has no id, or holds a number out of range.
    """
    artist = as_object(item)
    followers = artist.get("follower_count", artist.get("followers"))
    followers = followers.get("total") if isinstance(followers, Mapping) else followers
    fields = {
        "artist_name": text(artist.get("name")) or text(artist.get("artist_name")),
        "genres": _json(_genres(artist.get("genres"))) or None,
        "popularity": _percentage(artist.get("popularity")),
        "follower_count": whole_number(followers, "followers", optional=True),
    }
    artist_id = text(artist.get("artist_id")) or _id(artist, "artist")
    payload = {**artist, "follower_count": followers}
    return _described("artist_id", artist_id, provider, fields, allowed_json(payload, ARTIST))


def _described(key: str, item_id: str, provider: str, fields: Row, payload: str) -> Row:
    """A row with its revision: SHA-256 of the details, so that the same description is the same row."""
    return {
        key: item_id,
        "provider": provider,
        "revision": sha256(fields.values()),
        **fields,
        "payload": payload,
        "mapper_version": MAPPER_VERSION,
    }


def _credits(item: Mapping[str, Any]) -> Row:
    """First artist, and all of them in order of credit: two JSON arrays of one length, null where an id is unknown."""
    artists = [(text(artist.get("id")), text(artist.get("name"))) for artist in objects(item.get("artists"))]
    artists = [artist for artist in artists if any(artist)]
    first_id, first_name = artists[0] if artists else (None, None)
    return {
        "artist_id": first_id,
        "artist_name": first_name,
        "artist_ids": _json([artist_id for artist_id, _ in artists]),
        "artist_names": _json([name for _, name in artists]),
    }


def as_object(item: Any) -> Mapping[str, Any]:
    """The item, if it is a JSON object. Raises RejectedError."""
    if not isinstance(item, Mapping):
        raise RejectedError("the entry is no JSON object")
    return item


def inner(item: Any, name: str) -> Mapping[str, Any]:
    """An object within an object; an empty one where it is missing, null or something else."""
    found = item.get(name)
    return found if isinstance(found, Mapping) else {}


def objects(value: Any) -> Iterable[Mapping[str, Any]]:
    """The objects of a list; nothing of anything else."""
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


def _id(item: Mapping[str, Any], kind: str) -> str:
    found = text(item.get("id"))
    if not found:
        raise RejectedError(f"the {kind} has no id")
    return found


def _id_in_link(artist: Mapping[str, Any]) -> str | None:
    link = text(artist.get("href")) or ""
    return link.removeprefix(_ARTIST_PAGE).split("?")[0] if link.startswith(_ARTIST_PAGE) else None


def _isrc(value: object) -> str | None:
    """The code without the hyphens and in the capitals that some writers leave out."""
    found = text(value)
    return (found.replace("-", "").upper() or None) if found else None


def _genres(value: object) -> list[str]:
    given = value.strip("[]").replace(";", ",").split(",") if isinstance(value, str) else value
    names = [text(name.strip(" '\"")) for name in given if isinstance(name, str)] if isinstance(given, list) else []
    return [name for name in names if name]


def _json(values: list[Any]) -> str | None:
    return json.dumps(values, ensure_ascii=False) if values else None


def _percentage(value: object) -> int | None:
    return whole_number(value, "popularity", optional=True, largest=100)


def _small(item: Mapping[str, Any], name: str) -> int | None:
    return whole_number(item.get(name), name, optional=True, largest=2**31 - 1)
