"""Whether collecting from Spotify can begin, and what to do where it cannot."""

from __future__ import annotations

from clients.tokens import TokenStore
from config.errors import LakesongError
from config.settings import Settings


def obstacle(settings: Settings) -> str:
    """What keeps collection from starting, with the next step, in one line; empty where nothing does."""
    if not settings.client_id:
        return (
            "CLIENT_ID is not set. Set it in .env (docs/spotify.md says how), then run `lakesong login`. "
            "A scheduler that runs has to be started again."
        )
    store = TokenStore(settings.token_file)
    try:
        users = store.users()
        waiting = [token.needs_sign_in for token in map(store.get, users) if token]
    except LakesongError as error:
        return str(error)
    if not users:
        return "Nobody has signed in. Run `lakesong login` (in a container: `lakesong login --no-browser`)."
    if all(waiting):
        return "Spotify asks you to sign in again. Run `lakesong login`."
    return ""
