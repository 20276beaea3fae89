"""Versioned tables: at every snapshot's time, the rows that hold then are exactly what the snapshot showed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import Row

from transformations.silver.library_history import library_history
from transformations.silver.playlist_history import playlist_history
from transformations.silver.playlist_items_history import playlist_items_history

Rows = Callable[..., Any]
START = datetime(2024, 5, 10, tzinfo=UTC)
FOREVER = datetime.max.replace(tzinfo=UTC)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def header(key: str, at: float, collection: str = "saved_tracks", **fields: Any) -> dict[str, Any]:
    """A snapshot's header; the part is the whole collection unless given."""
    filled = {"user_id": "u", "part": "", "is_readable": True, **fields}
    return {"snapshot_key": key, "collection": collection, "snapshot_at": day(at), **filled}


def listed(key: str, *items: str | dict[str, Any], column: str, **fields: Any) -> list[dict[str, Any]]:
    """The items of a snapshot in order: ids for the column, or more of the row."""
    given = [item if isinstance(item, dict) else {column: item} for item in items]
    return [
        {"snapshot_key": key, "user_id": "u", "position": n, **fields, **item} for n, item in enumerate(given, start=1)
    ]


def saved(key: str, *items: str | dict[str, Any]) -> list[dict[str, Any]]:
    return listed(key, *items, column="track_id")


def on_list(key: str, *items: str | dict[str, Any]) -> list[dict[str, Any]]:
    return listed(key, *items, column="playlist_id")


def entries(key: str, *items: str | dict[str, Any], playlist_id: str = "p") -> list[dict[str, Any]]:
    return listed(key, *items, column="item_uri", playlist_id=playlist_id)


def utc(value: datetime | None) -> datetime | None:
    """A timestamp as collected (naive, in the zone of this machine, or aware) as UTC."""
    return value.astimezone(UTC) if value else None


def days(row: Row) -> tuple[float, float | None]:
    """When a row holds, in days from the start; None while it is current."""
    begin, end = utc(row.valid_from), utc(row.valid_to)
    assert row.is_current == (end is None)
    return (begin - START) / timedelta(days=1), end and (end - START) / timedelta(days=1)


def times(found: list[Row], *names: str) -> set[tuple[Any, ...]]:
    """The named columns of each row and when it holds; no row may come twice."""
    made = [(*(row[name] for name in names), *days(row)) for row in found]
    assert len(made) == len(set(made))
    return set(made)


@pytest.fixture
def library(rows: Rows) -> Callable[..., list[Row]]:
    """library_history of some headers, saved tracks and followed artists."""

    def of(headers: list[Any], tracks: list[Any], artists: list[Any] | None = None) -> list[Row]:
        return library_history(
            rows("library_snapshots_bronze", *headers),
            rows("saved_tracks_bronze", *tracks),
            rows("followed_artists_bronze", *(artists or [])),
        ).collect()

    return of


@pytest.fixture
def playlists(rows: Rows) -> Callable[..., list[Row]]:
    def of(headers: list[Any], lists: list[Any]) -> list[Row]:
        return playlist_history(rows("library_snapshots_bronze", *headers), rows("playlists_bronze", *lists)).collect()

    return of


@pytest.fixture
def playlist_items(rows: Rows) -> Callable[..., list[Row]]:
    def of(headers: list[Any], items: list[Any], lists: list[Any] | None = None) -> list[Row]:
        return playlist_items_history(
            rows("library_snapshots_bronze", *headers),
            rows("playlist_items_bronze", *items),
            rows("playlists_bronze", *(lists or [])),
        ).collect()

    return of


def test_an_item_holds_from_its_first_snapshot_to_the_first_without_it(library):
    headers = [header("s1", 0), header("s2", 1), header("s3", 2)]
    found = library(headers, saved("s1", "a", "b") + saved("s2", "b", "c") + saved("s3", "c", "b"))
    assert times(found, "item_id") == {("a", 0, 1), ("b", 0, None), ("c", 1, None)}


def test_what_was_removed_and_added_again_has_two_rows(library):
    headers = [header("s1", 0), header("s2", 1), header("s3", 2), header("s4", 3)]
    found = library(headers, saved("s1", "a") + saved("s3", "a"))
    assert times(found, "item_id") == {("a", 0, 1), ("a", 2, 3)}


