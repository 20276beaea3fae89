"""Spotify's extended streaming history, current (23 keys) and older (`endsong`) schema."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mappers.record import RejectedError, Row, flag, make_record, parse_stamp, payload_of, text, whole_number

SOURCE = "extended_history"
_TRACK = "spotify:track:"

# Never on this list: username, ip_addr, ip_addr_decrypted, user_agent_decrypted, and whatever comes next.
ALLOWED = (
    "ts",
    "platform",
    "ms_played",
    "conn_country",
    "master_metadata_track_name",
    "master_metadata_album_artist_name",
    "master_metadata_album_album_name",
    "spotify_track_uri",
    "episode_name",
    "episode_show_name",
    "spotify_episode_uri",
    "audiobook_title",
    "audiobook_uri",
    "audiobook_chapter_uri",
    "audiobook_chapter_title",
    "reason_start",
    "reason_end",
    "shuffle",
    "skipped",
    "offline",
    "offline_timestamp",
    "incognito_mode",
)


def to_bronze(item: Any, user_id: str) -> Row:
    """One entry of the export as a row of listening_history_bronze. `ts` is the end of the play, in UTC.

    Raises RejectedError with the reason when the entry is no record of a play.
    """
    if not isinstance(item, dict):
        raise RejectedError("the entry is no JSON object")
    played_at = parse_stamp(item.get("ts"))
    fields: Row = {
        **_what(item),
        "ms_played": whole_number(item.get("ms_played"), "ms_played"),
        "reason_start": text(item.get("reason_start")),
        "reason_end": text(item.get("reason_end")),
        "is_shuffle": flag(item.get("shuffle")),
        "is_skipped": flag(item.get("skipped")),
        "is_offline": flag(item.get("offline")),
        "offline_at": _offline_at(item.get("offline_timestamp")),
        "is_incognito": flag(item.get("incognito_mode")),
        "platform": text(item.get("platform")),
        "country": text(item.get("conn_country")),
    }
    return make_record(user_id, SOURCE, _stamp(item["ts"], fields), played_at, fields, payload_of(item, ALLOWED))


def _stamp(ts: object, fields: Row) -> str:
    """The stamp that tells records apart. Plays uploaded together after being offline share one ts: the same track
    heard twice then differs by its start alone, in whole seconds, since older files give milliseconds."""
    if fields["is_offline"] and fields["offline_at"]:
        return f"{ts} {int(fields['offline_at'].timestamp())}"
    return str(ts)


def _what(item: dict[str, Any]) -> Row:
    """What was played. Music is told by its URI or its names; then audiobooks, then podcasts."""
    title, track_id = text(item.get("master_metadata_track_name")), track_id_of(item.get("spotify_track_uri"))
    if track_id or title:
        return {
            "kind": "track",
            "track_id": track_id,
            "track_name": title,
            "artist_name": text(item.get("master_metadata_album_artist_name")),
            "album_name": text(item.get("master_metadata_album_album_name")),
        }
    chapter, book = text(item.get("audiobook_chapter_title")), text(item.get("audiobook_title"))
    if chapter or book or item.get("audiobook_uri") or item.get("audiobook_chapter_uri"):
        return {"kind": "audiobook", "episode_name": chapter, "show_name": book}
    episode, show = text(item.get("episode_name")), text(item.get("episode_show_name"))
    if episode or show or item.get("spotify_episode_uri"):
        return {"kind": "episode", "episode_name": episode, "show_name": show}
    raise RejectedError("nothing says what was played")


def track_id_of(uri: object) -> str | None:
    """The id in `spotify:track:ID`; null for local files, which have none."""
    return text(uri.removeprefix(_TRACK)) if isinstance(uri, str) and uri.startswith(_TRACK) else None


def _offline_at(value: object) -> datetime | None:
    """Start of an offline play: seconds in newer files, milliseconds in older; 0 and small numbers say nothing."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 1_000_000_000:
        return None
    seconds = value / 1000 if value > 100_000_000_000 else value
    return datetime.fromtimestamp(int(seconds * 1000) / 1000, UTC) if seconds < 4_102_444_800 else None
