"""What the dashboard knows of its visitors: passwords, roles, tokens of programs, and ranges that were saved.

One SQLite file in the state folder, of mode 0600. A password is there as its Argon2 hash, a token as its SHA-256: a
token is 256 random bits, which nobody can guess by trying.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from config.errors import InputError

FILE = "dashboard.sqlite"
NAME_LETTERS = 60
MOST_TOKENS = MOST_RANGES = 50  # of one listener
NOTED_EVERY = timedelta(minutes=1)  # the last use of a token is not written more often

_TABLES = """
CREATE TABLE IF NOT EXISTS accounts (
    user_id TEXT PRIMARY KEY, password_hash TEXT NOT NULL DEFAULT '', is_admin INTEGER NOT NULL DEFAULT 0,
    is_closed INTEGER NOT NULL DEFAULT 0, generation INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE TABLE IF NOT EXISTS tokens (
    token_id INTEGER PRIMARY KEY AUTOINCREMENT, user_id TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL, used_at TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS ranges (
    user_id TEXT NOT NULL, name TEXT NOT NULL, query TEXT NOT NULL, PRIMARY KEY (user_id, name)
) STRICT;
"""


@dataclass(frozen=True)
class Account:
    """A listener as a visitor. is_closed: may not sign in. generation: sessions of another one have ended."""

    user_id: str
    password_hash: str = ""
    is_admin: bool = False
    is_closed: bool = False
    generation: int = 1


@dataclass(frozen=True)
class ApiToken:
    """A token as it can be listed: never itself. Times are UTC."""

    token_id: int
    name: str
    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True)
class SavedRange:
    """A range under a name; query: the part of an address that gives it."""

    name: str
    query: str


class Accounts:
    """The file of one state folder. A connection lasts one call, so that threads share nothing."""

    def __init__(self, state_dir: Path) -> None:
        """Nothing is read or made yet."""
        self._file = state_dir / FILE

    def account(self, user_id: str) -> Account:
        """The listener's account; one without a password for who has none yet."""
        found = self._all("SELECT * FROM accounts WHERE user_id = ?", user_id)
        return _account(found[0]) if found else Account(user_id)

    def accounts(self) -> dict[str, Account]:
        """All accounts, by listener."""
        return {row["user_id"]: _account(row) for row in self._all("SELECT * FROM accounts ORDER BY user_id")}

    def has_passwords(self) -> bool:
        """Whether anybody has set a password: then everybody signs in."""
        return bool(self._all("SELECT 1 FROM accounts WHERE password_hash <> '' AND NOT is_closed LIMIT 1"))

    def set_password(self, user_id: str, password_hash: str, *, is_admin: bool | None = None) -> None:
        """Keep a password, open the account, and end its sessions. is_admin: None leaves the role as it is."""
        self._do(
            "INSERT INTO accounts (user_id, password_hash, is_admin) VALUES (:user, :hash, coalesce(:admin, 0)) "
            "ON CONFLICT (user_id) DO UPDATE SET password_hash = :hash, is_closed = 0, generation = generation + 1, "
            "is_admin = coalesce(:admin, is_admin)",
            {"user": user_id, "hash": password_hash, "admin": is_admin},
        )

    def end_sessions(self, user_id: str) -> None:
        """End every session of the listener, on all devices."""
        self._do(
            "INSERT INTO accounts (user_id, generation) VALUES (?, 2) "
            "ON CONFLICT (user_id) DO UPDATE SET generation = generation + 1",
            (user_id,),
        )

    def close(self, user_id: str) -> None:
        """Let a listener in no more: no password, no session, no token. Their plays stay."""
        self.end_sessions(user_id)
        self._do("UPDATE accounts SET password_hash = '', is_admin = 0, is_closed = 1 WHERE user_id = ?", (user_id,))
        self._do("DELETE FROM tokens WHERE user_id = ?", (user_id,))

    def remove(self, user_id: str) -> None:
        """Forget a listener: account, tokens and saved ranges."""
        for table in ("accounts", "tokens", "ranges"):
            self._do(f"DELETE FROM {table} WHERE user_id = ?", (user_id,))

    def make_token(self, user_id: str, name: str) -> str:
        """A new token for a program of the listener. It can be read here only: what is kept is its hash."""
        name = _named(name, "token")
        if len(self.tokens(user_id)) >= MOST_TOKENS:
            raise InputError(f"There are {MOST_TOKENS} tokens already.", "Revoke one that is not used.")
        token = secrets.token_urlsafe(32)
        self._do(
            "INSERT INTO tokens (user_id, name, digest, created_at) VALUES (?, ?, ?, ?)",
            (user_id, name, _digest(token), _now().isoformat()),
        )
        return token

    def tokens(self, user_id: str) -> list[ApiToken]:
        """The listener's tokens, newest first."""
        rows = self._all("SELECT * FROM tokens WHERE user_id = ? ORDER BY token_id DESC", user_id)
        return [ApiToken(r["token_id"], r["name"], _time(r["created_at"]) or _now(), _time(r["used_at"])) for r in rows]

    def revoke(self, user_id: str, token_id: int) -> None:
        """Let a token of this listener in no more."""
        self._do("DELETE FROM tokens WHERE user_id = ? AND token_id = ?", (user_id, token_id))

    def user_of_token(self, token: str) -> str | None:
        """Whose token this is; None for one that is not, or no longer, good. Notes that it was used."""
        found = self._all("SELECT token_id, user_id, used_at FROM tokens WHERE digest = ?", _digest(token))
        if not found:
            return None
        used, now = _time(found[0]["used_at"]), _now()
        if used is None or now - used > NOTED_EVERY:
            self._do("UPDATE tokens SET used_at = ? WHERE token_id = ?", (now.isoformat(), found[0]["token_id"]))
        return str(found[0]["user_id"])

    def save_range(self, user_id: str, name: str, query: str) -> None:
        """Keep a range under a name, in place of one of the same name."""
        name = _named(name, "range")
        there = {one.name for one in self.ranges(user_id)}
        if name not in there and len(there) >= MOST_RANGES:
            raise InputError(f"There are {MOST_RANGES} saved ranges already.", "Remove one that is not needed.")
        self._do("INSERT OR REPLACE INTO ranges VALUES (?, ?, ?)", (user_id, name, query))

    def ranges(self, user_id: str) -> list[SavedRange]:
        """The listener's saved ranges, by name."""
        rows = self._all("SELECT name, query FROM ranges WHERE user_id = ? ORDER BY name COLLATE NOCASE", user_id)
        return [SavedRange(row["name"], row["query"]) for row in rows]

    def remove_range(self, user_id: str, name: str) -> None:
        """Let go of a saved range."""
        self._do("DELETE FROM ranges WHERE user_id = ? AND name = ?", (user_id, name))

    def _all(self, query: str, *values: object) -> list[sqlite3.Row]:
        if not self._file.exists():
            return []
        with self._opened() as connection:
            return connection.execute(query, values).fetchall()

    def _do(self, statement: str, values: tuple[object, ...] | dict[str, object]) -> None:
        with self._opened() as connection:
            connection.execute(statement, values)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        if not self._file.exists():
            self._file.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(self._file, timeout=10)
        connection.row_factory = sqlite3.Row
        try:
            with connection:
                connection.executescript(_TABLES)
                yield connection
        finally:
            connection.close()


def _account(row: sqlite3.Row) -> Account:
    return Account(
        row["user_id"], row["password_hash"], bool(row["is_admin"]), bool(row["is_closed"]), row["generation"]
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _named(name: str, what: str) -> str:
    cleaned = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
    if not cleaned or len(cleaned) > NAME_LETTERS:
        raise InputError(f"The {what} needs a name of at most {NAME_LETTERS} letters.", "Give it one.")
    return cleaned


def _now() -> datetime:
    return datetime.now(UTC)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
