"""Commands of `lakesong` that answer within seconds, run in a process of their own: their memory is given back."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

from config.errors import InputError, LakesongError, NeedsUserError, PostponedError
from config.settings import Settings
from dashboard.jobs import PROJECT, environment_of

SECONDS = 120
AT_ONCE = threading.Semaphore(2)
_ERRORS: dict[int, type[LakesongError]] = {2: InputError, 3: NeedsUserError, 4: PostponedError}


def answer_of(settings: Settings, words: Sequence[str], operands: Sequence[str] = ()) -> Any:
    """What `lakesong WORDS… --json -- OPERANDS…` prints. operands come from visitors: none of them is an option.

    Raises the error that the command ended with, with its words.
    """
    given = [sys.executable, "-m", "cli", *words, "--json", "--", *operands]
    with AT_ONCE:
        try:
            done = subprocess.run(
                given, cwd=PROJECT, env=environment_of(settings), stdin=subprocess.DEVNULL,
                capture_output=True, text=True, timeout=SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise LakesongError("That took too long.", "Try again later.") from error
    if done.returncode:
        told = next((line for line in reversed(done.stderr.splitlines()) if line.startswith("lakesong: ")), "")
        kind = _ERRORS.get(done.returncode, LakesongError)
        raise kind(told.removeprefix("lakesong: ") or "The command failed.")
    return json.loads(done.stdout)
