"""Listens as scrobblers submit them in the form of ListenBrainz.

Source: https://listenbrainz.readthedocs.io/en/latest/users/json.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mappers.catalogue import Shape, allowed_json, as_object, inner
from mappers.record import RejectedError, Row, make_record, parse_stamp, text, whole_number

SOURCE = "listenbrainz"
_PAGE = "https://open.spotify.com/track/"
_ID_LENGTH = 22

# Not `origin_url`: addresses of other services may hold what nobody should keep. Spotify's is read into spotify_id.
ALLOWED: Shape = {
    "listened_at": None,
    "track_metadata": {
        "artist_name": None,
        "track_name": None,
        "release_name": None,
        "additional_info": {
            "duration_ms": None,
            "duration": None,
            "spotify_id": None,
            "isrc": None,
            "recording_mbid": None,
            "music_service": None,
            "media_player": None,
            "submission_client": None,
        },
    },
}


def to_bronze(item: Any, user_id: str) -> Row:
    """One listen as a row of listening_history_bronze. `listened_at` is the start of the play, in seconds.

    The time heard is not delivered. Raises RejectedError with the reason when the listen is no record of a play.
    """
    listen = as_object(item)
    started_s = whole_number(listen.get("listened_at"), "listened_at")
    played_at = parse_stamp(_instant(started_s))
    fields = {"kind": "track", **track_fields(inner(listen, "track_metadata"))}
    if not (fields["track_id"] or fields["track_name"]):
        raise RejectedError("nothing says what was played")
    return make_record(user_id, SOURCE, str(started_s), played_at, fields, payload_of(listen))


def track_fields(metadata: Mapping[str, Any]) -> Row:
    """What `track_metadata` says of the track, under the names of the columns."""
    info = inner(metadata, "additional_info")
    return {
        "track_id": _spotify_id(info),
        "track_name": text(metadata.get("track_name")),
        "artist_name": text(metadata.get("artist_name")),
        "album_name": text(metadata.get("release_name")),
        "duration_ms": _duration_ms(info),
        "platform": text(info.get("media_player")) or text(info.get("submission_client")),
    }


def payload_of(item: Any) -> str:
    """What is kept of a listen as it came, as JSON: from it the same row can be made again."""
    listen = dict(as_object(item))
    metadata = dict(inner(listen, "track_metadata"))
    info = dict(inner(metadata, "additional_info"))
    found = _spotify_id(info)
    info["spotify_id"] = f"{_PAGE}{found}" if found else None
    return allowed_json({**listen, "track_metadata": {**metadata, "additional_info": info}}, ALLOWED)


def _instant(seconds: int | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None
    except (ValueError, OverflowError, OSError):
        return None


def _duration_ms(info: Mapping[str, Any]) -> int | None:
    """The length of the track: given in milliseconds or, by others, in seconds. What is no length is none."""
    for name, factor in (("duration_ms", 1), ("duration", 1000)):
        value = info.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value * factor < 86_400_000:
            return round(value * factor)
    return None


def _spotify_id(info: Mapping[str, Any]) -> str | None:
    """The id in `https://open.spotify.com/track/ID`, which stands in spotify_id or is where it was played from."""
    for name in ("spotify_id", "origin_url"):
        value = text(info.get(name)) or ""
        found = value.removeprefix(_PAGE).split("?")[0]
        if value.startswith(_PAGE) and len(found) == _ID_LENGTH and found.isascii() and found.isalnum():
            return found
    return None
