"""Free-form questions: a language model writes SQL from the declarations, the guard checks it, the store runs it.

The model sees the question, the names and comments of tables, and the error of its own query; never a row. Whatever it
says is taken for SQL or not at all.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import requests
import stamina

from assistant.guard import QUERY_SECONDS, SHOWN_ROWS, Guarded, guarded
from assistant.replies import Column, Query, Reply
from config.errors import InputError, LakesongError
from serving.declarations import served_declarations
from serving.store import Answer

if TYPE_CHECKING:
    from config.settings import Settings
    from serving.store import Store

ANSWER_SECONDS = 30.0  # for one reply of the endpoint
LONGEST_REPLY = 200_000  # bytes
CONFIDENCE = 0.4  # the SQL may run and yet mean something else
# What most questions need, so that a small model is not drowned in columns.
_SHOWN_TABLES = (
    "listening_with_features", "listening_sessions", "daily_listening", "artist_stats", "track_stats", "album_stats",
    "genre_stats", "track_genres", "user_metrics", "discovery", "listening_streaks", "mood_clusters", "playback_shares",
)  # fmt: skip
_RULES = """You write one DuckDB SELECT that answers a question about the music one listener played, and nothing else.
The view kept_plays has the columns of listening_with_features without excluded plays: count from it, never from that.
A counted play is is_counted; time is listened_ms in milliseconds; days are played_date, local. Tables with a column
basis: use basis = 'measured'. Periods: period_kind 'all_time', 'year', 'month' with period_start. Today is {today}.
Add LIMIT. If the tables cannot answer, reply CANNOT. Reply with the SQL alone.

Tables:
{tables}"""


class ModelError(LakesongError):
    """The endpoint did not give a usable reply."""


class _BusyError(Exception):
    """The endpoint may answer when asked again."""


def ask_model(store: Store, question: str, settings: Settings, declined: Reply) -> Reply:
    """The answer of the model's query; `declined` with a note where there is none."""
    messages = [
        {"role": "system", "content": _RULES.format(today=store.as_of, tables=_told_tables())},
        {"role": "user", "content": question},
    ]
    problem = ""
    for _ in range(2):  # a query that fails is given back once
        try:
            said = _reply_of(settings, messages)
            if said.strip().upper().startswith("CANNOT"):
                return _without(declined, f"{settings.llm_model} says that the tables cannot answer that.")
            query = guarded(_sql_of(said))
            return _told(store, question, settings, query, store.ask(query.sql, rows=SHOWN_ROWS, seconds=QUERY_SECONDS))
        except ModelError as error:
            return _without(declined, error.message)
        except LakesongError as error:
            problem = error.message[:300]
            messages += [
                {"role": "assistant", "content": said[:4000]},
                {"role": "user", "content": f"That failed: {problem} Write it again, the SQL alone."},
            ]
    return _without(declined, f"{settings.llm_model} wrote no query that may run: {problem}")


def _without(declined: Reply, note: str) -> Reply:
    return replace(declined, notes=(*declined.notes, note))


def _told_tables() -> str:
    declared = served_declarations()
    lines = []
    for name in _SHOWN_TABLES:
        table = declared[name]
        columns = "; ".join(f"{column.name} {column.type} ({column.comment})" for column in table.columns)
        lines.append(f"{name}: {table.description.splitlines()[0]} {columns}")
    return "\n".join(lines)


def _sql_of(said: str) -> str:
    """The SQL in a reply: what stands in a fence, else the whole."""
    fence = re.search(r"```(?:sql)?\s*(.*?)```", said, re.DOTALL | re.IGNORECASE)
    return (fence[1] if fence else said).strip()


def _told(store: Store, question: str, settings: Settings, query: Guarded, answer: Answer) -> Reply:
    names = tuple(dict.fromkeys(answer.columns))
    rows = tuple(dict(zip(answer.columns, row, strict=True)) for row in answer.rows)
    value = answer.rows[0][0] if len(answer.rows) == 1 and len(answer.columns) == 1 else None
    what = f"{names[0].replace('_', ' ')}: {value}" if value is not None else f"{len(rows)} rows"
    cut = f" (the first {SHOWN_ROWS})" if answer.is_cut else ""
    return Reply(
        question=question,
        is_answered=True,
        sentence=f"{what}{cut}, by a query that the model {settings.llm_model} wrote: read it before you trust it.",
        intent="freeform",
        value=value,
        columns=tuple(Column(name, name.replace("_", " ")) for name in names),
        rows=rows,
        queries=(Query(query.sql),),
        versions={name: store.versions[name] for name in query.tables if name in store.versions},
        confidence=CONFIDENCE,
        notes=("Written by a language model and checked to be one read-only query; not checked to mean the question.",),
        is_simulated=store.is_simulated,
        from_model=settings.llm_model,
    )


def _reply_of(settings: Settings, messages: list[dict[str, str]]) -> str:
    """What the endpoint says. Raises ModelError."""
    try:
        for attempt in stamina.retry_context(on=_BusyError, attempts=3, timeout=ANSWER_SECONDS, wait_initial=0.2):
            with attempt:
                return _post(settings, messages)
    except _BusyError as error:
        raise ModelError(f"The endpoint {settings.llm_url} is not answering: {error}.") from error
    raise AssertionError("unreachable")


def _post(settings: Settings, messages: list[dict[str, str]]) -> str:
    key = settings.llm_api_key.get_secret_value()
    body: Any = {"model": settings.llm_model, "messages": messages, "temperature": 0}
    try:
        with requests.post(
            f"{settings.llm_url}/chat/completions",
            json=body,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=(5, ANSWER_SECONDS),
            allow_redirects=False,
            stream=True,
        ) as reply:
            if reply.status_code == 429 or reply.status_code >= 500:
                raise _BusyError(f"status {reply.status_code}")
            if reply.status_code != 200:
                raise ModelError(f"The endpoint {settings.llm_url} refused with status {reply.status_code}.")
            content = reply.raw.read(LONGEST_REPLY + 1, decode_content=True)
    except requests.Timeout as error:
        raise ModelError(f"The endpoint {settings.llm_url} took longer than {ANSWER_SECONDS:g} s.") from error
    except requests.RequestException as error:
        raise _BusyError(type(error).__name__) from error
    return _content(content, settings)


def _content(content: bytes, settings: Settings) -> str:
    import json

    try:
        told: Any = json.loads(content)["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
        raise ModelError(f"The endpoint {settings.llm_url} sent something else than a chat completion.") from error
    if not isinstance(told, str) or not told.strip():
        raise ModelError(f"The endpoint {settings.llm_url} sent no text.")
    return told


def needs_model(settings: Settings) -> None:
    """Raises InputError where an endpoint is configured by halves."""
    if settings.llm_url and not settings.llm_model:
        raise InputError("LLM_URL is set, but LLM_MODEL is not.", "Name the model in .env.")
