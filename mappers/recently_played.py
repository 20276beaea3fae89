"""What Spotify lists as recently played.

Source: https://developer.spotify.com/documentation/web-api/reference/get-recently-played
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mappers.catalogue import TRACK, Shape, allowed_json, as_object, inner, objects
from mappers.record import RejectedError, Row, make_record, parse_stamp, text, whole_number

SOURCE = "recently_played"
LOCAL = "spotify:local:"

# Nested, unlike the lists of the exports: give it to `allowed_json`.
ALLOWED: Shape = {
    "played_at": None,
    "track": {**TRACK, "show": {"id": None, "name": None}},
    "context": {"type": None, "uri": None},
}


def to_bronze(item: Any, user_id: str) -> Row:
    """One entry as a row of listening_history_bronze. `played_at` is the end of the play, in UTC.

    The time heard is not delivered. Raises RejectedError with the reason when the entry is no record of a play.
    """
    entry = as_object(item)
    played_at = parse_stamp(entry.get("played_at"))
    fields = {**_what(inner(entry, "track")), "context_uri": context_uri(entry.get("context"))}
    payload = allowed_json(entry, ALLOWED)
    return make_record(user_id, SOURCE, str(entry["played_at"]), played_at, fields, payload)


def _what(track: Mapping[str, Any]) -> Row:
    """What was played: a track (a local file has names and no id) or an episode, never an advertisement."""
    if not track:
        raise RejectedError("nothing says what was played")
    if track.get("type") == "ad":
        raise RejectedError("an advertisement is no play")
    length = {"duration_ms": whole_number(track.get("duration_ms"), "duration_ms", optional=True)}
    title, show = text(track.get("name")), text(inner(track, "show").get("name"))
    if track.get("type") == "episode" and (title or show):
        return {"kind": "episode", "episode_name": title, "show_name": show, **length}
    is_local = track.get("is_local") is True or str(track.get("uri")).startswith(LOCAL)
    track_id = None if is_local else text(track.get("id"))
    if not (track_id or title):
        raise RejectedError("nothing says what was played")
    names = [text(artist.get("name")) for artist in objects(track.get("artists"))]
    return {
        "kind": "track",
        "track_id": track_id,
        "track_name": title,
        "artist_name": next((name for name in names if name), None),
        "album_name": text(inner(track, "album").get("name")),
        **length,
    }


def context_uri(context: object) -> str | None:
    """Where it was played from; `spotify:user:NAME:playlist:ID`, the older address of a playlist, in its newer form."""
    uri = text(context.get("uri")) if isinstance(context, Mapping) else None
    parts = uri.split(":") if uri else []
    if len(parts) == 5 and parts[:2] == ["spotify", "user"] and parts[3] == "playlist":
        return f"spotify:playlist:{parts[4]}"
    return uri
