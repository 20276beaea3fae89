"""Plays that another program kept, in a CSV or Delta table: taken as what a poll of Spotify reported."""

from __future__ import annotations

from typing import Any

from mappers.record import RejectedError, Row, make_record, parse_stamp, payload_of, text, whole_number
from schemas.bronze import HISTORY_SOURCES

ALLOWED = (
    "track_id",
    "played_at",
    "track_name",
    "artist_name",
    "album_name",
    "duration_ms",
    "ms_played",
    "context_uri",
    "source",
)


def to_bronze(item: Any, user_id: str) -> Row:
    """One row as a row of listening_history_bronze. `played_at` is the end of the play; text without a zone is UTC.

    A `source` that Lakesong knows is kept; any other is recently_played. Raises RejectedError with the reason.
    """
    if not isinstance(item, dict):
        raise RejectedError("the entry is no row")
    played_at = parse_stamp(item.get("played_at"))
    track_id, title = text(item.get("track_id")), text(item.get("track_name"))
    if not (track_id or title):
        raise RejectedError("nothing says what was played")
    fields: Row = {
        "kind": "track",
        "track_id": track_id,
        "track_name": title,
        "artist_name": text(item.get("artist_name")),
        "album_name": text(item.get("album_name")),
        "duration_ms": whole_number(item.get("duration_ms"), "duration_ms", optional=True),
        "ms_played": whole_number(item.get("ms_played"), "ms_played", optional=True),
        "context_uri": text(item.get("context_uri")),
    }
    source = item.get("source") if item.get("source") in HISTORY_SOURCES else "recently_played"
    return make_record(user_id, str(source), played_at.isoformat(), played_at, fields, payload_of(item, ALLOWED))
