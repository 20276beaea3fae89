"""Sign-in: what is checked, what tokens are good for, and when each of them ends."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from emulator.server import Emulator
from emulator.simulator import Simulation

REDIRECT = "http://127.0.0.1:8888/callback"
VERIFIER = "a-verifier-that-is-long-enough-for-the-standard-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
ASKED = {
    "client_id": "emulated-client", "response_type": "code", "redirect_uri": REDIRECT, "state": "sta te&1",
    "scope": "user-read-recently-played user-top-read", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
}  # fmt: skip

Answer = tuple[int, dict[str, Any]]


def sign_in(emulator: Emulator, way: str = "allow", **changes: Any) -> requests.Response:
    asked = {name: value for name, value in {**ASKED, "user": "demo", **changes}.items() if value is not None}
    return requests.get(f"{emulator.accounts_url}/authorize/{way}", params=asked, allow_redirects=False, timeout=10)


def code_of(answer: requests.Response) -> str:
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def token(emulator: Emulator, auth: tuple[str, str] | None = None, **form: Any) -> Answer:
    answer = requests.post(f"{emulator.accounts_url}/api/token", data=form, auth=auth, timeout=10)
    return answer.status_code, answer.json()


@pytest.fixture
def exchange(emulator: Emulator) -> Callable[..., Answer]:
    """Exchange a fresh code with PKCE; named form fields are changed."""

    def answer(**changes: Any) -> Answer:
        form = {"grant_type": "authorization_code", "code": code_of(sign_in(emulator)), "redirect_uri": REDIRECT}
        return token(emulator, **{**form, "client_id": "emulated-client", "code_verifier": VERIFIER, **changes})

    return answer


def refreshed(emulator: Emulator, refresh_token: str) -> Answer:
    return token(emulator, grant_type="refresh_token", refresh_token=refresh_token, client_id="emulated-client")


def test_a_sign_in_with_pkce_ends_with_tokens_for_the_scopes_asked_for(emulator, exchange):
    back = urlsplit(sign_in(emulator).headers["Location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == REDIRECT
    assert parse_qs(back.query)["state"] == ["sta te&1"]
    status, reply = exchange()
    assert status == 200
    assert (reply["token_type"], reply["expires_in"], reply["scope"]) == ("Bearer", 3600, ASKED["scope"])
    me = requests.get(f"{emulator.spotify_api_url}/me", headers=bearer(reply), timeout=10)
    assert me.json()["id"] == "demo" and me.json()["account_id"] != "demo"


def bearer(reply: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {reply['access_token']}"}


def test_the_secret_takes_the_place_of_pkce(emulator):
    code = code_of(sign_in(emulator, code_challenge=None, code_challenge_method=None))
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
    status, reply = token(emulator, ("emulated-client", "emulated-secret"), **form)
    assert status == 200 and reply["refresh_token"]
    again = token(emulator, ("emulated-client", "emulated-secret"), **form)
    assert again == (400, {"error": "invalid_grant", "error_description": "Invalid authorization code"})


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        ({"code_verifier": "another"}, "invalid_grant", "code_verifier was incorrect"),
        ({"redirect_uri": REDIRECT + "/"}, "invalid_grant", "Invalid redirect URI"),
        ({"code": "never given"}, "invalid_grant", "Invalid authorization code"),
        ({"client_id": "another"}, "invalid_client", "Invalid client"),
        ({"client_secret": "wrong"}, "invalid_client", "Invalid client secret"),
        (
            {"grant_type": "password"},
            "unsupported_grant_type",
            "grant_type must be authorization_code or refresh_token",
        ),
    ],
)
def test_an_exchange_that_does_not_fit_is_refused(exchange, changes, error, description):
    assert exchange(**changes) == (400, {"error": error, "error_description": description})


def test_a_code_lasts_ten_minutes(emulator, exchange):
    code = code_of(sign_in(emulator))
    emulator.clock.advance(timedelta(minutes=10))
    assert exchange(code=code)[1]["error_description"] == "Invalid authorization code"


def test_the_page_offers_each_listener_and_a_way_out(emulator):
    page = requests.get(f"{emulator.accounts_url}/authorize", params=ASKED, timeout=10)
    assert page.status_code == 200
    assert "Sign in as demo" in page.text and "Cancel" in page.text
    back = parse_qs(urlsplit(sign_in(emulator, "deny").headers["Location"]).query)
    assert back == {"error": ["access_denied"], "state": ["sta te&1"]}


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "another"},
        {"response_type": "token"},
        {"code_challenge_method": "plain"},
        {"redirect_uri": "http://localhost:8888/callback"},
        {"redirect_uri": "http://192.0.2.7:8888/callback"},
        {"redirect_uri": "http://127.0.0.1.example.org/callback"},
        {"redirect_uri": None},
    ],
)
def test_what_cannot_be_trusted_is_shown_on_a_page_and_never_redirected(emulator, changes):
    answer = sign_in(emulator, **changes)
    assert answer.status_code == 400 and "Location" not in answer.headers
    assert "<h1>Error</h1>" in answer.text


def test_a_loopback_address_registered_without_port_takes_every_port_and_else_counts_to_the_letter(listening):
    registered = ["http://127.0.0.1/callback", "https://example.org/callback"]
    with Emulator(listening, redirect_uris=registered) as emulator:
        outcomes = {
            uri: sign_in(emulator, redirect_uri=uri).status_code
            for uri in (
                REDIRECT,
                "http://127.0.0.1:9/callback",
                "https://example.org/callback",
                "https://example.org:444/callback",
                "http://127.0.0.1:8888/Callback",
                "http://127.0.0.1:8888/callback/",
            )
        }
    assert list(outcomes.values()) == [302, 302, 302, 400, 400, 400]


def test_an_access_token_lasts_an_hour(emulator, headers):
    url = f"{emulator.spotify_api_url}/me"
    emulator.clock.advance(timedelta(seconds=3599))
    assert requests.get(url, headers=headers, timeout=10).status_code == 200
    emulator.clock.advance(timedelta(seconds=1))
    over = requests.get(url, headers=headers, timeout=10)
    assert over.status_code == 401
    assert over.json() == {"error": {"status": 401, "message": "The access token expired"}}


@pytest.mark.parametrize(
    ("sent", "message"),
    [({}, "No token provided"), ({"Authorization": "Bearer nobody's"}, "Invalid access token")],
)
def test_without_a_good_token_the_web_api_answers_401(emulator, sent, message):
    answer = requests.get(f"{emulator.spotify_api_url}/me", headers=sent, timeout=10)
    assert (answer.status_code, answer.json()) == (401, {"error": {"status": 401, "message": message}})


def test_a_scope_that_was_not_granted_is_refused(emulator, exchange):
    reply = exchange()[1]
    url = emulator.spotify_api_url
    assert requests.get(f"{url}/me/top/tracks", headers=bearer(reply), timeout=10).status_code == 200
    refused = requests.get(f"{url}/me/tracks", headers=bearer(reply), timeout=10)
    assert refused.json() == {"error": {"status": 403, "message": "Insufficient client scope"}}


def test_the_listener_may_grant_fewer_scopes_than_asked_for(emulator, exchange):
    emulator.faults.granted_scopes = ("user-top-read",)
    assert exchange()[1]["scope"] == "user-top-read"


def test_a_refresh_does_not_lengthen_the_authorization(emulator, exchange):
    refresh_token = exchange()[1]["refresh_token"]
    for _ in range(2):
        emulator.clock.advance(timedelta(days=91))
        status, reply = refreshed(emulator, refresh_token)
        assert status == 200 and "refresh_token" not in reply
        assert requests.get(f"{emulator.spotify_api_url}/me", headers=bearer(reply), timeout=10).status_code == 200
    emulator.clock.advance(timedelta(days=1))
    over = {"error": "invalid_grant", "error_description": "Refresh token expired"}
    assert refreshed(emulator, refresh_token) == (400, over)


def test_a_rotated_refresh_token_replaces_the_old_one_and_ends_with_it(emulator):
    emulator.faults.refresh_reply = "rotated"
    first = emulator.grant("demo")["refresh_token"]
    emulator.clock.advance(timedelta(days=100))
    second = refreshed(emulator, first)[1]["refresh_token"]
    assert second != first
    assert refreshed(emulator, first)[1]["error_description"] == "Invalid refresh token"
    emulator.clock.advance(timedelta(days=83))
    assert refreshed(emulator, second)[1]["error_description"] == "Refresh token expired"


@pytest.mark.parametrize(
    ("mode", "missing", "present"),
    [
        ("absent", {"refresh_token"}, {"scope"}),
        ("null", set(), {"scope", "refresh_token"}),
        ("no_scope", {"refresh_token", "scope"}, set()),
    ],
)
def test_a_refresh_answers_in_each_form_seen_in_the_wild(emulator, mode, missing, present):
    emulator.faults.refresh_reply = mode
    status, reply = refreshed(emulator, emulator.grant("demo")["refresh_token"])
    assert status == 200 and present <= set(reply) and not missing & set(reply)
    assert reply.get("refresh_token") is None


def test_a_revoked_access_ends_every_token(emulator, headers):
    refresh_token = emulator.grant("demo")["refresh_token"]
    emulator.revoke("demo")
    revoked = {"error": "invalid_grant", "error_description": "Refresh token revoked"}
    assert refreshed(emulator, refresh_token) == (400, revoked)
    assert requests.get(f"{emulator.spotify_api_url}/me", headers=headers, timeout=10).status_code == 401


def test_an_outage_of_the_token_endpoint_harms_no_token(emulator):
    refresh_token = emulator.grant("demo")["refresh_token"]
    emulator.faults.token_endpoint_down = True
    answer = requests.post(f"{emulator.accounts_url}/api/token", data={"grant_type": "refresh_token"}, timeout=10)
    assert answer.status_code == 503 and answer.text.startswith("<!DOCTYPE html>")
    emulator.faults.token_endpoint_down = False
    assert refreshed(emulator, refresh_token)[0] == 200


def test_two_listeners_have_tokens_of_their_own(listening: Simulation):
    with Emulator([listening, replace(listening, user_id="guest")]) as emulator:
        ids = [
            requests.get(f"{emulator.spotify_api_url}/me", headers=bearer(emulator.grant(name)), timeout=10).json()
            for name in ("demo", "guest")
        ]
        emulator.revoke("demo")
        assert refreshed(emulator, emulator.grant("guest")["refresh_token"])[0] == 200
    assert [one["id"] for one in ids] == ["demo", "guest"]
    assert ids[0]["account_id"] != ids[1]["account_id"]


def test_no_secret_is_in_the_log_of_requests(emulator, exchange):
    status, reply = exchange()
    assert status == 200
    logged = " ".join(one.path for one in emulator.requests)
    assert "/accounts/api/token" in logged
    assert not any(secret in logged for secret in (VERIFIER, reply["access_token"], reply["refresh_token"]))
