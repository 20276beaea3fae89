"""Signing in and out: with a password, or with the Spotify account that a listener connected."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from config.settings import with_spotify_app
from dashboard.access import connecting, saved_ranges, settings_routes
from dashboard.access.entrance import entrance_of
from dashboard.access.forms import Form, inside, then
from dashboard.access.spotify import SpotifySignIns
from dashboard.failures import NeedsSignInError, NotAllowedError
from dashboard.rendering import render
from dashboard.site import Site
from ingestion.spotify_sign_in import sign_ins

router = APIRouter(include_in_schema=False)


def add_access(app: FastAPI) -> None:
    """Add the addresses of the entrance, and of what belongs to a visitor."""
    app.state.spotify_sign_ins = SpotifySignIns()
    for module in (connecting, saved_ranges, settings_routes):
        app.include_router(module.router)
    app.include_router(router)


@router.get("/sign-in")
def show_sign_in(request: Request) -> Response:
    """The page to sign in on; on to where they wanted to go for those who need not."""
    wanted = inside(request.query_params.get("next"))
    try:
        entrance_of(request).visitor(request)
    except NeedsSignInError:
        return _sign_in_page(request, wanted)
    return then(wanted)


@router.post("/sign-in")
def sign_in(request: Request, form: Form) -> Response:
    """A listener's name and password begin a session."""
    entrance, user_id, wanted = entrance_of(request), form.get("user", ""), inside(form.get("next"))
    address = request.client.host if request.client else ""
    if not entrance.try_password(address, user_id, form.get("password", "")):
        return _sign_in_page(request, wanted, wrong=True, user_id=user_id[:200])
    response = then(wanted)
    entrance.let_in(request, response, user_id)
    return response


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """End the listener's sessions, here and elsewhere."""
    response = then("/sign-in")
    entrance_of(request).let_out(request, response)
    return response


@router.get("/sign-in/spotify")
def begin_with_spotify(request: Request) -> Response:
    """To Spotify, which says who somebody is."""
    signing: SpotifySignIns = request.app.state.spotify_sign_ins
    site: Site = request.app.state.site
    return signing.begin(request, site.settings, entrance_of(request).cookies, inside(request.query_params.get("next")))


@router.get("/callback")
def come_back(request: Request) -> Response:
    """Back from Spotify: with who somebody is, or with a listener's consent to collect their plays."""
    signing: SpotifySignIns = request.app.state.spotify_sign_ins
    site: Site = request.app.state.site
    entrance = entrance_of(request)
    begun, code = signing.returned(request, entrance.cookies)
    if begun.user_id:
        response = connecting.connected(request, begun, code)
    else:
        user_id = signing.listener(site.settings, begun, code)
        if user_id is None or not entrance.is_known(user_id):
            raise NotAllowedError(
                "No listener of this lake has connected this Spotify account.",
                "Sign in with a password first, then connect it on the Settings page.",
            )
        response = then(begun.wanted)
        entrance.let_in(request, response, user_id)
    entrance.cookies.end_signing_in(request, response)
    return response


def _sign_in_page(request: Request, wanted: str, *, wrong: bool = False, user_id: str = "") -> Response:
    site: Site = request.app.state.site
    body = render(
        "sign_in.html",
        title="Sign in",
        wanted=wanted,
        wrong=wrong,
        user_id=user_id,
        has_passwords=entrance_of(request).accounts.has_passwords(),
        has_spotify=bool(with_spotify_app(site.settings).client_id and sign_ins(site.settings)),
    )
    return Response(body, 401 if wrong else 200, {"cache-control": "no-store"}, "text/html")
