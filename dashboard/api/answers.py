"""JSON answers: dates as ISO 8601, tags that tell whether something changed, problems as the document lists them."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dashboard.site import Site
from dashboard.view import Visitor
from serving.store import Store

LAYOUT = 1  # of the answers; another number changes every tag
PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_SAID = {
    400: "The request cannot be used.",
    401: "Nobody is signed in, or the token is not known.",
    403: "The visitor may not do this.",
    404: "There is no such thing.",
    409: "Another run has the lake.",
    413: "The body is too large.",
    422: "A parameter cannot be used.",
    503: "Not ready yet, or the query took too long; Retry-After says when to ask again.",
}


def problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """The failures of a route, for the OpenAPI document."""
    return {code: {"description": _SAID[code], "content": PROBLEM} for code in codes}


READ = problems(401, 422, 503)  # what every route that reads a listener's tables may answer
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "As it was when the tag was given."}}


def store_or_wait(request: Request) -> tuple[Visitor, Store]:
    """The visitor and their tables. Answers 503 for the seconds in which these are made."""
    site: Site = request.app.state.site
    visitor = site.access.visitor(request)
    store = site.stores.get(visitor.user_id)
    if store is None:
        raise HTTPException(503, "The tables are being made ready.", headers={"retry-after": "1"})
    return visitor, store


def answer(
    request: Request,
    store: Store,
    make: Callable[[], Any],
    link: Callable[[Any], str | None] = lambda body: None,
) -> Response:
    """What `make` gives as JSON, unless the client has it already: it is a function of the tables and the address, and
    kept as pages are. link: the address of the next page, from what was made.
    """
    told = (LAYOUT, release(), store.key, request.url.path, sorted(request.query_params.multi_items()))
    tag = f'"{hashlib.blake2b(repr(told).encode(), digest_size=12).hexdigest()}"'
    given = {"etag": tag, "cache-control": "private, no-cache", "vary": "authorization, cookie"}
    asked = request.headers.get("if-none-match", "")
    if tag in asked or asked.strip() == "*":
        return Response(status_code=304, headers=given)

    def told_once() -> bytes:
        body = make()
        return (link(body) or "").encode() + b"\n" + _json(body)

    site: Site = request.app.state.site
    following, _, body = site.kept(("api", store.user_id, store.key, tag), told_once).partition(b"\n")
    if following:
        given["link"] = f'<{following.decode()}>; rel="next"'
    return Response(body, headers=given, media_type="application/json")


def json_response(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A body as JSON."""
    return Response(_json(body), status, headers, "application/json")


def _json(body: Any) -> bytes:
    """A body as JSON; numbers that JSON has no word for are null."""
    try:
        text = _dump(body)
    except ValueError:
        text = _dump(_finite(body))
    return text.encode("utf-8", "replace")


def _dump(body: Any) -> str:
    return json.dumps(body, default=_plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    """Times of the tables carry no zone: they are UTC."""
    if isinstance(value, datetime):
        return (value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)).isoformat() + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no place in an answer")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list | tuple) else value


@cache
def release() -> str:
    """The version of Lakesong."""
    try:
        return version("lakesong")
    except PackageNotFoundError:
        return "unknown"
