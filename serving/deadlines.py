"""Queries that take too long are interrupted."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

LOOK_S = 0.1  # a query is interrupted so much later at most


class Deadlines:
    """Watches running queries. One thread for all of them: one for each costs as much as many a query."""

    def __init__(self) -> None:
        self._ends: dict[duckdb.DuckDBPyConnection, float] = {}
        self._lock = threading.Lock()
        self._busy = threading.Event()
        self._watcher: threading.Thread | None = None

    @contextmanager
    def within(self, seconds: float, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """While the body runs, the cursor is interrupted once so many seconds are over."""
        with self._lock:
            self._ends[cursor] = time.monotonic() + seconds
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, daemon=True)
                self._watcher.start()
        self._busy.set()
        try:
            yield
        finally:
            with self._lock:
                del self._ends[cursor]

    def _watch(self) -> None:
        while self._busy.wait():
            time.sleep(LOOK_S)
            with self._lock:
                if not self._ends:
                    self._busy.clear()
                now = time.monotonic()
                for cursor, end in self._ends.items():
                    if end < now:
                        cursor.interrupt()
