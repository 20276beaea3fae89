"""The listeners' sign-ins: one file for all of them, which no other user may read."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from config.errors import InputError


@dataclass(frozen=True)
class Token:
    """One listener's sign-in. `scope` is what was granted, blank-separated; `authorized_at` when the listener agreed.

    `needs_sign_in` says that Spotify refused the token for good: it is kept, and not used again.
    """

    user_id: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    scope: str
    expires_at: datetime
    authorized_at: datetime
    account_id: str
    needs_sign_in: bool = False


_TIMES = ("expires_at", "authorized_at")
_TEXTS = ("access_token", "refresh_token", "scope", "account_id")


class TokenStore:
    """Tokens by listener in one JSON file of mode 0600, written whole or not at all, by one process at a time.

    Every method raises InputError when the file is there and cannot be read: it is never taken for empty.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is read or made yet."""
        self.path = path

    def users(self) -> list[str]:
        """The listeners who have signed in, by name."""
        return sorted(self._read())

    def get(self, user_id: str) -> Token | None:
        """The listener's token, or None for one who never signed in."""
        return self._read().get(user_id)

    def put(self, token: Token) -> None:
        """Keep the token in place of the listener's old one."""
        with self._lock("write"):
            self._write(self._read() | {token.user_id: token})

    def mark_sign_in(self, user_id: str) -> None:
        """Note that the listener has to sign in again. The record is kept: the refusal may have been an outage."""
        with self._lock("write"):
            tokens = self._read()
            if user_id in tokens:
                self._write(tokens | {user_id: replace(tokens[user_id], needs_sign_in=True)})

    def remove(self, user_id: str) -> None:
        """Let go of the listener's token, where there is one."""
        with self._lock("write"):
            tokens = self._read()
            if user_id in tokens:
                self._write({name: token for name, token in tokens.items() if name != user_id})

    @contextmanager
    def refreshing(self) -> Iterator[None]:
        """Held while a token is refreshed: a second process would send a refresh token that was just replaced."""
        with self._lock("refresh"):
            yield

    def _lock(self, purpose: str) -> FileLock:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(self.path.with_name(f"{self.path.name}.{purpose}.lock"), mode=0o600)

    def _read(self) -> dict[str, Token]:
        try:
            listeners = json.loads(self.path.read_text(encoding="utf-8"))["listeners"]
            return {user_id: _from_json(user_id, entry) for user_id, entry in listeners.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            # No `from`: the text that could not be read holds tokens.
            raise InputError(
                f"{self.path}, where the sign-ins are kept, cannot be read.",
                "Put back a copy, or move it away and run `lakesong login` for each listener.",
            ) from None

    def _write(self, tokens: dict[str, Token]) -> None:
        listeners = {user_id: _to_json(tokens[user_id]) for user_id in sorted(tokens)}
        text = json.dumps({"version": 1, "listeners": listeners}, indent=1, ensure_ascii=False)
        handle, name = tempfile.mkstemp(prefix=f"{self.path.name}.", dir=self.path.parent)  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(name, self.path)
        except BaseException:
            os.unlink(name)
            raise


def _to_json(token: Token) -> dict[str, Any]:
    entry = asdict(token)
    del entry["user_id"]
    return entry | {name: entry[name].isoformat() for name in _TIMES}


def _from_json(user_id: str, entry: dict[str, Any]) -> Token:
    """Raises KeyError, TypeError or ValueError when the entry is no token. Fields of a later version are left out."""
    if not all(isinstance(entry[name], str) for name in _TEXTS):
        raise TypeError("a field is no text")
    known = {f.name: entry[f.name] for f in fields(Token) if f.name in entry}
    times = {name: datetime.fromisoformat(entry[name]).astimezone(UTC) for name in _TIMES}
    return Token(**known | times | {"user_id": user_id})
