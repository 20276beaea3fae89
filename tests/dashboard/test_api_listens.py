"""Scrobblers: what they submit is checked, kept at once, and in the lake once, whatever else runs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from config.lock import run_lock
from config.settings import Settings
from dashboard.app import make_app
from dashboard.failures import NeedsSignInError
from dashboard.view import Visitor
from ingestion.listeners import register_listener
from ingestion.listens import take_in_listens, waiting_listens
from schemas.bronze import ingestion_runs_bronze, listening_history_bronze, rejected_records_bronze
from schemas.lake import Lake

NOW = int(time.time())
MBID = "2f3b8a1e-6d0c-4b55-9a3e-1c7d5e9f0a42"


class Tokens:
    """An entrance for tokens: `t-anna` is anna's."""

    def visitor(self, request: Request) -> Visitor:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme not in ("Token", "Bearer") or not token.startswith("t-"):
            raise NeedsSignInError("This token is not known.", "Make one on the Settings page.")
        return Visitor(token.removeprefix("t-"), how="token")


@pytest.fixture
def api(settings: Settings) -> Iterator[TestClient]:
    """The application of an empty lake, asked by anna."""
    headers = {"authorization": "Token t-anna"}
    with TestClient(make_app(settings, Tokens()), base_url="http://127.0.0.1", headers=headers) as made:
        yield made


def listen(at: int = NOW - 600, **track: Any) -> dict[str, Any]:
    return {"listened_at": at, "track_metadata": {"artist_name": "Can", "track_name": "Vitamin C", **track}}


def submit(api: TestClient, kind: str, *listens: Any, **options: Any) -> Any:
    body = json.dumps({"listen_type": kind, "payload": list(listens)})
    return api.post("/1/submit-listens", content=body, **options)


def bronze(lake: Lake) -> list[dict[str, Any]]:
    if not lake.has(listening_history_bronze):
        return []
    return lake.open(listening_history_bronze).to_pyarrow_table().sort_by("played_at").to_pylist()


def until_taken_in(settings: Settings, seconds: float = 30) -> None:
    for _ in range(int(seconds * 10)):
        if not waiting_listens(settings):
            return
        time.sleep(0.1)
    raise AssertionError("the listens still wait")


def test_a_listen_is_in_the_lake_soon_after_and_in_the_ledger(api: TestClient, settings: Settings, lake: Lake) -> None:
    answer = submit(api, "single", listen())
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    until_taken_in(settings)
    (row,) = bronze(lake)
    assert (row["user_id"], row["source"], row["track_name"]) == ("anna", "listenbrainz", "Vitamin C")
    assert row["played_at"].timestamp() == NOW - 600
    (run,) = lake.open(ingestion_runs_bronze).to_pyarrow_table().to_pylist()
    assert (run["source"], run["user_id"], run["status"], run["row_count"], run["new_count"]) == (
        "listenbrainz", "anna", "done", 1, 1
    )  # fmt: skip
    assert run["batch_id"] == row["batch_id"]


def test_a_start_written_with_a_fraction_of_nothing_is_a_whole_second(
    api: TestClient, settings: Settings, lake: Lake
) -> None:
    ids = {"recording_mbid": MBID, "track_mbid": "", "artist_mbids": [MBID], "work_mbids": None}
    answer = submit(api, "single", {**listen(additional_info=ids), "listened_at": float(NOW - 600)})
    assert answer.status_code == 200
    until_taken_in(settings)
    assert [row["played_at"].timestamp() for row in bronze(lake)] == [NOW - 600]


def test_what_is_submitted_again_changes_nothing(api: TestClient, settings: Settings, lake: Lake) -> None:
    listens = [listen(NOW - 1000 * n) for n in range(1, 4)]
    for _ in range(2):
        assert submit(api, "import", *listens, listens[0]).status_code == 200
        take_in_listens(settings)
        until_taken_in(settings)
    assert len(bronze(lake)) == 3
    runs = lake.open(ingestion_runs_bronze).to_pyarrow_table().to_pylist()
    assert sum(run["new_count"] for run in runs) == 3
    assert all(
        run["row_count"] == run["new_count"] + run["known_count"] + run["duplicate_count"] + run["rejected_count"]
        for run in runs
    )


