"""The page Ask: an answer with its grounds, follow-ups by the address alone, and questions that are no questions."""

from __future__ import annotations

from starlette.testclient import TestClient

from serving.store import Store

from .conftest import PageOf


def test_an_answer_names_the_number_the_query_and_how_sure_it_is(page_of: PageOf, demo_store: Store) -> None:
    text = page_of("/ask", q="What was my top artist in 2025?")
    best = demo_store.row("SELECT artist_name, play_count FROM artist_stats WHERE period_kind = 'year' "
                          "AND period_start = DATE '2025-01-01' AND play_rank = 1")  # fmt: skip
    assert best is not None
    assert f"{best['artist_name']}: {best['play_count']:,} plays" in text
    assert "SELECT" in text
    assert "Sure, from" in text


def test_a_follow_up_leans_on_the_questions_in_the_address(page_of: PageOf, demo_store: Store) -> None:
    text = page_of("/ask", q="and the albums?", before="What was my top artist in 2025?")
    best = demo_store.row("SELECT album_name FROM album_stats WHERE period_kind = 'year' "
                          "AND period_start = DATE '2025-01-01' AND play_rank = 1")  # fmt: skip
    assert best is not None
    assert best["album_name"] in text


def test_what_the_data_cannot_say_is_declined_with_something_to_ask_instead(client: TestClient) -> None:
    answer = client.get("/ask", params={"q": "Will it rain in Berlin tomorrow?"})
    assert answer.status_code == 200
    assert "where it comes from" not in answer.text
    assert answer.text.count('href="/ask?q=') >= 1


def test_hostile_questions_are_shown_as_text(client: TestClient) -> None:
    question = "<script>alert(1)</script>\u202e" + "x" * 9_000
    answer = client.get("/ask", params={"q": question, "before": "\n".join(["<b>"] * 500)})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "<b>" not in answer.text
