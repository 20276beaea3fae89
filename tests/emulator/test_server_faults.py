"""Faults: each switch does what it says, the same way every time, and loses nothing of the emulator's state."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from emulator.clock import Clock
from emulator.faults import Faults, chance
from emulator.server import Emulator

NOW = datetime(2026, 10, 20, 20, tzinfo=UTC)


@pytest.fixture
def emulator(listening) -> Iterator[Emulator]:
    """One for each test: faults go by the number of the request."""
    with Emulator(listening, clock=Clock(NOW)) as running:
        yield running


def outcome(answer: requests.Response) -> str:
    """The kind of an answer in a word."""
    if answer.status_code != 200:
        return f"{answer.status_code} {answer.headers.get('Retry-After', '')}".strip()
    if not answer.content:
        return "empty"
    try:
        answer.json()
    except ValueError:
        return "html" if "html" in answer.headers["Content-Type"] else "truncated"
    return "right"


@pytest.mark.parametrize(
    ("fault", "outcomes"),
    [
        ("rate_limit", {"429 1"}),
        ("rate_limit_long", {"429 48925"}),
        ("retry_after_empty", {"429"}),
        ("retry_after_malformed", {"429 1.5", "429 soon", "429 -1"}),
        ("server_errors", {"500", "502", "503", "504"}),
        ("truncated_bodies", {"truncated"}),
        ("html_bodies", {"html"}),
        ("empty_bodies", {"empty"}),
    ],
)
def test_a_fault_at_share_one_meets_every_request_and_goes_when_it_is_switched_off(emulator, get, fault, outcomes):
    emulator.faults.update({fault: 1.0})
    assert {outcome(get("me")) for _ in range(25)} == outcomes
    emulator.faults.update({fault: 0.0})
    assert outcome(get("me")) == "right"


def test_an_empty_retry_after_is_a_header_without_a_value(emulator, get):
    emulator.faults.retry_after_empty = 1.0
    assert get("me").headers["Retry-After"] == ""


def test_a_bad_gateway_is_json_and_a_timeout_is_not(emulator, get):
    emulator.faults.server_errors = 1.0
    answers = {answer.status_code: answer for answer in (get("me") for _ in range(25))}
    assert answers[502].json() == {"error": {"status": 502, "message": "Bad gateway."}}
    with pytest.raises(requests.JSONDecodeError):
        answers[504].json()


def test_the_script_gives_the_next_requests_their_faults_in_turn(emulator, get):
    emulator.faults.script = ["server_errors", "", "truncated_bodies", "rate_limit"]
    found = [outcome(get("me")) for _ in range(5)]
    assert found[0].startswith("5") and found[1:] == ["right", "truncated", "429 1", "right"]


def test_the_same_seed_gives_the_same_requests_the_same_faults(listening):
    runs = []
    for seed in (1, 1, 2):
        faults = Faults(rate_limit=0.2, server_errors=0.1, empty_bodies=0.1)
        with Emulator(listening, clock=Clock(NOW), faults=faults, seed=seed) as emulator:
            headers = {"Authorization": f"Bearer {emulator.grant('demo')['access_token']}"}
            url = f"{emulator.spotify_api_url}/me"
            runs.append([outcome(requests.get(url, headers=headers, timeout=10)) for _ in range(80)])
    assert runs[0] == runs[1] != runs[2]
    assert len(set(runs[0])) > 4


def test_server_errors_come_in_bursts():
    faults = Faults(server_errors=0.02, burst_length=4)
    hit = [faults.of_request(1, "spotify", "GET", number) is not None for number in range(3000)]
    lengths, run = [], 0
    for one in [*hit, False]:
        if one:
            run += 1
        elif run:
            lengths.append(run)
            run = 0
    assert len(lengths) > 20 and min(lengths[1:-1]) == 4
    assert 0.05 < sum(hit) / len(hit) < 0.11


def test_a_share_is_the_share_of_requests_that_are_met():
    faults = Faults(truncated_bodies=0.1)
    met = Counter(faults.of_request(7, "spotify", "GET", number) for number in range(3000))
    assert met["truncated_bodies"] / 3000 == pytest.approx(0.1, abs=0.02)


def test_faults_stay_within_the_services_named(emulator, get):
    emulator.faults.update({"rate_limit": 1.0, "services": ["reccobeats", "deezer"]})
    assert outcome(get("me")) == "right"
    recco = requests.get(f"{emulator.reccobeats_url}/v1/track?ids=a", timeout=10)
    deezer = requests.get(f"{emulator.deezer_url}/track/isrc:a", timeout=10)
    assert (recco.status_code, recco.json()["status"], recco.headers["Retry-After"]) == (429, 4291, "1")
    assert (deezer.status_code, deezer.json()["error"]["code"]) == (200, 4)


def test_a_slow_answer_is_late_and_right(emulator, get):
    emulator.faults.update({"slow_answers": 1.0, "slow_seconds": 0.2})
    headers = {"Authorization": f"Bearer {emulator.grant('demo')['access_token']}"}
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{emulator.spotify_api_url}/me", headers=headers, timeout=(5, 0.05))
    assert get("me").json()["id"] == "demo"


def test_an_emulator_that_answers_slowly_stops_all_the_same(listening):
    slow = Faults(slow_answers=1.0, slow_seconds=60.0)
    with Emulator(listening, clock=Clock(NOW), faults=slow) as emulator, pytest.raises(requests.ReadTimeout):
        requests.get(f"{emulator.spotify_api_url}/me", timeout=(5, 0.05))
    assert emulator.request_count() == 0  # it was given up, not waited for


@pytest.mark.parametrize("fault", ["truncated_bodies", "html_bodies", "empty_bodies"])
def test_what_changes_something_gets_its_right_answer(emulator, get, fault):
    emulator.faults.update({fault: 1.0})
    headers = {"Authorization": f"Bearer {emulator.grant('demo')['access_token']}"}
    url = f"{emulator.spotify_api_url}/me/playlists"
    assert requests.post(url, json={"name": "New"}, headers=headers, timeout=10).json()["name"] == "New"


def test_a_fault_in_place_of_the_answer_changes_nothing_and_a_504_after_success_does(emulator, get):
    headers = {"Authorization": f"Bearer {emulator.grant('demo')['access_token']}"}

    def create() -> int:
        url = f"{emulator.spotify_api_url}/me/playlists"
        return requests.post(url, json={"name": "New"}, headers=headers, timeout=10).status_code

    def made() -> int:
        return sum(one.name == "New" for one in emulator.library("demo").playlists())

    emulator.faults.server_errors = 1.0
    assert create() >= 500 and made() == 0
    emulator.faults.update({"server_errors": 0.0, "post_succeeds_with_504": True})
    assert create() == 504 and made() == 1


def test_the_daily_quota_rolls_with_the_clock(emulator, get):
    emulator.faults.daily_quota = 3
    get("me")
    emulator.clock.advance(timedelta(hours=5))
    assert [get("me").status_code for _ in range(3)] == [200, 200, 429]
    refused = get("me")
    assert refused.json()["error"]["reason"] == "QUOTA_EXCEEDED"
    assert int(refused.headers["Retry-After"]) == pytest.approx(19 * 3600, abs=1)
    emulator.clock.advance(timedelta(hours=19))
    assert [get("me").status_code for _ in range(2)] == [200, 429]


def test_an_awkward_day_loses_no_play_to_a_client_that_asks_often(listening):
    begin = datetime(2026, 10, 14, tzinfo=UTC)
    seen: set[tuple[str, datetime]] = set()
    with Emulator(listening, clock=Clock(begin), faults=Faults.awkward()) as emulator:
        session = requests.Session()
        for _ in range(24 * 6):
            emulator.clock.advance(timedelta(minutes=20))
            session.headers["Authorization"] = f"Bearer {emulator.grant('demo')['access_token']}"
            for _ in range(8):
                answer = session.get(f"{emulator.spotify_api_url}/me/player/recently-played?limit=50", timeout=10)
                if outcome(answer) == "right":
                    break
            items = [item for item in answer.json()["items"] if item["track"] and item["track"]["type"] == "track"]
            seen |= {(item["track"]["id"], datetime.fromisoformat(item["played_at"])) for item in items}
        truth = emulator.play_truth("demo")
        assert {one for one in seen if one[0]} == emulator.offered("demo")
        assert len({one.status for one in emulator.requests}) > 3
    due = truth[truth["is_listable"] & ~truth["offline"] & (truth["ended_at"] > begin)]
    due = due[due["ended_at"] < begin + timedelta(hours=47)]
    by_track: dict[str, list[datetime]] = {}
    for track_id, at in seen:
        by_track.setdefault(track_id, []).append(at)
    missing = [
        play
        for play in due.itertuples()
        if not any(
            timedelta(0) < at - stamp < timedelta(seconds=1)
            for at in by_track.get(play.track_id, ())
            for stamp in (play.ended_at, play.ended_at - timedelta(milliseconds=play.ms_played))
        )
    ]
    assert len(due) > 100 and missing == []


def test_words_of_a_command_line_set_switches():
    faults = Faults.parse(["awkward", "ads", "token_endpoint_down", "late_plays=0.3", "refresh_reply=null"])
    assert (faults.ads, faults.token_endpoint_down, faults.late_plays) == (1.0, True, 0.3)
    assert (faults.refresh_reply, faults.server_errors) == ("null", Faults.awkward().server_errors)


@pytest.mark.parametrize("word", ["nothing_known", "ads=2", "late_plays=often", "refresh_reply=never", "daily_quota=x"])
def test_a_word_that_is_no_fault_is_refused_and_sets_nothing(word):
    with pytest.raises(ValueError, match=word.partition("=")[0]):
        Faults.parse([word])
    faults = Faults()
    with pytest.raises(ValueError, match="ads"):
        faults.update({"null_tracks": 0.5, "ads": -1})
    assert faults == Faults()


def test_chance_is_even_and_depends_on_its_parts_alone():
    drawn = [chance(1, "a", number) for number in range(4000)]
    assert drawn == [chance(1, "a", number) for number in range(4000)]
    assert [round(sum(low <= one < low + 0.25 for one in drawn) / 4000, 1) for low in (0, 0.25, 0.5, 0.75)] == (
        pytest.approx([0.25] * 4, abs=0.06)
    )
    assert drawn != [chance(1, "b", number) for number in range(4000)]
