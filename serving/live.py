"""What came in after the listener's file was made: plays that no build has counted yet, the last poll, the player.

Read from bronze without an engine, little of it, and kept for some seconds, so that pages may ask often.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from cachetools import TTLCache, cached
from sqlglot import exp

from config.state_file import read_state
from schemas.bronze import ingestion_runs_bronze, listening_history_bronze
from schemas.lake import Lake
from serving.store import Row

KEPT_S = 10.0
MOST_PLAYS = 200
SAME_PLAY = timedelta(seconds=150)  # as far as the stamps of one play in two sources lie apart
POLL = "recently_played"
SCROBBLER = "listenbrainz"  # stamps the start of a play
POLLS_SINCE = timedelta(days=14)
WATCH_PAUSE = timedelta(minutes=6)  # the watch looks at least as often
_COLUMNS = ["source", "played_at", "track_id", "track_name", "artist_name", "album_name", "duration_ms", "ms_played"]


_plays: TTLCache[tuple[str, str, datetime], list[Row]] = TTLCache(64, KEPT_S)
_polls: TTLCache[tuple[str, str], Row | None] = TTLCache(64, KEPT_S)
_lock = threading.RLock()


def forget() -> None:
    """Look anew at the next question."""
    with _lock:
        _plays.clear()
        _polls.clear()


@cached(_plays, key=lambda lake, user_id, since: (lake.root, user_id, since), lock=_lock)
def newer_plays(lake: Lake, user_id: str, since: datetime) -> list[Row]:
    """Music that ended after `since` (UTC), the newest first, one row where two sources tell of a play.

    Rows: source, played_at (UTC), track_id, track_name, artist_name, album_name, duration_ms, ms_played. No rule of the
    listener has been asked yet, and a build may still correct a stamp.
    """
    of_late = exp.column("played_month") >= f"{since:%Y-%m}"  # few files have to be opened
    mine = exp.and_(of_late, exp.column("user_id").eq(user_id), exp.column("kind").eq("track"))
    rows = lake.rows(listening_history_bronze, _COLUMNS, exp.and_(mine, exp.column("played_at") > since.isoformat()))
    for row in rows:
        if row["source"] == SCROBBLER and row["duration_ms"]:
            row["played_at"] += timedelta(milliseconds=row["duration_ms"])
    rows.sort(key=lambda row: row["played_at"], reverse=True)
    kept: list[Row] = []
    for row in rows[: 2 * MOST_PLAYS]:
        if not any(_is_same(row, one) for one in kept[-5:]):
            kept.append(row)
    return kept[:MOST_PLAYS]


def _is_same(row: Row, other: Row) -> bool:
    near = abs(row["played_at"] - other["played_at"]) <= SAME_PLAY
    names = [((one["track_name"] or "").casefold(), (one["artist_name"] or "").casefold()) for one in (row, other)]
    return near and row["source"] != other["source"] and names[0] == names[1]


@cached(_polls, key=lambda lake, user_id: (lake.root, user_id), lock=_lock)
def last_poll(lake: Lake, user_id: str) -> Row | None:
    """The newest run of the ledger that asked Spotify for plays, of the last two weeks: status, finished_at, error."""
    recent = exp.column("started_at") > (datetime.now(UTC) - POLLS_SINCE).isoformat()
    mine = exp.and_(exp.column("user_id").eq(user_id), exp.column("source").eq(POLL), recent)
    rows = lake.rows(ingestion_runs_bronze, ["status", "finished_at", "error", "new_count"], mine)
    return max(rows, key=lambda row: row["finished_at"], default=None)


def watched_now(state_dir: Path, user_id: str, now: datetime | None = None) -> dict[str, Any] | None:
    """What `lakesong watch` saw playing last: track_name, artist_name, album_name, track_id, duration_ms, progress_ms.

    None where nothing plays, nobody watches, or the track must have ended since.
    """
    told = read_state(state_dir / "watch" / f"{quote(user_id, safe='')}.json").get("watching") or {}
    last, looked = told.get("last") or {}, told.get("looked_at")
    item = last.get("item") or {}
    if not last.get("is_playing") or not looked or not item.get("name"):
        return None
    past = (now or datetime.now(UTC)) - datetime.fromisoformat(looked)
    progress = int(last.get("progress_ms") or 0) + past / timedelta(milliseconds=1)
    length = item.get("duration_ms")
    if past > WATCH_PAUSE or (length and progress > length + 30_000):
        return None
    artists = item.get("artists") or [{}]
    return {
        "track_name": item["name"], "artist_name": artists[0].get("name"), "track_id": item.get("id"),
        "album_name": (item.get("album") or {}).get("name"), "duration_ms": length, "progress_ms": int(progress),
        "at": (datetime.fromisoformat(looked) - timedelta(milliseconds=last.get("progress_ms") or 0)).isoformat(),
    }  # fmt: skip


def local_time(at: datetime, zone: str) -> datetime:
    """An instant as the clock on the wall showed it, without a zone."""
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return aware.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
