"""A whole day of sign-in, collection and failures as processes, then a search for every secret of it."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pyarrow.parquet as pq
import pytest
import requests

from config.settings import Settings
from emulator.server import Emulator
from emulator.simulator import simulate

pytestmark = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="command lines are read from /proc")

ROOT = Path(__file__).parent.parent
LAKESONG = str(Path(sys.executable).parent / "lakesong")
TOKEN_FILE = ".spotify_tokens.json"
LOG_FILE = "data/lakesong.log"
MADE_UP_CODE = "AQBmadeUpCode-0123456789-abcdefghijklmnopqrstuvwxyz"

Process = subprocess.Popen[str]


@dataclass
class Day:
    """What is left of the day: its folder, what the processes printed and were called with, and the secrets."""

    folder: Path
    secrets: dict[str, set[str]] = field(default_factory=dict)
    printed: dict[str, str] = field(default_factory=dict)
    exit_codes: dict[str, int] = field(default_factory=dict)
    command_lines: set[str] = field(default_factory=set)

    def note(self, kind: str, value: Any) -> None:
        """Note a secret, where there is one."""
        self.secrets.setdefault(kind, set()).update([value] if value else [])

    def found_in(self, text: str) -> list[str]:
        """The kinds of secrets that the text holds."""
        return sorted(kind for kind, values in self.secrets.items() if any(value in text for value in values))

    def run(self, name: str, *command: str, act: Callable[[Process], str] = lambda _: "", **environment: str) -> None:
        """Run a command to its end, and keep what it printed; `act` gets the running process."""
        outside = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        with subprocess.Popen(command, cwd=self.folder, env={**outside, **environment}, **pipes) as process:
            over = Event()
            looking = Thread(target=self._look_at_command_lines, args=(process.pid, over))
            looking.start()
            try:
                seen = act(process)
                self.printed[name] = seen + process.communicate(timeout=60)[0]
            finally:
                process.kill()
                over.set()
                looking.join()
        self.exit_codes[name] = process.returncode

    def _look_at_command_lines(self, pid: int, over: Event) -> None:
        while not over.wait(0.05):
            self.command_lines.update(_command_lines(pid))


def _command_lines(pid: int) -> Iterator[str]:
    """Of a process and its children, as every user of the machine may read them."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for one in (str(pid), *children):
            yield Path(f"/proc/{one}/cmdline").read_text(errors="replace")
    except OSError:
        return


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """Sign in, collect over a refresh and faults, watch, be signed out: all by the real programs."""
    day = Day(tmp_path_factory.mktemp("day"))
    last = (datetime.now(UTC) + timedelta(days=2)).date()
    simulation = simulate(days=30, end=last, plays_per_day=120)
    with Emulator(simulation, client_secret="the-secret-of-the-app") as emulator:
        _note_what_is_given_out(emulator, day)
        settings = {**emulator.settings(), "LOG_FILE": LOG_FILE, "CATALOG_DAILY_BUDGET": "20"}
        (day.folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        day.run("made-up code", LAKESONG, "login", "--no-browser", act=_paste_made_up_code)
        day.run("login", LAKESONG, "login", "--no-browser", act=_sign_in)
        # The access token is too old, a refresh brings another refresh token, and answers are spoiled now and then.
        emulator.clock.advance(timedelta(hours=2))
        emulator.faults.update({"refresh_reply": "rotated", "server_errors": 0.05, "truncated_bodies": 0.05})
        day.run("ingest", LAKESONG, "ingest", LOG_FORMAT="json")
        day.run("watch", LAKESONG, "watch", act=_let_it_watch, LOG_FORMAT="text")
        poll = (sys.executable, str(ROOT / "run_ingestion.py"), "--source", "recently_played")
        emulator.clock.advance(timedelta(hours=2))
        emulator.faults.update({"token_endpoint_down": True})
        day.run("no accounts service", *poll, LOG_FORMAT="json")
        emulator.faults.update({"token_endpoint_down": False})
        emulator.revoke(simulation.user_id)
        day.run("signed out", *poll, LOG_FORMAT="text")
    tokens = day.folder / "data" / TOKEN_FILE
    whole = tokens.read_text()
    tokens.write_text(whole[:-20])
    day.run("unreadable sign-ins", LAKESONG, "watch", LOG_FORMAT="text")
    tokens.write_text(whole)
    return day


def _note_what_is_given_out(emulator: Emulator, day: Day) -> None:
    """Note every code, verifier and token that passes through the accounts service."""
    secret, accounts = emulator.client_secret, emulator._world.accounts
    day.note("client secret", secret)
    day.note("basic authorization", base64.b64encode(f"{emulator.client_id}:{secret}".encode()).decode())
    day.note("code", MADE_UP_CODE)
    exchange, refresh = accounts.exchange, accounts.refresh

    def noted(reply: dict[str, Any]) -> dict[str, Any]:
        for kind in ("access_token", "refresh_token"):
            day.note(kind, reply.get(kind))
        return reply

    def noted_exchange(code: str, redirect_uri: str, verifier: str, *, has_secret: bool) -> dict[str, Any]:
        day.note("code", code)
        day.note("verifier", verifier)
        return noted(exchange(code, redirect_uri, verifier, has_secret=has_secret))

    accounts.exchange = noted_exchange  # type: ignore[method-assign]
    accounts.refresh = lambda refresh_token: noted(refresh(refresh_token))  # type: ignore[method-assign]


def _printed_until_asked(process: Process) -> str:
    assert process.stdout
    printed = ""
    while not printed.endswith("Paste it here: "):
        letter = process.stdout.read(1)
        assert letter, printed
        printed += letter
    return printed


def _paste(process: Process, address: str) -> None:
    assert process.stdin
    process.stdin.write(f"{address}\n")
    process.stdin.flush()


def _paste_made_up_code(process: Process) -> str:
    printed = _printed_until_asked(process)
    state = re.findall(r"state=([^&\s]+)", printed)[0]
    _paste(process, f"http://127.0.0.1:8888/callback?code={MADE_UP_CODE}&state={state}")
    return printed


def _sign_in(process: Process) -> str:
    """Do what a person does in the browser, and paste where it led."""
    printed = _printed_until_asked(process)
    address = re.findall(r"http://\S+/authorize\?\S+", printed)[0].replace("/authorize?", "/authorize/allow?")
    answer = requests.get(f"{address}&user=demo", allow_redirects=False, timeout=10)
    _paste(process, answer.headers["Location"])
    return printed


def _let_it_watch(process: Process) -> str:
    assert process.stdout
    first = process.stdout.readline()
    time.sleep(2.0)
    process.send_signal(signal.SIGTERM)
    return first


def test_the_day_went_as_it_was_meant_to(day: Day) -> None:
    assert day.exit_codes == {
        "made-up code": 3,
        "login": 0,
        "ingest": 0,
        "watch": 0,
        "no accounts service": 1,
        "signed out": 3,
        "unreadable sign-ins": 2,
    }, day.printed
    counts = {kind: len(values) for kind, values in day.secrets.items()}
    assert counts["code"] == counts["verifier"] == 2
    assert counts["access_token"] >= 2 and counts["refresh_token"] >= 2
    assert "sign in again" in day.printed["signed out"]


def test_nothing_that_a_program_prints_holds_a_secret(day: Day) -> None:
    assert {name: day.found_in(text) for name, text in day.printed.items() if day.found_in(text)} == {}


def test_the_log_file_holds_no_secret(day: Day) -> None:
    logs = [path.read_text() for path in (day.folder / "data").glob("lakesong.log*")]
    assert logs and [day.found_in(text) for text in logs] == [[]]


def test_no_command_line_holds_a_secret(day: Day) -> None:
    assert any("ingest" in line for line in day.command_lines)
    assert day.found_in("\n".join(day.command_lines)) == []


def test_no_file_of_the_lake_or_the_state_holds_a_secret(day: Day) -> None:
    data = day.folder / "data"
    files = [path for path in data.rglob("*") if path.is_file() and path.name != TOKEN_FILE]
    texts = {path: path.read_bytes().decode("latin-1") for path in files}
    # Parquet's pages are compressed.
    texts |= {path: str(pq.read_table(path).to_pydict()) for path in files if path.suffix == ".parquet"}
    assert any("recently-played" in text or "recently_played" in text for text in texts.values())
    assert {str(path): day.found_in(text) for path, text in texts.items() if day.found_in(text)} == {}


def test_only_the_listener_may_read_the_file_that_holds_the_tokens(day: Day) -> None:
    path = day.folder / "data" / TOKEN_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert day.found_in(path.read_text()) == ["access_token", "refresh_token"]
    assert list(json.loads(path.read_text())["listeners"]) == ["me"]
