"""What is answered when something fails: a page that says what to do next, or problem+json (RFC 9457) in the API."""

from __future__ import annotations

import json
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from config.errors import InputError, LakesongError, NeedsUserError, PostponedError
from dashboard.rendering import render
from serving.store import QueryLimitError

log = structlog.get_logger()

API = "/api/"
PROBLEM = "application/problem+json"


class NeedsSignInError(LakesongError):
    """Nobody is signed in."""


class NotAllowedError(LakesongError):
    """The visitor may not do this."""


class NotFoundError(LakesongError):
    """What was asked for is not there."""


_STATUS: dict[type[LakesongError], int] = {
    NeedsSignInError: 401,
    NotAllowedError: 403,
    NotFoundError: 404,
    QueryLimitError: 503,
    InputError: 400,
    NeedsUserError: 409,
    PostponedError: 409,
}


def answer_failures(app: FastAPI) -> None:
    """Answer every kind of failure as said above."""

    @app.exception_handler(LakesongError)
    async def ours(request: Request, error: LakesongError) -> Response:
        status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
        return failure(request, status, error.message, error.next_step)

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
    if request.url.path.startswith(API) or request.url.path.startswith("/1/"):
        told = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": message}
        if step:
            told["next_step"] = step
        return Response(json.dumps(told), status_code=status, media_type=PROBLEM)
    if status == 401:
        return RedirectResponse("/sign-in", status_code=303)
    body = render("failure.html", title=HTTPStatus(status).phrase, message=message, step=step)
    return Response(body, status_code=status, media_type="text/html")
