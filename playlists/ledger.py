"""What was made and changed on Spotify, in records: written before anything is sent, so that a kill leaves a trace."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from schemas.declaration import Table
from schemas.lake import Lake
from schemas.records import created_playlists, playlist_changes
from writers.records import append_rows

MARKER = "lakesong:"

Status = Literal["planned", "created", "filled", "gone"]
ChangeStatus = Literal["begun", "applied", "undoing", "undone"]


@dataclass(frozen=True)
class Creation:
    """A playlist that is to be on Spotify once: what it is, and how far it has come."""

    playlist_key: str
    user_id: str
    is_simulated: bool
    playlist_name: str
    playlist_kind: str
    marker: str
    status: Status
    is_public: bool
    track_uris: tuple[str, ...]
    playlist_id: str | None = None
    snapshot_id: str | None = None
    recorded_at: datetime | None = None

    @property
    def link(self) -> str | None:
        """Its address for browsers, once it is known."""
        return f"https://open.spotify.com/playlist/{self.playlist_id}" if self.playlist_id else None


@dataclass(frozen=True)
class Change:
    """A change of an own playlist: what stood there before and after, as Spotify's addresses in their order."""

    change_id: str
    user_id: str
    is_simulated: bool
    playlist_id: str
    playlist_name: str | None
    status: ChangeStatus
    items_before: tuple[str, ...]
    items_after: tuple[str, ...]
    snapshot_before: str | None = None
    snapshot_after: str | None = None
    recorded_at: datetime | None = None


def key_of(user_id: str, kind: str, value: str, basis: str, name: str) -> str:
    """What makes a playlist that playlist: asked for again with the same words, it is the same one."""
    return _digest(user_id, kind, value, basis, name)[:16]


def marker_of(playlist_key: str, generation: int) -> str:
    """The text by which it is found on Spotify; another one when it is made anew after it was deleted there."""
    return MARKER + _digest(playlist_key, str(generation))[:8]


def creations(lake: Lake, user_id: str | None = None) -> list[Creation]:
    """Every playlist that was made or begun, as it stands now; the oldest first."""
    rows = _newest(lake, created_playlists, "playlist_key")
    found = [Creation(**{**row, "track_uris": tuple(json.loads(row["track_uris"]))}) for row in rows]
    return [one for one in found if user_id in (None, one.user_id)]


def creation_of(lake: Lake, playlist_key: str) -> Creation | None:
    """The playlist of that key, if it was ever begun."""
    return next((one for one in creations(lake) if one.playlist_key == playlist_key), None)


def generation_of(lake: Lake, playlist_key: str) -> int:
    """How often the playlist has gone from Spotify after it was made."""
    if not lake.has(created_playlists):
        return 0
    rows = lake.open(created_playlists).to_pyarrow_table(columns=["playlist_key", "status"]).to_pylist()
    return sum(row["playlist_key"] == playlist_key and row["status"] == "gone" for row in rows)


def record_creation(lake: Lake, creation: Creation) -> Creation:
    """Append how far it has come; gives it with the time of the record."""
    stamped = replace(creation, recorded_at=datetime.now(UTC))
    append_rows(lake, created_playlists, [{**vars(stamped), "track_uris": json.dumps(stamped.track_uris)}])
    return stamped


def last_change(lake: Lake, user_id: str, playlist_id: str) -> Change | None:
    """The newest change of a playlist that is not undone."""
    rows = _newest(lake, playlist_changes, "change_id")
    lists = ("items_before", "items_after")
    found = [Change(**{**row, **{name: tuple(json.loads(row[name])) for name in lists}}) for row in rows]
    mine = [c for c in found if (c.user_id, c.playlist_id) == (user_id, playlist_id) and c.status != "undone"]
    return mine[-1] if mine else None


def record_change(lake: Lake, change: Change) -> Change:
    """Append how far it has come; gives it with the time of the record."""
    stamped = replace(change, recorded_at=datetime.now(UTC))
    lists = {name: json.dumps(getattr(stamped, name)) for name in ("items_before", "items_after")}
    append_rows(lake, playlist_changes, [{**vars(stamped), **lists}])
    return stamped


def change_id_of(user_id: str, playlist_id: str, snapshot: str, after: Sequence[str]) -> str:
    """A change from one version of a playlist to certain items."""
    return _digest(user_id, playlist_id, snapshot, *after)[:16]


def _newest(lake: Lake, table: Table, key: str) -> list[dict[str, Any]]:
    """The newest row of each key, the key that was first recorded first."""
    if not lake.has(table):
        return []
    rows = lake.open(table).to_pyarrow_table().sort_by("recorded_at").to_pylist()
    return list({row[key]: row for row in rows}.values())


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
