"""ReccoBeats: gaps, another order, several records for one id, and batches of forty."""

from __future__ import annotations

from typing import Any

import pytest

from clients.errors import QuotaError, SourceError
from clients.reccobeats import ReccoBeats


def service_of(stub) -> ReccoBeats:
    return ReccoBeats(stub.url, per_second=0, first_wait_s=0.001, longest_wait_s=1)


def record(own_id: str, spotify_id: str, **more: Any) -> dict[str, Any]:
    return {"id": own_id, "href": f"https://open.spotify.com/track/{spotify_id}", **more}


@pytest.mark.parametrize(("call", "path"), [("audio_features", "/v1/audio-features"), ("tracks", "/v1/track")])
def test_records_are_told_apart_by_their_address_and_not_by_their_order(stub, call, path):
    b, a = record("2", "b", key=-1), record("1", "a")
    stub.will({"content": [b, a]})
    assert getattr(service_of(stub), call)(["a", "unknown", "b"]) == {"a": a, "b": b}
    assert [(asked.path, asked.query) for asked in stub.asked] == [(path, {"ids": "a,unknown,b"})]


@pytest.mark.parametrize("order", [("1", "2"), ("2", "1")])
def test_of_several_records_for_one_id_the_first_by_its_own_id_counts(stub, order):
    stub.will({"content": [record(own_id, "a") for own_id in order]})
    assert service_of(stub).tracks(["a"]) == {"a": record("1", "a")}


def test_forty_one_ids_go_in_two_requests_and_repeated_ids_once(stub):
    ids = [f"id{n}" for n in range(41)]
    stub.will({"content": [record("1", "id0")]}).will({"content": [record("2", "id40")]})
    assert set(service_of(stub).tracks([*ids, "id0"])) == {"id0", "id40"}
    assert [asked.query["ids"].split(",") for asked in stub.asked] == [ids[:40], ids[40:]]


def test_records_that_were_not_asked_for_or_have_no_address_are_left_out(stub):
    stub.will({"content": [record("1", "other"), {"id": "2", "href": None}, {"id": "3"}]})
    assert service_of(stub).tracks(["a", "None"]) == {}


def test_no_ids_ask_nothing(stub):
    assert service_of(stub).audio_features([]) == {}
    assert stub.asked == []


@pytest.mark.parametrize("body", [b"", "<html></html>", {}, [], {"content": None}, {"content": [1]}])
def test_an_answer_without_content_is_an_error_and_never_an_empty_one(stub, body):
    stub.will(body)
    with pytest.raises(SourceError):
        service_of(stub).tracks(["a"])
    assert len(stub.asked) == 6


def test_its_own_limit_is_kept(stub):
    stub.will({"status": 4291, "error": "Too Many Requests"}, status=429, headers={"Retry-After": "120"})
    with pytest.raises(QuotaError, match="ReccoBeats") as error:
        service_of(stub).tracks(["a"])
    assert error.value.retry_after_s == 120


def test_a_refused_batch_is_an_error(stub):
    stub.will({"status": 4004, "error": "Bad Request"}, status=400)
    with pytest.raises(SourceError) as error:
        service_of(stub).tracks(["a"])
    assert error.value.status == 400
    assert len(stub.asked) == 1


def test_audio_is_sent_as_a_file_and_sent_whole_again_when_repeated(stub):
    analysis = {"tempo": 138.2334, "loudness": -8.9531}
    stub.will(status=500).will(analysis)
    assert service_of(stub).analyse(b"\x00\x01sound", "preview.mp3") == analysis
    for asked in stub.asked:
        assert (asked.method, asked.path) == ("POST", "/v1/analysis/audio-features")
        assert b'name="audioFile"; filename="preview.mp3"' in asked.body and b"\x00\x01sound" in asked.body


def test_an_analysis_without_numbers_is_an_error(stub):
    stub.will({})
    with pytest.raises(SourceError):
        service_of(stub).analyse(b"sound", "preview.mp3")
