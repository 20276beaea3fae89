"""Commands that the dashboard starts: only those meant, one at a time, told of whatever happens to the server."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from starlette.testclient import TestClient

from config.errors import InputError, PostponedError
from config.lock import run_lock
from config.settings import Settings
from config.state_file import read_state, write_state
from dashboard.app import make_app
from dashboard.jobs import KEPT, PYTHON_PATH, Job, job, jobs, start, stop
from dashboard.view import Visitor


def ended(settings: Settings, job_id: str, seconds: float = 90) -> Job:
    """The job once it has ended."""
    for _ in range(int(seconds * 5)):
        found = job(settings, job_id)
        if found is not None and not found.is_running:
            return found
        time.sleep(0.2)
    raise AssertionError("the job does not end")


def folder(settings: Settings) -> Path:
    return settings.state_dir / "jobs"


def sleeping(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A job that runs until it is stopped: the module that it runs is one of the test's."""
    code = settings.state_dir / "code"
    code.mkdir(parents=True)
    (code / "cli.py").write_text(
        "import sys, time\nprint('step one', file=sys.stderr, flush=True)\nprint('{}', flush=True)\ntime.sleep(600)\n"
    )
    monkeypatch.setattr("dashboard.jobs.PYTHON_PATH", (str(code), *PYTHON_PATH))
    return start(settings, ["check", "--json"], "anna")


def until(is_so: Callable[[], bool], seconds: float = 30) -> None:
    for _ in range(int(seconds * 10)):
        if is_so():
            return
        time.sleep(0.1)
    raise AssertionError("it does not come about")


def test_a_command_runs_to_its_end_and_its_result_is_kept(settings: Settings) -> None:
    begun = start(settings, ["check", "--json"], "anna")
    assert (begun.state, begun.user_id, begun.words) == ("running", "anna", ("check", "--json"))
    done = ended(settings, begun.job_id)
    assert (done.state, done.exit_code) == ("failed", 2)  # there is no lake
    assert "There is no lake" in done.lines[-1]
    assert done.ended_at is not None and done.ended_at > done.begun_at
    assert [one.job_id for one in jobs(settings)] == [begun.job_id]


@pytest.mark.parametrize(
    "words",
    [
        [], ["serve"], ["sql", "SELECT 1"], ["shell"], ["forget", "anna", "--yes"], ["--lake", "/tmp/x", "build"],
        ["build", "--lake=/tmp/x"], ["ingest", "--user", "--lake"], ["undo", "--help"], ["import", "/etc/passwd"],
        ["import", "../../etc/passwd"], ["import", "--user", "anna", "/etc/passwd"],
    ],
)  # fmt: skip
def test_nothing_else_can_be_started(words: list[str], settings: Settings) -> None:
    with pytest.raises(InputError):
        start(settings, words, "anna")
    assert jobs(settings) == []


