"""Two listeners of one lake: nothing of the one is in any answer to the other, whatever is asked, and however."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from filelock import FileLock
from starlette.requests import Request
from starlette.testclient import TestClient

from config.settings import Settings
from dashboard.app import make_app
from dashboard.failures import NeedsSignInError
from dashboard.view import PAGES, Visitor
from ingestion.listens import put_listens, waiting_listens
from serving.making import make_store
from serving.store import Store

PROJECT = Path(__file__).parents[2]
NAMES = {
    "markup": "<script>alert(1)</script>",
    "quotes": "\"'`;--) OR 1=1 /*",
    "backwards": "\u202ebackwards\u202c \u200f\u05d0\u05d1",
    "wide": "\u6771\u4eac\u4e8b\u5909 \U0001f3b5",
    "long": "L" * 9_000,
}
MARK = {"anna": "Onlyanna", "bob": "Onlybob"}  # stands in the names that only one of them has
TRICKS = (
    "' OR '1'='1", "'; SELECT * FROM plays; --", "bob", "%", "_", "*", "$user", "{{user_id}}", "../bob",
    "1 UNION SELECT play_id FROM listening_with_features", "attach 'x.duckdb'", "read_parquet('/etc/passwd')",
)  # fmt: skip


class Tokens:
    """An entrance for tokens: `t-anna` is anna's."""

    def visitor(self, request: Request) -> Visitor:
        user = request.headers.get("authorization", "").removeprefix("Bearer t-").removeprefix("Token t-")
        if user not in MARK:
            raise NeedsSignInError("This token is not known.")
        return Visitor(user, how="token")


def listens_of(user: str, begin: int) -> list[dict[str, object]]:
    """A week of listens: names that only this listener has, and hostile ones."""
    titles = [f"{MARK[user]} Song {number}" for number in range(12)] + list(NAMES.values())
    return [
        {
            "listened_at": begin + 900 * number,
            "track_metadata": {
                "artist_name": titles[number % len(titles)].replace("Song", "Artist"),
                "track_name": titles[number % len(titles)],
                "release_name": f"{MARK[user]} Album",
                "additional_info": {"duration_ms": 200_000},
            },
        }
        for number in range(680)
    ]


@pytest.fixture(scope="session")
def family(run_folder: Path) -> Settings:
    """A lake of two listeners, whose listens came from scrobblers; built by the real command."""
    folder = run_folder / "two-listeners"
    settings = Settings(_env_file=None, lake_uri=str(folder / "lake"), state_dir=folder / "state")
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").exists():
            for number, user in enumerate(MARK):
                put_listens(settings, user, listens_of(user, 1_780_000_000 + 450 * number))
            from ingestion.listens import take_in_listens

            counts = take_in_listens(settings)
            assert [(one.new, one.rejected) for one in counts] == [(680, 0), (680, 0)]
            assert waiting_listens(settings) == []
            environment = {**os.environ, "LAKE_URI": settings.lake_uri, "STATE_DIR": str(settings.state_dir)}
            command = [sys.executable, "-m", "cli", "build"]
            subprocess.run(command, check=True, env=environment, cwd=PROJECT, stdout=subprocess.DEVNULL)
            (folder / "done").touch()
    return settings


@pytest.fixture(scope="module")
def app(family: Settings) -> Iterator[FastAPI]:
    for user in MARK:
        make_store(family, user)
    made = make_app(family, Tokens())
    yield made
    made.state.site.stores.close()


def client_of(app: FastAPI, user: str) -> TestClient:
    return TestClient(app, base_url="http://127.0.0.1", headers={"authorization": f"Bearer t-{user}"})


@pytest.fixture(scope="module")
def anna(app: FastAPI) -> TestClient:
    return client_of(app, "anna")


@pytest.fixture(scope="module")
def bobs(family: Settings) -> re.Pattern[str]:
    """What is bob's alone: his marks, and the ids of his plays and sessions."""
    store = Store(make_store(family, "bob"))
    rows = store.rows(
        "SELECT play_id AS id FROM listening_with_features UNION SELECT session_id FROM listening_sessions"
    )
    store.close()
    assert len(rows) > 680
    return re.compile("|".join([MARK["bob"], MARK["bob"].lower(), *(re.escape(row["id"]) for row in rows)]))


def routes(app: FastAPI) -> list[tuple[str, dict[str, object]]]:
    """Every address of the document that is read, with its parameters."""
    return [(path, of["get"]) for path, of in app.openapi()["paths"].items() if "get" in of]


