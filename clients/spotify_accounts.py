"""Signing in at Spotify: authorization code with PKCE, refresh, and how long a sign-in lasts.

Written on plain HTTP and not on spotipy's OAuth classes, which store a `null` refresh token over a good one, ask for an
interactive login when a refresh comes without `scope`, and repeat nothing. Sources:
https://developer.spotify.com/documentation/web-api/tutorials/code-pkce-flow and .../refreshing-tokens, RFC 7636.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from clients.callback import check_redirect_uri
from clients.errors import PassingError, SignInError, SourceError
from clients.http import Http
from clients.tokens import Token, TokenStore
from config.errors import InputError, NeedsUserError

# A refresh token dies six months after the listener agreed; refreshing does not extend it
# (https://developer.spotify.com/blog/2026-06-18-refresh-token-expiration).
LIFETIME = timedelta(days=183)
SOON = timedelta(seconds=60)  # an access token with less than this left is refreshed first

NEEDED_SCOPE = "user-read-recently-played"
SCOPES: tuple[str, ...] = (
    NEEDED_SCOPE,
    "user-read-currently-playing",
    "user-read-playback-state",
    "user-top-read",
    "user-library-read",
    "user-follow-read",
    "user-read-private",
    "playlist-read-private",
    "playlist-read-collaborative",
    "playlist-modify-private",
    "playlist-modify-public",
)

Clock = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(UTC)


class Accounts:
    """Spotify's accounts service, as one app. With a client secret the app names itself by Basic authorization."""

    def __init__(
        self,
        accounts_url: str,
        client_id: str,
        client_secret: str,
        redirect_uri: str,
        *,
        first_wait_s: float = 1.0,
        longest_wait_s: float = 60.0,
        timeout_s: float = 30.0,
        clock: Clock = _now,
    ) -> None:
        """Raises InputError when CLIENT_ID or REDIRECT_URI cannot be used; nothing is sent yet."""
        check_redirect_uri(redirect_uri)
        if not client_id:
            raise InputError(
                "CLIENT_ID is not set.",
                f"Create an app at developer.spotify.com/dashboard with the redirect URI {redirect_uri}, "
                "and put its client id into .env as CLIENT_ID.",
            )
        basic = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        self._http = Http(
            "Spotify's accounts service",
            accounts_url,
            per_second=5,
            window_s=30,
            longest_wait_s=longest_wait_s,
            first_wait_s=first_wait_s,
            timeout_s=timeout_s,
            headers={"Authorization": f"Basic {basic}"} if client_secret else None,
        )
        self._client_id = client_id
        self._names_itself = {} if client_secret else {"client_id": client_id}
        self.redirect_uri = redirect_uri
        self.clock = clock

    def authorize_url(self, state: str, challenge: str, show_dialog: bool = False) -> str:
        """The address where a listener agrees. `challenge` is the S256 challenge of `handshake`."""
        query = {
            "client_id": self._client_id,
            "response_type": "code",
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(SCOPES),
            "state": state,
            "code_challenge_method": "S256",
            "code_challenge": challenge,
        }
        if show_dialog:
            query["show_dialog"] = "true"
        return f"{self._http.base_url}/authorize?{urlencode(query)}"

    def exchange(self, code: str, verifier: str) -> dict[str, Any]:
        """The token reply for a code: access_token, refresh_token, scope, expires_in (seconds).

        Raises NeedsUserError when the code or the app is refused, SourceError when the service fails.
        """
        form = {"code": code, "redirect_uri": self.redirect_uri, "code_verifier": verifier}
        try:
            reply = self._token("authorization_code", form)
        except SourceError as error:
            if error.reason == "invalid_grant":
                step = f"Run `lakesong login` again; the app's redirect URI must be exactly {self.redirect_uri}."
                raise NeedsUserError("Spotify did not accept this sign-in.", step) from error
            raise
        if not isinstance(reply.get("refresh_token"), str):
            raise SourceError("Spotify's accounts service sent no refresh token.", "Run `lakesong login` again.")
        return reply

    def refresh(self, token: Token) -> Token:
        """The token with a fresh access token. What the reply does not bring, or brings as null, is kept.

        Raises SignInError when the sign-in has ended, NeedsUserError when the app is refused, SourceError when the
        service fails: the token is good then.
        """
        try:
            reply = self._token("refresh_token", {"refresh_token": token.refresh_token})
        except SourceError as error:
            if error.reason == "invalid_grant":
                raise SignInError(token.user_id) from error
            raise
        return replace(
            token,
            access_token=reply["access_token"],
            refresh_token=reply.get("refresh_token") or token.refresh_token,
            scope=reply.get("scope") or token.scope,
            expires_at=self.expiry(reply),
        )

    def expiry(self, reply: dict[str, Any]) -> datetime:
        """When the access token of a reply ends."""
        return self.clock() + timedelta(seconds=reply["expires_in"])

    def _token(self, grant_type: str, form: dict[str, str]) -> dict[str, Any]:
        try:
            reply: dict[str, Any] = self._http.post(
                "/api/token", data={"grant_type": grant_type, **form, **self._names_itself}, check=_check_token
            )
        except SourceError as error:
            if error.reason == "invalid_client":
                raise NeedsUserError(
                    "Spotify does not accept this app.",
                    "Check CLIENT_ID and CLIENT_SECRET in .env against developer.spotify.com/dashboard.",
                ) from error
            raise
        return reply


