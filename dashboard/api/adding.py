"""Puts the API into the application."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dashboard import job_routes
from dashboard.api import computed, health, listenbrainz, runs, tables
from dashboard.api.document import allowed_methods, document
from dashboard.api.flushing import Flusher
from dashboard.api.measuring import Measured, Measures
from dashboard.failures import failure

ROUTERS = (tables.router, computed.router, runs.router, listenbrainz.router, health.router)


def add_api(app: FastAPI) -> None:
    """Add the routes, their document, and what counts requests. `app.state.site` is there already."""
    app.state.flusher = Flusher(app.state.site.settings)
    app.state.measures = Measures()
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(job_routes.router)
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    app.openapi = lambda: document(app, routes)  # type: ignore[method-assign]
    app.add_exception_handler(405, _other_method)
    app.add_middleware(Measured, measures=app.state.measures)


async def _other_method(request: Request, error: Exception) -> Response:
    """A method that the address does not have; `Allow` names those that it has, also where several routes share it."""
    made = failure(request, 405, "That cannot be done here.", "")
    given = error.headers or {} if isinstance(error, HTTPException) else {}
    allowed = allowed_methods(request.app, request.url.path)
    made.headers.update({**given, **({"allow": ", ".join(allowed)} if allowed else {})})
    return made