def test_a_submission_during_a_build_is_answered_and_kept(api: TestClient, settings: Settings, lake: Lake) -> None:
    with run_lock(settings.state_dir, "build"):
        assert submit(api, "single", listen()).status_code == 200
        time.sleep(1.5)
        assert bronze(lake) == []
        assert len(waiting_listens(settings)) == 1
    until_taken_in(settings)
    assert len(bronze(lake)) == 1


def test_a_server_that_starts_takes_in_what_waited(settings: Settings, lake: Lake) -> None:
    app = make_app(settings, Tokens())
    client = TestClient(app, base_url="http://127.0.0.1", headers={"authorization": "Token t-anna"})
    app.state.flusher.close()  # as after a kill: nothing is taken in any more
    assert submit(client, "single", listen()).status_code == 200
    assert len(waiting_listens(settings)) == 1
    app.state.site.stores.close()
    with TestClient(make_app(settings, Tokens()), base_url="http://127.0.0.1"):
        until_taken_in(settings)
    assert len(bronze(lake)) == 1


def test_a_listen_that_is_no_play_is_set_aside_with_its_reason(api: TestClient, settings: Settings, lake: Lake) -> None:
    before_spotify = 1_100_000_000
    assert submit(api, "import", listen(before_spotify), listen()).status_code == 200
    until_taken_in(settings)
    assert len(bronze(lake)) == 1
    (letter,) = lake.open(rejected_records_bronze).to_pyarrow_table().to_pylist()
    assert (letter["source"], letter["reason"]) == ("listenbrainz", "the time of the play is before Spotify began")
    assert json.loads(letter["payload"])["listened_at"] == before_spotify


@pytest.mark.parametrize(
    ("kind", "listens", "words"),
    [
        ("single", [listen(), listen()], "one listen"),
        ("single", [], "no listens"),
        ("other", [listen()], "listen_type"),
        ("import", [listen(NOW + 7200)], "future"),
        ("import", [listen(1_000_000_000)], "2002"),
        ("import", [{**listen(), "listened_at": str(NOW)}], "whole seconds"),
        ("import", [{**listen(), "listened_at": True}], "whole seconds"),
        ("import", [{**listen(), "listened_at": NOW - 0.5}], "whole seconds"),
        ("import", [{**listen(), "user": "bob"}], "must not have user"),
        ("import", [{"listened_at": NOW}], "track_metadata"),
        ("import", [listen(artist_name=" ")], "artist_name"),
        ("import", [listen(track_name=None)], "track_name"),
        ("import", [listen(artist_name=["Can"])], "artist_name"),
        ("import", [listen(additional_info=[])], "additional_info"),
        ("import", [listen(additional_info={"tags": ["t"] * 51})], "tags"),
        ("import", [listen(additional_info={"tags": ["t" * 65]})], "tags"),
        ("import", [listen(additional_info={"recording_mbid": "x"})], "recording_mbid"),
        ("import", [listen(additional_info={"artist_mbids": ["x"]})], "artist_mbids"),
        ("import", [listen(additional_info={"artist_mbids": [0]})], "artist_mbids"),
        ("import", [listen(additional_info={"track_mbid": f"{MBID}\n"})], "track_mbid"),
        ("import", [listen(artist_name="\x1c")], "artist_name"),
        ("import", [listen(track_name="x" * 10_300)], "10240 bytes"),
        ("import", [listen(NOW - n) for n in range(1001)], "at most 1000"),
        ("playing_now", [listen()], "listened_at"),
    ],
)  # fmt: skip
def test_a_wrong_submission_is_refused_whole(
    kind: str, listens: list[Any], words: str, api: TestClient, settings: Settings
) -> None:
    answer = submit(api, kind, *listens)
    assert answer.status_code == 400
    assert answer.json()["code"] == 400
    assert words in answer.json()["error"]
    assert waiting_listens(settings) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"listen_type": "single"}', b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_submission_is_refused(body: bytes, api: TestClient) -> None:
    answer = api.post("/1/submit-listens", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, 400)


