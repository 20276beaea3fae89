"""What a scrobbler submits, checked as ListenBrainz checks it.

Source: https://listenbrainz.readthedocs.io/en/latest/users/api/core.html and …/users/json.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

MOST_LISTENS = 1000  # of a request
LISTEN_BYTES = 10_240  # of one listen
BODY_BYTES = MOST_LISTENS * LISTEN_BYTES
MOST_TAGS, TAG_LETTERS = 50, 64
EARLIEST = 1_033_430_400  # 1 October 2002: nothing scrobbled before
AHEAD_S = 3600  # a clock may be so far ahead
KINDS = ("single", "playing_now", "import")
_ONE_MBID = ("release_mbid", "recording_mbid", "release_group_mbid", "track_mbid")
_MBIDS = ("artist_mbids", "work_mbids")


class RefusedListensError(Exception):
    """The submission cannot be taken: nothing of it was. code is the HTTP status."""

    def __init__(self, message: str, code: int = 400) -> None:
        """Keep what is said to the client."""
        super().__init__(message)
        self.message, self.code = message, code


@dataclass(frozen=True)
class Submission:
    """What was submitted: single, playing_now or import, and the listens."""

    kind: str
    listens: tuple[Mapping[str, Any], ...]


def read_submission(body: bytes, now: float | None = None) -> Submission:
    """Read the body of a submission. Raises RefusedListensError, with the first thing that is wrong."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedListensError("The body is no JSON document.") from error
    if not isinstance(document, dict) or not isinstance(document.get("payload"), list):
        raise RefusedListensError("The document needs listen_type and payload, a list of listens.")
    kind, listens = document.get("listen_type"), document["payload"]
    if kind not in KINDS:
        raise RefusedListensError("listen_type is single, playing_now or import.")
    if not listens:
        raise RefusedListensError("The payload holds no listens.")
    if kind != "import" and len(listens) > 1:
        raise RefusedListensError(f"A payload of listen_type {kind} holds one listen.")
    if len(listens) > MOST_LISTENS:
        raise RefusedListensError(f"A request holds at most {MOST_LISTENS} listens.")
    for listen in listens:
        _check(listen, kind, time.time() if now is None else now)
    return Submission(kind, tuple(listens))


def _check(listen: Any, kind: str, now: float) -> None:
    if not isinstance(listen, dict) or not isinstance(listen.get("track_metadata"), dict):
        raise RefusedListensError("A listen needs track_metadata.")
    if len(json.dumps(listen).encode()) > LISTEN_BYTES:
        raise RefusedListensError(f"A listen is larger than {LISTEN_BYTES} bytes.")
    unknown = listen.keys() - ({"track_metadata"} if kind == "playing_now" else {"track_metadata", "listened_at"})
    if unknown:
        raise RefusedListensError(f"A listen of type {kind} must not have {', '.join(sorted(unknown))[:100]}.")
    if kind != "playing_now":
        _check_time(listen.get("listened_at"), now)
    _check_track(listen["track_metadata"])


def _check_time(value: Any, now: float) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise RefusedListensError("listened_at is the start of the listen, in whole seconds since 1970.")
    if value < EARLIEST:
        raise RefusedListensError("listened_at is before October 2002.")
    if value > now + AHEAD_S:
        raise RefusedListensError("listened_at lies in the future.")


def _check_track(track: Mapping[str, Any]) -> None:
    for name in ("track_name", "artist_name"):
        value = track.get(name)
        if not isinstance(value, str) or not value.strip():
            raise RefusedListensError(f"track_metadata.{name} is missing or no text.")
    if not isinstance(track.get("release_name"), str | None):
        raise RefusedListensError("track_metadata.release_name is no text.")
    info = track.get("additional_info")
    if info is None:
        return
    if not isinstance(info, dict):
        raise RefusedListensError("track_metadata.additional_info is no object.")
    tags = info.get("tags", [])
    if not isinstance(tags, list) or len(tags) > MOST_TAGS or not all(map(_is_tag, tags)):
        raise RefusedListensError(f"tags is a list of at most {MOST_TAGS}, each of {TAG_LETTERS} letters at most.")
    for name in _ONE_MBID:
        _check_ids(name, [info[name]] if info.get(name) else [])
    for name in _MBIDS:
        _check_ids(name, info.get(name) or [])


def _is_tag(tag: Any) -> bool:
    return isinstance(tag, str) and len(tag) <= TAG_LETTERS


def _check_ids(name: str, values: Any) -> None:
    for value in values if isinstance(values, list) else [values]:
        try:
            UUID(value)
        except (ValueError, AttributeError, TypeError) as error:
            raise RefusedListensError(f"{name} is no MusicBrainz id.") from error
