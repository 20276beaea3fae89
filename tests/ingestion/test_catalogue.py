"""The Kaggle catalogue into bronze: every row accounted for."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clients.kaggle_csv import COLUMNS
from config.errors import InputError
from emulator.export_files import catalogue_rows, write_catalogue_csv
from emulator.simulator import simulate
from ingestion.catalogue import import_catalogue, is_taken_in
from schemas.bronze import kaggle_tracks_bronze, rejected_records_bronze
from schemas.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def line(index: int, track: str, genre: str, popularity: int = 5, name: str = "Blue") -> str:
    return f"{index},{track},Ann,Sea,{name},{popularity},200,False,.1,.2,3,-4.5,1,.1,.1,.1,.1,.1,120,4,{genre}"


def csv(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(("," + ",".join(COLUMNS), *lines)), encoding="utf-8")
    return path


def test_every_row_has_one_fate_and_ids_that_repeat_over_genres_are_kept(
    spark: "SparkSession", lake: Lake, tmp_path: Path
) -> None:
    lines = [
        line(0, "t1", "rock", 50),
        line(1, "t1", "pop", 44),
        line(2, "t1", "rock", 50),
        line(3, "t2", "rock"),
        line(4, "t3", "k-pop", name=""),
        line(5, "t2", "rock", 99),
    ]
    receipt = import_catalogue(spark, lake, csv(tmp_path / "dataset.csv", *lines))
    total = receipt.total
    counted = (total.rows, total.new, total.duplicate_in_file, total.already_known, total.rejected, total.not_music)
    assert counted == (6, 3, 2, 0, 1, 0)
    assert total.reasons == {"title or artists are missing": 1}
    rows = lake.open(kaggle_tracks_bronze).to_pyarrow_table().to_pylist()
    assert sorted((row["track_id"], row["track_genre"], row["popularity"], row["row_index"]) for row in rows) == [
        ("t1", "pop", 44, 1),
        ("t1", "rock", 50, 0),
        ("t2", "rock", 5, 3),
    ]
    (letter,) = lake.open(rejected_records_bronze).to_pyarrow_table().to_pylist()
    assert (letter["source"], letter["row_number"], '"track_id": "t3"' in letter["payload"]) == ("kaggle", 5, True)


def test_a_catalogue_with_the_traps_of_the_real_one_adds_up_and_again_adds_nothing(
    spark: "SparkSession", lake: Lake, tmp_path: Path
) -> None:
    simulation = simulate(days=30, plays_per_day=5)
    path = tmp_path / "dataset.csv"
    write_catalogue_csv(simulation, path)
    table = catalogue_rows(simulation)
    usable = table.dropna(subset=["track_name", "artists"])
    keys = usable.drop_duplicates(["track_id", "track_genre"])
    assert not is_taken_in(lake, path)
    first = import_catalogue(spark, lake, path).total
    assert (first.rows, first.new) == (len(table), len(keys))
    assert (first.duplicate_in_file, first.rejected) == (len(usable) - len(keys), len(table) - len(usable)) != (0, 0)
    assert is_taken_in(lake, path)
    again = import_catalogue(spark, lake, path).total
    assert (again.new, again.already_known) == (0, first.new)
    assert lake.open(kaggle_tracks_bronze).to_pyarrow_dataset().count_rows() == first.new
    path.write_text(path.read_text() + line(10**6, "new", "rock") + "\n")
    assert not is_taken_in(lake, path)


def test_a_catalogue_without_the_columns_leaves_no_lake(spark: "SparkSession", lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "dataset.csv").write_text("track_id,artists\nt1,Ann\n")
    with pytest.raises(InputError, match="lacks the columns album_name"):
        import_catalogue(spark, lake, tmp_path / "dataset.csv")
    assert not lake.local.exists()
