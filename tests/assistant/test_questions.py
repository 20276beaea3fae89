from __future__ import annotations

import time

import pytest

from assistant.asking import ask
from tests.assistant.measuring import RIGHT, judge, rates
from tests.assistant.questions import HELD_OUT, OPEN, QUESTIONS


@pytest.mark.parametrize(("name", "questions"), [("open", OPEN), ("held out", HELD_OUT)])
def test_at_least_95_percent_are_answered_rightly_and_none_is_wrong_though_sure(
    made_store, own_reading, name, questions
):
    judged = [judge(made_store, own_reading, asked) for asked in questions]
    amiss = [
        f"{one.verdict}: {one.asked.text} -> {one.reply.sentence} (expected {one.expected})"
        for one in judged
        if one.verdict != RIGHT
    ]
    found = rates(judged)
    assert found["dangerous"] == 0, amiss
    assert found["right"] >= 0.95, amiss


def test_there_are_more_than_120_questions_and_25_of_them_are_to_be_declined():
    assert len({(asked.text, asked.after) for asked in QUESTIONS}) >= 150
    assert sum(asked.kind == "declined" for asked in QUESTIONS) >= 25


def test_an_answer_tells_its_sql_values_versions_plays_and_coverage(made_store, own_reading):
    reply = ask(made_store, "How many songs did I play in 2025?")
    again = made_store.ask(reply.queries[0].sql, reply.queries[0].values).rows[0][0]
    assert (
        again
        == reply.value
        == own_reading.execute("SELECT count(*) FROM counted WHERE year(played_date) = 2025").fetchone()[0]
    )
    assert reply.versions == {"listening_with_features": 1}
    assert reply.play_count == reply.value
    assert reply.coverage == 1.0 and not reply.is_at_least
    assert reply.is_simulated


def test_a_range_that_begins_before_the_history_says_at_least(made_store):
    reply = ask(made_store, "How many songs did I play in 2024?")
    assert reply.sentence.startswith("At least") and reply.is_at_least
    assert any("2024-11-01" in note for note in reply.notes)


@pytest.mark.parametrize(
    "question",
    [
        "How many songs did I play in 2025 in Berlin?",
        "How many songs did I play in 2025 with my sister",
        "top artists except Overgrown Thimbles",
        "how many songs did I not skip",
        "what did I listen to last night",
        "longest song I played",
        "how many songs did I play twice",
    ],
)
def test_what_an_intent_does_not_use_is_never_dropped_silently(made_store, question):
    assert not ask(made_store, question).is_answered


def test_a_decline_says_what_can_be_asked_instead(made_store):
    reply = ask(made_store, "What will the weather be tomorrow?")
    assert not reply.is_answered
    assert reply.suggestions and all(len(suggestion) > 5 for suggestion in reply.suggestions)
    assert reply.context is None and reply.confidence == 0.0


def test_a_name_that_is_not_known_offers_those_like_it(made_store):
    reply = ask(made_store, "When did I last hear Northerly?")
    assert not reply.is_answered and "Northerly Orbit, Northerly Velvet" in reply.sentence


def test_a_name_written_a_little_differently_is_told_and_less_sure(made_store):
    exact, near = (ask(made_store, f"when did I last hear {name}?") for name in ("Kaary Linvikvik", "Kary Linvikvic"))
    assert near.value == exact.value
    assert near.confidence < exact.confidence
    assert any("is read as Kaary Linvikvik" in note for note in near.notes)


def test_moods_indicators_and_forecasts_never_come_from_made_up_features(made_store):
    for question in ("What moods do I listen to?", "what is my artist diversity", "How much will I listen tomorrow?"):
        reply = ask(made_store, question)
        assert reply.is_answered
        assert all("basis = 'measured'" in query.sql for query in reply.queries)
    assert "made up" not in ask(made_store, "What moods do I listen to?").sentence


def test_a_hostile_name_and_question_are_data(made_store):
    reply = ask(made_store, 'How often did I play "\'; DROP TABLE tracks; --"?')
    assert not reply.is_answered
    assert ask(made_store, "x" * 100_000).is_answered is False
    assert ask(made_store, "\x00\u202e " * 50).is_answered is False


def test_answers_come_quickly(made_store):
    ask(made_store, "top artists")
    begun = time.perf_counter()
    for asked in QUESTIONS[:50]:
        ask(made_store, asked.text)
    assert (time.perf_counter() - begun) / 50 < 0.1
