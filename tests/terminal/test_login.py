"""`lakesong login`: who signed in, what was agreed to, what cannot be, and that no secret is ever shown."""

from __future__ import annotations

import json
import logging
import os
import pty
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
import requests

from clients.spotify_accounts import SCOPES
from clients.tokens import Token, TokenStore
from config.errors import InputError, NeedsUserError
from emulator.clock import Clock
from emulator.server import Emulator
from emulator.simulator import simulate
from terminal.login import run_login

TOKEN_FILE = "tokens.json"

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECRETS = ("secret-code", "secret-access", "secret-refresh", "client-secret")
STORED = Token("ann", "old", "old", " ".join(SCOPES), NOW, NOW, "account-1")


class Service:
    """Spotify's two services on a loopback socket: every code is good, and `profile` is whose it is."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.scope = " ".join(SCOPES)
        self.profile: dict[str, Any] = {"id": "ann.old", "account_id": "account-1", "display_name": "Ann"}
        self.forms: list[dict[str, str]] = []


@pytest.fixture
def service() -> Iterator[Service]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert (self.path, self.headers["Authorization"]) == ("/v1/me/", "Bearer secret-access")
            self.answer(made.profile)

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            made.forms.append({name: values[0] for name, values in form.items()})
            reply = {"access_token": "secret-access", "refresh_token": "secret-refresh", "expires_in": 3600}
            self.answer(reply | {"scope": made.scope})

        def answer(self, body: Any) -> None:
            content = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Service(f"http://127.0.0.1:{server.server_port}")
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


class Listener:
    """Someone at a terminal: what was said to them, and what they answer with the address that was printed."""

    def __init__(self, answer: str = "?code=secret-code&state=STATE") -> None:
        self.said: list[str] = []
        self.answer = answer

    def say(self, text: str) -> None:
        self.said.append(text)
        print(text)

    def redirected(self) -> str:
        (address,) = re.findall(r"http\S+/authorize\S+", "\n".join(self.said))
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        return query["redirect_uri"] + self.answer.replace("STATE", query["state"])

    def ask(self, prompt: str) -> str:
        self.say(prompt)
        return self.redirected()

    def browse(self, address: str) -> None:
        """A browser that Spotify leads back at once."""
        query = parse_qs(urlsplit(address).query)
        answer = self.answer.replace("STATE", query["state"][0])
        urlopen(query["redirect_uri"][0] + answer, timeout=5).close()  # unlike requests, it logs nothing itself


def login(service: Service, folder: Path, listener: Listener, **changes: Any) -> None:
    options: dict[str, Any] = {
        "user_id": "ann",
        "no_browser": True,
        "accounts_url": f"{service.url}/accounts",
        "api_url": f"{service.url}/v1",
        "client_id": "client-id",
        "client_secret": "client-secret",
        "redirect_uri": "http://127.0.0.1:8888/callback",
        "token_file": folder / TOKEN_FILE,
        "ask": listener.ask,
        "say": listener.say,
        "open_browser": listener.browse,
        "clock": lambda: NOW,
    }
    run_login(**options | changes)


def store_in(folder: Path) -> TokenStore:
    return TokenStore(folder / TOKEN_FILE)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


SIGNED_IN = "ann is signed in as Ann, until 2027-05-23; then sign in again."


def test_a_pasted_address_signs_the_listener_in(service, tmp_path):
    listener = Listener()
    login(service, tmp_path, listener)
    assert listener.said[-1] == SIGNED_IN
    assert store_in(tmp_path).get("ann") == Token(
        user_id="ann",
        access_token="secret-access",
        refresh_token="secret-refresh",
        scope=" ".join(SCOPES),
        expires_at=datetime(2026, 11, 21, 13, tzinfo=UTC),
        authorized_at=NOW,
        account_id="account-1",
    )


def test_a_browser_that_comes_back_signs_the_listener_in(service, tmp_path):
    listener = Listener()
    redirect_uri = f"http://127.0.0.1:{free_port()}/callback"
    login(service, tmp_path, listener, no_browser=False, redirect_uri=redirect_uri)
    assert listener.said[-1] == SIGNED_IN
    assert service.forms[0]["redirect_uri"] == redirect_uri


@pytest.mark.parametrize("no_browser", [True, False])
def test_exactly_one_address_is_printed(service, tmp_path, no_browser):
    listener = Listener()
    redirect_uri = f"http://127.0.0.1:{free_port()}/callback"
    login(service, tmp_path, listener, no_browser=no_browser, redirect_uri=redirect_uri)
    assert len(re.findall(r"https?://", "\n".join(listener.said))) == 1


@pytest.mark.parametrize("no_browser", [True, False])
def test_no_code_token_secret_or_verifier_is_shown_or_logged(service, tmp_path, capfd, caplog, no_browser):
    caplog.set_level(logging.DEBUG)
    redirect_uri = f"http://127.0.0.1:{free_port()}/callback"
    login(service, tmp_path, Listener(), no_browser=no_browser, redirect_uri=redirect_uri)
    printed = capfd.readouterr()
    shown = printed.out + printed.err + caplog.text
    assert SIGNED_IN in shown
    for secret in (*SECRETS, service.forms[0]["code_verifier"]):
        assert secret not in shown


def test_an_error_of_a_sign_in_shows_no_secret(service, tmp_path, capfd):
    service.scope = "user-top-read"
    with pytest.raises(NeedsUserError) as error:
        login(service, tmp_path, Listener())
    printed = capfd.readouterr()
    shown = printed.out + printed.err + str(error.value) + repr(error.value)
    assert [secret for secret in (*SECRETS, service.forms[0]["code_verifier"]) if secret in shown] == []


def test_without_the_scope_that_shows_plays_nobody_is_signed_in(service, tmp_path):
    service.scope = "user-top-read user-library-read"
    with pytest.raises(NeedsUserError, match="user-read-recently-played"):
        login(service, tmp_path, Listener())
    assert store_in(tmp_path).users() == []


def test_scopes_that_were_not_granted_are_named_and_the_granted_ones_kept(service, tmp_path):
    service.scope = " ".join(scope for scope in SCOPES if scope != "user-top-read")
    listener = Listener()
    login(service, tmp_path, listener)
    assert listener.said[-2].startswith("Not agreed to: user-top-read.")
    assert store_in(tmp_path).get("ann").scope == service.scope


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("?code=secret-code&state=other", InputError),
        ("?state=STATE", InputError),
        ("?error=access_denied&state=STATE", NeedsUserError),
    ],
)
def test_an_address_that_does_not_sign_in_stores_nothing(service, tmp_path, answer, kind):
    with pytest.raises(kind):
        login(service, tmp_path, Listener(answer))
    assert service.forms == []
    assert store_in(tmp_path).users() == []


def test_nothing_to_paste_from_is_an_error_with_a_next_step(service, tmp_path):
    def closed(_: str) -> str:
        raise EOFError

    with pytest.raises(InputError, match="--no-browser"):
        login(service, tmp_path, Listener(), ask=closed)


def test_signing_in_again_renews_the_six_months_and_takes_the_mark_away(service, tmp_path):
    old = datetime(2026, 5, 1, tzinfo=UTC)
    store_in(tmp_path).put(replace(STORED, authorized_at=old, needs_sign_in=True))
    login(service, tmp_path, Listener())
    token = store_in(tmp_path).get("ann")
    assert (token.authorized_at, token.needs_sign_in) == (NOW, False)


@pytest.mark.parametrize("linked_as", ["account-1", "ann.old"])
def test_a_listener_linked_before_accounts_had_their_own_id_is_the_same(service, tmp_path, linked_as):
    store_in(tmp_path).put(replace(STORED, account_id=linked_as))
    login(service, tmp_path, Listener())
    assert store_in(tmp_path).get("ann").account_id == "account-1"


def test_an_account_without_its_own_id_is_told_by_the_old_one(service, tmp_path):
    service.profile = {"id": "ann.old", "display_name": None}
    listener = Listener()
    login(service, tmp_path, listener)
    assert store_in(tmp_path).get("ann").account_id == "ann.old"
    assert listener.said[-1].startswith("ann is signed in as ann.old,")


def test_a_listener_linked_to_another_account_stays_so(service, tmp_path):
    linked = replace(STORED, account_id="account-2")
    store_in(tmp_path).put(linked)
    with pytest.raises(InputError, match="ann is linked to another Spotify account"):
        login(service, tmp_path, Listener())
    assert store_in(tmp_path).get("ann") == linked


def test_an_account_linked_to_another_listener_names_that_listener(service, tmp_path):
    store_in(tmp_path).put(replace(STORED, user_id="bob"))
    with pytest.raises(InputError, match="linked to the listener bob"):
        login(service, tmp_path, Listener())
    assert store_in(tmp_path).users() == ["bob"]


def test_two_listeners_with_two_accounts_sign_in_side_by_side(service, tmp_path):
    store_in(tmp_path).put(replace(STORED, user_id="bob", account_id="account-2"))
    login(service, tmp_path, Listener())
    assert store_in(tmp_path).users() == ["ann", "bob"]


def test_a_name_cannot_steer_the_terminal(service, tmp_path):
    service.profile["display_name"] = "\x1b[31mAnn\x07\n" + "x" * 500
    listener = Listener()
    login(service, tmp_path, listener)
    assert listener.said[-1].isprintable() and len(listener.said[-1]) < 200


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"client_id": ""}, r"developer\.spotify\.com/dashboard"),
        ({"redirect_uri": "http://localhost:8888/callback"}, r"127\.0\.0\.1"),
        ({"no_browser": False, "redirect_uri": "https://me.example/callback"}, "--no-browser"),
    ],
)
def test_settings_that_cannot_work_are_told_before_anything_is_asked(service, tmp_path, changes, says):
    listener = Listener()
    with pytest.raises(InputError, match=says):
        login(service, tmp_path, listener, **changes)
    assert listener.said == []


def test_a_store_that_cannot_be_read_is_told_before_anyone_signs_in(service, tmp_path):
    (tmp_path / TOKEN_FILE).write_text("{")
    listener = Listener()
    with pytest.raises(InputError, match="cannot be read"):
        login(service, tmp_path, listener)
    assert listener.said == []


@pytest.mark.parametrize("client_secret", ["emulated-secret", ""])
@pytest.mark.parametrize("decision", ["allow", "deny"])
def test_the_whole_way_over_the_emulator_s_page(tmp_path, client_secret, decision):
    """With Basic authorization and as a pure PKCE app; what the page's links do is done by plain HTTP."""
    printed: list[str] = []

    def click(_: str) -> str:
        (address,) = re.findall(r"http\S+/authorize\S+", "\n".join(printed))
        link = address.replace("/authorize?", f"/authorize/{decision}?") + "&user=ann"
        return str(requests.get(link, allow_redirects=False, timeout=5).headers["Location"])

    with Emulator(simulate(seed=1, days=3, user_id="ann"), clock=Clock(NOW)) as emulator:
        options: dict[str, Any] = {"accounts_url": emulator.accounts_url, "api_url": emulator.spotify_api_url}
        options |= {
            "client_id": emulator.client_id,
            "client_secret": client_secret,
            "token_file": tmp_path / TOKEN_FILE,
        }
        options |= {"redirect_uri": "http://127.0.0.1:8888/callback", "clock": lambda: NOW}
        options |= {"user_id": "ann", "no_browser": True, "ask": click, "say": printed.append}
        if decision == "deny":
            with pytest.raises(NeedsUserError, match="agree"):
                run_login(**options)
            assert store_in(tmp_path).users() == []
        else:
            run_login(**options)
            assert printed[-1].startswith("ann is signed in as ")
            assert set(store_in(tmp_path).get("ann").scope.split()) == set(SCOPES)


def test_a_cycle_at_a_terminal_begins_the_sign_in_where_nobody_has_signed_in(tmp_path: Path) -> None:
    """A pseudo-terminal stands for the person; nothing is pasted, and Ctrl-D ends it."""
    environment = {
        **os.environ,
        "CLIENT_ID": "an-app",
        "LAKE_URI": str(tmp_path / "lake"),
        "STATE_DIR": str(tmp_path),
        "BROWSER": "",
        "PATH": "/nowhere",
        "REDIRECT_URI": "http://127.0.0.1:8899/callback",
    }
    terminal, person = pty.openpty()
    program = Path(__file__).parents[2] / "run_ingestion.py"
    process = subprocess.Popen(
        [sys.executable, program], stdin=person, stdout=person, stderr=person, env=environment, cwd=tmp_path
    )
    os.close(person)
    shown = ""
    while "Paste it here" not in shown:
        shown += os.read(terminal, 4096).decode()
    os.write(terminal, b"\x04")
    process.wait(timeout=30)
    assert "Nobody has signed in at Spotify yet." in shown and "/authorize?client_id=an-app" in shown
    assert process.returncode == 2
    os.close(terminal)
