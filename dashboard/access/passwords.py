"""Passwords: hashed with Argon2id, in the strength that OWASP asks for at least.

https://cheatsheetseries.owasp.org, "Password Storage": 19 MiB, 2 passes, 1 lane. No rule but a length (NIST SP
800-63B).
"""

from __future__ import annotations

import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from config.errors import InputError

LEAST, MOST = 10, 1000  # letters

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_one_at_a_time = threading.Lock()  # each takes its 19 MiB


def hash_password(password: str) -> str:
    """What is kept of a password. Raises InputError for one that is too short or too long."""
    if not LEAST <= len(password) <= MOST:
        raise InputError(f"A password has {LEAST} to {MOST:,} letters.", "A few words that belong together nowhere do.")
    with _one_at_a_time:
        return _hasher.hash(password)


def is_password(kept: str, password: str) -> bool:
    """Whether this is the password. Takes as long where none is kept, so that time does not tell who is known."""
    with _one_at_a_time:
        try:
            return _hasher.verify(kept or _of_nobody(), password[: MOST + 1]) and bool(kept)
        except (VerificationError, InvalidHashError):
            return False


@cache
def _of_nobody() -> str:
    return _hasher.hash("nobody's password")
