"""Runs one job to its end, in a process that outlives the server: `python -m dashboard.job_runner FILE`."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from config.state_file import read_state, write_state

PATIENCE_S = 20.0  # a command that was asked to end and has not by then is killed


def run(file: Path) -> None:
    """Run the command of the job, keep what it prints beside the file, and write how it ended."""
    told = read_state(file)
    with file.with_suffix(".out").open("wb") as out, file.with_suffix(".err").open("wb") as err:
        command = [sys.executable, "-m", "cli", *told["words"]]
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        asked: list[int] = []

        def end(number: int, frame: FrameType | None) -> None:
            asked.append(number)
            child.terminate()

        signal.signal(signal.SIGTERM, end)
        code = _wait(child, asked)
    state = "stopped" if asked and code else "ended"
    write_state(file, {**told, "state": state, "exit_code": code, "ended_at": datetime.now(UTC).isoformat()})


def _wait(child: subprocess.Popen[bytes], asked: list[int]) -> int:
    waited = 0.0
    while True:
        try:
            return child.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            waited += 0.5 if asked else 0.0
            if waited >= PATIENCE_S:
                child.kill()


if __name__ == "__main__":
    run(Path(sys.argv[1]))
