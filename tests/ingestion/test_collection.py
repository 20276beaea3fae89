"""A collection: one listener, source or quota never takes the others with it, and nothing is asked in vain."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from clients.tokens import Token
from config.errors import InputError
from ingestion.collection import SOURCES, Collected
from ingestion.listeners import register_listener

if TYPE_CHECKING:
    from clients.tokens import TokenStore
    from emulator.server import Emulator

POLL = "recently_played"
BAN = timedelta(seconds=48_925)


def codes(collected: Collected) -> dict[tuple[str, str | None], int]:
    """The exit code of each source and listener."""
    return {(one.source, one.user_id): one.error.exit_code if one.error else 0 for one in collected.reports}


def spotify_requests(asked: Callable[[], dict[str, int]]) -> int:
    return sum(number for path, number in asked().items() if path.startswith("/v1"))


def test_everything_is_collected_of_everyone_and_each_source_enters_itself(collect, sign_in, stored):
    sign_in("ben")
    said: list[str] = []
    collected = collect(say=said.append, catalog_daily_budget=40)
    assert collected.exit_code == 0
    expected = [(source, user) for user in ("ann", "ben") for source in SOURCES[:2]]
    expected += [(source, None) for source in SOURCES[2:]]
    assert list(codes(collected)) == expected
    runs = stored("ingestion_runs_bronze")
    assert sorted((run["source"], run["user_id"] or "") for run in runs) == sorted((s, u or "") for s, u in expected)
    assert {run["status"] for run in runs} == {"done"}
    new = {(one.source, one.user_id): one.counts.new for one in collected.reports}
    assert {(run["source"], run["user_id"]): run["new_count"] for run in runs} == new
    assert said[0] == "recently played of ann: 50 new of 50"
    assert {row["user_id"]: row["is_simulated"] for row in stored("listeners")} == {"ann": True, "ben": True}


def test_only_the_listeners_and_sources_that_are_named_are_collected(collect, sign_in, asked, stored):
    sign_in("ben")
    assert list(codes(collect(POLL, users=("ben",)))) == [(POLL, "ben")]
    assert {row["user_id"] for row in stored("listening_history_bronze")} == {"ben"}
    assert set(asked()) == {"/v1/me/player/recently-played"}


def test_a_long_ban_ends_everything_of_spotify_at_once_and_holds_until_its_time(
    collect, sign_in, emulator, asked, stored
):
    sign_in("ben")
    emulator.faults.update({"script": ["", "", "", "rate_limit_long"], "services": ["spotify"]})
    said: list[str] = []
    collected = collect(say=said.append)
    until = emulator.clock.now() + BAN
    message = f"Spotify takes no more requests before {until:%Y-%m-%d %H:%M} UTC."
    assert collected.exit_code == 4
    assert codes(collected) == {
        (POLL, "ann"): 0,
        ("library", "ann"): 4,
        (POLL, "ben"): 4,
        ("library", "ben"): 4,
        ("catalogue", None): 4,
        ("audio_features", None): 0,
    }
    assert f"library of ann: {message}" in said and f"recently played of ben: {message}" in said
    assert spotify_requests(asked) == 4
    emulator.clock.advance(BAN - timedelta(seconds=1))
    assert collect(POLL).exit_code == 4 and spotify_requests(asked) == 0
    emulator.clock.advance(timedelta(seconds=2))
    assert collect(POLL).exit_code == 0
    assert {(run["status"], run["error"]) for run in stored("ingestion_runs_bronze") if run["error"]} == {
        ("failed", message)
    }


def test_the_daily_quota_of_the_catalogue_keeps_what_came_before_it(collect, emulator, asked, stored):
    collect(POLL)
    asked()
    emulator.faults.update({"daily_quota": 20})
    collected = collect("catalogue")
    (run,) = (run for run in stored("ingestion_runs_bronze") if run["source"] == "catalogue")
    assert (collected.exit_code, run["status"]) == (4, "partial")
    fetched = len(stored("tracks_bronze"))
    assert fetched == run["new_count"] == 18  # two of the twenty were the poll's
    done = [row["item_id"] for row in stored("catalog_queue") if row["status"] == "done"]
    assert sorted(done) == sorted(row["track_id"] for row in stored("tracks_bronze"))
    asked()
    emulator.faults.update({"daily_quota": None})
    emulator.clock.advance(timedelta(hours=25))
    collect("catalogue")
    assert not set(asked()) & {f"/v1/tracks/{track_id}" for track_id in done}
    assert len(stored("tracks_bronze")) > fetched


def test_an_outage_of_the_sign_in_service_costs_no_sign_in(collect, sign_in, emulator):
    store = sign_in("ann")
    emulator.clock.advance(timedelta(hours=2))  # the access token has run out
    emulator.faults.update({"token_endpoint_down": True})
    assert collect(POLL).exit_code == 1
    assert not store.get("ann").needs_sign_in
    emulator.faults.update({"token_endpoint_down": False})
    assert collect(POLL).exit_code == 0


def end_by_revoking(emulator: Emulator, _: TokenStore) -> None:
    emulator.revoke("ann")


def end_by_age(emulator: Emulator, store: TokenStore) -> None:
    token = store.get("ann")
    assert token
    emulator.clock.advance(timedelta(days=183))
    granted, now = emulator.grant("ben"), emulator.clock.now()
    tokens = granted["access_token"], granted["refresh_token"], granted["scope"]
    store.put(Token("ben", *tokens, now + timedelta(hours=1), now, "ben"))


@pytest.mark.parametrize("end", [end_by_revoking, end_by_age])
def test_a_sign_in_that_has_ended_stops_that_listener_alone_and_keeps_what_is_there(
    end, collect, sign_in, emulator, stored, asked
):
    store = sign_in("ben")
    collect(POLL)
    before = [row for row in stored("listening_history_bronze") if row["user_id"] == "ann"]
    end(emulator, store)
    asked()
    said: list[str] = []
    collected = collect(POLL, "library", "catalogue", catalog_daily_budget=8, say=said.append)
    assert collected.exit_code == 3
    assert codes(collected) == {(POLL, "ann"): 3, (POLL, "ben"): 0, ("library", "ben"): 0, ("catalogue", None): 0}
    assert any("recently played of ann" in line and "lakesong login --user ann" in line for line in said)
    ann = store.get("ann")
    assert ann.needs_sign_in and ann.refresh_token
    assert len(before) == 50 and [r for r in stored("listening_history_bronze") if r["user_id"] == "ann"] == before
    assert asked()["/accounts/api/token"] == 1
    assert codes(collect(POLL, "library")) == {(POLL, "ann"): 3, (POLL, "ben"): 0, ("library", "ben"): 0}
    assert asked()["/accounts/api/token"] == 0, "a sign-in that has ended was tried again"
    sign_in("ann")
    assert collect(POLL).exit_code == 0


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (168, []),
        (169, ["The sign-in of ann at Spotify ends in 14 days (2027-04-19): run `lakesong login --user ann`."]),
        (180, ["Urgent: the sign-in of ann at Spotify ends in 3 days (2027-04-19): run `lakesong login --user ann`."]),
        (182.5, ["Urgent: the sign-in of ann at Spotify ends today (2027-04-19): run `lakesong login --user ann`."]),
    ],
)
def test_the_end_of_a_sign_in_is_told_before_it_comes(days, told, collect, emulator):
    """Signed in on 2026-10-18 at 21:00; 183 days later it ends."""
    emulator.clock.advance(timedelta(days=days))
    said: list[str] = []
    assert collect(POLL, say=said.append).exit_code == 0
    assert [line for line in said if "sign-in" in line] == told


@pytest.mark.parametrize(("switch", "message"), [("premium_required", "Premium"), ("user_not_registered", "User Man")])
def test_what_spotify_refuses_is_told_with_the_next_step(switch, message, collect, emulator, stored):
    emulator.faults.update({switch: True})
    collected = collect(POLL, "library")
    assert collected.exit_code == 3  # only a person can mend it
    assert all(message in str(one.error) for one in collected.reports)
    assert {run["status"] for run in stored("ingestion_runs_bronze")} == {"failed"}


def test_reccobeats_gives_features_while_spotify_is_down_and_the_run_is_partial(collect, emulator, stored):
    collect(POLL)
    emulator.faults.update({"server_errors": 1.0, "services": ["spotify"]})
    assert set(codes(collect(POLL, "library", "catalogue", "audio_features")).values()) == {1}
    assert {row["source"] for row in stored("my_tracks_features_bronze")} == {"reccobeats"}
    runs = sorted((run["source"], run["status"]) for run in stored("ingestion_runs_bronze") if run["error"])
    assert runs == [
        ("audio_features", "partial"),
        ("catalogue", "failed"),
        ("library", "failed"),
        (POLL, "failed"),
    ]


def test_spotify_is_collected_while_reccobeats_is_down(collect, emulator, stored):
    emulator.faults.update({"server_errors": 1.0, "services": ["reccobeats"]})
    collected = collect(catalog_daily_budget=8)
    assert {source: code for (source, _), code in codes(collected).items() if code} == {"audio_features": 1}
    assert collected.exit_code == 1
    emulator.faults.update({"server_errors": 0.0})
    assert collect("audio_features").exit_code == 0
    assert stored("my_tracks_features_bronze")


def test_no_token_is_in_the_lake_or_in_what_is_said(collect, sign_in, lake, emulator):
    store = sign_in("ann")
    said: list[str] = []
    emulator.faults.update({"script": ["html_bodies"] * 6, "services": ["spotify"]})
    collect(say=said.append, catalog_daily_budget=4)
    token = store.get("ann")
    secrets = [token.access_token, token.refresh_token, emulator.client_secret]
    text = "".join(said) + "".join(
        path.read_bytes().decode("latin-1") for path in lake.local.rglob("*") if path.is_file()
    )
    assert len(text) > 10_000 and not any(secret in text for secret in secrets)


def unforeseen(*_: Any, **__: Any) -> Any:
    raise KeyError("items")


def test_an_error_that_nobody_foresaw_stops_one_source_alone(collect, monkeypatch, stored):
    monkeypatch.setattr("ingestion.collection.LibraryRun.collect", unforeseen)
    collected = collect(POLL, "library")
    assert codes(collected) == {(POLL, "ann"): 0, ("library", "ann"): 1}
    assert "KeyError in library." in str(collected.reports[1].error)


def test_simulated_listeners_come_into_no_lake_of_real_ones_and_nothing_is_asked(collect, lake, asked, stored):
    register_listener(lake, "ann")
    for source in SOURCES:
        with pytest.raises(InputError, match="not mixed in"):
            collect(source)
    assert asked() == {}
    assert stored("ingestion_runs_bronze") == stored("library_snapshots_bronze") == []
