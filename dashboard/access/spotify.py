"""Sign-ins at Spotify that browsers have begun here, and what comes of them."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from cachetools import TTLCache
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config.errors import InputError, NeedsUserError
from config.settings import Settings, with_spotify_app
from dashboard.access.sessions import SIGNING_IN_SECONDS, Cookies
from ingestion.spotify_sign_in import AppSignIn, SignedIn

MOST = 1000  # under way at once; the oldest go first


@dataclass(frozen=True)
class Begun:
    """One sign-in under way. user_id: the listener whose plays are to be collected; empty where only a name is asked.

    wanted: the page to go on to. verifier: of PKCE, which only this process knows.
    """

    verifier: str
    redirect_uri: str
    wanted: str
    user_id: str


class SpotifySignIns:
    """Those of the last ten minutes, each tied to the browser that began it."""

    def __init__(self) -> None:
        """Begin with none."""
        self._begun: TTLCache[str, Begun] = TTLCache(MOST, SIGNING_IN_SECONDS)
        self._lock = threading.Lock()

    def begin(self, request: Request, settings: Settings, cookies: Cookies, wanted: str, user_id: str = "") -> Response:
        """Lead the browser to Spotify. Raises InputError where no app is set up, or Spotify refuses this address."""
        if request.url.hostname == "localhost":  # Spotify leads back to no such name
            return RedirectResponse(str(request.url.replace(hostname="127.0.0.1")), status_code=303)
        redirect_uri = redirect_of(request)
        address, state, verifier = AppSignIn(with_spotify_app(settings), redirect_uri).begin()
        with self._lock:
            self._begun[state] = Begun(verifier, redirect_uri, wanted, user_id)
        response = RedirectResponse(address, status_code=303)
        cookies.begin_signing_in(request, response, state)
        return response

    def returned(self, request: Request, cookies: Cookies) -> tuple[Begun, str]:
        """The sign-in that this browser began, once, and the code that it came back with.

        Raises InputError for any other, NeedsUserError where Spotify was told no.
        """
        state = request.query_params.get("state", "")
        with self._lock:
            begun = self._begun.pop(state, None) if state and state == cookies.signing_in(request) else None
        if begun is None:
            raise InputError("This is no sign-in that this browser began, or it took too long.", "Begin again.")
        code = request.query_params.get("code", "")
        if not code:
            raise NeedsUserError("Spotify was told not to let Lakesong in.", "Begin again, and agree.")
        return begun, code

    def listener(self, settings: Settings, begun: Begun, code: str) -> str | None:
        """The listener who connected this Spotify account, if one did."""
        return AppSignIn(with_spotify_app(settings), begun.redirect_uri).listener(code, begun.verifier)

    def keep(self, settings: Settings, begun: Begun, code: str) -> SignedIn:
        """Keep the consent of the listener who began it."""
        return AppSignIn(with_spotify_app(settings), begun.redirect_uri).keep(begun.user_id, code, begun.verifier)


def redirect_of(request: Request) -> str:
    """Where Spotify leads back to: this dashboard, by digits where it is this machine."""
    hostname = request.url.hostname
    url = request.url.replace(hostname="127.0.0.1") if hostname == "localhost" else request.url
    return f"{url.scheme}://{url.netloc}/callback"
