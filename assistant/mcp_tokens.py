"""Tokens for the MCP server over HTTP: a file of their hashes with the listener of each, mode 0600."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

Verify = Callable[[str], "str | None"]  # a token -> the listener that it is for, None for a wrong one


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class TokenFile:
    """The tokens that were given out on this machine. Tokens are 256 random bits, so a plain hash is enough."""

    def __init__(self, file: Path) -> None:
        """file: in the state folder; need not be there."""
        self._file = file

    def verify(self, token: str) -> str | None:
        """The listener that a token is for."""
        return self._known().get(_hash(token))

    def has(self, user_id: str) -> bool:
        """Whether there is a token for this listener."""
        return user_id in self._known().values()

    def add(self, user_id: str) -> str:
        """A new token for a listener; it is shown this once and kept as a hash."""
        token = secrets.token_urlsafe(32)
        known = self._known() | {_hash(token): user_id}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        part = self._file.with_name(f".{self._file.name}.{secrets.token_hex(4)}.part")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(known, out, indent=2)
        part.replace(self._file)
        return token

    def _known(self) -> dict[str, str]:
        try:
            told = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return {str(key): str(user) for key, user in told.items()}
