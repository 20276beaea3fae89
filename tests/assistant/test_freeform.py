"""Free-form questions against an endpoint on a real socket that says what a test wants it to say."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from assistant import freeform
from assistant.asking import ask
from assistant.replies import HIGH
from config.settings import Settings

QUESTION = "list zebra things for my spreadsheet"  # no intent knows it


class Endpoint:
    """Gives its replies one after another, the last one again and again; keeps what it was asked."""

    def __init__(self) -> None:
        self.replies: list[Any] = []
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                outer.headers.append(dict(self.headers))
                reply = outer.replies[min(len(outer.asked), len(outer.replies)) - 1]
                status, body = reply if isinstance(reply, tuple) else (200, reply)
                if callable(body):
                    body = body()
                raw = (
                    body
                    if isinstance(body, bytes)
                    else json.dumps({"choices": [{"message": {"content": body}}]}).encode()
                )
                self.send_response(status)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # a client that gave up is no error here
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def model(endpoint: Endpoint) -> Callable[..., Settings]:
    def settings(*replies: Any) -> Settings:
        endpoint.replies = list(replies)
        url = f"http://127.0.0.1:{endpoint.server.server_port}/v1"
        return Settings(_env_file=None, llm_url=url, llm_model="small", llm_api_key="secret-key")

    return settings


def test_an_answer_of_a_model_shows_its_sql_and_says_that_it_is_one(made_store, own_reading, endpoint, model):
    reply = ask(
        made_store, QUESTION, None, model("```sql\nSELECT count(*) AS plays FROM kept_plays WHERE is_counted\n```")
    )
    assert reply.value == own_reading.execute("SELECT count(*) FROM counted").fetchone()[0]
    assert reply.from_model == "small" and "small" in reply.sentence
    assert reply.queries[0].sql == "SELECT COUNT(*) AS plays FROM kept_plays WHERE is_counted LIMIT 200"
    assert reply.confidence < HIGH
    assert endpoint.headers[0]["Authorization"] == "Bearer secret-key"
    assert "artist_stats" in endpoint.asked[0]["messages"][0]["content"]


def test_no_row_of_the_listener_is_sent_to_the_model(made_store, endpoint, model):
    ask(made_store, QUESTION, None, model("SELECT artist_name::INT FROM kept_plays", "CANNOT"))
    first, second = (json.dumps(asked) for asked in endpoint.asked)
    assert "Overgrown Thimbles" not in first
    assert "That failed" in second


def test_what_an_intent_answers_is_not_sent_to_the_model(made_store, endpoint, model):
    assert ask(made_store, "How many songs did I play in 2025?", None, model("SELECT 1")).from_model == ""
    assert endpoint.asked == []


def test_what_is_declined_for_a_reason_is_not_sent_to_the_model(made_store, endpoint, model):
    assert not ask(made_store, "Am I depressed?", None, model("SELECT 1")).is_answered
    assert endpoint.asked == []


@pytest.mark.parametrize(
    "said",
    [
        "DROP TABLE listening_with_features",
        "COPY kept_plays TO '/tmp/stolen.csv'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "ATTACH '/tmp/x.duckdb'",
        "PRAGMA database_list",
        "SELECT 1; SELECT 2",
        "SELECT * FROM '/etc/passwd'",
        "WITH RECURSIVE a AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM a) SELECT * FROM a",
        "As a model I would rather talk about the weather.",
        "SELECT nothing FROM kept_plays",
    ],
)
def test_a_hostile_or_broken_query_is_given_back_once_and_never_answers(made_store, own_reading, endpoint, model, said):
    reply = ask(made_store, QUESTION, None, model(said))
    assert not reply.is_answered
    assert len(endpoint.asked) == 2
    assert "wrote no query that may run" in reply.notes[-1]
    assert (
        made_store.row("SELECT count(*) AS n FROM kept_plays")["n"]
        == own_reading.execute("SELECT count(*) FROM heard").fetchone()[0]
    )


def test_a_query_that_is_mended_is_answered(made_store, model):
    reply = ask(
        made_store,
        QUESTION,
        None,
        model("SELECT nothing FROM kept_plays", "SELECT 42 AS answer FROM kept_plays LIMIT 1"),
    )
    assert reply.value == 42


def test_huge_results_are_cut(made_store, model):
    reply = ask(made_store, QUESTION, None, model("SELECT a.play_id FROM kept_plays AS a, kept_plays AS b"))
    assert len(reply.rows) == freeform.SHOWN_ROWS


def test_an_endless_query_is_stopped(made_store, model, monkeypatch):
    monkeypatch.setattr(freeform, "QUERY_SECONDS", 0.3)
    endless = "SELECT count(*) FROM kept_plays AS a, kept_plays AS b, kept_plays AS c "
    endless += "WHERE a.track_name < b.artist_name || c.album_name"
    begun = time.perf_counter()
    assert not ask(made_store, QUESTION, None, model(endless)).is_answered
    assert time.perf_counter() - begun < 5


@pytest.mark.parametrize(
    ("said", "note"),
    [
        ((500, "x"), "not answering"),
        ((401, "x"), "refused with status 401"),
        ((302, "x"), "refused with status 302"),
        ((200, b"<html>"), "something else than a chat completion"),
        ((200, b'{"choices": []}'), "something else than a chat completion"),
        ((200, b'{"choices": [{"message": {"content": null}}]}'), "sent no text"),
        ((200, b"[" * 400_000), "something else than a chat completion"),
        ("CANNOT", "cannot answer that"),
    ],
)
def test_a_broken_endpoint_leaves_the_question_declined_with_the_reason(made_store, model, said, note):
    reply = ask(made_store, QUESTION, None, model(said))
    assert not reply.is_answered
    assert note in reply.notes[-1]
    assert "secret-key" not in str(reply.as_json())


def test_a_slow_endpoint_is_given_up(made_store, model, monkeypatch):
    monkeypatch.setattr(freeform, "ANSWER_SECONDS", 0.3)

    def slowly() -> str:
        time.sleep(1.5)
        return "SELECT 1"

    begun = time.perf_counter()
    reply = ask(made_store, QUESTION, None, model((200, slowly)))
    assert time.perf_counter() - begun < 3
    assert "took longer" in reply.notes[-1]


def test_nothing_is_asked_where_no_endpoint_is_configured(made_store):
    assert not ask(made_store, QUESTION, None, Settings(_env_file=None)).is_answered
