"""What is exported is what the newest release shows: whole, or of one listener, in files that others can read."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from config.errors import InputError
from config.settings import Settings
from pipeline import table_named
from schemas.lake import Lake
from serving.exporting import export
from serving.table_history import table_history
from writers.records import append_rows

AT = datetime(2024, 5, 9, 12, 30, tzinfo=UTC)
FILLER = {"STRING": "x", "INT": 0, "BIGINT": 0, "DOUBLE": 0.0, "BOOLEAN": False, "TIMESTAMP": AT, "DATE": AT.date()}


def put(lake: Lake, name: str, *given: dict[str, Any]) -> None:
    table = table_named(name)
    filler = {c.name: None if c.nullable else FILLER[c.type] for c in table.columns}
    append_rows(lake, table, [filler | row for row in given])


@pytest.fixture
def released(lake: Lake) -> Lake:
    """Two listeners with a streak each, a third row that came after the release, and records of plays."""
    put(lake, "listeners", {"user_id": "ann"}, {"user_id": "ben", "is_simulated": True})
    streaks = [{"user_id": user, "streak_kind": "listening"} for user in ("ann", "ben")]
    put(lake, "listening_streaks", *streaks)
    version = lake.open(table_named("listening_streaks")).version()
    put(lake, "listening_streaks", {"user_id": "after", "streak_kind": "listening"})
    put(
        lake,
        "listening_history_bronze",
        *(
            {"user_id": user, "record_id": user, "source": "recently_played", "kind": "track", "played_at": AT}
            for user in ("ann", "ben")
        ),
    )
    release = {"status": "released", "release": json.dumps({"listening_streaks": version}), "fingerprints": "{}"}
    put(lake, "pipeline_runs", {"run_id": "the-build", **release})
    return lake


def users(file: Path) -> list[str]:
    return sorted(row["user_id"] for row in pq.read_table(file).to_pylist())


def test_a_made_table_is_exported_as_it_was_released(released: Lake, settings: Settings, tmp_path: Path) -> None:
    done = export(settings, ["listening_streaks"], tmp_path / "out", format="parquet")
    assert users(tmp_path / "out" / "listening_streaks.parquet") == ["ann", "ben"]
    assert [(one.table, one.rows) for one in done.tables] == [("listening_streaks", 2)]
    assert done.is_simulated


@pytest.mark.parametrize("name", ["listening_streaks", "listening_history_bronze"])
def test_with_a_listener_only_their_rows_are_written(
    name: str, released: Lake, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "one.parquet"
    done = export(settings, [name], file, format="parquet", user_id="ann")
    assert users(file) == ["ann"]
    assert not done.is_simulated


def test_a_csv_has_a_heading_and_times_in_utc(released: Lake, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "plays.csv"
    export(settings, ["listening_history_bronze"], file, format="csv", user_id="ben")
    with file.open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["user_id"], row["played_at"]) == ("ben", "2024-05-09 12:30:00")


def test_one_duckdb_file_holds_every_released_table_with_its_description(
    released: Lake, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "lake.duckdb"
    file.write_bytes(b"an older one")
    export(settings, [], file, format="duckdb")
    with duckdb.connect(str(file), read_only=True) as connection:
        tables = connection.execute("SELECT table_name, comment FROM duckdb_tables()").fetchall()
        found = connection.execute("SELECT user_id FROM listening_streaks ORDER BY ALL").fetchall()
    assert tables == [("listening_streaks", table_named("listening_streaks").description)]
    assert found == [("ann",), ("ben",)]
    assert [path.name for path in tmp_path.iterdir() if path.suffix in (".part", ".spill")] == []


@pytest.mark.parametrize(
    ("names", "user", "message"),
    [
        ([], None, "No table is named"),
        (["nonsense"], None, "There is no table nonsense"),
        (["plays"], None, "plays is not in the newest release"),
        (["kaggle_tracks_bronze"], None, "kaggle_tracks_bronze is not in the newest release"),
        (["pipeline_runs"], "ann", "is not about single listeners"),
        (["listening_streaks"], "nobody", "There is no listener nobody"),
    ],
)
def test_what_cannot_be_exported_is_said_and_nothing_is_written(
    names: list[str], user: str | None, message: str, released: Lake, settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        export(settings, names, tmp_path / "out", format="parquet", user_id=user)
    assert not (tmp_path / "out").exists()


def test_the_history_of_a_table_says_what_each_version_changed_and_which_is_shown(released: Lake) -> None:
    newest, shown, *before = table_history(released, table_named("listening_streaks"), 10)
    assert (newest.rows, newest.rows_added, newest.rows_removed, newest.release_runs) == (3, 1, 0, ())
    assert (shown.rows, shown.rows_added, shown.release_runs) == (2, 2, ("the-build",))
    assert [one.is_shown for one in (newest, shown, *before)] == [False, True] + [False] * len(before)
    assert {one.rows for one in before} == {0}


def test_a_version_whose_files_are_gone_cannot_be_opened(released: Lake) -> None:
    table = table_named("listening_streaks")
    for uri in released.open(table, table_history(released, table, 2)[1].version).file_uris():
        Path(uri.removeprefix("file://")).unlink()
    assert [one.can_be_opened for one in table_history(released, table, 3)] == [False, False, True]
