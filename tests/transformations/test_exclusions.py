"""Exclusions: which plays each kind of rule leaves out, and that it comes off again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from config.exclusions import Exclusion
from transformations.gold.daily_listening import daily_listening
from transformations.silver.listening_sessions import listening_sessions
from transformations.silver.listening_with_features import listening_with_features

NIGHT = datetime(2026, 5, 8, 23, tzinfo=UTC)  # a Friday


def play(play_id: str, minutes: float = 0, **fields: Any) -> dict[str, Any]:
    """A counted play of three minutes, so many minutes after Friday 23 h (UTC)."""
    end = NIGHT + timedelta(minutes=minutes)
    given = {"user_id": "ada", "track_id": play_id, "recording_id": play_id, "artist_name": "Ann", **fields}
    times = {"played_at": end, "started_at": end - timedelta(minutes=3), "played_month": f"{end:%Y-%m}"}
    return {"play_id": play_id, "listened_ms": 180_000, "is_counted": True, **times, **given}


@pytest.fixture
def listening(rows):
    def of(plays: list[dict[str, Any]], *rules: Exclusion):
        frames = rows("plays", *plays), rows("track_features"), rows("listeners")
        return listening_with_features(*frames, timezone="UTC", session_gap_minutes=20, exclusions=rules)

    return of


@pytest.fixture
def excluded(listening):
    def of(plays: list[dict[str, Any]], *rules: Exclusion) -> dict[str, str]:
        found = listening(plays, *rules).where("excluded_by IS NOT NULL").collect()
        return {row.play_id: row.excluded_by for row in found}

    return of


def test_without_rules_nothing_is_excluded(excluded):
    assert excluded([play("a"), play("b", 90)]) == {}


def test_hours_go_over_midnight_and_hold_for_the_local_hour_of_the_end(excluded):
    plays = [play("ten", -1), play("eleven", 0), play("one", 150), play("two", 180)]
    assert excluded(plays, Exclusion("sleep", hours=(23, 1))) == {"eleven": "sleep", "one": "sleep"}
    assert excluded(plays, Exclusion("sleep", hours=(1, 2))) == {"one": "sleep", "two": "sleep"}


def test_all_that_a_rule_says_must_hold(excluded):
    plays = [play("friday", 0, platform="Kitchen speaker"), play("saturday", 70, platform="KITCHEN"), play("other", 80)]
    assert excluded(plays, Exclusion("party", days=(6,), device="kitchen")) == {"saturday": "party"}


def test_what_is_not_known_of_a_play_does_not_exclude_it(excluded):
    unknown = play("a", platform=None, context_uri=None, artist_name=None)
    rules = Exclusion("d", device="x"), Exclusion("p", playlist="x"), Exclusion("r", artist="x")
    assert excluded([unknown], *rules) == {}


def test_artist_playlist_listener_and_days_are_compared_as_people_mean_them(excluded):
    plays = [
        play("artist", 0, artist_name=" RAIN  Sounds"),
        play("playlist", 10, context_uri="spotify:playlist:abc"),
        play("old playlist", 20, context_uri="spotify:user:ada:playlist:abc"),
        play("album", 30, context_uri="spotify:album:abcd"),
        play("ben's", 40, user_id="ben", context_uri="spotify:playlist:abc"),
        play("next day", 100),
    ]
    assert excluded(plays, Exclusion("rain", artist="rain sounds")) == {"artist": "rain"}
    assert set(excluded(plays, Exclusion("kids", playlist="abc", user="ada"))) == {"playlist", "old playlist"}
    day = Exclusion("feast", first_date=date(2026, 5, 9), last_date=date(2026, 5, 9))
    assert excluded(plays, day) == {"next day": "feast"}


def test_a_loop_is_one_recording_again_and_again_for_longer_than_the_rule_says(excluded):
    loop = [play(f"loop{n}", 3 * n, recording_id="rain") for n in range(21)]  # from 22:57 to 24:00: 63 minutes
    broken = [play("other", 63), *(play(f"again{n}", 66 + 3 * n, recording_id="rain") for n in range(19))]  # 57 minutes
    found = excluded([*loop, *broken], Exclusion("sleep", loop_hours=1))
    assert set(found) == {f"loop{n}" for n in range(21)}
    assert excluded([*loop, *broken], Exclusion("sleep", loop_hours=63 / 60)) == {}


def test_a_silence_ends_a_loop(excluded):
    loop = [play(f"loop{n}", (0 if n < 10 else 30) + 3 * n, recording_id="rain") for n in range(20)]
    assert excluded(loop, Exclusion("sleep", loop_hours=0.6)) == {}


def test_the_first_rule_that_holds_gives_the_name(excluded):
    rules = Exclusion("first", hours=(23, 23)), Exclusion("second", artist="Ann")
    assert excluded([play("a"), play("b", 90)], *rules) == {"a": "first", "b": "second"}


def test_excluded_plays_stay_in_the_listening_and_are_counted_apart_from_the_rest(listening, rows):
    plays = [
        play("kept", 1, time_source="measured"),
        play("out", 5, artist_name="Rain"),
        play("alone", 90, artist_name="Rain"),
    ]
    found = listening(plays, Exclusion("rain", artist="Rain"))
    assert found.count() == 3
    assert [row.start_count for row in listening_sessions(found).collect()] == [1]
    days = daily_listening(found, rows("track_features"), rows("coverage")).where("basis = 'all'").collect()
    told = {
        row.played_date: (row.play_count, row.listened_ms, row.artist_count, row.excluded_count, row.excluded_ms)
        for row in days
    }
    assert told == {
        date(2026, 5, 8): (1, 180_000, 1, 1, 180_000),
        date(2026, 5, 9): (0, 0, 0, 1, 180_000),
    }
