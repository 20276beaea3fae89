"""`lakesong login`: a listener signs in at Spotify, with a browser of this machine or of another."""

from __future__ import annotations

import secrets
import sys
import webbrowser
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from clients.callback import Callback, read_redirect
from clients.spotify_accounts import Accounts, handshake
from clients.tokens import TokenStore
from config.errors import InputError
from config.settings import Settings
from ingestion.listeners import DEFAULT_USER, refuse_mixing
from ingestion.spotify_sign_in import keep_sign_in
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
    done = keep_sign_in(accounts, store, api_url, user_id, code, verifier)
    if done.missing:
        listed = ", ".join(done.missing)
        say(f"Not agreed to: {listed}. What needs it stays empty; run `lakesong login` again to agree.")
    say(f"{user_id} is signed in as {done.name}, until {done.until:%Y-%m-%d}; then sign in again.")


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
