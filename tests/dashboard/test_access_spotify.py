"""Connecting Spotify and signing in with it, against the emulator on a real socket."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from pydantic import SecretStr
from starlette.testclient import TestClient

from clients.tokens import TokenStore
from config.lock import run_lock
from config.settings import Settings, with_spotify_app
from dashboard import jobs
from dashboard.access.accounts import Accounts
from dashboard.access.passwords import hash_password
from dashboard.access.sessions import SIGNING_IN
from dashboard.app import make_app
from emulator.clock import Clock
from emulator.server import Emulator
from emulator.simulator import simulate
from ingestion.listeners import register_listener
from schemas.lake import Lake

NOW = datetime(2026, 10, 20, 20, tzinfo=UTC)
SAME_SITE = {"sec-fetch-site": "same-origin"}


@pytest.fixture(scope="module")
def spotify() -> Iterator[Emulator]:
    family = [simulate(seed=seed, days=30, plays_per_day=5, user_id=name) for seed, name in ((1, "anna"), (2, "ben"))]
    with Emulator(family, clock=Clock(NOW)) as running:
        yield running


@pytest.fixture
def emulated(settings: Settings, spotify: Emulator) -> Settings:
    """Settings that ask the emulator; no app is set up."""
    said = {name.lower(): value for name, value in spotify.settings().items() if not name.startswith("CLIENT")}
    return settings.model_copy(update=said)


@pytest.fixture
def client(emulated: Settings) -> Iterator[TestClient]:
    """The dashboard of an empty lake, which another run holds: connecting starts no fetch."""
    app = make_app(emulated)
    with run_lock(emulated.state_dir, "test"):
        yield TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=False)
    app.state.site.stores.close()


def set_up(client: TestClient, spotify: Emulator) -> None:
    form = {"client_id": spotify.client_id, "client_secret": spotify.client_secret}
    assert client.post("/connect/app", data=form, headers=SAME_SITE).status_code == 303


def agreed(client: TestClient, begin: str, account: str, answer: str = "allow") -> str:
    """Begin a sign-in, answer as an account at Spotify, and give the address that the browser is led to."""
    asked = client.get(begin)
    assert asked.status_code == 303
    address = asked.headers["location"].replace("/authorize?", f"/authorize/{answer}?") + f"&user={account}"
    return requests.get(address, allow_redirects=False, timeout=10).headers["location"]


def connect(client: TestClient, account: str) -> None:
    assert client.get(agreed(client, "/connect/spotify", account)).headers["location"] == "/connect"


def test_the_app_is_kept_in_a_file_of_this_user_alone_and_holds_for_every_command(
    client: TestClient, spotify: Emulator, emulated: Settings
) -> None:
    set_up(client, spotify)
    assert stat.S_IMODE(emulated.spotify_app_file.stat().st_mode) == 0o600
    read = with_spotify_app(emulated)
    assert (read.client_id, read.client_secret.get_secret_value()) == (spotify.client_id, spotify.client_secret)
    page = client.get("/connect").text
    assert spotify.client_id in page and spotify.client_secret not in page


def test_an_app_of_the_environment_wins_and_is_not_changed_here(emulated: Settings) -> None:
    outside = emulated.model_copy(update={"client_id": "of-the-environment", "client_secret": SecretStr("s")})
    app = make_app(outside)
    answer = TestClient(app, base_url="http://127.0.0.1").post(
        "/connect/app", data={"client_id": "another-one"}, headers=SAME_SITE
    )
    app.state.site.stores.close()
    assert answer.status_code == 400 and "environment" in answer.text
    emulated.state_dir.mkdir(exist_ok=True)
    emulated.spotify_app_file.write_text('{"client_id": "of-the-file", "client_secret": ""}')
    assert with_spotify_app(outside).client_id == "of-the-environment"


@pytest.mark.parametrize("client_id", ["", "short", "with blank inside", "<script>alert(1)</script>", "a" * 129])
def test_what_is_no_client_id_is_not_kept(client: TestClient, emulated: Settings, client_id: str) -> None:
    assert client.post("/connect/app", data={"client_id": client_id}, headers=SAME_SITE).status_code == 400
    assert not emulated.spotify_app_file.exists()


def test_the_page_names_the_redirect_uri_that_spotify_is_sent(client: TestClient, spotify: Emulator) -> None:
    assert "http://127.0.0.1:8000/callback" in client.get("/connect").text
    set_up(client, spotify)
    query = parse_qs(urlsplit(client.get("/connect/spotify").headers["location"]).query)
    assert query["redirect_uri"] == ["http://127.0.0.1:8000/callback"]
    assert query["code_challenge_method"] == ["S256"] and len(query["state"][0]) >= 32


def test_who_came_by_localhost_begins_at_the_address_that_spotify_leads_back_to(
    client: TestClient, spotify: Emulator
) -> None:
    set_up(client, spotify)
    answer = client.get("http://localhost:8000/connect/spotify")
    assert answer.headers["location"] == "http://127.0.0.1:8000/connect/spotify"


def test_a_listener_connects_and_their_consent_is_kept(
    client: TestClient, spotify: Emulator, emulated: Settings
) -> None:
    set_up(client, spotify)
    connect(client, "anna")
    token = TokenStore(emulated.token_file).get("me")
    assert token is not None and not token.needs_sign_in
    page = client.get("/connect").text
    assert "me is connected until" in page and token.access_token not in page


def test_who_tells_spotify_no_is_told_what_to_do(client: TestClient, spotify: Emulator, emulated: Settings) -> None:
    set_up(client, spotify)
    answer = client.get(agreed(client, "/connect/spotify", "anna", answer="deny"))
    assert answer.status_code == 409 and "Begin again, and agree." in answer.text
    assert TokenStore(emulated.token_file).users() == []


def test_a_return_counts_once_and_only_in_the_browser_that_began_it(
    client: TestClient, spotify: Emulator, emulated: Settings
) -> None:
    set_up(client, spotify)
    other = TestClient(client.app, base_url="http://127.0.0.1:8000", follow_redirects=False)
    address = agreed(client, "/connect/spotify", "anna")
    assert other.get(address).status_code == 400
    assert client.get(address.replace("state=", "state=x")).status_code == 400
    assert TokenStore(emulated.token_file).users() == []
    assert client.get(address).status_code == 303
    assert client.get(address).status_code == 400
    assert SIGNING_IN not in client.cookies


def test_another_site_cannot_begin_the_sign_in(client: TestClient, spotify: Emulator) -> None:
    set_up(client, spotify)
    assert client.get("/connect/spotify", headers={"sec-fetch-site": "cross-site"}).status_code == 403


def test_an_account_of_another_listener_is_not_connected_twice(
    client: TestClient, spotify: Emulator, emulated: Settings
) -> None:
    set_up(client, spotify)
    connect(client, "anna")
    answer = client.get(agreed(client, "/connect/spotify", "ben"))
    assert answer.status_code == 400 and "linked to another Spotify account" in answer.text


def test_a_real_listener_is_not_mixed_into_a_simulated_lake(emulated: Settings) -> None:
    register_listener(Lake(emulated.lake_uri), "demo", is_simulated=True)
    real = emulated.model_copy(
        update={"spotify_api_url": "https://api.spotify.com/v1", "client_id": "abcdefgh", "spotify_accounts_url": ""}
    )
    app = make_app(real)
    answer = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False).get("/connect/spotify")
    app.state.site.stores.close()
    assert answer.status_code == 400 and "is not mixed in" in answer.text


def test_the_first_fetch_begins_by_itself(emulated: Settings, spotify: Emulator) -> None:
    app = make_app(emulated)
    client = TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=False)
    set_up(client, spotify)
    try:
        connect(client, "anna")
        (job,) = jobs.jobs(emulated)
        assert (job.words, job.user_id) == (("ingest", "--user", "me"), "me")
        assert "hx-get" in client.get("/connect/progress").text
    finally:
        for one in jobs.jobs(emulated):
            jobs.stop(emulated, one.job_id)
        for _ in range(100):
            if jobs.running(emulated) is None:
                break
            time.sleep(0.1)
        app.state.site.stores.close()


def family(client: TestClient, settings: Settings, spotify: Emulator) -> None:
    """Anna and Ben live in the lake and Anna has connected her account."""
    set_up(client, spotify)
    for name in ("anna", "ben"):
        register_listener(Lake(settings.lake_uri), name, is_simulated=True)
        Accounts(settings.state_dir).set_password(name, hash_password(f"the password of {name}"))
    client.app.state.site.access.listeners_changed()
    form = {"user": "anna", "password": "the password of anna"}
    client.post("/sign-in", data=form, headers=SAME_SITE)
    connect(client, "anna")
    client.post("/sign-out", headers=SAME_SITE)


def test_a_listener_signs_in_with_the_account_that_they_connected(
    client: TestClient, emulated: Settings, spotify: Emulator
) -> None:
    family(client, emulated, spotify)
    kept = TokenStore(emulated.token_file).get("anna")
    assert "Sign in with Spotify" in client.get("/sign-in").text
    answer = client.get(agreed(client, "/sign-in/spotify?next=/connect", "anna"))
    assert answer.headers["location"] == "/connect"
    assert "For anna." in client.get("/connect").text
    assert TokenStore(emulated.token_file).get("anna") == kept


def test_an_account_that_nobody_connected_lets_nobody_in(
    client: TestClient, emulated: Settings, spotify: Emulator
) -> None:
    family(client, emulated, spotify)
    answer = client.get(agreed(client, "/sign-in/spotify", "ben"))
    assert answer.status_code == 403 and "Settings page" in answer.text
    assert client.get("/connect").headers["location"].startswith("/sign-in")


def test_who_has_no_access_any_more_gets_none_through_spotify(
    client: TestClient, emulated: Settings, spotify: Emulator
) -> None:
    family(client, emulated, spotify)
    Accounts(emulated.state_dir).close("anna")
    assert client.get(agreed(client, "/sign-in/spotify", "anna")).status_code == 403
    assert client.get("/connect").headers["location"].startswith("/sign-in")
