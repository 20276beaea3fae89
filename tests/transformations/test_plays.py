"""plays: one row a real play of music, with corrected stamps, the time heard, and the rules of counting."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import Row

from transformations.silver.merged_records import merged_records
from transformations.silver.plays import plays

SONG = hashlib.sha256(b"song\tartist").hexdigest()
NOON = datetime(2024, 5, 10, 12, tzinfo=UTC)
Made = Callable[..., dict[str, Row]]


def at(seconds: float = 0, **parts: float) -> datetime:
    return NOON + timedelta(seconds=seconds, **parts)


def song(record_id: str, played_at: datetime = NOON, source: str = "extended_history", **fields: Any) -> dict[str, Any]:
    """A record of a play of "Song" by "Artist", unless other fields say otherwise."""
    named = {"track_id": "t1", "track_name": "Song", "artist_name": "Artist", **fields}
    return {"record_id": record_id, "user_id": "u", "kind": "track", "source": source, "played_at": played_at, **named}


@pytest.fixture
def made(rows: Callable[..., Any]) -> Made:
    """The plays of some records and known tracks, by play_id."""

    def of(
        *records: dict[str, Any], tracks: tuple[dict[str, Any], ...] = (), editions: dict[str, str] | None = None
    ) -> dict[str, Row]:
        known = [{"track_id": track, "recording_id": recording} for track, recording in (editions or {}).items()]
        history = rows("listening_history_bronze", *records)
        built = plays(history, merged_records(history), rows("tracks", *tracks), rows("recordings", *known)).collect()
        assert len({row.play_id for row in built}) == len(built)
        return {row.play_id: row for row in built}

    return of


def utc(value: datetime) -> datetime:
    """A timestamp as collected (naive, in the zone of this machine, or aware) as UTC."""
    return value.astimezone(UTC)


def test_a_play_counts_from_30_seconds_or_when_a_shorter_track_was_heard_whole(made):
    found = made(
        song("half a minute", at(0), ms_played=30_000, duration_ms=200_000),
        song("almost", at(1000), ms_played=29_999, duration_ms=200_000),
        song("whole short track", at(2000), track_name="Jingle", ms_played=12_000, duration_ms=12_000),
        song("almost the short track", at(3000), track_name="Jingle", ms_played=11_999, duration_ms=12_000),
        song("short, of unknown length", at(4000), track_id=None, track_name="Lost", ms_played=12_000),
        song("long, of unknown length", at(5000), track_id=None, track_name="Lost", ms_played=30_000),
    )
    assert {name: row.is_counted for name, row in found.items()} == {
        "half a minute": True,
        "almost": False,
        "whole short track": True,
        "almost the short track": False,
        "short, of unknown length": False,
        "long, of unknown length": True,
    }
    assert {name for name, row in found.items() if row.is_skip} == {
        "almost",
        "almost the short track",
        "short, of unknown length",
    }


def test_a_play_that_a_button_ended_before_half_counts_and_is_a_skip(made):
    long = {"duration_ms": 200_000}
    found = made(
        song("forward early", at(0), ms_played=99_999, reason_end="fwdbtn", **long),
        song("back early", at(1000), ms_played=99_999, reason_end="backbtn", **long),
        song("forward at half", at(2000), ms_played=100_000, reason_end="fwdbtn", **long),
        song("ended otherwise", at(3000), ms_played=99_999, reason_end="endplay", **long),
        song("no reason", at(4000), ms_played=99_999, **long),
        song("unknown length", at(5000), track_id=None, track_name="Lost", ms_played=99_999, reason_end="fwdbtn"),
    )
    assert all(row.is_counted for row in found.values())
    assert {name for name, row in found.items() if row.is_skip} == {"forward early", "back early"}


def test_the_length_may_come_from_the_known_tracks(made):
    known = {"track_id": "t1", "title_id": SONG, "duration_ms": 20_000}
    found = made(song("whole", ms_played=20_000), tracks=(known,))
    assert (found["whole"].duration_ms, found["whole"].is_counted) == (20_000, True)


def test_a_length_of_zero_is_not_known(made):
    """Nothing was heard of it: a start that is not counted, whatever a careless source says of its length."""
    found = made(song("silent", ms_played=0, duration_ms=0))
    assert (found["silent"].is_counted, found["silent"].is_skip) == (False, True)


def test_the_start_is_the_end_minus_the_time_heard(made):
    found = made(song("a", at(0.25), ms_played=181_500))
    assert utc(found["a"].played_at) == at(0.25)
    assert utc(found["a"].started_at) == at(0.25 - 181.5)


def test_an_offline_play_ends_at_its_own_start_plus_the_time_heard(made):
    offline = {"is_offline": True, "ms_played": 180_000}
    found = made(
        song("uploaded next day", at(days=1), offline_at=at(0), **offline),
        song("after four weeks", at(days=28, seconds=180), offline_at=at(0), track_name="B", **offline),
    )
    assert utc(found["uploaded next day"].played_at) == at(180)
    assert utc(found["uploaded next day"].started_at) == at(0)
    assert utc(found["after four weeks"].played_at) == at(180)


@pytest.mark.parametrize(
    "fields",
    [
        {"offline_at": at(days=-29), "is_offline": True},  # too long ago to believe
        {"offline_at": at(days=1), "is_offline": True},  # begins after it was uploaded
        {"offline_at": at(-60), "is_offline": True},  # would end two minutes and one second after its upload
        {"offline_at": at(hours=-5), "is_offline": False},
        {"offline_at": at(hours=-5)},
        {"is_offline": True},
    ],
    ids=["too old", "in the future", "ends after upload", "online", "not said", "no start"],
)
def test_an_offline_start_that_cannot_be_is_ignored(made, fields):
    found = made(song("a", at(0), ms_played=181_000, **fields))
    assert utc(found["a"].played_at) == at(0)


def test_a_small_error_of_the_clock_is_forgiven(made):
    found = made(song("a", at(0), ms_played=180_000, is_offline=True, offline_at=at(-60)))
    assert utc(found["a"].played_at) == at(120)


def test_a_listen_is_stamped_at_its_start(made):
    found = made(
        song("of known length", at(0), "listenbrainz", duration_ms=200_000),
        song("measured", at(3600), "listenbrainz", track_name="B", duration_ms=200_000, ms_played=50_000),
        song("nothing known", at(7200), "listenbrainz", track_id=None, track_name="C"),
        song("a poll", at(10800), "recently_played", track_name="D", duration_ms=200_000),
    )
    ends = {name: (utc(row.played_at) - NOON).total_seconds() for name, row in found.items()}
    assert ends == {"of known length": 200, "measured": 3650, "nothing known": 7200, "a poll": 10800}


def test_a_listen_meets_the_export_at_its_corrected_end(made):
    found = made(
        song("export", at(200), ms_played=200_000),
        song("listen", at(0), "listenbrainz", duration_ms=200_000),
    )
    assert {name: row.record_count for name, row in found.items()} == {"export": 2}


def test_what_a_poll_saw_was_heard_for_its_length_or_since_the_play_before(made):
    found = made(
        song("first", at(0), "recently_played", duration_ms=200_000),
        song("soon after", at(60), "recently_played", track_name="B", duration_ms=200_000),
        song("much later", at(5000), "recently_played", track_name="C", duration_ms=200_000),
        song("exactly after", at(5200), "recently_played", track_name="D", duration_ms=200_000),
        song("another listener", at(5201), "recently_played", duration_ms=200_000) | {"user_id": "v"},
    )
    assert {name: row.listened_ms for name, row in found.items()} == {
        "first": 200_000,
        "soon after": 60_000,
        "much later": 200_000,
        "exactly after": 200_000,
        "another listener": 200_000,
    }
    assert {row.time_source for row in found.values()} == {"estimated"}


def test_the_gap_of_an_estimate_reaches_to_the_end_of_any_play_before(made):
    found = made(
        song("export", at(0), ms_played=1_000),
        song("poll", at(45), "recently_played", track_name="B", duration_ms=200_000),
    )
    assert (found["poll"].listened_ms, found["poll"].time_source) == (45_000, "estimated")


def test_without_measure_and_length_the_time_is_unknown(made):
    row = made(song("a", source="recently_played", track_id=None))["a"]
    assert (row.time_source, row.listened_ms, row.is_counted, row.is_skip) == ("unknown", 0, False, True)
    assert utc(row.started_at) == utc(row.played_at)


def test_measured_time_wins_over_an_estimate_whichever_source_has_it(made):
    found = made(
        song("poll", at(20), "recently_played", duration_ms=200_000),
        song("account", at(0), "account_data", track_id=None, ms_played=42_000),
    )
    assert {(r.play_id, r.listened_ms, r.time_source, r.duration_ms) for r in found.values()} == {
        ("poll", 42_000, "measured", 200_000)
    }


def test_podcasts_and_audiobooks_stay_out(made):
    found = made(
        song("music", ms_played=60_000),
        song("podcast", at(900), ms_played=60_000) | {"kind": "episode"},
        song("book", at(1800), ms_played=60_000) | {"kind": "audiobook"},
    )
    assert set(found) == {"music"}


REVISIONS = (
    {"revision": "a", "platform": None, "country": None, "reason_end": None},
    {"revision": "b", "platform": "ios", "country": "DE", "reason_end": "trackdone"},
    {"revision": "c", "platform": "android", "country": None, "reason_end": None},
)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_the_fullest_revision_of_a_record_wins_whatever_the_order(made, order):
    revisions = [song("a", ms_played=60_000) | REVISIONS[place] for place in order]
    row = made(*revisions)["a"]
    assert (row.platform, row.country, row.reason_end, row.record_count) == ("ios", "DE", "trackdone", 1)


def test_a_play_keeps_its_anchor_and_takes_each_field_from_the_best_source_that_has_it(made):
    found = made(
        song("account", at(-30), "account_data", track_id=None, ms_played=61_000),
        song("poll", at(25), "recently_played", duration_ms=200_000, album_name="Poll's", context_uri="spotify:x"),
        song("export", at(0), ms_played=60_000, album_name="Export's", platform="ios"),
    )
    assert len(found) == 1
    row = found["export"]
    assert (row.source, row.record_count, utc(row.played_at)) == ("extended_history", 3, at(0))
    assert (row.album_name, row.platform, row.listened_ms) == ("Export's", "ios", 60_000)
    assert (row.context_uri, row.duration_ms) == ("spotify:x", 200_000)


def test_another_spelling_of_blanks_and_case_is_the_same_title(made):
    found = made(
        song("export", at(0), ms_played=60_000, track_name="A  Song ", artist_name="ARTIST"),
        song("account", at(-30), "account_data", track_id=None, ms_played=60_000, track_name="a song"),
        song("later", at(5000), ms_played=60_000, track_name="a song", track_id="another id"),
    )
    assert set(found) == {"export", "later"}
    expected = hashlib.sha256(b"a song\tartist").hexdigest()
    assert {row.title_id for row in found.values()} == {expected}


def test_a_play_is_of_the_recording_that_its_track_is_an_edition_of_else_of_its_title(made):
    found = made(
        song("first edition", at(0), ms_played=60_000, track_id="t2"),
        song("other name", at(1000), ms_played=60_000, track_id="t1", track_name="Song - Remastered 2011"),
        song("unknown id", at(2000), ms_played=60_000, track_id="t9", track_name="Other"),
        song("no id", at(3000), "account_data", ms_played=60_000, track_id=None, track_name="Nobody knows"),
        song("named", at(4000), "account_data", ms_played=60_000, track_id=None, track_name="SONG"),
        tracks=({"track_id": "t2", "title_id": SONG, "is_played": True}, {"track_id": "t1", "is_played": True}),
        editions={"t1": "t1", "t2": "t1"},
    )
    recordings = {name: row.recording_id for name, row in found.items()}
    assert {recordings.pop(name) for name in ("first edition", "other name", "named")} == {"t1"}
    assert recordings == {
        "unknown id": hashlib.sha256(b"other\tartist").hexdigest(),
        "no id": hashlib.sha256(b"nobody knows\tartist").hexdigest(),
    }


def test_a_play_without_a_title_is_told_by_its_id(made):
    untitled = {"track_name": None, "artist_name": None, "ms_played": 60_000}
    found = made(
        song("a", at(0), track_id="t1", **untitled),
        song("b", at(0), track_id="t2", **untitled),
        song("poll of a", at(10), "recently_played", track_id="t1", track_name=None, artist_name=None),
    )
    assert {name: row.record_count for name, row in found.items()} == {"a": 2, "b": 1}


def test_listeners_never_share_a_play(made):
    found = made(
        song("mine", at(0), ms_played=60_000),
        song("yours", at(10), "recently_played", duration_ms=200_000) | {"user_id": "v"},
    )
    assert {name: row.user_id for name, row in found.items()} == {"mine": "u", "yours": "v"}


def test_account_data_gets_its_track_id_and_length_by_name(made):
    key = {"title_id": SONG, "duration_ms": 50_000}
    found = made(
        song("a", source="account_data", track_id=None, ms_played=20_000),
        song("b", at(900), "account_data", track_id=None, track_name="Nobody knows", ms_played=20_000),
        tracks=(
            {"track_id": "popular", "popularity": 90, "is_played": False, **key},
            {"track_id": "played", "popularity": 10, "is_played": True, **key},
            {"track_id": "silent", "popularity": 5, "is_played": True, **key},
        ),
    )
    assert (found["a"].track_id, found["a"].duration_ms) == ("played", 50_000)
    assert found["b"].track_id is None


def test_an_id_that_a_source_gave_is_kept(made):
    known = {"track_id": "other", "title_id": SONG, "is_played": True, "duration_ms": 50_000}
    row = made(song("a", ms_played=20_000), tracks=(known,))["a"]
    assert (row.track_id, row.duration_ms) == ("t1", None)


def test_the_month_follows_the_corrected_end(made):
    june = datetime(2024, 6, 1, 8, tzinfo=UTC)
    last_minute = datetime(2024, 5, 31, 23, 55, tzinfo=UTC)
    found = made(
        song(
            "uploaded in June", june, ms_played=60_000, is_offline=True, offline_at=last_minute, played_month="2024-06"
        ),
        song("over midnight", june, ms_played=600_000, is_offline=True, offline_at=last_minute, track_name="B"),
    )
    assert {name: row.played_month for name, row in found.items()} == {
        "uploaded in June": "2024-05",
        "over midnight": "2024-06",
    }


def test_the_order_in_which_records_arrived_changes_nothing(made):
    records = [
        song("e1", at(0), ms_played=200_000),
        song("e2", at(200), ms_played=200_000),
        song("p1", at(30), "recently_played", duration_ms=200_000),
        song("p2", at(260), "recently_played", duration_ms=200_000),
        song("p3", at(460), "recently_played", duration_ms=200_000),
        song("a1", at(-30), "account_data", track_id=None, ms_played=200_000),
    ]
    forward, backward = made(*records), made(*reversed(records))
    assert forward == backward
    assert {name: row.record_count for name, row in forward.items()} == {"e1": 3, "e2": 2, "p3": 1}


def test_records_are_plays_plus_those_merged_into_one_plus_what_is_no_music(history, table):
    bronze, built = table("listening_history_bronze"), table("plays")
    records = bronze["record_id"].nunique()
    music = bronze.loc[bronze["kind"] == "track", "record_id"].nunique()
    merged = int((built["record_count"] - 1).sum())
    assert (built["record_count"] == 2).any()
    assert records == len(built) + merged + (records - music)


def test_a_simulated_history_comes_back_as_it_was_lived(history, table):
    """Export and account data tell the same plays: each true play of music once, with its true end and time heard."""
    built = table("plays")
    for simulation in history.simulations:
        true = simulation.plays[simulation.plays["kind"] == "track"]
        mine = built[built["user_id"] == simulation.user_id]
        assert mine["listened_ms"].sum() == true["ms_played"].sum()
        true_plays = sorted(zip(true["track_id"], true["ended_at"].dt.floor("s"), true["ms_played"], strict=True))
        ends = mine["played_at"].dt.floor("s")
        assert len(mine) == len(true_plays)
        found = sorted(zip(mine["track_id"], ends, mine["listened_ms"], strict=True))
        for (true_id, true_end, true_ms), (found_id, found_end, found_ms) in zip(true_plays, found, strict=True):
            assert (found_id, found_ms) == (true_id, true_ms)
            assert abs(found_end - true_end) <= timedelta(seconds=1)
