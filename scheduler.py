"""Runs a cycle now and every BUILD_HOURS hours, until it is stopped."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType

import schedule

from config.errors import LakesongError, PostponedError
from config.settings import load_settings
from ingestion.cycle import run_cycle

_stopping = threading.Event()


def main() -> int:
    """Schedule the cycles. SIGTERM and Ctrl-C let the cycle in hand end first."""
    try:
        settings = load_settings()
    except LakesongError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, _stop)

    def cycle() -> None:
        try:
            result = run_cycle(settings, say=print)
            print(f"Cycle done: {len(result.built)} tables built.", flush=True)
        except PostponedError as error:
            print(error, flush=True)
        except LakesongError as error:
            print(f"Cycle failed: {error}", file=sys.stderr, flush=True)

    schedule.every(settings.build_hours).hours.do(cycle)
    schedule.run_all()
    while not _stopping.wait(timeout=max(1.0, min(schedule.idle_seconds() or 1.0, 60.0))):
        schedule.run_pending()
    return 0


def _stop(_signal: int, _frame: FrameType | None) -> None:
    _stopping.set()


if __name__ == "__main__":
    sys.exit(main())
