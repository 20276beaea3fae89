"""What plays now, as scrobblers and the watch tell it: `<STATE_DIR>/now_playing.json`, user id -> what plays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from filelock import FileLock

from config.state_file import read_state, write_state

FIELDS = ("track_name", "artist_name", "album_name", "track_id", "duration_ms", "source")
UNKNOWN_LENGTH = timedelta(minutes=10)  # a track of unknown length is taken to play for as long
CLOCK_TOLERANCE = timedelta(seconds=30)


def set_now_playing(state_dir: Path, user_id: str, track: Mapping[str, Any] | None, at: datetime) -> None:
    """Keep what a listener plays since `at` (UTC); None for nothing."""
    file = _file(state_dir)
    state_dir.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock")):
        told = read_state(file)
        told.pop(user_id, None)
        if track is not None:
            told[user_id] = {**{name: track.get(name) for name in FIELDS}, "at": at.isoformat()}
        write_state(file, told)


def now_playing(state_dir: Path, user_id: str, now: datetime | None = None) -> dict[str, Any] | None:
    """What the listener plays: the names of FIELDS, and `at` (ISO 8601, UTC). None once the track must have ended."""
    told = read_state(_file(state_dir)).get(user_id)
    if not told:
        return None
    length = timedelta(milliseconds=told["duration_ms"]) if told.get("duration_ms") else UNKNOWN_LENGTH
    ends = datetime.fromisoformat(told["at"]) + length + CLOCK_TOLERANCE
    return told if (now or datetime.now(UTC)) <= ends else None


def _file(state_dir: Path) -> Path:
    return state_dir / "now_playing.json"
