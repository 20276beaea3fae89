"""What is answered when something fails: a page that says what to do next, or problem+json (RFC 9457) in the API."""

from __future__ import annotations

import json
from http import HTTPStatus
from urllib.parse import urlencode

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from config.errors import InputError, LakesongError, NeedsUserError, PostponedError
from dashboard.rendering import render
from dashboard.view import PAGES
from serving.lake_reader import NoLakeError
from serving.store import QueryLimitError

log = structlog.get_logger()

API = ("/api/", "/metrics", "/health")  # for programs
BEGIN = "/connect"  # the page that leads to a first lake
LISTENBRAINZ = "/1/"  # answers as ListenBrainz does
PROBLEM = "application/problem+json"


class NeedsSignInError(LakesongError):
    """Nobody is signed in."""


class NotAllowedError(LakesongError):
    """The visitor may not do this."""


class TooManyError(LakesongError):
    """Something was tried too often; may be tried again after `wait_seconds`."""

    def __init__(self, wait_seconds: int) -> None:
        """Say how long to wait."""
        minutes = -(-wait_seconds // 60)
        super().__init__("That was tried too often.", f"Try again in {minutes} minute{'s' * (minutes > 1)}.")
        self.wait_seconds = wait_seconds


class NotFoundError(LakesongError):
    """What was asked for is not there."""


_STATUS: dict[type[LakesongError], int] = {
    NeedsSignInError: 401,
    NotAllowedError: 403,
    NotFoundError: 404,
    TooManyError: 429,
    QueryLimitError: 503,
    InputError: 400,
    NeedsUserError: 409,
    PostponedError: 409,
}


def answer_failures(app: FastAPI) -> None:
    """Answer every kind of failure as said above."""

    @app.exception_handler(LakesongError)
    async def ours(request: Request, error: LakesongError) -> Response:
        if isinstance(error, NoLakeError) and request.url.path in PAGES:
            return RedirectResponse(BEGIN, status_code=303)
        status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
        made = failure(request, status, error.message, error.next_step)
        if isinstance(error, TooManyError):
            made.headers["retry-after"] = str(error.wait_seconds)
        return made

    @app.exception_handler(HTTPException)
    async def of_the_web(request: Request, error: HTTPException) -> Response:
        said = {404: ("There is no such page.", "The menu leads on."), 405: ("That cannot be done here.", "")}
        message, step = said.get(error.status_code, (str(error.detail), ""))
        made = failure(request, error.status_code, message, step)
        made.headers.update(error.headers or {})
        return made

    @app.exception_handler(RequestValidationError)
    async def of_parameters(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(place) for place in first["loc"][1:]) or "the request"
        return failure(request, 422, f"{where}: {first['msg']}.", "")

    @app.exception_handler(Exception)
    async def of_ours_alone(request: Request, error: Exception) -> Response:
        log.exception("A request failed.", path=request.url.path)
        return failure(request, 500, "Something went wrong here.", "The log says what; please report it.")


def failure(request: Request, status: int, message: str, step: str) -> Response:
    """The answer to a request that failed."""
    if request.url.path.startswith(LISTENBRAINZ):
        said = f"{message} {step}".strip()
        return Response(json.dumps({"code": status, "error": said}), status, _asked_for(status), "application/json")
    if request.url.path.startswith(API):
        told = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": message}
        if step:
            told["next_step"] = step
        return Response(json.dumps(told), status, _asked_for(status), PROBLEM)
    if status == 401:
        return _to_sign_in(request)
    body = render("failure.html", title=HTTPStatus(status).phrase, message=message, step=step)
    return Response(body, status_code=status, media_type="text/html")


def _asked_for(status: int) -> dict[str, str]:
    """Programs are told how to say who they are."""
    return {"www-authenticate": "Bearer"} if status == 401 else {}


def _to_sign_in(request: Request) -> Response:
    """The way to the sign-in, and back to what was asked for."""
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"hx-redirect": "/sign-in"})
    where = f"/sign-in?{urlencode({'next': asked})}" if request.method == "GET" else "/sign-in"
    return RedirectResponse(where, status_code=303)
