"""Recently played and the player, against the simulated truth."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from emulator.listener import Listener

DEPTH = 50


def stamps(items: list[dict[str, Any]]) -> list[datetime]:
    return [datetime.fromisoformat(item["played_at"]) for item in items]


def listable(emulator) -> pd.DataFrame:
    """True plays that recently-played may list by now, but for offline ones, which wait for their upload."""
    truth = emulator.play_truth("demo")
    return truth[truth["is_listable"] & ~truth["offline"]]


def ends(plays: pd.DataFrame) -> set[tuple[str, datetime]]:
    return set(zip(plays["track_id"], pd.DatetimeIndex(plays["ended_at"]).to_pydatetime(), strict=True))


def test_the_last_fifty_plays_come_newest_first_with_their_ends(emulator, get):
    items = get("me/player/recently-played", limit=50).json()["items"]
    assert len(items) == DEPTH
    assert stamps(items) == sorted(stamps(items), reverse=True)
    assert all(len(item["played_at"]) == 24 and item["played_at"].endswith("Z") for item in items)
    heard = {(item["track"]["id"], at.replace(microsecond=0)) for item, at in zip(items, stamps(items), strict=True)}
    assert heard <= ends(emulator.play_truth("demo"))
    assert ends(listable(emulator).tail(45)) <= heard
    assert emulator.offered("demo") >= {
        (item["track"]["id"], at) for item, at in zip(items, stamps(items), strict=True)
    }


def test_plays_appear_when_they_end_and_not_before(emulator, get):
    emulator.clock.set(datetime(2026, 10, 21, tzinfo=UTC))
    coming = [at for at in listable(emulator)["ended_at"] if at > datetime(2026, 10, 20, 12, tzinfo=UTC)]
    end = coming[len(coming) // 2].to_pydatetime()
    emulator.clock.set(end - timedelta(seconds=1))
    assert stamps(get("me/player/recently-played").json()["items"])[0] < end
    emulator.clock.set(end + timedelta(seconds=1))
    newest = stamps(get("me/player/recently-played").json()["items"])[0]
    assert end < newest < end + timedelta(seconds=1)


def test_short_skipped_private_and_spoken_plays_are_never_listed(emulator, get):
    seen = set()
    for hour in range(0, 24 * 10, 3):
        emulator.clock.set(datetime(2026, 10, 10, tzinfo=UTC) + timedelta(hours=hour))
        items = get("me/player/recently-played", limit=50).json()["items"]
        seen |= {
            (item["track"]["id"], at.replace(microsecond=0)) for item, at in zip(items, stamps(items), strict=True)
        }
    truth = emulator.play_truth("demo")
    hidden = truth[(truth["ms_played"] < 30_000) | truth["incognito_mode"]]
    assert len(hidden) > 100 and len(seen) > 500
    assert not seen & ends(hidden)


def test_offline_plays_wait_for_their_upload(emulator, get, listening):
    late = listening.plays.query("offline and exported_at > ended_at and kind == 'track' and ms_played > 40000")
    play = late.iloc[0]

    def is_listed() -> bool:
        items = get("me/player/recently-played", limit=50).json()["items"]
        return play["track_id"] in {item["track"]["id"] for item in items}

    emulator.clock.set(play["ended_at"].to_pydatetime() + timedelta(minutes=5))
    before = is_listed()
    emulator.clock.set(play["exported_at"].to_pydatetime() + timedelta(seconds=1))
    assert (before, is_listed()) == (False, True)


def test_pages_go_back_by_before_until_an_empty_one_without_cursors(emulator, get):
    page = get("me/player/recently-played", limit=50).json()
    assert page["cursors"] == {
        "after": str(round(stamps(page["items"])[0].timestamp() * 1000)),
        "before": str(round(stamps(page["items"])[-1].timestamp() * 1000)),
    }
    assert page["next"].startswith(f"{emulator.url}/v1/me/player/recently-played?")
    last = get(page["next"]).json()
    assert (last["items"], last["next"], last["cursors"]) == ([], None, None)
    assert "total" not in page


def test_pages_of_any_size_hold_the_same_plays(emulator, get):
    whole = get("me/player/recently-played", limit=50).json()["items"]
    collected, url = [], f"{emulator.spotify_api_url}/me/player/recently-played?limit=7"
    while url:
        page = get(url).json()
        collected += page["items"]
        url = page["next"]
    assert collected == whole


def test_after_and_before_are_exclusive_and_exclude_each_other(emulator, get):
    whole = get("me/player/recently-played", limit=50).json()["items"]
    tenth = round(stamps(whole)[9].timestamp() * 1000)
    assert get("me/player/recently-played", limit=50, after=tenth).json()["items"] == whole[:9]
    assert get("me/player/recently-played", limit=50, before=tenth).json()["items"] == whole[10:]
    assert get("me/player/recently-played", after=1, before=2).status_code == 400


@pytest.mark.parametrize("limit", [0, 51])
def test_limits_outside_1_to_50_are_refused(get, limit):
    answer = get("me/player/recently-played", limit=limit)
    assert (answer.status_code, answer.json()) == (400, {"error": {"status": 400, "message": "Invalid limit"}})


def test_tracks_have_the_shape_of_a_development_mode_app(get):
    track = get("me/player/recently-played").json()["items"][0]["track"]
    assert not {"popularity", "available_markets", "linked_from"} & set(track)
    assert track["preview_url"] is None and track["is_local"] is False
    assert len(track["external_ids"]["isrc"]) == 12
    assert track["artists"][0]["id"] and track["album"]["release_date_precision"] in ("day", "year")
    assert track["uri"] == f"spotify:track:{track['id']}"


def test_contexts_are_null_or_name_a_playlist_or_album_that_exists(emulator, get):
    contexts = []
    for day in range(8):
        emulator.clock.set(datetime(2026, 10, 12 + day, 20, tzinfo=UTC))
        items = get("me/player/recently-played", limit=50).json()["items"]
        contexts += [item["context"] for item in items]
    named = [context for context in contexts if context]
    assert 0.1 < len(named) / len(contexts) < 0.5
    assert {context["type"] for context in named} == {"playlist", "album"}
    assert all(get(context["href"]).status_code == 200 for context in named[:5])


def test_late_plays_come_later_but_come(emulator, get):
    def listed() -> set[str]:
        return {item["played_at"] for item in get("me/player/recently-played", limit=50).json()["items"]}

    complete = listed()
    emulator.faults.late_plays = 1.0
    early = listed()
    assert not complete <= early
    emulator.clock.advance(timedelta(minutes=41))
    later = listed()
    newer = {stamp for stamp in later if stamp > max(complete)}
    pushed_out = complete - later
    assert len(pushed_out) == len(newer) and pushed_out == set(sorted(complete)[: len(newer)])


def test_start_stamps_hold_for_whole_days_and_for_ever(emulator, get, listening):
    items = get("me/player/recently-played", limit=50).json()["items"]
    emulator.faults.start_stamp_days = 1.0
    shifted = get("me/player/recently-played", limit=50).json()["items"]
    assert get("me/player/recently-played", limit=50).json()["items"] == shifted
    heard_ms = {(play.track_id, play.ended_at): play.ms_played for play in listening.plays.itertuples()}
    starts = {(item["track"]["id"], at) for item, at in zip(shifted, stamps(shifted), strict=True)}
    expected = {
        (item["track"]["id"], at - timedelta(milliseconds=heard_ms[item["track"]["id"], at.replace(microsecond=0)]))
        for item, at in zip(items, stamps(items), strict=True)
    }
    assert len(starts & expected) >= 48
    emulator.faults.start_stamp_days = 0.5
    listener = Listener(listening, 1)
    kept = {}
    for play in range(len(listening.plays)):
        is_start = listener.stamp_ms(play, emulator.faults) < listener.ended_ms[play]
        if listener.ms_played[play] > 2_000:
            kept.setdefault(int(listener.ended_ms[play]) // 86_400_000, set()).add(is_start)
    assert all(len(found) == 1 for found in kept.values())
    assert {True, False} <= {one for found in kept.values() for one in found}


def test_odd_items_stand_beside_the_plays_and_never_in_their_place(emulator, get):
    plain = get("me/player/recently-played", limit=50).json()["items"]
    emulator.faults.update({"duplicates": 0.3, "null_tracks": 0.2, "local_files": 0.2, "ads": 0.2})
    odd = get("me/player/recently-played", limit=50).json()["items"]
    assert len(odd) == DEPTH
    assert any(item["track"] is None for item in odd)
    assert any(item["track"]["is_local"] and item["track"]["id"] is None for item in odd if item["track"])
    real = [item for item in odd if item["track"] and not item["track"]["is_local"]]
    seen = [item["played_at"] for item in real]
    assert len(set(seen)) < len(seen)
    assert list(dict.fromkeys(seen)) == [item["played_at"] for item in plain][: len(set(seen))]


def test_out_of_order_items_lose_nothing_over_pages(emulator, get):
    plain = get("me/player/recently-played", limit=50).json()["items"]
    emulator.faults.out_of_order = 0.4
    mixed, url = [], f"{emulator.spotify_api_url}/me/player/recently-played?limit=8"
    while url:
        page = get(url).json()
        mixed += page["items"]
        url = page["next"]
    assert mixed != plain
    assert sorted(stamps(mixed), reverse=True) == stamps(plain)


def test_episodes_are_listed_only_with_the_switch(emulator, get, listening):
    heard = listening.plays.query("kind == 'episode' and not incognito_mode and not offline").iloc[3]
    emulator.clock.set(heard["ended_at"].to_pydatetime() + timedelta(seconds=2))

    def newest() -> dict[str, Any]:
        return get("me/player/recently-played", limit=1).json()["items"][0]["track"]

    assert newest()["type"] == "track"
    emulator.faults.episodes = 1.0
    assert (newest()["type"], newest()["name"]) == ("episode", heard["episode_name"])


@pytest.fixture
def playing(listening) -> pd.Series:
    """A long play of an ordinary session, online and not private."""
    ordinary = "kind == 'track' and ms_played > 120000 and not offline and not incognito_mode"
    return listening.plays.query(ordinary).iloc[200]


def test_the_player_shows_what_is_heard_and_how_far(emulator, get, playing):
    start = playing["ended_at"] - timedelta(milliseconds=int(playing["ms_played"]))
    emulator.clock.set(start.to_pydatetime() + timedelta(seconds=61.5))
    for path in ("me/player", "me/player/currently-playing"):
        shown = get(path).json()
        assert shown["item"]["id"] == playing["track_id"]
        assert (shown["progress_ms"], shown["is_playing"], shown["currently_playing_type"]) == (61_500, True, "track")
        assert shown["timestamp"] == round(emulator.clock.now().timestamp() * 1000)
    state = get("me/player").json()
    assert state["device"]["is_active"] and state["repeat_state"] == "off"
    assert state["shuffle_state"] == bool(playing["shuffle"])
    assert "device" not in get("me/player/currently-playing").json()


def test_nothing_to_show_is_204_without_a_body(emulator, get, listening):
    private = listening.plays.query("incognito_mode and ms_played > 60000").iloc[0]
    emulator.clock.set(private["ended_at"].to_pydatetime() - timedelta(seconds=20))
    answer = get("me/player/currently-playing")
    assert (answer.status_code, answer.content) == (204, b"")
    emulator.clock.set(listening.plays["ended_at"].iloc[-1].to_pydatetime() + timedelta(hours=1))
    assert get("me/player").status_code == 204


def test_a_pause_between_two_plays_shows_the_next_one_standing_still(emulator, get, listening):
    plays = listening.plays.assign(before=listening.plays["ended_at"].shift())
    start = plays["ended_at"] - pd.to_timedelta(plays["ms_played"], unit="ms")
    pause = (start - plays["before"]).dt.total_seconds()
    ordinary = (plays["kind"] == "track") & (plays["ms_played"] > 0) & ~plays["offline"] & ~plays["incognito_mode"]
    resumed = plays[ordinary & pause.between(90, 600)].iloc[0]
    emulator.clock.set(resumed["before"].to_pydatetime() + timedelta(seconds=45))
    shown = get("me/player").json()
    assert (shown["is_playing"], shown["progress_ms"]) == (False, 0)
    assert shown["item"]["id"] == resumed["track_id"]
    emulator.faults.ads = 1.0
    ad = get("me/player").json()
    assert (ad["currently_playing_type"], ad["item"], ad["is_playing"]) == ("ad", None, True)


def test_an_episode_is_shown_to_those_who_ask_for_episodes(emulator, get, listening):
    heard = listening.plays.query("kind == 'episode' and not incognito_mode and not offline").iloc[0]
    emulator.clock.set(heard["ended_at"].to_pydatetime() - timedelta(seconds=30))
    plain, asked = get("me/player").json(), get("me/player", additional_types="track,episode").json()
    assert (plain["currently_playing_type"], plain["item"]) == ("episode", None)
    assert (asked["item"]["name"], asked["item"]["show"]["name"]) == (heard["episode_name"], heard["show_name"])


def test_a_local_file_is_shown_without_an_id(emulator, get, playing):
    emulator.faults.local_files = 1.0
    emulator.clock.set(playing["ended_at"].to_pydatetime() - timedelta(seconds=30))
    item = get("me/player").json()["item"]
    assert (item["id"], item["is_local"]) == (None, True)
    assert item["uri"].startswith("spotify:local:") and item["name"]
