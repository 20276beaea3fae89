"""Account data: whole rows, and nothing but a row or a reason."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.account_data import to_bronze
from mappers.record import RejectedError
from schemas.bronze import listening_history_bronze
from writers.records import arrow_rows

SONG: dict[str, Any] = {"endTime": "2024-02-29 23:59", "artistName": "Ann", "trackName": "Blue", "msPlayed": 181_000}
PODCAST: dict[str, Any] = {
    "endTime": "2024-02-29 23:59",
    "podcastName": "Talk",
    "episodeName": "One",
    "msPlayed": 5,
}


def test_a_song_becomes_this_row() -> None:
    made = to_bronze(SONG | {"ip": "203.0.113.9"}, "me")
    identity = "\x1e".join(["me", "account_data", "2024-02-29 23:59", "Blue\x1fAnn", "181000"])
    assert len(made["revision"]) == 64
    assert json.loads(made["payload"]) == SONG
    del made["revision"], made["payload"]
    assert {name: value for name, value in made.items() if value is not None} == {
        "record_id": hashlib.sha256(identity.encode()).hexdigest(),
        "user_id": "me",
        "source": "account_data",
        "kind": "track",
        "played_at": datetime(2024, 2, 29, 23, 59, tzinfo=UTC),
        "played_month": "2024-02",
        "track_name": "Blue",
        "artist_name": "Ann",
        "ms_played": 181_000,
        "mapper_version": 1,
    }


def test_a_podcast_becomes_an_episode() -> None:
    made = to_bronze(PODCAST, "me")
    named = (made["kind"], made["episode_name"], made["show_name"], made["track_name"])
    assert named == ("episode", "One", "Talk", None)


def test_a_title_without_an_artist_is_kept() -> None:
    assert to_bronze(SONG | {"artistName": " "}, "me")["artist_name"] is None


@pytest.mark.parametrize("changes", [{"trackName": "Red"}, {"artistName": "Bob"}, {"msPlayed": 181_001}])
def test_another_title_artist_or_time_heard_in_the_same_minute_is_another_record(changes: dict[str, Any]) -> None:
    assert to_bronze(SONG | changes, "me")["record_id"] != to_bronze(SONG, "me")["record_id"]


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (7, "the entry is no JSON object"),
        ({}, "the time of the play is missing or cannot be read"),
        (SONG | {"endTime": "29.02.2024"}, "the time of the play is missing or cannot be read"),
        (SONG | {"endTime": "2005-01-01 00:00"}, "the time of the play is before Spotify began"),
        (SONG | {"trackName": ""}, "nothing says what was played"),
        (SONG | {"msPlayed": None}, "msPlayed is missing or no number"),
        (SONG | {"msPlayed": -5}, "msPlayed is negative or too large"),
    ],
)
def test_an_entry_that_is_no_record_is_rejected_with_its_reason(entry: object, reason: str) -> None:
    with pytest.raises(RejectedError) as error:
        to_bronze(entry, "me")
    assert str(error.value) == reason


LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("2024-01-01 10:00")
JSON = st.recursive(LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
ENTRY = st.fixed_dictionaries({}, optional=dict.fromkeys({**SONG, **PODCAST}, JSON))


@given(JSON | ENTRY | ENTRY.map(lambda changes: SONG | changes))
def test_whatever_the_entry_is_it_becomes_a_row_that_the_table_can_hold_or_is_rejected(entry: object) -> None:
    try:
        made = to_bronze(entry, "me")
    except RejectedError:
        return
    whole = made | {"batch_id": "b", "ingested_at": datetime(2024, 1, 1, tzinfo=UTC)}
    assert arrow_rows(listening_history_bronze, [whole]).num_rows == 1
    assert made["kind"] in ("track", "episode")
