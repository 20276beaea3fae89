"""The OpenAPI document: the API's routes alone, with who may ask and what a failure looks like."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.routing import compile_path

from dashboard.api.answers import release
from dashboard.api.models import Problem

ABOUT = """
What a listener may see of a lake of music, for programs.

Every answer is about the listener who asks: the one whose session or token it is, or on the machine itself the only
one. Counts are of plays that no rule excludes. Times are in UTC, days are the listener's local days. Answers carry an
ETag: give it as `If-None-Match`, and what did not change is a 304. Failures are `application/problem+json` (RFC 9457).
"""
TAGS = [
    {"name": "tables", "description": "Rows of the tables, as `docs/tables.md` describes them."},
    {"name": "computed", "description": "Totals and top lists of any range, search, and questions in plain words."},
    {"name": "runs", "description": "Commands that the server starts: collect, build."},
    {"name": "ListenBrainz", "description": "Submitting listens as scrobblers do; errors in ListenBrainz's form."},
    {"name": "health", "description": "For those who look after the server."},
]
SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "An API token of the Settings page."},
    "listenbrainz": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "The same token as scrobblers send it: `Token …`.",
    },
    "session": {"type": "apiKey", "in": "cookie", "name": "session", "description": "The session of a browser."},
}
_OPEN = ("/health", "/health/ready")


def document(app: FastAPI, routes: list[APIRoute]) -> dict[str, Any]:
    """The document of these routes; made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title="Lakesong",
            version=release(),
            description=ABOUT.strip(),
            tags=TAGS,
            routes=routes,
            openapi_version="3.1.0",
        )
        components = made.setdefault("components", {})
        components["securitySchemes"] = SCHEMES
        components.setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
        # On the machine itself, for one listener, nobody needs to sign in: the empty choice.
        made["security"] = [{}, *({name: []} for name in SCHEMES)]
        for path in _OPEN:
            for operation in made["paths"].get(path, {}).values():
                operation["security"] = []
        app.openapi_schema = made
    return app.openapi_schema


def allowed_methods(app: FastAPI, path: str) -> list[str]:
    """The methods that the document has for an address; none for an address that is not in it."""
    paths = app.openapi()["paths"]
    return sorted({m.upper() for pattern, found in paths.items() if _fits(pattern, path) for m in found})


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return compile_path(path)[0]


def _fits(pattern: str, path: str) -> bool:
    return _pattern(pattern).match(path) is not None
