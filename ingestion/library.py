"""A listener's library into bronze: a snapshot of each collection whenever it is not as it was before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property, partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from clients.errors import AbsentError, RefusedError, SourceError
from ingestion.memory import remember, waits_until
from ingestion.receipts import FileReceipt
from ingestion.runs import Batch, dead_letter
from mappers.library import (
    Mapped,
    first_page_tag,
    followed_artist_rows,
    playlist_item_rows,
    playlist_rows,
    saved_track_rows,
    top_item_rows,
)
from mappers.record import sha256
from schemas.bronze import (
    followed_artists_bronze,
    library_snapshots_bronze,
    playlist_items_bronze,
    playlists_bronze,
    rejected_records_bronze,
    saved_tracks_bronze,
    top_items_bronze,
)
from schemas.declaration import Table
from schemas.lake import Lake
from writers.creation import ensure_table
from writers.records import append_rows, append_unknown

if TYPE_CHECKING:
    from clients.spotify import Page, SpotifyClient

SOURCE = "library"
TIME_RANGES = ("short_term", "medium_term", "long_term")
RANKED = 50  # items of a ranking that are kept: its first page
TOP_KINDS = {"tracks": "track", "artists": "artist"}
RANKED_EVERY = timedelta(hours=20)  # Spotify ranks about once a day

ToRows = Callable[[Sequence[Any], str], Mapped]  # items and snapshot key -> rows, rejected


class IncompleteError(SourceError):
    """A collection was shown in part: a snapshot of it would remove what was left out."""


@dataclass
class LibraryRun:
    """One reading of a listener's collections: only what changed is read to its end and written."""

    client: SpotifyClient
    lake: Lake
    batch: Batch
    progress: Callable[[str], None]
    counts: FileReceipt = field(default_factory=lambda: FileReceipt(SOURCE))
    incomplete: list[IncompleteError] = field(default_factory=list)

    def collect(self) -> FileReceipt:
        """Read all collections; gives counts of the rows written and set aside. Raises what the client raises.

        A collection that is shown in part stays as it was, and stops no other: IncompleteError comes at the end.
        """
        own_id = str(self.client.me()["id"])
        user = self.batch.user_id
        saved = partial(saved_track_rows, user_id=user)
        followed = partial(followed_artist_rows, user_id=user)
        with self._apart():
            self._snapshot("saved_tracks", "", saved_tracks_bronze, self.client.saved_tracks(), saved)
        with self._apart():
            self._snapshot("followed_artists", "", followed_artists_bronze, self.client.followed_artists(), followed)
        with self._apart():
            self._rankings()
        with self._apart():
            self._playlists(own_id)
        if self.incomplete:
            raise self.incomplete[0]
        return self.counts

    @contextmanager
    def _apart(self) -> Iterator[None]:
        try:
            yield
        except IncompleteError as error:
            self.incomplete.append(error)

    def _rankings(self) -> None:
        """Top tracks and artists over three ranges, once a day: the 50 that the first page shows."""
        lake, batch = self.lake, self.batch
        if waits_until(lake, "spotify", "top_items", batch.at, batch.user_id):
            return
        for kind, item_kind in TOP_KINDS.items():
            for time_range in TIME_RANGES:
                self.progress(f"top {kind}, {time_range.replace('_', ' ')}")
                first = next(iter(self.client.top_items(kind, time_range)))  # type: ignore[arg-type]
                _refuse_part(f"top {kind}", first.items, first.total and min(first.total, RANKED))
                to_rows = partial(
                    top_item_rows,
                    user_id=batch.user_id,
                    item_kind=item_kind,
                    time_range=time_range,
                    snapshot_at=batch.at,
                )
                part = f"{item_kind}/{time_range}"
                self._keep("top_items", part, top_items_bronze, first.items, to_rows, first_page_tag(first.items, None))
        remember(lake, "spotify", "top_items", batch.at, subject=batch.user_id, not_before=batch.at + RANKED_EVERY)

    def _playlists(self, own_id: str) -> None:
        """The list of playlists, and the items of those that changed and may be read."""
        self.progress("playlists")
        lists = _whole("playlists", self.client.playlists())
        to_rows = partial(playlist_rows, user_id=self.batch.user_id, own_id=own_id)
        rows = self._keep("playlists", "", playlists_bronze, lists, to_rows, first_page_tag(lists, len(lists)))
        for playlist in rows:
            with self._apart():
                self._playlist_items(playlist)

    def _playlist_items(self, playlist: Mapping[str, Any]) -> None:
        """The items of one playlist, unless they were read at this version; whether another's is shown is a fact."""
        playlist_id, tag = playlist["playlist_id"], str(playlist["version_tag"] or "")
        if tag and self._tag_before("playlist_items", playlist_id) == tag:
            return
        self.progress(f"playlist {playlist['playlist_name']}")
        try:
            items = _whole(f"playlist {playlist_id}", self.client.playlist_items(playlist_id))
        except (RefusedError, AbsentError) as error:
            if isinstance(error, RefusedError) and error.reason != "forbidden":
                raise
            if not tag and self._tag_before("playlist_items", playlist_id) == tag:
                return
            self._write("playlist_items", playlist_id, playlist_items_bronze, [], [], tag, is_readable=False)
            return
        to_items = partial(playlist_item_rows, user_id=self.batch.user_id, playlist_id=playlist_id)
        self._keep(
            "playlist_items", playlist_id, playlist_items_bronze, items, to_items, tag or first_page_tag(items, None)
        )

    def _snapshot(self, collection: str, part: str, table: Table, pages: Iterator[Page], to_rows: ToRows) -> None:
        """Keep a collection that shows its newest items first: one request tells that nothing changed."""
        self.progress(collection.replace("_", " "))
        first = next(pages)
        tag = first_page_tag(first.items, first.total)
        if self._tag_before(collection, part) != tag:
            items = _whole(collection, chain([first], pages))
            self._keep(collection, part, table, items, to_rows, tag)

    def _keep(
        self, collection: str, part: str, table: Table, items: Sequence[Any], to_rows: ToRows, tag: str
    ) -> list[dict[str, Any]]:
        """Map the items, and write them as a snapshot unless the one before has the same tag; gives the rows."""
        rows, rejected = to_rows(items, self._key(collection, part))
        if self._tag_before(collection, part) != tag:
            self._write(collection, part, table, rows, rejected, tag)
        return rows

    def _write(
        self,
        collection: str,
        part: str,
        table: Table,
        rows: Sequence[Mapping[str, Any]],
        rejected: Sequence[tuple[int, str]],
        tag: str,
        *,
        is_readable: bool = True,
    ) -> None:
        """Write the items, and then the header that makes them a snapshot: a kill in between leaves none."""
        batch = self.batch
        place = f"{collection} {part}".strip()
        letters = [dead_letter(batch, SOURCE, place, position, reason, None) for position, reason in rejected]
        append_unknown(self.lake, rejected_records_bronze, letters)
        append_unknown(self.lake, table, [{**row, **batch.columns} for row in rows])
        header = {
            "snapshot_key": self._key(collection, part),
            "user_id": batch.user_id,
            "collection": collection,
            "part": part,
            "snapshot_at": batch.at,
            "version_tag": tag,
            "item_count": len(rows),
            "is_readable": is_readable,
            **batch.columns,
        }
        append_rows(self.lake, library_snapshots_bronze, [header])
        self._tags[(collection, part)] = tag
        counts, size = self.counts, len(rows) + len(rejected)
        self.counts = FileReceipt(
            SOURCE, counts.rows + size, counts.new + len(rows), rejected=counts.rejected + len(rejected)
        )

    def _key(self, collection: str, part: str) -> str:
        return sha256((self.batch.user_id, collection, part, self.batch.at.isoformat()))

    def _tag_before(self, collection: str, part: str) -> str | None:
        return self._tags.get((collection, part))

    @cached_property
    def _tags(self) -> dict[tuple[str, str], str]:
        """The tag of the newest snapshot of each collection and part; kept up by what this run writes."""
        columns = ["user_id", "collection", "part", "snapshot_at", "version_tag"]
        rows = ensure_table(self.lake, library_snapshots_bronze).to_pyarrow_table(columns=columns)
        mine = (row for row in rows.sort_by("snapshot_at").to_pylist() if row["user_id"] == self.batch.user_id)
        return {(row["collection"], row["part"]): row["version_tag"] for row in mine}


def _whole(name: str, pages: Iterator[Page]) -> list[Any]:
    """The items of all pages. Raises IncompleteError where they are fewer than the first page says that there are."""
    read = list(pages)
    items = [item for page in read for item in page.items]
    _refuse_part(name, items, read[0].total)
    return items


def _refuse_part(name: str, items: Sequence[Any], total: int | None) -> None:
    if total is not None and len(items) < total:
        shown = f"Spotify showed {len(items):,} of {total:,} entries of {name.replace('_', ' ')}."
        raise IncompleteError(shown, "What is stored stays; the next cycle asks again.")
