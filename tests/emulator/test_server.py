"""The server itself: its clock, its log, its control endpoints, recorded replies, and the command that runs it."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from emulator.clock import Clock
from emulator.server import Emulator

PROJECT = Path(__file__).parents[2]
NOW = datetime(2026, 10, 20, 20, tzinfo=UTC)


def test_a_clock_with_a_time_stands_still_until_it_is_moved():
    clock = Clock(NOW)
    assert clock.now() == clock.now() == NOW
    clock.advance(timedelta(hours=2))
    assert clock.now() == NOW + timedelta(hours=2)
    clock.set(datetime.fromisoformat("2026-10-01T02:00:00+02:00"))
    assert clock.now() == datetime(2026, 10, 1, tzinfo=UTC) and clock.now().tzinfo is UTC


def test_a_clock_without_a_time_follows_the_real_one_plus_what_it_was_moved():
    clock, before = Clock(), datetime.now(UTC)
    clock.advance(timedelta(days=3))
    assert before + timedelta(days=3) <= clock.now() <= datetime.now(UTC) + timedelta(days=3)


def test_a_fast_clock_runs_ahead_of_the_real_one():
    real, clock = datetime.now(UTC), Clock(NOW, speed=1_000_000.0)
    while datetime.now(UTC) - real < timedelta(milliseconds=2):
        pass
    assert clock.now() - NOW > timedelta(minutes=20)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        Clock(datetime(2026, 10, 20))


def test_requests_are_logged_with_the_clock_s_time_and_counted_by_prefix(emulator, get):
    get("me/")
    get("me/player/recently-played", limit=3)
    emulator.clock.advance(timedelta(hours=1))
    get("tracks/nobody")
    assert [(one.method, one.path, one.status) for one in emulator.requests] == [
        ("GET", "/v1/me", 200),
        ("GET", "/v1/me/player/recently-played?limit=3", 200),
        ("GET", "/v1/tracks/nobody", 404),
    ]
    assert [one.at for one in emulator.requests] == [NOW, NOW, NOW + timedelta(hours=1)]
    assert [emulator.request_count(prefix) for prefix in ("", "/v1/me", "/deezer")] == [3, 2, 0]


def test_it_listens_on_this_machine_alone_and_frees_its_port(listening):
    with Emulator(listening) as emulator:
        port = int(emulator.url.rpartition(":")[2])
        assert emulator.url.startswith("http://127.0.0.1:")
        with pytest.raises(OSError, match="in use"), Emulator(listening, port=port):
            pass
    with pytest.raises(requests.ConnectionError):
        requests.get(emulator.url, timeout=5)
    with Emulator(listening, port=port) as again:
        assert again.url == emulator.url


def test_two_simulations_of_one_listener_are_refused(listening):
    with pytest.raises(ValueError, match="same user_id"):
        Emulator([listening, listening])


def test_another_process_can_move_the_clock_and_set_faults(emulator, get):
    url = f"{emulator.url}/emulator"
    moved = requests.post(f"{url}/clock", json={"advance_seconds": 3600}, timeout=10)
    assert moved.json() == {"clock": "2026-10-20T21:00:00+00:00"}
    requests.post(f"{url}/clock", json={"set": "2026-10-05T00:00:00+02:00"}, timeout=10)
    assert emulator.clock.now() == datetime(2026, 10, 4, 22, tzinfo=UTC)
    assert requests.put(f"{url}/faults", json={"ads": 0.5}, timeout=10).json()["ads"] == emulator.faults.ads == 0.5
    get("me")
    state = requests.get(f"{url}/state", timeout=10).json()
    assert state["clock"] == "2026-10-04T22:00:00+00:00" and state["listeners"] == ["demo"]
    assert state["requests"] == {"GET /v1/me 200": 1} and state["faults"]["ads"] == 0.5


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "faults", {"no_such": 1}),
        ("PUT", "faults", {"ads": 7}),
        ("POST", "clock", {"set": "2026-10-05T00:00:00"}),
        ("POST", "clock", {"forward": 5}),
    ],
)
def test_what_control_does_not_understand_is_400_and_changes_nothing(emulator, method, path, body):
    answer = requests.request(method, f"{emulator.url}/emulator/{path}", json=body, timeout=10)
    assert answer.status_code == 400 and answer.json()["error"]["message"]
    assert emulator.clock.now() == NOW and emulator.faults.ads == 0.0


def test_recorded_replies_come_first_in_their_order_and_then_the_emulator_s_own(listening, tmp_path):
    name = "GET v1+me+player+recently-played"
    for number, body in ((10, {"last": True}), (9, {"first": True})):
        (tmp_path / f"{name}.{number}.json").write_text(json.dumps(body))
    head = "HTTP/2 429 Too Many Requests\r\nretry-after: 17\r\ncontent-length: 999\r\n\r\n"
    (tmp_path / "GET v1+me.1.http").write_bytes(head.encode() + b"Too many requests")
    with Emulator(listening, clock=Clock(NOW), replies=tmp_path) as emulator:
        url = emulator.spotify_api_url
        headers = {"Authorization": f"Bearer {emulator.grant('demo')['access_token']}"}
        played = [
            requests.get(f"{url}/me/player/recently-played?limit=1", headers=headers, timeout=10) for _ in range(3)
        ]
        refused = requests.get(f"{url}/me/", headers=headers, timeout=10)
        profile = requests.get(f"{url}/me/", headers=headers, timeout=10)
    assert [one.json() for one in played[:2]] == [{"first": True}, {"last": True}]
    assert len(played[2].json()["items"]) == 1
    assert (refused.status_code, refused.headers["Retry-After"], refused.text) == (429, "17", "Too many requests")
    assert profile.json()["id"] == "demo"


def test_a_file_that_names_no_request_is_refused(listening, tmp_path):
    (tmp_path / "me.json").write_text("{}")
    with pytest.raises(ValueError, match=r"me\.json is no recorded reply"):
        Emulator(listening, replies=tmp_path)


def test_the_command_says_how_to_use_it_and_stops_when_told(tmp_path):
    code = (
        "from terminal.emulator import run_emulator\n"
        "run_emulator(port=0, days=30, seed=1, plays_per_day=20, faults=['ads=0.5'], speed=1.0, replies=None)"
    )
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        said = []
        for line in running.stdout:
            said.append(line.strip())
            if line.startswith("Ctrl-C"):
                break
        settings = dict(line.split("=", 1) for line in said if "_URL=" in line or line.startswith("CLIENT_"))
        base = settings["SPOTIFY_API_URL"].removesuffix("/v1")
        state = requests.get(f"{base}/emulator/state", timeout=10).json()
        running.send_signal(signal.SIGTERM)
        rest = running.stdout.read()
        assert running.wait(timeout=20) == 0
    assert set(settings) == {
        "SPOTIFY_API_URL", "SPOTIFY_ACCOUNTS_URL", "RECCOBEATS_URL", "DEEZER_URL", "CLIENT_ID", "CLIENT_SECRET",
    }  # fmt: skip
    assert state["listeners"] == ["demo", "guest"] and state["faults"]["ads"] == 0.5
    assert "has stopped" in rest and list(tmp_path.iterdir()) == []
