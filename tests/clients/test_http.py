"""What each outcome of an HTTP request becomes: a value, a repeat, or an error with a name."""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import stamina

from clients.errors import AbsentError, QuotaError, RefusedError, SourceError
from clients.http import ATTEMPTS, Http
from config.errors import InputError

GOOD = {"plays": 3}
UNREADABLE = {
    "empty": {},
    "broken JSON": {"body": '{"plays": 3, "no'},
    "HTML": {"body": "<html>Bad gateway</html>"},
    "null": {"body": "null"},
    "no UTF-8": {"body": b"\xff\xfe{"},
    "nested without end": {"body": "[" * 100_000},
    "accepted and empty": {"status": 202},
    "cut off": {"body": '{"plays": 3}', "flaw": "cut"},
    "connection dropped": {"flaw": "dropped"},
}
STATUSES = {status: {"status": status} for status in (500, 502, 503, 504)}
BODIES: list[Any] = [
    b"",
    "plain text",
    {"error": "word"},
    {"error": {"status": 1, "message": "m"}},
    [1],
    {"error": [1]},
]


def http_of(stub, **changes: Any) -> Http:
    return Http("Lakes", stub.url, **{"per_second": 0, "first_wait_s": 0.001, "longest_wait_s": 2} | changes)


@pytest.fixture
def waits() -> Iterator[list[float]]:
    """The waits before repeats, in seconds, as they are scheduled."""
    seen: list[float] = []
    stamina.instrumentation.set_on_retry_hooks([lambda details: seen.append(details.wait_for)])
    yield seen
    stamina.instrumentation.set_on_retry_hooks(None)


@pytest.mark.parametrize("flaw", UNREADABLE.values(), ids=UNREADABLE)
def test_an_answer_that_cannot_be_read_is_asked_for_again(stub, flaw):
    stub.will(**flaw).will(**flaw).will(GOOD)
    http = http_of(stub)
    assert http.get("/x") == GOOD
    assert http.request_count == len(stub.asked) == 3


@pytest.mark.parametrize("flaw", [*UNREADABLE.values(), *STATUSES.values()], ids=[*UNREADABLE, *STATUSES])
def test_what_does_not_pass_is_an_error_after_six_attempts_and_never_nothing(stub, flaw):
    stub.will(**flaw)
    with pytest.raises(SourceError):
        http_of(stub).get("/x")
    assert len(stub.asked) == ATTEMPTS == 6


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("body", BODIES, ids=str)
def test_a_failure_of_the_server_keeps_its_status_whatever_its_body(stub, status, body):
    stub.will(body, status=status)
    with pytest.raises(SourceError) as error:
        http_of(stub).get("/x")
    assert error.value.status == status


def test_the_error_names_service_path_and_status_and_not_the_query(stub):
    stub.will(status=502)
    with pytest.raises(SourceError) as error:
        http_of(stub).get("/v1/me", {"q": "private words"})
    assert str(error.value) == "Lakes failed (GET /v1/me: 502). Try again later."


def test_only_a_real_204_is_none(stub):
    stub.will(status=204)
    assert http_of(stub).get("/x") is None
    assert len(stub.asked) == 1


def test_a_stalled_answer_is_asked_for_again(stub):
    stub.will(GOOD, flaw="slow").will(GOOD)
    assert http_of(stub, timeout_s=0.2).get("/x") == GOOD
    assert len(stub.asked) == 2


def test_a_server_that_is_not_there_is_an_error_that_says_so(stub):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        stub.url = f"http://127.0.0.1:{free.getsockname()[1]}"
    http = http_of(stub)
    with pytest.raises(SourceError, match=r"^Lakes could not be reached \(/x: ConnectionError\)\."):
        http.get("/x", {"q": "private words"})
    assert http.request_count == ATTEMPTS


@pytest.mark.parametrize("quota_body", [{"error": {"status": 429, "reason": "QUOTA_EXCEEDED"}}, "Too many requests"])
def test_a_long_retry_after_ends_the_call_at_once(stub, quota_body):
    stub.will(quota_body, status=429, headers={"retry-after": "48925"})
    with pytest.raises(QuotaError) as error:
        http_of(stub).get("/x")
    assert error.value.retry_after_s == 48_925
    assert error.value.exit_code == 4
    assert str(error.value) == "Lakes takes no more requests for now. Try again in 14 hours."
    assert len(stub.asked) == 1


def test_a_used_up_quota_without_a_wait_ends_the_call_at_once(stub):
    stub.will({"error": {"status": 429, "message": "Too many requests", "reason": "QUOTA_EXCEEDED"}}, status=429)
    with pytest.raises(QuotaError) as error:
        http_of(stub).get("/x")
    assert error.value.retry_after_s == 3600
    assert len(stub.asked) == 1


