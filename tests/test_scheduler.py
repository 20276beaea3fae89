"""The scheduler on a clock of its own: what runs when, what is made up for, and what it says of its health."""

from __future__ import annotations

import configparser
import datetime as real
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import types
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import schedule
import structlog

from clients.tokens import Token, TokenStore
from config.errors import LakesongError, NeedsUserError, PostponedError
from config.heartbeat import ailment, beating
from config.settings import Settings
from config.state_file import read_state
from ingestion.collection import Collected, SourceReport
from ingestion.cycle import CycleResult
from ingestion.jobs import Jobs, jobs_of
from ingestion.readiness import obstacle
from ingestion.receipts import FileReceipt
from scheduler import Scheduler, heartbeat_file

ROOT = Path(__file__).parent.parent
START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class World:
    """A clock that moves only while the scheduler waits, jobs that note when they ran, and what stands in the way."""

    def __init__(self, settings: Settings, start: datetime = START) -> None:
        self.settings = settings
        self.now = start
        self.end = start
        self.ran: list[tuple[str, datetime]] = []
        self.errors: dict[str, Exception] = {}
        self.obstacle = ""
        self.at: dict[datetime, Callable[[], None]] = {}
        self.beats: list[dict[str, Any]] = []
        self.scheduler = self._made()

    def _made(self) -> Scheduler:
        work = {name: self._job(name) for name in ("collect", "cycle", "maintain")}
        jobs = Jobs(**work, obstacle=lambda: self.obstacle)
        return Scheduler(self.settings, jobs, clock=lambda: self.now, wait=self._wait)

    def _job(self, name: str) -> Callable[[], None]:
        def work() -> None:
            self.ran.append((name, self.now))
            if name in self.errors:
                raise self.errors[name]

        return work

    def _wait(self, seconds: float) -> None:
        assert 1.0 <= seconds <= 60.0
        if self.settings.state_dir.is_dir():
            self.beats.append(read_state(heartbeat_file(self.settings)))
        self.now += timedelta(seconds=seconds)
        for moment in [moment for moment in self.at if moment <= self.now]:
            self.at.pop(moment)()
        if self.now >= self.end:
            self.scheduler.stop()

    def run(self, duration: timedelta) -> World:
        """Start a scheduler, as a new process would, and let it run."""
        self.scheduler, self.end, self.ran = self._made(), self.now + duration, []
        assert self.scheduler.run() == 0
        return self

    def times(self, name: str) -> list[datetime]:
        return [at for ran, at in self.ran if ran == name]


@pytest.fixture
def world(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., World]:
    """`world(start, SETTING=…)`: the library `schedule` reads the same clock."""

    def make(start: datetime = START, **given: Any) -> World:
        made = World(settings.model_copy(update=given), start)

        class Clock(real.datetime):
            @classmethod
            def now(cls, tz: real.tzinfo | None = None) -> Any:
                local = made.now.astimezone(tz)
                return local if tz else local.replace(tzinfo=None)

        watch = types.SimpleNamespace(datetime=Clock, timedelta=timedelta, time=real.time, date=real.date)
        monkeypatch.setattr(schedule, "datetime", watch)
        return made

    return make


World_ = Callable[..., World]


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def test_everything_runs_at_the_first_start_and_then_at_its_interval(world: World_) -> None:
    ran = world(poll_minutes=20, build_hours=6).run(hours(12.5))
    assert ran.ran[:3] == [("collect", START), ("cycle", START), ("maintain", START)]
    assert ran.times("cycle") == [START, START + hours(6), START + hours(12)]
    assert ran.times("collect") == [START + timedelta(minutes=20 * n) for n in range(38)]


def test_maintenance_comes_at_its_hour_on_the_listeners_clock_in_summer_and_in_winter(world: World_) -> None:
    begin = datetime(2026, 10, 24, 1, 0, tzinfo=UTC)  # clocks in Berlin go back on 25 October
    ran = world(begin, timezone="Europe/Berlin", maintain_at="03:30", poll_minutes=360, build_hours=24).run(hours(26))
    assert ran.times("maintain")[1:] == [
        datetime(2026, 10, 24, 1, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 2, 30, tzinfo=UTC),
    ]


