"""How a command ends."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn


def run_process(main: Callable[[], int | None]) -> NoReturn:
    """Run `main` and end the process with the exit code that it gives, without taking Python itself apart.

    Threads inside Arrow, DuckDB and delta-rs may still let go of Python objects when a command is done. If Python is
    being taken apart by then, they abort the process: a command that did all its work would end with signal 6. So once
    threads are joined and what others registered to run at the end has run, the process is left at once.
    """
    code = 1  # of an exception that nobody catches, as Python has it

    def leave() -> None:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except BrokenPipeError:  # whoever read our output has gone, as `head` does
                os._exit(code or 1)
        os._exit(code)

    atexit.register(leave)  # called last, since it is registered first
    try:
        code = main() or 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
        raise
    sys.exit(code)
