"""Who may come in: a token, a session, or whoever sits at this machine where one listener lives alone."""

from __future__ import annotations

import threading
from ipaddress import ip_address

from cachetools import TTLCache
from starlette.requests import Request
from starlette.responses import Response

from config.settings import Settings
from dashboard.access.accounts import Accounts
from dashboard.access.attempts import Attempts
from dashboard.access.passwords import hash_password, is_password
from dashboard.access.sessions import Cookies, Session
from dashboard.failures import NeedsSignInError, NotAllowedError
from dashboard.security import LOCAL_HOSTS
from dashboard.site import Site
from dashboard.view import Visitor
from ingestion.listeners import DEFAULT_USER
from serving.making import listener_ids

LISTENERS_SECONDS = 3  # a new listener is noticed after so long
SCHEMES = ("bearer", "token")  # ListenBrainz' clients say `Token`
BY_PROXIES = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "forwarded", "via")


class Entrance:
    """The entrance of one dashboard."""

    def __init__(self, settings: Settings) -> None:
        """Open nothing yet."""
        self._settings = settings
        self.accounts = Accounts(settings.state_dir)
        self.cookies = Cookies(settings.state_dir)
        self.attempts = Attempts()
        self._kept: TTLCache[str, list[str]] = TTLCache(1, LISTENERS_SECONDS)
        self._lock = threading.Lock()

    def visitor(self, request: Request) -> Visitor:
        """Who asks. Raises NeedsSignInError for nobody that is known.

        A token that is shown counts alone: a wrong one lets nobody in, not even on this machine.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() in SCHEMES:
            user_id = self.verify(token.strip())
            if user_id is None:
                raise NeedsSignInError("This token is not known.", "Make one on the Settings page.")
            return Visitor(user_id, how="token")
        if self.is_open(request):
            listeners = self.listeners()
            return Visitor(listeners[0] if listeners else DEFAULT_USER, is_admin=True)
        found = self._signed_in(request)
        if found is None:
            raise NeedsSignInError("Nobody is signed in.", "Sign in, or show a token.")
        return found

    def person(self, request: Request) -> Visitor:
        """Who asks, where programs may not: tokens are no way to other tokens or passwords."""
        visitor = self.visitor(request)
        if visitor.how == "token":
            raise NotAllowedError("A token cannot do this.", "Sign in on the page.")
        return visitor

    def admin(self, request: Request) -> Visitor:
        """Who asks, where only those may who look after the lake."""
        visitor = self.person(request)
        if not visitor.is_admin:
            raise NotAllowedError("Only who looks after the lake may do this.", "Ask them.")
        return visitor

    def verify(self, token: str) -> str | None:
        """Whose token this is; None for one that is not good."""
        found = self.accounts.user_of_token(token)
        return found if found is not None and self.is_known(found) else None

    def is_open(self, request: Request) -> bool:
        """Whether no sign-in is asked for: this machine, one listener, no password, and nothing in between."""
        return (
            self._settings.is_local
            and _is_from_here(request)
            and not self.accounts.has_passwords()
            and len(self.listeners()) <= 1
        )

    def listeners(self) -> list[str]:
        """The listeners of the lake."""
        with self._lock:
            if "all" not in self._kept:
                self._kept["all"] = listener_ids(self._settings)
            return self._kept["all"]

    def is_known(self, user_id: str) -> bool:
        """Whether this is a listener of the lake; of an empty lake, those who were given a password before it began."""
        listeners = self.listeners()
        return user_id in listeners if listeners else bool(self.accounts.account(user_id).password_hash)

    def listeners_changed(self) -> None:
        """Look anew at the next request."""
        with self._lock:
            self._kept.clear()

    def try_password(self, address: str, user_id: str, password: str) -> bool:
        """Whether this is the listener's password. Raises TooManyError after too many tries."""
        self.attempts.count(address, user_id)
        account = self.accounts.account(user_id)
        is_right = is_password("" if account.is_closed else account.password_hash, password)
        if is_right and self.is_known(user_id):
            self.attempts.succeeded(user_id)
            return True
        return False

    def let_in(self, request: Request, response: Response, user_id: str) -> None:
        """Begin a session. Raises NotAllowedError for a listener whose account was closed."""
        account = self.accounts.account(user_id)
        if account.is_closed:
            raise NotAllowedError(f"{user_id} has no access any more.", "Ask who looks after the lake.")
        self.cookies.begin_session(request, response, Session(user_id, account.generation))

    def let_out(self, request: Request, response: Response) -> None:
        """End all sessions of who is signed in, on every device."""
        found = self._signed_in(request)
        if found is not None:
            self.accounts.end_sessions(found.user_id)
        self.cookies.end_session(request, response)

    def change_password(self, request: Request, response: Response, visitor: Visitor, password: str) -> None:
        """Set a password; every other session of the listener ends. Who sits at the machine itself keeps its care."""
        is_admin = True if visitor.how == "local" else None
        self.accounts.set_password(visitor.user_id, hash_password(password), is_admin=is_admin)
        self.let_in(request, response, visitor.user_id)

    def _signed_in(self, request: Request) -> Visitor | None:
        session = self.cookies.session(request)
        if session is None or not self.is_known(session.user_id):
            return None
        account = self.accounts.account(session.user_id)
        if account.is_closed or account.generation != session.generation:
            return None
        return Visitor(session.user_id, account.is_admin, how="session")


def entrance_of(request: Request) -> Entrance:
    """The entrance of the dashboard that is asked."""
    site: Site = request.app.state.site
    if not isinstance(site.access, Entrance):
        raise NotAllowedError("This dashboard has an entrance of another kind.", "There is nothing to sign in to.")
    return site.access


def _is_from_here(request: Request) -> bool:
    """Whether a browser or program of this machine asks, and no proxy for somebody else.

    Proxies say so in headers, most of them; one that does not (nginx as it comes) still speaks HTTP/1.0, which nothing
    else does.
    """
    if any(name in request.headers for name in BY_PROXIES) or request.scope.get("http_version") == "1.0":
        return False
    return request.url.hostname in LOCAL_HOSTS and _is_loopback(request.client.host if request.client else "")


def _is_loopback(peer: str) -> bool:
    """Whether the other end of the connection is this machine; what is no address came by no network."""
    try:
        return ip_address(peer).is_loopback
    except ValueError:
        return True
