"""Library and catalogue endpoints: limits and shapes, and a library that grows."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from emulator.clock import Clock
from emulator.server import Emulator

NOW = datetime(2026, 10, 20, 20, tzinfo=UTC)


@pytest.fixture
def emulator(listening) -> Iterator[Emulator]:
    """One for each test: a library only grows."""
    with Emulator(listening, clock=Clock(NOW)) as running:
        yield running


@pytest.fixture
def change(emulator, headers):
    """Send a request that changes something; gives status and JSON."""

    def answer(method: str, path: str, body: Any = None, **params: Any) -> tuple[int, Any]:
        url = f"{emulator.spotify_api_url}/{path}"
        reply = requests.request(method, url, json=body, params=params, headers=headers, timeout=10)
        return reply.status_code, reply.json() if reply.content else None

    return answer


def playlists(get) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in get("me/playlists", limit=50).json()["items"]}


def uris(get, playlist_id: str) -> list[str]:
    items = get(f"playlists/{playlist_id}/items", limit=50).json()["items"]
    return [entry["item"]["uri"] for entry in items]


@pytest.mark.parametrize(("kind", "column"), [("tracks", "track_id"), ("artists", "artist_name")])
def test_top_items_are_what_was_heard_most_often(emulator, get, listening, kind, column):
    heard = emulator.play_truth("demo").merge(listening.tracks[["track_id", "artist_name"]], on="track_id")
    counts = Counter(heard[heard["is_listable"]][column])
    page = get(f"me/top/{kind}", time_range="short_term", limit=5).json()
    found = [one["id"] if kind == "tracks" else one["name"] for one in page["items"]]
    assert page["total"] == len(counts) and page["next"]
    assert [counts[one] for one in found] == sorted(counts.values(), reverse=True)[:5]


def test_saved_tracks_grow_with_the_clock_and_come_last_saved_first(emulator, get):
    emulator.clock.set(datetime(2026, 10, 12, tzinfo=UTC))
    few = get("me/tracks", limit=50).json()
    emulator.clock.set(datetime(2026, 10, 28, tzinfo=UTC))
    many = get("me/tracks", limit=50).json()
    assert 0 < few["total"] < many["total"]
    added = [item["added_at"] for item in many["items"]]
    assert added == sorted(added, reverse=True) and all(len(one) == 20 for one in added)
    assert len({item["track"]["id"] for item in many["items"]}) == len(added)


def test_saving_and_following_can_be_changed_by_a_test_and_by_the_api(emulator, get, change, listening):
    library = emulator.library("demo")
    saved = {item["track"]["id"] for item in get("me/tracks", limit=50).json()["items"]}
    new, old = next(one for one in listening.tracks["track_id"] if one not in saved), min(saved)
    library.save_tracks(new)
    library.unsave_tracks(old)
    first = get("me/tracks", limit=50).json()["items"]
    assert first[0]["track"]["id"] == new and first[0]["added_at"] == "2026-10-20T20:00:00Z"
    assert old not in {item["track"]["id"] for item in first}
    assert change("PUT", "me/library", uris=f"spotify:track:{old}")[0] == 200
    assert change("DELETE", "me/library", uris=f"spotify:track:{new}")[0] == 200
    assert {item["track"]["id"] for item in get("me/tracks", limit=50).json()["items"]} == saved
    assert change("PUT", "me/library")[0] == 400
    assert change("PUT", "me/library", uris=",".join(["spotify:track:x"] * 41))[0] == 400


def test_followed_artists_page_by_the_last_id(get):
    whole = get("me/following", type="artist", limit=50).json()["artists"]
    collected, url = [], "me/following?type=artist&limit=2"
    while url:
        page = get(url).json()["artists"]
        collected += page["items"]
        url = page["next"]
    assert collected == whole["items"] and len(collected) == whole["total"] > 2
    assert not {"followers", "popularity"} & set(collected[0])
    assert whole["cursors"] == {"after": None}


def test_playlists_of_others_are_listed_but_their_items_are_kept_back(get):
    found = playlists(get)
    stranger, shared = found["Somebody's party"], found["Road trip"]
    assert stranger["items"]["total"] > 0 and "tracks" not in stranger
    assert get(f"playlists/{stranger['id']}/items").status_code == 403
    assert "items" not in get(f"playlists/{stranger['id']}").json()["items"]
    assert shared["collaborative"] and shared["owner"]["id"] != "demo"
    entries = get(f"playlists/{shared['id']}/items").json()["items"]
    odd = [entry["item"] for entry in entries][-3:]
    assert (odd[0]["is_local"], odd[0]["id"], odd[0]["name"]) == (True, None, "Demo 3")
    assert entries[-3]["is_local"] and odd[1]["type"] == "episode" and odd[2] is None


def test_entries_carry_item_or_track_or_both(emulator, get):
    own = playlists(get)["Bright & loud"]["id"]
    keys = []
    for shape in ("item", "track", "both"):
        emulator.faults.playlist_entries = shape
        keys.append({"item", "track"} & set(get(f"playlists/{own}/items").json()["items"][0]))
    assert keys == [{"item"}, {"track"}, {"item", "track"}]


def test_a_playlist_is_made_filled_changed_and_emptied(get, change, listening):
    ids = [f"spotify:track:{one}" for one in listening.tracks["track_id"].head(6)]
    status, made = change("POST", "me/playlists", {"name": "New", "public": False})
    path = f"playlists/{made['id']}/items"
    assert (status, made["public"], made["owner"]["id"]) == (201, False, "demo")
    first = change("POST", path, ids[:2])
    second = change("POST", path, {"uris": ids[2:4], "position": 0})
    assert first[0] == second[0] == 201 and first[1]["snapshot_id"] != second[1]["snapshot_id"]
    assert uris(get, made["id"]) == [ids[2], ids[3], ids[0], ids[1]]
    assert change("DELETE", path, {"items": [{"uri": ids[3]}, {"uri": ids[0]}]})[0] == 200
    assert uris(get, made["id"]) == [ids[2], ids[1]]
    assert change("PUT", path, uris=",".join(ids[4:]))[0] == 200
    assert uris(get, made["id"]) == ids[4:]
    assert change("POST", path, ids[:1] * 101)[0] == 400
    assert get(f"playlists/{made['id']}").json()["items"]["total"] == 2


def test_playlists_grow_and_can_be_renamed_and_dropped(emulator, get):
    emulator.clock.set(datetime(2026, 10, 25, tzinfo=UTC))
    before = playlists(get)["Before sleep"]
    emulator.clock.advance(timedelta(days=6))
    after = playlists(get)["Before sleep"]
    assert after["items"]["total"] > before["items"]["total"]
    assert after["snapshot_id"] != before["snapshot_id"]
    made = emulator.library("demo").create_playlist("Short-lived")
    emulator.library("demo").rename_playlist(made.playlist_id, "Renamed")
    assert "Renamed" in playlists(get)
    emulator.library("demo").unfollow_playlist(made.playlist_id)
    assert "Renamed" not in playlists(get)


def test_an_album_comes_with_its_first_tracks_and_the_way_to_the_others(emulator, get, listening):
    sizes = listening.tracks.groupby(["artist_name", "album_name"])["track_id"].agg(["first", "size"])
    album_id = get(f"tracks/{sizes[sizes['size'] == 8]['first'].iloc[0]}").json()["album"]["id"]
    emulator.faults.album_page = 5
    tracks = get(f"albums/{album_id}").json()["tracks"]
    rest = get(tracks["next"]).json()
    assert (len(tracks["items"]), len(rest["items"]), rest["next"]) == (5, 3, None)
    assert [one["track_number"] for one in tracks["items"] + rest["items"]] == list(range(1, 9))
    assert not {"external_ids", "album"} & set(rest["items"][0])


def test_discographies_and_searches_give_at_most_ten(get, listening):
    track = get(f"tracks/{listening.tracks['track_id'].iloc[0]}").json()
    artist = track["artists"][0]["id"]
    for path in (f"artists/{artist}/albums?limit=20", "search?q=a&type=track&limit=11"):
        answer = get(path)
        assert (answer.status_code, answer.json()["error"]["message"]) == (400, "Invalid limit")
    assert get(f"artists/{artist}/albums").json()["limit"] == 5
    assert track["album"]["id"] in {one["id"] for one in get(f"artists/{artist}/albums?limit=10").json()["items"]}
    found = get("search", q=f"isrc:{track['external_ids']['isrc']}", type="track").json()["tracks"]["items"]
    assert track["id"] in {one["id"] for one in found}
    assert len(get("search", q="a", type="track", limit=10).json()["tracks"]["items"]) == 10