def test_fixed_hours_take_the_place_of_the_interval(world: World_) -> None:
    ran = world(build_at="06:00,18:00", timezone="Asia/Tokyo", poll_minutes=360).run(hours(22))
    assert ran.times("cycle")[1:] == [
        datetime(2026, 11, 21, 21, 0, tzinfo=UTC),
        datetime(2026, 11, 22, 9, 0, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("away", "at_once"),
    [
        (hours(0.1), []),
        (hours(0.4), ["collect"]),
        (hours(5), ["collect"]),
        (hours(7), ["collect", "cycle"]),
        (hours(24 * 9), ["collect", "cycle", "maintain"]),
    ],
)
def test_what_was_missed_while_away_is_made_up_for_once_at_the_start(
    away: timedelta, at_once: list[str], world: World_
) -> None:
    there = world(poll_minutes=20, build_hours=6, maintain_at="23:00").run(timedelta(seconds=30))
    there.now = START + away
    again = there.run(timedelta(seconds=30))
    assert [name for name, _ in again.ran] == at_once


def test_after_a_restart_the_next_run_comes_when_it_would_have_come_anyhow(world: World_) -> None:
    there = world(poll_minutes=20, build_hours=6).run(timedelta(seconds=30))
    there.now = START + hours(2)
    assert there.run(hours(5)).times("cycle") == [START + hours(6)]


@pytest.mark.parametrize(
    ("last", "missed"),
    [
        (datetime(2026, 10, 24, 4, 30, tzinfo=UTC), True),  # after the slot of 04:00 UTC the day before
        (datetime(2026, 10, 25, 4, 59, tzinfo=UTC), True),
        (datetime(2026, 10, 25, 5, 1, tzinfo=UTC), False),
    ],
)
def test_a_daily_slot_is_missed_by_the_clock_on_the_wall(last: datetime, missed: bool, world: World_) -> None:
    """06:00 in Berlin is 04:00 UTC until the night of 25 October, and 05:00 after it."""
    there = world(last, build_at="06:00", timezone="Europe/Berlin", poll_minutes=360).run(timedelta(seconds=1))
    there.now = datetime(2026, 10, 25, 12, 0, tzinfo=UTC)
    assert bool(there.run(timedelta(seconds=30)).times("cycle")) is missed


def test_several_fixed_hours_that_were_missed_are_made_up_for_by_one_run(world: World_) -> None:
    there = world(build_at="06:00,12:00,18:00", poll_minutes=360).run(timedelta(seconds=1))
    there.now = START + hours(48)
    assert len(there.run(hours(1)).times("cycle")) == 1


def test_after_the_machine_slept_what_is_overdue_runs_once(world: World_) -> None:
    there = world(poll_minutes=20, build_hours=6)
    asleep = START + hours(1)
    there.at[asleep] = lambda: setattr(there, "now", asleep + hours(10))
    ran = there.run(hours(11.2))
    assert len([at for at in ran.times("cycle") if at > asleep]) == 1
    assert len([at for at in ran.times("collect") if at > asleep]) == 1


def test_what_was_written_by_a_clock_that_was_ahead_does_not_stop_the_jobs(world: World_) -> None:
    there = world(START + hours(1000), poll_minutes=20).run(timedelta(seconds=1))
    there.now = START
    assert len(there.run(hours(1)).times("collect")) == 2


@pytest.mark.parametrize(
    "error", [LakesongError("It failed.", "Do this."), ValueError("x"), OSError("disk"), NeedsUserError("Sign in.")]
)
def test_no_error_of_a_job_ends_the_loop_or_runs_it_again_at_once(error: Exception, world: World_) -> None:
    there = world(poll_minutes=30)
    there.errors["collect"] = error
    ran = there.run(hours(2.1))
    assert len(ran.times("collect")) == 5 and len(ran.times("cycle")) == 1


def test_a_failed_job_is_due_at_the_next_start(world: World_) -> None:
    there = world(build_hours=6)
    there.errors["cycle"] = LakesongError("It failed.")
    there.run(timedelta(seconds=30))
    there.errors.clear()
    assert len(there.run(timedelta(seconds=30)).times("cycle")) == 1


def test_a_postponed_job_is_no_failure_and_comes_again_within_minutes(world: World_) -> None:
    there = world(build_hours=6, poll_minutes=360)
    there.errors["cycle"] = PostponedError("Another run holds it.")
    there.at[START + timedelta(minutes=7)] = there.errors.clear
    ran = there.run(hours(6.5))
    first, second, third, *rest = ran.times("cycle")
    assert (second - first, third - second) == (timedelta(minutes=5), timedelta(minutes=5))
    assert rest == [third + hours(6)]
    assert all(beat["healthy"] for beat in ran.beats)


def test_without_sign_in_it_stays_up_unhealthy_builds_and_says_why_once(world: World_) -> None:
    there = world(poll_minutes=20)
    there.obstacle = "Nobody has signed in. Run `lakesong login`."
    with structlog.testing.capture_logs() as logged:
        ran = there.run(hours(3))
    assert ran.times("collect") == [] and ran.times("cycle") == [START]
    assert {(beat["healthy"], beat["reason"]) for beat in ran.beats} == {(False, there.obstacle)}
    assert [entry["reason"] for entry in logged if entry["log_level"] == "warning"] == [there.obstacle]


def test_when_the_sign_in_comes_collection_begins_within_a_minute(world: World_) -> None:
    there = world(poll_minutes=60)
    there.obstacle = "Nobody has signed in. Run `lakesong login`."
    signed_in = START + timedelta(minutes=10)
    there.at[signed_in] = lambda: setattr(there, "obstacle", "")
    ran = there.run(hours(1))
    (first,) = ran.times("collect")
    assert signed_in <= first <= signed_in + timedelta(minutes=1)
    assert ran.beats[-1]["healthy"]


def test_a_job_that_needs_the_listener_makes_it_unhealthy_until_it_succeeds(world: World_) -> None:
    there = world(poll_minutes=20)
    there.errors["collect"] = NeedsUserError("Spotify asks you to sign in again.", "Run `lakesong login`.")
    there.at[START + timedelta(minutes=30)] = there.errors.clear
    ran = there.run(hours(1))
    assert ran.beats[1]["reason"] == "Spotify asks you to sign in again. Run `lakesong login`."
    assert ran.beats[-1]["healthy"]


def test_three_failures_in_a_row_are_an_alert_and_unhealthy_and_a_restart_does_not_forget_them(
    world: World_, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, ...]] = []
    monkeypatch.setattr("scheduler.Alerts.send", lambda _, *what, subject="": told.append((*what, subject)))
    monkeypatch.setattr("scheduler.Alerts.resolve", lambda _, *what: told.append(("resolved", *what)))
    there = world(poll_minutes=60, disk_warn_mb=0)
    there.errors["collect"] = LakesongError("Spotify did not answer.", "Try later.")
    two = there.run(hours(1.1))
    assert len(two.times("collect")) == 2 and two.beats[-1]["healthy"]
    three = there.run(timedelta(seconds=30))
    assert ("failed_runs", "Lakesong: collect failed 3 times", "Spotify did not answer. Try later.", "collect") in told
    assert three.beats[-1] | {"at": ""} == {"at": "", "healthy": False, "reason": "Spotify did not answer. Try later."}
    there.errors.clear()
    assert there.run(timedelta(seconds=30)).beats[-1]["healthy"]
    assert ("resolved", "failed_runs", "collect") in told


