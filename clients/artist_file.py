"""A catalogue of artists as a JSON file: an array of objects, or an object that holds one under `artists`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ijson

from config.errors import InputError

_SHAPE = 'It holds an array of artists: [{"id": …, "name": …, "genres": […], "popularity": …}, …].'


def content_of(path: Path) -> str:
    """SHA-256 of the file. Raises InputError when it is missing."""
    if not path.is_file():
        raise InputError(f"There is no file {path}.", _SHAPE)
    with path.open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()


def read_artists(path: Path) -> Iterator[Any]:
    """The artists as they stand. Raises InputError when the text is no JSON, breaks off, or holds no array."""
    with path.open("rb") as raw:
        try:
            arrays = (where for where, event, _ in ijson.parse(raw) if event == "start_array")
            array = next((where for where in arrays if where in ("", "artists")), None)
            if array is None:
                raise InputError(f"{path} holds no artists.", _SHAPE)
            raw.seek(0)
            yield from ijson.items(raw, f"{array}.item".lstrip("."), use_float=True)
        except (ijson.JSONError, UnicodeDecodeError) as error:
            why = str(error).strip().partition("\n")[0]  # the lines below quote the file
            raise InputError(f"{path} is no JSON ({why}).", _SHAPE) from error