def _check_token(reply: Any) -> None:
    """Raise PassingError when this is no token reply: a page of a proxy, say."""
    texts = ("access_token", "refresh_token", "scope")
    is_token = (
        isinstance(reply, dict)
        and reply.get("access_token")
        and all(isinstance(reply.get(name), str | None) for name in texts)
        and type(reply.get("expires_in")) is int
        and 0 < reply["expires_in"] < 10**7
    )
    if not is_token:
        raise PassingError("Spotify's accounts service answered what is no token.", "Try again later.")


def handshake() -> tuple[str, str]:
    """A fresh PKCE verifier (secret; 86 characters) and its S256 challenge (public)."""
    verifier = secrets.token_urlsafe(64)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class AccessTokens:
    """One listener's access token for whoever calls it: refreshed and stored when it is about to end."""

    def __init__(self, accounts: Accounts, store: TokenStore, user_id: str, clock: Clock) -> None:
        """Nothing is read yet."""
        self._accounts, self._store, self._user_id, self._clock = accounts, store, user_id, clock
        self._given = ""

    def __call__(self) -> str:
        """An access token with a minute or more left. Raises SignInError, NeedsUserError or SourceError."""
        token = self._stored()
        if token.expires_at - self._clock() < SOON:
            return self.refresh()
        self._given = token.access_token
        return self._given

    def refresh(self) -> str:
        """Another access token than the one given last, which the API refused or which is about to end."""
        with self._store.refreshing():
            token = self._stored()
            replaced_meanwhile = token.access_token != self._given and token.expires_at - self._clock() >= SOON
            if not replaced_meanwhile:
                token = self._refreshed(token)
        self._given = token.access_token
        return self._given

    def _stored(self) -> Token:
        token = self._store.get(self._user_id)
        if token is None or token.needs_sign_in:
            raise SignInError(self._user_id)
        return token

    def _refreshed(self, token: Token) -> Token:
        try:
            fresh = self._accounts.refresh(token)
        except SignInError:
            now = self._store.get(self._user_id)
            if now and now.refresh_token == token.refresh_token:  # else the listener signed in meanwhile
                self._store.mark_sign_in(self._user_id)
            raise
        self._store.put(fresh)
        return fresh


def access_token_source(
    accounts: Accounts, store: TokenStore, user_id: str, clock: Clock | None = None
) -> AccessTokens:
    """What SpotifyClient takes as `access_token`, and its method `refresh` as `refresh`; the clock of `accounts`."""
    return AccessTokens(accounts, store, user_id, clock or accounts.clock)


def days_left(token: Token, now: datetime) -> int:
    """Whole days until the listener has to sign in again; 0 on the last day and after it."""
    return max(0, (token.authorized_at + LIFETIME - now).days)


def age_warning(token: Token, now: datetime) -> str | None:
    """One line with the date and the next step, for a sign-in with 14 days or fewer left; else None."""
    days = days_left(token, now)
    if days > 14:
        return None
    end = token.authorized_at + LIFETIME
    when = "has ended" if end <= now else "ends today" if not days else f"ends in {days} day{'s' * (days > 1)}"
    lead = "Urgent: the" if days <= 3 else "The"
    return (
        f"{lead} sign-in of {token.user_id} at Spotify {when} ({end:%Y-%m-%d}): "
        f"run `lakesong login --user {token.user_id}`."
    )
