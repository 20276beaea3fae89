"""`lakesong serve` and `lakesong password`, as they are run."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from dashboard.access.accounts import Accounts
from dashboard.access.passwords import hash_password, is_password
from ingestion.listeners import register_listener
from schemas.lake import Lake

PROJECT = Path(__file__).parents[2]
Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """`run("serve", "--port", "0")`: a command on an empty lake."""
    begun: list[subprocess.Popen[str]] = []
    places = {"LAKE_URI": str(tmp_path / "lake"), "STATE_DIR": str(tmp_path / "state"), "PYTHONPATH": str(PROJECT)}

    def start(*words: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", "cli", *words]
        begun.append(
            subprocess.Popen(
                command, cwd=tmp_path, env={**os.environ, **places}, text=True, stdin=pipe, stdout=pipe, stderr=pipe
            )
        )
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.wait()


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_answers_and_how_to_begin_and_ends_well(run: Run, told: signal.Signals) -> None:
    server = run("serve", "--port", "0", "--no-browser")
    assert server.stdout is not None
    said = server.stdout.readline()
    (address,) = re.findall(r"http://127\.0\.0\.1:\d+", said)
    answer = requests.get(address, timeout=20)
    assert answer.url == f"{address}/connect" and "Your own app at Spotify" in answer.text
    assert "server" not in answer.headers
    server.send_signal(told)
    assert server.wait(timeout=20) == 0
    assert server.stderr is not None
    rest, errors = server.stdout.read(), server.stderr.read()  # what `communicate` reads misses what readline took in
    assert errors == ""
    assert "There is no lake yet" in rest and rest.endswith("Stopped.\n")


def test_tls_and_the_caller_are_believed_from_a_trusted_proxy_alone(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Accounts(tmp_path / "state").set_password("me", hash_password("long enough it is"))
    monkeypatch.setenv("DASHBOARD_HOSTS", "music.example")
    said = {"host": "music.example", "x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9"}
    said |= {"sec-fetch-site": "same-origin"}
    set_cookie = {}
    for proxies in ("", "127.0.0.1"):
        monkeypatch.setenv("DASHBOARD_PROXIES", proxies)
        server = run("serve", "--port", "0", "--no-browser")
        assert server.stdout is not None
        (address,) = re.findall(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
        form = {"user": "me", "password": "long enough it is"}
        answer = requests.post(f"{address}/sign-in", data=form, headers=said, allow_redirects=False, timeout=20)
        assert answer.status_code == 303
        set_cookie[proxies] = answer.headers["set-cookie"]
    assert set_cookie[""].startswith("lakesong_session=") and "Secure" not in set_cookie[""]
    assert set_cookie["127.0.0.1"].startswith("__Host-lakesong_session=") and "Secure" in set_cookie["127.0.0.1"]


def test_a_port_that_is_taken_is_told_with_what_to_do(run: Run) -> None:
    first = run("serve", "--port", "0", "--no-browser")
    assert first.stdout is not None
    port = first.stdout.readline().split(":")[-1].split(".")[0]
    _, errors = (second := run("serve", "--port", port, "--no-browser")).communicate(timeout=30)
    assert second.returncode == 2
    assert re.fullmatch(
        rf"lakesong: 127\.0\.0\.1, port {port}, cannot be listened on \(.+\)\. .*--port \d+\.\n", errors
    )


def test_the_first_password_makes_its_owner_look_after_the_lake(run: Run, tmp_path: Path) -> None:
    for name in ("anna", "ben"):
        register_listener(Lake(str(tmp_path / "lake")), name)
    for name in ("anna", "ben"):
        out, errors = run("password", name).communicate(f"a long one for {name}\n", timeout=30)
        assert (f"{name} can sign in" in out, errors) == (True, "")
    kept = Accounts(tmp_path / "state").accounts()
    assert {name: one.is_admin for name, one in kept.items()} == {"anna": True, "ben": False}
    assert is_password(kept["ben"].password_hash, "a long one for ben")


@pytest.mark.parametrize(("name", "password"), [("anna", "short"), ("nobody", "long enough it is")])
def test_a_short_password_or_an_unknown_listener_changes_nothing(
    run: Run, tmp_path: Path, name: str, password: str
) -> None:
    register_listener(Lake(str(tmp_path / "lake")), "anna")
    process = run("password", name)
    process.communicate(f"{password}\n", timeout=30)
    assert process.returncode == 2
    assert Accounts(tmp_path / "state").accounts() == {}