def test_one_at_a_time_and_a_job_can_be_stopped(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = sleeping(settings, monkeypatch)
    until(lambda: job(settings, begun.job_id).lines == ("step one",))  # type: ignore[union-attr]
    with pytest.raises(PostponedError, match="lakesong check"):
        start(settings, ["build"], "anna")
    stop(settings, begun.job_id)
    found = ended(settings, begun.job_id)
    assert (found.state, found.exit_code) == ("stopped", -15)


def test_while_another_run_holds_the_lake_none_is_started_and_the_holder_is_named(settings: Settings) -> None:
    with (
        run_lock(settings.state_dir, "watch"),
        pytest.raises(PostponedError, match="`lakesong watch`"),
    ):
        start(settings, ["build"], "anna")
    assert jobs(settings) == []


def test_a_job_whose_process_is_gone_without_a_word_is_lost(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = sleeping(settings, monkeypatch)
    until(lambda: job(settings, begun.job_id).lines == ("step one",))  # type: ignore[union-attr]
    runner = psutil.Process(read_state(folder(settings) / f"{begun.job_id}.pid")["pid"])
    children = runner.children()
    runner.kill()
    for child in children:
        child.kill()
    assert ended(settings, begun.job_id, 10).state == "lost"
    assert job(settings, begun.job_id).exit_code is None  # type: ignore[union-attr]


def test_old_jobs_are_removed(settings: Settings) -> None:
    for number in range(KEPT + 5):
        told = {"words": ["build"], "user_id": "anna", "state": "ended", "exit_code": 0}
        at = f"2026-01-01T00:{number:02d}:00+00:00"
        write_state(folder(settings) / f"{number:032x}.json", {**told, "begun_at": at, "ended_at": at})
    ended(settings, start(settings, ["check"], "anna").job_id)
    assert len(jobs(settings)) == KEPT + 1


@pytest.mark.parametrize("job_id", ["", "../../x", "A" * 32, "0" * 31, "0" * 32])
def test_an_id_that_was_not_given_names_no_job(job_id: str, settings: Settings) -> None:
    assert job(settings, job_id) is None


class As:
    """An entrance that lets in one visitor."""

    def __init__(self, user_id: str, is_admin: bool = False) -> None:
        self._visitor = Visitor(user_id, is_admin)

    def visitor(self, request: object) -> Visitor:
        return self._visitor


def client_of(settings: Settings, user_id: str, *, is_admin: bool = False) -> TestClient:
    return TestClient(make_app(settings, As(user_id, is_admin)), base_url="http://127.0.0.1")


def test_a_run_is_started_and_followed_through_the_api(settings: Settings) -> None:
    anna, bob, admin = (client_of(settings, one, is_admin=one == "admin") for one in ("anna", "bob", "admin"))
    begun = anna.post("/api/v1/runs", json={"kind": "collect"})
    assert begun.status_code == 202
    where = begun.headers["location"]
    assert begun.json()["command"] == "lakesong ingest --user anna --json --no-build"
    runner = psutil.Process(read_state(folder(settings) / f"{where.rsplit('/', 1)[1]}.pid")["pid"])
    runner.suspend()  # on a busy machine it may be done before the second is asked for
    second = bob.post("/api/v1/runs", json={"kind": "cycle"})
    runner.resume()
    assert (second.status_code, second.headers["content-type"]) == (409, "application/problem+json")
    assert "running" in second.json()["detail"]
    found = ended(settings, where.rsplit("/", 1)[1])
    told = anna.get(where).json()
    assert (told["state"], told["exit_code"]) == ("needs_user", 3)  # nobody has signed in
    assert told["result"]["sources"][0]["source"] == "recently_played"
    assert found.user_id == "anna"
    assert bob.get(where).status_code == 404
    assert bob.delete(where).status_code == 404
    assert bob.get("/api/v1/runs").json() == {"runs": []}
    assert admin.get(where).status_code == 200


def test_only_who_looks_after_the_lake_starts_a_build(settings: Settings) -> None:
    answer = client_of(settings, "anna").post("/api/v1/runs", json={"kind": "build"})
    assert (answer.status_code, answer.json()["title"]) == (403, "Forbidden")
    assert jobs(settings) == []


@pytest.mark.parametrize("body", [{}, {"kind": "forget"}, {"kind": "collect", "user": "bob"}, [], "x"])
def test_another_kind_of_run_is_refused(body: object, settings: Settings) -> None:
    answer = client_of(settings, "anna", is_admin=True).post("/api/v1/runs", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert jobs(settings) == []


def test_a_button_of_a_page_shows_how_the_run_goes(settings: Settings) -> None:
    anna = client_of(settings, "anna")
    begun = anna.post("/jobs/cycle", headers={"hx-request": "true"})
    job_id = jobs(settings)[0].job_id
    assert f'hx-get="/jobs/{job_id}"' in begun.text
    stop(settings, job_id)
    ended(settings, job_id)
    shown = anna.get(f"/jobs/{job_id}").text
    assert 'role="status"' in shown and "hx-get" not in shown
    assert client_of(settings, "bob").get(f"/jobs/{job_id}").status_code == 404
