"""The log: one line an event, and no secret in it, whoever logged it and however it was put."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from config.errors import InputError
from config.logs import KEPT_FILES, configure_logs
from config.settings import Settings

SECRET = "0123456789abcdef0123456789abcdef"  # like Spotify's client secrets, and like our run ids
HOOK = "https://hooks.example.org/services/T0/B0/xyz"
ACCESS = "BQ" + "Ab3_-" * 30
REFRESH = "AQ" + "zY9-_" * 26
CODE = "AQDkS7x-8Qv3nB_0aLmP4rT6wEyU1iO2"


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("spotipy", "urllib3", "uvicorn")}
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


def settings_with(**given: Any) -> Settings:
    return Settings(_env_file=None, client_secret=SECRET, alert_webhook_url=HOOK, **given)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_an_event_is_one_json_object_with_its_time_level_and_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(settings_with(log_format="json"))
    structlog.get_logger("scheduler").info("A job was postponed.", job="collect", count=3)
    (line,) = lines(capsys)
    event = json.loads(line)
    assert event.pop("at").endswith("Z")
    expected = {"event": "A job was postponed.", "level": "info", "logger": "scheduler", "job": "collect", "count": 3}
    assert event == expected


@pytest.mark.parametrize(("is_terminal", "is_json"), [(True, False), (False, True)])
def test_without_a_choice_a_terminal_gets_text_and_everything_else_json(
    is_terminal: bool, is_json: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    configure_logs(settings_with())
    structlog.get_logger().info("hello")
    (line,) = lines(capsys)
    assert line.startswith("{") is is_json and "hello" in line


FORMS: list[tuple[str, dict[str, Any]]] = [
    (f"token {ACCESS} came", {}),
    (f"GET http://127.0.0.1:8888/callback?code={CODE}&state=s", {}),
    (f"POST https://h/token?client_id=c&client_secret={SECRET}", {}),
    (f"Authorization: Bearer {ACCESS}", {}),
    (f"authorization=Basic {'QWxhZGRpbjpvcGVu' * 2}", {}),
    (f'reply {{"access_token": "{ACCESS}", "refresh_token":"{REFRESH}"}}', {}),
    (f"reply {{'refresh_token': '{REFRESH}', 'expires_in': 3600}}", {}),
    ('escaped {\\"refresh_token\\": \\"shorttoken\\"}', {}),
    ("password=hunter2-hunter2 and more", {}),
    ("password: 'hunter2 hunter2'", {}),
    ("token=b'shorttoken'", {}),
    ("see https://ann:hunter2@example.org/x", {}),
    (f"cannot reach {HOOK}", {}),
    (f"the secret is {SECRET}", {}),
    ("hello", {"access_token": "shorttoken"}),
    ("hello", {"password": "hunter2"}),
    ("hello", {"code": CODE}),
    ("hello", {"url": f"https://h/?a=1&refresh_token={REFRESH}"}),
    ("hello", {"headers": {"Authorization": f"Bearer {ACCESS}", "Accept": "*/*"}}),
    ("hello", {"headers": [("Authorization", f"Bearer {ACCESS}")]}),
    ("hello", {"deep": [{"tokens": {"me": {"refresh-token": "shorttoken"}}}]}),
    ("hello", {"error": ValueError(f"refused {REFRESH}")}),
    ("hello", {"body": f"grant_type=refresh_token&refresh_token={REFRESH}".encode()}),
    ("hello", {"code_verifier": "shorttoken"}),
    ("hello", {"client_secret": SECRET, "cookie": "shorttoken"}),
]
SECRETS = (ACCESS, REFRESH, CODE, SECRET, HOOK, "hunter2", "shorttoken", "QWxhZGRpbjpvcGVu")


@pytest.mark.parametrize("log_format", ["json", "text"])
@pytest.mark.parametrize(("message", "fields"), FORMS)
def test_a_secret_does_not_get_through(
    message: str, fields: dict[str, Any], log_format: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(settings_with(log_format=log_format, log_file=str(tmp_path / "lakesong.log")))
    assert any(secret in message + repr(fields) for secret in SECRETS)
    structlog.get_logger().warning(message, **fields)
    logging.getLogger("spotipy.client").warning("%s %s", message, fields)
    try:
        raise RuntimeError(message, fields)
    except RuntimeError:
        structlog.get_logger().exception("It failed.")
        logging.getLogger("urllib3.connectionpool").exception("It failed.")
    printed, kept = capsys.readouterr().err, (tmp_path / "lakesong.log").read_text()
    for written in (printed, kept):
        assert len(written.splitlines()) == 4
        assert [secret for secret in SECRETS if secret in written] == []
        assert [secret for secret in SECRETS if repr(secret)[1:-1] in written] == []


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        ("Run 0f0e0d0c0b0a09080706050403020100 ended with status code: 429, exit code=3", {}),
        ("hello", {"status_code": 429, "exit_code": 3, "code": 4001, "token_count": 17, "is_token": True}),
        ("hello", {"batch_id": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}),
        ("hello", {"url": "https://api.spotify.com/v1/me/player?limit=50", "track_id": "3n3Ppam7vgaVa1iaRUc9Lp"}),
        ("Play the basic songs, then sign in: code flow.", {}),
        ("hello", {"nothing": None, "share": 0.5, "names": ["Ann", "Bob"]}),
    ],
)
def test_what_is_no_secret_stays_as_it_is(
    message: str, fields: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(settings_with(log_format="json"))
    structlog.get_logger().info(message, **fields)
    event = json.loads(lines(capsys)[0])
    assert event["event"] == message
    assert {name: event[name] for name in fields} == fields


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_line_breaks_and_tracebacks_do_not_make_several_lines(
    log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(settings_with(log_format=log_format))
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        structlog.get_logger().exception("It\nfailed.", note="a\nb")
    (line,) = lines(capsys)
    assert "ValueError" in line and "second" in line


def test_of_other_peoples_libraries_only_warnings_are_logged(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(settings_with(log_format="json"))
    for name in ("spotipy.client", "urllib3.connectionpool", "uvicorn.error"):
        logging.getLogger(name).info("noise")
        logging.getLogger(name).warning("matter of %s", "note")
    events = [json.loads(line) for line in lines(capsys)]
    assert [(event["logger"], event["event"]) for event in events] == [
        ("spotipy.client", "matter of note"),
        ("urllib3.connectionpool", "matter of note"),
        ("uvicorn.error", "matter of note"),
    ]


def test_the_log_file_is_made_with_its_folder_and_rotated_at_its_size(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "lakesong.log"
    configure_logs(settings_with(log_file=str(path), log_file_mb=1))
    log = structlog.get_logger()
    for number in range(3):
        log.info("long", filler="." * 700_000, number=number)
    files = sorted(path.parent.iterdir())
    assert len(files) == 3 <= 1 + KEPT_FILES
    assert [json.loads(line)["number"] for line in path.read_text().splitlines()] == [2]
    assert all(file.stat().st_size <= 1_000_000 for file in files)


def test_a_log_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="Set LOG_FILE to another path"):
        configure_logs(settings_with(log_file=str(tmp_path / "file" / "lakesong.log")))
