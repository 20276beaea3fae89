"""The web application: pages, the API and static files, in one process without an engine."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from urllib.parse import urlencode

import duckdb
import structlog
from deltalake.exceptions import DeltaError
from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

import dashboard.pages  # noqa: F401  declares the pages
from config.errors import LakesongError
from config.settings import Settings
from dashboard import imports, job_routes, playlists, undoing, wrapped_files
from dashboard.access.entrance import Entrance
from dashboard.access.routes import add_access
from dashboard.api.adding import add_api
from dashboard.failures import answer_failures
from dashboard.ranges import DEFAULT, presets
from dashboard.rendering import csv_of, render, render_page
from dashboard.security import Guard
from dashboard.site import FOLDER, Access, Site, tag_of
from dashboard.view import PAGES, Page, View, Visitor
from serving.store import Store
from serving.stores import Stores

log = structlog.get_logger()

HOME = "/overview"
FONTS = FOLDER.parent / "wrapped" / "fonts"
YEAR_SECONDS = 31_536_000


def make_app(settings: Settings, access: Access | None = None) -> FastAPI:
    """The application of one lake. Opens nothing before the first request."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.flusher.wake()
        yield
        app.state.flusher.close()
        app.state.site.close()

    app = FastAPI(
        title="Lakesong", docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json", lifespan=lifespan
    )
    app.state.site = Site(settings, Stores(settings), access or Entrance(settings))
    answer_failures(app)
    for page in PAGES.values():
        _add_page(app, page)
    app.include_router(job_routes.router)
    app.include_router(playlists.router)
    app.include_router(wrapped_files.router)
    app.include_router(imports.router)
    app.include_router(undoing.router)
    add_access(app)
    app.add_api_route("/", lambda: RedirectResponse(HOME), include_in_schema=False)
    app.mount("/fonts", _KeptFiles(directory=FONTS), name="fonts")
    app.mount("/static", _KeptFiles(directory=FOLDER / "static"), name="static")
    add_api(app)
    app.add_middleware(Guard, hosts=settings.site_names | {settings.dashboard_host})
    return app


class _KeptFiles(StaticFiles):
    """Static files, which browsers may keep: another content has another address."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = f"public, max-age={YEAR_SECONDS}, immutable"
        return response


def _add_page(app: FastAPI, page: Page) -> None:
    def show(request: Request) -> Response:
        return _answer(request, page, "html", lambda view: render_page(page, view))

    def fetch(request: Request) -> Response:
        name = request.query_params.get("part", "")
        answer = _answer(request, page, "csv", lambda view: csv_of(page.make(view), name) or b"")
        if not answer.body and answer.status_code == 200:
            return Response("There is no such table on this page.\n", status_code=404, media_type="text/plain")
        answer.headers["content-disposition"] = f'attachment; filename="{page.path.strip("/")}.csv"'
        return answer

    app.add_api_route(page.path, show, methods=["GET"], include_in_schema=False)
    app.add_api_route(f"{page.path}.csv", fetch, methods=["GET"], include_in_schema=False)


def _answer(request: Request, page: Page, form: str, make: Callable[[View], bytes]) -> Response:
    """A page's body in one of its forms; made once for a listener's file and an address, unless it is live."""
    site: Site = request.app.state.site
    visitor = site.access.visitor(request)
    store = site.stores.get(visitor.user_id)
    if store is None:
        return preparing()
    if site.is_first_look(store, visitor):
        site.run_aside(partial(make_ready, site, visitor, store))
    view = View(site.settings, visitor, store, page.path, dict(request.query_params))
    if page.is_live and not page.fresh_seconds:
        body = make(view)
    else:
        when = f"{time.time() // page.fresh_seconds}" if page.is_live else ""
        body = site.kept(_key(view, form, when), lambda: make(view))
    media_type = "text/html; charset=utf-8" if form == "html" else "text/csv; charset=utf-8"
    return tagged(request, body, media_type)


def _key(view: View, form: str, when: str = "") -> tuple[str, ...]:
    """What a page that is kept is known by. when: the seconds in which a live page may be told again."""
    return (view.store.key, str(view.visitor), form, view.path, urlencode(view.parameters), when)


def make_ready(site: Site, visitor: Visitor, store: Store) -> None:
    """Make what is asked for most often before it is asked for: each page of the menu, in each range of the picker.

    Live pages are made once, so that what they need is loaded. The processor is left to visitors for as long as each
    page took.
    """
    for name, _ in presets(store.as_of):
        for page in PAGES.values():
            if page.group is None or not (name == DEFAULT or (page.has_range and not page.is_live)):
                continue
            if site.closing.is_set():
                return
            parameters = {"range": name} if page.has_range else {}
            began = time.monotonic()
            try:
                for given in (parameters, {}) if name == DEFAULT and not page.is_live else (parameters,):
                    view = View(site.settings, visitor, store, page.path, given)
                    make = partial(render_page, page, view)
                    make() if page.is_live else site.kept(_key(view, "html"), make)
            except (LakesongError, duckdb.Error, DeltaError, OSError) as error:  # the visitor who asks for it is told
                log.info("A page was not made ready.", path=page.path, error=str(error))
            site.closing.wait(time.monotonic() - began)


def tagged(request: Request, body: bytes, media_type: str) -> Response:
    """A body with its tag, or nothing for who has it already."""
    tag = tag_of(body)
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def preparing() -> Response:
    """What is shown for the seconds in which a listener's file is made."""
    return Response(render("preparing.html", title="One moment"), status_code=202, media_type="text/html")
