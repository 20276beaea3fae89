"""Listening history into bronze: receipts that add up, nothing taken in by halves, nothing private on the disk."""

import json
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from config.errors import InputError
from emulator.export_files import count_export_rows, write_account_data, write_extended_export
from emulator.simulator import simulate
from ingestion.history import import_history
from ingestion.listeners import read_listeners
from ingestion.receipts import Receipt
from schemas.bronze import (
    import_records_bronze,
    ingestion_runs_bronze,
    listening_history_bronze,
    rejected_records_bronze,
)
from schemas.declaration import Table
from schemas.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Take = Callable[..., Receipt]


def song(minute: int, **changes: Any) -> dict[str, Any]:
    """One entry of today's schema, with all that may not reach the disk."""
    return {
        "ts": f"2024-05-{1 + minute // 1440:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:00Z",
        "platform": "ios",
        "ms_played": 180_000,
        "ip_addr": "203.0.113.77",
        "user_agent_decrypted": "SecretAgent/7",
        "username": "private.name",
        "spotify_track_uri": f"spotify:track:t{minute}",
        "master_metadata_track_name": f"Song {minute}",
        "master_metadata_album_artist_name": "Ann",
        **changes,
    }


def episode(minute: int) -> dict[str, Any]:
    nothing = {"spotify_track_uri": None, "master_metadata_track_name": None}
    return song(minute, **nothing, episode_name=f"Episode {minute}", episode_show_name="Talk")


def audiobook(minute: int) -> dict[str, Any]:
    nothing = {"spotify_track_uri": None, "master_metadata_track_name": None}
    return song(minute, **nothing, audiobook_title="Emma", audiobook_chapter_title=f"Chapter {minute}")


