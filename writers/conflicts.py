"""Another writer committed first: the write is done again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import stamina

T = TypeVar("T")

# How the engines and delta-rs say that another writer committed first; the loser has changed nothing.
_CONFLICTS = (
    "Failed to commit transaction",
    "Missing commit file",
    "ConcurrentAppend",
    "ConcurrentDelete",
    "ConcurrentTransaction",
    "ConcurrentWrite",
    "MetadataChanged",
    "CommitFailed",
    "DELTA_CONCURRENT",
    "Transaction failed: ",
    "Version already exists",
)


def retry_conflicts(write: Callable[[], T]) -> T:
    """Run a write, and again on a fresh read of the table when another writer committed first."""
    for attempt in stamina.retry_context(
        on=_is_conflict, attempts=12, timeout=120, wait_initial=0.05, wait_max=3.0, wait_jitter=0.5
    ):
        with attempt:
            return write()
    raise AssertionError("stamina ends with a result or an error")


def _is_conflict(error: Exception) -> bool:
    return any(sign in str(error) for sign in _CONFLICTS)
