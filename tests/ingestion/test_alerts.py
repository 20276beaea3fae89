"""Alerts on a real socket: what arrives, how often, and what happens where nobody answers."""

from __future__ import annotations

import errno
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import structlog

from config.settings import Settings
from ingestion.alerts import ATTEMPTS, Alerts, check_disk

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@dataclass
class Receiver:
    """Keeps what was posted to it; answers with the statuses given, then with 200."""

    url: str = ""
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    def to(self, path: str) -> list[bytes]:
        return [body for where, _, body in self.got if where == path]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.got.append((self.path, dict(self.headers), body))
            self.send_response(kept.statuses.pop(0) if kept.statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_port}"
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


def settings_for(tmp_path: Path, **given: Any) -> Settings:
    return Settings(_env_file=None, lake_uri=str(tmp_path / "lake"), state_dir=tmp_path / "state", **given)


def alerts_to(receiver: Receiver, tmp_path: Path, *, ntfy: bool = False) -> Alerts:
    given = {"alert_webhook_url": f"{receiver.url}/hook"} | ({"ntfy_url": f"{receiver.url}/topic"} if ntfy else {})
    return Alerts(settings_for(tmp_path, **given), clock=lambda: NOW, first_wait_s=0.001)


def test_the_webhook_gets_json(receiver: Receiver, tmp_path: Path) -> None:
    alerts_to(receiver, tmp_path).send("gap_found", "Plays are missing", "Since noon – „später“.")
    ((path, headers, body),) = receiver.got
    assert (path, headers["Content-Type"]) == ("/hook", "application/json")
    assert json.loads(body) == {
        "kind": "gap_found",
        "title": "Plays are missing",
        "message": "Since noon – „später“.",
        "at": "2026-11-21T12:00:00+00:00",
    }


def test_ntfy_gets_the_message_as_text_and_its_title_in_a_header(receiver: Receiver, tmp_path: Path) -> None:
    alerts = Alerts(settings_for(tmp_path, ntfy_url=f"{receiver.url}/topic/"))
    alerts.send("sign_in_again", "Sign in again:\nZoë", "Run `lakesong login`. – Zoë")
    ((path, headers, body),) = receiver.got
    assert (path, body.decode()) == ("/topic", "Run `lakesong login`. – Zoë")
    assert headers["Title"].encode("latin-1").decode() == "Sign in again: Zoë"


def test_the_same_is_told_once_until_it_is_settled(receiver: Receiver, tmp_path: Path) -> None:
    for _ in range(3):  # another process knows it too
        alerts_to(receiver, tmp_path).send("failed_runs", "t", "m", subject="cycle")
    assert len(receiver.got) == 1
    alerts_to(receiver, tmp_path).resolve("failed_runs", "cycle")
    alerts_to(receiver, tmp_path).send("failed_runs", "t", "m", subject="cycle")
    assert len(receiver.got) == 2


def test_another_subject_and_another_kind_are_other_alerts(receiver: Receiver, tmp_path: Path) -> None:
    alerts = alerts_to(receiver, tmp_path)
    alerts.send("sign_in_again", "t", "ann", subject="ann")
    alerts.send("sign_in_again", "t", "bob", subject="bob")
    alerts.send("gap_found", "t", "gap", subject="ann")
    alerts.resolve("sign_in_again", "ann")
    alerts.send("sign_in_again", "t", "bob", subject="bob")
    assert [json.loads(body)["message"] for body in receiver.to("/hook")] == ["ann", "bob", "gap"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_tried_again(status: int, receiver: Receiver, tmp_path: Path) -> None:
    receiver.statuses = [status] * (ATTEMPTS - 1)
    alerts = alerts_to(receiver, tmp_path)
    alerts.send("gap_found", "t", "m")
    assert len(receiver.got) == ATTEMPTS
    alerts.send("gap_found", "t", "m")
    assert len(receiver.got) == ATTEMPTS


def test_a_refusal_is_not_tried_again_at_once_but_the_next_time(receiver: Receiver, tmp_path: Path) -> None:
    receiver.statuses = [404]
    alerts = alerts_to(receiver, tmp_path)
    alerts.send("gap_found", "t", "m")
    assert len(receiver.got) == 1
    alerts.send("gap_found", "t", "m")
    alerts.send("gap_found", "t", "m")
    assert len(receiver.got) == 2


def test_one_way_that_fails_does_not_keep_the_other_from_being_used_nor_make_it_tell_twice(
    receiver: Receiver, tmp_path: Path
) -> None:
    alerts = alerts_to(receiver, tmp_path, ntfy=True)
    receiver.statuses = [404]  # the webhook's, which comes first
    alerts.send("gap_found", "t", "m")
    alerts.send("gap_found", "t", "m")
    assert (len(receiver.to("/hook")), len(receiver.to("/topic"))) == (2, 1)


def test_where_nobody_answers_nothing_is_raised_and_the_address_is_not_logged(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, alert_webhook_url="http://127.0.0.1:9/services/secret-path")
    with structlog.testing.capture_logs() as logged:
        Alerts(settings, first_wait_s=0.001).send("gap_found", "t", "m")
    assert (logged[-1]["log_level"], logged[-1]["channel"], logged[-1]["why"]) == (
        "warning",
        "webhook",
        "ConnectionError",
    )
    assert "secret-path" not in repr(logged)


def test_without_an_address_nothing_is_kept_so_that_it_is_told_once_there_is_one(
    receiver: Receiver, tmp_path: Path
) -> None:
    Alerts(settings_for(tmp_path)).send("gap_found", "t", "m")
    assert not (tmp_path / "state").exists()
    alerts_to(receiver, tmp_path).send("gap_found", "t", "m")
    assert len(receiver.got) == 1


def test_a_state_file_that_cannot_be_read_costs_a_repeated_alert_and_no_more(
    receiver: Receiver, tmp_path: Path
) -> None:
    alerts = alerts_to(receiver, tmp_path)
    alerts.send("gap_found", "t", "m")
    (tmp_path / "state" / ".alerts.json").write_text("{ half")
    alerts.send("gap_found", "t", "m")
    alerts.send("gap_found", "t", "m")
    assert len(receiver.got) == 2


def test_where_it_cannot_be_noted_that_it_was_told_it_is_still_told_once(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    alerts = alerts_to(receiver, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("ingestion.alerts.write_state", full)
        alerts.send("disk_nearly_full", "t", "m")
        alerts.send("disk_nearly_full", "t", "m")
    assert len(receiver.got) == 1
    alerts.resolve("disk_nearly_full")
    alerts.send("disk_nearly_full", "t", "m")
    assert len(receiver.got) == 2


def test_a_full_disk_is_told_once_and_again_after_there_was_room(receiver: Receiver, tmp_path: Path) -> None:
    full, roomy = 10**12, 0  # megabytes that should be free
    for wanted in (full, full, roomy, full):
        settings = settings_for(tmp_path, alert_webhook_url=f"{receiver.url}/hook", disk_warn_mb=wanted)
        check_disk(settings, Alerts(settings))
    kinds = [json.loads(body)["kind"] for body in receiver.to("/hook")]
    assert kinds == ["disk_nearly_full", "disk_nearly_full"]