def put(path: Path, *entries: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


def stored(lake: Lake, table: Table = listening_history_bronze) -> list[dict[str, Any]]:
    return lake.open(table).to_pyarrow_table().to_pylist() if lake.has(table) else []


def counts(receipt: Receipt) -> dict[str, tuple[int, ...]]:
    """new, already known, duplicate in the file, rejected, of the new no music: by file."""
    return {
        f.file: (f.new, f.already_known, f.duplicate_in_file, f.rejected, f.not_music)
        for f in (*receipt.files, receipt.total)
    }


@pytest.fixture
def take(spark: "SparkSession", lake: Lake) -> Take:
    def import_(*paths: Path, user_id: str | None = None) -> Receipt:
        return import_history(spark, lake, list(paths), user_id=user_id)

    return import_


def test_each_row_of_each_file_has_one_fate(take: Take, lake: Lake, tmp_path: Path) -> None:
    put(tmp_path / "in/endsong_0.json", song(1), song(2), song(2), {"ts": "never"}, 7, episode(3))
    put(tmp_path / "in/endsong_1.json", song(2), song(4), audiobook(5), song(6, ms_played=-1), song(4))
    receipt = take(tmp_path / "in")
    assert counts(receipt) == {
        "endsong_0.json": (3, 0, 1, 2, 1),
        "endsong_1.json": (2, 1, 1, 1, 1),
        "total": (5, 1, 2, 3, 2),
    }
    assert [file.rows for file in receipt.files] == [6, 5] and receipt.total.rows == 11
    assert receipt.files[0].reasons == {
        "the time of the play is missing or cannot be read": 1,
        "the entry is no JSON object": 1,
    }
    assert receipt.files[1].reasons == {"ms_played is negative or too large": 1}
    assert sorted((row["kind"], row["track_name"] or row["episode_name"]) for row in stored(lake)) == [
        ("audiobook", "Chapter 5"),
        ("episode", "Episode 3"),
        ("track", "Song 1"),
        ("track", "Song 2"),
        ("track", "Song 4"),
    ]


def test_the_receipt_as_json_has_the_documented_fields_and_adds_up(take: Take, tmp_path: Path) -> None:
    body = take(put(tmp_path / "endsong_0.json", song(1), song(1), 7, episode(2))).to_json()
    fields = {"rows": 4, "new": 2, "already_known": 0, "duplicate_in_file": 1, "rejected": 1, "not_music": 1}
    fields |= {"reasons": {"the entry is no JSON object": 1}}
    assert body.pop("batch_id")
    assert json.loads(json.dumps(body)) == {"files": [{"file": "endsong_0.json", **fields}], "total": fields}


def test_importing_again_adds_nothing_and_counts_every_row_as_known(take: Take, lake: Lake, tmp_path: Path) -> None:
    path = put(tmp_path / "endsong_0.json", song(1), song(2), song(2), 7)
    take(path)
    before, letters = stored(lake), stored(lake, rejected_records_bronze)
    assert counts(take(path))["total"] == (0, 2, 1, 1, 0)
    assert stored(lake) == before
    assert stored(lake, rejected_records_bronze) == letters


def test_two_exports_that_overlap_make_their_union(take: Take, lake: Lake, tmp_path: Path) -> None:
    take(put(tmp_path / "a/endsong_0.json", *map(song, range(0, 60))))
    receipt = take(put(tmp_path / "b/endsong_0.json", *map(song, range(40, 100))))
    assert counts(receipt)["total"] == (40, 20, 0, 0, 0)
    assert sorted(row["track_id"] for row in stored(lake)) == sorted(f"t{n}" for n in range(100))


def test_a_renamed_track_is_known_and_stored_as_a_further_revision(take: Take, lake: Lake, tmp_path: Path) -> None:
    take(put(tmp_path / "a/endsong_0.json", song(1)))
    receipt = take(put(tmp_path / "b/endsong_0.json", song(1, master_metadata_track_name="Song 1 (Remastered)")))
    assert counts(receipt)["total"] == (0, 1, 0, 0, 0)
    assert sorted(row["track_name"] for row in stored(lake)) == ["Song 1", "Song 1 (Remastered)"]
    assert len({row["record_id"] for row in stored(lake)}) == 1


@pytest.mark.parametrize("content", ['[{"ts": "2024-05-01T00:00:00Z", "ms_pl', '{"plays": []}', "", "[1, 2"])
def test_a_broken_file_is_named_and_changes_nothing_and_the_others_go_in(
    content: str, take: Take, lake: Lake, tmp_path: Path
) -> None:
    put(tmp_path / "in/endsong_0.json", song(1))
    (tmp_path / "in/endsong_1.json").write_text(content)
    put(tmp_path / "in/endsong_2.json", song(2))
    receipt = take(tmp_path / "in")
    assert [file.file for file in receipt.broken] == ["endsong_1.json"]
    assert counts(receipt)["endsong_1.json"] == (0, 0, 0, 0, 0)
    assert sorted(row["track_id"] for row in stored(lake)) == ["t1", "t2"]
    assert stored(lake, rejected_records_bronze) == []
    assert [run["status"] for run in stored(lake, ingestion_runs_bronze)] == ["partial"]


def test_rows_before_the_break_of_a_long_file_do_not_go_in(take: Take, lake: Lake, tmp_path: Path) -> None:
    path = put(tmp_path / "endsong_0.json", *map(song, range(6_000)), *[7] * 6_000)
    path.write_text(path.read_text()[:-30])
    receipt = take(path)
    assert len(receipt.broken) == 1 and receipt.total.rows == 0
    assert not Path(lake.root, "bronze").exists()  # nothing could be read, so nothing is written


def test_dead_letters_keep_place_reason_and_allowed_fields(take: Take, lake: Lake, tmp_path: Path) -> None:
    take(put(tmp_path / "endsong_0.json", song(1), song(2, ms_played=-1), 7))
    letters = sorted(stored(lake, rejected_records_bronze), key=lambda row: row["row_number"])
    assert [(row["file"], row["source"], row["row_number"], row["reason"]) for row in letters] == [
        ("endsong_0.json", "extended_history", 2, "ms_played is negative or too large"),
        ("endsong_0.json", "extended_history", 3, "the entry is no JSON object"),
    ]
    private = {"ip_addr", "user_agent_decrypted", "username"}
    wanted = {key: value for key, value in song(2, ms_played=-1).items() if key not in private}
    assert json.loads(letters[0]["payload"]) == wanted


def test_as_many_dead_letters_as_rejected_rows_though_files_share_a_name(
    take: Take, lake: Lake, tmp_path: Path
) -> None:
    put(tmp_path / "in/a/endsong_0.json", song(1), 7)
    put(tmp_path / "in/b/endsong_0.json", song(2), 8)
    receipt = take(tmp_path / "in")
    assert receipt.total.rejected == 2
    assert len(stored(lake, rejected_records_bronze)) == 2


def test_more_dead_letters_than_a_chunk_holds_are_all_kept(take: Take, lake: Lake, tmp_path: Path) -> None:
    receipt = take(put(tmp_path / "endsong_0.json", song(1), *({"n": n} for n in range(5_001))))
    assert counts(receipt)["total"] == (1, 0, 0, 5_001, 0)
    assert sorted(row["row_number"] for row in stored(lake, rejected_records_bronze)) == list(range(2, 5_003))


def test_addresses_user_agents_and_names_reach_no_file_of_the_lake(
    take: Take, lake: Lake, settings: Any, tmp_path: Path
) -> None:
    simulation = simulate(days=40, plays_per_day=20, user_id="private-listener-name")
    write_extended_export(simulation, tmp_path / "sim.zip")
    with zipfile.ZipFile(tmp_path / "sim.zip") as archive:
        text = b"".join(archive.read(name) for name in archive.namelist() if name.endswith(".json")).decode()
    addresses = set(re.findall(r'"ip_addr(?:_decrypted)?":"([^"]+)"', text))
    assert len(addresses) > 20 and "user_agent_decrypted" in text
    put(tmp_path / "real/endsong_0.json", song(1), song(2, ms_played=-1), song(3, ts="never"), episode(4))
    real = Lake(str(tmp_path / "lake-of-a-person"))
    take(tmp_path / "sim.zip")
    import_history(take_session(take), real, [tmp_path / "real"])
    secrets = [*addresses, "203.0.113.77", "SecretAgent", "private.name", "user_agent_decrypted", "ip_addr"]
    for root in (lake.local, real.local):
        files = [path for path in root.rglob("*") if path.is_file()]
        assert len(files) > 5
        found = {secret for path in files for secret in secrets if secret.encode() in path.read_bytes()}
        columns = {str(value) for table in (listening_history_bronze, rejected_records_bronze)
                   for row in stored(Lake(str(root)), table) for value in row.values()}  # fmt: skip
        assert found | {secret for secret in secrets for value in columns if secret in value} == set()


def take_session(take: Take) -> "SparkSession":
    """The session that the fixture works with."""
    return next(cell.cell_contents for cell in take.__closure__ or () if hasattr(cell.cell_contents, "sql"))


def test_a_simulated_export_is_taken_in_whole_and_marked_with_its_zones(take: Take, lake: Lake, tmp_path: Path) -> None:
    simulation = simulate(days=120, plays_per_day=5, user_id="sim")
    write_extended_export(simulation, tmp_path / "sim.zip", rows_per_file=250)
    expected = count_export_rows(simulation, 250)
    receipt = take(tmp_path / "sim.zip")
    assert (receipt.total.rows, receipt.total.duplicate_in_file) == (expected.rows, expected.duplicates)
    assert receipt.total.new == expected.plays == len(stored(lake))
    assert receipt.total.not_music == (simulation.plays["kind"] != "track").sum()
    found = [(row["user_id"], row["valid_from"], row["time_zone"], row["is_simulated"]) for row in read_listeners(lake)]
    assert sorted(found, key=str) == sorted(
        (("sim", zone.valid_from, zone.time_zone, True) for zone in simulation.zones), key=str
    )


def test_the_unpacked_folder_of_a_zip_is_known_after_the_zip(take: Take, tmp_path: Path) -> None:
    simulation = simulate(days=30, plays_per_day=5)
    write_extended_export(simulation, tmp_path / "sim.zip")
    with zipfile.ZipFile(tmp_path / "sim.zip") as archive:
        archive.extractall(tmp_path / "folder")
    first, again = take(tmp_path / "sim.zip"), take(tmp_path / "folder")
    assert (again.total.new, again.total.already_known) == (0, first.total.new)


def test_account_data_is_taken_in(take: Take, lake: Lake, tmp_path: Path) -> None:
    simulation = simulate(days=30, plays_per_day=5)
    write_account_data(simulation, tmp_path / "account.zip")
    receipt = take(tmp_path / "account.zip")
    assert receipt.total.rows == (simulation.plays["kind"] == "track").sum()
    assert receipt.total.new == len(stored(lake))
    assert {(row["source"], row["track_id"]) for row in stored(lake)} == {("account_data", None)}


PLAYS = [
    {
        "track_id": f"t{n}",
        "played_at": f"2025-01-0{n}T10:00:00Z",
        "track_name": "x",
        "artist_name": "Ann",
        "album_name": None,
        "duration_ms": 200_000,
    }
    for n in range(1, 6)
]


def test_a_csv_and_a_delta_table_of_the_same_plays_are_the_same_records(take: Take, lake: Lake, tmp_path: Path) -> None:
    table = pa.Table.from_pylist([row | {"weekday": "Mon"} for row in PLAYS])
    write_deltalake(tmp_path / "theirs", table, partition_by=["weekday"])
    lines = [",".join(PLAYS[0]), *(",".join("" if v is None else str(v) for v in row.values()) for row in PLAYS)]
    (tmp_path / "plays.csv").write_text("\n".join(lines))
    assert counts(take(tmp_path / "plays.csv"))["total"] == (5, 0, 0, 0, 0)
    assert counts(take(tmp_path / "theirs"))["total"] == (0, 5, 0, 0, 0)
    assert {(row["source"], row["track_id"], row["duration_ms"]) for row in stored(lake)} == {
        ("recently_played", f"t{n}", 200_000) for n in range(1, 6)
    }


def test_a_foreign_bronze_table_is_refused_untouched_with_the_next_step_and_can_then_be_imported(
    spark: "SparkSession", lake: Lake, take: Take, tmp_path: Path
) -> None:
    where = Path(lake.path(listening_history_bronze))
    where.parent.mkdir(parents=True)
    write_deltalake(where, pa.Table.from_pylist(PLAYS))
    before = {path: path.read_bytes() for path in lake.local.rglob("*") if path.is_file()}
    with pytest.raises(InputError) as error:
        take(put(tmp_path / "endsong_0.json", song(1)))
    assert f"Another program made the table at {where}" in str(error.value)
    assert f"Set LAKE_URI to a new folder, then bring its plays in with `lakesong import {where}`." in str(error.value)
    assert {path: path.read_bytes() for path in lake.local.rglob("*") if path.is_file()} == before
    other = Lake(str(tmp_path / "new"))
    assert import_history(spark, other, [where]).total.new == 5


def test_simulated_and_real_listeners_are_not_mixed(take: Take, lake: Lake, tmp_path: Path) -> None:
    write_extended_export(simulate(days=30, plays_per_day=2), tmp_path / "sim.zip")
    take(put(tmp_path / "endsong_0.json", song(1)))
    with pytest.raises(InputError, match="holds a real listener; a simulated one is not mixed in"):
        take(tmp_path / "sim.zip")
    assert [row["track_id"] for row in stored(lake)] == ["t1"]


def test_a_simulated_lake_takes_no_real_history(take: Take, lake: Lake, tmp_path: Path) -> None:
    write_extended_export(simulate(days=30, plays_per_day=2), tmp_path / "sim.zip")
    rows = take(tmp_path / "sim.zip").total.new
    with pytest.raises(InputError, match="holds a simulated listener; a real one is not mixed in"):
        take(put(tmp_path / "endsong_0.json", song(1)))
    assert len(stored(lake)) == rows


def test_simulated_and_real_files_in_one_import_are_refused(take: Take, lake: Lake, tmp_path: Path) -> None:
    write_extended_export(simulate(days=30, plays_per_day=2), tmp_path / "sim.zip")
    with pytest.raises(InputError):
        take(tmp_path / "sim.zip", put(tmp_path / "endsong_9.json", song(1)))
    assert stored(lake) == []


def test_an_import_that_took_nothing_in_does_not_settle_whether_listeners_are_real(
    take: Take, lake: Lake, tmp_path: Path
) -> None:
    broken = tmp_path / "endsong_0.json"
    broken.write_text("[{")
    assert take(broken).total.rows == 0
    assert read_listeners(lake) == []


def test_an_export_refused_for_lack_of_room_leaves_no_lake(
    take: Take, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path / "endsong_0.json", song(1))
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1024})())
    with pytest.raises(InputError, match="this import needs about 64 MB"):
        take(path)
    assert not lake.local.exists()


