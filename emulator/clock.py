"""The emulator's clock: stands still until it is moved, or follows the real one, as fast as one likes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Lock


class Clock:
    """A clock that tests can set. Every method may be called from any thread."""

    def __init__(self, at: datetime | None = None, *, speed: float | None = None) -> None:
        """Begin at a UTC time, or now. speed: seconds of this clock in a real one; by default 1 without `at`, else 0.

        Raises ValueError for a time without a zone.
        """
        self._lock = Lock()
        self._speed = (1.0 if at is None else 0.0) if speed is None else speed
        self._real = datetime.now(UTC)
        self._at = self._real if at is None else _utc(at)

    def now(self) -> datetime:
        """The time by this clock, UTC."""
        with self._lock:
            return self._now()

    def set(self, at: datetime) -> None:
        """Put the clock to a time; it goes on from there at its speed. Raises ValueError for a time without a zone."""
        with self._lock:
            self._at, self._real = _utc(at), datetime.now(UTC)

    def advance(self, by: timedelta) -> None:
        """Put the clock forward (or, with a negative time, back)."""
        with self._lock:
            self._at += by

    def _now(self) -> datetime:
        return self._at + (datetime.now(UTC) - self._real) * self._speed


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone: give an aware datetime")
    return at.astimezone(UTC)
