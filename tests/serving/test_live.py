"""What came in after the build: read from bronze, each play once, of the listener alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.state_file import write_state
from ingestion.polls import keep_observed
from mappers import currently_playing, listenbrainz, recently_played
from models.observation import Sighting, Watching
from schemas.lake import Lake
from serving import live

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
EARLIER = NOON - timedelta(hours=1)


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    live.forget()


def track(name: str) -> dict[str, Any]:
    return {
        "id": name.ljust(22, "0"), "name": name, "artists": [{"name": "Ann"}], "album": {"name": "One"},
        "duration_ms": 200_000, "type": "track",
    }  # fmt: skip


def polled(name: str, at: datetime, user: str = "ann") -> dict[str, Any]:
    return recently_played.to_bronze({"played_at": f"{at:%Y-%m-%dT%H:%M:%S}.000Z", "track": track(name)}, user)


def watched(name: str, at: datetime) -> dict[str, Any]:
    stamp = f"{at:%Y-%m-%dT%H:%M:%S}.000Z"
    started = f"{at - timedelta(seconds=190):%Y-%m-%dT%H:%M:%S}.000Z"
    heard = {"ended_at": stamp, "started_at": started, "item": track(name), "ms_played": 190_000}
    return currently_playing.to_bronze(heard, "ann")


def scrobbled(name: str, end: datetime) -> dict[str, Any]:
    told = {"track_name": name, "artist_name": "Ann", "additional_info": {"duration_ms": 200_000}}
    return listenbrainz.to_bronze({"listened_at": int(end.timestamp()) - 200, "track_metadata": told}, "ann")


def test_only_plays_after_the_given_time_are_new_the_newest_first(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    keep_observed(
        lake, [polled("old", EARLIER), polled("b", NOON + timedelta(hours=1)), polled("a", NOON + timedelta(minutes=9))]
    )
    assert [row["track_name"] for row in live.newer_plays(lake, "ann", NOON)] == ["b", "a"]


def test_a_play_that_three_sources_tell_of_is_one(tmp_path: Path) -> None:
    lake, end = Lake(str(tmp_path)), NOON + timedelta(minutes=20)
    keep_observed(lake, [polled("a", end), watched("a", end + timedelta(seconds=5)), scrobbled("a", end)])
    assert len(live.newer_plays(lake, "ann", NOON)) == 1


def test_a_track_played_twice_is_two(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    keep_observed(lake, [polled("a", NOON + timedelta(minutes=10)), polled("a", NOON + timedelta(minutes=12))])
    assert len(live.newer_plays(lake, "ann", NOON)) == 2


def test_nothing_of_another_listener_is_read(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    keep_observed(lake, [polled("hers", NOON + timedelta(minutes=10), "eve")])
    assert live.newer_plays(lake, "ann", NOON) == []
    assert live.last_poll(lake, "ann") is None


def test_a_lake_without_tables_has_nothing_new(tmp_path: Path) -> None:
    assert live.newer_plays(Lake(str(tmp_path)), "ann", NOON) == []
    assert live.last_poll(Lake(str(tmp_path)), "ann") is None


@pytest.mark.parametrize(
    ("after", "is_playing", "is_told"),
    [(timedelta(seconds=30), True, True), (timedelta(seconds=30), False, False), (timedelta(minutes=4), True, False),
     (timedelta(minutes=7), True, False)],
)  # fmt: skip
def test_what_the_watch_saw_plays_until_it_must_have_ended(
    tmp_path: Path, after: timedelta, is_playing: bool, is_told: bool
) -> None:
    state = Watching(looked_at=NOON, last=Sighting("spotify:track:a", track("a"), 60_000, is_playing))
    write_state(tmp_path / "watch" / "ann.json", {"version": 1, "watching": state.to_json()})
    told = live.watched_now(tmp_path, "ann", NOON + after)
    assert (told is not None) is is_told
    if told:
        assert (told["track_name"], told["artist_name"], told["progress_ms"]) == ("a", "Ann", 90_000)
    assert live.watched_now(tmp_path, "eve", NOON) is None
