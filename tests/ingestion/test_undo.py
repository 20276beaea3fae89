"""An undo takes out what its batch alone brought, leaves a lake as it would be without it, and survives a kill."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from config.errors import InputError
from config.settings import Settings
from ingestion.batches import read_batches
from ingestion.catalogue import import_catalogue
from ingestion.history import import_history
from ingestion.polls import keep_plays
from ingestion.receipts import FileReceipt
from ingestion.runs import Batch, run_row
from ingestion.synthetic import add_synthetic_features
from ingestion.undo import plan_undo, take_back
from mappers import recently_played
from pipeline import build, declared_tables, table_named
from schemas.bronze import ingestion_runs_bronze
from schemas.lake import Lake
from writers.records import append_rows

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PROJECT = Path(__file__).parents[2]
BUILT = ("plays", "coverage", "track_features")
Import = Callable[..., str]


def song(number: int, **changed: Any) -> dict[str, Any]:
    """One play of an extended export; another number, another track and hour."""
    return {
        "ts": f"2024-05-{number:02d}T12:00:00Z",
        "ms_played": 180_000,
        "spotify_track_uri": f"spotify:track:t{number}",
        "master_metadata_track_name": f"Song {number}",
        "master_metadata_album_artist_name": "Ann",
        "master_metadata_album_album_name": "Album",
        **changed,
    }


@pytest.fixture
def bring(spark: SparkSession, lake: Lake, tmp_path: Path) -> Import:
    """`bring("a", [...])`: import these items from the file endsong_a.json; gives the batch."""

    def run(name: str, items: list[Any], into: Lake = lake) -> str:
        file = tmp_path / f"endsong_{name}.json"
        file.write_text(json.dumps(items))
        return import_history(spark, into, [file], user_id="ann").batch_id

    return run


def stored(lake: Lake, name: str, *columns: str) -> list[Any]:
    table = table_named(name)
    names = list(columns) or [column for column in table.column_names if column != "ingested_at"]
    rows = lake.open(table).to_pyarrow_table(columns=names).to_pylist() if lake.has(table) else []
    return sorted((tuple(row.values()) for row in rows), key=repr)


def bronze_of(lake: Lake) -> dict[str, list[Any]]:
    """All of bronze but the ledger, whose runs differ, and when rows came in."""
    names = (n for n, t in declared_tables().items() if t.layer == "bronze" and n != ingestion_runs_bronze.name)
    return {name: stored(lake, name) for name in names}


def test_what_another_import_brought_too_stays(bring: Import, lake: Lake) -> None:
    first = bring("a", [song(1), song(2), song(3), 7])
    second = bring("b", [song(3), song(4)])
    plan = take_back(lake, first)
    assert plan.counts == {
        "listening_history_bronze": 2,
        "import_records_bronze": 3,
        "rejected_records_bronze": 1,
        "ingestion_runs_bronze": 1,
    }
    assert plan.kept_records == 1
    assert stored(lake, "listening_history_bronze", "track_id") == [("t3",), ("t4",)]
    assert {batch for _, batch in stored(lake, "import_records_bronze", "record_id", "batch_id")} == {second}
    assert stored(lake, "rejected_records_bronze") == []
    ledger = stored(lake, "ingestion_runs_bronze", "source", "batch_id", "status", "user_id")
    assert ledger == [
        ("extended_history", second, "done", "ann"),
        ("undo", first, "done", "ann"),
        ("undo", first, "partial", "ann"),
    ]


def test_other_details_of_a_shared_record_go_with_the_import_that_brought_them(bring: Import, lake: Lake) -> None:
    bring("a", [song(1), song(2)])
    second = bring("b", [song(1, master_metadata_album_album_name="Another"), song(2)])
    take_back(lake, second)
    held = stored(lake, "listening_history_bronze", "track_id", "album_name")
    assert held == [("t1", "Album"), ("t2", "Album")]


def test_the_older_details_go_with_the_older_import_though_the_record_stays(bring: Import, lake: Lake) -> None:
    first = bring("a", [song(1)])
    bring("b", [song(1, master_metadata_album_album_name="Another")])
    take_back(lake, first)
    assert stored(lake, "listening_history_bronze", "track_id", "album_name") == [("t1", "Another")]


def test_nothing_is_left_when_all_that_brought_a_record_are_undone(bring: Import, lake: Lake) -> None:
    batches = [bring("a", [song(1), song(2)]), bring("b", [song(2), song(3)]), bring("c", [song(1), song(3)])]
    for batch in batches:
        take_back(lake, batch)
    assert stored(lake, "listening_history_bronze") == stored(lake, "import_records_bronze") == []


def test_a_dead_letter_stays_where_a_later_import_set_it_aside_too(bring: Import, lake: Lake, tmp_path: Path) -> None:
    first = bring("a", [song(1), 7])
    second = bring("a", [song(2), 7])  # a file of the same name, its second row the same: one letter
    assert len(stored(lake, "rejected_records_bronze")) == 1
    take_back(lake, first)
    assert len(stored(lake, "rejected_records_bronze")) == 1
    take_back(lake, second)
    assert stored(lake, "rejected_records_bronze") == []


def test_an_undone_import_leaves_a_lake_as_if_it_had_never_come_and_imported_again_as_before(
    bring: Import, spark: SparkSession, settings: Settings, lake: Lake, tmp_path: Path
) -> None:
    def built(at: Lake) -> dict[str, list[Any]]:
        add_synthetic_features(spark, at, "missing")
        build(spark, settings.model_copy(update={"lake_uri": at.root}), as_of=date(2024, 6, 1), names=BUILT)
        return {**bronze_of(at), **{name: stored(at, name) for name in BUILT}}

    never = Lake(str(tmp_path / "never"))
    bring("a", [song(1), song(2)], into=never)
    bring("a", [song(1), song(2)])
    later = [song(2), song(3, ts="2024-07-03T12:00:00Z"), song(4)]
    second = bring("b", later)
    add_synthetic_features(spark, lake, "missing")
    both = bronze_of(lake)
    take_back(lake, second)
    assert built(lake) == built(never)
    assert bronze_of(lake) != both
    bring("b", later)
    add_synthetic_features(spark, lake, "missing")
    assert bronze_of(lake) == both


def test_an_undo_is_done_once_and_says_so(bring: Import, lake: Lake) -> None:
    batch = bring("a", [song(1)])
    take_back(lake, batch)
    with pytest.raises(InputError, match=r"was undone on .* already"):
        take_back(lake, batch)
    with pytest.raises(InputError, match="There is no batch nonsense"):
        plan_undo(lake, "nonsense")
    assert [one.batch_id for one in read_batches(lake).values() if one.can_be_undone] == []
    assert bring("a", [song(1)]) == batch
    assert take_back(lake, batch).counts["listening_history_bronze"] == 1


def test_a_dry_plan_changes_nothing(bring: Import, lake: Lake) -> None:
    batch = bring("a", [song(1)])
    before = {name: lake.open(table).version() for name, table in declared_tables().items() if lake.has(table)}
    plan_undo(lake, batch)
    after = {name: lake.open(table).version() for name, table in declared_tables().items() if lake.has(table)}
    assert before == after


def test_a_poll_can_be_taken_back_too(bring: Import, lake: Lake) -> None:
    bring("a", [song(1)])
    item = {
        "played_at": "2024-05-09T10:00:00.000Z",
        "track": {"id": "t9", "name": "Song 9", "type": "track", "duration_ms": 200_000, "artists": [{"name": "Ann"}]},
    }
    at = read_batches(lake)[next(iter(read_batches(lake)))].taken_in_at
    batch = Batch("poll0001", "ann", at)
    counts = keep_plays(lake, [recently_played.to_bronze(item, "ann")], recently_played.SOURCE, batch)
    append_rows(lake, ingestion_runs_bronze, [run_row("poll0001", recently_played.SOURCE, "ann", counts, at, at)])
    assert len(stored(lake, "listening_history_bronze")) == 2
    take_back(lake, "poll0001")
    assert stored(lake, "listening_history_bronze", "track_id") == [("t1",)]


def test_what_a_service_said_of_music_is_not_taken_back(lake: Lake) -> None:
    from datetime import UTC, datetime

    at = datetime(2024, 5, 1, tzinfo=UTC)
    row = run_row("fetched1", "audio_features", None, FileReceipt("x", rows=1, new=1), at, at)
    append_rows(lake, ingestion_runs_bronze, [row])
    with pytest.raises(InputError, match="what a service says of music"):
        plan_undo(lake, "fetched1")


def test_a_catalogue_that_a_later_one_shares_rows_with_goes_after_it(
    spark: SparkSession, lake: Lake, tmp_path: Path
) -> None:
    def artists(name: str, *ids: str) -> str:
        file = tmp_path / name
        file.write_text(json.dumps([{"id": one, "name": one, "genres": ["pop"]} for one in ids]))
        return import_catalogue(spark, lake, file).batch_id

    first, second = artists("one.json", "a", "b"), artists("two.json", "b", "c")
    with pytest.raises(InputError, match=f"lakesong undo {second}` first"):
        take_back(lake, first)
    take_back(lake, second)
    assert stored(lake, "artists_bronze", "artist_id") == [("a",), ("b",)]
    take_back(lake, first)
    assert stored(lake, "artists_bronze") == []


KILLED_AT = """
import os, signal, sys
sys.path.insert(0, sys.argv[4])
from ingestion.undo import take_back
from schemas.lake import Lake

