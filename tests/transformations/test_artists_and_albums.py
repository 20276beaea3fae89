"""artists and albums: each detail from the newest description that has it, and ids that are known by name alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import Row

from transformations.silver.albums import albums
from transformations.silver.artists import artists

NOON = datetime(2024, 5, 10, 12, tzinfo=UTC)


def described(provider: str = "spotify", hour: int = 0, **fields: Any) -> dict[str, Any]:
    return {"provider": provider, "ingested_at": NOON + timedelta(hours=hour), "revision": f"{hour}", **fields}


def artist(artist_id: str, *given: Any, **fields: Any) -> dict[str, Any]:
    return described(*given, artist_id=artist_id, **fields)


def album(album_id: str, *given: Any, **fields: Any) -> dict[str, Any]:
    return described(*given, album_id=album_id, **fields)


def follow(artist_id: str, **fields: Any) -> dict[str, Any]:
    return {"collection": "followed_artists", "item_id": artist_id, "is_current": True, **fields}


@pytest.fixture
def known_artists(rows: Callable[..., Any]) -> Callable[..., dict[str, Row]]:
    def of(
        artists_: Any = (), tracks: Any = (), albums_: Any = (), library: Any = (), kaggle: Any = ()
    ) -> dict[str, Row]:
        given = (rows("artists_bronze", *artists_), rows("tracks_bronze", *tracks), rows("albums_bronze", *albums_))
        others = rows("library_history", *library), rows("kaggle_tracks_bronze", *kaggle)
        found = artists(*given, *others).collect()
        assert len({row.artist_id for row in found}) == len(found)
        return {row.artist_id: row for row in found}

    return of


@pytest.fixture
def known_albums(rows: Callable[..., Any]) -> Callable[..., dict[str, Row]]:
    def of(*albums_: dict[str, Any], tracks: Any = ()) -> dict[str, Row]:
        found = albums(rows("albums_bronze", *albums_), rows("tracks_bronze", *tracks)).collect()
        assert len({row.album_id for row in found}) == len(found)
        return {row.album_id: row for row in found}

    return of


def test_an_artist_has_spotifys_newest_details_and_what_is_missing_from_a_file(known_artists):
    given = [
        artist("a", "file", 9, artist_name="File", genres='["pop"]', popularity=1, follower_count=2),
        artist("a", "spotify", 1, artist_name="Ann", popularity=50),
        artist("a", "spotify", 0, artist_name="Old", popularity=60, follower_count=7),
    ]
    for order in (given, given[::-1]):
        row = known_artists(order)["a"]
        details = (row.artist_name, row.genres, row.popularity, row.follower_count, row.provider)
        assert details == ("Ann", '["pop"]', 50, 7, "spotify")


def test_everyone_who_is_credited_or_followed_has_a_row(known_artists):
    credits = {"artist_ids": '["a", null, "b"]', "artist_names": '["Ann", "No id", "Ben"]'}
    found = known_artists(
        [artist("a", artist_name="Ann!", genres='["pop"]')],
        tracks=[described(track_id="t", **credits), described(track_id="u")],
        albums_=[album("l", artist_ids='["c"]', artist_names='["Cleo"]')],
        library=[follow("d", item_name="Dan")],
    )
    assert {name: (row.artist_name, row.provider, row.genres) for name, row in found.items()} == {
        "a": ("Ann!", "spotify", '["pop"]'),
        "b": ("Ben", None, None),
        "c": ("Cleo", None, None),
        "d": ("Dan", None, None),
    }


def test_of_several_names_elsewhere_the_newest_is_taken(known_artists):
    tracks = [
        described(hour=hour, track_id=f"t{hour}", artist_ids='["a"]', artist_names=f'["{name}"]')
        for hour, name in ((0, "Old"), (2, "New"), (1, "Middle"))
    ]
    assert known_artists(tracks=tracks)["a"].artist_name == "New"


def test_an_artist_is_followed_while_any_listener_follows(known_artists):
    library = [
        follow("a", user_id="u", is_current=False),
        follow("a", user_id="v"),
        follow("b", is_current=False),
        {"collection": "saved_tracks", "item_id": "c", "is_current": True},
    ]
    found = known_artists([artist("c", artist_name="Cleo")], library=library)
    assert {name: row.is_followed for name, row in found.items()} == {"a": True, "b": False, "c": False}


def test_an_album_has_the_newest_details_that_are_known(known_albums):
    given = [
        {"album_name": "Sea", "track_ids": '["t1"]', "upc": "1", "total_tracks": 9, "released_on": "2011-05-06"},
        {"album_name": "Sea (Deluxe)", "artist_id": "a", "artist_name": "Ann", "album_type": "album"},
    ]
    row = known_albums(*(album("l", "spotify", hour, **fields) for hour, fields in enumerate(given)))["l"]
    assert row.asDict() == {
        "album_id": "l",
        "album_name": "Sea (Deluxe)",
        "artist_id": "a",
        "artist_name": "Ann",
        "album_type": "album",
        "released_on": "2011-05-06",
        "release_year": 2011,
        "total_tracks": 9,
        "track_ids": '["t1"]',
        "upc": "1",
    }


def test_an_album_that_only_a_track_names_is_known_by_its_name(known_albums):
    tracks = [described(track_id="t", album_id="l", album_name="Sea"), described(track_id="u", album_id=None)]
    row = known_albums(tracks=tracks)["l"]
    assert (row.album_name, row.artist_name, row.release_year) == ("Sea", None, None)


@pytest.mark.parametrize(
    ("released_on", "expected"),
    [("2011", 2011), ("2011-05", 2011), ("2011-05-06", 2011), ("0000", None), ("unknown", None), (None, None)],
)
def test_the_year_of_release_is_read_from_a_day_a_month_or_a_year(known_albums, released_on, expected):
    assert known_albums(album("l", released_on=released_on))["l"].release_year == expected
