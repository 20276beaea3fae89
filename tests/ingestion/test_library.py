"""Snapshots of a library: one whenever something changed, one request where nothing did, never one of a part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from clients.spotify import Page
from ingestion.library import IncompleteError, LibraryRun
from ingestion.runs import Batch

if TYPE_CHECKING:
    from emulator.library import Playlist
    from emulator.server import Emulator
    from schemas.lake import Lake

LIBRARY = "library"
WHOLE = {
    "/v1/me": 1,
    "/v1/me/tracks": 1,
    "/v1/me/following": 1,
    "/v1/me/playlists": 1,
}
TABLES = ("saved_tracks_bronze", "followed_artists_bronze", "playlists_bronze", "playlist_items_bronze")

Stored = Callable[[str], list[dict[str, Any]]]


def named(emulator: Emulator, name: str) -> Playlist:
    return next(one for one in emulator.library("ann").playlists() if one.name == name)


def newest(stored: Stored, collection: str, part: str = "") -> dict[str, Any]:
    """The last snapshot of a collection."""
    mine = [s for s in stored("library_snapshots_bronze") if (s["collection"], s["part"]) == (collection, part)]
    return max(mine, key=lambda snapshot: snapshot["snapshot_at"])


def items(stored: Stored, table: str, snapshot: dict[str, Any], column: str) -> list[str]:
    """A column of a snapshot's items, in order."""
    mine = [row for row in stored(table) if row["snapshot_key"] == snapshot["snapshot_key"]]
    return [row[column] for row in sorted(mine, key=lambda row: row["position"])]


def later(emulator: Emulator, **by: float) -> None:
    emulator.clock.advance(timedelta(**by))


def test_a_first_run_stores_every_collection_as_it_is(collect, stored, emulator):
    library = emulator.library("ann")
    assert collect(LIBRARY).exit_code == 0
    saved = [entry.what.rpartition(":")[2] for entry in library.saved()]
    assert items(stored, "saved_tracks_bronze", newest(stored, "saved_tracks"), "track_id") == saved and saved
    followed = newest(stored, "followed_artists")
    assert items(stored, "followed_artists_bronze", followed, "artist_id") == library.followed()
    lists = newest(stored, "playlists")
    assert items(stored, "playlists_bronze", lists, "playlist_id") == [one.playlist_id for one in library.playlists()]
    for one in library.playlists():
        if one.owner == "ann":
            snapshot = newest(stored, "playlist_items", one.playlist_id)
            assert snapshot["version_tag"] == one.snapshot_id
            uris = [entry.what for entry in one.items.entries]
            assert items(stored, "playlist_items_bronze", snapshot, "item_uri") == uris
    (run,) = stored("ingestion_runs_bronze")
    written = sum(len(stored(table)) for table in (*TABLES, "top_items_bronze"))
    assert (run["new_count"], run["status"]) == (written, "done")


def test_nothing_changed_costs_one_request_a_collection_and_writes_nothing(collect, stored, asked, emulator):
    collect(LIBRARY)
    before = {table: stored(table) for table in (*TABLES, "top_items_bronze", "library_snapshots_bronze")}
    asked()
    later(emulator, minutes=1)
    assert collect(LIBRARY).new_count == 0
    assert asked() == Counter(WHOLE)
    assert {table: stored(table) for table in before} == before


def test_a_local_file_and_an_episode_are_kept_and_what_spotify_dropped_is_set_aside(collect, stored, emulator):
    collect(LIBRARY)
    trip = named(emulator, "Road trip")
    snapshot = newest(stored, "playlist_items", trip.playlist_id)
    rows = [row for row in stored("playlist_items_bronze") if row["snapshot_key"] == snapshot["snapshot_key"]]
    places = {row["position"]: (row["item_uri"].split(":")[1], row["track_id"] is None) for row in rows}
    assert places == {
        **dict.fromkeys(range(1, 7), ("track", False)),
        7: ("local", True),
        8: ("episode", True),
    }
    (letter,) = stored("rejected_records_bronze")
    assert (letter["reason"], letter["row_number"]) == ("the entry holds no item", 9)
    assert letter["file"] == f"playlist_items {trip.playlist_id}"


def test_each_change_gives_a_snapshot_of_what_changed_and_of_nothing_else(collect, stored, emulator, asked):
    collect(LIBRARY)
    library = emulator.library("ann")
    saved, own = library.saved(), named(emulator, "Calm mornings")

    changes: list[tuple[Callable[[], None], set[str]]] = [
        (lambda: library.unsave_tracks(saved[-1].what.rpartition(":")[2]), {"saved_tracks"}),
        (lambda: library.unfollow_artists(library.followed()[0]), {"followed_artists"}),
        (lambda: library.add_items(own.playlist_id, [saved[0].what], 0), {"playlists", "playlist_items"}),
        (lambda: library.remove_items(own.playlist_id, [saved[0].what]), {"playlists", "playlist_items"}),
        (lambda: library.rename_playlist(own.playlist_id, "Dawn"), {"playlists", "playlist_items"}),
        (lambda: library.unfollow_playlist(own.playlist_id), {"playlists"}),
    ]
    for change, changed in changes:
        later(emulator, minutes=1)
        change()
        before = len(stored("library_snapshots_bronze"))
        assert collect(LIBRARY).exit_code == 0
        new = [row for row in stored("library_snapshots_bronze") if row["snapshot_at"] == emulator.clock.now()]
        assert {row["collection"] for row in new} == changed
        assert len(stored("library_snapshots_bronze")) - before == len(changed)
    kept = items(stored, "saved_tracks_bronze", newest(stored, "saved_tracks"), "track_id")
    assert kept == [entry.what.rpartition(":")[2] for entry in saved[:-1]]


