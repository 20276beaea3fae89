"""Recently played: whole rows, episodes, local files, addresses of playlists, and nothing but a row or a reason."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.recently_played import to_bronze
from mappers.record import RejectedError
from schemas.bronze import listening_history_bronze
from writers.records import arrow_rows

ADDED_LATER = {"batch_id": "b", "ingested_at": datetime(2024, 1, 1, tzinfo=UTC)}

TRACK: dict[str, Any] = {
    "id": "3n3Ppam7vgaVa1iaRUc9Lp",
    "uri": "spotify:track:3n3Ppam7vgaVa1iaRUc9Lp",
    "type": "track",
    "name": "Blue",
    "is_local": False,
    "artists": [{"id": "a1", "name": "Ann"}, {"id": "a2", "name": "Ben"}],
    "album": {"id": "l1", "name": "Sea", "release_date": "2011-05-06", "available_markets": ["DE", "FR"]},
    "duration_ms": 215_040,
    "explicit": False,
    "external_ids": {"isrc": "GBAYE6800011"},
    "popularity": 61,
    "available_markets": ["DE", "FR"],
    "preview_url": "https://p.scdn.co/x",
}
ENTRY: dict[str, Any] = {
    "played_at": "2026-02-25T20:15:20.497Z",
    "track": TRACK,
    "context": {
        "type": "playlist",
        "uri": "spotify:playlist:37i9dQZF1DX0",
        "href": "https://api.spotify.com/v1/playlists/37i9dQZF1DX0",
        "external_urls": {"spotify": "https://open.spotify.com/playlist/37i9dQZF1DX0"},
    },
}


def row(track: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return to_bronze({**ENTRY, "track": TRACK | (track or {}), **changes}, "me")


def test_an_entry_becomes_this_row() -> None:
    identity = "\x1e".join(["me", "recently_played", "2026-02-25T20:15:20.497Z", "3n3Ppam7vgaVa1iaRUc9Lp", "None"])
    made = row()
    assert len(made.pop("revision")) == 64
    assert json.loads(made.pop("payload")) == {
        "played_at": "2026-02-25T20:15:20.497Z",
        "track": {key: TRACK[key] for key in TRACK if key not in ("available_markets", "preview_url", "album")}
        | {"album": {"id": "l1", "name": "Sea", "release_date": "2011-05-06"}},
        "context": {"type": "playlist", "uri": "spotify:playlist:37i9dQZF1DX0"},
    }
    assert made == {
        "record_id": hashlib.sha256(identity.encode()).hexdigest(),
        "user_id": "me",
        "source": "recently_played",
        "kind": "track",
        "played_at": datetime(2026, 2, 25, 20, 15, 20, 497_000, tzinfo=UTC),
        "played_month": "2026-02",
        "track_id": "3n3Ppam7vgaVa1iaRUc9Lp",
        "track_name": "Blue",
        "artist_name": "Ann",
        "album_name": "Sea",
        "duration_ms": 215_040,
        "ms_played": None,
        "episode_name": None,
        "show_name": None,
        "reason_start": None,
        "reason_end": None,
        "is_shuffle": None,
        "is_skipped": None,
        "is_offline": None,
        "offline_at": None,
        "is_incognito": None,
        "platform": None,
        "country": None,
        "context_uri": "spotify:playlist:37i9dQZF1DX0",
        "mapper_version": 1,
        "batch_id": None,
        "ingested_at": None,
    }


def test_the_same_entry_at_the_next_poll_is_the_same_record_and_revision() -> None:
    assert row() == row()


def test_the_same_track_half_a_minute_later_is_another_record() -> None:
    assert row(played_at="2026-02-25T20:15:50.497Z")["record_id"] != row()["record_id"]


def test_a_stamp_without_milliseconds_is_read_too() -> None:
    assert row(played_at="2026-02-25T20:15:20Z")["played_at"] == datetime(2026, 2, 25, 20, 15, 20, tzinfo=UTC)


def test_fields_that_are_on_no_list_are_nowhere_in_the_row() -> None:
    made = row({"some_new_field": "tell-tale", "artists": [{"name": "Ann", "ip": "tell-tale"}]}, device="tell-tale")
    assert "tell-tale" not in repr(made)


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"uri": "spotify:user:ann:playlist:37i9"}, "spotify:playlist:37i9"),
        ({"uri": "spotify:user:ann:collection"}, "spotify:user:ann:collection"),
        ({"uri": "spotify:album:6akE"}, "spotify:album:6akE"),
        ({"uri": None}, None),
        ({}, None),
        (None, None),
        ("spotify:album:6akE", None),
    ],
)
def test_where_it_was_played_from_is_written_in_one_way(context: object, expected: str | None) -> None:
    assert row(context=context)["context_uri"] == expected


def test_an_episode_is_no_track() -> None:
    made = row({"type": "episode", "name": "One", "show": {"name": "Talk"}, "artists": None, "album": None})
    named = (made["kind"], made["episode_name"], made["show_name"], made["track_id"], made["track_name"])
    assert named == ("episode", "One", "Talk", None, None)


@pytest.mark.parametrize(
    "local", [{"is_local": True, "id": None}, {"uri": "spotify:local:Ann:Sea:Blue:215"}, {"is_local": True, "id": "x"}]
)
def test_a_local_file_is_a_track_with_names_and_no_id(local: dict[str, Any]) -> None:
    made = row(local)
    named = (made["kind"], made["track_id"], made["track_name"], made["artist_name"], made["album_name"])
    assert named == ("track", None, "Blue", "Ann", "Sea")


def test_fields_that_spotify_took_away_are_not_needed() -> None:
    bare = {"id": "t1", "name": "Blue", "artists": [{"name": "Ann"}]}
    made = to_bronze({"played_at": ENTRY["played_at"], "track": bare}, "me")
    assert (made["track_id"], made["artist_name"], made["album_name"], made["duration_ms"]) == ("t1", "Ann", None, None)


NOTHING_PLAYED, TIME_MISSING = "nothing says what was played", "the time of the play is missing or cannot be read"


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (None, "the entry is no JSON object"),
        ([], "the entry is no JSON object"),
        (ENTRY | {"track": None}, NOTHING_PLAYED),
        (ENTRY | {"track": {}}, NOTHING_PLAYED),
        (ENTRY | {"track": {"id": None, "name": " "}}, NOTHING_PLAYED),
        ({"track": TRACK}, TIME_MISSING),
        (ENTRY | {"played_at": "yesterday"}, TIME_MISSING),
        (ENTRY | {"played_at": 1_772_050_520_497}, TIME_MISSING),
        (ENTRY | {"track": TRACK | {"type": "ad"}}, "an advertisement is no play"),
        (ENTRY | {"track": TRACK | {"duration_ms": -1}}, "duration_ms is negative or too large"),
    ],
)
def test_an_entry_that_is_no_record_is_rejected_with_its_reason(entry: object, reason: str) -> None:
    with pytest.raises(RejectedError) as error:
        to_bronze(entry, "me")
    assert str(error.value) == reason


LEAF = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["ad", "episode", "\ud800"])
)
JSON = st.recursive(LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
ANY_TRACK = st.fixed_dictionaries({}, optional=dict.fromkeys(TRACK, JSON)).map(lambda changes: TRACK | changes)


@given(JSON | st.builds(lambda track, context: ENTRY | {"track": track, "context": context}, ANY_TRACK | JSON, JSON))
def test_whatever_the_entry_is_it_becomes_a_row_that_the_table_can_hold_or_is_rejected(entry: object) -> None:
    try:
        made = to_bronze(entry, "me")
    except RejectedError:
        return
    assert arrow_rows(listening_history_bronze, [made | ADDED_LATER]).num_rows == 1
    assert made["kind"] in ("track", "episode")
    assert json.loads(made["payload"])["played_at"] == ENTRY["played_at"]
