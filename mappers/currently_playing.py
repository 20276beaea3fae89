"""Plays that Lakesong watched: what the player showed, and the record of a play that has ended.

Source: https://developer.spotify.com/documentation/web-api/reference/get-information-about-the-users-current-playback
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mappers import recently_played
from mappers.catalogue import TRACK, Shape, allowed_json, as_object, inner
from mappers.record import RejectedError, Row, flag, make_record, parse_stamp, text, whole_number

SOURCE = "currently_playing"

ITEM: Shape = {**TRACK, "show": {"id": None, "name": None}}
ALLOWED: Shape = {
    "item": ITEM,
    "started_at": None,
    "ended_at": None,
    "ms_played": None,
    "pause_count": None,
    "context_uri": None,
    "device_kind": None,
    "is_shuffle": None,
    "repeat": None,
    "is_partial": None,
    "reason_start": None,
    "reason_end": None,
    "was_repeated": None,
}


def player_fields(body: Any) -> dict[str, Any] | None:
    """What the player shows, as the fields of a Sighting; None where nothing plays or an advertisement does.

    Of the item the allowed fields alone are kept, and of the device its kind. Raises RejectedError with the reason.
    """
    if body is None:
        return None
    player = as_object(body)
    raw = inner(player, "item")
    if not raw or "ad" in (player.get("currently_playing_type"), raw.get("type")):
        return None
    item = json.loads(allowed_json(raw, ITEM))
    item["duration_ms"] = whole_number(raw.get("duration_ms"), "duration_ms", optional=True)
    uri = text(raw.get("uri")) or text(raw.get("id")) or text(raw.get("name"))
    if not uri:
        raise RejectedError("nothing says what is played")
    return {
        "item_uri": uri,
        "item": item,
        "progress_ms": whole_number(player.get("progress_ms"), "progress_ms"),
        "is_playing": player.get("is_playing") is True,
        "context_uri": recently_played.context_uri(player.get("context")),
        "device_kind": text(inner(player, "device").get("type")),
        "is_shuffle": flag(player.get("shuffle_state")),
        "repeat": text(player.get("repeat_state")),
    }


def to_bronze(heard: Mapping[str, Any], user_id: str) -> Row:
    """A play that has ended, as plain data of a Heard, as a row of listening_history_bronze.

    `ended_at` is the end of the play, in UTC, and `ms_played` the time really heard. The item is read as one of
    recently-played is. Raises RejectedError with the reason when this is no record of a play.
    """
    entry = as_object(heard)
    played_at, started_at = parse_stamp(entry.get("ended_at")), parse_stamp(entry.get("started_at"))
    listed = {"played_at": played_at, "track": entry.get("item"), "context": {"uri": entry.get("context_uri")}}
    fields = {
        **recently_played.to_bronze(listed, user_id),
        "ms_played": whole_number(entry.get("ms_played"), "ms_played"),
        "reason_start": text(entry.get("reason_start")),
        "reason_end": text(entry.get("reason_end")),
        "is_shuffle": flag(entry.get("is_shuffle")),
        "platform": text(entry.get("device_kind")),
    }
    stamp = " ".join(at.isoformat(timespec="milliseconds") for at in (played_at, started_at))
    return make_record(user_id, SOURCE, stamp, played_at, fields, allowed_json(entry, ALLOWED))
