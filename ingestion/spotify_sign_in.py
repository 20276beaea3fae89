"""What a sign-in at Spotify brings, whichever way the browser came back: whose account it is, and the token kept."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from clients.spotify_accounts import LIFETIME, NEEDED_SCOPE, SCOPES, Accounts, handshake
from clients.tokens import Token, TokenStore
from config.errors import InputError, NeedsUserError
from config.settings import Settings


@dataclass(frozen=True)
class SignedIn:
    """A listener who agreed: the account's name, scopes that were not granted, and when the sign-in ends."""

    user_id: str
    name: str
    missing: tuple[str, ...]
    until: datetime


@dataclass(frozen=True)
class AppSignIn:
    """The sign-in at Spotify of an app, for a browser that is led back to `redirect_uri`."""

    settings: Settings
    redirect_uri: str

    def begin(self) -> tuple[str, str, str]:
        """The address to lead the browser to, its state, and the verifier to keep (PKCE, RFC 7636).

        Raises InputError where no app is set up, or Spotify would not take the redirect URI.
        """
        verifier, challenge = handshake()
        state = secrets.token_urlsafe(24)
        return self._accounts.authorize_url(state, challenge), state, verifier

    def keep(self, user_id: str, code: str, verifier: str) -> SignedIn:
        """Keep the listener's consent; raises as `keep_sign_in` does."""
        return keep_sign_in(self._accounts, self._store, self.settings.spotify_api_url, user_id, code, verifier)

    def listener(self, code: str, verifier: str) -> str | None:
        """The listener who connected the Spotify account that agreed; None where nobody did. Keeps no token.

        Raises NeedsUserError, SourceError or QuotaError as `keep_sign_in` does.
        """
        names = _names(_profile(self.settings.spotify_api_url, self._accounts.exchange(code, verifier), ""))
        return next((token.user_id for token in _tokens(self._store) if token.account_id in names), None)

    @cached_property
    def _accounts(self) -> Accounts:
        found = self.settings
        secret = found.client_secret.get_secret_value()
        return Accounts(found.spotify_accounts_url, found.client_id, secret, self.redirect_uri)

    @property
    def _store(self) -> TokenStore:
        return TokenStore(self.settings.token_file)


def keep_sign_in(
    accounts: Accounts, store: TokenStore, api_url: str, user_id: str, code: str, verifier: str
) -> SignedIn:
    """Exchange the code and keep the token for the listener.

    Raises InputError for an account that belongs to another listener, NeedsUserError when the listener did not agree
    to enough, SourceError or QuotaError when Spotify fails.
    """
    agreed_at = accounts.clock()
    reply = accounts.exchange(code, verifier)
    missing = _missing_scopes(reply)
    profile = _profile(api_url, reply, user_id)
    with store.refreshing():  # a refresh that is under way would put the old sign-in back
        _refuse_other_accounts(store, user_id, profile)
        store.put(_token(user_id, reply, profile, agreed_at, accounts))
    return SignedIn(user_id, _name_of(profile), tuple(missing), agreed_at + LIFETIME)


def sign_ins(settings: Settings) -> list[dict[str, Any]]:
    """Who has signed in, until when, and whether Spotify asks for it again."""
    now = datetime.now(UTC)
    return [
        {
            "user_id": token.user_id,
            "until": f"{token.authorized_at + LIFETIME:%Y-%m-%d}",
            "needs_sign_in": token.needs_sign_in or token.authorized_at + LIFETIME <= now,
        }
        for token in _tokens(TokenStore(settings.token_file))
    ]


def _tokens(store: TokenStore) -> list[Token]:
    return [token for token in map(store.get, store.users()) if token]


def _profile(api_url: str, reply: dict[str, Any], user_id: str) -> dict[str, Any]:
    from clients.spotify import SpotifyClient

    return SpotifyClient(api_url, lambda: str(reply["access_token"]), user_id=user_id).me()


def _missing_scopes(reply: dict[str, Any]) -> list[str]:
    """Scopes that were asked for and not granted. A reply without `scope` granted all (RFC 6749, section 5.1).

    Raises NeedsUserError when nothing could be collected without one.
    """
    granted = str(reply.get("scope") or " ".join(SCOPES)).split()
    missing = [scope for scope in SCOPES if scope not in granted]
    if NEEDED_SCOPE in missing:
        message = f"Spotify did not grant {NEEDED_SCOPE}, without which no play can be seen."
        raise NeedsUserError(message, "Run `lakesong login` again and agree to all that is asked.")
    return missing


def _names(profile: dict[str, Any]) -> set[Any]:
    """Spotify names an account by `account_id` since May 2026, by `id` before: either counts as the same account."""
    return {profile.get("account_id"), profile["id"]} - {None}


def _refuse_other_accounts(store: TokenStore, user_id: str, profile: dict[str, Any]) -> None:
    """Raise InputError when this listener is linked to another account, or another listener to this one."""
    names = _names(profile)
    for token in _tokens(store):
        is_same = token.account_id in names
        if token.user_id == user_id and not is_same:
            step = "Sign in with that account, or choose another name: `lakesong login --user NAME`."
            raise InputError(f"{user_id} is linked to another Spotify account.", step)
        if token.user_id != user_id and is_same:
            other = token.user_id
            step = f"Run `lakesong login --user {other}`, or sign out at spotify.com and in with the other account."
            raise InputError(f"This Spotify account is linked to the listener {other}.", step)


def _token(
    user_id: str, reply: dict[str, Any], profile: dict[str, Any], agreed_at: datetime, accounts: Accounts
) -> Token:
    return Token(
        user_id=user_id,
        access_token=reply["access_token"],
        refresh_token=reply["refresh_token"],
        scope=reply.get("scope") or " ".join(SCOPES),
        expires_at=accounts.expiry(reply),
        authorized_at=agreed_at,
        account_id=str(profile.get("account_id") or profile["id"]),
    )


def _name_of(profile: dict[str, Any]) -> str:
    """The account's name for a terminal: without control characters, and not too long."""
    name = str(profile.get("display_name") or profile["id"])
    return "".join(c for c in name if c.isprintable())[:60]
