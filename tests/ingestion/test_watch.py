"""Watching listeners of the emulator: what they truly heard is what is recorded, whatever fails or is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pandas as pd
import pytest

from clients.errors import SignInError
from clients.spotify import SpotifyClient
from clients.spotify_accounts import SCOPES
from clients.tokens import Token, TokenStore
from config.errors import NeedsUserError, PostponedError
from emulator.clock import Clock
from emulator.server import Emulator
from emulator.simulator import Simulation, simulate
from ingestion.watch import WatchSession, watch
from mappers.record import Row

PROJECT = Path(__file__).parents[2]
START = datetime(2026, 10, 20, 18, 20, tzinfo=UTC)  # ann listens until 21:12, bo from 18:46 to 20:16
QUICK: dict[str, Any] = {"per_second": 0, "first_wait_s": 0.001}
ONE_LOOK = timedelta(seconds=31)  # how long the player may go without a look while it plays
LONGEST_QUIET = timedelta(seconds=300)


def simulation_of(user_id: str, seed: int) -> Simulation:
    end = datetime(2026, 10, 22, tzinfo=UTC).date()
    return simulate(seed=seed, days=6, end=end, plays_per_day=150, user_id=user_id)


@pytest.fixture(scope="module")
def simulations() -> list[Simulation]:
    return [simulation_of("ann", 3), simulation_of("bo", 4)]


@pytest.fixture
def emulator(simulations: list[Simulation]) -> Iterator[Emulator]:
    with Emulator(simulations, clock=Clock(START)) as running:
        yield running


class Kept:
    """A lake in miniature: rows by record_id; `is_busy` while another run holds it."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.is_busy = False

    def __call__(self, rows: list[Row]) -> None:
        if self.is_busy:
            raise PostponedError("This lake is in use by another run.", "Try again when it has ended.")
        known = {row["record_id"] for row in self.rows}
        self.rows += [row for row in rows if row["record_id"] not in known]

    def of(self, user_id: str = "ann") -> list[Row]:
        return [row for row in self.rows if row["user_id"] == user_id]


