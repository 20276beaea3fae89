"""Tells whether a reply is right: the expected value is computed by its own SQL on the plays."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from assistant.asking import ask
from assistant.replies import HIGH, Reply
from serving.store import Store
from tests.assistant.questions import DAY, DECLINED, NAMES, NUMBER, WORDS, Asked

VIEWS = """
CREATE OR REPLACE TEMP VIEW heard AS SELECT * FROM listening_with_features WHERE excluded_by IS NULL;
CREATE OR REPLACE TEMP VIEW counted AS SELECT * FROM listening_with_features WHERE excluded_by IS NULL AND is_counted;
"""
RIGHT, WRONG, NO_ANSWER, NO_REFUSAL = "right", "wrong", "no answer", "answered what it cannot know"


@dataclass(frozen=True)
class Judged:
    """A question, the reply, what was expected, and the verdict."""

    asked: Asked
    reply: Reply
    expected: object
    verdict: str

    @property
    def is_dangerous(self) -> bool:
        """Wrong, and said as if it were sure."""
        return self.verdict in (WRONG, NO_REFUSAL) and self.reply.confidence >= HIGH


def judge(store: Store, plays: duckdb.DuckDBPyConnection, asked: Asked) -> Judged:
    """Ask, with what comes before, and compare. plays: a connection of the test's own, with `VIEWS`."""
    before = None
    for text in asked.after:
        before = ask(store, text, before).context
    reply = ask(store, asked.text, before)
    if asked.kind == DECLINED:
        return Judged(asked, reply, None, NO_REFUSAL if reply.is_answered else RIGHT)
    expected = [row[0] for row in plays.execute(asked.sql).fetchall()]
    if not reply.is_answered:
        return Judged(asked, reply, expected, NO_ANSWER)
    return Judged(asked, reply, expected, RIGHT if _agrees(asked.kind, reply, expected) else WRONG)


def _agrees(kind: str, reply: Reply, expected: list[object]) -> bool:
    if kind == NUMBER:
        value = reply.value
        is_number = isinstance(value, int | float) and isinstance(expected[0], int | float)
        return is_number and math.isclose(float(value), float(expected[0]), rel_tol=1e-6, abs_tol=1e-9)
    if kind == NAMES:
        return [row.get("name") for row in reply.rows[: len(expected)]] == expected and bool(expected)
    if kind == DAY:
        return isinstance(reply.value, date) and not isinstance(reply.value, datetime) and reply.value == expected[0]
    assert kind == WORDS
    said = " ".join([reply.sentence, *(str(value) for row in reply.rows for value in row.values())]).casefold()
    return bool(expected) and all(str(word).casefold() in said for word in expected)


def rates(judged: list[Judged]) -> dict[str, float]:
    """The share that was right, and how many were wrong though sure."""
    verdicts = Counter(one.verdict for one in judged)
    return {"right": verdicts[RIGHT] / len(judged), "dangerous": sum(one.is_dangerous for one in judged)}
