"""Fitting on one thread, so that the same rows give the same model, to the bit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

from threadpoolctl import threadpool_limits

_FITTING = RLock()


@contextmanager
def one_thread() -> Iterator[None]:
    """Let the numerical libraries use one thread: with more, sums are added in another order each run.

    Only a library that is loaded by then is limited, so those that bring threads of their own are loaded first. Limits
    hold for the process: one fit after the other, since the end of one would lift the limit of another.
    """
    import sklearn.cluster  # noqa: F401

    with _FITTING, threadpool_limits(1):
        yield
