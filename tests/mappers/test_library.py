"""The library: rows of each collection, entries in every shape that Spotify sends, positions, and the tag of a page."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mappers.library import (
    first_page_tag,
    followed_artist_rows,
    playlist_item_rows,
    playlist_rows,
    saved_track_rows,
    top_item_rows,
)
from schemas.bronze import (
    followed_artists_bronze,
    playlist_items_bronze,
    playlists_bronze,
    saved_tracks_bronze,
    top_items_bronze,
)
from writers.records import arrow_rows

ADDED_LATER = {"batch_id": "b", "ingested_at": datetime(2024, 1, 1, tzinfo=UTC)}
TIME = datetime(2024, 5, 10, 12, tzinfo=UTC)
BLUE = {"id": "t1", "uri": "spotify:track:t1", "type": "track", "name": "Blue", "artists": [{"id": "a", "name": "Ann"}]}
RED = {"id": "t2", "uri": "spotify:track:t2", "type": "track", "name": "Red", "artists": [{"id": "b", "name": "Ben"}]}
EPISODE = {"id": "e1", "uri": "spotify:episode:e1", "type": "episode", "name": "One", "track": False}
LOCAL = {
    "id": None,
    "uri": "spotify:local:Ann:Sea:Blue:215",
    "is_local": True,
    "name": "Blue",
    "artists": [{"name": "Ann"}],
}
ADDED = "2024-05-10T12:00:00Z"
OF_SNAPSHOT = {"snapshot_key": "s", "user_id": "me"}


def holds(table: Any, rows: list[dict[str, Any]]) -> bool:
    """Whether the rows have the table's columns but for those of the batch, and its types."""
    complete = [row | ADDED_LATER for row in rows]
    assert all(set(row) == set(table.column_names) for row in complete)
    return arrow_rows(table, complete).num_rows == len(rows)


def test_saved_tracks_keep_their_order_and_the_time_they_were_added() -> None:
    rows, rejected = saved_track_rows([{"added_at": ADDED, "track": BLUE}, {"track": RED}], "s", "me")
    assert rows == [
        {**OF_SNAPSHOT, "position": 1, "track_id": "t1", "track_name": "Blue", "artist_name": "Ann", "added_at": TIME},
        {**OF_SNAPSHOT, "position": 2, "track_id": "t2", "track_name": "Red", "artist_name": "Ben", "added_at": None},
    ]
    assert rejected == [] and holds(saved_tracks_bronze, rows)


def test_a_saved_entry_without_a_track_is_set_aside_and_its_position_stays_empty() -> None:
    rows, rejected = saved_track_rows([None, {"track": None}, {"track": {"name": "no id"}}, {"track": BLUE}], "s", "me")
    assert [(row["position"], row["track_id"]) for row in rows] == [(4, "t1")]
    assert rejected == [
        (1, "the entry is no JSON object"),
        (2, "the entry holds no item"),
        (3, "the item has no id"),
    ]


def test_followed_artists_are_ids_and_names() -> None:
    rows, rejected = followed_artist_rows([{"id": "a", "name": "Ann"}, {"name": "no id"}], "s", "me")
    assert rows == [{**OF_SNAPSHOT, "position": 1, "artist_id": "a", "artist_name": "Ann"}]
    assert rejected == [(2, "the item has no id")] and holds(followed_artists_bronze, rows)


def test_top_items_are_ranked_tracks_or_artists() -> None:
    tracks, _ = top_item_rows([BLUE], "s", "me", "track", "short_term", TIME)
    artists, _ = top_item_rows([{"id": "a", "name": "Ann"}], "s", "me", "artist", "long_term", TIME)
    same = {**OF_SNAPSHOT, "position": 1, "snapshot_at": TIME}
    assert tracks == [
        {**same, "item_kind": "track", "time_range": "short_term", "item_id": "t1", "item_name": "Blue",
         "artist_name": "Ann"}
    ]  # fmt: skip
    assert artists == [
        {**same, "item_kind": "artist", "time_range": "long_term", "item_id": "a", "item_name": "Ann",
         "artist_name": None}
    ]  # fmt: skip
    assert holds(top_items_bronze, tracks + artists)


PLAYLIST: dict[str, Any] = {
    "id": "p1",
    "name": "Evening",
    "description": "",
    "owner": {"id": "me-at-spotify", "display_name": "Ann Private"},
    "collaborative": False,
    "public": True,
    "snapshot_id": "AAA",
    "items": {"href": "h", "total": 12},
    "tracks": {"href": "h", "total": 12},
}


