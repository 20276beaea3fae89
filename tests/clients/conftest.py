"""A server on a loopback socket that answers by script and keeps what it was asked."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest


@dataclass
class Reply:
    """What the server answers: a dict or list as JSON, else text or bytes; `flaw` is how the answer breaks off."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    flaw: str = ""  # "dropped": no answer at all; "cut": fewer bytes than announced; "slow": after 0.5 seconds


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


class Stub:
    """`will` queues a reply; the last one is repeated, so that it stands for "always". HOST in it is this server."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[Asked] = []
        self.replies: deque[Reply] = deque()

    def will(
        self, body: Any = b"", *, status: int = 200, headers: dict[str, str] | None = None, flaw: str = ""
    ) -> Stub:
        self.replies.append(Reply(body, status, headers or {}, flaw))
        return self

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]


@pytest.fixture
def stub() -> Iterator[Stub]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            made.asked.append(Asked(self.command, parts.path, query, dict(self.headers), body))
            self.answer(made.replies.popleft() if len(made.replies) > 1 else made.replies[0])

        do_POST = do_GET

        def answer(self, reply: Reply) -> None:
            self.close_connection = True
            if reply.flaw == "dropped":
                return
            if reply.flaw == "slow":
                time.sleep(0.5)
            is_json = isinstance(reply.body, dict | list)
            body = json.dumps(reply.body).replace("HOST", made.url) if is_json else reply.body
            content = body.encode() if isinstance(body, str) else body
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.status != 204:
                self.send_header("Content-Length", str(len(content) + 10 * (reply.flaw == "cut")))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Stub(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
