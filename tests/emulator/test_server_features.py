"""ReccoBeats and Deezer: what they leave out, how they word errors, and previews that do not last."""

import io
import wave
from datetime import timedelta
from typing import Any

import pytest
import requests


@pytest.fixture
def recco(emulator):
    def answer(path: str, ids: list[str]) -> requests.Response:
        return requests.get(f"{emulator.reccobeats_url}/v1/{path}", params={"ids": ",".join(ids)}, timeout=10)

    return answer


@pytest.fixture
def deezer(emulator):
    def answer(isrc: str) -> dict[str, Any]:
        reply = requests.get(f"{emulator.deezer_url}/track/isrc:{isrc}", timeout=10)
        assert reply.status_code == 200
        body: dict[str, Any] = reply.json()
        return body

    return answer


@pytest.fixture(scope="module")
def isrcs(server) -> list[str]:
    return list(server._world.catalogue.by_isrc)[:120]


def spotify_id(entry: dict[str, Any]) -> str:
    return entry["href"].rsplit("/", 1)[1]


def all_known(recco, listening) -> list[dict[str, Any]]:
    ids = list(listening.tracks["track_id"].head(400))
    return [entry for at in range(0, 400, 40) for entry in recco("audio-features", ids[at : at + 40]).json()["content"]]


def test_unknown_ids_are_absent_and_the_order_is_not_the_request_s(recco, listening):
    ids = list(listening.tracks["track_id"].head(40))
    found = [spotify_id(entry) for entry in recco("audio-features", ids).json()["content"]]
    assert set(found) < set(ids)
    assert found != [one for one in ids if one in set(found)]
    known = {spotify_id(entry) for entry in all_known(recco, listening)}
    assert 0.65 < len(known) / 400 < 0.85


def test_features_are_the_catalogue_s_with_a_missing_key_or_a_second_record_now_and_then(recco, listening):
    entries = all_known(recco, listening)
    truth = listening.tracks.set_index("track_id")
    firsts = {spotify_id(entry): entry for entry in entries if entry["tempo"] == truth["tempo"][spotify_id(entry)]}
    assert all(entry["valence"] == truth["valence"][one] for one, entry in firsts.items())
    assert {entry["key"] for entry in entries} == {-1, *range(12)}
    assert not {"time_signature", "duration_ms", "uri"} & set(entries[0])
    doubled = [entry for entry in entries if spotify_id(entry) in firsts and entry not in firsts.values()]
    assert 10 < len(doubled) < 60
    assert all(entry["isrc"] == firsts[spotify_id(entry)]["isrc"] for entry in doubled)
    assert len({entry["id"] for entry in entries}) == len(entries)


def test_the_same_record_is_found_by_its_own_id_and_by_isrc(recco, emulator, listening):
    entry = all_known(recco, listening)[0]
    for name in ("id", "isrc"):
        assert entry["id"] in [one["id"] for one in recco("audio-features", [entry[name]]).json()["content"]]
    url = f"{emulator.reccobeats_url}/v1/track"
    assert requests.get(f"{url}/{entry['id']}/audio-features", timeout=10).json() == entry
    refused = requests.get(f"{url}/{spotify_id(entry)}/audio-features", timeout=10)
    assert (refused.status_code, refused.json()["status"]) == (404, 4041)


def test_tracks_carry_names_length_and_isrc(recco, listening):
    truth = listening.tracks.set_index("track_id")
    for entry in recco("track", list(truth.index[:20])).json()["content"]:
        row = truth.loc[spotify_id(entry)]
        assert (entry["trackTitle"], entry["durationMs"]) == (row["track_name"], row["duration_ms"])
        assert [artist["name"] for artist in entry["artists"]] == row["artists"].split(";")
        assert len(entry["isrc"]) == 12


def test_more_than_forty_ids_are_refused_or_dropped(recco, emulator, listening):
    ids = list(listening.tracks["track_id"].head(60))
    refused = recco("audio-features", ids)
    assert (refused.status_code, refused.json()["status"]) == (400, 4004)
    emulator.faults.reccobeats_drops_surplus = True
    found = {spotify_id(entry) for entry in recco("audio-features", ids).json()["content"]}
    assert found and found <= set(ids[:40])


