"""Watched plays: what the player shows as a sighting, and the whole row of a play that has ended."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.currently_playing import player_fields, to_bronze
from mappers.record import RejectedError
from models.observation import Heard, Sighting
from schemas.bronze import listening_history_bronze
from writers.records import arrow_rows

ADDED_LATER = {"batch_id": "b", "ingested_at": datetime(2026, 3, 2, tzinfo=UTC)}

TRACK: dict[str, Any] = {
    "type": "track",
    "id": "3n3Ppam7vgaVa1iaRUc9Lp",
    "uri": "spotify:track:3n3Ppam7vgaVa1iaRUc9Lp",
    "name": "Blue",
    "artists": [{"id": "a1", "name": "Ann", "href": "https://tell-tale.example"}, {"id": "a2", "name": "Bo"}],
    "album": {"id": "b1", "name": "Sea", "release_date": "1999", "images": [{"url": "https://i.example/tell-tale"}]},
    "duration_ms": 215_000,
    "is_local": False,
    "external_ids": {"isrc": "DEA123456789"},
}  # fmt: skip
PLAYER: dict[str, Any] = {
    "timestamp": 1_772_366_400_000,
    "progress_ms": 61_500,
    "is_playing": True,
    "currently_playing_type": "track",
    "item": TRACK,
    "context": {"type": "playlist", "uri": "spotify:user:ann:playlist:p1", "href": "https://api.spotify.com/x"},
    "device": {"id": "tell-tale-id", "name": "Ann's tell-tale phone", "type": "Smartphone", "volume_percent": 40},
    "shuffle_state": True,
    "repeat_state": "off",
    "actions": {"disallows": {}},
}
KEPT_ITEM = {
    "type": "track",
    "id": "3n3Ppam7vgaVa1iaRUc9Lp",
    "uri": "spotify:track:3n3Ppam7vgaVa1iaRUc9Lp",
    "name": "Blue",
    "artists": [{"id": "a1", "name": "Ann"}, {"id": "a2", "name": "Bo"}],
    "album": {"id": "b1", "name": "Sea", "release_date": "1999"},
    "duration_ms": 215_000,
    "is_local": False,
    "external_ids": {"isrc": "DEA123456789"},
}
EPISODE = {
    "type": "episode",
    "id": "e1",
    "uri": "spotify:episode:e1",
    "name": "One",
    "show": {"id": "s", "name": "Talk"},
}
LOCAL = {**TRACK, "id": None, "uri": "spotify:local:Ann:Sea:Blue:215", "is_local": True}

HEARD: dict[str, Any] = {
    "item": KEPT_ITEM,
    "started_at": "2026-02-28T23:58:00.250000+00:00",
    "ended_at": "2026-03-01T00:01:00.500000+00:00",
    "ms_played": 170_250,
    "pause_count": 1,
    "context_uri": "spotify:playlist:p1",
    "device_kind": "Smartphone",
    "is_shuffle": True,
    "repeat": "off",
    "is_partial": False,
    "reason_start": "trackdone",
    "reason_end": "fwdbtn",
    "was_repeated": False,
}


def row(**changes: Any) -> dict[str, Any]:
    return to_bronze(HEARD | changes, "me")


def test_what_the_player_shows_becomes_a_sighting_of_allowed_fields() -> None:
    assert player_fields(PLAYER) == {
        "item_uri": "spotify:track:3n3Ppam7vgaVa1iaRUc9Lp",
        "item": KEPT_ITEM,
        "progress_ms": 61_500,
        "is_playing": True,
        "context_uri": "spotify:playlist:p1",
        "device_kind": "Smartphone",
        "is_shuffle": True,
        "repeat": "off",
    }


def test_the_name_of_the_device_and_what_is_on_no_list_are_nowhere_in_the_sighting() -> None:
    assert "tell-tale" in repr(PLAYER)
    assert "tell-tale" not in repr(player_fields(PLAYER))


@pytest.mark.parametrize(
    "body",
    [
        None,
        PLAYER | {"item": None},
        PLAYER | {"item": None, "currently_playing_type": "unknown"},
        PLAYER | {"currently_playing_type": "ad"},
        PLAYER | {"item": TRACK | {"type": "ad"}},
    ],
)
def test_nothing_and_advertisements_are_no_sighting(body: object) -> None:
    assert player_fields(body) is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ([], "the entry is no JSON object"),
        (PLAYER | {"progress_ms": None}, "progress_ms is missing or no number"),
        (PLAYER | {"progress_ms": -1}, "progress_ms is negative or too large"),
        (PLAYER | {"item": TRACK | {"duration_ms": "long"}}, "duration_ms is missing or no number"),
        (PLAYER | {"item": {"type": "track"}}, "nothing says what is played"),
    ],
)
def test_a_player_that_cannot_be_read_is_rejected_with_its_reason(body: object, reason: str) -> None:
    with pytest.raises(RejectedError) as error:
        player_fields(body)
    assert str(error.value) == reason


def test_a_play_that_has_ended_becomes_this_row() -> None:
    stamp = "2026-03-01T00:01:00.500+00:00 2026-02-28T23:58:00.250+00:00"
    identity = "\x1e".join(["me", "currently_playing", stamp, "3n3Ppam7vgaVa1iaRUc9Lp", "170250"])
    made = row()
    assert len(made.pop("revision")) == 64
    assert json.loads(made.pop("payload")) == HEARD
    assert made == {
        "record_id": hashlib.sha256(identity.encode()).hexdigest(),
        "user_id": "me",
        "source": "currently_playing",
        "kind": "track",
        "played_at": datetime(2026, 3, 1, 0, 1, 0, 500_000, tzinfo=UTC),
        "played_month": "2026-03",
        "track_id": "3n3Ppam7vgaVa1iaRUc9Lp",
        "track_name": "Blue",
        "artist_name": "Ann",
        "album_name": "Sea",
        "duration_ms": 215_000,
        "ms_played": 170_250,
        "episode_name": None,
        "show_name": None,
        "reason_start": "trackdone",
        "reason_end": "fwdbtn",
        "is_shuffle": True,
        "is_skipped": None,
        "is_offline": None,
        "offline_at": None,
        "is_incognito": None,
        "platform": "Smartphone",
        "country": None,
        "context_uri": "spotify:playlist:p1",
        "mapper_version": 1,
        "batch_id": None,
        "ingested_at": None,
    }


def test_a_play_as_the_model_gives_it_is_a_row_with_the_same_values() -> None:
    fields = player_fields(PLAYER)
    assert fields is not None
    sighting = Sighting(**fields)
    ended_at = datetime(2026, 3, 1, 0, 1, 0, 500_000, tzinfo=UTC)
    play = Heard(sighting.item, datetime(2026, 3, 1, tzinfo=UTC), ended_at, 60_500, reason_end="trackdone")
    made = to_bronze(play.to_json(), "me")
    told = (made["track_id"], made["played_at"], made["ms_played"], made["reason_start"], made["reason_end"])
    assert told == ("3n3Ppam7vgaVa1iaRUc9Lp", ended_at, 60_500, None, "trackdone")


def test_the_same_play_twice_is_the_same_record_and_revision() -> None:
    assert row() == row()


@pytest.mark.parametrize(
    "changes",
    [{"ended_at": "2026-03-01T00:01:00.501+00:00"}, {"started_at": "2026-02-28T23:58:00.251+00:00"}, {"ms_played": 1}],
)
def test_another_start_end_or_time_heard_is_another_record(changes: dict[str, Any]) -> None:
    assert row(**changes)["record_id"] != row()["record_id"]


def test_an_episode_keeps_its_kind_and_its_show() -> None:
    made = row(item=EPISODE)
    named = (made["kind"], made["episode_name"], made["show_name"], made["track_id"], made["track_name"])
    assert named == ("episode", "One", "Talk", None, None)


def test_a_local_file_is_a_track_without_an_id() -> None:
    fields = player_fields(PLAYER | {"item": LOCAL})
    assert fields is not None
    assert fields["item_uri"] == "spotify:local:Ann:Sea:Blue:215"
    made = row(item=fields["item"])
    assert (made["kind"], made["track_id"], made["track_name"], made["artist_name"]) == ("track", None, "Blue", "Ann")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ended_at": None}, "the time of the play is missing or cannot be read"),
        ({"ended_at": "1970-01-01T00:01:00+00:00"}, "the time of the play is before Spotify began"),
        ({"started_at": "soon"}, "the time of the play is missing or cannot be read"),
        ({"ms_played": None}, "ms_played is missing or no number"),
        ({"item": {}}, "nothing says what was played"),
    ],
)
def test_a_play_that_is_no_record_is_rejected_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RejectedError) as error:
        row(**changes)
    assert str(error.value) == reason


LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["track", "episode", "ad"])
JSON = st.recursive(LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
ITEM = st.fixed_dictionaries({}, optional=dict.fromkeys({**TRACK, "show": None}, JSON)).map(TRACK.__or__)
BODY = st.fixed_dictionaries({}, optional={**dict.fromkeys(PLAYER, JSON), "item": ITEM}).map(PLAYER.__or__)


@given(JSON | BODY)
def test_whatever_is_shown_is_a_sighting_whose_play_the_table_can_hold_or_nothing_or_rejected(body: object) -> None:
    try:
        fields = player_fields(body)
        if fields is None:
            return
        shown = Sighting(**json.loads(json.dumps(fields)))
        play = Heard(shown.item, datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, 1, tzinfo=UTC), 5)
        made = to_bronze(play.to_json(), "me")
    except RejectedError:
        return
    assert arrow_rows(listening_history_bronze, [made | ADDED_LATER]).num_rows == 1
    assert (made["kind"] in ("track", "episode")) and made["ms_played"] == 5
