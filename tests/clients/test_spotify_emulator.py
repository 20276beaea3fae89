"""The clients against the emulator: whole flows over a socket, on good days and bad ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clients.deezer import Deezer, is_match
from clients.errors import QuotaError, RefusedError, SignInError, SourceError
from clients.reccobeats import ReccoBeats
from clients.spotify import SpotifyClient
from clients.spotify_accounts import Accounts, access_token_source
from clients.tokens import Token, TokenStore
from emulator.clock import Clock
from emulator.server import Emulator
from emulator.simulator import Simulation, simulate

NOW = datetime(2026, 10, 20, 21, tzinfo=UTC)
QUICK: dict[str, Any] = {"per_second": 0, "first_wait_s": 0.001, "longest_wait_s": 5}
BAD_DAY = {
    "rate_limit": 0.05,
    "rate_limit_seconds": 0,
    "retry_after_empty": 0.03,
    "retry_after_malformed": 0.03,
    "server_errors": 0.02,
    "truncated_bodies": 0.05,
    "html_bodies": 0.03,
    "empty_bodies": 0.05,
}


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate(seed=3, days=12, end=datetime(2026, 10, 21, tzinfo=UTC).date(), plays_per_day=60, user_id="ann")


@pytest.fixture
def emulator(simulation: Simulation) -> Iterator[Emulator]:
    with Emulator(simulation, clock=Clock(NOW)) as running:
        yield running


@pytest.fixture
def store(emulator: Emulator, tmp_path: Path) -> TokenStore:
    """A store in which ann has just signed in."""
    granted = emulator.grant("ann")
    made = TokenStore(tmp_path / ".spotify_tokens.json")
    expires_at = NOW + timedelta(seconds=granted["expires_in"])
    tokens = granted["access_token"], granted["refresh_token"], granted["scope"]
    made.put(Token("ann", *tokens, expires_at=expires_at, authorized_at=NOW, account_id="a"))
    return made


def client_of(emulator: Emulator, store: TokenStore) -> SpotifyClient:
    accounts = Accounts(
        emulator.accounts_url, emulator.client_id, emulator.client_secret, "http://127.0.0.1:8888/callback",
        first_wait_s=0.001, clock=emulator.clock.now,
    )  # fmt: skip
    source = access_token_source(accounts, store, "ann")
    return SpotifyClient(emulator.spotify_api_url, source, refresh=source.refresh, user_id="ann", **QUICK)


def collected(client: SpotifyClient) -> list[Any]:
    """Everything that one collection asks for."""
    plays = client.recently_played()
    track = plays[0]["track"]
    lists = [page.items for page in client.playlists()]
    own = [one["id"] for one in lists[0] if one["owner"]["id"] == client.me()["id"]]
    return [
        plays,
        client.track(track["id"]),
        client.album(track["album"]["id"]),
        client.artist(track["artists"][0]["id"]),
        [page.items for page in client.artist_albums(track["artists"][0]["id"])],
        [page.items for page in client.saved_tracks()],
        [page.items for page in client.followed_artists()],
        [page.items for kind in ("artists", "tracks") for page in client.top_items(kind, "short_term")],
        lists,
        [page.items for one in own for page in client.playlist_items(one)],
        client.search_isrc(track["external_ids"]["isrc"]),
    ]


def recent(emulator: Emulator, store: TokenStore) -> list[Any]:
    return client_of(emulator, store).recently_played()


def test_a_bad_day_gives_what_a_good_day_gives(emulator, store):
    good = collected(client_of(emulator, store))
    emulator.faults.update(BAD_DAY)
    before = emulator.request_count("/v1")
    assert [collected(client_of(emulator, store)) for _ in range(3)] == [good] * 3
    statuses = [asked.status for asked in emulator.requests if asked.path.startswith("/v1")][before:]
    assert {200, 429} < set(statuses) and max(statuses) >= 500


def test_all_fifty_plays_on_offer_are_given_newest_first(emulator, store):
    stamps = [play["played_at"] for play in client_of(emulator, store).recently_played()]
    assert len(stamps) == 50
    assert stamps == sorted(stamps, reverse=True)


def test_what_plays_now_is_nothing_at_one_time_and_a_track_with_its_device_at_another(emulator, store):
    client = client_of(emulator, store)
    seen = []
    for _ in range(60):
        seen.append(client.currently_playing())
        emulator.clock.advance(timedelta(minutes=7))
    playing = [one for one in seen if one is not None]
    assert len(playing) < len(seen)
    assert all({"device", "shuffle_state", "repeat_state", "item", "progress_ms"} <= one.keys() for one in playing)


@pytest.mark.parametrize("mode", ["absent", "null", "rotated", "no_scope"])
def test_the_client_goes_on_over_hours_whatever_a_refresh_answers(emulator, store, mode):
    emulator.faults.update({"refresh_reply": mode})
    client = client_of(emulator, store)
    for _ in range(3):
        emulator.clock.advance(timedelta(hours=2))
        assert client.me()["id"]
    assert emulator.request_count("/accounts/api/token") == 3
    assert store.get("ann").scope.split()


def test_a_token_that_the_api_ends_early_is_refreshed_and_the_call_goes_through(emulator, store):
    client = client_of(emulator, store)
    assert client.me()["id"]
    # Lakesong's clock stands still here while Spotify's goes on.
    accounts = Accounts(
        emulator.accounts_url, emulator.client_id, emulator.client_secret, "http://127.0.0.1:8888/callback",
        clock=lambda: NOW,
    )  # fmt: skip
    source = access_token_source(accounts, store, "ann")
    client = SpotifyClient(emulator.spotify_api_url, source, refresh=source.refresh, **QUICK)
    emulator.clock.advance(timedelta(hours=2))
    assert client.me()["id"]
    assert emulator.request_count("/accounts/api/token") == 1


def test_after_six_months_the_listener_is_asked_to_sign_in_and_the_record_is_kept(emulator, store):
    client = client_of(emulator, store)
    emulator.clock.advance(timedelta(days=184))
    with pytest.raises(SignInError, match="--user ann"):
        client.recently_played()
    assert store.get("ann").needs_sign_in
    assert store.get("ann").refresh_token


def test_a_revoked_sign_in_asks_for_another(emulator, store):
    emulator.revoke("ann")
    with pytest.raises(SignInError):
        client_of(emulator, store).recently_played()


def test_an_outage_of_the_token_endpoint_costs_no_sign_in(emulator, store):
    client = client_of(emulator, store)
    emulator.clock.advance(timedelta(hours=2))
    emulator.faults.update({"token_endpoint_down": True})
    with pytest.raises(SourceError):
        client.recently_played()
    emulator.faults.update({"token_endpoint_down": False})
    assert len(client.recently_played()) > 0


def test_the_daily_quota_ends_the_call_with_the_time_to_come_back(emulator, store):
    emulator.faults.update({"daily_quota": 2})
    client = client_of(emulator, store)
    client.recently_played()
    with pytest.raises(QuotaError) as error:
        client.me()
    assert 23 * 3600 < error.value.retry_after_s <= 24 * 3600 + 1


@pytest.mark.parametrize(
    ("switch", "reason"), [("premium_required", "premium"), ("user_not_registered", "unregistered")]
)
def test_refusals_in_plain_text_are_told_apart(emulator, store, switch, reason):
    emulator.faults.update({switch: True})
    with pytest.raises(RefusedError) as error:
        client_of(emulator, store).recently_played()
    assert error.value.reason == reason


def test_audio_features_are_refused_or_given(emulator, store, simulation):
    client = client_of(emulator, store)
    ids = [str(one) for one in simulation.tracks["track_id"][:3]]
    with pytest.raises(RefusedError) as error:
        client.audio_features(ids)
    assert error.value.reason == "forbidden"
    emulator.faults.update({"audio_features_allowed": True})
    assert [found and found["id"] for found in client.audio_features([*ids, "0" * 22])] == [*ids, None]


def test_reccobeats_gives_features_for_the_ids_that_it_knows(emulator, simulation):
    ids = [str(one) for one in simulation.tracks["track_id"][:90]]
    service = ReccoBeats(emulator.reccobeats_url, **QUICK)
    found = service.audio_features(ids)
    assert 0 < len(found) < len(ids)
    assert set(found) < set(ids) and set(service.tracks(ids)) == set(found)
    assert all(found[one]["href"].endswith(one) for one in found)
    assert service.request_count == 6


def test_a_preview_goes_from_deezer_to_the_analysis(emulator, store):
    deezer, reccobeats = Deezer(emulator.deezer_url, **QUICK), ReccoBeats(emulator.reccobeats_url, **QUICK)
    played = {play["track"]["external_ids"]["isrc"]: play["track"] for play in recent(emulator, store)}
    found = {isrc: track for isrc in played if (track := deezer.by_isrc(isrc))}
    previews = {isrc: deezer.preview(track) for isrc, track in found.items()}
    heard = {isrc: audio for isrc, audio in previews.items() if audio}
    assert 0 < len(heard) < len(previews) <= len(played)
    isrc, audio = next(iter(heard.items()))
    track = played[isrc]
    assert is_match(found[isrc], track["name"], track["artists"][0]["name"], track["duration_ms"])
    assert 40 < reccobeats.analyse(audio, "preview.mp3")["tempo"] < 250


def test_a_preview_that_has_run_out_is_none(emulator, store):
    deezer = Deezer(emulator.deezer_url, **QUICK)
    tracks = (deezer.by_isrc(play["track"]["external_ids"]["isrc"]) for play in recent(emulator, store))
    track = next(track for track in tracks if track and track["preview"])
    assert deezer.preview(track)
    emulator.clock.advance(timedelta(days=2))
    assert deezer.preview(track) is None
