"""Files of listening history: Spotify's exports as downloaded, and plays that another program kept.

Formats: docs/api-contract of Spotify's privacy download (extended streaming history, account data), and any CSV or
Delta table with at least the columns in PLAYS_COLUMNS.
"""

from __future__ import annotations

import csv
import hashlib
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import ijson
from deltalake import DeltaTable

from config.errors import InputError

Format = Literal["extended_history", "account_data", "plays"]
Item = Any  # A raw item is whatever the file holds; the mappers decide whether it is a record.

PLAYS_COLUMNS = ("track_id", "played_at", "track_name", "artist_name", "album_name", "duration_ms")
SIMULATION_MARKER = "lakesong-simulation.json"

_EXTENDED_NAME = re.compile(r"(streaming_history_(audio|video)|endsong|endvideo)[^/]*\.json$", re.IGNORECASE)
_ACCOUNT_NAME = re.compile(r"StreamingHistory(_(music|podcast|audiobook))?_?\d*\.json$", re.IGNORECASE)
_HOW = "Give the zip as Spotify sent it, its unpacked folder, one of its JSON files, or a CSV or Delta table of plays."


class BrokenFileError(InputError):
    """One file of history cannot be read; the others can."""


@dataclass(frozen=True)
class HistoryFile:
    """One file of history: its name, its format, and how to read its raw items."""

    name: str
    format: Format
    size: int
    read: Callable[[], Iterator[Item]]


@dataclass(frozen=True)
class HistorySet:
    """All files found under the given paths, sorted by name, and what a simulator said of itself, if one did."""

    files: tuple[HistoryFile, ...]
    content_id: str
    simulation: dict[str, Any] | None = None


def find_history(paths: list[Path]) -> HistorySet:
    """Find the files of history in zips, folders, JSON and CSV files, and Delta tables.

    Raises InputError when a path is missing, or holds no history.
    """
    files: list[HistoryFile] = []
    simulations: list[dict[str, Any] | None] = []
    content = hashlib.sha256()
    for path in sorted(paths):
        if not path.exists():
            raise InputError(f"There is no file or folder {path}.", _HOW)
        markers: list[dict[str, Any]] = []
        found = _find(path, markers, content)
        if not found:
            raise InputError(f"No listening history was found in {path}.", _HOW)
        files += found
        simulations.append(markers[0] if markers else None)
    if any(simulation != simulations[0] for simulation in simulations):
        raise InputError("These files are of different listeners, or simulated and real.", "Import them one by one.")
    ordered = sorted(files, key=lambda file: file.name)
    return HistorySet(tuple(ordered), content.hexdigest(), simulations[0])


def _find(path: Path, markers: list[dict[str, Any]], content: Any) -> list[HistoryFile]:
    if path.is_dir() and (path / "_delta_log").is_dir():
        table = DeltaTable(path)
        content.update("".join(sorted(table.file_uris())).encode())
        return [HistoryFile(path.name, "plays", 0, lambda: _delta_items(path))]
    if path.is_dir():
        return _find_in_folder(path, markers, content)
    _add_content(path, content)
    if zipfile.is_zipfile(path):
        return _find_in_zip(path, markers)
    if path.suffix.lower() == ".zip":
        raise InputError(f"{path} is no zip file, or was cut off.", "Download it again.")
    if path.suffix.lower() == ".csv":
        return [HistoryFile(path.name, "plays", path.stat().st_size, lambda: _csv_items(path))]
    if path.suffix.lower() == ".json":
        return [_json_file(path, _format_of(path))]
    return []


def _find_in_folder(path: Path, markers: list[dict[str, Any]], content: Any) -> list[HistoryFile]:
    marker = path / SIMULATION_MARKER
    if marker.is_file():
        markers.append(_load_marker(marker.open("rb")))
    files = [(file, fmt) for file in sorted(path.rglob("*")) if file.is_file() and (fmt := _format_by_name(file.name))]
    for file, _ in files:
        _add_content(file, content)
    return [_json_file(file, fmt) for file, fmt in files]