def test_what_was_added_again_between_two_snapshots_shows_by_another_time_of_adding(library):
    headers = [header("s1", 0), header("s2", 1)]
    items = saved("s1", {"track_id": "a", "added_at": day(-9)}) + saved("s2", {"track_id": "a", "added_at": day(0.5)})
    assert times(library(headers, items), "item_id") == {("a", 0, 1), ("a", 1, None)}


def test_an_emptied_collection_ends_everything(library):
    assert times(library([header("s1", 0), header("s2", 1)], saved("s1", "a")), "item_id") == {("a", 0, 1)}


def test_of_two_snapshots_at_one_time_the_last_by_key_counts(library):
    headers = [header("s1", 0), header("s2", 0), header("s3", 1)]
    found = library(headers, saved("s1", "a", "b") + saved("s2", "b", "c") + saved("s3", "c"))
    assert times(found, "item_id") == {("b", 0, 1), ("c", 0, None)}


def test_a_new_name_is_no_new_version_and_the_newest_known_name_is_given(library):
    headers = [header("s1", 0), header("s2", 1), header("s3", 2)]
    names = {"s1": "Blue", "s2": "Blue (Remastered)", "s3": None}
    items = [row for key, name in names.items() for row in saved(key, {"track_id": "a", "track_name": name})]
    assert times(library(headers, items), "item_id", "item_name") == {("a", "Blue (Remastered)", 0, None)}


def test_an_item_that_paging_showed_twice_is_one(library):
    headers = [header("s1", 0), header("s2", 1)]
    assert times(library(headers, saved("s1", "a", "b", "a") + saved("s2", "a")), "item_id") == {
        ("a", 0, None),
        ("b", 0, 1),
    }


def test_saved_tracks_followed_artists_and_listeners_do_not_mix(library):
    headers = [
        header("s1", 0),
        header("s2", 1, user_id="v"),
        header("f1", 2, "followed_artists"),
        header("t1", 3, "top_items", part="track/short_term"),
    ]
    tracks = saved("s1", {"track_id": "a", "artist_name": "Ann"}) + saved("s2", {"track_id": "b", "user_id": "v"})
    artists = listed("f1", {"artist_id": "x", "artist_name": "Xia"}, column="artist_id")
    found = library(headers, tracks, artists)
    assert times(found, "user_id", "collection", "item_id", "artist_name") == {
        ("u", "saved_tracks", "a", "Ann", 0, None),
        ("v", "saved_tracks", "b", None, 1, None),
        ("u", "followed_artists", "x", None, 2, None),
    }
    assert {row.item_name for row in found if row.collection == "followed_artists"} == {"Xia"}


def test_each_changed_attribute_of_a_playlist_is_a_new_version(playlists):
    plain = {"playlist_id": "p", "playlist_name": "Evening", "owner_id": "me", "is_own": True, "is_public": False}
    changes = [
        {}, {"position": 7, "version_tag": "new", "total_tracks": 9}, {"playlist_name": "Night"},
        {"playlist_description": "late"}, {"playlist_description": None}, {"owner_id": "you"}, {"is_public": None},
        {"is_collaborative": True},
    ]  # fmt: skip
    headers, lists, current = [], [], plain
    for number, change in enumerate(changes):
        current = current | change
        headers.append(header(f"s{number}", number, "playlists"))
        lists += on_list(f"s{number}", current)
    # The second change is of no attribute; the fifth takes one back to null.
    assert times(playlists(headers, lists), "playlist_id") == {
        ("p", 0, 2), ("p", 2, 3), ("p", 3, 4), ("p", 4, 5), ("p", 5, 6), ("p", 6, 7), ("p", 7, None),
    }  # fmt: skip


def test_a_playlist_that_is_missing_from_a_later_snapshot_ends_there(playlists):
    headers = [header(f"s{n}", n, "playlists") for n in range(3)]
    found = playlists(headers, on_list("s0", "p", "q") + on_list("s1", "q") + on_list("s2", "p", "q"))
    assert times(found, "playlist_id") == {("p", 0, 1), ("q", 0, None), ("p", 2, None)}


def of_list(key: str, at: float, **fields: Any) -> dict[str, Any]:
    return header(key, at, "playlist_items", **{"part": "p", **fields})


