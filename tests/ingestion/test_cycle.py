"""A cycle: collect, then build, whatever failed on the way; how it ends says what is missing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from config.errors import InputError, PostponedError
from config.lock import run_lock
from ingestion.cycle import CycleResult, run_collection, run_cycle
from ingestion.listeners import register_listener

if TYPE_CHECKING:
    from config.settings import Settings

POLL = "recently_played"

Cycle = Callable[..., CycleResult]


@dataclass(frozen=True)
class Built:
    """What a build says that it built."""

    built: tuple[str, ...] = ("plays",)


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The builds so far. A build itself, and the engine, are tested elsewhere; here they only leave a mark."""
    made: list[str] = []

    def build(*_: Any, **__: Any) -> Built:
        made.append("build")
        return Built()

    monkeypatch.setattr("ingestion.cycle.open_session", lambda settings: nullcontext())
    monkeypatch.setattr("ingestion.cycle.complete_and_build", build)
    return made


@pytest.fixture
def cycle(emulated: Settings, emulator: Any, builds: list[str]) -> Cycle:
    """`cycle(sources=…, users=…)` by the real clock; other arguments change settings."""
    emulator.clock.set(datetime.now(UTC))

    def run(*, sources: tuple[str, ...] = (), users: tuple[str, ...] = (), say: Any = str, **changed: Any) -> Any:
        settings = emulated.model_copy(update={"catalog_daily_budget": 8, **changed})
        return run_cycle(settings, say, users=users, sources=sources)

    return run


def errors(result: CycleResult) -> dict[str, int]:
    return {one.source: one.error.exit_code for one in result.collected.reports if one.error}


def test_a_cycle_collects_everything_and_builds_once(cycle, sign_in, builds):
    sign_in("ann")
    said: list[str] = []
    result = cycle(say=said.append)
    assert (result.exit_code, builds) == (0, ["build"])
    sources = [report.source for report in result.collected.reports]
    assert sources == [POLL, "library", "catalogue", "audio_features"]
    assert result.line == "Cycle done: built plays."
    body = result.to_json()
    assert (body["status"], body["exit_code"], body["built"]) == ("done", 0, ["plays"])
    assert [source["new"] for source in body["sources"]] == [report.counts.new for report in result.collected.reports]
    assert body["sources"][0] == {
        "source": POLL, "user_id": "ann", "rows": 50, "new": 50, "already_known": 0, "duplicate_in_file": 0,
        "rejected": 0, "error": None,
    }  # fmt: skip
    assert any("Kaggle dataset not found" in line for line in said)


def test_what_fails_is_named_and_the_rest_is_collected_and_built(cycle, sign_in, builds, emulator, stored):
    sign_in("ann")
    emulator.faults.update({"server_errors": 1.0, "services": ["reccobeats"]})
    result = cycle()
    assert (result.exit_code, errors(result), builds) == (1, {"audio_features": 1}, ["build"])
    assert result.line == "Cycle partly done: built plays. Not collected: audio features."
    assert result.to_json()["status"] == "partial"
    assert {row["source"]: row["status"] for row in stored("ingestion_runs_bronze")}["audio_features"] == "failed"


def test_only_what_is_named_is_collected_and_the_kaggle_file_alone_asks_nobody(cycle, sign_in, builds, asked):
    sign_in("ann")
    sign_in("ben")
    result = cycle(sources=(POLL,), users=("ben",))
    assert [(report.source, report.user_id) for report in result.collected.reports] == [(POLL, "ben")]
    asked()
    said: list[str] = []
    assert cycle(sources=("kaggle",), say=said.append).collected.reports == []
    assert asked() == {} and builds == ["build"] * 2
    assert "Kaggle" in said[0]


def test_a_source_that_does_not_exist_is_refused_with_those_that_do(cycle, sign_in, asked, builds):
    sign_in("ann")
    with pytest.raises(InputError, match=r"no source lastfm\. Sources: recently_played, .*kaggle") as error:
        cycle(sources=(POLL, "lastfm"))
    assert error.value.exit_code == 2
    assert asked() == {} and builds == []


@pytest.mark.parametrize(("changed", "next_step"), [({}, "lakesong login"), ({"client_id": ""}, "Set it in .env")])
def test_where_nobody_has_signed_in_the_build_is_done_and_the_next_step_told(changed, next_step, cycle, builds, asked):
    said: list[str] = []
    result = cycle(say=said.append, **changed)
    assert (result.exit_code, builds) == (3, ["build"])
    assert next_step in said[0] and next_step in str(result.collected.reports[0].error)
    assert not [path for path in asked() if path.startswith("/v1")]


def test_a_quota_before_anything_new_ends_the_cycle_without_a_build(cycle, sign_in, builds, emulator, asked):
    sign_in("ann")
    emulator.faults.update({"rate_limit_long": 1.0, "services": ["spotify"]})
    result = cycle()
    assert (result.exit_code, builds, result.built) == (4, [], None)
    assert result.line == "0 new rows collected; nothing was built."
    assert sum(number for path, number in asked().items() if path.startswith("/v1")) == 1


def test_a_quota_after_something_new_builds_it_and_ends_as_postponed(cycle, sign_in, builds, emulator):
    sign_in("ann")
    emulator.faults.update({"daily_quota": 2})
    result = cycle()
    assert (result.exit_code, builds) == (4, ["build"])
    assert result.collected.reports[0].counts.new == 50


def test_a_simulated_listener_comes_into_no_lake_of_real_ones(cycle, sign_in, lake, builds, asked):
    register_listener(lake, "me")
    sign_in("ann")
    with pytest.raises(InputError, match="not mixed in"):
        cycle()
    assert asked() == {} and builds == []


def test_a_collection_takes_plays_alone_and_one_run_at_a_time(emulated, emulator, sign_in, asked):
    emulator.clock.set(datetime.now(UTC))
    sign_in("ann")
    collected = run_collection(emulated, str)
    assert [(report.source, report.counts.new) for report in collected.reports] == [(POLL, 50)]
    assert set(asked()) == {"/v1/me/player/recently-played"}
    with run_lock(emulated.state_dir, "build"), pytest.raises(PostponedError, match="lakesong build"):
        run_collection(emulated, str)
    assert asked() == {}
