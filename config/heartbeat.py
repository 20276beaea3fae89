"""Signs of life of a process that runs for ever, for a container's health check."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from config.state_file import read_state, write_state

BEAT_S = 60.0  # between two signs, at most
FRESH = timedelta(minutes=3)  # an older sign is none


def beat(file: Path, at: datetime, reason: str) -> None:
    """Give a sign of life at this time (UTC); reason says what is wrong, or is empty."""
    write_state(file, {"at": at.isoformat(timespec="seconds"), "healthy": not reason, "reason": reason})


@contextmanager
def beating(beat_once: Callable[[], None], every_s: float = BEAT_S) -> Iterator[None]:
    """Give signs of life while the body runs, which may take longer than a sign is fresh; beat_once raises nothing."""
    done = threading.Event()

    def keep_beating() -> None:
        beat_once()
        while not done.wait(every_s):
            beat_once()

    thread = threading.Thread(target=keep_beating, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def ailment(file: Path, now: datetime) -> str:
    """What is wrong with the process that gives its signs in this file, in one line; empty where nothing is."""
    sign = read_state(file)
    if not sign:
        return f"Nothing gives signs of life in {file}. Start the scheduler: `python scheduler.py`."
    if now - datetime.fromisoformat(sign["at"]) > FRESH:
        return f"The last sign of life was at {sign['at']}. Start the scheduler again, and look at its log."
    return "" if sign["healthy"] else str(sign["reason"])
