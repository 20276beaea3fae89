"""Commands of `lakesong` that the dashboard starts: each in a process of its own, one at a time for a lake.

A job is a small file, `<STATE_DIR>/jobs/<id>.json`, so that a server that was started anew still tells of it; what the
command printed lies beside it. Once started, the file is written by the process that runs the job alone
(`dashboard.job_runner`), which outlives the server.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import psutil
from filelock import FileLock
from pydantic import SecretStr

from config.errors import InputError, PostponedError
from config.lock import run_lock
from config.settings import Settings
from config.state_file import read_state, write_state

State = Literal["running", "done", "failed", "needs_user", "postponed", "stopped", "lost"]

# The commands that may be started, and the options that each may be given; nothing else that begins with a dash.
COMMANDS: Mapping[str, frozenset[str]] = {
    "ingest": frozenset({"--user", "--source", "--no-build", "--json"}),
    "import": frozenset({"--user", "--no-build", "--json"}),
    "build": frozenset({"--full", "--json"}),
    "undo": frozenset({"--dry-run", "--no-build", "--yes", "--json"}),
    "check": frozenset({"--all", "--json"}),
    "maintain": frozenset({"--dry-run", "--keep-days"}),
    "wrapped": frozenset({"--user", "--from", "--to", "--json"}),
}
UPLOADS = "uploads"  # the folder of the state folder that a file must lie in to be imported
KEPT = 50  # ended jobs that are told of
LINES = 20
START_S = 30  # within so many seconds a job that was entered has a process
PROJECT = Path(__file__).parents[1]
PYTHON_PATH = (str(PROJECT),)  # where the command is found, whatever folder the server was started in
_ID = re.compile(r"[0-9a-f]{32}")
_STATES: Mapping[int | None, State] = {0: "done", 3: "needs_user", 4: "postponed"}


@dataclass(frozen=True)
class Job:
    """One command: who asked for it, when it began and ended (UTC), and what came of it.

    state: running; done; failed; needs_user (somebody must sign in); postponed (a quota is used up, or another run has
    the lake); stopped by a visitor; lost, where its process is gone and left no word. lines: the last that it said.
    result: what it printed with `--json`.
    """

    job_id: str
    words: tuple[str, ...]
    user_id: str
    state: State
    begun_at: datetime
    ended_at: datetime | None = None
    exit_code: int | None = None
    lines: tuple[str, ...] = ()
    result: Any = None

    @property
    def last_line(self) -> str:
        """The last that it said, without the program's name before an error."""
        return self.lines[-1].removeprefix("lakesong: ") if self.lines else ""

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.state == "running"


