"""Playlists as files that need no account: M3U for players, CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from config.errors import InputError
from playlists.previews import Preview
from playlists.tracks import Track

CSV_COLUMNS = (
    "position", "track_id", "track_name", "artist_name", "album_name", "duration_ms", "energy", "valence", "tempo",
    "feature_source", "reason", "uri", "link",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_m3u(made: Preview, name: str) -> str:
    """Extended M3U in UTF-8: length in whole seconds (-1 where unknown), artist - title, and Spotify's link.

    Format as players read it (https://en.wikipedia.org/wiki/M3U); a name never ends its line.
    """
    lines = ["#EXTM3U", f"#PLAYLIST:{_one_line(name)}"]
    for track in made.tracks:
        seconds = -1 if track.duration_ms is None else round(track.duration_ms / 1000)
        lines += [
            f"#EXTINF:{seconds},{_one_line(track.artist_name)} - {_one_line(track.track_name)}",
            f"#EXT-X-SPOTIFY-URI:{track.uri}",
            track.link,
        ]
    return "\n".join(lines) + "\n"


def to_csv(made: Preview) -> str:
    """One row a track, with its reason. A text that a spreadsheet would take for a formula gets a quote before it."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for position, track in enumerate(made.tracks, start=1):
        writer.writerow([position, *(_cell(_value(track, column)) for column in CSV_COLUMNS[1:])])
    return written.getvalue()


def write_file(path: Path, text: str) -> None:
    """Write a file. Raises InputError where that cannot be done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}).", "Choose another place.") from error


def _value(track: Track, column: str) -> object:
    return getattr(track, column)


def _cell(value: object) -> object:
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _one_line(text: str) -> str:
    return " ".join(text.split())
