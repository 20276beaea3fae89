"""The Kaggle Spotify tracks file: a row a track and genre."""

from __future__ import annotations

import math
from collections.abc import Mapping

from clients.kaggle_csv import COLUMNS
from mappers.record import RejectedError, Row, text, whole_number
from schemas.columns import AUDIO_FEATURE_NAMES

SOURCE = "kaggle"
ALLOWED = ("row_index", *COLUMNS)

_SMALL = ("popularity", "key", "mode", "time_signature")
_TRUTH = {"true": True, "false": False, "1": True, "0": False}


def to_bronze(item: Mapping[str, str | None]) -> Row:
    """One row as a row of kaggle_tracks_bronze, values as in the file (tempo 0 stays 0 here).

    Raises RejectedError with the reason: a row without id, genre, title and artist, or with a value out of range.
    """
    track_id, genre = text(item.get("track_id")), text(item.get("track_genre"))
    if not track_id or not genre:
        raise RejectedError("track_id or track_genre is missing")
    artists, title = text(item.get("artists")), text(item.get("track_name"))
    if not artists or not title:
        raise RejectedError("title or artists are missing")
    row: Row = {
        "track_id": track_id,
        "track_genre": genre,
        "row_index": whole_number(item.get("row_index"), "index", optional=True),
        "artists": artists,
        "artist_name": text(artists.split(";")[0]),
        "track_name": title,
        "album_name": text(item.get("album_name")),
        "explicit": _TRUTH.get((item.get("explicit") or "").strip().lower()),
        "source": SOURCE,
        "duration_ms": whole_number(item.get("duration_ms"), "duration_ms", optional=True),
        **{name: whole_number(item.get(name), name, optional=True, largest=2**31 - 1) for name in _SMALL},
        **{name: _decimal(item.get(name), name) for name in AUDIO_FEATURE_NAMES},
    }
    for name in AUDIO_FEATURE_NAMES:
        if name not in ("loudness", "tempo") and row[name] is not None and not 0 <= row[name] <= 1:
            raise RejectedError(f"{name} is not between 0 and 1")
    return row


def _decimal(value: str | None, name: str) -> float | None:
    if value is None or not value.strip():
        return None
    try:
        number = float(value)
    except ValueError as error:
        raise RejectedError(f"{name} is no number") from error
    if not math.isfinite(number):
        raise RejectedError(f"{name} is no number")
    return number
