"""What a scrobbler submits, checked as ListenBrainz checks it.

Source: https://listenbrainz.readthedocs.io/en/latest/users/api/core.html and …/users/json.html
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_LISTENS = 1000  # of a request
LISTEN_BYTES = 10_240  # of one listen
BODY_BYTES = MOST_LISTENS * LISTEN_BYTES
MOST_TAGS, TAG_LETTERS = 50, 64
EARLIEST = 1_033_430_400  # 1 October 2002: nothing scrobbled before
AHEAD_S = 3600  # a clock may be so far ahead
KINDS = ("single", "playing_now", "import")
ONE_MBID = ("release_mbid", "recording_mbid", "release_group_mbid", "track_mbid")
MBIDS = ("artist_mbids", "work_mbids")
# As the OpenAPI document gives them. A name has a letter or sign that is seen; what else counts as white space differs
# between languages, and is named.
NAME = r"[^\s\x00-\x1f\x7f-\x9f\ufeff]"
MBID, MBID_LETTERS = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", 36


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
        document = json.loads(body, parse_float=_number)
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


def _number(text: str) -> float | int:
    """A number with a fraction or an exponent; without a remainder it is a whole one, as JSON Schema has it."""
    number = float(text)
    return int(number) if number.is_integer() else number


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
        if not isinstance(value, str) or not re.search(NAME, value):
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
    for name in ONE_MBID:
        _check_ids(name, [info.get(name)])
    for name in MBIDS:
        found = info.get(name)
        _check_ids(name, found if isinstance(found, list) else [found])


def _is_tag(tag: Any) -> bool:
    return isinstance(tag, str) and len(tag) <= TAG_LETTERS


def _check_ids(name: str, values: Sequence[Any]) -> None:
    """Each is a MusicBrainz id, or is left out as null or an empty text."""
    for value in values:
        if value is not None and not (isinstance(value, str) and (value == "" or re.fullmatch(MBID, value))):
            raise RefusedListensError(f"{name} is no MusicBrainz id.")