def _find_in_zip(path: Path, markers: list[dict[str, Any]]) -> list[HistoryFile]:
    with zipfile.ZipFile(path) as archive:
        if SIMULATION_MARKER in archive.namelist():
            markers.append(_load_marker(archive.open(SIMULATION_MARKER)))
        return [
            HistoryFile(Path(info.filename).name, fmt, info.file_size, _zip_reader(path, info.filename))
            for info in archive.infolist()
            if not info.is_dir() and (fmt := _format_by_name(Path(info.filename).name))
        ]


def _zip_reader(path: Path, member: str) -> Callable[[], Iterator[Item]]:
    def read() -> Iterator[Item]:
        with zipfile.ZipFile(path) as archive, archive.open(member) as stream:
            yield from _json_items(Path(member).name, stream)

    return read


def _json_file(path: Path, fmt: Format) -> HistoryFile:
    def read() -> Iterator[Item]:
        with path.open("rb") as stream:
            yield from _json_items(path.name, stream)

    return HistoryFile(path.name, fmt, path.stat().st_size, read)


def _json_items(name: str, stream: IO[bytes]) -> Iterator[Item]:
    """Stream the items of a JSON array in bounded memory. Raises BrokenFileError where the file is no such array."""
    head = stream.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith(b"["):
        what = "a JSON object" if head.startswith(b"{") else "no JSON"
        raise BrokenFileError(f"{name} holds {what} where a JSON array of plays belongs.", _HOW)
    stream.seek(0)
    if stream.read(3) != b"\xef\xbb\xbf":
        stream.seek(0)
    try:
        yield from ijson.items(stream, "item", use_float=True)
    except (ijson.JSONError, UnicodeDecodeError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        told = error.args[0].decode("utf-8", "replace") if error.args and isinstance(error.args[0], bytes) else error
        reason = str(told).strip().splitlines()[0] if str(told).strip() else "it ends too soon"
        raise BrokenFileError(f"{name} is broken or cut off ({reason}).", "Download it again.") from error


def _csv_items(path: Path) -> Iterator[Item]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        try:
            reader = csv.DictReader(stream)
            _need_columns(path.name, reader.fieldnames or ())
            for row in reader:
                yield {key: value or None for key, value in row.items() if key}
        except (csv.Error, UnicodeDecodeError) as error:
            raise BrokenFileError(
                f"{path.name} is no CSV in UTF-8 ({error}).", "Save it again as CSV UTF-8."
            ) from error


def _delta_items(path: Path) -> Iterator[Item]:
    dataset = DeltaTable(path).to_pyarrow_dataset()
    _need_columns(path.name, dataset.schema.names)
    for batch in dataset.to_batches():
        yield from batch.to_pylist()


def _need_columns(name: str, columns: Any) -> None:
    missing = [column for column in PLAYS_COLUMNS if column not in columns]
    if missing:
        raise BrokenFileError(f"{name} lacks the columns {', '.join(missing)}.", _HOW)


def _format_by_name(name: str) -> Format | None:
    if name.startswith("._"):  # what macOS puts beside a file in a zip
        return None
    if _EXTENDED_NAME.search(name):
        return "extended_history"
    return "account_data" if _ACCOUNT_NAME.search(name) else None


def _format_of(path: Path) -> Format:
    """The format of one JSON file that was named by hand: by its name, else by the keys of its first item."""
    by_name = _format_by_name(path.name)
    if by_name:
        return by_name
    with path.open("rb") as stream:
        first: Item = next(_json_items(path.name, stream), None)
    keys = first.keys() if isinstance(first, dict) else set()
    return "account_data" if "endTime" in keys else "extended_history"


def _load_marker(stream: IO[bytes]) -> dict[str, Any]:
    import json

    with stream:
        marker: dict[str, Any] = json.load(stream)
    return marker


def _add_content(path: Path, content: Any) -> None:
    with path.open("rb") as stream:
        content.update(hashlib.file_digest(stream, "sha256").digest())
