"""Details of tracks, albums and artists, one request an id: a queue that outlives runs, under a daily budget."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from clients.errors import AbsentError, RefusedError, SourceError
from ingestion.receipts import FileReceipt
from ingestion.runs import CATALOGUE, Batch, dead_letter
from mappers.catalogue import ALBUM, ARTIST, TRACK, Shape, album_row, allowed_json, artist_row, track_row
from mappers.record import RejectedError, Row
from schemas.bronze import (
    albums_bronze,
    artists_bronze,
    followed_artists_bronze,
    ingestion_runs_bronze,
    listening_history_bronze,
    rejected_records_bronze,
    top_items_bronze,
    tracks_bronze,
)
from schemas.declaration import Table
from schemas.lake import Lake
from schemas.records import catalog_queue
from writers.creation import ensure_table
from writers.records import append_rows, append_unknown

if TYPE_CHECKING:
    from clients.spotify import SpotifyClient

SOURCE = CATALOGUE
KINDS = ("track", "album", "artist", "discography")  # in the order in which they are fetched
ABSENT_FOR = timedelta(days=90)
FAILED_FOR = timedelta(hours=6)
FAILURES_IN_A_ROW = 5
A_DAY = timedelta(hours=24)
WRITE_EVERY = 50

Key = tuple[str, str]


class Queue:
    """The ids that are known, what came of each, and which are due: read from the lake and written back in rows."""

    def __init__(self, lake: Lake) -> None:
        """Read the last attempt of each id."""
        self._lake = lake
        rows = ensure_table(lake, catalog_queue).to_pyarrow_table().sort_by("attempt_count").to_pylist()
        self._rows: dict[Key, dict[str, Any]] = {(row["item_kind"], row["item_id"]): row for row in rows}
        self._unwritten: list[dict[str, Any]] = []

    def add(self, kind: str, plays: Mapping[str, int], now: datetime) -> None:
        """Queue the ids that are not in it yet; plays says how many plays rest on each."""
        for item_id, count in plays.items():
            if (kind, item_id) not in self._rows:
                self._put(kind, item_id, "pending", count, 0, None, now)

    def due(self, kind: str, now: datetime) -> list[str]:
        """Ids to ask for, most played first: pending ones, and absent ones whose time to try again has come."""
        waiting = [
            row
            for (row_kind, _), row in self._rows.items()
            if row_kind == kind and row["status"] != "done" and (row["not_before"] is None or row["not_before"] <= now)
        ]
        return [row["item_id"] for row in sorted(waiting, key=lambda row: (-row["priority"], row["item_id"]))]

    def settle(self, kind: str, item_id: str, status: str, now: datetime, wait: timedelta | None = None) -> None:
        """Note what came of asking for an id, and how long not to ask again: longer with each attempt."""
        before = self._rows[(kind, item_id)]
        not_before = now + wait * (before["attempt_count"] + 1) if wait else None
        self._put(kind, item_id, status, before["priority"], before["attempt_count"] + 1, not_before, now)

    def save(self) -> None:
        """Write what was noted since the last time."""
        if self._unwritten:
            append_rows(self._lake, catalog_queue, self._unwritten)
            self._unwritten = []

    def _put(
        self, kind: str, item_id: str, status: str, plays: int, attempts: int, not_before: datetime | None, at: datetime
    ) -> None:
        row = {
            "item_kind": kind,
            "item_id": item_id,
            "status": status,
            "priority": plays,
            "attempt_count": attempts,
            "not_before": not_before,
            "recorded_at": at,
        }
        self._rows[(kind, item_id)] = row
        self._unwritten.append(row)


def played_tracks(lake: Lake) -> Counter[str]:
    """Records of plays by track id, of all listeners."""
    history = ensure_table(lake, listening_history_bronze).to_pyarrow_dataset()
    wanted = (pc.field("kind") == "track") & pc.field("track_id").is_valid()
    counts = history.to_table(columns=["track_id"], filter=wanted).group_by("track_id").aggregate([([], "count_all")])
    return Counter(dict(zip(counts["track_id"].to_pylist(), counts["count_all"].to_pylist(), strict=True)))


def enqueue_known(lake: Lake, queue: Queue, plays: Counter[str], now: datetime) -> None:
    """Queue every id that plays, fetched tracks, follows and rankings name; artists' discographies for the last two.

    plays: records by track id, see `played_tracks`.
    """
    queue.add("track", plays, now)
    albums: Counter[str] = Counter()
    artists: Counter[str] = Counter()
    columns = ["track_id", "album_id", "artist_ids"]
    for row in ensure_table(lake, tracks_bronze).to_pyarrow_table(columns=columns).to_pylist():
        count = plays[row["track_id"]]
        if row["album_id"]:
            albums[row["album_id"]] += count
        artists.update({artist: count for artist in json.loads(row["artist_ids"] or "[]") if artist})
    favourites: Counter[str] = Counter()
    followed = ensure_table(lake, followed_artists_bronze).to_pyarrow_table(columns=["artist_id"])
    ranked = ensure_table(lake, top_items_bronze).to_pyarrow_table(columns=["item_kind", "item_id"]).to_pylist()
    favourites.update(followed["artist_id"].to_pylist())
    favourites.update(row["item_id"] for row in ranked if row["item_kind"] == "artist")
    artists.update(favourites)
    queue.add("album", albums, now)
    queue.add("artist", artists, now)
    queue.add("discography", {artist: artists[artist] for artist in favourites}, now)


def budget_left(lake: Lake, daily: int, now: datetime) -> int:
    """Requests of today's budget that were not used in the 24 hours before now."""
    columns = ["source", "started_at", "request_count"]
    runs = ensure_table(lake, ingestion_runs_bronze).to_pyarrow_table(columns=columns).to_pylist()
    used = sum(run["request_count"] or 0 for run in runs if run["source"] == SOURCE and run["started_at"] > now - A_DAY)
    return max(0, daily - used)


