"""Where the browser comes back to after a sign-in: an address of this machine, or one that the listener pastes."""

from __future__ import annotations

import os
import queue
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from socket import AF_INET6
from threading import Thread
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from config.errors import InputError, LakesongError, NeedsUserError

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Lakesong</title><body style="font:1.1rem/1.5 system-ui;max-width:32rem;margin:20vh auto;padding:0 1rem">
<h1>{title}</h1><p>{text}</p></body></html>"""


def check_redirect_uri(redirect_uri: str) -> None:
    """Raise InputError unless Spotify would take it: https, or http to a loopback address as digits.

    Source: https://developer.spotify.com/documentation/web-api/concepts/redirect_uri
    """
    parts = urlsplit(redirect_uri)
    if parts.hostname == "localhost":
        step = "Write 127.0.0.1 in its place, in .env and in the app at developer.spotify.com/dashboard."
        raise InputError("Spotify refuses localhost in REDIRECT_URI.", step)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme != "http" or not _is_loopback(parts.hostname):
        step = "Write http://127.0.0.1:8888/callback, in .env and in the app at developer.spotify.com/dashboard."
        raise InputError(f"REDIRECT_URI '{redirect_uri}' cannot be used.", step)


def read_redirect(address: str, state: str) -> str:
    """The code in the address that the browser was led to.

    Raises InputError when it is no such address, or one of another sign-in; NeedsUserError when Spotify reports an
    error in it, for instance that the listener did not agree.
    """
    query = {name: values[0] for name, values in parse_qs(urlsplit(address.strip()).query).items()}
    if not {"code", "error"} & query.keys():
        step = "Copy the whole address, with what comes after the question mark."
        raise InputError("This address carries no sign-in.", step)
    if query.get("state") != state:
        step = "Run `lakesong login` again and use the address that it prints."
        raise InputError("This address belongs to another sign-in.", step)
    if query.get("error") == "access_denied":
        step = "Run `lakesong login` again and agree."
        raise NeedsUserError("Spotify was told not to let Lakesong in.", step)
    if "code" not in query:
        raise NeedsUserError("Spotify broke the sign-in off.", "Run `lakesong login` again.")
    return query["code"]


class Callback:
    """A server on the redirect URI's own host and port, for one sign-in; listens from its making until it is left.

    Only its path with this sign-in's state counts: what else a browser or a stranger asks for changes nothing.
    """

    def __init__(self, redirect_uri: str, state: str) -> None:
        """Raises InputError when the address is not of this machine, has no port, or is in use."""
        parts = urlsplit(redirect_uri)
        if parts.scheme != "http" or not _is_loopback(parts.hostname) or not parts.port:
            step = "Use `lakesong login --no-browser`, or set it to http://127.0.0.1:8888/callback."
            raise InputError(f"No browser can come back to REDIRECT_URI '{redirect_uri}' by itself.", step)
        self._answers: queue.SimpleQueue[str | LakesongError] = queue.SimpleQueue()
        try:
            self._server = _Server((parts.hostname or "", parts.port), _handler(parts.path, state, self._answers))
        except OSError as error:
            step = "End what uses it, use `lakesong login --no-browser`, or change REDIRECT_URI."
            raise InputError(f"Port {parts.port} of this machine is in use.", step) from error

    def __enter__(self) -> Callback:
        """Begin to answer."""
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def wait(self, timeout_s: float) -> str:
        """The code. Raises NeedsUserError when Spotify reports an error, or nobody came in time."""
        try:
            answer = self._answers.get(timeout=timeout_s)
        except queue.Empty:
            step = "Run `lakesong login` again; on a machine without a browser add --no-browser."
            raise NeedsUserError(f"Nobody signed in within {timeout_s / 60:.0f} minutes.", step) from None
        if isinstance(answer, LakesongError):
            raise answer
        return answer

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening and free the port."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    """Threads, since browsers open connections ahead of need and leave them silent."""

    allow_reuse_address = os.name == "posix"  # on Windows it would let two programs share the port

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        if ":" in address[0]:
            self.address_family = AF_INET6
        super().__init__(address, handler)


def _handler(path: str, state: str, answers: queue.SimpleQueue[str | LakesongError]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            if (urlsplit(self.path).path or "/") != (path or "/"):
                return self._show(404, "Nothing here", "")
            try:
                code = read_redirect(self.path, state)
            except InputError as error:
                return self._show(400, "Not signed in", error.message)
            except NeedsUserError as error:
                self._show(200, "Not signed in", str(error))
                return answers.put(error)
            self._show(200, "Signed in", "You can close this page; Lakesong goes on in the terminal.")
            return answers.put(code)

        def _show(self, status: int, title: str, text: str) -> None:
            page = _PAGE.format(title=title, text=text).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("Referrer-Policy", "no-referrer")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: the line would hold the code."""

    return Handler


def _is_loopback(host: str | None) -> bool:
    try:
        return str(ip_address(host or "")) in ("127.0.0.1", "::1")
    except ValueError:
        return False
