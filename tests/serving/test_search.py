"""Search: what is found by the words of a name, by a slip in the spelling, and by nothing at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import duckdb
import pytest

from serving.arranged import SEARCHED
from serving.search import search
from serving.store import Store


@pytest.fixture(scope="module")
def odd_store(demo_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The demo's file with a few odd names in place of others."""
    file = tmp_path_factory.mktemp("odd") / "odd.duckdb"
    shutil.copy(demo_store.file, file)
    names = {
        "sigur": "Sigur Rós", "long": "é" * 10_000, "script": "<script>alert('x')</script>", "percent": "100% _real_",
        "japanese": "椎名林檎", "right": "\u202eمرحبا",
    }  # fmt: skip
    with duckdb.connect(str(file)) as connection:
        for key, name in names.items():
            connection.execute(
                "INSERT INTO artist_stats SELECT * REPLACE ($key AS artist_key, $name AS artist_name) "
                "FROM artist_stats WHERE period_kind = 'all_time' AND time_rank = 9",
                {"key": key, "name": name},
            )
        connection.execute(
            "INSERT INTO library_history SELECT * REPLACE ('unplayed' AS item_id, 'A Harbour Unheard' AS item_name) "
            "FROM library_history WHERE collection = 'saved_tracks' AND is_current LIMIT 1"
        )
        connection.execute(f"DROP TABLE search_names; {SEARCHED}")
    store = Store(file)
    yield store
    store.close()


def test_an_artist_is_found_by_a_part_of_the_name_most_played_first(demo_store: Store) -> None:
    expected = demo_store.rows(
        "SELECT artist_key FROM artist_stats WHERE period_kind = 'all_time' AND artist_name ILIKE '%almanac%' "
        "ORDER BY listened_ms DESC LIMIT 5"
    )
    found = search(demo_store, "almanac", 5)
    assert [row["key"] for row in found.artists] == [row["artist_key"] for row in expected]
    assert not found.is_guess


def test_a_track_is_found_by_words_of_its_title_and_artist_in_any_order(demo_store: Store) -> None:
    row = demo_store.row(
        "SELECT recording_id, track_name, artist_name FROM track_stats WHERE period_kind = 'all_time' AND time_rank = 1"
    )
    assert row is not None
    words = f"{row['artist_name'].split()[-1]} {row['track_name'].split()[0]}".upper()
    assert row["recording_id"] in [one["key"] for one in search(demo_store, words, 50).tracks]


def test_a_slip_in_the_spelling_does_no_harm(demo_store: Store) -> None:
    found = search(demo_store, "overgrwn thimbels")
    assert found.artists[0]["name"] == "Overgrown Thimbles"
    assert found.is_guess


def test_the_whole_name_comes_before_longer_ones(odd_store: Store) -> None:
    assert search(odd_store, "sigur ros").artists[0]["key"] == "sigur"
    assert search(odd_store, "SIGUR RÓS").artists[0]["key"] == "sigur"


@pytest.mark.parametrize(
    ("query", "key"),
    [("<script>alert('x')</script>", "script"), ("100% _", "percent"), ("林檎", "japanese"), ("مرحبا", "right"),
     ("e" * 10_000, "long")],
)  # fmt: skip
def test_odd_names_are_found_as_they_are_written(odd_store: Store, query: str, key: str) -> None:
    assert key in [row["key"] for row in search(odd_store, query).artists]


@pytest.mark.parametrize(
    "query", ["", "   ", "zzzzqqqq", "'; DROP TABLE artist_stats; --", "%%", "\x00", "$text", "_a_"]
)
def test_what_is_in_no_name_finds_nothing(demo_store: Store, query: str) -> None:
    assert search(demo_store, query).count == 0


def test_a_per_cent_sign_is_a_letter_and_no_placeholder(demo_store: Store) -> None:
    found = search(demo_store, "%", 1000).tracks
    expected = demo_store.row(
        "SELECT count(*) AS n FROM track_stats WHERE period_kind = 'all_time' "
        "AND position('%' IN track_name || coalesce(artist_name, '')) > 0"
    )
    assert expected is not None
    assert len(found) == expected["n"] > 0


def test_a_saved_track_that_was_never_played_is_found_after_those_that_were(odd_store: Store) -> None:
    found = search(odd_store, "harbour", 1000).tracks
    assert found[-1]["key"] == "unplayed"
    assert [row["listened_ms"] > 0 for row in found] == [True] * (len(found) - 1) + [False]


def test_no_list_is_longer_than_was_asked_for(demo_store: Store) -> None:
    found = search(demo_store, "e", 3)
    assert (len(found.artists), len(found.albums), len(found.tracks)) == (3, 3, 3)
