"""Ask: questions in plain words, each answered with its number, where it comes from and how sure it is."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from assistant.asking import LONGEST_QUESTION, ask
from assistant.replies import Column as AnswerColumn
from assistant.replies import Context, Reply
from dashboard.parts import Column, Fragment, Kind, Part, Table
from dashboard.view import View, address, page

KEPT = 5  # earlier questions that a follow-up may lean on
EXAMPLES = (
    "What did I play most in winter nights of 2025?",
    "How much did I listen last month?",
    "Why was March different?",
    "Which artists were new to me this year?",
    "On which days do I listen most?",
    "What should I listen to tonight?",
)


@page("/ask", "Ask", group="Now", place=2, has_range=False, is_live=True)
def ask_page(view: View) -> Iterator[Part]:
    """A question in plain words, answered from your own tables alone."""
    question = view.parameters.get("q", "").strip()[:LONGEST_QUESTION]
    asked = [*_earlier(view), *([question] if question else [])]
    replies = _conversation(view, asked)
    before = "\n".join(asked[-KEPT:])
    examples = [(example, address("/ask", {"q": example})) for example in EXAMPLES]
    yield Fragment("question", file="ask/question.html",
                   data={"before": before, "examples": examples, "longest": LONGEST_QUESTION})  # fmt: skip
    for number, reply in enumerate(reversed(replies)):
        yield Fragment(f"reply-{number}", file="ask/reply.html", data={"reply": reply, "suggestions": [
            (text, address("/ask", {"q": text})) for text in reply.suggestions]})  # fmt: skip
        if reply.is_answered and len(reply.rows) > 1:
            yield _table(number, reply)


def _earlier(view: View) -> list[str]:
    lines = view.parameters.get("before", "").splitlines()
    return [line.strip()[:LONGEST_QUESTION] for line in lines if line.strip()][-KEPT:]


def _conversation(view: View, questions: list[str]) -> list[Reply]:
    """The replies in order; each question may lean on what was understood before."""
    replies: list[Reply] = []
    context: Context | None = None
    for place, question in enumerate(questions):
        is_last = place == len(questions) - 1
        # A model is asked for the question itself alone, not again for those before it.
        reply = ask(view.store, question, context, view.settings if is_last else None)
        context = reply.context or context
        replies.append(reply)
    return replies


def _table(number: int, reply: Reply) -> Table:
    columns = [
        Column(column.name, _heading(column), _kind(reply, column.name))
        for column in reply.columns
        if any(row.get(column.name) not in (None, "") for row in reply.rows)
    ]
    return Table(f"table-{number}", rows=reply.rows, columns=columns, first=12)


def _heading(column: AnswerColumn) -> str:
    return f"{column.label} ({column.unit})" if column.unit and column.unit != column.label.lower() else column.label


def _kind(reply: Reply, name: str) -> Kind:
    values = [row[name] for row in reply.rows if row.get(name) is not None]
    if not values or not all(isinstance(value, (int, float, Decimal)) for value in values):
        return "text"
    return "count" if all(value == int(value) for value in values) or name == "minutes" else "number"
