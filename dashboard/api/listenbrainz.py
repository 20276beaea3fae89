"""The part of ListenBrainz's API that scrobblers speak, for one's own listens.

Source: https://listenbrainz.readthedocs.io/en/latest/users/api/core.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from config.errors import LakesongError
from dashboard.api.answers import json_response
from dashboard.api.flushing import Flusher
from dashboard.api.listenbrainz_models import (
    FAILURES,
    SUBMISSION,
    Accepted,
    ListenCount,
    Listens,
    PlayingNow,
    TokenChecked,
)
from dashboard.api.parameters import Nothing
from dashboard.api.scrobbles import BODY_BYTES, RefusedListensError, Submission, read_submission
from dashboard.failures import NotFoundError
from dashboard.live import now_playing, set_now_playing
from dashboard.site import Site
from dashboard.view import Visitor
from ingestion.listeners import refuse_mixing
from ingestion.listens import playing_fields, put_listens
from schemas.lake import Lake
from serving.store import Row, Store

DEFAULT_LISTENS, MOST_LISTENS = 25, 1000
Name = Annotated[str, Path(description="The listener: one's own name", max_length=500)]
_Seconds = Annotated[int, Field(ge=0, le=253_402_300_799)]
Seconds = Annotated[_Seconds | Nothing, Query(description="Seconds since 1970")]

router = APIRouter(prefix="/1", tags=["ListenBrainz"])

_SECONDS = "epoch_ms(started_at) // 1000"  # ListenBrainz counts whole seconds
_COLUMNS = f"{_SECONDS} AS listened_at, track_name, artist_name, album_name, track_id, duration_ms"


@router.post(
    "/submit-listens", response_model=Accepted, responses=FAILURES, openapi_extra=SUBMISSION, summary="Submit listens"
)
async def submit_listens(request: Request) -> Response:
    """Take listens of a scrobbler, or what plays now. They are in the lake within seconds, or when a build has ended,
    and in the tables after the next build; a listen that was submitted before changes nothing.
    """
    try:
        body = await _body(request)
        return await run_in_threadpool(_submit, request, body)
    except RefusedListensError as error:
        return _refused(error.code, error.message)


def _submit(request: Request, body: bytes) -> Response:
    site: Site = request.app.state.site
    visitor = _visitor(request)
    submission = read_submission(body)
    refuse_mixing(Lake(site.settings.lake_uri), site.settings.is_emulated)
    if submission.kind == "playing_now":
        _play_now(site, visitor, submission)
    else:
        put_listens(site.settings, visitor.user_id, submission.listens)
        flusher: Flusher = request.app.state.flusher
        flusher.wake()
    return json_response({"status": "ok"})


def _play_now(site: Site, visitor: Visitor, submission: Submission) -> None:
    track = playing_fields(submission.listens[0]) | {"source": "listenbrainz"}
    set_now_playing(site.settings.state_dir, visitor.user_id, track, datetime.now(UTC))


async def _body(request: Request) -> bytes:
    """The body, read no further than it may be long."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES:
            raise RefusedListensError(f"The body is larger than {BODY_BYTES} bytes.", 413)
    return bytes(body)


@router.get("/validate-token", response_model=TokenChecked, responses=FAILURES, summary="Whether a token is good")
def validate_token(request: Request) -> Response:
    """Whether the token in the header `Authorization: Token …` is known, and whose it is."""
    if not request.headers.get("authorization"):
        return _refused(400, "Give the token in the header Authorization, as `Token …`.")
    try:
        visitor = _visitor(request)
    except LakesongError:
        return json_response({"code": 200, "message": "Token invalid.", "valid": False})
    return json_response({"code": 200, "message": "Token valid.", "valid": True, "user_name": visitor.user_id})


