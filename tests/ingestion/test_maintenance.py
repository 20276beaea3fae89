"""Maintenance: fewer files, the same rows, and nothing gone that a release still needs."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from config.errors import PostponedError
from config.lock import run_lock
from config.settings import Settings
from ingestion.maintenance import MANY_FILES, Maintained, maintain, run_maintenance
from pipeline import build, table_named
from schemas import records
from schemas.bronze import listening_history_bronze
from schemas.declaration import Table
from schemas.lake import Lake
from terminal.maintain import print_maintenance
from writers.records import append_rows, arrow_schema
from writers.removal import rewrite

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ZONES = records.listeners
CROWD = MANY_FILES + 1


def add_listeners(lake: Lake, count: int) -> None:
    """One commit, and so one file, each."""
    for number in range(count):
        row = {
            "user_id": f"u{number}",
            "valid_from": datetime(1970, 1, 1, tzinfo=UTC),
            "is_simulated": False,
            "recorded_at": datetime(2024, 1, 1, tzinfo=UTC),
        }
        append_rows(lake, ZONES, [row])


def add_plays(lake: Lake, month: str, count: int) -> None:
    filler: dict[str, Any] = {"STRING": "x", "INT": 0, "BIGINT": 0, "TIMESTAMP": datetime(2024, 1, 1, tzinfo=UTC)}
    given = {c.name: None if c.nullable else filler[c.type] for c in listening_history_bronze.columns}
    for number in range(count):
        at = datetime.fromisoformat(f"{month}-01T00:00:00+00:00") + timedelta(hours=number)
        play = {"record_id": f"{month} {number}", "played_at": at, "played_month": month, "kind": "track"}
        play |= {"source": "extended_history", "track_id": f"t{number}", "track_name": f"Blue {number}"}
        append_rows(lake, listening_history_bronze, [given | play | {"ms_played": 200_000}])


def release(lake: Lake, versions: dict[str, int], days_ago: float) -> None:
    at = datetime.now(UTC) - timedelta(days=days_ago)
    run = {"run_id": f"r{days_ago}", "status": "released", "started_at": at, "finished_at": at}
    run |= {"as_of": date(2024, 1, 1), "engine": "sail", "built": "", "fingerprints": "{}"}
    append_rows(lake, records.pipeline_runs, [run | {"release": json.dumps(versions)}])


def files(lake: Lake, table: Table) -> list[Path]:
    """Data files on the disk, whether the table needs them or not."""
    return sorted(Path(lake.path(table)).glob("**/*.parquet"), key=str)


def data_files(lake: Lake, table: Table) -> list[Path]:
    return [path for path in files(lake, table) if "_delta_log" not in path.parts]


def content(lake: Lake, table: Table, version: int | None = None) -> list[dict[str, Any]]:
    return lake.open(table, version).to_pyarrow_table().sort_by(table.primary_key[0]).to_pylist()


def of(result: list[Maintained], table: Table) -> Maintained:
    return next(one for one in result if one.table == table.name)


def test_many_small_files_become_one_with_the_same_rows(lake: Lake) -> None:
    add_listeners(lake, CROWD)
    before = content(lake, ZONES)
    found = of(maintain(lake), ZONES)
    assert (found.files_before, found.files_after) == (CROWD, 1)
    assert len(lake.open(ZONES).file_uris()) == 1
    assert content(lake, ZONES) == before and len(before) == CROWD


def test_few_files_are_left_as_they_are(lake: Lake) -> None:
    add_listeners(lake, MANY_FILES)
    version = lake.open(ZONES).version()
    assert not of(maintain(lake), ZONES).is_changed
    assert lake.open(ZONES).version() == version


def test_only_the_crowded_month_of_a_monthly_table_is_compacted_and_the_engine_reads_it(
    lake: Lake, spark: SparkSession
) -> None:
    add_plays(lake, "2024-01", CROWD)
    add_plays(lake, "2024-02", 2)
    before = content(lake, listening_history_bronze)
    maintain(lake)
    actions = lake.open(listening_history_bronze).get_add_actions(flatten=True)
    assert sorted(actions.column("partition.played_month").to_pylist()) == ["2024-01", "2024-02", "2024-02"]
    assert content(lake, listening_history_bronze) == before
    frame = spark.read.format("delta").load(lake.path(listening_history_bronze))
    read = {(row["record_id"], row["track_name"]) for row in frame.where("played_month = '2024-01'").collect()}
    assert read == {(f"2024-01 {number}", f"Blue {number}") for number in range(CROWD)}


def test_a_second_maintenance_has_nothing_left_to_do(lake: Lake) -> None:
    add_listeners(lake, CROWD)
    maintain(lake)
    assert not any(one.is_changed for one in maintain(lake))


def test_a_dry_run_changes_nothing_and_says_what_would_be_done(lake: Lake) -> None:
    add_listeners(lake, CROWD)
    junk = Path(lake.path(ZONES)) / "part-left-behind.parquet"
    junk.write_bytes(b"1234567")
    os.utime(junk, (0, time.time() - 40 * 86_400))
    there = sorted(str(path) for path in Path(lake.root).rglob("*"))
    found = of(maintain(lake, dry_run=True), ZONES)
    assert found == Maintained("listeners", "records", CROWD, 1, 1, 7)
    assert sorted(str(path) for path in Path(lake.root).rglob("*")) == there


def test_files_that_were_replaced_stay_for_the_days_given_and_go_then(lake: Lake) -> None:
    add_listeners(lake, CROWD)
    assert of(maintain(lake), ZONES).freed_files == 0
    assert len(data_files(lake, ZONES)) == CROWD + 1
    sizes = sum(path.stat().st_size for path in data_files(lake, ZONES))
    found = of(maintain(lake, keep_days=0), ZONES)
    kept = data_files(lake, ZONES)
    assert (found.freed_files, len(kept)) == (CROWD, 1)
    assert found.freed_bytes == sizes - kept[0].stat().st_size


def test_a_file_that_left_the_table_twice_is_removed_and_counted_once(lake: Lake) -> None:
    """A build that finds the rows as they were goes back to the files before; later ones replace these again."""
    add_listeners(lake, 1)
    first = content(lake, ZONES)
    removed = data_files(lake, ZONES)
    for _ in range(2):
        version = lake.open(ZONES).version()
        rewrite(lake, ZONES, pa.Table.from_pylist([first[0] | {"user_id": "other"}], arrow_schema(ZONES)))
        removed += [path for path in data_files(lake, ZONES) if path not in removed]
        lake.open(ZONES).restore(version)
    rewrite(lake, ZONES, pa.Table.from_pylist(first, arrow_schema(ZONES)))
    sizes = sum(path.stat().st_size for path in removed)
    found = of(maintain(lake, keep_days=0), ZONES)
    assert (found.freed_files, found.freed_bytes) == (3, sizes)
    assert content(lake, ZONES) == first and not any(path.exists() for path in removed)


def test_what_a_killed_run_left_behind_goes_once_it_is_old(lake: Lake) -> None:
    add_listeners(lake, 1)
    old, new = (Path(lake.path(ZONES)) / f"part-{name}.parquet" for name in ("old", "new"))
    for path, days in ((old, 31), (new, 29)):
        path.write_bytes(b"")
        os.utime(path, (0, time.time() - days * 86_400))
    maintain(lake)
    assert (old.exists(), new.exists()) == (False, True)


@pytest.mark.parametrize(("days_ago", "is_newest", "stays"), [(2, False, True), (40, False, False), (40, True, True)])
def test_a_version_stays_readable_while_a_late_or_the_newest_release_names_it(
    lake: Lake, days_ago: float, is_newest: bool, stays: bool
) -> None:
    """Retention is by the day of the release: files are removed as if they had been replaced long ago."""
    add_listeners(lake, CROWD)
    release(lake, {"listeners": lake.open(ZONES).version()}, days_ago)
    released, before = lake.open(ZONES).version(), content(lake, ZONES)
    maintain(lake)
    if not is_newest:
        release(lake, {"listeners": lake.open(ZONES).version()}, 1)
    _make_removals_old(lake, days=35)
    maintain(lake, keep_days=30)
    assert all(path.exists() for path in _files_of(lake, released)) is stays
    if stays:
        assert content(lake, ZONES, released) == before


def _make_removals_old(lake: Lake, days: int) -> None:
    """Write into the log that its files were removed some days earlier than they were."""
    log = Path(lake.path(ZONES)) / "_delta_log"
    for path in [*log.glob("*checkpoint*")]:
        path.unlink()
    for path in log.glob("*.json"):
        _edit(path, "remove", "deletionTimestamp", -days * 86_400_000)


def _edit(entry: Path, kind: str, field: str, change: int) -> None:
    actions = [json.loads(line) for line in entry.read_text().splitlines()]
    for action in actions:
        if kind in action:
            action[kind][field] += change
    entry.write_text("".join(json.dumps(action) + "\n" for action in actions))


def _files_of(lake: Lake, version: int) -> list[Path]:
    return [Path(uri.removeprefix("file://")) for uri in lake.open(ZONES, version).file_uris()]


def _age_log(lake: Lake, versions: int) -> None:
    """Make the first versions 40 days old."""
    for version in range(versions):
        entry = Path(lake.path(ZONES)) / "_delta_log" / f"{version:020d}.json"
        _edit(entry, "commitInfo", "timestamp", -40 * 86_400_000)
        os.utime(entry, (0, time.time() - 40 * 86_400))


def test_old_log_entries_go_and_the_table_reads_as_before(lake: Lake) -> None:
    add_listeners(lake, 4)
    before = content(lake, ZONES)
    _age_log(lake, lake.open(ZONES).version())
    maintain(lake)
    newest = lake.open(ZONES).version()
    log = Path(lake.path(ZONES)) / "_delta_log"
    assert [int(path.stem) for path in log.glob("*.json")] == [newest]
    assert content(lake, ZONES) == before


def test_log_entries_stay_while_a_released_version_needs_them(lake: Lake) -> None:
    add_listeners(lake, 4)
    newest = lake.open(ZONES).version()
    _age_log(lake, newest)
    release(lake, {"listeners": newest - 2}, 1)
    maintain(lake)
    assert len(content(lake, ZONES, newest - 2)) == 2


def test_a_released_version_whose_log_is_gone_does_not_stop_maintenance(lake: Lake) -> None:
    add_listeners(lake, 4)
    _age_log(lake, lake.open(ZONES).version())
    maintain(lake)
    release(lake, {"listeners": 1}, 1)
    assert of(maintain(lake), ZONES).files_after == 4


def test_after_maintenance_tables_that_are_made_stand_as_released_and_a_build_finds_nothing_to_do(
    lake: Lake, settings: Settings, spark: SparkSession
) -> None:
    add_plays(lake, "2024-01", 3)
    day = date(2024, 3, 1)
    build(spark, settings, as_of=day)
    build(spark, settings, as_of=day, full=True)  # every table has replaced files now
    plays = table_named("plays")
    assert of(maintain(lake, keep_days=0), plays).freed_files > 0
    assert build(spark, settings, as_of=day).built == {}
    assert [row["track_name"] for row in content(lake, plays)] == ["Blue 0", "Blue 1", "Blue 2"]


@pytest.mark.long
def test_after_compaction_only_what_reads_the_compacted_month_is_built_again(
    lake: Lake, settings: Settings, spark: SparkSession
) -> None:
    add_plays(lake, "2024-01", CROWD)
    add_plays(lake, "2023-06", 1)
    day = date(2024, 3, 1)
    build(spark, settings, as_of=day)
    maintain(lake)
    again = build(spark, settings, as_of=day).built
    assert "2024-01" in again["plays"] and "2023-06" not in again["plays"]
    assert build(spark, settings, as_of=day).built == {}


def test_maintenance_waits_for_no_other_run(settings: Settings) -> None:
    with run_lock(settings.state_dir, "build"), pytest.raises(PostponedError, match="`lakesong build`"):
        run_maintenance(settings)


def test_a_lake_without_tables_has_nothing_to_maintain(settings: Settings) -> None:
    assert run_maintenance(settings) == []


def test_what_is_printed_names_the_tables_that_changed_and_what_is_freed(capsys: pytest.CaptureFixture[str]) -> None:
    result = [Maintained("listeners", "records", 9, 1, 12, 34_000), Maintained("plays", "silver", 2, 2, 0, 0)]
    print_maintenance(result, dry_run=True)
    printed = capsys.readouterr().out
    assert "records.listeners" in printed and "34.0 kB would be freed" in printed and "plays" not in printed
    print_maintenance(result[1:])
    assert "Nothing to do" in capsys.readouterr().out
