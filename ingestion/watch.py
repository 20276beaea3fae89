"""Watching the player of each listener, so that every play becomes a record with the time that was really heard."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any, Protocol

from filelock import FileLock, Timeout

from clients.errors import QuotaError, RefusedError, SourceError
from config.errors import NeedsUserError, PostponedError
from config.state_file import write_state
from mappers.currently_playing import player_fields, to_bronze
from mappers.record import RejectedError, Row
from models.observation import BACK_OFF_S, Sighting, Watching, next_wait_s, sighted

Say = Callable[[str], None]
Store = Callable[[list[Row]], None]

VERSION = 1
REFUSED_WAIT_S = 3600.0  # a refusal passes in hours, if at all
LONGEST_SLEEP_S = 300.0  # a machine that was asleep reads the clock again within this time


class Player(Protocol):
    """What is watched: `SpotifyClient`, or whatever answers as it does."""

    def currently_playing(self) -> Any:
        """What plays now, as GET me/player gives it; None when nothing does."""


@dataclass(frozen=True)
class WatchSession:
    """A listener to watch, and the file that holds what was heard and is not stored yet."""

    user_id: str
    client: Player
    state_file: Path


def watch(
    sessions: Sequence[WatchSession],
    *,
    store: Store,
    say: Say,
    stop: Event,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    wait: Callable[[float], bool] | None = None,
) -> None:
    """Watch every listener in turn, each when it is due, until `stop` is set; `wait` sleeps, and is true to stop.

    `store` takes rows of listening_history_bronze, and may be given a row twice. Where it raises PostponedError, the
    plays are kept and given to it again within five minutes. What was heard is in the state file after every look,
    whole or not at all, so that a kill loses nothing, and watching goes on in the middle of a play.

    A service that fails is asked again within five minutes; a used-up quota is waited for. Raises PostponedError where
    another process watches the listener, and NeedsUserError once every listener has to sign in.
    """
    with ExitStack() as stack:
        for session in sessions:
            _lock(stack, session)
        watchers = [_Watcher(session, say, clock) for session in sessions]
        while watchers and not stop.is_set():
            for one in watchers:
                one.store_pending(store)
            watcher = min(watchers, key=lambda one: one.due_at)
            pause_s = (watcher.due_at - clock()).total_seconds()
            if pause_s > 0:
                if (wait or stop.wait)(min(pause_s, LONGEST_SLEEP_S)):
                    break
                continue
            _look(watcher, watchers)


def _lock(stack: ExitStack, session: WatchSession) -> None:
    """Two processes that watch one listener would record every play twice."""
    session.state_file.parent.mkdir(parents=True, exist_ok=True)
    try:
        stack.enter_context(FileLock(session.state_file.with_suffix(".lock"), timeout=0))
    except Timeout as error:
        raise PostponedError(f"{session.user_id} is watched by another process.", "Stop that one first.") from error


def _look(watcher: _Watcher, watchers: Sequence[_Watcher]) -> None:
    try:
        watcher.look()
    except QuotaError as error:
        for one in watchers:  # the quota is the application's, so every listener waits
            one.hold(error)
    except NeedsUserError as error:
        if all(one is watcher or one.needs_user for one in watchers):
            raise
        watcher.fail(error)
    except SourceError as error:
        watcher.fail(error)
    except RejectedError as error:
        watcher.fail(SourceError(f"What the player shows cannot be read: {error}."))


class _Watcher:
    """One listener: the state of watching, the plays that are not stored yet, and when the next look is due."""

    def __init__(self, session: WatchSession, say: Say, clock: Callable[[], datetime]) -> None:
        self._session = session
        self._say_line = say
        self._clock = clock
        self._state = Watching()
        self._pending: list[dict[str, Any]] = []
        self._set_aside: list[dict[str, Any]] = []
        self._not_before: datetime | None = None
        self._failures = 0
        self._trouble: type[Exception] | None = None
        self._is_postponed = False
        self.needs_user = False
        self.due_at = clock()
        self._read()

    def look(self) -> None:
        """See what plays, and keep what was heard. Raises whatever the client raises, and RejectedError."""
        fields = player_fields(self._session.client.currently_playing())
        at = self._clock()
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        if self._failures:
            self._say("Spotify answers again.")
        self._failures, self._trouble, self._not_before, self.needs_user = 0, None, None, False
        self._state, ended = sighted(self._state, at, Sighting(**fields) if fields else None)
        self._pending += [play.to_json() for play in ended]
        self.due_at = at + timedelta(seconds=next_wait_s(self._state, at))
        self._write()

    def store_pending(self, store: Store) -> None:
        """Hand over the plays that have ended. A play that is no record is set aside in the state file."""
        if not self._pending:
            return
        rows, rejected = [], []
        for play in self._pending:
            try:
                rows.append(to_bronze(play, self._session.user_id))
            except RejectedError as error:
                rejected.append({"reason": str(error), "play": play})
        try:
            if rows:
                store(rows)
        except PostponedError as error:
            if not self._is_postponed:
                self._say(f"{error} Plays are kept until then.")
            self._is_postponed = True
            return
        self._is_postponed = False
        self._pending, self._set_aside = [], self._set_aside + rejected
        self._write()
        for row in rows:
            self._say(_told(row))
        for one in rejected:
            self._say(f"A play was set aside in {self._session.state_file}: {one['reason']}.")

    def fail(self, error: Exception) -> None:
        """Say what is wrong once, and try again later and later."""
        if type(error) is not self._trouble:
            self._say(str(error))
        self._trouble = type(error)
        self.needs_user = isinstance(error, NeedsUserError)
        wait_s = BACK_OFF_S[min(self._failures, len(BACK_OFF_S) - 1)]
        self._failures += 1
        self.due_at = self._clock() + timedelta(seconds=REFUSED_WAIT_S if isinstance(error, RefusedError) else wait_s)

    def hold(self, error: QuotaError) -> None:
        """Look no more before the quota is there again; a restart keeps to that."""
        until = self._clock() + timedelta(seconds=error.retry_after_s)
        self.due_at = self._not_before = max(self.due_at, until)
        self._say(f"{error.message} Watching goes on at {self.due_at:%Y-%m-%d %H:%M} UTC.")
        self._write()

    def _read(self) -> None:
        path = self._session.state_file
        if not path.exists():
            return
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["version"] != VERSION or content["user_id"] != self._session.user_id:
                raise ValueError("of another version or listener")
            self._state = Watching.from_json(content["watching"])
            self._pending, self._set_aside = list(content["pending"]), list(content["set_aside"])
            self._not_before = content["not_before"] and datetime.fromisoformat(content["not_before"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            kept = path.replace(path.with_suffix(".unreadable"))
            self._say(f"{path} cannot be read ({error}); it is kept as {kept.name}, and watching begins anew.")
            return
        self.due_at = max(self.due_at, self._not_before or self.due_at)

    def _write(self) -> None:
        content = {
            "version": VERSION,
            "user_id": self._session.user_id,
            "watching": self._state.to_json(),
            "pending": self._pending,
            "set_aside": self._set_aside,
            "not_before": self._not_before and self._not_before.isoformat(),
        }
        write_state(self._session.state_file, content)

    def _say(self, line: str) -> None:
        self._say_line(f"{self._session.user_id}: {line}")


def _told(row: Row) -> str:
    """A play in one line: what it was, and how much of it was heard."""
    names = (row["track_name"], row["artist_name"], row["episode_name"], row["show_name"])
    length = f" of {_minutes(row['duration_ms'])}" if row["duration_ms"] else ""
    return f"{', '.join(filter(None, names)) or row['track_id']}: heard {_minutes(row['ms_played'])}{length}"


def _minutes(milliseconds: int) -> str:
    return f"{milliseconds // 60_000}:{milliseconds // 1000 % 60:02d}"