def test_copies_of_a_track_are_told_apart_by_age_and_a_moved_copy_stays_the_same(playlist_items):
    old, new = ({"item_uri": "a", "added_at": day(n)} for n in (-2, -1))
    headers = [of_list("s1", 0), of_list("s2", 1), of_list("s3", 2)]
    items = entries("s1", old, "b", new) + entries("s2", new, old, "b") + entries("s3", old, "b")
    assert times(playlist_items(headers, items), "item_uri", "occurrence") == {
        ("a", 1, 0, None),
        ("a", 2, 0, 2),
        ("b", 1, 0, None),
    }


def test_a_snapshot_that_spotify_would_not_show_says_nothing(playlist_items):
    headers = [of_list("s1", 0), of_list("s2", 1, is_readable=False), of_list("s3", 2)]
    found = playlist_items(headers, entries("s1", "a", "b") + entries("s3", "a"))
    assert times(found, "item_uri") == {("a", 0, None), ("b", 0, 2)}


def test_each_playlist_is_compared_with_itself(playlist_items):
    headers = [of_list("s1", 0), of_list("s2", 1, part="q"), of_list("s3", 2)]
    items = entries("s1", "a") + entries("s2", "b", playlist_id="q") + entries("s3", "a", "c")
    assert times(playlist_items(headers, items), "playlist_id", "item_uri") == {
        ("p", "a", 0, None),
        ("q", "b", 1, None),
        ("p", "c", 2, None),
    }


def test_items_end_when_their_playlist_leaves_the_list_and_go_on_when_it_comes_back(playlist_items):
    """Its items are not stored again then, since they are as they were."""
    headers = [of_list("i1", -1), *(header(f"s{n}", n, "playlists") for n in range(4)), of_list("i2", 2.5)]
    lists = on_list("s0", "p", "q") + on_list("s1", "q") + on_list("s2", "p") + on_list("s3", "p")
    found = playlist_items(headers, entries("i1", "a", "b") + entries("i2", "a"), lists)
    assert times(found, "item_uri") == {("a", -1, 1), ("b", -1, 1), ("a", 2, None), ("b", 2, 2.5)}


def test_items_read_just_after_their_playlist_left_are_not_shown(playlist_items):
    headers = [header("s0", 0, "playlists"), header("s1", 1, "playlists"), of_list("i1", 1.01)]
    assert playlist_items(headers, entries("i1", "a"), on_list("s0", "p")) == []


SHOWN = st.none() | st.lists(st.sampled_from("abc"), max_size=4)  # None: unreadable
SERIES = st.lists(SHOWN, min_size=1, max_size=7)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories=st.dictionaries(st.sampled_from("pqr"), SERIES, min_size=1), order=st.randoms(use_true_random=False))
def test_at_every_snapshot_the_rows_that_hold_are_its_items_and_no_more_rows_are_made_than_needed(
    rows, histories, order
):
    headers, items = [], []
    for part, series in histories.items():
        for number, shown in enumerate(series):
            key = f"{part}{number}"
            headers.append(of_list(key, number, part=part, is_readable=shown is not None))
            items += entries(key, *(shown or []), playlist_id=part)
    order.shuffle(headers)
    order.shuffle(items)
    found = playlist_items_history(
        rows("library_snapshots_bronze", *headers), rows("playlist_items_bronze", *items), rows("playlists_bronze")
    ).collect()
    keys = [(row.playlist_id, row.item_uri, row.occurrence, row.valid_from) for row in found]
    assert len(keys) == len(set(keys))
    for part, series in histories.items():
        own = [row for row in found if row.playlist_id == part]
        readable = [(day(number), sorted(shown)) for number, shown in enumerate(series) if shown is not None]
        for at, shown in readable:
            holding = [row for row in own if utc(row.valid_from) <= at < (utc(row.valid_to) or FOREVER)]
            assert sorted(row.item_uri for row in holding) == shown
        # Fewest rows: one each time that the count of an item grows.
        counts = [{uri: shown.count(uri) for uri in "abc"} for _, shown in readable]
        before = [dict.fromkeys("abc", 0), *counts]
        grown = sum(max(0, now[uri] - then[uri]) for then, now in zip(before, counts, strict=False) for uri in "abc")
        assert len(own) == grown
        assert sum(row.is_current for row in own) == (len(readable[-1][1]) if readable else 0)
