"""Plays that another program kept: whole rows, and nothing but a row or a reason."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.plays import to_bronze
from mappers.record import RejectedError
from schemas.bronze import listening_history_bronze
from writers.records import arrow_rows

PLAY: dict[str, Any] = {
    "track_id": "t1",
    "played_at": "2025-06-01T10:00:00.123Z",
    "track_name": "Blue",
    "artist_name": "Ann",
    "album_name": "Sea",
    "duration_ms": "215000",
}


def test_a_play_becomes_this_row() -> None:
    made = to_bronze(PLAY | {"ip_address": "203.0.113.9"}, "me")
    identity = "\x1e".join(["me", "recently_played", "2025-06-01T10:00:00.123000+00:00", "t1", "None"])
    assert len(made["revision"]) == 64
    assert json.loads(made["payload"]) == PLAY
    del made["revision"], made["payload"]
    assert {name: value for name, value in made.items() if value is not None} == {
        "record_id": hashlib.sha256(identity.encode()).hexdigest(),
        "user_id": "me",
        "source": "recently_played",
        "kind": "track",
        "played_at": datetime(2025, 6, 1, 10, 0, 0, 123_000, tzinfo=UTC),
        "played_month": "2025-06",
        "track_id": "t1",
        "track_name": "Blue",
        "artist_name": "Ann",
        "album_name": "Sea",
        "duration_ms": 215_000,
        "mapper_version": 1,
    }


def test_text_of_a_csv_and_values_of_a_delta_table_are_the_same_record_and_revision() -> None:
    typed = PLAY | {"played_at": datetime(2025, 6, 1, 10, 0, 0, 123_456, tzinfo=UTC), "duration_ms": 215_000}
    from_csv, from_delta = to_bronze(PLAY, "me"), to_bronze(typed, "me")
    assert from_csv["record_id"] == from_delta["record_id"]
    assert from_csv["revision"] == from_delta["revision"]


def test_a_time_without_a_zone_is_utc() -> None:
    assert to_bronze(PLAY | {"played_at": "2025-06-01 10:00:00"}, "me")["played_at"] == datetime(
        2025, 6, 1, 10, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [("currently_playing", "currently_playing"), ("spotify_api", "recently_played"), (None, "recently_played")],
)
def test_a_source_that_is_known_is_kept_and_any_other_is_a_poll(source: str | None, expected: str) -> None:
    assert to_bronze(PLAY | {"source": source}, "me")["source"] == expected


def test_numbers_that_a_spreadsheet_wrote_with_a_point_are_read() -> None:
    assert to_bronze(PLAY | {"duration_ms": "215000.0"}, "me")["duration_ms"] == 215_000


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (PLAY | {"played_at": None}, "the time of the play is missing or cannot be read"),
        (PLAY | {"track_id": None, "track_name": None}, "nothing says what was played"),
        (PLAY | {"duration_ms": "long"}, "duration_ms is missing or no number"),
        (PLAY | {"ms_played": "-4"}, "ms_played is negative or too large"),
    ],
)
def test_an_entry_that_is_no_record_is_rejected_with_its_reason(entry: object, reason: str) -> None:
    with pytest.raises(RejectedError) as error:
        to_bronze(entry, "me")
    assert str(error.value) == reason


LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("2024-01-01T10:00:00Z")
JSON = st.recursive(LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
ENTRY = st.fixed_dictionaries({}, optional=dict.fromkeys((*PLAY, "ms_played", "source", "context_uri"), JSON))


@given(JSON | ENTRY | ENTRY.map(lambda changes: PLAY | changes))
def test_whatever_the_entry_is_it_becomes_a_row_that_the_table_can_hold_or_is_rejected(entry: object) -> None:
    try:
        made = to_bronze(entry, "me")
    except RejectedError:
        return
    whole = made | {"batch_id": "b", "ingested_at": datetime(2024, 1, 1, tzinfo=UTC)}
    assert arrow_rows(listening_history_bronze, [whole]).num_rows == 1
    assert made["kind"] == "track"
