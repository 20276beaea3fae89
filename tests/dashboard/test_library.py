"""Library and playlists: their figures are those of gold; what is not there is said."""

from __future__ import annotations

from starlette.testclient import TestClient

from dashboard.words import shown
from serving.store import Store

from .conftest import PageOf


def test_what_is_kept_and_how_much_of_it_is_played(page_of: PageOf, demo_store: Store) -> None:
    text = page_of("/library")
    saved = demo_store.row("SELECT count(*) AS items FROM library_history "
                           "WHERE collection = 'followed_artists' AND is_current")  # fmt: skip
    assert saved is not None
    assert f"Followed artists {saved['items']}" in text
    for row in demo_store.rows("SELECT playlist_name, sentence FROM playlist_vibes WHERE basis = 'measured'"):
        assert row["playlist_name"] in text
        assert (row["sentence"] or "") in text


def test_the_services_own_lists_stand_in_their_order(client: TestClient, demo_store: Store) -> None:
    lines = client.get("/library.csv", params={"part": "spotify-artists", "spotify": "long_term"}).text.splitlines()
    expected = demo_store.rows(
        "SELECT position, item_name FROM top_items_bronze WHERE item_kind = 'artist' AND time_range = 'long_term' "
        "ORDER BY position LIMIT 20"
    )
    assert lines[1:] == [f"{row['position']},{row['item_name']}" for row in expected]
    assert len(expected) == 20


def test_a_playlist_tells_its_vibe_and_what_would_suit_it(page_of: PageOf, demo_store: Store) -> None:
    vibe = demo_store.row("SELECT * FROM playlist_vibes WHERE basis = 'measured' AND is_own ORDER BY listened_ms DESC")
    assert vibe is not None
    text = page_of("/playlist", id=vibe["playlist_id"])
    assert vibe["sentence"] in text
    assert f"Tracks {vibe['track_count']}" in text
    assert shown(vibe["listened_ms"], "hours") in text
    added = demo_store.row(
        "SELECT track_name FROM playlist_suggestions WHERE playlist_id = $id AND basis = 'measured' "
        "AND suggestion = 'add' AND suggestion_rank = 1", id=vibe["playlist_id"],
    )  # fmt: skip
    assert added is not None
    assert added["track_name"] in text


def test_a_playlist_that_is_not_there_is_not_found(client: TestClient) -> None:
    answer = client.get("/playlist", params={"id": "<script>alert(1)</script>"})
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text
