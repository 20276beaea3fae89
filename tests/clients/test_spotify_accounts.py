"""Sign-in and refresh: what is kept, what is replaced, and when the listener has to come back."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from clients.errors import QuotaError, SignInError, SourceError
from clients.spotify_accounts import (
    SCOPES,
    Accounts,
    access_token_source,
    age_warning,
    days_left,
    handshake,
)
from clients.tokens import Token, TokenStore
from config.errors import InputError, NeedsUserError

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CALLBACK = "http://127.0.0.1:8888/callback"
TOKEN = Token("ann", "old-access", "old-refresh", "user-top-read", NOW + timedelta(hours=1), NOW, "a1")
FRESH = {"access_token": "new-access", "token_type": "Bearer", "expires_in": 3600}
EXPIRED = {"error": "invalid_grant", "error_description": "Refresh token expired"}


def accounts_of(
    stub, client_secret: str = "client-secret", kind: type[Accounts] = Accounts, **changes: Any
) -> Accounts:
    options = {"first_wait_s": 0.001, "longest_wait_s": 1, "clock": lambda: NOW} | changes
    return kind(f"{stub.url}/accounts", "client-id", client_secret, CALLBACK, **options)


@pytest.fixture
def store(tmp_path: Path) -> TokenStore:
    return TokenStore(tmp_path / ".spotify_tokens.json")


def test_the_challenge_is_the_hash_of_the_verifier_and_each_verifier_is_new():
    (verifier, challenge), (other, _) = handshake(), handshake()
    digest = hashlib.sha256(verifier.encode()).digest()
    assert base64.urlsafe_b64decode(challenge + "=") == digest
    assert "=" not in challenge
    assert 44 <= len(verifier) <= 128 and verifier != other


def test_the_address_to_agree_at_carries_what_spotify_asks_for_and_no_secret(stub):
    address = accounts_of(stub).authorize_url("the state", "the-challenge")
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{stub.url}/accounts/authorize"
    assert {name: values[0] for name, values in parse_qs(parts.query).items()} == {
        "client_id": "client-id",
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": " ".join(SCOPES),
        "state": "the state",
        "code_challenge_method": "S256",
        "code_challenge": "the-challenge",
    }
    assert "client-secret" not in address


def test_with_a_secret_the_app_names_itself_by_basic_authorization(stub):
    stub.will(FRESH | {"refresh_token": "r", "scope": "s"})
    assert accounts_of(stub).exchange("the-code", "the-verifier")["access_token"] == "new-access"
    (asked,) = stub.asked
    assert (asked.method, asked.path, asked.query) == ("POST", "/accounts/api/token", {})
    assert asked.headers["Authorization"] == "Basic " + base64.b64encode(b"client-id:client-secret").decode()
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert asked.form == {
        "grant_type": "authorization_code",
        "code": "the-code",
        "redirect_uri": CALLBACK,
        "code_verifier": "the-verifier",
    }


def test_without_a_secret_the_client_id_goes_in_the_form(stub):
    stub.will(FRESH | {"refresh_token": "r", "scope": "s"})
    accounts = accounts_of(stub, client_secret="")
    accounts.exchange("the-code", "the-verifier")
    accounts.refresh(TOKEN)
    assert all("Authorization" not in asked.headers for asked in stub.asked)
    assert [asked.form["client_id"] for asked in stub.asked] == ["client-id", "client-id"]
    assert stub.asked[1].form == {
        "grant_type": "refresh_token", "refresh_token": "old-refresh", "client_id": "client-id"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {}),
        ({"refresh_token": None, "scope": None}, {}),
        ({"refresh_token": "", "scope": ""}, {}),
        ({"refresh_token": "new-refresh"}, {"refresh_token": "new-refresh"}),
        ({"scope": "user-library-read"}, {"scope": "user-library-read"}),
    ],
    ids=["absent", "null", "empty", "rotated", "other scope"],
)
def test_a_refresh_keeps_what_the_reply_does_not_bring(stub, more, expected):
    stub.will(FRESH | more)
    fresh = accounts_of(stub).refresh(replace(TOKEN, expires_at=NOW))
    assert fresh == replace(TOKEN, access_token="new-access", expires_at=NOW + timedelta(seconds=3600), **expected)


@pytest.mark.parametrize(
    "failure",
    [
        {"status": 503, "body": "<html>Service Unavailable</html>"},
        {"status": 500},
        {"body": "<html></html>"},
        {"body": {}},
        {"body": {"access_token": "x"}},
        {"body": FRESH | {"access_token": None}},
        {"body": FRESH | {"expires_in": "soon"}},
        {"body": FRESH | {"refresh_token": 7}},
        {"flaw": "dropped"},
        {"status": 429, "headers": {"Retry-After": "0"}},
    ],
    ids=str,
)
def test_a_token_endpoint_that_fails_is_asked_again_and_costs_no_token(stub, store, failure):
    stub.will(**failure)
    expiring = replace(TOKEN, expires_at=NOW)
    store.put(expiring)
    with pytest.raises((SourceError, QuotaError)) as error:
        access_token_source(accounts_of(stub), store, "ann")()
    assert error.value.exit_code in (1, 4)
    assert store.get("ann") == expiring
    assert len(stub.asked) == 6


def test_a_token_endpoint_that_comes_back_gives_the_token(stub, store):
    stub.will(status=503).will(FRESH)
    store.put(replace(TOKEN, expires_at=NOW))
    assert access_token_source(accounts_of(stub), store, "ann")() == "new-access"


@pytest.mark.parametrize("description", ["Refresh token expired", "Refresh token revoked"])
def test_a_sign_in_that_has_ended_is_marked_kept_and_not_tried_again(stub, store, description):
    stub.will({"error": "invalid_grant", "error_description": description}, status=400)
    expiring = replace(TOKEN, expires_at=NOW)
    store.put(expiring)
    source = access_token_source(accounts_of(stub), store, "ann")
    for _ in range(2):
        with pytest.raises(SignInError, match=r"asks ann to sign in again: run `lakesong login --user ann`") as error:
            source()
    assert error.value.exit_code == 3
    assert store.get("ann") == replace(expiring, needs_sign_in=True)
    assert len(stub.asked) == 1


def test_a_sign_in_that_came_in_while_the_old_one_was_refused_is_not_marked(stub, store):
    stub.will(EXPIRED, status=400)
    store.put(replace(TOKEN, expires_at=NOW))
    signed_in_again = replace(TOKEN, refresh_token="of-the-new-sign-in")

    class Slow(Accounts):
        def refresh(self, token: Token) -> Token:
            store.put(signed_in_again)
            return super().refresh(token)

    with pytest.raises(SignInError):
        access_token_source(accounts_of(stub, kind=Slow), store, "ann")()
    assert store.get("ann") == signed_in_again


def test_a_listener_who_never_signed_in_is_asked_to(stub, store):
    with pytest.raises(SignInError):
        access_token_source(accounts_of(stub), store, "ann")()
    assert stub.asked == []


@pytest.mark.parametrize("status", [400, 401])
def test_an_app_that_spotify_does_not_know_names_the_setting(stub, status):
    stub.will({"error": "invalid_client", "error_description": "Invalid client secret"}, status=status)
    accounts = accounts_of(stub)
    for use in (lambda: accounts.refresh(TOKEN), lambda: accounts.exchange("c", "v")):
        with pytest.raises(NeedsUserError, match="CLIENT_ID"):
            use()


@pytest.mark.parametrize("description", ["Invalid authorization code", "Invalid redirect URI"])
def test_a_code_that_is_refused_says_to_sign_in_again(stub, description):
    stub.will({"error": "invalid_grant", "error_description": description}, status=400)
    with pytest.raises(NeedsUserError, match=r"run|Run `lakesong login` again") as error:
        accounts_of(stub).exchange("the-code", "the-verifier")
    assert CALLBACK in str(error.value)
    assert "the-code" not in str(error.value) + repr(error.value)


def test_a_sign_in_without_a_refresh_token_is_an_error(stub):
    stub.will(FRESH)
    with pytest.raises(SourceError, match="no refresh token"):
        accounts_of(stub).exchange("c", "v")


def test_a_token_with_more_than_a_minute_left_is_used_as_it_is(stub, store):
    store.put(replace(TOKEN, expires_at=NOW + timedelta(seconds=60)))
    assert access_token_source(accounts_of(stub), store, "ann")() == "old-access"
    assert stub.asked == []


def test_a_token_with_less_than_a_minute_left_is_refreshed_and_stored(stub, store):
    stub.will(FRESH | {"refresh_token": "new-refresh"})
    store.put(replace(TOKEN, expires_at=NOW + timedelta(seconds=59)))
    source = access_token_source(accounts_of(stub), store, "ann")
    assert source() == source() == "new-access"
    stored = store.get("ann")
    assert (stored.access_token, stored.refresh_token) == ("new-access", "new-refresh")
    assert len(stub.asked) == 1


def test_a_token_that_the_api_refused_is_refreshed_before_its_time(stub, store):
    stub.will(FRESH)
    store.put(TOKEN)
    source = access_token_source(accounts_of(stub), store, "ann")
    assert (source(), source.refresh()) == ("old-access", "new-access")


def test_a_token_that_another_process_refreshed_meanwhile_is_taken_over(stub, store):
    store.put(TOKEN)
    source = access_token_source(accounts_of(stub), store, "ann")
    source()
    store.put(replace(TOKEN, access_token="of-another-process"))
    assert source.refresh() == "of-another-process"
    assert stub.asked == []


def test_the_refresh_of_one_listener_leaves_the_others(stub, store):
    stub.will(FRESH)
    bob = replace(TOKEN, user_id="bob")
    store.put(bob)
    store.put(replace(TOKEN, expires_at=NOW))
    access_token_source(accounts_of(stub), store, "ann")()
    assert store.get("bob") == bob


@pytest.mark.parametrize(
    ("age", "days", "begins"),
    [
        (timedelta(0), 183, None),
        (timedelta(days=168), 15, None),
        (timedelta(days=168, seconds=1), 14, "The sign-in of ann at Spotify ends in 14 days"),
        (timedelta(days=179), 4, "The sign-in of ann at Spotify ends in 4 days"),
        (timedelta(days=180), 3, "Urgent: the sign-in of ann at Spotify ends in 3 days"),
        (timedelta(days=182), 1, "Urgent: the sign-in of ann at Spotify ends in 1 day"),
        (timedelta(days=182, hours=1), 0, "Urgent: the sign-in of ann at Spotify ends today"),
        (timedelta(days=183), 0, "Urgent: the sign-in of ann at Spotify has ended"),
        (timedelta(days=400), 0, "Urgent: the sign-in of ann at Spotify has ended"),
    ],
)
def test_a_sign_in_near_its_end_warns_with_the_date_and_what_to_do(age, days, begins):
    token = replace(TOKEN, authorized_at=NOW - age)
    assert days_left(token, NOW) == days
    end = (NOW - age + timedelta(days=183)).date().isoformat()
    assert age_warning(token, NOW) == (begins and f"{begins} ({end}): run `lakesong login --user ann`.")


def test_without_a_client_id_the_next_step_is_to_make_an_app():
    with pytest.raises(InputError, match=r"developer\.spotify\.com/dashboard.*http://127\.0\.0\.1:8888/callback"):
        Accounts("http://127.0.0.1:1", "", "", CALLBACK)


@pytest.mark.parametrize(
    "address",
    ["http://localhost:8888/callback", "https://localhost/callback", "http://example.org/callback",
     "http://192.168.1.7:8888/callback", "127.0.0.1:8888", "", "https://"],
)  # fmt: skip
def test_a_redirect_address_that_spotify_refuses_is_told_at_once(address):
    with pytest.raises(InputError, match=r"127\.0\.0\.1"):
        Accounts("http://127.0.0.1:1", "client-id", "", address)


@pytest.mark.parametrize("address", ["http://127.0.0.1:8888/callback", "http://[::1]:8888/cb", "https://me.example/cb"])
def test_a_redirect_address_that_spotify_takes_is_taken(address):
    assert Accounts("http://127.0.0.1:1", "client-id", "", address).redirect_uri == address
