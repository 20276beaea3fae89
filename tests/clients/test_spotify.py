"""The Web API's client: whole collections, one page at a time, and nothing that is broken passed off as nothing."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from clients.errors import AbsentError, QuotaError, RefusedError, SignInError, SourceError
from clients.spotify import Page, SpotifyClient

ID = "3n3Ppam7vgaVa1iaRUc9Lp"
EXPIRED = {"error": {"status": 401, "message": "The access token expired"}}


def client_of(stub, **changes: Any) -> SpotifyClient:
    options = {"per_second": 0, "first_wait_s": 0.001, "longest_wait_s": 1, "user_id": "ann"} | changes
    return SpotifyClient(f"{stub.url}/v1", options.pop("access_token", lambda: "secret-token"), **options)


def page(items: list[Any], following: str | None = None, **more: Any) -> dict[str, Any]:
    return {"items": items, "next": f"HOST/v1/{following}" if following else None, **more}


CALLS = {
    "me": lambda client: client.me(),
    "recently_played": lambda client: client.recently_played(),
    "currently_playing": lambda client: client.currently_playing(),
    "saved_tracks": lambda client: next(client.saved_tracks()),
    "followed_artists": lambda client: next(client.followed_artists()),
    "playlists": lambda client: next(client.playlists()),
    "playlist_items": lambda client: next(client.playlist_items(ID)),
    "top_items": lambda client: next(client.top_items("tracks", "short_term")),
    "track": lambda client: client.track(ID),
    "album": lambda client: client.album(ID),
    "artist": lambda client: client.artist(ID),
    "artist_albums": lambda client: next(client.artist_albums(ID)),
    "audio_features": lambda client: client.audio_features([ID]),
    "search_isrc": lambda client: client.search_isrc("GBAYE0601498"),
}
each_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@each_call
@pytest.mark.parametrize("body", [b"", '{"items": [', "<html></html>", {}, [], {"items": None}, {"error": "word"}])
def test_an_answer_without_what_it_must_hold_is_an_error_and_never_nothing(stub, call, body):
    stub.will(body)
    with pytest.raises(SourceError):
        call(client_of(stub))
    assert len(stub.asked) == 6


@each_call
def test_a_204_is_nothing_for_what_plays_now_alone(stub, call):
    stub.will(status=204)
    if call is CALLS["currently_playing"]:
        assert call(client_of(stub)) is None
        assert len(stub.asked) == 1
    else:
        with pytest.raises(SourceError):
            call(client_of(stub))


@each_call
def test_a_burst_of_errors_is_reported_with_its_own_status(stub, call):
    stub.will({"error": {"status": 502, "message": "Bad gateway."}}, status=502)
    with pytest.raises(SourceError) as error:
        call(client_of(stub))
    assert error.value.status == 502
    assert len(stub.asked) == 6


@each_call
def test_a_long_wait_ends_every_call_at_once(stub, call):
    stub.will("Too many requests", status=429, headers={"Retry-After": "48925"})
    with pytest.raises(QuotaError) as error:
        call(client_of(stub))
    assert error.value.retry_after_s == 48_925
    assert len(stub.asked) == 1


@each_call
def test_every_call_carries_the_token_and_passes_a_retry_after_that_is_no_number(stub, call):
    stub.will(status=429, headers={"Retry-After": "1.5"}).will(status=429, headers={"Retry-After": ""})
    stub.will({"error": {"status": 403, "message": "Forbidden"}}, status=403)
    with pytest.raises(RefusedError):
        call(client_of(stub))
    assert {asked.headers["Authorization"] for asked in stub.asked} == {"Bearer secret-token"}
    assert len(stub.asked) == 3


@each_call
def test_a_refused_token_is_refreshed_once_and_the_call_repeated(stub, call):
    stub.will(EXPIRED, status=401).will(status=404)
    with pytest.raises(AbsentError):
        call(client_of(stub, refresh=lambda: "fresh-token"))
    assert [asked.headers["Authorization"] for asked in stub.asked] == ["Bearer secret-token", "Bearer fresh-token"]


@each_call
def test_a_fresh_token_that_is_refused_too_asks_for_a_sign_in(stub, call):
    stub.will(EXPIRED, status=401)
    with pytest.raises(SignInError, match=r"^Spotify asks ann to sign in again: run `lakesong login --user ann`\.$"):
        call(client_of(stub, refresh=lambda: "fresh-token"))
    assert len(stub.asked) == 2


def test_without_a_refresh_a_refused_token_asks_for_a_sign_in(stub):
    stub.will(EXPIRED, status=401)
    with pytest.raises(SignInError):
        client_of(stub).me()
    assert len(stub.asked) == 1


@pytest.mark.parametrize(
    ("call", "path", "query"),
    [
        ("recently_played", "/v1/me/player/recently-played", {"limit": "50"}),
        ("currently_playing", "/v1/me/player", {"additional_types": "track,episode"}),
        ("saved_tracks", "/v1/me/tracks", {"limit": "50", "offset": "0"}),
        ("followed_artists", "/v1/me/following", {"limit": "50", "type": "artist"}),
        ("playlists", "/v1/me/playlists", {"limit": "50", "offset": "0"}),
        ("playlist_items", f"/v1/playlists/{ID}/items",
         {"limit": "50", "offset": "0", "additional_types": "track,episode"}),
        ("top_items", "/v1/me/top/tracks", {"limit": "50", "offset": "0", "time_range": "short_term"}),
        ("track", f"/v1/tracks/{ID}", {}),
        ("artist", f"/v1/artists/{ID}", {}),
        ("artist_albums", f"/v1/artists/{ID}/albums", {"limit": "10", "offset": "0"}),
        ("audio_features", "/v1/audio-features", {"ids": ID}),
        ("search_isrc", "/v1/search", {"q": "isrc:GBAYE0601498", "type": "track", "limit": "10", "offset": "0"}),
    ],
)  # fmt: skip
def test_each_call_asks_for_this(stub, call, path, query):
    stub.will(status=404)
    with pytest.raises(AbsentError):
        CALLS[call](client_of(stub))
    assert (stub.asked[0].path, stub.asked[0].query) == (path, query)


PLAY = {"played_at": "2026-02-25T20:15:20.497Z", "track": None}


def test_recently_played_follows_the_pages_until_one_is_empty(stub):
    plays = [PLAY | {"n": n} for n in range(50)]
    stub.will(page(plays, "me/player/recently-played?before=1&limit=50", cursors={"after": "2", "before": "1"}))
    stub.will(page([], None, cursors=None))
    assert client_of(stub).recently_played() == plays
    assert [asked.query for asked in stub.asked] == [{"limit": "50"}, {"before": "1", "limit": "50"}]


def test_recently_played_stops_at_an_empty_page_though_it_names_a_next_one(stub):
    stub.will(page([PLAY], "me/player/recently-played?before=1")).will(page([], "me/player/recently-played?before=0"))
    assert client_of(stub).recently_played() == [PLAY]
    assert len(stub.asked) == 2


def test_recently_played_asks_for_a_few_pages_at_most(stub):
    for n in range(9):
        stub.will(page([PLAY], f"me/player/recently-played?before={n}"))
    assert client_of(stub).recently_played() == [PLAY] * 5
    assert len(stub.asked) == 5


def test_a_listener_without_plays_has_none(stub):
    stub.will({"items": [], "next": None, "cursors": None, "limit": 50})
    assert client_of(stub).recently_played() == []


def test_a_later_page_that_breaks_is_an_error_and_not_the_end(stub):
    stub.will(page([PLAY], "me/player/recently-played?before=1")).will('{"items": [')
    with pytest.raises(SourceError):
        client_of(stub).recently_played()


def test_what_plays_now_comes_as_delivered(stub):
    playing = {"is_playing": False, "item": None, "currently_playing_type": "ad", "device": {"type": "Computer"}}
    stub.will(playing)
    assert client_of(stub).currently_playing() == playing


def test_pages_are_asked_for_when_they_are_consumed(stub):
    stub.will(page([1, 2], "me/tracks?offset=2", total=3)).will(page([3], total=3))
    pages = client_of(stub).saved_tracks()
    assert stub.asked == []
    assert next(pages) == Page([1, 2], 3)
    assert len(stub.asked) == 1
    assert list(pages) == [Page([3], 3)]
    assert len(stub.asked) == 2


def test_followed_artists_are_found_inside_their_wrapper(stub):
    stub.will({"artists": page([1], "me/following?type=artist&after=1", total=2)}).will({"artists": page([2], total=2)})
    assert list(client_of(stub).followed_artists()) == [Page([1], 2), Page([2], 2)]


@pytest.mark.parametrize(
    "following",
    [
        "https://elsewhere.example/v1/me/tracks?offset=50",
        "http://127.0.0.1:1/v1/me/tracks",
        "//elsewhere.example/v1",
        "me/tracks?offset=50",
        "HOST@elsewhere.example/v1",
        r"HOST\@elsewhere.example/v1",
        7,
    ],
)
def test_a_next_page_of_another_host_is_an_error_and_never_asked(stub, following):
    stub.will({"items": [1], "next": following, "total": 9})
    pages = client_of(stub).saved_tracks()
    next(pages)
    with pytest.raises(SourceError, match="another host"):
        next(pages)
    assert len(stub.asked) == 1


def test_pages_that_lead_round_in_a_circle_are_an_error(stub):
    stub.will(page([1], "me/tracks?offset=50"))
    with pytest.raises(SourceError, match="same next page twice"):
        list(client_of(stub).saved_tracks())


def test_an_album_comes_with_all_its_tracks(stub):
    stub.will({"id": ID, "name": "Sea", "tracks": page([1], f"albums/{ID}/tracks?offset=1")})
    stub.will(page([1], f"albums/{ID}/tracks?offset=1")).will(page([2]))
    assert client_of(stub).album(ID) == {"id": ID, "name": "Sea", "tracks": {"items": [1, 2], "next": None}}


def test_an_album_whose_tracks_fit_on_its_page_needs_one_request(stub):
    album = {"id": ID, "tracks": page([1, 2])}
    stub.will(album)
    assert client_of(stub).album(ID) == album
    assert len(stub.asked) == 1


def test_an_album_without_a_list_of_tracks_has_them_asked_for(stub):
    stub.will({"id": ID}).will(page([1]))
    assert client_of(stub).album(ID)["tracks"]["items"] == [1]


def test_audio_features_keep_the_order_and_the_gaps_and_go_in_hundreds(stub):
    ids = [f"{n:022d}" for n in range(101)]
    stub.will({"audio_features": [{"id": i} for i in ids[:100]]}).will({"audio_features": [None]})
    assert client_of(stub).audio_features(ids) == [*({"id": i} for i in ids[:100]), None]
    assert [asked.query["ids"].split(",") for asked in stub.asked] == [ids[:100], ids[100:]]


@pytest.mark.parametrize("body", [{"error": {"status": 403}}, {"error": {"status": 403, "message": None}}])
def test_audio_features_refused_without_a_word_are_forbidden(stub, body):
    stub.will(body, status=403)
    with pytest.raises(RefusedError) as error:
        client_of(stub).audio_features([ID])
    assert error.value.reason == "forbidden"
    assert len(stub.asked) == 1


@pytest.mark.parametrize("no_id", ["spotify:local:Ann:Sea:Blue:215", "two words", ""])
def test_an_id_that_is_none_is_absent_and_never_asked_for(stub, no_id):
    with pytest.raises(AbsentError):
        client_of(stub).track(no_id)
    assert stub.asked == []


def test_a_track_without_the_fields_that_were_removed_comes_as_it_is(stub):
    stub.will({"id": ID, "name": "Blue"})
    assert client_of(stub).track(ID) == {"id": ID, "name": "Blue"}


def test_the_token_is_in_no_log_and_no_error(stub, caplog):
    caplog.set_level(logging.DEBUG)
    stub.will(status=500)
    with pytest.raises(SourceError) as error:
        client_of(stub).recently_played()
    assert "secret-token" not in caplog.text + str(error.value) + repr(error.value)


def test_requests_are_counted_with_their_repeats(stub):
    stub.will(status=500).will(page([1], "me/tracks?offset=1")).will(page([2]))
    client = client_of(stub)
    list(client.saved_tracks())
    assert client.request_count == 3
