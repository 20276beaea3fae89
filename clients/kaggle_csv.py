"""The Kaggle Spotify tracks file, row by row."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path

from config.errors import InputError

COLUMNS = (
    "track_id",
    "artists",
    "album_name",
    "track_name",
    "popularity",
    "duration_ms",
    "explicit",
    "danceability",
    "energy",
    "key",
    "loudness",
    "mode",
    "speechiness",
    "acousticness",
    "instrumentalness",
    "liveness",
    "valence",
    "tempo",
    "time_signature",
    "track_genre",
)
_WHERE = "It is dataset.csv of the Kaggle dataset maharshipandya/-spotify-tracks-dataset."


def check_catalogue(path: Path) -> str:
    """SHA-256 of the file. Raises InputError when it is missing, no CSV in UTF-8, or lacks columns."""
    if not path.is_file():
        raise InputError(f"There is no file {path}.", _WHERE)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            header = next(csv.reader(stream), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is no CSV in UTF-8.", _WHERE) from error
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise InputError(f"{path} lacks the columns {', '.join(missing)}.", _WHERE)
    with path.open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()


def read_catalogue(path: Path) -> Iterator[dict[str, str | None]]:
    """The rows as they stand; the unnamed first column as row_index. Raises InputError when the text breaks off."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        try:
            for row in csv.DictReader(stream):
                yield {("row_index" if name == "" else name): value for name, value in row.items() if name is not None}
        except (UnicodeDecodeError, csv.Error) as error:
            raise InputError(f"{path} is no CSV in UTF-8 ({error}).", _WHERE) from error
