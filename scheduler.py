"""Collects often, builds every few hours and maintains the lake at night, until it is stopped."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import schedule
import structlog

from config.errors import InputError, LakesongError, NeedsUserError, PostponedError
from config.heartbeat import BEAT_S, ailment, beat, beating
from config.logs import configure_logs
from config.process import run_process
from config.settings import Settings, load_settings
from config.state_file import read_state, write_state
from ingestion.alerts import Alerts, check_disk
from ingestion.jobs import Jobs, jobs_of

log = structlog.get_logger()

FAILURES_IN_A_ROW = 3  # so many failed runs of a job are an alert
SOON = timedelta(minutes=5)  # when a postponed job is tried again


class Scheduler:
    """The loop. `clock` gives the time in UTC; `wait` sleeps for some seconds, less when `stop` is called.

    When a job last succeeded is kept in `<STATE_DIR>/.scheduler.json`, so that a slot that was missed is made up for
    at the start, once. Signs of life are in `<STATE_DIR>/.scheduler.heartbeat`.
    """

    def __init__(
        self,
        settings: Settings,
        jobs: Jobs,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._settings = settings
        self._jobs = jobs
        self._clock = clock
        self._stopping = threading.Event()
        self._wait = wait or self._stopping.wait
        self._alerts = Alerts(settings, clock=clock)
        self._schedule = schedule.Scheduler()
        self._obstacle: str | None = None
        self._troubles: dict[str, str] = {}
        self._postponed: set[str] = set()

    def run(self) -> int:
        """Run until stopped; gives the exit code."""
        self._plan()
        log.info("The scheduler has started.", collect_minutes=self._settings.poll_minutes)
        while not self._stopping.is_set():
            self._turn()
            self._wait(max(1.0, min(self._schedule.idle_seconds or 1.0, BEAT_S)))
        log.info("The scheduler has stopped.")
        return 0

    def stop(self) -> None:
        """Let the job in hand end, then leave."""
        self._stopping.set()

    def _plan(self) -> None:
        settings, every = self._settings, self._schedule.every
        poll, build = settings.poll_minutes, settings.build_hours
        self._enter("collect", self._jobs.collect, [every(poll).minutes], timedelta(minutes=poll))
        if settings.build_times:
            self._enter("cycle", self._jobs.cycle, [self._daily(time) for time in settings.build_times])
        else:
            self._enter("cycle", self._jobs.cycle, [every(build).hours], timedelta(hours=build))
        self._enter("maintain", self._jobs.maintain, [self._daily(settings.maintain_at)])

    def _daily(self, time: str) -> schedule.Job:
        slot: schedule.Job = self._schedule.every().day.at(time, self._settings.timezone)
        return slot

    def _enter(
        self, name: str, work: Callable[[], object], slots: list[schedule.Job], period: timedelta | None = None
    ) -> None:
        """Enter the slots of a job, daily or of a period; the first comes now where one was missed since a success."""
        for slot in slots:
            slot.do(partial(self._run, name, work)).tag(name)
        now = self._clock()
        text = read_state(self._record).get(name, {}).get("succeeded_at")
        last = min(datetime.fromisoformat(text), now) if text else None
        if last is None or any(last < self._day_before(slot) for slot in slots if not period):
            slots[0].next_run = _as_schedule_has_it(now)
        elif period:
            slots[0].next_run = _as_schedule_has_it(max(last + period, now))

    def _day_before(self, slot: schedule.Job) -> datetime:
        """The newest time at which a daily slot was due: the same time by the clock on the wall, a day before."""
        assert slot.next_run is not None
        in_zone = slot.next_run.astimezone(ZoneInfo(self._settings.timezone))
        return (in_zone - timedelta(days=1)).astimezone(UTC)

    def _turn(self) -> None:
        """One turn of the loop: look, run what is due, give signs of life."""
        self._look_for_obstacles()
        check_disk(self._settings, self._alerts)
        self._schedule.run_pending()
        self._try_postponed_soon()
        self._beat()

    def _look_for_obstacles(self) -> None:
        """Say what keeps collection from starting, once; when it is gone, collect at once."""
        obstacle = self._jobs.obstacle()
        if obstacle == self._obstacle:
            return
        if obstacle:
            log.warning("Nothing is collected.", reason=obstacle)
        elif self._obstacle:
            log.info("Collection goes on.")
            for slot in self._schedule.get_jobs("collect"):
                slot.next_run = _as_schedule_has_it(self._clock())
        self._obstacle = obstacle

    def _run(self, name: str, work: Callable[[], object]) -> None:
        """Run a job to its end. Nothing that it raises ends the loop."""
        if self._stopping.is_set() or (name == "collect" and self._obstacle):
            return
        try:
            with beating(self._beat):
                work()
        except PostponedError as error:
            self._postponed.add(name)
            log.info("A job was postponed.", job=name, reason=str(error))
        except LakesongError as error:
            log.error("A job failed.", job=name, error=str(error))
            self._note_failure(name, str(error), needs_user=isinstance(error, NeedsUserError))
        except Exception as error:
            step = f"The log has the details; the next run of {name} tries again."
            log.exception("A job failed.", job=name, next_step=step)
            self._note_failure(name, f"{type(error).__name__} in {name}. {step}", needs_user=False)
        else:
            self._note_success(name)

    def _note_success(self, name: str) -> None:
        self._troubles.pop(name, None)
        self._write_record(name, {"succeeded_at": self._clock().isoformat(timespec="seconds"), "failure_count": 0})
        self._alerts.resolve("failed_runs", name)

    def _note_failure(self, name: str, reason: str, *, needs_user: bool) -> None:
        record = read_state(self._record).get(name, {})
        failures = record.get("failure_count", 0) + 1
        self._write_record(name, {**record, "failure_count": failures})
        if needs_user or failures >= FAILURES_IN_A_ROW:
            self._troubles[name] = reason
        if failures >= FAILURES_IN_A_ROW:
            self._alerts.send("failed_runs", f"Lakesong: {name} failed {failures} times", reason, subject=name)

    @property
    def _record(self) -> Path:
        return self._settings.state_dir / ".scheduler.json"

    def _write_record(self, name: str, record: dict[str, object]) -> None:
        """Keep it. A full disk is no reason to run the job again at once: it is told, and the schedule goes on."""
        try:
            write_state(self._record, {**read_state(self._record), name: record})
        except OSError as error:
            log.error("The scheduler's record cannot be written.", file=str(self._record), error=str(error))

    def _try_postponed_soon(self) -> None:
        soon = _as_schedule_has_it(self._clock() + SOON)
        for name in self._postponed:
            first = min(self._schedule.get_jobs(name))
            if first.next_run is None or first.next_run > soon:
                first.next_run = soon
        self._postponed.clear()

    def _beat(self) -> None:
        """Give a sign of life, with what is wrong. A full disk keeps no job from running: one may make room."""
        reason = self._obstacle or next(iter(self._troubles.values()), "")
        try:
            beat(heartbeat_file(self._settings), self._clock(), reason)
        except OSError as error:
            log.error("The state folder cannot be written.", state_dir=str(self._settings.state_dir), error=str(error))


def heartbeat_file(settings: Settings) -> Path:
    """Where the scheduler's signs of life are."""
    return settings.state_dir / ".scheduler.heartbeat"


def main() -> int:
    """Run the scheduler, or say with --health whether it runs well (exit code 0) or not (1)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--health", action="store_true", help="say whether the scheduler runs well, and exit")
    asked = parser.parse_args()
    try:
        settings = load_settings()
        if asked.health:
            found = ailment(heartbeat_file(settings), datetime.now(UTC))
            print(found or "The scheduler runs well.")
            return 1 if found else 0
        configure_logs(settings)
        settings.state_dir.mkdir(parents=True, exist_ok=True)
    except LakesongError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"The state folder cannot be used: {error}. Set STATE_DIR to a folder of yours.", file=sys.stderr)
        return InputError.exit_code
    scheduler = Scheduler(settings, jobs_of(settings))
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: scheduler.stop())
    return scheduler.run()


def _as_schedule_has_it(at: datetime) -> datetime:
    """The library `schedule` keeps times in the machine's zone, without saying so."""
    return at.astimezone().replace(tzinfo=None)


if __name__ == "__main__":
    run_process(main)
