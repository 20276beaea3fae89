"""`lakesong login`: a listener signs in at Spotify, with a browser of this machine or of another."""

from __future__ import annotations

import secrets
import sys
import webbrowser
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clients.callback import Callback, read_redirect
from clients.spotify import SpotifyClient
from clients.spotify_accounts import LIFETIME, NEEDED_SCOPE, SCOPES, Accounts, handshake
from clients.tokens import Token, TokenStore
from config.errors import InputError, NeedsUserError
from config.settings import Settings
from ingestion.listeners import DEFAULT_USER, refuse_mixing
from schemas.lake import Lake

PATIENCE_S = 300.0


def run_login(
    *,
    user_id: str,
    no_browser: bool,
    accounts_url: str,
    api_url: str,
    client_id: str,
    client_secret: str,
    redirect_uri: str,
    token_file: Path,
    ask: Callable[[str], str] = input,
    say: Callable[[str], object] = print,
    open_browser: Callable[[str], object] = webbrowser.open,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Sign `user_id` in and keep the token in `token_file`.

    Raises InputError for settings that cannot be used and for an account that belongs to another listener,
    NeedsUserError when the listener did not agree or not to enough, SourceError or QuotaError when Spotify fails.
    """
    accounts = Accounts(accounts_url, client_id, client_secret, redirect_uri, clock=clock)
    store = TokenStore(token_file)
    store.users()  # a store that cannot be read is told before anyone signs in
    verifier, challenge = handshake()
    state = secrets.token_urlsafe(24)
    address = accounts.authorize_url(state, challenge)
    if no_browser:
        code = _code_from_paste(address, state, ask, say)
    else:
        code = _code_from_browser(address, redirect_uri, state, say, open_browser)
    agreed_at = clock()
    reply = accounts.exchange(code, verifier)
    missing = _missing_scopes(reply)
    profile = SpotifyClient(api_url, lambda: str(reply["access_token"]), user_id=user_id).me()
    with store.refreshing():  # a refresh that is under way would put the old sign-in back
        _refuse_other_accounts(store, user_id, profile)
        store.put(_token(user_id, reply, profile, agreed_at, accounts))
    if missing:
        say(f"Not agreed to: {', '.join(missing)}. What needs it stays empty; run `lakesong login` again to agree.")
    say(f"{user_id} is signed in as {_name_of(profile)}, until {agreed_at + LIFETIME:%Y-%m-%d}; then sign in again.")


def sign_in(settings: Settings, user_id: str, *, no_browser: bool = False) -> None:
    """`run_login` with the settings. Raises InputError where a real listener would come into a simulated lake."""
    refuse_mixing(Lake(settings.lake_uri), settings.is_emulated)
    run_login(
        user_id=user_id,
        no_browser=no_browser,
        accounts_url=settings.spotify_accounts_url,
        api_url=settings.spotify_api_url,
        client_id=settings.client_id,
        client_secret=settings.client_secret.get_secret_value(),
        redirect_uri=settings.redirect_uri,
        token_file=settings.token_file,
    )


def offer_login(settings: Settings, users: Sequence[str]) -> None:
    """Begin the sign-in where a person sits at the terminal, an app is set up and nobody has signed in yet."""
    is_person = sys.stdin.isatty() and sys.stdout.isatty()
    if is_person and settings.client_id and not TokenStore(settings.token_file).users():
        print("Nobody has signed in at Spotify yet.")
        sign_in(settings, users[0] if users else DEFAULT_USER, no_browser=not _has_browser())


def sign_ins(settings: Settings) -> list[dict[str, Any]]:
    """Who has signed in, until when, and whether Spotify asks for it again."""
    store = TokenStore(settings.token_file)
    tokens = [token for token in map(store.get, store.users()) if token]
    return [
        {
            "user_id": token.user_id,
            "until": f"{token.authorized_at + LIFETIME:%Y-%m-%d}",
            "needs_sign_in": token.needs_sign_in,
        }
        for token in tokens
    ]


def _has_browser() -> bool:
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def _code_from_browser(
    address: str,
    redirect_uri: str,
    state: str,
    say: Callable[[str], object],
    open_browser: Callable[[str], object],
) -> str:
    with Callback(redirect_uri, state) as callback:
        say(f"Sign in at Spotify in the browser. If none opens, open this address on this machine:\n{address}")
        open_browser(address)
        return callback.wait(PATIENCE_S)


def _code_from_paste(address: str, state: str, ask: Callable[[str], str], say: Callable[[str], object]) -> str:
    say(f"Open this address in any browser and sign in:\n{address}")
    say("The browser is then led to an address that it may fail to show. Copy that address.")
    try:
        pasted = ask("Paste it here: ")
    except EOFError:
        say("")  # the question has no line end
        raise InputError("No address was pasted.", "Run `lakesong login --no-browser` in a terminal.") from None
    return read_redirect(pasted, state)


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


def _refuse_other_accounts(store: TokenStore, user_id: str, profile: dict[str, Any]) -> None:
    """Raise InputError when this listener is linked to another account, or another listener to this one.

    Spotify names an account by `account_id` since May 2026, by `id` before: either counts as the same account.
    """
    names = {profile.get("account_id"), profile["id"]}
    for other in store.users():
        token = store.get(other)
        is_same = token is not None and token.account_id in names
        if other == user_id and not is_same:
            step = "Sign in with that account, or choose another name: `lakesong login --user NAME`."
            raise InputError(f"{user_id} is linked to another Spotify account.", step)
        if other != user_id and is_same:
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
