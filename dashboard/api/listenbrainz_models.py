"""The shapes of ListenBrainz's answers and submissions, for the OpenAPI document."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from dashboard.api.scrobbles import (
    EARLIEST,
    MBID,
    MBID_LETTERS,
    MBIDS,
    MOST_LISTENS,
    MOST_TAGS,
    NAME,
    ONE_MBID,
    TAG_LETTERS,
)


class Accepted(BaseModel):
    """The listens are kept."""

    status: Literal["ok"] = Field(description="ok")


class TokenChecked(BaseModel):
    """Whether a token is good."""

    code: int = Field(description="200")
    message: str = Field(description="The same in words")
    valid: bool = Field(description="Whether it is good")
    user_name: str | None = Field(None, description="Whose it is")


class ListenInfo(BaseModel):
    """What else is known of the track."""

    duration_ms: int | None = Field(None, description="Length in milliseconds")
    spotify_id: str | None = Field(None, description="Address at Spotify")


class ListenTrack(BaseModel):
    """The track."""

    artist_name: str | None = Field(description="Artist")
    track_name: str | None = Field(description="Title")
    release_name: str | None = Field(None, description="Album")
    additional_info: ListenInfo = Field(description="What else is known")


class Listen(BaseModel):
    """A listen."""

    listened_at: int | None = Field(None, description="Start, in seconds since 1970; not of what plays now")
    user_name: str = Field(description="Listener")
    playing_now: bool | None = Field(None, description="Whether it plays now")
    track_metadata: ListenTrack = Field(description="The track")


class ListensPayload(BaseModel):
    """Listens."""

    count: int = Field(description="How many")
    user_id: str = Field(description="Listener")
    latest_listen_ts: int | None = Field(description="Start of the newest of all")
    oldest_listen_ts: int | None = Field(description="Start of the oldest of all")
    listens: list[Listen] = Field(description="The listens, newest first")


class Listens(BaseModel):
    """Listens."""

    payload: ListensPayload


class PlayingNowPayload(BaseModel):
    """What plays now."""

    count: int = Field(description="1, or 0 for nothing")
    user_id: str = Field(description="Listener")
    playing_now: bool = Field(description="true")
    listens: list[Listen] = Field(description="What plays now, or nothing")


class PlayingNow(BaseModel):
    """What plays now."""

    payload: PlayingNowPayload


class CountPayload(BaseModel):
    """How many listens."""

    count: int = Field(description="Plays that count")


class ListenCount(BaseModel):
    """How many listens."""

    payload: CountPayload


class ListenBrainzError(BaseModel):
    """What went wrong, as ListenBrainz says it."""

    code: int = Field(description="The status code")
    error: str = Field(description="What went wrong")


_ERROR = {"model": ListenBrainzError}
FAILURES: dict[int | str, dict[str, Any]] = {
    400: {**_ERROR, "description": "The request cannot be used; nothing of it was taken."},
    401: {**_ERROR, "description": "The token is not known."},
    404: {**_ERROR, "description": "There is no such listener for this token."},
    413: {**_ERROR, "description": "The body is too large."},
    422: {**_ERROR, "description": "A parameter cannot be used."},
    503: {**_ERROR, "description": "Not ready yet: ask again."},
}

_NAME = {"type": "string", "pattern": NAME}
_ONE_ID: list[dict[str, Any]] = [
    {"type": "string", "pattern": MBID, "maxLength": MBID_LETTERS}, {"enum": [None, ""]}
]  # fmt: skip
_MBID = {"anyOf": _ONE_ID, "description": "A MusicBrainz id"}
_MBIDS = {"anyOf": [*_ONE_ID, {"type": "array", "items": _MBID}], "description": "MusicBrainz ids"}
_TRACK = {
    "type": "object",
    "required": ["artist_name", "track_name"],
    "properties": {
        "artist_name": {**_NAME, "description": "Artist"},
        "track_name": {**_NAME, "description": "Title"},
        "release_name": {"type": ["string", "null"], "description": "Album"},
        "additional_info": {
            "type": ["object", "null"],
            "description": "duration_ms or duration (seconds), spotify_id (address of the track at Spotify), "
            "media_player, submission_client; others are passed over",
            "properties": {
                "tags": {
                    "type": "array",
                    "maxItems": MOST_TAGS,
                    "items": {"type": "string", "maxLength": TAG_LETTERS},
                },
                **dict.fromkeys(ONE_MBID, _MBID),
                **dict.fromkeys(MBIDS, _MBIDS),
            },
        },
    },
}
_STARTED = {
    "type": "integer",
    "minimum": EARLIEST,
    "description": "Start in seconds since 1970, not later than in an hour",
}


def _kind(name: str, most: int, **fields: Any) -> dict[str, Any]:
    """The schema of a submission of one kind."""
    properties = {**fields, "track_metadata": _TRACK}
    listen = {
        "type": "object", "additionalProperties": False, "required": list(properties), "properties": properties
    }  # fmt: skip
    return {
        "type": "object",
        "title": name,
        "required": ["listen_type", "payload"],
        "properties": {
            "listen_type": {"const": name},
            "payload": {"type": "array", "minItems": 1, "maxItems": most, "items": listen},
        },
    }


_SAMPLE = {"artist_name": "Can", "track_name": "Vitamin C", "release_name": "Ege Bamyasi"}
SUBMISSION: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "oneOf": [
                        _kind("single", 1, listened_at=_STARTED),
                        _kind("import", MOST_LISTENS, listened_at=_STARTED),
                        _kind("playing_now", 1),
                    ]
                },
                "example": {
                    "listen_type": "single",
                    "payload": [{"listened_at": 1_700_000_000, "track_metadata": _SAMPLE}],
                },
            }
        },
    }
}