def test_the_other_listener_is_there_to_be_found(app: FastAPI, bobs: re.Pattern[str]) -> None:
    found = client_of(app, "bob").get("/api/v1/tables/listening_with_features", params={"limit": 1000}).text
    assert len(set(bobs.findall(found))) > 680


def test_no_route_and_no_parameter_gives_anything_of_the_other(
    app: FastAPI, anna: TestClient, bobs: re.Pattern[str]
) -> None:
    asked = 0
    for path, operation in routes(app):
        names = [one["name"] for one in operation.get("parameters", []) if one["in"] == "query"]  # type: ignore[attr-defined]
        address = path.format(subject="artists", user_name="bob", run_id="0" * 32)
        queries: list[dict[str, str]] = [{}, {"limit": "1000"}, {"user_id": "bob"}, {"user": "bob"}]
        queries += [
            {name: trick, **_needed(path)} for name in names for trick in (TRICKS if name == "q" else TRICKS[:3])
        ]
        for query in queries:
            answer = anna.get(address, params={**_needed(path), **query})
            assert answer.status_code < 500, (address, query, answer.text[:300])
            assert not bobs.search(answer.text), (address, query)
            asked += 1
    assert asked > 1000


def _needed(path: str) -> dict[str, str]:
    return {"q": "Onlybob"[:4]} if path.endswith(("/search", "/ask")) else {}


@pytest.mark.parametrize("table", ["listening_with_features", "listening_sessions", "artist_stats", "daily_listening"])
def test_a_cursor_of_the_other_gives_ones_own_rows(
    table: str, app: FastAPI, anna: TestClient, bobs: re.Pattern[str]
) -> None:
    following = client_of(app, "bob").get(f"/api/v1/tables/{table}", params={"limit": 3}).json()["next"]
    answer = anna.get(following)
    assert answer.status_code == 200
    assert not bobs.search(str(answer.json()["rows"]))


def test_a_tag_of_the_other_is_none(app: FastAPI, anna: TestClient) -> None:
    tag = client_of(app, "bob").get("/api/v1/summary").headers["etag"]
    assert anna.get("/api/v1/summary", headers={"if-none-match": tag}).status_code == 200


def test_pages_show_nothing_of_the_other(anna: TestClient, bobs: re.Pattern[str]) -> None:
    for path in PAGES:
        for query in ({}, {"q": "Onlyb"}, {"key": "onlybob artist 1"}, {"user_id": "bob"}, {"range": "all"}):
            answer = anna.get(path, params=query, follow_redirects=False)
            assert answer.status_code < 500, (path, query)
            shown = re.sub(r"onlybob.{1,6}artist.{1,6}1", "", answer.text)  # what was asked for is repeated
            assert not bobs.search(shown), (path, query)


def test_the_others_name_opens_nothing(anna: TestClient) -> None:
    for what in ("listens", "playing-now", "listen-count"):
        assert anna.get(f"/1/user/bob/{what}").status_code == 404


@pytest.mark.parametrize(
    "question", ["What did bob play most?", "plays of user bob", "SELECT * FROM plays", "Onlybo Song 1"]
)
def test_questions_tell_nothing_of_the_other(question: str, anna: TestClient, bobs: re.Pattern[str]) -> None:
    answer = anna.get("/api/v1/ask", params={"q": question}).json()
    assert not bobs.search(str({name: value for name, value in answer.items() if name not in ("question", "notes")}))


def test_no_token_no_answer(app: FastAPI) -> None:
    nobody = TestClient(app, base_url="http://127.0.0.1", headers={"authorization": "Bearer t-carol"})
    for path, _ in routes(app):
        if path not in ("/health", "/health/ready", "/1/validate-token"):
            answer = nobody.get(path.format(subject="artists", user_name="anna", run_id="0" * 32), params=_needed(path))
            assert answer.status_code == 401, path


def test_figures_are_for_who_looks_after_the_lake(anna: TestClient) -> None:
    answer = anna.get("/metrics")
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names_are_text_from_the_scrobbler_to_the_api_and_the_pages(name: str, anna: TestClient) -> None:
    hostile = NAMES[name]
    found = anna.get("/api/v1/tables/listening_with_features", params={"track_name": hostile, "limit": 1000}).json()
    assert len(found["rows"]) == 40
    assert {row["track_name"] for row in found["rows"]} == {hostile}
    top = anna.get("/api/v1/top/tracks", params={"limit": 100}).json()["rows"]
    assert hostile in {row["name"] for row in top}
    page = anna.get("/top", params={"range": "all", "what": "tracks"})
    assert page.status_code == 200
    assert NAMES["markup"] not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
