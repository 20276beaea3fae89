"""One run at a time: a file lock that says who holds it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from config.errors import PostponedError


@contextmanager
def run_lock(state_dir: Path, command: str) -> Iterator[None]:
    """Hold the lock of this lake while the body runs.

    The operating system releases it when the process ends, however it ends, so that no stale lock is left behind.
    Raises PostponedError, naming the holder, when another run has it.
    """
    state_dir.mkdir(parents=True, exist_ok=True)
    holder = state_dir / ".lakesong.holder"
    lock = FileLock(state_dir / ".lakesong.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        who = holder.read_text(encoding="utf-8").strip() if holder.exists() else "another run"
        raise PostponedError(f"This lake is in use by {who}.", "Try again when it has ended.") from error
    try:
        holder.write_text(f"`lakesong {command}` (process {os.getpid()})\n", encoding="utf-8")
        yield
    finally:
        lock.release()
