"""Spotify's simple account data: the last year, by the minute, with names and no ids."""

from __future__ import annotations

from typing import Any

from mappers.record import RejectedError, Row, make_record, parse_stamp, payload_of, text, whole_number

SOURCE = "account_data"
ALLOWED = ("endTime", "artistName", "trackName", "msPlayed", "podcastName", "episodeName")


def to_bronze(item: Any, user_id: str) -> Row:
    """One entry as a row of listening_history_bronze. `endTime` is the minute of the end, in UTC.

    Raises RejectedError with the reason when the entry is no record of a play.
    """
    if not isinstance(item, dict):
        raise RejectedError("the entry is no JSON object")
    played_at = parse_stamp(item.get("endTime"))
    fields = {**_what(item), "ms_played": whole_number(item.get("msPlayed"), "msPlayed")}
    return make_record(user_id, SOURCE, str(item["endTime"]), played_at, fields, payload_of(item, ALLOWED))


def _what(item: dict[str, Any]) -> Row:
    title, artist = text(item.get("trackName")), text(item.get("artistName"))
    episode, show = text(item.get("episodeName")), text(item.get("podcastName"))
    if episode or show:
        return {"kind": "episode", "episode_name": episode, "show_name": show}
    if title:
        return {"kind": "track", "track_name": title, "artist_name": artist}
    raise RejectedError("nothing says what was played")