def test_a_playlist_becomes_this_row() -> None:
    rows, _ = playlist_rows([PLAYLIST], "s", "me", "me-at-spotify")
    assert rows == [
        {
            **OF_SNAPSHOT,
            "position": 1,
            "playlist_id": "p1",
            "playlist_name": "Evening",
            "playlist_description": None,
            "owner_id": "me-at-spotify",
            "is_own": True,
            "is_collaborative": False,
            "is_public": True,
            "version_tag": "AAA",
            "total_tracks": 12,
        }
    ]
    assert holds(playlists_bronze, rows)


@pytest.mark.parametrize(
    ("changes", "own_id", "column", "expected"),
    [
        ({"items": None}, "me", "total_tracks", 12),
        ({"tracks": None}, "me", "total_tracks", 12),
        ({"items": None, "tracks": None}, "me", "total_tracks", None),
        ({}, "someone-else", "is_own", False),
        ({}, None, "is_own", None),
        ({"owner": None}, "me", "is_own", None),
    ],
)
def test_a_playlist_in_older_and_newer_form(changes: dict[str, Any], own_id: Any, column: str, expected: Any) -> None:
    rows, _ = playlist_rows([PLAYLIST | changes], "s", "me", own_id)
    assert rows[0][column] == expected


@pytest.mark.parametrize(
    "entry", [{"item": BLUE}, {"track": BLUE}, {"item": BLUE, "track": RED}, {"item": None, "track": BLUE}]
)
def test_what_a_playlist_holds_is_under_item_or_under_track(entry: dict[str, Any]) -> None:
    rows, rejected = playlist_item_rows([{**entry, "added_at": ADDED, "added_by": {"id": "x"}}], "s", "me", "p1")
    assert rows == [
        {**OF_SNAPSHOT, "playlist_id": "p1", "position": 1, "item_uri": "spotify:track:t1", "track_id": "t1",
         "track_name": "Blue", "artist_name": "Ann", "added_at": TIME}
    ]  # fmt: skip
    assert rejected == [] and holds(playlist_items_bronze, rows)


def test_episodes_and_local_files_have_an_address_and_no_track_id_and_null_items_leave_a_gap() -> None:
    entries = [
        {"item": EPISODE},
        {"item": None},
        {"item": LOCAL},
        {"item": BLUE},
        {"item": BLUE},
        {"item": {"name": "x"}},
    ]
    rows, rejected = playlist_item_rows(entries, "s", "me", "p1")
    assert [(row["position"], row["item_uri"], row["track_id"]) for row in rows] == [
        (1, "spotify:episode:e1", None),
        (3, "spotify:local:Ann:Sea:Blue:215", None),
        (4, "spotify:track:t1", "t1"),
        (5, "spotify:track:t1", "t1"),
    ]
    assert rejected == [(2, "the entry holds no item"), (6, "the item has no id")]


@pytest.mark.parametrize("stamp", ["1970-01-01T00:00:00Z", None, "", "never"])
def test_an_unknown_time_of_adding_is_null(stamp: str | None) -> None:
    rows, _ = playlist_item_rows([{"item": BLUE, "added_at": stamp}], "s", "me", "p1")
    assert rows[0]["added_at"] is None


PAGE = [{"added_at": ADDED, "track": BLUE}, {"added_at": ADDED, "track": RED}]


def test_the_same_page_and_total_have_the_same_tag_whatever_else_spotify_sends() -> None:
    again = [{**entry, "track": {**entry["track"], "popularity": 3}} for entry in PAGE]  # type: ignore[dict-item]
    assert first_page_tag(PAGE, 2) == first_page_tag(again, 2)
    assert len(first_page_tag([], 0)) == 64


@pytest.mark.parametrize(
    ("page", "total"),
    [
        (PAGE, 3),
        (PAGE[::-1], 2),
        (PAGE[:1], 2),
        ([PAGE[0], {**PAGE[1], "added_at": "2024-05-10T12:00:01Z"}], 2),
        ([PAGE[0], None], 2),
        ([], 2),
    ],
)
def test_another_order_total_item_or_time_has_another_tag(page: list[Any], total: int) -> None:
    assert first_page_tag(page, total) != first_page_tag(PAGE, 2)


@pytest.mark.parametrize(
    "changes", [{"name": "Night"}, {"description": "new"}, {"public": False}, {"snapshot_id": "BBB"}]
)
def test_a_changed_attribute_of_a_playlist_changes_the_tag_of_the_list(changes: dict[str, Any]) -> None:
    assert first_page_tag([PLAYLIST | changes], 1) != first_page_tag([PLAYLIST], 1)


def test_an_artist_list_has_a_tag_of_its_ids() -> None:
    assert first_page_tag([{"id": "a"}], 1) != first_page_tag([{"id": "b"}], 1)
