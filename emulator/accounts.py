"""The accounts service's memory: codes, refresh tokens and access tokens, and when each of them ends.

What sections 1 and 11 of the API contract leave open is decided here: taking the access away makes access tokens
useless at once; the wording of invalid_client.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from emulator.catalogue import base62_id
from emulator.clock import Clock
from emulator.faults import Faults

CODE_LASTS = timedelta(minutes=10)
ACCESS_LASTS = timedelta(seconds=3600)
AUTHORIZATION_LASTS = timedelta(days=183)
SCOPES = (
    "playlist-modify-private", "playlist-modify-public", "playlist-read-collaborative", "playlist-read-private",
    "user-follow-modify", "user-follow-read", "user-library-modify", "user-library-read", "user-read-currently-playing",
    "user-read-email", "user-read-playback-state", "user-read-private", "user-read-recently-played", "user-top-read",
)  # fmt: skip


class TokenError(Exception):
    """A refusal of the token endpoint: `error` and `error_description` of the answer, HTTP 400."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error, self.description = error, description


@dataclass
class Authorization:
    """That a listener let the application in, once; every token goes back to one."""

    user_id: str
    scope: str
    authorized_at: datetime
    is_revoked: bool = False


@dataclass(frozen=True)
class _Code:
    authorization: Authorization
    redirect_uri: str
    challenge: str | None
    expires_at: datetime


class Accounts:
    """Sign-ins of the emulated listeners with one application. Methods may be called from any thread."""

    def __init__(self, clock: Clock, faults: Faults, *, client_id: str, client_secret: str, seed: int) -> None:
        self.client_id, self.client_secret = client_id, client_secret
        self._clock, self._faults, self._seed = clock, faults, seed
        self._lock, self._made = Lock(), 0
        self._codes: dict[str, _Code] = {}
        self._refresh: dict[str, Authorization] = {}
        self._access: dict[str, tuple[Authorization, datetime]] = {}

    def grant(self, user_id: str) -> dict[str, Any]:
        """The token reply of a sign-in with every scope, as if it had just happened."""
        authorization = self._authorize(user_id, " ".join(SCOPES))
        return self._tokens(authorization, self._new_refresh_token(authorization))

    def revoke(self, user_id: str) -> None:
        """The listener takes the access away: every token of theirs is useless from now on."""
        with self._lock:
            for authorization in self._refresh.values():
                authorization.is_revoked |= authorization.user_id == user_id

    def code(self, user_id: str, scope: str, redirect_uri: str, challenge: str | None) -> str:
        """An authorization code: good once, for ten minutes."""
        code = self._secret("code")
        authorization = self._authorize(user_id, scope)
        expires_at = self._clock.now() + CODE_LASTS
        self._codes[code] = _Code(authorization, redirect_uri, challenge, expires_at)
        return code

    def exchange(self, code: str, redirect_uri: str, verifier: str, *, has_secret: bool) -> dict[str, Any]:
        """Tokens for a code. Raises TokenError."""
        found = self._codes.pop(code, None)
        if found is None or found.expires_at <= self._clock.now():
            raise TokenError("invalid_grant", "Invalid authorization code")
        if found.redirect_uri != redirect_uri:
            raise TokenError("invalid_grant", "Invalid redirect URI")
        if found.challenge is None and not has_secret:
            raise TokenError("invalid_client", "Invalid client secret")
        if found.challenge is not None and found.challenge != challenge_of(verifier):
            raise TokenError("invalid_grant", "code_verifier was incorrect")
        return self._tokens(found.authorization, self._new_refresh_token(found.authorization))

    def refresh(self, refresh_token: str) -> dict[str, Any]:
        """A new access token; what else the reply holds says `faults.refresh_reply`. Raises TokenError."""
        authorization = self._refresh.get(refresh_token)
        if authorization is None:
            raise TokenError("invalid_grant", "Invalid refresh token")
        if authorization.is_revoked:
            raise TokenError("invalid_grant", "Refresh token revoked")
        if self._clock.now() >= authorization.authorized_at + AUTHORIZATION_LASTS:
            raise TokenError("invalid_grant", "Refresh token expired")
        reply = self._tokens(authorization, None)
        del reply["refresh_token"]
        mode = self._faults.refresh_reply
        if mode == "null":
            reply["refresh_token"] = None
        elif mode == "rotated":
            del self._refresh[refresh_token]
            reply["refresh_token"] = self._new_refresh_token(authorization)
        elif mode == "no_scope":
            del reply["scope"]
        return reply

    def authorization_of(self, access_token: str) -> tuple[Authorization | None, bool]:
        """Whose access token it is, none for an unknown or revoked one; and whether its time is over."""
        authorization, expires_at = self._access.get(access_token, (None, self._clock.now()))
        if authorization is None or authorization.is_revoked:
            return None, False
        return authorization, expires_at <= self._clock.now()

    def _authorize(self, user_id: str, scope: str) -> Authorization:
        limit = self._faults.granted_scopes
        granted = [one for one in scope.split() if limit is None or one in limit]
        return Authorization(user_id, " ".join(granted), self._clock.now())

    def _tokens(self, authorization: Authorization, refresh_token: str | None) -> dict[str, Any]:
        access_token = self._secret("access") + self._secret("access")
        self._access[access_token] = (authorization, self._clock.now() + ACCESS_LASTS)
        return {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": int(ACCESS_LASTS.total_seconds()),
            "refresh_token": refresh_token,
            "scope": authorization.scope,
        }

    def _new_refresh_token(self, authorization: Authorization) -> str:
        token = self._secret("refresh") + self._secret("refresh")
        with self._lock:
            self._refresh[token] = authorization
        return token

    def _secret(self, kind: str) -> str:
        with self._lock:
            self._made += 1
            return base62_id(f"{self._seed}:{kind}:{self._made}")


def challenge_of(verifier: str) -> str:
    """The S256 code challenge of a verifier (RFC 7636): base64url of its SHA-256 without padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def redirect_fault(redirect_uri: str, registered: Iterable[str] | None) -> str | None:
    """Why a redirect URI is refused, in Spotify's words; None for one that is fine.

    https, or http with a loopback literal. Of the registered ones (None: any) it must equal one to the letter, but a
    loopback literal that is registered without port takes every port. https://developer.spotify.com/documentation/web-api/concepts/redirect_uri
    """
    parts = urlsplit(redirect_uri)
    if parts.scheme != "https" and (parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "::1")):
        return "INVALID_CLIENT: Insecure redirect URI"
    without_port = parts._replace(netloc=parts.netloc.rpartition(":")[0] if parts.port else parts.netloc).geturl()
    if registered is not None and redirect_uri not in registered:
        if parts.scheme == "http" and without_port in registered:
            return None
        return "INVALID_CLIENT: Invalid redirect URI"
    return None
