"""Listens of scrobblers as records of plays."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from mappers.listenbrainz import to_bronze
from mappers.record import RejectedError

TRACK_ID = "4uLU6hMCjMI75M1A2tKUQC"


def listen(info: dict | None = None, **changes: object) -> dict:
    metadata = {"artist_name": "Can", "track_name": "Vitamin C", "release_name": "Ege Bamyasi"}
    return {"listened_at": 1_700_000_000, "track_metadata": {**metadata, "additional_info": info or {}}, **changes}


def test_a_listen_is_stamped_with_its_start_and_named_as_it_came():
    row = to_bronze(listen({"duration_ms": 212_000, "media_player": "mpd"}), "anna")
    assert row["played_at"] == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert (row["source"], row["kind"], row["played_month"]) == ("listenbrainz", "track", "2023-11")
    assert (row["track_name"], row["artist_name"], row["album_name"]) == ("Vitamin C", "Can", "Ege Bamyasi")
    assert (row["duration_ms"], row["ms_played"], row["track_id"], row["platform"]) == (212_000, None, None, "mpd")


@pytest.mark.parametrize(
    ("info", "length"),
    [({"duration": 212}, 212_000), ({"duration": 1.5}, 1500), ({"duration_ms": "212000"}, None),
     ({"duration": 0}, None),
     ({"duration_ms": -1}, None), ({"duration": True}, None), ({"duration": 1e300}, None)],
)  # fmt: skip
def test_a_length_is_read_in_either_unit_and_nonsense_is_none(info: dict, length: int | None):
    assert to_bronze(listen(info), "anna")["duration_ms"] == length


@pytest.mark.parametrize("name", ["spotify_id", "origin_url"])
def test_an_address_at_spotify_gives_the_track_id(name: str):
    row = to_bronze(listen({name: f"https://open.spotify.com/track/{TRACK_ID}?si=secret"}), "anna")
    assert row["track_id"] == TRACK_ID
    assert "secret" not in row["payload"]


@pytest.mark.parametrize("value", ["https://open.spotify.com/track/short", "https://evil.example/track/" + TRACK_ID, 7])
def test_any_other_address_gives_none(value: object):
    assert to_bronze(listen({"spotify_id": value}), "anna")["track_id"] is None


def test_what_is_not_on_the_list_never_reaches_the_disk_and_the_payload_maps_to_the_same_row():
    info = {"spotify_id": f"https://open.spotify.com/track/{TRACK_ID}", "origin_url": "https://x/?token=secret"}
    row = to_bronze(listen({**info, "ip": "1.2.3.4", "duration": 200}), "anna")
    assert "secret" not in row["payload"] and "1.2.3.4" not in row["payload"]
    assert to_bronze(json.loads(row["payload"]), "anna") == row


@pytest.mark.parametrize(
    "item",
    [{}, [], listen(listened_at=None), listen(listened_at="soon"), listen(listened_at=10**18),
     listen(listened_at=1_100_000_000), listen(track_metadata={}), listen(track_metadata=3)],
)  # fmt: skip
def test_what_is_no_listen_is_set_aside_with_a_reason(item: object):
    with pytest.raises(RejectedError, match=r"\w+ \w+"):
        to_bronze(item, "anna")