def test_a_short_retry_after_is_waited_for(stub, waits):
    stub.will(status=429, headers={"Retry-After": "1"}).will(GOOD)
    assert http_of(stub).get("/x") == GOOD
    assert waits == [1.0]


def test_a_retry_after_as_long_as_is_waited_for_still_ends_in_the_quota_error(stub):
    stub.will(status=429, headers={"Retry-After": "0"})
    with pytest.raises(QuotaError) as error:
        http_of(stub).get("/x")
    assert error.value.retry_after_s == 0
    assert len(stub.asked) == ATTEMPTS


@pytest.mark.parametrize("junk", ["", "-5", "1.5", "soon", "1e3", "٣", "9" * 30, "Wed, 21 Oct 2026 07:28:00 GMT"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_retry_after_that_is_no_whole_number_of_seconds_says_nothing(stub, waits, junk, status):
    headers = {"Retry-After": junk.encode().decode("latin-1")}
    stub.will(status=status, headers=headers).will(status=status, headers=headers).will(GOOD)
    assert http_of(stub).get("/x") == GOOD
    assert 0.001 <= waits[0] <= 0.002 <= waits[1] <= 0.003


def test_without_a_retry_after_the_quota_error_takes_an_hour(stub):
    stub.will("Too many requests", status=429)
    with pytest.raises(QuotaError) as error:
        http_of(stub).get("/x")
    assert error.value.retry_after_s == 3600
    assert len(stub.asked) == ATTEMPTS


def test_a_long_retry_after_of_a_failing_server_does_not_stop_the_repeats(stub):
    stub.will(status=503, headers={"Retry-After": "9999"}).will(GOOD)
    assert http_of(stub).get("/x") == GOOD


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
@pytest.mark.parametrize("body", BODIES, ids=str)
def test_a_refusal_is_not_asked_again_and_keeps_its_status_whatever_its_body(stub, status, body):
    stub.will(body, status=status)
    with pytest.raises(SourceError) as error:
        http_of(stub).get("/x")
    assert error.value.status == status
    assert isinstance(error.value, {403: RefusedError, 404: AbsentError}.get(status, SourceError))
    assert len(stub.asked) == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"error": {"status": 403}}, "forbidden"),
        ({"error": {"status": 403, "message": "Forbidden"}}, "forbidden"),
        ({"error": {"status": 403, "message": "Insufficient client scope"}}, "scope"),
        ("Active premium subscription required for the owner of the app. When the subscription status changes, "
         "it can take a few hours before requests are allowed again.", "premium"),
        ("User not registered in the Developer Dashboard", "unregistered"),
        (b"", "forbidden"),
    ],
)  # fmt: skip
def test_a_403_says_which_refusal_it_is_and_what_to_do(stub, body, reason):
    stub.will(body, status=403)
    with pytest.raises(RefusedError) as error:
        http_of(stub).get("/x")
    assert error.value.reason == reason
    assert error.value.next_step and "\n" not in str(error.value)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(stub, status):
    stub.will(status=status, headers={"Location": "/elsewhere"})
    with pytest.raises(SourceError):
        http_of(stub).get("/x")
    assert stub.paths() == ["/x"]


def test_a_post_sends_its_form_again_when_it_is_repeated(stub):
    stub.will(status=503).will(GOOD)
    assert http_of(stub).post("/x", data={"a": "1"}) == GOOD
    assert [asked.form for asked in stub.asked] == [{"a": "1"}] * 2


def test_bytes_are_given_as_they_are_and_need_be_no_json(stub):
    stub.will(b"\x00ID3").will(status=404)
    http = http_of(stub)
    assert http.get_bytes(f"{stub.url}/a.mp3") == b"\x00ID3"
    with pytest.raises(AbsentError):
        http.get_bytes(f"{stub.url}/a.mp3")


@pytest.mark.parametrize("address", ["", "api.example.org", "ftp://example.org", "http://", "/v1"])
def test_an_address_that_is_none_is_refused_before_anything_is_sent(address):
    with pytest.raises(InputError, match="address of Lakes"):
        Http("Lakes", address, per_second=1)


@pytest.mark.parametrize("ending", ["closed", "forgotten"])
def test_the_rate_is_kept_and_its_thread_ends_with_the_client(stub, ending):
    stub.will(GOOD)
    others = set(threading.enumerate())
    http = http_of(stub, per_second=40, window_s=0.05)
    assert [http.get("/x") for _ in range(5)] == [GOOD] * 5
    (thread,) = [t for t in set(threading.enumerate()) - others if "Leaker" in t.name]
    if ending == "closed":
        http.close()
    else:
        del http
        gc.collect()
    thread.join(timeout=10)
    assert not thread.is_alive()