def test_records_of_two_listeners_are_kept_apart(take: Take, lake: Lake, tmp_path: Path) -> None:
    path = put(tmp_path / "endsong_0.json", song(1))
    assert counts(take(path, user_id="ann"))["total"] == counts(take(path, user_id="bob"))["total"]
    assert sorted((row["user_id"], row["track_id"]) for row in stored(lake)) == [("ann", "t1"), ("bob", "t1")]


def test_the_batch_follows_the_content_and_the_listener(take: Take, tmp_path: Path) -> None:
    here = put(tmp_path / "here/endsong_0.json", song(1))
    there = put(tmp_path / "there/endsong_0.json", song(1))
    other = put(tmp_path / "other/endsong_0.json", song(2))
    batch = take(here).batch_id
    assert take(there).batch_id == batch
    assert take(other).batch_id != batch
    assert take(here, user_id="bob").batch_id != batch


def test_every_import_that_brought_a_record_is_kept(take: Take, lake: Lake, tmp_path: Path) -> None:
    first = take(put(tmp_path / "a/endsong_0.json", song(1), song(2))).batch_id
    second = take(put(tmp_path / "b/endsong_0.json", song(2), song(3))).batch_id
    names = {row["record_id"]: row["track_id"] for row in stored(lake)}
    brought = sorted((names[row["record_id"]], row["batch_id"]) for row in stored(lake, import_records_bronze))
    assert brought == sorted([("t1", first), ("t2", first), ("t2", second), ("t3", second)])
    assert {row["track_id"]: row["batch_id"] for row in stored(lake)} == {"t1": first, "t2": first, "t3": second}


