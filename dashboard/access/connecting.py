"""Connecting Spotify: one's own app, the consent at Spotify, and the first fetch. Works before there is a lake."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from config.errors import InputError, PostponedError
from config.settings import Settings, with_spotify_app
from config.state_file import write_state
from dashboard import jobs
from dashboard.access.entrance import entrance_of
from dashboard.access.forms import Form, then
from dashboard.access.spotify import Begun, SpotifySignIns, redirect_of
from dashboard.failures import NotAllowedError
from dashboard.rendering import render
from dashboard.site import Site
from dashboard.view import Visitor
from ingestion.listeners import refuse_mixing
from ingestion.spotify_sign_in import sign_ins
from schemas.lake import Lake

router = APIRouter(include_in_schema=False)

_CREDENTIAL = re.compile(r"[0-9A-Za-z_-]{8,128}")
PAGE = "/connect"


@router.get(PAGE)
def show_connect(request: Request) -> Response:
    """The page that leads through it, and says how far one has come."""
    visitor = _person(request)
    body = render("connect.html", title="Connect Spotify", **_state(request, visitor))
    return Response(body, headers={"cache-control": "no-store"}, media_type="text/html")


@router.get(f"{PAGE}/progress")
def show_progress(request: Request) -> Response:
    """How far the first fetch is: asked for again and again by the page."""
    body = render("settings/progress.html", **_state(request, _person(request)))
    return Response(body, headers={"cache-control": "no-store"}, media_type="text/html")


@router.post(f"{PAGE}/app")
def keep_app(request: Request, form: Form) -> Response:
    """Keep the client id and secret of the app, where nobody but this user of the machine can read them."""
    site: Site = request.app.state.site
    entrance_of(request).admin(request)
    if site.settings.client_id:
        raise InputError("CLIENT_ID is set in the environment or in .env.", "Change it there.")
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    if not _CREDENTIAL.fullmatch(client_id) or (secret and not _CREDENTIAL.fullmatch(secret)):
        raise InputError("That is no client id or secret of Spotify.", "Copy both from your app's page at Spotify.")
    write_state(site.settings.spotify_app_file, {"client_id": client_id, "client_secret": secret})
    return then(PAGE)


@router.post(f"{PAGE}/app/remove")
def remove_app(request: Request) -> Response:
    """Let go of the app that was set up here."""
    site: Site = request.app.state.site
    entrance_of(request).admin(request)
    site.settings.spotify_app_file.unlink(missing_ok=True)
    return then(PAGE)


@router.get(f"{PAGE}/spotify")
def begin(request: Request) -> Response:
    """To Spotify, which asks the listener whether their plays may be collected."""
    visitor = _person(request)
    if request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        raise NotAllowedError("Another site led here.", "Begin on the page Connect Spotify.")
    site: Site = request.app.state.site
    refuse_mixing(Lake(site.settings.lake_uri), site.settings.is_emulated)
    signing: SpotifySignIns = request.app.state.spotify_sign_ins
    return signing.begin(request, site.settings, entrance_of(request).cookies, PAGE, visitor.user_id)


@router.post(f"{PAGE}/fetch")
def fetch(request: Request) -> Response:
    """Collect now."""
    visitor = _person(request)
    site: Site = request.app.state.site
    jobs.start(site.settings, ["ingest", "--user", visitor.user_id], visitor.user_id)
    return then(PAGE)


def connected(request: Request, begun: Begun, code: str) -> Response:
    """Keep the consent that Spotify gave, and begin the first fetch at once."""
    visitor = _person(request)
    if visitor.user_id != begun.user_id:
        raise NotAllowedError("Another listener signed in meanwhile.", "Begin again.")
    site: Site = request.app.state.site
    signing: SpotifySignIns = request.app.state.spotify_sign_ins
    signing.keep(site.settings, begun, code)
    with suppress(PostponedError):  # another run has the lake: the page offers to collect when it has ended
        jobs.start(site.settings, ["ingest", "--user", begun.user_id], begun.user_id)
    return then(begun.wanted)


def _state(request: Request, visitor: Visitor) -> dict[str, Any]:
    site: Site = request.app.state.site
    settings = with_spotify_app(site.settings)
    mine = [one for one in jobs.jobs(settings) if one.words[:1] == ("ingest",) and one.user_id == visitor.user_id]
    return {
        "visitor": visitor,
        "client_id": settings.client_id,
        "is_set_outside": bool(site.settings.client_id),
        "redirect_uri": redirect_of(request),
        "sign_in": next((one for one in sign_ins(settings) if one["user_id"] == visitor.user_id), None),
        "job": mine[0] if mine else None,
        "mixing": _mixing(site.settings),
        "has_lake": visitor.user_id in entrance_of(request).listeners(),
    }


def _mixing(settings: Settings) -> str:
    """Why no account can be connected to this lake, where none can."""
    try:
        refuse_mixing(Lake(settings.lake_uri), settings.is_emulated)
    except InputError as error:
        return str(error)
    return ""


def _person(request: Request) -> Visitor:
    return entrance_of(request).person(request)
