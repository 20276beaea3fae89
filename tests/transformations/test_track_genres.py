"""Genres: which an artist and a track belong to, by whose word, in what parts, and of which family."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pyspark.sql import functions as F

from transformations.genres import FAMILIES, OTHER, family_of, tier_of
from transformations.silver.artists import artists
from transformations.silver.track_genres import track_genres

NOON = datetime(2024, 5, 10, 12, tzinfo=UTC)
Genres = dict[str, dict[str, tuple[float, str]]]


def catalogue(*given: tuple[str, str, str]) -> list[dict[str, Any]]:
    """Rows of the catalogue: track id, artists, genre."""
    return [
        {"track_id": track, "artists": artists_, "track_genre": genre, "row_index": place}
        for place, (track, artists_, genre) in enumerate(given)
    ]


@pytest.fixture
def genres_of(rows: Callable[..., Any]) -> Callable[..., Genres]:
    """Genres of tracks: {track: {genre: (weight, provider)}}."""

    def of(tracks: list[dict[str, Any]], artists_: Any = (), kaggle: Any = ()) -> Genres:
        frames = rows("tracks", *tracks), rows("artists", *artists_), rows("kaggle_tracks_bronze", *kaggle)
        found: Genres = {}
        for row in track_genres(*frames).collect():
            assert row.genre not in found.setdefault(row.track_id, {})
            found[row.track_id][row.genre] = (pytest.approx(row.genre_weight), row.genre_provider)
        return found

    return of


def track(track_id: str, artist_name: str = "Artist", **fields: Any) -> dict[str, Any]:
    return {"track_id": track_id, "artist_name": artist_name, "is_played": True, **fields}


def test_what_is_listed_for_the_artist_comes_before_the_catalogue(genres_of):
    found = genres_of(
        [track("t", artist_id="a")],
        [{"artist_id": "a", "artist_name": "Artist", "genres": '["art pop", "shoegaze", "art pop"]'}],
        catalogue(("t", "Artist", "rock")),
    )
    assert found == {"t": {"art pop": (0.5, "artist"), "shoegaze": (0.5, "artist")}}


def test_an_artist_is_found_by_id_before_name_and_by_name_whatever_the_case(genres_of):
    listed = [
        {"artist_id": "a", "artist_name": "ARTIST", "genres": '["by name"]'},
        {"artist_id": "b", "artist_name": "Other", "genres": '["by id"]'},
    ]
    found = genres_of([track("named", " artist "), track("known", "Artist", artist_id="b")], listed)
    assert found == {"named": {"by name": (1.0, "artist")}, "known": {"by id": (1.0, "artist")}}


def test_the_catalogues_word_on_the_track_comes_before_its_word_on_the_artist(genres_of):
    rows_ = catalogue(("t", "Artist;Guest", "rock"), ("t", "Artist;Guest", "indie"), ("x", "Artist", "folk"))
    found = genres_of([track("t"), track("u"), track("v", "Guest")], kaggle=rows_)
    assert found["t"] == {"rock": (0.5, "catalogue_track"), "indie": (0.5, "catalogue_track")}
    third = (1 / 3, "catalogue_artist")
    assert found["u"] == {"rock": third, "indie": third, "folk": third}
    assert "v" not in found  # a guest's genres are not the guest's


def test_rare_genres_of_an_artist_in_the_catalogue_are_left_out_and_the_rest_add_up_to_one(genres_of):
    many = [(f"x{n}", "Artist", "metal") for n in range(9)]
    ten = genres_of([track("t")], kaggle=catalogue(*many, ("y", "Artist", "salsa")))
    assert ten["t"] == {"metal": (0.9, "catalogue_artist"), "salsa": (0.1, "catalogue_artist")}
    eleven = genres_of([track("t")], kaggle=catalogue(*many, ("z", "Artist", "metal"), ("y", "Artist", "salsa")))
    assert eleven["t"] == {"metal": (1.0, "catalogue_artist")}


def test_a_track_that_nobody_played_or_of_which_nothing_is_known_is_not_there(genres_of):
    tracks = [track("unplayed", is_played=False), track("unknown"), track("empty", "Blank")]
    listed = [{"artist_id": "b", "artist_name": "Blank", "genres": "[]"}]
    assert genres_of(tracks, listed, catalogue(("unplayed", "Somebody", "rock"))) == {}


def test_in_the_lake_the_parts_of_every_track_add_up_to_one(sql):
    sums = sql("""
        SELECT track_id, sum(genre_weight) AS whole, count(DISTINCT genre_provider) AS providers,
               count(DISTINCT genre) = count(*) AS is_unique
        FROM track_genres GROUP BY track_id
    """)
    assert len(sums) > 100
    assert ((sums["whole"] - 1).abs() < 1e-9).all()
    assert (sums["providers"] == 1).all() and sums["is_unique"].all()
    unplayed = sql(
        "SELECT track_id FROM track_genres ANTI JOIN (SELECT * FROM tracks WHERE is_played) USING (track_id)"
    )
    assert unplayed.empty


@pytest.mark.parametrize(
    ("genre", "family"),
    [
        ("hip-hop", "hip hop"),
        ("Deep House", "electronic"),
        ("indie rock", "rock"),
        ("indie pop", "rock"),
        ("pop", "pop"),
        ("britpop", "pop"),
        ("black-metal", "metal"),
        ("ska", "reggae"),
        ("skate punk", "punk"),
        ("trap latino", "latin"),
        ("trap", "hip hop"),
        ("trapeze swing", "jazz and blues"),
        ("lo-fi beats", "ambient and calm"),
        ("show-tunes", "stage and screen"),
        ("zydeco", OTHER),
    ],
)
def test_a_genre_is_of_the_first_family_whose_words_its_name_has(spark, genre, family):
    (row,) = spark.createDataFrame([(genre,)], "genre STRING").select(family_of(F.col("genre")).alias("f")).collect()
    assert row.f == family


def test_every_family_is_reached_by_one_of_its_own_words(spark):
    words = [(family, word.strip()) for family, words in FAMILIES.items() for word in words]
    frame = spark.createDataFrame(words, "family STRING, word STRING").withColumn("found", family_of(F.col("word")))
    reached = {row.found for row in frame.collect() if row.found == row.family}
    assert reached == set(FAMILIES)
    nothing = spark.createDataFrame([(None,)], "word STRING").select(family_of(F.col("word")).alias("f")).collect()
    assert nothing[0].f is None


def test_tiers_begin_where_they_say(spark):
    expected = {0: "hidden", 19: "hidden", 20: "niche", 39: "niche", 40: "known", 59: "known", 60: "popular",
                79: "popular", 80: "star", 100: "star", None: None}  # fmt: skip
    frame = spark.createDataFrame([(value,) for value in expected], "popularity INT")
    assert {row[0]: row[1] for row in frame.select("popularity", tier_of(F.col("popularity"))).collect()} == expected


@pytest.fixture
def main_genre(rows: Callable[..., Any]) -> Callable[..., Any]:
    def of(genres: str | None, *kaggle: tuple[str, str, str], popularity: int | None = None) -> Any:
        described = {"artist_id": "a", "artist_name": "Artist", "genres": genres, "popularity": popularity}
        given = rows("artists_bronze", {**described, "provider": "spotify", "ingested_at": NOON, "revision": "1"})
        others = (rows(name) for name in ("tracks_bronze", "albums_bronze", "library_history"))
        (row,) = artists(given, *others, rows("kaggle_tracks_bronze", *catalogue(*kaggle))).collect()
        return row

    return of


def test_the_main_genre_is_that_of_the_highest_mean_of_both_voices(main_genre):
    # metal: (1/2 + 2/3) / 2; rock: (1/2 + 0) / 2; doom: (0 + 1/3) / 2.
    row = main_genre('["rock", "metal"]', ("x", "artist", "metal"), ("y", "Artist;B", "metal"), ("z", "Artist", "doom"))
    assert (row.main_genre, row.main_genre_family) == ("metal", "metal")
    assert row.genre_score == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_one_voice_alone_is_believed_and_ties_go_by_name(main_genre):
    row = main_genre('["soul", "funk"]')
    assert (row.main_genre, row.genre_score, row.main_genre_family) == ("funk", 0.5, "soul and funk")
    row = main_genre(None, ("x", "Artist", "tango"))
    assert (row.main_genre, row.genre_score, row.main_genre_family) == ("tango", 1.0, "latin")


def test_an_artist_without_genre_or_popularity_has_neither_family_nor_tier(main_genre):
    row = main_genre(None)
    assert (row.main_genre, row.genre_score, row.main_genre_family, row.popularity_tier) == (None, None, None, None)
    assert main_genre(None, popularity=60).popularity_tier == "popular"
