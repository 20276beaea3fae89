"""Tracks, albums and artists: whole rows, revisions, what is kept of the item, and what a later mapper needs of it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.catalogue import album_row, artist_row, reccobeats_track_row, track_row
from mappers.record import RejectedError
from schemas.bronze import albums_bronze, artists_bronze, tracks_bronze
from writers.records import arrow_rows

ADDED_LATER = {"batch_id": "b", "ingested_at": datetime(2024, 1, 1, tzinfo=UTC)}

TRACK: dict[str, Any] = {
    "id": "t1",
    "type": "track",
    "name": "Blue",
    "artists": [{"id": "a1", "name": "Ann", "href": "h"}, {"id": "a2", "name": "Ben"}],
    "album": {"id": "l1", "name": "Sea", "release_date": "2011-05-06", "images": [{"url": "i"}]},
    "external_ids": {"isrc": "GBAYE6800011", "ean": "1"},
    "duration_ms": 215_040,
    "explicit": True,
    "popularity": 61,
    "disc_number": 1,
    "track_number": 3,
    "available_markets": ["DE"],
}
SIMPLE_TRACK = {key: TRACK[key] for key in ("id", "name", "artists", "duration_ms", "explicit", "track_number")}
ALBUM: dict[str, Any] = {
    "id": "l1",
    "name": "Sea",
    "album_type": "album",
    "artists": [{"id": "a1", "name": "Ann"}],
    "release_date": "2011-05",
    "release_date_precision": "month",
    "external_ids": {"upc": "00602527"},
    "total_tracks": 2,
    "tracks": {"items": [SIMPLE_TRACK, SIMPLE_TRACK | {"id": "t2", "name": "Red", "track_number": 4}], "total": 2},
    "genres": [],
    "label": "L",
}
ARTIST: dict[str, Any] = {
    "id": "a1",
    "name": "Ann",
    "genres": ["dream pop", "indie"],
    "popularity": 70,
    "followers": {"href": None, "total": 12_345},
    "images": [],
}
RECCOBEATS: dict[str, Any] = {
    "id": "0f2c-uuid",
    "trackTitle": "Blue",
    "artists": [
        {"id": "uuid-a", "name": "Ann", "href": "https://open.spotify.com/artist/a1"},
        {"id": "uuid-b", "name": "Ben", "href": "https://example.org/ben"},
    ],
    "durationMs": 215_040,
    "isrc": "gb-aye-68-00011",
    "href": "https://open.spotify.com/track/t1",
    "availableCountries": "DE,FR",
    "popularity": 44,
}


def without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def test_a_track_of_spotify_becomes_this_row() -> None:
    assert without(track_row(TRACK), "revision", "payload") == {
        "track_id": "t1",
        "provider": "spotify",
        "track_name": "Blue",
        "artist_id": "a1",
        "artist_name": "Ann",
        "artist_ids": '["a1", "a2"]',
        "artist_names": '["Ann", "Ben"]',
        "album_id": "l1",
        "album_name": "Sea",
        "isrc": "GBAYE6800011",
        "duration_ms": 215_040,
        "explicit": True,
        "popularity": 61,
        "disc_number": 1,
        "track_number": 3,
        "mapper_version": 1,
    }


def test_a_track_of_reccobeats_has_the_spotify_id_it_was_asked_for_and_artists_ids_from_their_links() -> None:
    made = reccobeats_track_row("t1", RECCOBEATS)
    assert without(made, "revision", "payload") == {
        "track_id": "t1",
        "provider": "reccobeats",
        "track_name": "Blue",
        "artist_id": "a1",
        "artist_name": "Ann",
        "artist_ids": '["a1", null]',
        "artist_names": '["Ann", "Ben"]',
        "album_id": None,
        "album_name": None,
        "isrc": "GBAYE6800011",
        "duration_ms": 215_040,
        "explicit": None,
        "popularity": 44,
        "disc_number": None,
        "track_number": None,
        "mapper_version": 1,
    }
    assert "availableCountries" not in made["payload"]


def test_an_album_becomes_this_row_with_its_tracks_in_order() -> None:
    assert without(album_row(ALBUM), "revision", "payload") == {
        "album_id": "l1",
        "provider": "spotify",
        "album_name": "Sea",
        "artist_id": "a1",
        "artist_name": "Ann",
        "artist_ids": '["a1"]',
        "artist_names": '["Ann"]',
        "album_type": "album",
        "released_on": "2011-05",
        "upc": "00602527",
        "total_tracks": 2,
        "track_ids": '["t1", "t2"]',
        "mapper_version": 1,
    }


def test_the_tracks_of_an_album_that_were_not_fetched_are_not_known() -> None:
    assert album_row(without(ALBUM, "tracks"))["track_ids"] is None


def test_an_artist_becomes_this_row() -> None:
    assert without(artist_row(ARTIST), "revision", "payload") == {
        "artist_id": "a1",
        "provider": "spotify",
        "artist_name": "Ann",
        "genres": '["dream pop", "indie"]',
        "popularity": 70,
        "follower_count": 12_345,
        "mapper_version": 1,
    }


def test_fields_that_spotify_took_away_are_null() -> None:
    made = artist_row({"id": "a1", "name": "Ann", "genres": []})
    assert (made["genres"], made["popularity"], made["follower_count"]) == (None, None, None)
    track = track_row({"id": "t1", "name": "Blue", "artists": [], "album": None, "external_ids": None})
    assert {name for name, value in track.items() if value is not None} == {
        "track_id", "provider", "track_name", "revision", "payload", "mapper_version",
    }  # fmt: skip


@pytest.mark.parametrize("genres", ["dream pop, indie", "['dream pop', 'indie']", "dream pop;indie"])
def test_a_line_of_an_artist_file_is_an_artist_too(genres: str) -> None:
    line = {"artist_id": "a1", "artist_name": "Ann", "genres": genres, "popularity": "70", "follower_count": "12345"}
    made = artist_row(line, "file")
    assert made["provider"] == "file"
    details = ("artist_id", "artist_name", "genres", "popularity", "follower_count")
    assert {name: made[name] for name in details} == {name: artist_row(ARTIST)[name] for name in details}


@pytest.mark.parametrize(
    ("make", "item"),
    [(track_row, TRACK), (album_row, ALBUM), (artist_row, ARTIST)],
    ids=["track", "album", "artist"],
)
def test_what_is_kept_of_an_item_is_enough_to_map_it_again(make: Any, item: dict[str, Any]) -> None:
    made = make(item)
    assert make(json.loads(made["payload"])) == made


def test_what_is_kept_of_a_reccobeats_track_is_enough_to_map_it_again() -> None:
    made = reccobeats_track_row("t1", RECCOBEATS)
    assert reccobeats_track_row("t1", json.loads(made["payload"])) == made


def test_fields_that_are_on_no_list_are_nowhere_in_the_row() -> None:
    hidden = {"some_new_field": "tell-tale", "label": "tell-tale", "images": [{"url": "tell-tale"}]}
    artists = [{"id": "a1", "name": "Ann", "user": "tell-tale"}]
    for made in (
        track_row(TRACK | hidden | {"artists": artists}),
        album_row(ALBUM | hidden),
        artist_row(ARTIST | hidden),
    ):
        assert "tell-tale" not in repr(made)


def test_the_same_description_is_the_same_revision_and_a_changed_detail_another() -> None:
    first = track_row(TRACK)["revision"]
    assert track_row(TRACK | {"available_markets": ["FR"]})["revision"] == first
    for changes in ({"popularity": 62}, {"name": "Blue!"}, {"artists": TRACK["artists"][:1]}, {"external_ids": {}}):
        assert track_row(TRACK | changes)["revision"] != first


@pytest.mark.parametrize(
    ("make", "item", "reason"),
    [
        (track_row, None, "the entry is no JSON object"),
        (track_row, TRACK | {"id": None}, "the track has no id"),
        (track_row, TRACK | {"popularity": 101}, "popularity is negative or too large"),
        (track_row, TRACK | {"duration_ms": "long"}, "duration_ms is missing or no number"),
        (album_row, ALBUM | {"id": " "}, "the album has no id"),
        (album_row, [], "the entry is no JSON object"),
        (artist_row, {"name": "Ann"}, "the artist has no id"),
        (artist_row, ARTIST | {"followers": {"total": -1}}, "followers is negative or too large"),
    ],
)
def test_what_cannot_be_mapped_is_rejected_with_its_reason(make: Any, item: object, reason: str) -> None:
    with pytest.raises(RejectedError) as error:
        make(item)
    assert str(error.value) == reason


LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800")
JSON = st.recursive(LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))


@pytest.mark.parametrize(
    ("make", "item", "table"),
    [(track_row, TRACK, tracks_bronze), (album_row, ALBUM, albums_bronze), (artist_row, ARTIST, artists_bronze)],
    ids=["track", "album", "artist"],
)
@given(data=st.data())
def test_whatever_the_item_is_it_becomes_a_row_that_the_table_can_hold_or_is_rejected(
    make: Any, item: dict[str, Any], table: Any, data: st.DataObject
) -> None:
    changes = st.fixed_dictionaries({}, optional=dict.fromkeys(item, JSON)).map(lambda changes: item | changes)
    try:
        made = make(data.draw(JSON | changes))
    except RejectedError:
        return
    assert set(made) | set(ADDED_LATER) == set(table.column_names)
    assert arrow_rows(table, [made | ADDED_LATER]).num_rows == 1