def test_a_run_is_recorded_with_its_counts(take: Take, lake: Lake, tmp_path: Path) -> None:
    begun = datetime.now(UTC)
    batch = take(put(tmp_path / "endsong_0.json", song(1), song(1), 7)).batch_id
    (run,) = stored(lake, ingestion_runs_bronze)
    names = ("row_count", "new_count", "known_count", "duplicate_count", "rejected_count")
    assert (run["batch_id"], run["status"], run["error"], run["user_id"]) == (batch, "done", None, "me")
    assert [run[name] for name in names] == [3, 1, 0, 1, 1]
    assert begun <= run["started_at"] <= run["finished_at"]


def test_the_staging_folder_is_gone_after_an_import_and_after_one_that_failed(
    take: Take, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(put(tmp_path / "endsong_0.json", song(1)))
    assert not (lake.local / "staging").exists()

    def fails(*_: Any) -> None:
        raise RuntimeError("the power went out")

    monkeypatch.setattr("ingestion.importing.append_new", fails)
    with pytest.raises(RuntimeError, match="the power went out"):
        take(put(tmp_path / "endsong_1.json", song(2)))
    assert not (lake.local / "staging").exists()
    assert [row["track_id"] for row in stored(lake)] == ["t1"]


def test_an_import_that_was_killed_is_completed_by_running_it_again(
    take: Take, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ingestion import importing

    path = put(tmp_path / "endsong_0.json", song(1), song(2), 7)

    def killed_before_the_history(lake_: Lake, table: Table, *rest: Any) -> None:
        if table is listening_history_bronze:
            raise KeyboardInterrupt
        real(lake_, table, *rest)

    real = importing.append_new
    with monkeypatch.context() as patch:
        patch.setattr(importing, "append_new", killed_before_the_history)
        with pytest.raises(KeyboardInterrupt):
            take(path)
    assert stored(lake) == []
    assert counts(take(path))["total"] == (2, 0, 0, 1, 0)
    assert len(stored(lake)) == 2 and len(stored(lake, import_records_bronze)) == 2
    assert len(stored(lake, rejected_records_bronze)) == 1
