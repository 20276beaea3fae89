"""`lakesong mcp`: the MCP server over standard input and output, or over HTTP with a token."""

from __future__ import annotations

from assistant.mcp_server import make_server
from config.settings import Settings
from dashboard.access.accounts import Accounts
from serving.making import listener_ids, make_store
from serving.store import Store
from terminal.screen import err

HOST = "127.0.0.1"


class Files:
    """The listeners' files, each open until there is a newer one."""

    def __init__(self, settings: Settings) -> None:
        """Begin with none open."""
        self._settings = settings
        self._open: dict[str, Store] = {}

    def get(self, user_id: str) -> Store:
        """The listener's newest file. Raises InputError where there is no such listener."""
        file = make_store(self._settings, user_id)
        found = self._open.get(user_id)
        if found is None or found.file != file:
            found = self._open[user_id] = Store(file)
        return found


def chosen_listener(settings: Settings, user_id: str | None) -> str:
    """The listener named, the lake's only one, or `me`."""
    known = listener_ids(settings)
    return user_id or (known[0] if len(known) == 1 else "me")


def serve_stdio(settings: Settings, user_id: str | None) -> None:
    """Serve one listener to the program that started this one, until it closes the pipe."""
    chosen = chosen_listener(settings, user_id)
    files = Files(settings)
    files.get(chosen)
    make_server(settings, files.get, user_id=chosen).run("stdio")


def serve_http(settings: Settings, user_id: str | None, port: int) -> None:
    """Serve listeners by their tokens on 127.0.0.1 until interrupted. Tokens are those of the Settings page.

    A listener who has none gets a first one, which is printed once.
    """
    chosen = chosen_listener(settings, user_id)
    files = Files(settings)
    files.get(chosen)
    url = f"http://{HOST}:{port}"
    accounts = Accounts(settings.state_dir)
    if not accounts.tokens(chosen):
        err.print(f"Token for {chosen}, shown this once: {accounts.make_token(chosen, 'mcp')}", markup=False)
    err.print(f"MCP server at {url}/mcp; Ctrl+C ends it.", markup=False)
    server = make_server(settings, files.get, verify=accounts.user_of_token, url=url)
    server.run("streamable-http", host=HOST, port=port, stateless_http=True)
