"""The Kaggle file is checked before anything is read, and read as it stands."""

import hashlib
from pathlib import Path

import pytest

from clients.kaggle_csv import COLUMNS, check_catalogue, read_catalogue
from config.errors import InputError

HEADER = "," + ",".join(COLUMNS)


def csv(tmp_path: Path, *lines: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    path = tmp_path / "dataset.csv"
    path.write_text("\n".join((header, *lines)) + "\n", encoding=encoding)
    return path


def line(index: int, name: str) -> str:
    return f"{index},t{index},Ann;Bob,Sea,{name},1,2,True,0.1,0.2,3,-4.5,1,0.1,1.01e-06,0.1,0.1,0.1,120.0,4,k-pop"


def test_the_id_of_a_catalogue_is_the_hash_of_its_bytes(tmp_path: Path) -> None:
    path = csv(tmp_path, line(0, "Blue"))
    assert check_catalogue(path) == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_rows_come_as_they_stand_with_the_nameless_column_as_row_index(encoding: str, tmp_path: Path) -> None:
    path = csv(tmp_path, line(7, '"""Weird Al"", live"'), encoding=encoding)
    (row,) = read_catalogue(path)
    assert set(row) == {"row_index", *COLUMNS}
    assert (row["row_index"], row["track_name"], row["instrumentalness"]) == ("7", '"Weird Al", live', "0.1")
    assert (row["acousticness"], row["explicit"], row["artists"]) == ("1.01e-06", "True", "Ann;Bob")


def test_a_row_that_is_too_short_has_nulls_and_one_that_is_too_long_loses_nothing_that_has_a_name(
    tmp_path: Path,
) -> None:
    short, long = read_catalogue(csv(tmp_path, "0,t0,Ann", line(1, "Blue") + ",surplus"))
    assert (short["track_id"], short["artists"], short["track_genre"]) == ("t0", "Ann", None)
    assert long["track_genre"] == "k-pop"


def test_a_missing_file_and_lacking_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"There is no file .*nowhere\.csv"):
        check_catalogue(tmp_path / "nowhere.csv")
    with pytest.raises(InputError, match="lacks the columns valence, tempo"):
        check_catalogue(csv(tmp_path, header=HEADER.replace(",valence,tempo", "")))


def test_a_file_that_is_no_text_is_refused_at_the_header_and_further_down(tmp_path: Path) -> None:
    path = tmp_path / "dataset.csv"
    path.write_bytes(b"\xff\xfe\x00bad")
    with pytest.raises(InputError, match="is no CSV in UTF-8"):
        check_catalogue(path)
    path.write_bytes(HEADER.encode() + b"\n" + (line(0, "Blue") + "\n").encode() * 2000 + b"1,\xe9\n")
    with pytest.raises(InputError, match="is no CSV in UTF-8"):
        list(read_catalogue(path))