step = 0
def progress(line):
    global step
    if step == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    step += 1
take_back(Lake(sys.argv[1]), sys.argv[2], progress)
"""


@pytest.fixture
def two_imports(bring: Import, spark: SparkSession, lake: Lake, tmp_path: Path) -> tuple[str, Lake]:
    """A lake of two imports that overlap; gives the first, and a copy of the lake in which it was undone."""
    first = bring("a", [song(1), song(2), 7])
    bring("b", [song(2), song(3)])
    add_synthetic_features(spark, lake, "missing")
    whole = Lake(str(tmp_path / "whole"))
    shutil.copytree(lake.root, whole.root)
    take_back(whole, first)
    return first, whole


def is_completed(lake: Lake, batch: str, whole: Lake) -> bool:
    assert read_batches(lake)[batch].state == "begun"
    take_back(lake, batch)
    ledgers = (stored(one, ingestion_runs_bronze.name, "source", "batch_id", "status") for one in (lake, whole))
    return bronze_of(lake) == bronze_of(whole) and next(ledgers) == next(ledgers)


def test_an_undo_that_fails_before_any_of_its_steps_is_completed_by_the_same_undo(
    two_imports: tuple[str, Lake], lake: Lake, tmp_path: Path
) -> None:
    batch, whole = two_imports
    for last in range(6):  # plays, links, invented features, letters, ledger, and the entry of the undo
        failed = Lake(str(tmp_path / f"failed-{last}"))
        shutil.copytree(lake.root, failed.root)
        steps = iter(range(6))

        def fail(line: str, steps: Iterator[int] = steps, last: int = last) -> None:
            if next(steps) == last:
                raise OSError("the disk is gone")

        with pytest.raises(OSError, match="the disk is gone"):
            take_back(failed, batch, fail)
        assert is_completed(failed, batch, whole)


def test_an_undo_that_was_killed_is_completed_by_the_same_undo(two_imports: tuple[str, Lake], lake: Lake) -> None:
    batch, whole = two_imports
    program = [sys.executable, "-c", KILLED_AT, lake.root, batch, "2", str(PROJECT)]
    assert subprocess.run(program, check=False).returncode == -signal.SIGKILL
    assert is_completed(lake, batch, whole)
