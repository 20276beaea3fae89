"""Files of history are found by their format, streamed, and named when they are broken."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from clients.history_files import PLAYS_COLUMNS, BrokenFileError, HistorySet, find_history
from config.errors import InputError

EXTENDED = [{"ts": "2024-01-01T00:00:00Z", "ms_played": 1}]
ACCOUNT = [{"endTime": "2024-01-01 00:00", "msPlayed": 1}]


def write_json(path: Path, body: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
    return path


def write_zip(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def items(found: HistorySet) -> list[Any]:
    return [item for file in found.files for item in file.read()]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Streaming_History_Audio_2022-2023_1.json", "extended_history"),
        ("Streaming_History_Video_2020-2024.json", "extended_history"),
        ("endsong_0.json", "extended_history"),
        ("endvideo_3.json", "extended_history"),
        ("streaming_history_audio_2024.JSON", "extended_history"),
        ("StreamingHistory0.json", "account_data"),
        ("StreamingHistory_music_12.json", "account_data"),
        ("StreamingHistory_podcast_0.json", "account_data"),
    ],
)
def test_the_format_is_known_by_the_name_in_a_folder_and_in_a_zip(name: str, expected: str, tmp_path: Path) -> None:
    write_json(tmp_path / "folder" / "inner" / name, EXTENDED)
    archive = write_zip(tmp_path / "export.zip", {f"Spotify/{name}": json.dumps(EXTENDED).encode()})
    for path in (tmp_path / "folder", archive):
        found = find_history([path])
        assert [(file.name, file.format) for file in found.files] == [(name, expected)]
        assert items(found) == EXTENDED


def test_other_files_of_an_export_are_left_out(tmp_path: Path) -> None:
    for name in ("Userdata.json", "Playlist1.json", "SearchQueries.json", "StreamingHistory_music_0.json"):
        write_json(tmp_path / name, ACCOUNT)
    (tmp_path / "ReadMeFirst.pdf").write_bytes(b"%PDF")
    assert [file.name for file in find_history([tmp_path]).files] == ["StreamingHistory_music_0.json"]


def test_what_a_mac_adds_to_a_zip_is_left_out(tmp_path: Path) -> None:
    good, fork = "Streaming_History_Audio_2024_0.json", "__MACOSX/._Streaming_History_Audio_2024_0.json"
    archive = write_zip(tmp_path / "again.zip", {good: json.dumps(EXTENDED).encode(), fork: b"\x00\x05\x16\x07"})
    assert [file.name for file in find_history([archive]).files] == [good]


@pytest.mark.parametrize(("body", "expected"), [(EXTENDED, "extended_history"), (ACCOUNT, "account_data")])
def test_a_json_file_with_a_name_of_its_own_is_known_by_its_keys(body: Any, expected: str, tmp_path: Path) -> None:
    assert find_history([write_json(tmp_path / "mine.json", body)]).files[0].format == expected


def test_a_byte_order_mark_and_text_of_every_script_are_read(tmp_path: Path) -> None:
    path = tmp_path / "endsong_0.json"
    body = [{"master_metadata_track_name": "喜劇 — ünïcødé 🎵"}]
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(body, ensure_ascii=False).encode())
    assert items(find_history([path])) == body


def test_an_empty_array_is_a_file_without_items(tmp_path: Path) -> None:
    assert items(find_history([write_json(tmp_path / "endsong_0.json", [])])) == []


def test_files_come_sorted_by_name_whatever_the_order_of_the_paths(tmp_path: Path) -> None:
    paths = [write_json(tmp_path / name, EXTENDED) for name in ("endsong_2.json", "endsong_0.json", "endsong_1.json")]
    names = [file.name for file in find_history(paths).files]
    assert names == ["endsong_0.json", "endsong_1.json", "endsong_2.json"]


def test_the_content_id_follows_the_content_and_not_the_order_of_the_paths(tmp_path: Path) -> None:
    first, second = (write_json(tmp_path / f"endsong_{n}.json", [n]) for n in (0, 1))
    both = find_history([first, second]).content_id
    assert find_history([second, first]).content_id == both
    write_json(second, [2])
    assert find_history([first, second]).content_id != both


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'[{"ts": 1}, {"ts"', "endsong_0.json is broken or cut off"),
        (b'[{"ts": 1},', "endsong_0.json is broken or cut off"),
        (b'[{"ts": 1}] trailing', "endsong_0.json is broken or cut off"),
        (b'["\xff\xfe"]', "endsong_0.json is broken or cut off"),
        (b'{"ts": 1}', "endsong_0.json holds a JSON object where a JSON array of plays belongs"),
        (b"<html>", "endsong_0.json holds no JSON where a JSON array of plays belongs"),
        (b"", "endsong_0.json holds no JSON where a JSON array of plays belongs"),
    ],
)
@pytest.mark.parametrize("place", ["folder", "zip"])
def test_a_broken_file_says_what_it_is_in_one_line(content: bytes, message: str, place: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "endsong_0.json").write_bytes(content)
    write_zip(tmp_path / "export.zip", {"endsong_0.json": content})
    file = find_history([tmp_path / ("folder" if place == "folder" else "export.zip")]).files[0]
    with pytest.raises(BrokenFileError) as error:
        list(file.read())
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)
    assert "b'" not in str(error.value)


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_a_zip_whose_content_was_damaged_is_a_broken_file(compression: int, tmp_path: Path) -> None:
    body = json.dumps([{"ts": f"2024-01-01T00:{n % 60:02d}:00Z", "ms_played": n * 7919} for n in range(3000)]).encode()
    path = write_zip(tmp_path / "export.zip", {"endsong_0.json": body}, compression)
    damaged = bytearray(path.read_bytes())
    middle = len(damaged) // 2
    damaged[middle : middle + 200] = bytes(200 * [0xAA]) if compression == zipfile.ZIP_DEFLATED else b"7" * 200
    path.write_bytes(damaged)
    with pytest.raises(BrokenFileError):
        list(find_history([path]).files[0].read())


@pytest.mark.parametrize("given", ["missing.zip", "missing/folder"])
def test_a_missing_path_is_named(given: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"There is no file or folder .*{given}"):
        find_history([tmp_path / given])


def test_a_zip_a_folder_and_a_file_without_history_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("hello")
    write_zip(tmp_path / "photos.zip", {"a.jpg": b"x"})
    for name in ("empty", "notes.txt", "photos.zip"):
        with pytest.raises(InputError, match=f"No listening history was found in .*{name}"):
            find_history([tmp_path / name])


def test_a_zip_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "export.zip", {"endsong_0.json": json.dumps(EXTENDED * 50).encode()})
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match="is no zip file, or was cut off"):
        find_history([path])


def test_a_csv_with_the_columns_gives_its_rows_with_empty_cells_as_null(tmp_path: Path) -> None:
    path = tmp_path / "plays.csv"
    path.write_text(f'{",".join(PLAYS_COLUMNS)},extra\nt1,2025-01-01T00:00:00Z,"A, B",Ann,,200,x\n', "utf-8-sig")
    assert items(find_history([path])) == [
        {
            "track_id": "t1",
            "played_at": "2025-01-01T00:00:00Z",
            "track_name": "A, B",
            "artist_name": "Ann",
            "album_name": None,
            "duration_ms": "200",
            "extra": "x",
        }
    ]


def test_a_csv_and_a_delta_table_without_the_columns_say_which_are_lacking(tmp_path: Path) -> None:
    (tmp_path / "plays.csv").write_text("track_id,played_at,track_name\nt1,2025-01-01,x\n")
    write_deltalake(tmp_path / "plays", pa.table({"track_id": ["t1"], "played_at": ["x"], "track_name": ["x"]}))
    for name in ("plays.csv", "plays"):
        with pytest.raises(BrokenFileError, match=f"^{name} lacks the columns artist_name, album_name, duration_ms"):
            items(find_history([tmp_path / name]))


def test_a_csv_in_another_encoding_is_a_broken_file(tmp_path: Path) -> None:
    (tmp_path / "plays.csv").write_bytes(f"{','.join(PLAYS_COLUMNS)}\nt1,2025-01-01,Caf".encode() + b"\xe9,a,b,1\n")
    with pytest.raises(BrokenFileError, match="is no CSV in UTF-8"):
        items(find_history([tmp_path / "plays.csv"]))


def test_a_delta_table_with_the_columns_gives_its_rows(tmp_path: Path) -> None:
    row = {"track_id": "t1", "played_at": "2025-01-01", "track_name": "x", "artist_name": "a", "album_name": "b"}
    write_deltalake(tmp_path / "plays", pa.Table.from_pylist([row | {"duration_ms": 5}]), partition_by=["artist_name"])
    assert items(find_history([tmp_path / "plays"])) == [row | {"duration_ms": 5}]


def test_the_mark_of_a_simulation_is_found_in_a_zip_and_in_its_unpacked_folder(tmp_path: Path) -> None:
    mark = {"user_id": "demo", "is_simulated": True, "zones": []}
    members = {"lakesong-simulation.json": json.dumps(mark).encode(), "endsong_0.json": b"[]"}
    archive = write_zip(tmp_path / "export.zip", members)
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(tmp_path / "folder")
    assert [find_history([path]).simulation for path in (archive, tmp_path / "folder")] == [mark, mark]
    (tmp_path / "folder" / "lakesong-simulation.json").unlink()
    assert find_history([tmp_path / "folder"]).simulation is None
