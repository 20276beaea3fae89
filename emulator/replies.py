"""Answers in the words of each service: errors, pages, and the answers that faults put in place of the right one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse

from emulator.faults import Faults, ReplyFault, chance

RETRY_AFTER_LONG = 48_925
HTML = "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Something went wrong</h1></body></html>"
PREMIUM_TEXT = (
    "Active premium subscription required for the owner of the app. When the subscription status changes, it can take "
    "a few hours before requests are allowed again."
)
UNREGISTERED_TEXT = (
    "User not registered in the Developer Dashboard. Check settings on developer.spotify.com/dashboard, the user may "
    "not be registered."
)


class ApiError(Exception):
    """An endpoint refuses: HTTP status, message (left out when empty) and, where there is one, a code."""

    def __init__(self, status: int, message: str = "", code: int = 0) -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code


def error_reply(service: str, error: ApiError, path: str, now: datetime) -> Response:
    """An error as the service words it. Deezer says everything with HTTP 200."""
    if service == "deezer" and error.code:
        kind = "DataException" if error.code == 800 else "Exception"
        return JSONResponse({"error": {"type": kind, "message": error.message, "code": error.code}})
    if service == "reccobeats":
        code = error.code or (4042 if error.status == 404 else error.status)
        body = {"timestamp": now.isoformat(), "status": code, "error": error.message, "path": path}
        return JSONResponse(body, error.status)
    inner: dict[str, Any] = {"status": error.status, "message": error.message}
    return JSONResponse({"error": inner if error.message else {"status": error.status}}, error.status)


def too_many(service: str, retry_after: str | None, reason: str | None = None) -> Response:
    """The answer to too many requests, with the Retry-After header as given."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    if service == "deezer":
        return JSONResponse({"error": {"type": "Exception", "message": "Quota limit exceeded", "code": 4}})
    if service == "reccobeats":
        return JSONResponse({"status": 4291, "error": "Too many requests"}, 429, headers)
    inner = {"status": 429, "message": "Too many requests", **({"reason": reason} if reason else {})}
    return JSONResponse({"error": inner}, 429, headers)


def stand_in(fault: ReplyFault, faults: Faults, seed: int, service: str, number: int) -> Response | None:
    """The answer that a fault gives in place of the endpoint's; none where the endpoint answers all the same."""
    luck = chance(seed, "which", service, number)
    if fault == "rate_limit":
        return too_many(service, str(faults.rate_limit_seconds))
    if fault == "rate_limit_long":
        return too_many(service, str(RETRY_AFTER_LONG), "QUOTA_EXCEEDED")
    if fault == "retry_after_empty":
        return too_many(service, "")
    if fault == "retry_after_malformed":
        return too_many(service, ("1.5", "soon", "-1")[int(luck * 3)])
    if fault == "server_errors":
        status = (500, 502, 503, 504)[int(luck * 4)]
        if status == 502:
            return JSONResponse({"error": {"status": 502, "message": "Bad gateway."}}, 502)
        return PlainTextResponse("upstream request timeout" if status == 504 else "", status)
    if fault == "html_bodies":
        return HTMLResponse(HTML)
    if fault == "empty_bodies":
        return Response(b"", 200, media_type="application/json")
    return None


def offset_page(request: Request, items: Sequence[Any], limit: int, offset: int, below: str = "") -> dict[str, Any]:
    """A paging object over items that can be counted; the items are cut, not yet made into objects.

    below: where the further pages are, under the request's own path.
    """
    following = offset + limit
    return {
        "href": own_url(request, {"offset": offset, "limit": limit}, below),
        "items": items[offset:following],
        "limit": limit,
        "next": own_url(request, {"offset": following, "limit": limit}, below) if following < len(items) else None,
        "offset": offset,
        "previous": own_url(request, {"offset": max(0, offset - limit), "limit": limit}, below) if offset else None,
        "total": len(items),
    }


def own_url(request: Request, changes: dict[str, Any], below: str = "") -> str:
    """The request's own address with parameters changed; None takes one away."""
    parameters = {name: value for name, value in {**request.query_params, **changes}.items() if value is not None}
    address = f"{request.url.scheme}://{request.url.netloc}{request.url.path}{below}"
    return f"{address}?{urlencode(parameters)}" if parameters else address


def half(body: bytes) -> bytes:
    """The first half of a body, which is JSON no more."""
    cut = body[: len(body) // 2]
    try:
        json.loads(cut)
    except ValueError:
        return cut
    return b"{"