class Evening:
    """Watching by the emulator's clock, which `wait` moves on; `events` happen when their time has come."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator, self.folder = emulator, folder
        self.kept, self.said = Kept(), list[str]()
        self.events: list[tuple[datetime, Callable[[], object]]] = []
        self.stop = Event()

    def session(self, user_id: str = "ann", token: Callable[[], str] | None = None) -> WatchSession:
        granted: list[str] = []

        def sign_in() -> str:
            granted.append(str(self.emulator.grant(user_id)["access_token"]))
            return granted[-1]

        def latest() -> str:
            return granted[-1] if granted else sign_in()

        client = SpotifyClient(
            self.emulator.spotify_api_url, token or latest, refresh=token or sign_in, user_id=user_id, **QUICK
        )
        return WatchSession(user_id, client, self.folder / f"{user_id}.json")

    def watch(self, *sessions: WatchSession, hours: float) -> None:
        clock = self.emulator.clock
        end = clock.now() + timedelta(hours=hours)

        def wait(seconds: float) -> bool:
            clock.advance(timedelta(seconds=seconds))
            for event in [event for event in self.events if event[0] <= clock.now()]:
                self.events.remove(event)
                event[1]()
            return clock.now() >= end

        watch(
            sessions or [self.session()],
            store=self.kept, say=self.said.append, stop=self.stop, clock=clock.now, wait=wait,
        )  # fmt: skip

    def state(self, user_id: str = "ann") -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.folder / f"{user_id}.json").read_text())
        return content


@pytest.fixture
def evening(emulator: Emulator, tmp_path: Path) -> Evening:
    return Evening(emulator, tmp_path)


def truth(emulator: Emulator, user_id: str, start: datetime, stop: datetime) -> pd.DataFrame:
    """True plays that the player showed, and that ended some time before watching did."""
    plays = emulator.play_truth(user_id)
    plays = plays[~plays["incognito_mode"] & ~plays["offline"] & (plays["ms_played"] > 0)]
    begun = plays["ended_at"] - pd.to_timedelta(plays["ms_played"], unit="ms")
    return plays[(begun > start) & (plays["ended_at"] < stop - LONGEST_QUIET)].assign(started_at=begun)


def assert_true(rows: list[Row], plays: pd.DataFrame) -> int:
    """Every play of more than 31 s is recorded once and as it was; gives their number.

    Left out is what ended within five minutes after a silence, when no look need have come yet.
    """
    is_start = ~(plays["started_at"] - plays["ended_at"].shift() < pd.Timedelta(seconds=15))
    began_at = plays["started_at"].where(is_start).ffill()
    is_long = plays["ms_played"] > ONE_LOOK / timedelta(milliseconds=1)
    seen = plays[is_long & (plays["ended_at"] - began_at > LONGEST_QUIET)]
    found = pd.DataFrame(rows)[["track_id", "played_at", "ms_played"]]
    for play in seen.itertuples():
        near = found[(found["track_id"] == play.track_id) & ((found["played_at"] - play.ended_at).abs() <= ONE_LOOK)]
        assert len(near) == 1, (play.track_id, play.ended_at, play.ms_played)
        assert abs(near["ms_played"].iloc[0] - play.ms_played) <= ONE_LOOK / timedelta(milliseconds=1)
    return len(seen)


def test_an_evening_of_listening_is_recorded_as_it_was(evening: Evening) -> None:
    evening.watch(hours=3.5)
    plays = truth(evening.emulator, "ann", START, evening.emulator.clock.now())
    assert assert_true(evening.kept.of(), plays) > 35
    music = [row for row in evening.kept.of() if row["kind"] == "track"]
    real = {(play.track_id, play.ended_at.floor("min")) for play in plays.itertuples()}
    near = {(track, at + pd.Timedelta(minutes=shift)) for track, at in real for shift in (-1, 0, 1)}
    late = evening.emulator.clock.now() - LONGEST_QUIET
    invented = [
        row for row in music
        if row["played_at"] < late and (row["track_id"], pd.Timestamp(row["played_at"]).floor("min")) not in near
    ]  # fmt: skip
    assert invented == []


def test_two_listeners_are_watched_in_turn_and_each_has_their_own_plays(evening: Evening) -> None:
    evening.watch(evening.session("ann"), evening.session("bo"), hours=2.5)
    for user_id in ("ann", "bo"):
        plays = truth(evening.emulator, user_id, START, evening.emulator.clock.now())
        assert assert_true(evening.kept.of(user_id), plays) > 20


def test_a_restart_at_every_look_records_the_same_plays(emulator: Emulator, tmp_path: Path) -> None:
    whole, pieces = Evening(emulator, tmp_path / "whole"), Evening(emulator, tmp_path / "pieces")
    whole.watch(hours=1)
    end = emulator.clock.now()
    emulator.clock.set(START)
    session = pieces.session()
    while emulator.clock.now() < end:
        pieces.watch(session, hours=0)
    assert len(whole.kept.rows) > 10
    assert pieces.kept.rows == whole.kept.rows


def test_plays_wait_while_another_run_holds_the_lake_even_through_a_restart(evening: Evening) -> None:
    evening.kept.is_busy = True
    evening.watch(hours=0.7)
    waiting = evening.state()["pending"]
    assert (evening.kept.rows, len(waiting) > 5) == ([], True)
    assert sum("is in use" in line for line in evening.said) == 1
    evening.kept.is_busy = False
    evening.watch(hours=0)
    assert [row["ms_played"] for row in evening.kept.rows] == [play["ms_played"] for play in waiting]
    assert evening.state()["pending"] == []


def test_plays_are_stored_within_five_minutes_although_the_service_is_away_for_hours(evening: Evening) -> None:
    evening.kept.is_busy = True
    evening.watch(hours=0.7)
    evening.emulator.faults.rate_limit_long = 1.0
    free_at = evening.emulator.clock.now() + timedelta(hours=1)
    evening.events = [(free_at, lambda: setattr(evening.kept, "is_busy", False))]
    evening.watch(hours=1.1)
    assert len(evening.kept.rows) > 5


def test_a_service_that_fails_is_told_of_once_and_asked_again_within_five_minutes(evening: Evening) -> None:
    faults, clock = evening.emulator.faults, evening.emulator.clock
    asked: list[int] = []
    down_at, up_at = START + timedelta(hours=0.5), START + timedelta(hours=1.5)
    evening.events = [
        (down_at, lambda: (faults.update({"html_bodies": 1.0}), asked.append(len(evening.emulator.requests)))),
        (up_at, lambda: (faults.update({"html_bodies": 0.0}), asked.append(len(evening.emulator.requests)))),
    ]
    evening.watch(hours=2.8)
    told = [line for line in evening.said if "heard" not in line]
    assert len(told) == 2 and "Spotify" in told[0] and told[1] == "ann: Spotify answers again."
    # After 30, 60 and 120 s every 300 s of the hour, six attempts each.
    assert 6 * 12 <= asked[1] - asked[0] <= 6 * 15
    late = truth(evening.emulator, "ann", up_at + LONGEST_QUIET, clock.now())
    assert assert_true(evening.kept.of(), late) > 10


def test_a_used_up_quota_is_waited_for_even_through_a_restart(evening: Evening) -> None:
    evening.emulator.faults.rate_limit_long = 1.0
    evening.watch(evening.session("ann"), evening.session("bo"), hours=1)
    asked = len(evening.emulator.requests)
    until = datetime.fromisoformat(evening.state()["not_before"])
    assert until - evening.emulator.clock.now() > timedelta(hours=12)
    assert sum(f"Watching goes on at {until:%Y-%m-%d %H:%M} UTC." in line for line in evening.said) == 2
    evening.watch(hours=12)
    assert len(evening.emulator.requests) == asked
    evening.emulator.faults.rate_limit_long = 0.0
    evening.watch(hours=1)
    assert len(evening.emulator.requests) > asked
    assert evening.state()["not_before"] is None


def signed_out() -> str:
    raise SignInError("ann")


def test_watching_one_listener_ends_when_they_have_to_sign_in_again(evening: Evening) -> None:
    with pytest.raises(NeedsUserError) as error:
        evening.watch(evening.session(token=signed_out), hours=1)
    assert (error.value.exit_code, evening.said) == (3, [])


def test_of_several_listeners_the_others_are_watched_when_one_has_to_sign_in_again(evening: Evening) -> None:
    evening.watch(evening.session("ann", signed_out), evening.session("bo"), hours=1.5)
    assert [line for line in evening.said if "sign in" in line] == [f"ann: {SignInError('ann')}"]
    assert len(evening.kept.of("bo")) > 5 and evening.kept.of("ann") == []


def test_watching_ends_when_every_listener_has_to_sign_in_again(evening: Evening) -> None:
    with pytest.raises(NeedsUserError):
        evening.watch(evening.session("ann", signed_out), evening.session("bo", signed_out), hours=1)


def test_a_second_process_may_not_watch_the_same_listener(evening: Evening) -> None:
    def again() -> None:
        with pytest.raises(PostponedError, match="ann is watched by another process"):
            evening.watch(hours=1)

    evening.events = [(START + timedelta(minutes=1), again)]
    evening.watch(hours=0.1)
    assert evening.events == []


def test_a_state_that_cannot_be_read_is_kept_aside_and_told_of(evening: Evening) -> None:
    (evening.folder / "ann.json").write_text('{"version": 1, "pend')
    evening.watch(hours=0.1)
    assert (evening.folder / "ann.unreadable").read_text() == '{"version": 1, "pend'
    assert "cannot be read" in evening.said[0]
    assert evening.state()["user_id"] == "ann"


def test_a_play_before_spotify_began_is_set_aside_with_its_reason(evening: Evening) -> None:
    evening.kept.is_busy = True
    evening.watch(hours=0.5)
    content = evening.state()
    content["pending"][0]["ended_at"] = "1970-01-01T00:00:00+00:00"
    (evening.folder / "ann.json").write_text(json.dumps(content))
    evening.kept.is_busy = False
    evening.watch(hours=0)
    assert [one["reason"] for one in evening.state()["set_aside"]] == ["the time of the play is before Spotify began"]
    assert len(evening.kept.rows) == len(content["pending"]) - 1 > 1


def test_stop_ends_the_loop_and_keeps_the_open_play(evening: Evening) -> None:
    evening.events = [(START + timedelta(hours=0.5), evening.stop.set)]
    evening.watch(hours=5)
    assert evening.emulator.clock.now() < START + timedelta(hours=0.6)
    assert evening.state()["watching"]["play"]["ms_played"] > 0


# A process of its own that is killed. It moves the emulator's clock when it waits, and stores rows as lines of a file.
CHILD = """
import json, os, sys
from datetime import datetime
from pathlib import Path
from threading import Event
import requests
from clients.spotify import SpotifyClient
from ingestion.watch import WatchSession, watch

