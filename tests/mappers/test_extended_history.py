"""Extended streaming history: whole rows, both schemas, identity, and nothing but a row or a reason."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.extended_history import to_bronze
from mappers.record import RejectedError
from schemas.bronze import listening_history_bronze
from writers.records import arrow_rows

ADDED_LATER = {"batch_id": "b", "ingested_at": datetime(2024, 1, 1, tzinfo=UTC)}

CURRENT: dict[str, Any] = {
    "ts": "2024-03-31T23:59:58Z",
    "platform": "ios",
    "ms_played": 215_040,
    "conn_country": "DE",
    "ip_addr": "203.0.113.9",
    "master_metadata_track_name": "Blue",
    "master_metadata_album_artist_name": "Ann",
    "master_metadata_album_album_name": "Sea",
    "spotify_track_uri": "spotify:track:3n3Ppam7vgaVa1iaRUc9Lp",
    "episode_name": None,
    "episode_show_name": None,
    "spotify_episode_uri": None,
    "audiobook_title": None,
    "audiobook_uri": None,
    "audiobook_chapter_uri": None,
    "audiobook_chapter_title": None,
    "reason_start": "clickrow",
    "reason_end": "trackdone",
    "shuffle": True,
    "skipped": False,
    "offline": True,
    "offline_timestamp": 1_711_929_382,
    "incognito_mode": False,
}
NOT_IN_OLD = ("ip_addr", "audiobook_title", "audiobook_uri", "audiobook_chapter_uri", "audiobook_chapter_title")
OLD: dict[str, Any] = {key: value for key, value in CURRENT.items() if key not in NOT_IN_OLD} | {
    "username": "ann.private",
    "ip_addr_decrypted": "203.0.113.9",
    "user_agent_decrypted": "Spotify/8.5 secretAgent",
    "skipped": None,
    "incognito_mode": None,
    "offline_timestamp": 1_711_929_382_000,
}
NOTHING_PLAYED = dict.fromkeys(
    ("master_metadata_track_name", "master_metadata_album_artist_name", "master_metadata_album_album_name",
     "spotify_track_uri")
)  # fmt: skip


def row(**changes: Any) -> dict[str, Any]:
    return to_bronze(CURRENT | changes, "me")


def test_an_entry_of_the_current_schema_becomes_this_row() -> None:
    identity = "\x1e".join(
        ["me", "extended_history", "2024-03-31T23:59:58Z 1711929382", "3n3Ppam7vgaVa1iaRUc9Lp", "215040"]
    )
    made = row()
    assert len(made.pop("revision")) == 64
    assert json.loads(made.pop("payload")) == {
        key: value for key, value in CURRENT.items() if value is not None and key != "ip_addr"
    }
    assert made == {
        "record_id": hashlib.sha256(identity.encode()).hexdigest(),
        "user_id": "me",
        "source": "extended_history",
        "kind": "track",
        "played_at": datetime(2024, 3, 31, 23, 59, 58, tzinfo=UTC),
        "played_month": "2024-03",
        "track_id": "3n3Ppam7vgaVa1iaRUc9Lp",
        "track_name": "Blue",
        "artist_name": "Ann",
        "album_name": "Sea",
        "duration_ms": None,
        "ms_played": 215_040,
        "episode_name": None,
        "show_name": None,
        "reason_start": "clickrow",
        "reason_end": "trackdone",
        "is_shuffle": True,
        "is_skipped": False,
        "is_offline": True,
        "offline_at": datetime(2024, 3, 31, 23, 56, 22, tzinfo=UTC),
        "is_incognito": False,
        "platform": "ios",
        "country": "DE",
        "context_uri": None,
        "mapper_version": 1,
        "batch_id": None,
        "ingested_at": None,
    }


@pytest.mark.parametrize("entry", [CURRENT, OLD])
def test_addresses_user_agents_and_user_names_are_nowhere_in_the_row(entry: dict[str, Any]) -> None:
    whole = repr(to_bronze(entry, "me"))
    for secret in ("203.0.113.9", "secretAgent", "ann.private"):
        assert secret in repr(CURRENT) + repr(OLD)
        assert secret not in whole


def test_a_field_that_is_not_on_the_list_is_nowhere_in_the_row() -> None:
    assert "tell-tale" not in repr(row(some_new_field="tell-tale"))


def test_an_address_inside_an_allowed_field_is_nowhere_in_the_row() -> None:
    assert "203.0.113.9" not in repr(row(platform={"ip_addr": "203.0.113.9"}))


def test_the_same_play_has_the_same_id_in_the_old_and_the_new_schema_and_another_revision() -> None:
    old, new = to_bronze(OLD, "me"), row()
    assert old["record_id"] == new["record_id"]
    assert old["revision"] != new["revision"]


def test_the_same_entry_twice_is_the_same_record_and_revision() -> None:
    assert row() == row()


@pytest.mark.parametrize(
    "changes", [{"ts": "2024-03-31T23:59:59Z"}, {"spotify_track_uri": "spotify:track:other"}, {"ms_played": 1}]
)
def test_another_stamp_track_or_time_heard_is_another_record(changes: dict[str, Any]) -> None:
    assert row(**changes)["record_id"] != row()["record_id"]


def test_another_listener_has_other_records() -> None:
    assert to_bronze(CURRENT, "you")["record_id"] != row()["record_id"]


@pytest.mark.parametrize(
    "changes",
    [
        {"master_metadata_track_name": "Blue (Remastered)"},
        {"platform": "android"},
        {"skipped": True},
        {"reason_end": "fwdbtn"},
        {"conn_country": "FR"},
    ],
)
def test_a_changed_detail_is_a_new_revision_of_the_same_record(changes: dict[str, Any]) -> None:
    assert row(**changes)["record_id"] == row()["record_id"]
    assert row(**changes)["revision"] != row()["revision"]


def test_offline_repeats_that_share_their_upload_time_are_different_records() -> None:
    assert row(offline_timestamp=1_711_929_382)["record_id"] != row(offline_timestamp=1_711_925_000)["record_id"]


def test_online_the_offline_timestamp_does_not_tell_records_apart() -> None:
    first, second = (row(offline=False, offline_timestamp=stamp) for stamp in (1_711_929_382, 1_711_925_000))
    assert first["record_id"] == second["record_id"]


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        (1_711_929_382, datetime(2024, 3, 31, 23, 56, 22, tzinfo=UTC)),
        (1_711_929_382_000, datetime(2024, 3, 31, 23, 56, 22, tzinfo=UTC)),
        (1_711_929_382_123, datetime(2024, 3, 31, 23, 56, 22, 123_000, tzinfo=UTC)),
        (0, None),
        (97, None),
        (None, None),
        (True, None),
        ("1711929382", None),
        (float("nan"), None),
        (10**18, None),
    ],
)
def test_the_offline_timestamp_is_read_in_seconds_and_milliseconds(stamp: object, expected: datetime | None) -> None:
    assert row(offline_timestamp=stamp)["offline_at"] == expected


def test_a_podcast_is_an_episode_with_its_show() -> None:
    made = row(**NOTHING_PLAYED, episode_name="One", episode_show_name="Talk", spotify_episode_uri="spotify:episode:e")
    named = (made["kind"], made["episode_name"], made["show_name"], made["track_id"], made["track_name"])
    assert named == ("episode", "One", "Talk", None, None)


def test_an_audiobook_is_told_from_a_podcast_by_its_own_fields() -> None:
    book = {"audiobook_title": "Emma", "audiobook_chapter_title": "Chapter 3", "audiobook_uri": "spotify:show:b"}
    made = row(**NOTHING_PLAYED, **book, spotify_episode_uri="spotify:episode:e", episode_name="Chapter 3")
    assert (made["kind"], made["episode_name"], made["show_name"]) == ("audiobook", "Chapter 3", "Emma")


def test_a_local_file_is_a_track_without_an_id() -> None:
    made = row(spotify_track_uri="spotify:local:Ann:Sea:Blue:215")
    assert (made["kind"], made["track_id"], made["track_name"]) == ("track", None, "Blue")


def test_a_uri_without_an_id_gives_no_id() -> None:
    assert row(spotify_track_uri="spotify:track:")["track_id"] is None


def test_a_play_of_zero_milliseconds_is_kept() -> None:
    assert row(ms_played=0)["ms_played"] == 0


def test_a_stamp_with_an_offset_is_turned_into_utc_and_its_month() -> None:
    made = row(ts="2024-04-01T01:30:00.987654+02:00")
    assert made["played_at"] == datetime(2024, 3, 31, 23, 30, 0, 987_000, tzinfo=UTC)
    assert made["played_month"] == "2024-03"


TIME_MISSING = "the time of the play is missing or cannot be read"


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ([], "the entry is no JSON object"),
        ("text", "the entry is no JSON object"),
        (None, "the entry is no JSON object"),
        ({key: value for key, value in CURRENT.items() if key != "ts"}, TIME_MISSING),
        (CURRENT | {"ts": None}, TIME_MISSING),
        (CURRENT | {"ts": "yesterday"}, TIME_MISSING),
        (CURRENT | {"ts": "0001-01-01T00:00:00+23:59"}, TIME_MISSING),
        (CURRENT | {"ts": "9999-12-31T23:59:59-10:00"}, TIME_MISSING),
        (CURRENT | {"ts": "1970-01-01T00:00:00Z"}, "the time of the play is before Spotify began"),
        (CURRENT | {"ms_played": None}, "ms_played is missing or no number"),
        (CURRENT | {"ms_played": "long"}, "ms_played is missing or no number"),
        (CURRENT | {"ms_played": True}, "ms_played is missing or no number"),
        (CURRENT | {"ms_played": -1}, "ms_played is negative or too large"),
        (CURRENT | {"ms_played": 2**53}, "ms_played is negative or too large"),
        (CURRENT | NOTHING_PLAYED, "nothing says what was played"),
    ],
)
def test_an_entry_that_is_no_record_is_rejected_with_its_reason(entry: object, reason: str) -> None:
    with pytest.raises(RejectedError) as error:
        to_bronze(entry, "me")
    assert str(error.value) == reason


def test_a_reason_does_not_carry_the_content_of_the_entry() -> None:
    with pytest.raises(RejectedError) as error:
        row(ts="203.0.113.9")
    assert "203.0.113.9" not in str(error.value)


LEAF = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    | st.sampled_from(["2024-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "spotify:track:x", 1_711_929_382])
)  # fmt: skip
JSON = st.recursive(LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
ENTRY = st.fixed_dictionaries({}, optional=dict.fromkeys({**CURRENT, **OLD}, JSON))


@given(JSON | ENTRY | ENTRY.map(lambda changes: CURRENT | changes))
def test_whatever_the_entry_is_it_becomes_a_row_that_the_table_can_hold_or_is_rejected(entry: object) -> None:
    try:
        made = to_bronze(entry, "me")
    except RejectedError:
        return
    assert arrow_rows(listening_history_bronze, [made | ADDED_LATER]).num_rows == 1
    assert made["kind"] in ("track", "episode", "audiobook")
    assert made["ms_played"] >= 0