def test_a_state_folder_that_cannot_be_written_for_a_while_does_not_end_the_loop(world: World_) -> None:
    there = world(poll_minutes=20, disk_warn_mb=0)
    folder = there.settings.state_dir

    def take_away() -> None:
        folder.rename(folder.with_name("away"))
        folder.write_text("")

    def give_back() -> None:
        folder.unlink()
        folder.with_name("away").rename(folder)

    there.at = {START + timedelta(minutes=5): take_away, START + timedelta(minutes=50): give_back}
    with structlog.testing.capture_logs() as logged:
        ran = there.run(hours(1.1))
    assert any(entry["event"] == "The state folder cannot be written." for entry in logged)
    assert len(ran.times("collect")) == 4 and ran.beats[-1]["healthy"]


def test_a_state_folder_that_can_never_be_written_is_named_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    given = environment(tmp_path, STATE_DIR=str(tmp_path / "file" / "state"))
    command = [sys.executable, ROOT / "scheduler.py"]
    done = subprocess.run(command, cwd=tmp_path, env=given, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert "cannot be used" in done.stderr and "Set STATE_DIR" in done.stderr and done.stderr.count("\n") == 1


def test_asked_to_stop_it_ends_the_job_in_hand_and_begins_no_other(world: World_) -> None:
    there = world()
    job = there._job("collect")

    def stopped_meanwhile() -> None:
        there.scheduler.stop()
        job()

    there._job = lambda name: stopped_meanwhile if name == "collect" else World._job(there, name)  # type: ignore[method-assign]
    assert there.run(hours(1)).ran == [("collect", START)]
    assert read_state(there.settings.state_dir / ".scheduler.json").keys() == {"collect"}


def test_signs_of_life_go_on_while_a_job_takes_long() -> None:
    beats = threading.Semaphore(0)
    with beating(beats.release, every_s=0.001):
        assert all(beats.acquire(timeout=5) for _ in range(3))
    assert "heartbeat" not in {thread.name for thread in threading.enumerate()}


def test_an_old_sign_of_life_is_none(world: World_) -> None:
    there = world().run(timedelta(seconds=30))
    file = heartbeat_file(there.settings)
    at = datetime.fromisoformat(read_state(file)["at"])
    assert ailment(file, at + timedelta(minutes=3)) == ""
    assert "The last sign of life was at 2026-11-21T12:00:00" in ailment(file, at + timedelta(minutes=3, seconds=1))


def test_without_a_client_id_or_a_token_the_next_step_is_named(settings: Settings) -> None:
    assert obstacle(settings).startswith("CLIENT_ID is not set. Set it in .env")
    known = settings.model_copy(update={"client_id": "c"})
    assert "`lakesong login`" in obstacle(known)
    store = TokenStore(known.token_file)
    store.put(Token("me", "a", "r", "", START, START, "acc"))
    assert obstacle(known) == ""
    store.mark_sign_in("me")
    assert "sign in again" in obstacle(known)
    store.put(Token("you", "a", "r", "", START, START, "acc2"))
    assert obstacle(known) == ""


def collected(*errors: LakesongError | None) -> Collected:
    return Collected([SourceReport("recently_played", "me", FileReceipt("x"), error) for error in errors])


SIGN_IN, DOWN, QUOTA = NeedsUserError("Sign in."), LakesongError("It is down."), PostponedError("Quota.")


@pytest.mark.parametrize(
    ("errors", "raised"),
    [((), None), ((None, QUOTA), None), ((QUOTA, DOWN), DOWN), ((DOWN, None, SIGN_IN), SIGN_IN)],
)
def test_the_failure_of_a_source_is_a_failure_of_the_job_and_a_used_up_quota_is_none(
    errors: tuple[LakesongError | None, ...],
    raised: LakesongError | None,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ingestion.cycle.run_collection", lambda *_: collected(*errors))
    monkeypatch.setattr("ingestion.cycle.run_cycle", lambda *_: CycleResult(collected(*errors), None))
    monkeypatch.setattr("ingestion.readiness.obstacle", lambda _: "")
    jobs = jobs_of(settings)
    for job in (jobs.collect, jobs.cycle):
        if raised is None:
            job()
        else:
            with pytest.raises(LakesongError) as error:
                job()
            assert error.value is raised


def test_where_nobody_has_signed_in_a_cycle_that_builds_is_no_failure(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingestion.cycle.run_cycle", lambda *_: CycleResult(collected(SIGN_IN), None))
    jobs = jobs_of(settings)
    assert jobs.obstacle().startswith("CLIENT_ID is not set")
    jobs.cycle()


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    given = {"LAKE_URI": str(tmp_path / "lake"), "STATE_DIR": str(tmp_path / "state"), "PYTHONPATH": str(ROOT)}
    return {**os.environ, **given, **more}


def health(tmp_path: Path) -> tuple[int, str]:
    command = [sys.executable, ROOT / "scheduler.py", "--health"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_the_health_check_says_in_one_line_what_is_wrong(tmp_path: Path) -> None:
    code, said = health(tmp_path)
    assert code == 1 and said.startswith("Nothing gives signs of life") and said.count("\n") == 1
    (tmp_path / "state").mkdir()
    sign = tmp_path / "state" / ".scheduler.heartbeat"
    now = datetime.now(UTC).isoformat()
    sign.write_text(json.dumps({"at": now, "healthy": False, "reason": "Nobody has signed in."}))
    assert health(tmp_path) == (1, "Nobody has signed in.\n")
    sign.write_text(json.dumps({"at": now, "healthy": True, "reason": ""}))
    assert health(tmp_path) == (0, "The scheduler runs well.\n")


SLOW_JOB = """
import sys, signal, time
import scheduler
def collect():
    print("begun", flush=True)
    sys.stdin.readline()
    print("ended", flush=True)
never = lambda: None
scheduler.jobs_of = lambda settings: scheduler.Jobs(collect, never, never, lambda: "")
sys.argv = ["scheduler.py"]
sys.exit(scheduler.main())
"""


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_job_in_hand_end_and_leaves_with_0(stop: signal.Signals, tmp_path: Path) -> None:
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", SLOW_JOB]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(tmp_path), stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as process:
        assert process.stdin and process.stdout
        assert process.stdout.readline() == "begun\n"
        process.send_signal(stop)
        said, _ = process.communicate("go on\n", timeout=20)
    assert (process.returncode, said) == (0, "ended\n")
    assert read_state(tmp_path / "state" / ".scheduler.json")["collect"]["failure_count"] == 0


# The examples of docs/examples.


def test_the_lines_for_cron_have_five_times_and_a_command_that_can_be_run() -> None:
    lines = [
        line for line in (ROOT / "docs/examples/crontab").read_text().splitlines() if line and not line.startswith("#")
    ]
    slots = []
    for line in lines:
        fields = re.fullmatch(r"((?:[\d*/,-]+ ){5})cd (\S+) && (\S+) (\S+)((?: \S+)*) >> (\S+) 2>&1", line)
        assert fields, line
        slots.append(fields[1].strip())
        assert fields[3] == ".venv/bin/python" and (ROOT / fields[4]).is_file()
        described = subprocess.run([sys.executable, ROOT / fields[4], "--help"], capture_output=True, text=True).stdout
        assert {option for option in fields[5].split() if option.startswith("--")} <= set(
            re.findall(r"--[a-z-]+", described)
        )
    assert slots == ["*/20 * * * *", "5 */6 * * *"]


@pytest.mark.parametrize("name", ["lakesong.service", "lakesong.timer"])
def test_the_units_for_systemd_are_valid(name: str, tmp_path: Path) -> None:
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(ROOT / "docs/examples" / name)
    assert unit["Unit"]["Description"]
    if name == "lakesong.service":
        folder = unit["Service"]["WorkingDirectory"]
        program, script = unit["Service"]["ExecStart"].split()
        assert program == f"{folder}/.venv/bin/python" and (ROOT / script).is_file()
    else:
        assert unit["Timer"]["Persistent"] == "true" and unit["Install"]["WantedBy"] == "timers.target"
    if shutil.which("systemd-analyze"):
        for file in (ROOT / "docs/examples").glob("lakesong.*"):
            (tmp_path / file.name).write_text(file.read_text().replace("%h/lakesong", str(ROOT)))
        check = ["systemd-analyze", "verify", "--user", tmp_path / name]
        runtime = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
        done = subprocess.run(check, capture_output=True, text=True, env=runtime)
        assert (done.returncode, done.stderr) == (0, "")