url, token, folder, until = sys.argv[1:]
session = requests.Session()
now = lambda: datetime.fromisoformat(session.get(f"{url}/emulator/state").json()["clock"])

def wait(seconds):
    moved = session.post(f"{url}/emulator/clock", json={"advance_seconds": seconds}).json()["clock"]
    return datetime.fromisoformat(moved) >= datetime.fromisoformat(until)

def store(rows):
    with open(f"{folder}/stored", "a") as stored:
        stored.write("".join(json.dumps(row, default=str) + "\\n" for row in rows))
        stored.flush()
        os.fsync(stored.fileno())

client = SpotifyClient(f"{url}/v1", lambda: token, refresh=lambda: token, per_second=0, first_wait_s=0.001)
watched = WatchSession("ann", client, Path(folder) / "state.json")
watch([watched], store=store, say=lambda line: None, stop=Event(), clock=now, wait=wait)
"""


def test_kill_9_at_any_moment_loses_and_doubles_nothing_that_was_heard(emulator: Emulator, tmp_path: Path) -> None:
    until = START + timedelta(minutes=58)  # the token holds for an hour
    token = emulator.grant("ann")["access_token"]
    command = [sys.executable, "-c", CHILD, emulator.url, token, str(tmp_path), until.isoformat()]
    kills = 0
    while True:
        child = subprocess.Popen(command, cwd=PROJECT)
        enough = emulator.request_count("/v1/me/player") + 11 + 7 * kills
        while child.poll() is None and emulator.request_count("/v1/me/player") < enough:
            time.sleep(0.0003 * (1 + kills))
        if child.poll() is not None:
            break
        child.send_signal(signal.SIGKILL)
        child.wait()
        kills += 1
    assert (child.returncode, kills >= 3) == (0, True)
    stored = [json.loads(line) for line in (tmp_path / "stored").read_text().splitlines()]
    rows = list({row["record_id"]: row for row in stored}.values())
    for row in rows:
        row["played_at"] = datetime.fromisoformat(row["played_at"])
    assert assert_true(rows, truth(emulator, "ann", START, until)) > 4


def test_the_command_watches_until_sigterm_and_leaves_with_0(emulator: Emulator, tmp_path: Path) -> None:
    granted = emulator.grant("ann")
    tokens = granted["access_token"], granted["refresh_token"], " ".join(SCOPES)
    signed_in = Token("ann", *tokens, expires_at=datetime(2100, 1, 1, tzinfo=UTC), authorized_at=START, account_id="a")
    TokenStore(tmp_path / ".spotify_tokens.json").put(signed_in)
    environment = {**os.environ, **emulator.settings(), "LAKE_URI": str(tmp_path / "lake"), "STATE_DIR": str(tmp_path)}
    command = [sys.executable, str(PROJECT / "cli.py"), "watch"]
    child = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
    while child.poll() is None and not (tmp_path / "watch" / "ann.json").exists():
        time.sleep(0.01)
    child.send_signal(signal.SIGTERM)
    told, _ = child.communicate(timeout=30)
    assert child.returncode == 0
    assert told.splitlines()[0] == "Watching what ann plays; Ctrl-C ends it."
    assert told.splitlines()[-1].startswith("Stopped.")
