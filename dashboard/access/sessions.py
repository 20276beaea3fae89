"""Signed cookies: who is signed in, and which sign-in at Spotify is under way in this browser.

A cookie holds no secret; it is signed with a key of this state folder, so that nobody can write one. A session is made
anew at each sign-in, never taken over from what the browser sent.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

KEY_FILE = ".dashboard_key"
SESSION, SIGNING_IN = "lakesong_session", "lakesong_signing_in"
SESSION_SECONDS = 30 * 86_400
SIGNING_IN_SECONDS = 600
_LIFETIMES = {SESSION: SESSION_SECONDS, SIGNING_IN: SIGNING_IN_SECONDS}


@dataclass(frozen=True)
class Session:
    """Who signed in, and in which generation of their sessions."""

    user_id: str
    generation: int


class Cookies:
    """Cookies signed with the key of a state folder, which is made when it is first needed."""

    def __init__(self, state_dir: Path) -> None:
        """Nothing is read or made yet."""
        self._file = state_dir / KEY_FILE

    def session(self, request: Request) -> Session | None:
        """The session that the browser shows; None for none, an old one, or one that was not made here."""
        content = self._read(request, SESSION)
        try:
            return Session(str(content["user"]), int(content["generation"]))
        except (TypeError, KeyError, ValueError):
            return None

    def begin_session(self, request: Request, response: Response, session: Session) -> None:
        """Let the browser show this session from now on."""
        self._write(request, response, SESSION, {"user": session.user_id, "generation": session.generation})

    def end_session(self, request: Request, response: Response) -> None:
        """Let the browser forget its session."""
        self._forget(request, response, SESSION)

    def signing_in(self, request: Request) -> str:
        """The state of the sign-in at Spotify that this browser began; empty for none."""
        content = self._read(request, SIGNING_IN)
        return content if isinstance(content, str) else ""

    def begin_signing_in(self, request: Request, response: Response, state: str) -> None:
        """Tie a sign-in at Spotify to this browser."""
        self._write(request, response, SIGNING_IN, state)

    def end_signing_in(self, request: Request, response: Response) -> None:
        """Let the browser forget it."""
        self._forget(request, response, SIGNING_IN)

    def _read(self, request: Request, name: str) -> Any:
        text = request.cookies.get(_full(name, request))
        if not text:
            return None
        try:
            return self._signer(name).loads(text, max_age=_LIFETIMES[name])
        except BadData:
            return None

    def _write(self, request: Request, response: Response, name: str, content: Any) -> None:
        response.set_cookie(
            _full(name, request),
            self._signer(name).dumps(content),
            max_age=_LIFETIMES[name],
            path="/",
            secure=_is_secure(request),
            httponly=True,
            samesite="lax",  # a browser that comes back from Spotify, or by a link, shows it; a form elsewhere does not
        )

    def _forget(self, request: Request, response: Response, name: str) -> None:
        secure = _is_secure(request)
        response.delete_cookie(_full(name, request), path="/", secure=secure, httponly=True, samesite="lax")

    def _signer(self, name: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self._key, salt=f"lakesong.{name}")

    @cached_property
    def _key(self) -> bytes:
        """The key, of which only the first to come is kept: two servers that begin at once end with the same."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        part = self._file.with_name(f"{self._file.name}.{secrets.token_hex(4)}")
        with open(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:
            stream.write(secrets.token_bytes(32))
        try:
            os.link(part, self._file)
        except FileExistsError:
            pass
        finally:
            part.unlink()
        return self._file.read_bytes()


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"


def _full(name: str, request: Request) -> str:
    """Behind TLS the name has a prefix by which browsers refuse it from any other host (RFC 6265bis, `__Host-`)."""
    return f"__Host-{name}" if _is_secure(request) else name
