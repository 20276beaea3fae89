"""Reading the lake: released versions, by name, and without any way to change it or to reach other files."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from config.errors import InputError
from config.settings import Settings
from ingestion.history import import_history
from pipeline import build, table_named
from schemas.lake import Lake
from serving.lake_reader import open_reader
from serving.status import lake_status
from writers.delta import replace

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture(scope="module")
def built(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake with one play, its tables released, and a further version of `tracks` that no release names."""
    folder = tmp_path_factory.mktemp("reader")
    settings = Settings(_env_file=None, lake_uri=str(folder / "lake"), state_dir=folder / "state")
    lake = Lake(settings.lake_uri)
    play: dict[str, Any] = {"ts": "2024-07-01T12:30:00Z", "ms_played": 180_000, "spotify_track_uri": "spotify:track:t1"}
    names = {"master_metadata_track_name": "Blue", "master_metadata_album_artist_name": "Ann"}
    (folder / "endsong_0.json").write_text(json.dumps([play | names]))
    import_history(spark, lake, [folder / "endsong_0.json"])
    build(spark, settings, as_of=date(2024, 7, 2))
    replace(lake, table_named("tracks"), spark.createDataFrame([], table_named("tracks").ddl))
    return lake


def test_silver_is_read_at_its_released_version_and_not_at_a_newer_one(built: Lake) -> None:
    assert built.open(table_named("tracks")).to_pyarrow_table().num_rows == 0
    assert open_reader(built).execute("SELECT track_id, track_name FROM tracks").fetchall() == [("t1", "Blue")]


def test_tables_stand_by_their_names_and_join(built: Lake) -> None:
    query = "SELECT count(*) FROM plays JOIN listening_with_features USING (play_id)"
    assert open_reader(built).execute(query).fetchall() == [(1,)]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_instants_are_plain_utc_whatever_the_zone_of_the_machine(
    zone: str, built: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        found = open_reader(built).execute("SELECT played_at FROM plays").fetchall()
    finally:
        monkeypatch.undo()
        time.tzset()
    assert found == [(datetime(2024, 7, 1, 12, 30),)]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM plays",
        "UPDATE plays SET listened_ms = 0",
        "INSERT INTO plays SELECT * FROM plays",
        "COPY plays TO '{lake}/stolen.csv'",
        "COPY (SELECT 1) TO '{lake}/bronze/stolen.parquet' (FORMAT parquet)",
        "ATTACH '{lake}/new.duckdb' AS other",
        "SELECT * FROM read_csv('{lake}/../endsong_0.json')",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/etc/*')",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "EXPORT DATABASE '{lake}/all'",
    ],
)
def test_the_lake_cannot_be_changed_and_no_other_file_reached(statement: str, built: Lake) -> None:
    before = {path: path.stat().st_mtime_ns for path in built.local.rglob("*")}
    with pytest.raises(duckdb.Error):
        open_reader(built).execute(statement.format(lake=built.root)).fetchall()
    assert {path: path.stat().st_mtime_ns for path in built.local.rglob("*")} == before


def test_variables_of_the_program_are_no_tables(built: Lake) -> None:
    import pyarrow as pa

    secret = pa.table({"secret": [1]})
    assert secret.num_rows == 1
    with pytest.raises(duckdb.Error, match="secret"):
        open_reader(built).execute("SELECT * FROM secret")


def test_an_address_without_tables_is_no_lake(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for read in (open_reader, lake_status):
        with pytest.raises(InputError, match=r"There is no lake at .*photos yet\. Bring in your history"):
            read(Lake(str(tmp_path / "photos")))


def test_the_state_of_a_lake_gives_released_rows_listeners_and_sources_of_features(built: Lake) -> None:
    status = lake_status(built)
    tables = {row["table"]: row for row in status["tables"]}
    assert status["lake"] == built.root
    assert (tables["tracks"]["rows"], tables["plays"]["rows"], tables["listening_history_bronze"]["rows"]) == (1, 1, 1)
    assert tables["tracks"]["version"] == built.open(table_named("tracks")).version() - 1
    assert status["listeners"] == [{"user_id": "me", "is_simulated": False}]
    assert status["feature_shares"] == {"none": 1.0}
