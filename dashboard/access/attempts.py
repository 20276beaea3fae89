"""How often a sign-in may be tried: by address, and by name, so that neither passwords nor names can be guessed."""

from __future__ import annotations

import hashlib
import time

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from dashboard.failures import TooManyError

BY_ADDRESS = RateLimitItemPerMinute(30, 10)  # tries in ten minutes
BY_NAME = RateLimitItemPerMinute(10, 10)


class Attempts:
    """The tries of the last ten minutes, in memory."""

    def __init__(self) -> None:
        """Begin with none."""
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, address: str, name: str) -> None:
        """Count a try. Raises TooManyError, with the seconds to wait, where there were too many."""
        for limit, key in ((BY_ADDRESS, address), (BY_NAME, _short(name))):
            if not self._limiter.hit(limit, "sign-in", key):
                raise TooManyError(self._wait(limit, key))

    def succeeded(self, name: str) -> None:
        """Forget the tries with a name whose password was right."""
        self._limiter.clear(BY_NAME, "sign-in", _short(name))

    def _wait(self, limit: RateLimitItem, key: str) -> int:
        window = self._limiter.get_window_stats(limit, "sign-in", key)
        return max(1, round(window.reset_time - time.time()) + 1)


def _short(name: str) -> str:
    """A key of one size for whatever was typed in."""
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:32]