@dataclass
class CatalogueRun:
    """One turn at the queue: asks for due ids until `budget` requests are spent, and writes as it goes."""

    client: SpotifyClient
    lake: Lake
    batch: Batch
    plays: Counter[str]
    budget: int
    progress: Callable[[str], None]
    rows: list[tuple[Table, Row]] = field(default_factory=list)
    fetched: int = 0
    new: int = 0
    rejected: int = 0

    def collect(self) -> FileReceipt:
        """Fetch details; gives counts of the rows. Raises what the client raises, after writing what came before."""
        queue = Queue(self.lake)
        first = self.client.request_count
        failures = 0
        try:
            for kind, item_id in self._due(queue):
                if self.client.request_count - first >= self.budget:
                    break
                self.progress(f"details of {kind}s: {self.fetched:,} fetched")
                try:
                    self._fetch(kind, item_id)
                except AbsentError:
                    queue.settle(kind, item_id, "absent", self.batch.at, ABSENT_FOR)
                except SourceError as error:
                    if isinstance(error, RefusedError) and error.reason != "forbidden":
                        raise
                    failures += 1
                    queue.settle(kind, item_id, "pending", self.batch.at, FAILED_FOR)
                    if failures >= FAILURES_IN_A_ROW:
                        raise
                else:
                    failures = 0
                    queue.settle(kind, item_id, "done", self.batch.at)
                if len(self.rows) >= WRITE_EVERY:
                    self._write(queue)
        finally:
            self._write(queue)
        return self.counts

    def _due(self, queue: Queue) -> Iterator[Key]:
        """Ids to ask for: tracks, then the albums and artists that these name, then discographies."""
        for kind in KINDS:
            if kind in ("track", "album"):  # the tracks just fetched name albums and artists
                self._write(queue)
                enqueue_known(self.lake, queue, self.plays, self.batch.at)
            yield from ((kind, item_id) for item_id in queue.due(kind, self.batch.at))

    @property
    def counts(self) -> FileReceipt:
        """Rows so far: new descriptions, descriptions that were known, and items set aside."""
        known = self.fetched - self.new
        return FileReceipt(SOURCE, self.fetched + self.rejected, self.new, known, rejected=self.rejected)

    def _fetch(self, kind: str, item_id: str) -> None:
        if kind == "track":
            self._keep(tracks_bronze, track_row, TRACK, [self.client.track(item_id)])
        elif kind == "album":
            self._keep(albums_bronze, album_row, ALBUM, [self.client.album(item_id)])
        elif kind == "artist":
            self._keep(artists_bronze, artist_row, ARTIST, [self.client.artist(item_id)])
        else:
            albums = (item for page in self.client.artist_albums(item_id) for item in page.items)
            self._keep(albums_bronze, album_row, ALBUM, albums)

    def _keep(self, table: Table, to_row: Callable[[Any], Row], shape: Shape, items: Iterable[Any]) -> None:
        for number, item in enumerate(items, start=1):
            try:
                self.rows.append((table, {**to_row(item), **self.batch.columns}))
                self.fetched += 1
            except RejectedError as error:
                payload = allowed_json(item, shape) if isinstance(item, Mapping) else None
                letter = dead_letter(self.batch, SOURCE, table.name, number, str(error), payload)
                self.rows.append((rejected_records_bronze, letter))
                self.rejected += 1

    def _write(self, queue: Queue) -> None:
        """Write the descriptions, then what came of the ids: a kill in between asks for them again, no more."""
        for table in (tracks_bronze, albums_bronze, artists_bronze, rejected_records_bronze):
            new = append_unknown(self.lake, table, [row for other, row in self.rows if other is table])
            self.new += len(new) if table is not rejected_records_bronze else 0
        self.rows = []
        queue.save()