def test_a_body_that_is_too_large_is_read_no_further(api: TestClient) -> None:
    sent = 0

    def chunks() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(30):
            sent += 1
            yield b" " * 1_000_000

    assert api.post("/1/submit-listens", content=chunks()).status_code == 413
    assert submit(api, "import", *(listen(NOW - n, track_name="x" * 900) for n in range(1000))).status_code == 200


def test_without_a_good_token_nothing_is_taken(api: TestClient, settings: Settings) -> None:
    for authorization in ("Token nobody", "Basic t-anna", ""):
        answer = submit(api, "single", listen(), headers={"authorization": authorization})
        assert (answer.status_code, answer.json()["code"]) == (401, 401)
        assert "www-authenticate" in answer.headers
    assert waiting_listens(settings) == []


def test_a_token_is_validated(api: TestClient) -> None:
    good = api.get("/1/validate-token").json()
    assert (good["valid"], good["user_name"]) == (True, "anna")
    bad = api.get("/1/validate-token", headers={"authorization": "Token nobody"})
    assert (bad.status_code, bad.json()["valid"]) == (200, False)


def test_what_plays_now_is_told_until_the_track_has_ended(api: TestClient, settings: Settings) -> None:
    track = {"artist_name": "Can", "track_name": "Halleluhwah", "additional_info": {"duration_ms": 1_110_000}}
    assert submit(api, "playing_now", {"track_metadata": track}).status_code == 200
    payload = api.get("/1/user/anna/playing-now").json()["payload"]
    assert payload["count"] == 1
    assert payload["listens"][0]["track_metadata"]["track_name"] == "Halleluhwah"
    assert waiting_listens(settings) == []
    short = {**track, "additional_info": {"duration_ms": 1}}
    file = settings.state_dir / "now_playing.json"
    assert submit(api, "playing_now", {"track_metadata": short}).status_code == 200
    told = json.loads(file.read_text())
    told["anna"]["at"] = "2020-01-01T00:00:00+00:00"
    file.write_text(json.dumps(told))
    assert api.get("/1/user/anna/playing-now").json()["payload"]["count"] == 0


def test_real_listens_do_not_come_among_simulated_ones(api: TestClient, settings: Settings, lake: Lake) -> None:
    register_listener(lake, "demo", is_simulated=True)
    answer = submit(api, "single", listen())
    assert answer.status_code == 400
    assert "simulated" in answer.json()["error"]
    assert waiting_listens(settings) == []


def test_ones_own_listens_are_those_of_the_release(client: TestClient, demo_store: Any) -> None:
    count = demo_store.row("SELECT count(*) AS n FROM listening_with_features WHERE is_counted AND excluded_by IS NULL")
    assert client.get("/1/user/demo/listen-count").json() == {"payload": {"count": count["n"]}}
    newest = client.get("/1/user/demo/listens", params={"count": 50}).json()["payload"]
    expected = demo_store.rows(
        "SELECT floor(epoch(started_at))::BIGINT AS at, track_name FROM listening_with_features "
        "WHERE is_counted AND excluded_by IS NULL ORDER BY started_at DESC LIMIT 50"
    )
    assert [one["listened_at"] for one in newest["listens"]] == [row["at"] for row in expected]
    assert newest["latest_listen_ts"] == expected[0]["at"]
    between = {"max_ts": expected[10]["at"], "min_ts": expected[30]["at"], "count": 1000}
    found = client.get("/1/user/demo/listens", params=between).json()["payload"]["listens"]
    assert [one["listened_at"] for one in found] == [row["at"] for row in expected[11:30]]
