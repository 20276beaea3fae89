"""`lakesong serve`: the dashboard and the API, until Ctrl-C."""

from __future__ import annotations

import signal
import socket
import sys
import webbrowser
from contextlib import suppress

import uvicorn

from config.errors import InputError
from config.settings import Settings
from dashboard.access.accounts import Accounts
from dashboard.app import make_app
from serving.making import listener_ids
from terminal.screen import out

WAITING = 128  # connections that may wait to be taken


def run_server(settings: Settings, *, with_browser: bool) -> None:
    """Serve until Ctrl-C or SIGTERM. Raises InputError where the address cannot be listened on."""
    taken = _listen(settings.dashboard_host, settings.dashboard_port)
    server = uvicorn.Server(
        uvicorn.Config(
            make_app(settings),
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.dashboard_proxies),
            forwarded_allow_ips=settings.dashboard_proxies or None,
            timeout_graceful_shutdown=3,
        )
    )
    for number in (signal.SIGINT, signal.SIGTERM):  # uvicorn passes on what ended it: to this, which ends it well
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    host, port = settings.dashboard_host, taken.getsockname()[1]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    out.print(f"Lakesong answers at {address}. Ctrl-C stops it.", markup=False)
    for line in _hints(settings):
        out.print(line, markup=False)
    if with_browser and settings.is_local and sys.stdout.isatty():
        _open_browser(address)  # the connection waits until the server takes it
    server.run(sockets=[taken])
    out.print("Stopped.")


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns off the waiting for more to send (Nagle) only where a socket says that it is of TCP.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(WAITING)
    except OSError as error:
        made.close()
        raise InputError(
            f"{host}, port {port}, cannot be listened on ({error.strerror or error}).",
            f"If Lakesong runs already, open http://{host}:{port}; else choose another port: --port {port + 1}.",
        ) from error
    return made


def _hints(settings: Settings) -> list[str]:
    """What is to be done first, where something is."""
    listeners = listener_ids(settings)
    hints = []
    if not listeners:
        hints.append("There is no lake yet: the page says how to begin.")
    needs_sign_in = not settings.is_local or len(listeners) > 1
    if needs_sign_in and not Accounts(settings.state_dir).has_passwords():
        name = listeners[0] if listeners else "me"
        hints.append(f"Nobody can sign in with a password yet: `lakesong password {name}` sets one.")
    return hints


def _open_browser(address: str) -> None:
    with suppress(webbrowser.Error):
        webbrowser.open(address)
