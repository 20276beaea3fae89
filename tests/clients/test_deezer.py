"""Deezer: errors that come as success, previews that are missing or run out, and what counts as the same recording."""

from __future__ import annotations

from typing import Any

import pytest

from clients.deezer import Deezer, is_match
from clients.errors import QuotaError, SourceError

TRACK: dict[str, Any] = {
    "id": 3135556,
    "readable": True,
    "title": "Harder, Better, Faster, Stronger",
    "duration": 224,
    "bpm": 0,
    "artist": {"id": 27, "name": "Daft Punk"},
}


def service_of(stub) -> Deezer:
    return Deezer(stub.url, per_second=0, quota_wait_s=0, first_wait_s=0.001, longest_wait_s=1)


def error_of(code: int) -> dict[str, Any]:
    return {"error": {"type": "Exception", "message": "m", "code": code}}


def test_a_track_is_found_by_its_isrc(stub):
    stub.will(TRACK)
    assert service_of(stub).by_isrc("GBDUW0000059") == TRACK
    assert stub.paths() == ["/track/isrc:GBDUW0000059"]


def test_no_data_with_status_200_is_no_track(stub):
    stub.will(error_of(800))
    assert service_of(stub).by_isrc("GBDUW0000059") is None
    assert len(stub.asked) == 1


@pytest.mark.parametrize("code", [4, 700])
def test_a_full_or_busy_service_with_status_200_is_asked_again(stub, code):
    stub.will(error_of(code)).will(TRACK)
    assert service_of(stub).by_isrc("GBDUW0000059") == TRACK


def test_a_quota_that_stays_used_up_is_an_error(stub):
    stub.will(error_of(4))
    with pytest.raises(QuotaError):
        service_of(stub).by_isrc("GBDUW0000059")


def test_after_a_used_up_quota_at_least_five_seconds_are_asked_for(stub):
    stub.will(error_of(4))
    with pytest.raises(QuotaError) as error:
        Deezer(stub.url, per_second=0, longest_wait_s=1).by_isrc("GBDUW0000059")
    assert error.value.retry_after_s >= 5


@pytest.mark.parametrize("body", [error_of(100), {"error": "word"}, {"error": None}])
def test_another_error_with_status_200_is_an_error_and_not_no_track(stub, body):
    stub.will(body)
    with pytest.raises(SourceError):
        service_of(stub).by_isrc("GBDUW0000059")
    assert len(stub.asked) == 1


@pytest.mark.parametrize("body", [b"", [], {}, "<html></html>"])
def test_an_answer_that_is_no_track_is_an_error_and_not_no_track(stub, body):
    stub.will(body)
    with pytest.raises(SourceError):
        service_of(stub).by_isrc("GBDUW0000059")
    assert len(stub.asked) == 6


def test_the_preview_is_fetched_from_where_the_track_says(stub):
    stub.will(b"\xff\xfbsound")
    assert service_of(stub).preview(TRACK | {"preview": f"{stub.url}/1.mp3?hdnea=exp=1~hmac=x"}) == b"\xff\xfbsound"
    assert stub.asked[0].query == {"hdnea": "exp=1~hmac=x"}


@pytest.mark.parametrize("preview", [{"preview": ""}, {"preview": None}, {}, {"preview": "file:///etc/passwd"}])
def test_a_track_without_a_preview_has_none_and_nothing_is_asked(stub, preview):
    assert service_of(stub).preview(TRACK | preview) is None
    assert stub.asked == []


@pytest.mark.parametrize("status", [403, 404])
def test_a_preview_whose_address_has_run_out_is_none(stub, status):
    stub.will(status=status)
    assert service_of(stub).preview(TRACK | {"preview": f"{stub.url}/1.mp3"}) is None
    assert len(stub.asked) == 1


def test_a_preview_that_fails_is_an_error_that_does_not_show_its_signature(stub):
    stub.will(status=500)
    with pytest.raises(SourceError) as error:
        service_of(stub).preview(TRACK | {"preview": f"{stub.url}/1.mp3?hmac=signed"})
    assert "signed" not in str(error.value)


@pytest.mark.parametrize(
    ("changes", "title", "artist", "duration_ms", "expected"),
    [
        ({}, "Harder, Better, Faster, Stronger", "Daft Punk", 224_693, True),
        ({}, "harder better faster stronger", "DAFT PUNK", 227_000, True),
        ({}, "Harder, Better, Faster, Stronger", "Daft Punk", 227_001, False),
        ({}, "Harder, Better, Faster, Stronger", "Daft Punk", 221_000, True),
        ({}, "Harder, Better, Faster, Stronger", "Daft Punk", 220_999, False),
        ({}, "Harder, Better, Faster, Stronger", "Kanye West", 224_000, False),
        ({}, "Stronger", "Daft Punk", 224_000, False),
        ({"readable": False}, "Harder, Better, Faster, Stronger", "Daft Punk", 224_000, False),
        ({"id": 0}, "Harder, Better, Faster, Stronger", "Daft Punk", 224_000, False),
        ({"duration": None}, "Harder, Better, Faster, Stronger", "Daft Punk", 0, False),
        ({"artist": None}, "Harder, Better, Faster, Stronger", "None", 224_000, False),
        ({"title": "Déjà vu", "artist": {"name": "Beyoncé"}}, "Deja Vu (feat. Jay-Z)", "Beyonce", 224_000, True),
        ({"title": "Blue (Remastered 2011)"}, "Blue - 2011 Remaster", "Daft Punk", 224_000, True),
        ({"title": "Blue (Live)"}, "Blue", "Daft Punk", 224_000, False),
        ({"title": "Blue (Live)"}, "Blue - Live", "Daft Punk", 224_000, True),
        ({"title": "Blue"}, "Blue - Live Remastered", "Daft Punk", 224_000, False),
        ({"title": "こんにちは"}, "さようなら", "Daft Punk", 224_000, False),
        ({"title": "!!!"}, "???", "Daft Punk", 224_000, False),
        ({"title": "???"}, "???", "Daft Punk", 224_000, True),
    ],
)
def test_the_same_recording_is_told_by_title_artist_and_length(changes, title, artist, duration_ms, expected):
    assert is_match(TRACK | changes, title, artist, duration_ms) is expected