def test_a_request_without_ids_or_to_a_wrong_path_has_a_code(recco, emulator):
    assert (recco("track", []).status_code, recco("track", []).json()["status"]) == (400, 4001)
    wrong = requests.get(f"{emulator.reccobeats_url}/v1/nothing", timeout=10)
    assert (wrong.status_code, wrong.json()["status"]) == (404, 4042)


def test_deezer_says_with_http_200_that_it_has_nothing(deezer, isrcs):
    answers = [deezer(isrc) for isrc in isrcs]
    missing = [answer for answer in answers if "error" in answer]
    assert 5 < len(missing) < 40
    assert all(one["error"] == {"type": "DataException", "message": "no data", "code": 800} for one in missing)


def test_deezer_tracks_count_seconds_and_may_lack_preview_tempo_or_rights(deezer, isrcs, server):
    rows = server._world.catalogue.by_isrc
    found = [answer for isrc in isrcs if "id" in (answer := deezer(isrc))]
    assert all(one["duration"] == rows[one["isrc"]][0]["duration_ms"] // 1000 for one in found)
    assert {one["preview"] == "" for one in found} == {True, False}
    assert {one["bpm"] == 0 for one in found} == {True, False}
    wrong = [one for one in found if one["title"] != rows[one["isrc"]][0]["track_name"]]
    assert 0 < len(wrong) < len(found) / 10


def test_a_preview_is_thirty_seconds_of_sound_and_ends_with_its_address(deezer, isrcs, emulator):
    address = next(one["preview"] for one in map(deezer, isrcs) if one.get("preview"))
    sound = requests.get(address, timeout=10).content
    with wave.open(io.BytesIO(sound)) as audio:
        assert audio.getnframes() / audio.getframerate() == 30
        assert len(set(audio.readframes(8_000))) > 50
    emulator.clock.advance(timedelta(hours=5))
    assert requests.get(address, timeout=10).status_code == 403
    assert requests.get(address.replace("hmac=", "hmac=0"), timeout=10).status_code == 403


def test_the_analysis_of_a_preview_gives_nine_features_of_its_track(deezer, isrcs, emulator, server):
    track = next(one for one in map(deezer, isrcs) if one.get("preview"))
    sound = requests.get(track["preview"], timeout=10).content
    url = f"{emulator.reccobeats_url}/v1/analysis/audio-features"
    heard = requests.post(url, files={"audioFile": ("preview.wav", sound)}, timeout=10).json()
    truth = server._world.catalogue.by_isrc[track["isrc"]][0]
    assert len(heard) == 9 and not {"key", "mode"} & set(heard)
    assert (heard["tempo"], heard["valence"]) == (truth["tempo"], truth["valence"])
    other = requests.post(url, files={"audioFile": ("other.wav", b"RIFF" + sound)}, timeout=10).json()
    assert 0 <= other["valence"] <= 1 and other != heard


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"file": ("a.wav", b"RIFF")}, 4001),
        ({"audioFile": ("a.txt", b"no sound")}, 4004),
        ({"audioFile": ("long.wav", b"RIFF" + bytes(5 * 1024 * 1024))}, 4004),
    ],
)
def test_an_analysis_without_usable_audio_is_refused(emulator, files, code):
    answer = requests.post(f"{emulator.reccobeats_url}/v1/analysis/audio-features", files=files, timeout=10)
    assert (answer.status_code, answer.json()["status"]) == (400, code)


def test_deezer_s_quota_is_an_error_with_http_200(emulator, deezer, isrcs, server):
    server._world.deezer_requests.clear()
    emulator.faults.deezer_quota = 2
    answers = [deezer(isrcs[0]) for _ in range(3)]
    assert ["error" in one and one["error"]["code"] == 4 for one in answers] == [False, False, True]
