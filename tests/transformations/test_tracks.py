"""tracks: of every track the best known names, length and popularity, whatever order the records came in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import Row

from transformations.silver.tracks import tracks

NOON = datetime(2024, 5, 10, 12, tzinfo=UTC)
Known = Callable[..., dict[str, Row]]


def play(track_id: str | None = "t", hour: int = 0, **fields: Any) -> dict[str, Any]:
    return {"kind": "track", "track_id": track_id, "played_at": NOON + timedelta(hours=hour), **fields}


def described(track_id: str = "t", provider: str = "spotify", hour: int = 0, **fields: Any) -> dict[str, Any]:
    ingested_at = NOON + timedelta(hours=hour)
    return {"track_id": track_id, "provider": provider, "ingested_at": ingested_at, "revision": f"{hour}", **fields}


def measured(source: str, **fields: Any) -> dict[str, Any]:
    return {"track_id": "t", "source": source, **fields}


def kaggle(track_genre: str = "pop", **fields: Any) -> dict[str, Any]:
    return {"track_id": "t", "source": "kaggle", "track_name": "K", "track_genre": track_genre, **fields}


@pytest.fixture
def known(rows: Callable[..., Any]) -> Known:
    def of(
        plays: tuple[Any, ...] = (), catalogue: tuple[Any, ...] = (), features: Any = (), genres: Any = ()
    ) -> dict[str, Row]:
        found = tracks(
            rows("listening_history_bronze", *plays),
            rows("tracks_bronze", *catalogue),
            rows("my_tracks_features_bronze", *features),
            rows("kaggle_tracks_bronze", *genres),
        ).collect()
        assert len({row.track_id for row in found}) == len(found)
        return {row.track_id: row for row in found}

    return of


def test_each_detail_comes_from_the_first_source_that_has_it(known):
    """Sources in the order in which they are believed; each gives one detail more than those before it."""
    row = known(
        plays=(play(track_name="play"),),
        catalogue=(
            described(track_name="spotify", album_name="spotify"),
            described(provider="reccobeats", track_name="-", album_name="-", isrc="reccobeats"),
            described(provider="file", track_name="-", isrc="-", album_id="file"),
        ),
        features=(
            measured("spotify", track_name="-", artist_name="service"),
            measured("reccobeats", artist_name="-", duration_ms=5),
        ),
        genres=(kaggle(artist_name="-", album_name="-", duration_ms=6, explicit=True),),
    )["t"]
    details = ("track_name", "album_name", "isrc", "album_id", "artist_name", "duration_ms", "explicit", "track_genre")
    expected = ("play", "spotify", "reccobeats", "file", "service", 5, True, "pop")
    assert tuple(row[name] for name in details) == expected


def test_of_the_plays_the_newest_that_has_a_detail_gives_it(known):
    plays = (
        play(hour=0, track_name="Old", album_name="First", duration_ms=1),
        play(hour=2, track_name="New", artist_name="Ann"),
        play(hour=1, track_name="Middle", album_name="Second", duration_ms=0),
    )
    for order in (plays, plays[::-1]):
        row = known(plays=order)["t"]
        assert (row.track_name, row.artist_name, row.album_name, row.duration_ms) == ("New", "Ann", "Second", 1)


def test_of_two_names_at_one_time_the_first_by_alphabet_is_taken(known):
    for order in ((play(track_name="B"), play(track_name="A")), (play(track_name="A"), play(track_name="B"))):
        assert known(plays=order)["t"].track_name == "A"


def test_of_the_descriptions_of_one_provider_the_newest_that_has_a_detail_gives_it(known):
    catalogue = (
        described(hour=0, track_name="Old", isrc="X1", popularity=70),
        described(hour=1, track_name="New", popularity=50),
        described(hour=2, track_name="Newest"),
    )
    for order in (catalogue, catalogue[::-1]):
        row = known(catalogue=order)["t"]
        assert (row.track_name, row.isrc, row.popularity) == ("Newest", "X1", 50)


@pytest.mark.parametrize(
    ("providers", "expected"),
    [
        (("kaggle",), (10, "kaggle")),
        (("kaggle", "reccobeats"), (20, "reccobeats")),
        (("kaggle", "reccobeats", "spotify"), (30, "spotify")),
        ((), (None, None)),
    ],
)
def test_popularity_is_spotifys_else_that_of_reccobeats_else_that_of_the_catalogue(known, providers, expected):
    catalogue = [described(provider=name, popularity={"spotify": 30, "reccobeats": 20}.get(name)) for name in providers]
    genres = [kaggle(popularity=10 if "kaggle" in providers else None)]
    row = known(catalogue=tuple(row for row in catalogue if row["provider"] != "kaggle"), genres=genres)["t"]
    assert (row.popularity, row.popularity_provider) == expected


def test_of_the_catalogue_the_most_popular_genre_is_taken_then_the_first_by_alphabet(known):
    assert known(genres=[kaggle("rock", popularity=1), kaggle("jazz", popularity=2)])["t"].track_genre == "jazz"
    assert known(genres=[kaggle("rock", popularity=2), kaggle("jazz", popularity=2)])["t"].track_genre == "jazz"


def test_a_track_is_played_only_if_a_record_of_music_says_so(known):
    found = known(
        plays=(play("a", track_name="A"), play("e", kind="episode"), play(None, track_name="Local")),
        catalogue=(described("b"), described("a")),
        genres=(kaggle(),),
    )
    assert {name: row.is_played for name, row in found.items()} == {"a": True, "b": False, "t": False}


def test_the_title_is_the_hash_of_what_matches_records(known):
    found = known(plays=(play("a", track_name=" Blue \u00a0\u2003Sea\u3000", artist_name="ANN"), play("b")))
    keys = {name: (row.match_key, row.title_id) for name, row in found.items()}
    expected = {"a": "blue sea\tann", "b": "id\tb"}
    assert keys == {name: (key, hashlib.sha256(key.encode()).hexdigest()) for name, key in expected.items()}


def test_artist_and_album_have_their_ids(known):
    row = known(plays=(play(track_name="Blue"),), catalogue=(described(artist_id="a1", album_id="l1"),))["t"]
    assert (row.artist_id, row.album_id) == ("a1", "l1")


def test_plays_and_known_tracks_name_a_title_alike(table):
    """On a lake built from simulated exports: every play's title and recording are those of a known track."""
    plays, found = table("plays"), table("tracks")
    named = plays.dropna(subset=["track_id"])
    assert len(named) > 0
    assert set(named["title_id"]) <= set(found["title_id"])
    assert set(named["recording_id"]) <= set(found["track_id"])