def test_a_playlist_of_another_is_noted_as_unreadable_once_for_each_of_its_versions(collect, stored, emulator, asked):
    party = named(emulator, "Somebody's party")
    path = f"/v1/playlists/{party.playlist_id}/items"
    snapshots = []
    for change in (None, None, "Somebody's other party"):
        if change:
            emulator.library("ann").rename_playlist(party.playlist_id, change)
        assert collect(LIBRARY).exit_code == 0
        mine = [row for row in stored("library_snapshots_bronze") if row["part"] == party.playlist_id]
        snapshots.append((asked()[path], len(mine), {row["is_readable"] for row in mine}))
        later(emulator, minutes=1)
    assert snapshots == [(1, 1, {False}), (0, 1, {False}), (1, 2, {False})]


def test_rankings_are_read_once_a_day(collect, stored, emulator, asked):
    counts = []
    for hours in (0, 6, 12, 6):
        later(emulator, hours=hours)
        collect(LIBRARY)
        counts.append({path: number for path, number in asked().items() if "/top/" in path})
    daily = {"/v1/me/top/tracks": 3, "/v1/me/top/artists": 3}
    assert counts == [daily, {}, {}, daily]
    parts = {(row["item_kind"], row["time_range"]) for row in stored("top_items_bronze")}
    assert len(parts) == 6
    shown = [
        row for row in stored("top_items_bronze") if (row["item_kind"], row["time_range"]) == ("track", "short_term")
    ]
    first = [row for row in shown if row["snapshot_at"] == min(row["snapshot_at"] for row in shown)]
    assert sorted(row["position"] for row in first) == list(range(1, 51))


class Partly:
    """What Spotify shows, except for some collections of which it leaves out the last entry of a page."""

    def __init__(self, client: Any, *names: str) -> None:
        self._client, self._names = client, names

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name not in self._names:
            return found

        def shortened(*arguments: Any) -> Iterator[Page]:
            return (Page(page.items[:-1], page.total) for page in found(*arguments))

        return shortened


@pytest.mark.parametrize(
    ("name", "collection"),
    [
        ("saved_tracks", "saved_tracks"),
        ("followed_artists", "followed_artists"),
        ("playlists", "playlists"),
        ("playlist_items", "playlist_items"),
        ("top_items", "top_items"),
    ],
)
def test_a_collection_that_is_shown_in_part_removes_nothing_and_stops_no_other(
    name, collection, spotify: Callable[[], Any], lake: Lake, stored, emulator
):
    def run(client: Any) -> LibraryRun:
        return LibraryRun(client, lake, Batch(f"b{emulator.clock.now():%j%H}", "ann", emulator.clock.now()), print)

    partly = run(Partly(spotify(), name))
    with pytest.raises(IncompleteError, match=r"Spotify showed [\d,]+ of [\d,]+ entries"):
        partly.collect()
    found = Counter(row["collection"] for row in stored("library_snapshots_bronze") if row["is_readable"])
    assert not found[collection]
    others = {"saved_tracks", "followed_artists", "playlists", "top_items"} - {collection}
    assert others <= set(found) and partly.counts.new > 0
    later(emulator, hours=1)
    run(spotify()).collect()
    assert {row["collection"] for row in stored("library_snapshots_bronze")} >= {collection, *others}


def test_a_run_that_dies_before_the_header_leaves_no_snapshot_and_the_next_one_is_whole(
    spotify: Callable[[], Any], lake: Lake, stored, emulator, monkeypatch
):
    class DeadError(BaseException):
        pass

    def die(*_: Any) -> None:
        raise DeadError

    with monkeypatch.context() as patched:
        patched.setattr("ingestion.library.append_rows", die)
        with pytest.raises(DeadError):
            LibraryRun(spotify(), lake, Batch("b1", "ann", emulator.clock.now()), print).collect()
    assert stored("library_snapshots_bronze") == [] and stored("saved_tracks_bronze")
    later(emulator, minutes=1)
    LibraryRun(spotify(), lake, Batch("b2", "ann", emulator.clock.now()), print).collect()
    saved = [entry.what.rpartition(":")[2] for entry in emulator.library("ann").saved()]
    assert items(stored, "saved_tracks_bronze", newest(stored, "saved_tracks"), "track_id") == saved
