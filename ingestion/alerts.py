"""Alerts: what a person should know of while nobody looks, each told once until it is settled."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import stamina
import structlog
from filelock import FileLock

from config.settings import Settings
from config.state_file import read_state, write_state

log = structlog.get_logger()

Kind = Literal["sign_in_again", "gap_found", "failed_runs", "disk_nearly_full", "wrapped_ready"]

TIMEOUT_S = 10.0
ATTEMPTS = 3


class Alerts:
    """Sends to ALERT_WEBHOOK_URL and NTFY_URL, where they are set.

    Each kind and subject (a listener, a job) goes out once on each of the two, until `resolve` is called. What was
    sent is kept in `<STATE_DIR>/.alerts.json`. An alert that cannot be sent is logged and tried again the next time
    that it is due: it never stops what it tells of.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        first_wait_s: float = 1.0,
    ) -> None:
        self._channels: dict[str, str] = {
            name: url for name, url in (("webhook", settings.alert_webhook_url), ("ntfy", settings.ntfy_url)) if url
        }
        self._state = settings.state_dir / ".alerts.json"
        self._clock = clock
        self._first_wait_s = first_wait_s
        self._unkept: dict[str, list[str]] = {}  # told, but the disk was too full to note it

    def send(self, kind: Kind, title: str, message: str, *, subject: str = "") -> None:
        """Tell of something, unless it was told already and is not settled since."""
        if not self._channels:
            return
        key = f"{kind} {subject}".strip()
        try:
            with self._one_at_a_time():
                self._send_where_not_told(key, kind, title, message)
        except OSError as error:
            log.error("What was told cannot be kept.", file=str(self._state), error=str(error))

    def resolve(self, kind: Kind, subject: str = "") -> None:
        """Note that it is settled: should it come again, it is told again."""
        key = f"{kind} {subject}".strip()
        self._unkept.pop(key, None)
        try:
            if key in read_state(self._state):
                with self._one_at_a_time():
                    sent = read_state(self._state)
                    write_state(self._state, {other: told for other, told in sent.items() if other != key})
        except OSError as error:
            log.error("What was settled cannot be kept.", file=str(self._state), error=str(error))

    def _send_where_not_told(self, key: str, kind: Kind, title: str, message: str) -> None:
        sent = read_state(self._state)
        told: list[str] = [*sent.get(key, []), *self._unkept.get(key, [])]
        now = [name for name in self._channels if name not in told and self._deliver(name, kind, title, message)]
        if now:
            self._unkept[key] = [*told, *now]
            write_state(self._state, {**sent, key: self._unkept[key]})
            del self._unkept[key]

    def _one_at_a_time(self) -> FileLock:
        self._state.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(self._state.with_name(".alerts.lock"))

    def _deliver(self, channel: str, kind: Kind, title: str, message: str) -> bool:
        post = self._to_webhook if channel == "webhook" else self._to_ntfy
        wait = self._first_wait_s
        try:
            for attempt in stamina.retry_context(
                on=_may_pass, attempts=ATTEMPTS, wait_initial=wait, wait_jitter=wait, wait_max=5.0, timeout=45.0
            ):
                with attempt:
                    post(kind, title, message)
        except _NotSentError as error:
            log.warning("An alert was not sent.", kind=kind, channel=channel, why=str(error))
            return False
        return True

    def _to_webhook(self, kind: Kind, title: str, message: str) -> None:
        at = self._clock().isoformat(timespec="seconds")
        body = {"kind": kind, "title": title, "message": message, "at": at}
        _post(self._channels["webhook"], json=body)

    def _to_ntfy(self, _kind: Kind, title: str, message: str) -> None:
        """Publish a message: https://docs.ntfy.sh/publish/ (title in a header, UTF-8)."""
        _post(self._channels["ntfy"], data=message.encode(), headers={"Title": " ".join(title.split()).encode()})


def check_disk(settings: Settings, alerts: Alerts) -> None:
    """Alert when the disk of the lake or of the state folder has less than DISK_WARN_MB left."""
    folders = [settings.state_dir] + ([] if "://" in settings.lake_uri else [Path(settings.lake_uri).expanduser()])
    for folder in folders:
        there = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
        free_mb = shutil.disk_usage(there).free // 1_000_000
        if free_mb < settings.disk_warn_mb:
            message = f"{free_mb} MB are free on the disk of {folder}. Make room, or run `lakesong maintain`."
            alerts.send("disk_nearly_full", "Lakesong: the disk is nearly full", message)
            return
    alerts.resolve("disk_nearly_full")


class _NotSentError(Exception):
    """Why an attempt failed, without the address: whoever knows that can send."""

    def __init__(self, why: str, *, may_pass: bool) -> None:
        super().__init__(why)
        self.may_pass = may_pass


def _post(url: str, **content: Any) -> None:
    """Post; raises _NotSentError in place of requests' errors, whose text holds the address."""
    import requests  # urllib3 opens a socket when it is imported, and importing this module starts nothing

    try:
        response = requests.post(url, timeout=TIMEOUT_S, **content)
    except requests.RequestException as error:
        may_pass = isinstance(error, requests.ConnectionError | requests.Timeout)
        raise _NotSentError(type(error).__name__, may_pass=may_pass) from None
    if not response.ok:
        may_pass = response.status_code == 429 or response.status_code >= 500
        raise _NotSentError(f"HTTP {response.status_code}", may_pass=may_pass)


def _may_pass(error: Exception) -> bool:
    return isinstance(error, _NotSentError) and error.may_pass