@router.get("/user/{user_name}/listens", response_model=Listens, responses=FAILURES, summary="One's own listens")
def read_listens(
    request: Request,
    user_name: Name,
    max_ts: Seconds = None,
    min_ts: Seconds = None,
    count: Annotated[int, Query(ge=1, le=MOST_LISTENS, description="Listens to give")] = DEFAULT_LISTENS,
) -> Response:
    """Plays that count, the newest first, between two times that are not included; those of the newest release."""
    if max_ts is not None and min_ts is not None and max_ts <= min_ts:
        return _refused(400, "max_ts must be later than min_ts.")
    store = _own_store(request, user_name)
    rows = store.rows(
        f"""
        SELECT {_COLUMNS} FROM kept_plays
        WHERE is_counted AND ($max_ts IS NULL OR {_SECONDS} < $max_ts)
            AND ($min_ts IS NULL OR {_SECONDS} > $min_ts)
        ORDER BY started_at DESC, play_id LIMIT $count
        """,
        max_ts=max_ts, min_ts=min_ts, count=count,
    )  # fmt: skip
    ends = store.row(
        f"SELECT max({_SECONDS}) AS latest_listen_ts, min({_SECONDS}) AS oldest_listen_ts "
        "FROM kept_plays WHERE is_counted"
    )
    listens = [_listen(row, user_name) for row in rows]
    payload = {"count": len(listens), "user_id": user_name, "listens": listens, **(ends or {})}
    return json_response({"payload": payload}, headers={"cache-control": "no-store"})


@router.get(
    "/user/{user_name}/playing-now", response_model=PlayingNow, responses=FAILURES, summary="What one plays now"
)
def read_playing_now(request: Request, user_name: Name) -> Response:
    """What a scrobbler, or `lakesong watch`, said last, as long as the track lasts."""
    site: Site = request.app.state.site
    visitor = _own(request, user_name)
    found = now_playing(site.settings.state_dir, visitor.user_id)
    listens = [{**_listen(found, user_name), "playing_now": True}] if found else []
    payload = {"count": len(listens), "user_id": user_name, "playing_now": True, "listens": listens}
    return json_response({"payload": payload}, headers={"cache-control": "no-store"})


@router.get(
    "/user/{user_name}/listen-count", response_model=ListenCount, responses=FAILURES, summary="How many one has"
)
def read_listen_count(request: Request, user_name: Name) -> Response:
    """Plays that count, of the newest release."""
    row = _own_store(request, user_name).row("SELECT count(*) AS count FROM kept_plays WHERE is_counted")
    return json_response({"payload": row}, headers={"cache-control": "no-store"})


def _listen(row: Row, user_name: str) -> dict[str, Any]:
    """A play in ListenBrainz's words."""
    spotify = f"https://open.spotify.com/track/{row['track_id']}" if row["track_id"] else None
    info = {"duration_ms": row["duration_ms"], "spotify_id": spotify}
    return {
        **({"listened_at": row["listened_at"]} if "listened_at" in row else {}),
        "user_name": user_name,
        "track_metadata": {
            "artist_name": row["artist_name"],
            "track_name": row["track_name"],
            "release_name": row["album_name"],
            "additional_info": {name: value for name, value in info.items() if value is not None},
        },
    }


def _visitor(request: Request) -> Visitor:
    site: Site = request.app.state.site
    return site.access.visitor(request)


def _own(request: Request, user_name: str) -> Visitor:
    """The visitor, who asks about themselves: there is nobody else for them."""
    visitor = _visitor(request)
    if visitor.user_id != user_name:
        raise NotFoundError("Cannot find that user: only one's own listens can be read.")
    return visitor


def _own_store(request: Request, user_name: str) -> Store:
    visitor = _own(request, user_name)
    site: Site = request.app.state.site
    store = site.stores.get(visitor.user_id)
    if store is None:
        raise HTTPException(503, "The tables are being made ready.", headers={"retry-after": "1"})
    return store


def _refused(code: int, message: str) -> Response:
    return json_response({"code": code, "error": message}, code)
