"""`lakesong ask`: a question in plain words and its answer, or a prompt that remembers what was asked."""

from __future__ import annotations

import sys
from typing import Any

from rich.markup import escape

from assistant.asking import ask
from assistant.freeform import needs_model
from assistant.replies import Context, Reply
from config.settings import Settings
from serving.making import listener_ids, make_store
from serving.store import Store
from terminal.screen import grid, out, print_json, working

_ENDINGS = ("exit", "quit", "bye")
_SHOWN_ROWS = 10


def open_store(settings: Settings, user_id: str | None) -> Store:
    """The newest file of a listener: the one named, the lake's only one, or `me`. Raises InputError for none."""
    needs_model(settings)
    known = listener_ids(settings)
    chosen = user_id or (known[0] if len(known) == 1 else "me")
    with working("making the listener's file"):
        return Store(make_store(settings, chosen))


def answer(settings: Settings, question: str, *, user_id: str | None, as_json: bool) -> bool:
    """Print the answer to one question; whether there was one."""
    reply = ask(open_store(settings, user_id), question, None, settings)
    if as_json:
        print_json(reply.as_json())
    else:
        print_reply(reply)
    return reply.is_answered


def prompt(settings: Settings, *, user_id: str | None) -> None:
    """Read questions until `exit` or the end of the input; follow-ups keep what was said."""
    store = open_store(settings, user_id)
    out.print("Ask about the music you play; “help” shows what can be asked, “exit” ends.", style="dim")
    before: Context | None = None
    while True:
        try:
            question = input("ask> " if sys.stdin.isatty() else "").strip()
        except EOFError:
            return
        if question.lower() in _ENDINGS:
            return
        if question:
            reply = ask(store, question, before, settings)
            before = reply.context or before
            print_reply(reply)


def print_reply(reply: Reply) -> None:
    """The sentence, a table where there is more than a figure, and what it rests on."""
    out.print(escape(_clean(reply.sentence)), style="bold" if reply.is_answered else "yellow")
    if not reply.is_answered:
        for note in reply.notes:
            out.print(escape(_clean(note)), style="dim")
        out.print("You can ask, for instance:")
        for suggestion in reply.suggestions:
            out.print(f"  {escape(_clean(suggestion))}")
        return
    if len(reply.rows) > 1:
        shown = [c for c in reply.columns if any(row.get(c.name) not in (None, "") for row in reply.rows)]
        table = grid(*(f"{c.label} ({c.unit})" if c.unit and c.unit != c.label.lower() else c.label for c in shown))
        for row in reply.rows[: None if reply.intent == "help" else _SHOWN_ROWS]:
            table.add_row(*(escape(_clean(_cell(row.get(column.name)))) for column in shown))
        out.print(table)
    for line in _grounds(reply):
        out.print(escape(_clean(line)), style="dim")


def _grounds(reply: Reply) -> list[str]:
    """What an answer rests on, in lines."""
    lines = list(reply.notes)
    facts = [reply.sureness.capitalize()]
    if reply.play_count is not None:
        facts.append(f"from {reply.play_count:,} plays")
    if reply.coverage is not None:
        facts.append(f"{reply.coverage * 100:.1f} % of the hours known")
    if reply.is_simulated:
        facts.append("a simulated listener")
    if reply.versions:
        facts.append("tables " + ", ".join(f"{name} v{version}" for name, version in reply.versions.items()))
    lines.append("; ".join(facts) + ".")
    for query in reply.queries:
        lines.append(f"SQL: {query.sql}")
        if query.values:
            lines.append("     " + ", ".join(f"${name} = {value}" for name, value in query.values.items()))
    return lines


def _cell(value: Any) -> str:
    if isinstance(value, float):
        if value.is_integer():
            return f"{value:,.0f}"
        return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.3g}"
    return "" if value is None else str(value)


def _clean(text: str) -> str:
    """The text without control characters: names of artists may hold any."""
    return "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)
