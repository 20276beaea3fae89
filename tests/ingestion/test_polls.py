"""Polls of what was recently played: every play that was offered is kept once, and the ledger says what was seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

import ingestion.polls as polls
from ingestion.polls import keep_observed, take_in_plays
from ingestion.runs import Batch
from mappers.currently_playing import to_bronze
from schemas.bronze import listening_history_bronze
from schemas.lake import Lake
from transformations.silver.coverage_gaps import coverage_gaps

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from ingestion.collection import Collected, SourceReport

POLL = "recently_played"
AT = datetime(2026, 10, 20, 12, tzinfo=UTC)
BATCH = Batch("b1", "ann", AT)
ODD = {"null_tracks": 0.2, "ads": 0.2, "local_files": 0.2, "episodes": 1.0, "duplicates": 0.2}

Stored = Callable[[str], list[dict[str, Any]]]


def report(collected: Collected) -> SourceReport:
    (only,) = collected.reports
    return only


def track(number: int, at: str = "2026-10-20T11:00:00.123Z", **more: Any) -> dict[str, Any]:
    described = {"id": f"{number:022d}", "name": f"Song {number}", "duration_ms": 200_000, "type": "track"}
    return {"played_at": at, "track": {**described, "artists": [{"id": "a", "name": "Band"}], **more}, "context": None}


def kept(stored: Stored) -> set[tuple[str, datetime]]:
    """Music plays that were kept, as the emulator tells which it offered."""
    rows = stored("listening_history_bronze")
    return {(row["track_id"], row["played_at"]) for row in rows if row["kind"] == "track" and row["track_id"]}


def test_a_poll_keeps_each_play_on_offer_and_a_second_one_knows_them(collect, stored, emulator):
    first, second = report(collect(POLL)).counts, report(collect(POLL)).counts
    assert (first.rows, first.new, first.already_known) == (50, 50, 0)
    assert (second.rows, second.new, second.already_known) == (50, 0, 50)
    assert kept(stored) == emulator.offered("ann")
    assert len(stored("listening_history_bronze")) == len(stored("import_records_bronze")) == 50


def test_late_and_disordered_plays_come_in_whenever_they_show_up(collect, stored, emulator):
    emulator.faults.update({"late_plays": 0.4, "late_minutes": 90.0, "out_of_order": 0.5})
    emulator.clock.advance(-timedelta(hours=6))
    for _ in range(20):
        collect(POLL)
        emulator.clock.advance(timedelta(minutes=20))
    emulator.faults.update({"late_plays": 0.0})
    collect(POLL)
    rows = stored("listening_history_bronze")
    assert kept(stored) == emulator.offered("ann") and len(kept(stored)) == len(rows)
    came_in = {row["played_at"]: row["ingested_at"] for row in rows}
    in_order = [came_in[at] for at in sorted(came_in)]
    assert in_order != sorted(in_order), "no play came late: the test shows nothing"


def test_what_is_no_play_is_set_aside_once_and_the_counts_add_up(collect, stored, emulator):
    emulator.faults.update(ODD)
    emulator.clock.set(datetime(2026, 10, 20, 15, tzinfo=UTC))  # after some podcasts
    first, second = report(collect(POLL)).counts, report(collect(POLL)).counts
    assert first.rejected > 0 and first.duplicate_in_file > 0 and first.not_music > 0
    assert first.new + first.duplicate_in_file + first.rejected == first.rows == 50
    assert (second.new, second.rejected) == (0, first.rejected)
    letters = stored("rejected_records_bronze")
    assert {letter["reason"] for letter in letters} == {"nothing says what was played"}
    assert len({letter["payload"] for letter in letters}) == len(letters)
    kinds = [(row["kind"], row["track_id"] is None) for row in stored("listening_history_bronze")]
    assert {("track", False), ("track", True), ("episode", True)} == set(kinds)
    for run in stored("ingestion_runs_bronze"):
        parts = ("new_count", "known_count", "duplicate_count", "rejected_count")
        assert run["row_count"] == 50 == sum(run[part] for part in parts)


def test_an_advertisement_and_a_text_are_set_aside_and_the_play_beside_them_is_kept(lake, stored):
    items = [track(1, type="ad"), "nonsense", track(2)]
    for _ in range(2):
        _, counts = take_in_plays(lake, items, BATCH)
    assert (counts.rows, counts.already_known, counts.rejected) == (3, 1, 2)
    reasons = ["an advertisement is no play", "the entry is no JSON object"]
    assert sorted(letter["reason"] for letter in stored("rejected_records_bronze")) == reasons
    assert [row["track_name"] for row in stored("listening_history_bronze")] == ["Song 2"]


def test_a_known_play_with_other_details_is_known_and_kept_beside_the_first(lake, stored):
    take_in_plays(lake, [track(1)], BATCH)
    _, counts = take_in_plays(lake, [track(1, name="Song 1 (Remastered)")], Batch("b2", "ann", AT))
    assert (counts.new, counts.already_known) == (0, 1)
    rows = stored("listening_history_bronze")
    assert {row["track_name"] for row in rows} == {"Song 1", "Song 1 (Remastered)"}
    assert len({row["record_id"] for row in rows}) == 1
    assert [row["batch_id"] for row in stored("import_records_bronze")] == ["b1"]


def test_the_ledger_says_from_when_to_when_the_poll_saw_and_what_it_sent(collect, stored, emulator):
    collect(POLL)
    rows = stored("listening_history_bronze")
    (run,) = stored("ingestion_runs_bronze")
    assert run["newest_at"] == max(row["played_at"] for row in rows)
    assert run["oldest_at"] == min(row["played_at"] for row in rows)
    assert (run["is_full"], run["status"], run["user_id"], run["request_count"]) == (True, "done", "ann", 2)
    assert emulator.request_count("/v1") == 2


@pytest.mark.parametrize(("hour", "least", "most"), [(12, 0, 0), (18, 1, 49)])  # ann's first day, before and after
def test_a_poll_of_fewer_than_fifty_is_not_full(hour, least, most, stored, emulator, sign_in, collect):
    emulator.clock.set(datetime(2026, 9, 25, hour, tzinfo=UTC))
    sign_in("ann")
    collected = collect(POLL)
    assert collected.exit_code == 0 and least <= report(collected).counts.rows <= most
    assert [(run["is_full"], run["status"]) for run in stored("ingestion_runs_bronze")] == [(False, "done")]


def test_a_gap_is_told_once_and_is_the_one_of_the_table_and_lost_plays_are_inside(
    collect, stored, emulator, rows: Callable[..., Any], spark: SparkSession
):
    told: list[str] = []
    for hours in (0, 54, 1):
        emulator.clock.advance(timedelta(hours=hours))
        collect(POLL, say=told.append)
    gap_lines = [line for line in told if "may be missing" in line]
    (gap,) = coverage_gaps(rows("ingestion_runs_bronze", *stored("ingestion_runs_bronze"))).toPandas().itertuples()
    begin, end = (f"{at:%Y-%m-%d %H:%M}" for at in (gap.gap_start_at, gap.gap_end_at))
    assert len(gap_lines) == 1 and f"Plays of ann between {begin} and {end} UTC" in gap_lines[0]
    offered = {at.replace(microsecond=0) for _, at in emulator.offered("ann")}
    first = min(offered)
    heard = emulator.play_truth("ann").query("is_listable")
    lost = [at for at in heard["ended_at"] if at >= first and at.to_pydatetime() not in offered]
    assert len(lost) > 20
    start, stop = (at.tz_localize("UTC") if at.tzinfo is None else at for at in (gap.gap_start_at, gap.gap_end_at))
    assert all(start <= at <= stop for at in lost)


@pytest.mark.parametrize("fault", ["truncated_bodies", "html_bodies", "empty_bodies", "server_errors"])
def test_an_answer_that_cannot_be_read_is_a_failed_run_and_never_no_new_plays(fault, collect, stored, emulator):
    emulator.faults.update({fault: 1.0, "services": ["spotify"]})
    failed = collect(POLL)
    assert failed.exit_code == 1 and report(failed).error
    (run,) = stored("ingestion_runs_bronze")
    assert (run["status"], run["row_count"], run["newest_at"]) == ("failed", 0, None)
    assert run["error"] == str(report(failed).error)
    emulator.faults.update({fault: 0.0})
    assert report(collect(POLL)).counts.new == 50


@pytest.mark.parametrize("fault", ["server_errors", "truncated_bodies", "retry_after_empty", "retry_after_malformed"])
def test_a_burst_of_bad_answers_is_ridden_out(fault, collect, emulator):
    emulator.faults.update({"script": [fault] * 3, "services": ["spotify"]})
    collected = collect(POLL)
    assert (collected.exit_code, report(collected).counts.new) == (0, 50)
    assert emulator.request_count("/v1") == 5


@pytest.mark.parametrize("dies_before", ["import_records_bronze", "listening_history_bronze", "ingestion_runs_bronze"])
def test_a_run_that_dies_between_writes_loses_and_doubles_nothing(dies_before, collect, stored, emulator, monkeypatch):
    class DeadError(BaseException):
        pass

    def dying(write: Callable[..., Any]) -> Callable[..., Any]:
        def run(lake: Lake, table: Any, rows: Any) -> Any:
            if table.name == dies_before:
                raise DeadError
            return write(lake, table, rows)

        return run

    with monkeypatch.context() as patched:
        patched.setattr(polls, "append_unknown", dying(polls.append_unknown))
        patched.setattr(polls, "append_rows", dying(polls.append_rows))
        with pytest.raises(DeadError):
            collect(POLL)
    emulator.clock.advance(timedelta(minutes=1))
    collected = collect(POLL)
    assert (collected.exit_code, report(collected).counts.rows) == (0, 50)
    records = [row["record_id"] for row in stored("listening_history_bronze")]
    assert len(records) == len(set(records)) and kept(stored) == emulator.offered("ann")
    assert {row["record_id"] for row in stored("import_records_bronze")} == set(records)


def test_two_listeners_with_the_same_play_each_keep_their_own(lake, stored):
    for user_id in ("ann", "ben"):
        _, counts = take_in_plays(lake, [track(1)], Batch(f"of-{user_id}", user_id, AT))
        assert counts.new == 1
    assert {row["user_id"] for row in stored("listening_history_bronze")} == {"ann", "ben"}


def test_a_play_at_the_turn_of_a_month_is_known_again(lake):
    items = [track(1, "2026-09-30T23:59:59.999Z"), track(1, "2026-10-01T00:00:00.000Z")]
    assert [take_in_plays(lake, items, BATCH)[1].new for _ in range(2)] == [2, 0]
    assert sorted(lake.open(listening_history_bronze).to_pyarrow_table()["played_month"].to_pylist()) == [
        "2026-09",
        "2026-10",
    ]


def test_plays_that_were_watched_are_kept_once_for_each_listener_with_a_run_in_the_ledger(lake, stored):
    item = {"id": "1" * 22, "name": "Song", "duration_ms": 200_000, "type": "track", "artists": [{"name": "Band"}]}
    ends = ("2026-10-20T11:03:00.000Z", "2026-10-20T11:08:00.000Z")
    heard = [
        {"item": item, "started_at": "2026-10-20T11:00:00Z", "ended_at": end, "ms_played": 170_000} for end in ends
    ]
    ann = [to_bronze(one, "ann") for one in heard]
    keep_observed(lake, [*ann, to_bronze(heard[0], "ben")])
    keep_observed(lake, ann[:1])  # a watcher that was killed gives a play again
    rows = stored("listening_history_bronze")
    assert sorted((row["user_id"], row["played_at"].minute, row["ms_played"]) for row in rows) == [
        ("ann", 3, 170_000),
        ("ann", 8, 170_000),
        ("ben", 3, 170_000),
    ]
    runs = stored("ingestion_runs_bronze")
    assert {run["source"] for run in runs} == {"currently_playing"}
    told = sorted((run["user_id"], run["row_count"], run["new_count"], run["known_count"]) for run in runs)
    assert told == [("ann", 1, 0, 1), ("ann", 2, 2, 0), ("ben", 1, 1, 0)]
    assert len(stored("import_records_bronze")) == 3
