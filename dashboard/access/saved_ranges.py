"""Ranges that a listener saved under names: the list below the range picker."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboard.access.entrance import entrance_of
from dashboard.access.forms import Form
from dashboard.failures import NotFoundError
from dashboard.ranges import RANGE_PARAMETERS, compared_with, range_of
from dashboard.rendering import render
from dashboard.site import Site
from dashboard.view import PAGES, address
from serving.store import Store

router = APIRouter(include_in_schema=False)

PATH, HERE = "path", "here"


@router.get("/ranges")
def show(request: Request) -> Response:
    """The saved ranges, as addresses of the page at `path` whose other parameters are in `here`."""
    return _listed(request, request.query_params.get(PATH, ""), request.query_params.get(HERE, ""))


@router.post("/ranges")
def save(request: Request, form: Form) -> Response:
    """Save the range of `here` under a name."""
    visitor = entrance_of(request).person(request)
    store = _store(request, visitor.user_id)
    chosen = {name: value for name, value in _parameters(form.get(HERE, "")) if name in RANGE_PARAMETERS}
    if store is not None:
        compared_with(range_of(chosen, store.as_of, store.as_of), chosen)  # raises for what is no range
    entrance_of(request).accounts.save_range(visitor.user_id, form.get("name", ""), urlencode(chosen))
    return _listed(request, form.get(PATH, ""), form.get(HERE, ""))


@router.post("/ranges/remove")
def remove(request: Request, form: Form) -> Response:
    """Let go of a saved range."""
    visitor = entrance_of(request).person(request)
    entrance_of(request).accounts.remove_range(visitor.user_id, form.get("name", ""))
    return _listed(request, form.get(PATH, ""), form.get(HERE, ""))


def _listed(request: Request, path: str, here: str) -> Response:
    entrance = entrance_of(request)
    visitor = entrance.person(request)
    if path not in PAGES:
        raise NotFoundError("There is no such page.", "The menu leads on.")
    kept = {name: value for name, value in _parameters(here) if name not in RANGE_PARAMETERS}
    found = [
        (one.name, address(path, {**dict(parse_qsl(one.query)), **kept}))
        for one in entrance.accounts.ranges(visitor.user_id)
    ]
    body = render("settings/ranges.html", saved=found, path=path, here=here)
    return Response(body, headers={"cache-control": "no-store"}, media_type="text/html")


def _store(request: Request, user_id: str) -> Store | None:
    site: Site = request.app.state.site
    return site.stores.get(user_id)


def _parameters(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query[:4000])