def start(settings: Settings, words: Sequence[str], user_id: str) -> Job:
    """Start `lakesong WORDS…` on the lake of the settings, for a listener who asked for it.

    Raises InputError for words that may not be started, PostponedError, naming the holder, while the lake is in use.
    """
    _need_allowed(settings, words)
    folder = _folder(settings)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(folder / ".lock"):
        _refuse_second(settings)
        _remove_old(folder)
        job_id = uuid4().hex
        file = folder / f"{job_id}.json"
        begun = datetime.now(UTC).isoformat()
        told = {"job_id": job_id, "words": list(words), "user_id": user_id, "state": "running", "begun_at": begun}
        write_state(file, told)
        runner = subprocess.Popen(
            [sys.executable, "-m", "dashboard.job_runner", str(file)],
            env=environment_of(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        write_state(file.with_suffix(".pid"), {"pid": runner.pid, "began": psutil.Process(runner.pid).create_time()})
    found = job(settings, job_id)
    assert found is not None
    return found


def job(settings: Settings, job_id: str) -> Job | None:
    """The job of that id; None where there is none."""
    if not _ID.fullmatch(job_id):
        return None
    file = _folder(settings) / f"{job_id}.json"
    told = read_state(file)
    if not told:
        return None
    if told["state"] == "running" and not _is_alive(file):
        told = read_state(file)  # it may have ended between the two looks
        told["state"] = "lost" if told["state"] == "running" else told["state"]
    code = told.get("exit_code")
    ended = told.get("ended_at")
    return Job(
        job_id,
        tuple(told["words"]),
        told["user_id"],
        _STATES.get(code, "failed") if told["state"] == "ended" else told["state"],
        datetime.fromisoformat(told["begun_at"]),
        datetime.fromisoformat(ended) if ended else None,
        code,
        _last_lines(file.with_suffix(".err")),
        _result(file.with_suffix(".out")) if ended else None,
    )


def jobs(settings: Settings) -> list[Job]:
    """The jobs that are told of, newest first."""
    found = [job(settings, file.stem) for file in _folder(settings).glob("*.json")]
    return sorted((one for one in found if one), key=lambda one: one.begun_at, reverse=True)


def running(settings: Settings) -> Job | None:
    """The job that runs, if one does."""
    return next((one for one in jobs(settings) if one.is_running), None)


def stop(settings: Settings, job_id: str) -> None:
    """Ask a job to end at once. What it has committed stays; a build that was stopped is done again by the next."""
    found = job(settings, job_id)
    if found is None or not found.is_running:
        return
    process = _process(_folder(settings) / f"{job_id}.json")
    if process is not None:
        process.send_signal(signal.SIGTERM)


def _need_allowed(settings: Settings, words: Sequence[str]) -> None:
    """Raise InputError for what may not be started: another command, option, or file than those meant."""
    command, *rest = words or ("",)
    if command not in COMMANDS:
        raise InputError(f"`lakesong {command}` cannot be started here.", f"There are: {', '.join(COMMANDS)}.")
    for word in rest:
        if word.startswith("-") and word not in COMMANDS[command]:
            raise InputError(f"`lakesong {command} {word}` cannot be started here.", "Run it on the command line.")
    if command == "import":
        uploads = (settings.state_dir / UPLOADS).resolve()
        for path in _operands(rest):
            if not Path(path).resolve().is_relative_to(uploads):
                raise InputError(f"{path} was not uploaded.", "Drop the file on the page, or use `lakesong import`.")


def _operands(words: Sequence[str]) -> list[str]:
    """The words that are neither options nor the value of --user."""
    pairs = zip(["", *words], words, strict=False)
    return [word for before, word in pairs if not word.startswith("-") and before != "--user"]


def _refuse_second(settings: Settings) -> None:
    present = running(settings)
    if present is not None:
        raise PostponedError(f"`lakesong {' '.join(present.words)}` is running.", "Try again when it has ended.")
    with run_lock(settings.state_dir, "dashboard"):
        pass


def _remove_old(folder: Path) -> None:
    ended = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True)[KEPT:]
    for file in ended:
        _remove(file)


def remove_jobs_of(settings: Settings, user_id: str) -> None:
    """Forget the jobs that a listener asked for."""
    for one in jobs(settings):
        if one.user_id == user_id:
            _remove(_folder(settings) / f"{one.job_id}.json")


def _remove(file: Path) -> None:
    for suffix in (".json", ".pid", ".out", ".err"):
        file.with_suffix(suffix).unlink(missing_ok=True)


def environment_of(settings: Settings) -> dict[str, str]:
    """The settings that were given, as the command reads them; the lake and the state folder always."""
    given = {"lake_uri", "state_dir", *settings.model_fields_set}
    values = {name.upper(): _plain(getattr(settings, name)) for name in given}
    path = os.pathsep.join(filter(None, (*PYTHON_PATH, os.environ.get("PYTHONPATH"))))
    of_python = {"PYTHONPATH": path, "PYTHONSAFEPATH": "1"}  # never a `cli.py` of the folder that the server is in
    return {**os.environ, **values, **of_python, "LAKESONG_PROGRESS": "lines", "NO_COLOR": "1"}


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _is_alive(file: Path) -> bool:
    if not file.with_suffix(".pid").exists():
        return time.time() - file.stat().st_mtime < START_S
    return _process(file) is not None


def _process(file: Path) -> psutil.Process | None:
    """The process that runs the job, unless it is gone and its number is another's now."""
    told = read_state(file.with_suffix(".pid"))
    try:
        process = psutil.Process(told.get("pid", 0))
        if abs(process.create_time() - told.get("began", 0)) > 1 or process.status() == psutil.STATUS_ZOMBIE:
            return None
    except (psutil.Error, ValueError):
        return None
    return process


def _last_lines(file: Path) -> tuple[str, ...]:
    if not file.exists():
        return ()
    with file.open("rb") as opened:
        opened.seek(max(0, file.stat().st_size - 8_000))
        lines = opened.read().decode("utf-8", "replace").splitlines()
    return tuple(line for line in lines if line.strip())[-LINES:]


def _result(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _folder(settings: Settings) -> Path:
    return settings.state_dir / "jobs"
