"""Replay: what an older mapper made is mapped again, once, and belongs to whom it belonged."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from ingestion.polls import take_in_plays
from ingestion.receipts import FileReceipt
from ingestion.replay import Replayed, replay_stored
from ingestion.runs import Batch, run_row
from mappers import record
from mappers.catalogue import track_row
from mappers.recently_played import to_bronze
from mappers.record import RejectedError
from schemas.bronze import ingestion_runs_bronze, listening_history_bronze, tracks_bronze
from writers.records import append_rows

if TYPE_CHECKING:
    from schemas.lake import Lake

AT = datetime(2026, 10, 20, 12, tzinfo=UTC)
Stored = Callable[[str], list[dict[str, Any]]]


def play(number: int) -> dict[str, Any]:
    described = {"id": f"{number:022d}", "name": f"Song {number}", "duration_ms": 200_000, "type": "track"}
    return {"played_at": f"2026-10-20T11:{number:02d}:00.000Z", "track": {**described, "artists": [{"name": "Band"}]}}


def poll(lake: Lake, user_id: str, *items: Any) -> FileReceipt:
    batch = Batch(f"of-{user_id}", user_id, AT)
    _, counts = take_in_plays(lake, items, batch)
    append_rows(lake, ingestion_runs_bronze, [run_row(batch.batch_id, "recently_played", user_id, counts, AT, AT)])
    return counts


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A mapper that refuses songs with an odd number, until the returned function is called."""

    def refuse_odd(item: Any, user_id: str) -> Any:
        if int(item["track"]["id"]) % 2:
            raise RejectedError("the song is odd")
        return to_bronze(item, user_id)

    patched = pytest.MonkeyPatch()
    patched.setattr("mappers.recently_played.to_bronze", refuse_odd)
    return patched.undo


def contents(stored: Stored) -> dict[str, list[dict[str, Any]]]:
    names = ("listening_history_bronze", "import_records_bronze", "rejected_records_bronze", "tracks_bronze")
    return {name: sorted(stored(name), key=str) for name in (*names, "ingestion_runs_bronze")}


def test_a_dead_letter_that_is_a_play_now_becomes_a_record_of_its_listener_once(lake, stored, strict):
    assert poll(lake, "ann", play(1), play(2), play(3)).rejected == 2
    assert poll(lake, "ben", play(5)).rejected == 1
    strict()
    assert replay_stored(lake) == Replayed(payloads=3, recovered=3)
    rows = {(row["user_id"], row["track_name"]) for row in stored("listening_history_bronze")}
    assert rows == {("ann", "Song 1"), ("ann", "Song 2"), ("ann", "Song 3"), ("ben", "Song 5")}
    assert len(stored("import_records_bronze")) == 4
    after = contents(stored)
    assert replay_stored(lake) == Replayed(payloads=3)
    assert contents(stored) == after


def test_a_dead_letter_that_is_none_still_stays_set_aside(lake, stored):
    poll(lake, "ann", {"played_at": "2026-10-20T11:00:00Z", "track": None}, play(2))
    before = contents(stored)
    assert replay_stored(lake) == Replayed(payloads=1, still_rejected=1)
    assert contents(stored) == before


def test_dead_letters_of_one_collection_of_two_listeners_go_to_the_right_one(collect, sign_in, emulator, stored, lake):
    sign_in("ben")
    refused = pytest.MonkeyPatch()

    def refuse(item: Any, user_id: str) -> Any:
        raise RejectedError("refused")

    refused.setattr("mappers.recently_played.to_bronze", refuse)
    collect("recently_played", "catalogue", "audio_features")
    refused.undo()
    letters = len(stored("rejected_records_bronze"))
    assert replay_stored(lake).recovered == letters == 100
    kept = {
        user_id: {
            (row["track_id"], row["played_at"])
            for row in stored("listening_history_bronze")
            if row["user_id"] == user_id
        }
        for user_id in ("ann", "ben")
    }
    assert kept == {user_id: emulator.offered(user_id) for user_id in ("ann", "ben")}


def test_what_an_older_mapper_made_gets_a_revision_and_no_new_record(lake, stored):
    old = to_bronze(play(2), "ann") | {"mapper_version": 0, "revision": "old", "artist_name": None}
    same = to_bronze(play(4), "ann") | {"mapper_version": 0}
    batch = {"batch_id": "b1", "ingested_at": AT}
    append_rows(lake, listening_history_bronze, [old | batch, same | batch])
    track = {"id": "1" * 22, "name": "Song", "artists": [{"id": "a", "name": "Band"}]}
    append_rows(lake, tracks_bronze, [track_row(track) | {"mapper_version": 0, "revision": "old"} | batch])
    assert replay_stored(lake) == Replayed(payloads=3, revised=2)
    rows = [row for row in stored("listening_history_bronze") if row["record_id"] == old["record_id"]]
    assert {(row["revision"] == "old", row["artist_name"]) for row in rows} == {(True, None), (False, "Band")}
    assert len({row["record_id"] for row in stored("listening_history_bronze")}) == 2
    assert {row["mapper_version"] for row in stored("tracks_bronze")} == {0, record.MAPPER_VERSION}
    after = contents(stored)
    assert replay_stored(lake).revised == 0
    assert contents(stored) == after


def test_a_record_whose_identity_would_change_is_left_as_it_is(lake, stored):
    old = to_bronze(play(2), "ann") | {"mapper_version": 0}
    other = json.loads(old["payload"]) | {"played_at": "2026-10-20T11:59:00.000Z"}
    row = old | {"payload": json.dumps(other), "batch_id": "b1", "ingested_at": AT}
    append_rows(lake, listening_history_bronze, [row])
    assert replay_stored(lake) == Replayed(payloads=1)
    assert len(stored("listening_history_bronze")) == 1


def test_an_empty_lake_has_nothing_to_replay(lake):
    assert replay_stored(lake) == Replayed()
