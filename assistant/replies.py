"""What an answer is made of: the sentence, the figures, the SQL behind them, and how far they can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

Row = dict[str, Any]

HIGH, MEDIUM = 0.75, 0.5  # from here on an answer is called sure, or fairly sure


@dataclass(frozen=True)
class Column:
    """A column of an answer's table: its name in the rows, its heading, and its unit ('' for none)."""

    name: str
    label: str
    unit: str = ""


@dataclass(frozen=True)
class Query:
    """A query that was run, with the values of its $names."""

    sql: str
    values: Row = field(default_factory=dict)


@dataclass(frozen=True)
class Item:
    """Something that a question names: kind is artist, track, album, genre or playlist.

    key: what the tables know it by; name: as it is shown; is_guess: read from a name written differently.
    """

    kind: str
    key: str
    name: str
    is_guess: bool = False


@dataclass(frozen=True)
class Range:
    """Local days, both included; None where it is open. words: how it is called, as 'in 2025'. '' for all days."""

    first: date | None = None
    last: date | None = None
    words: str = ""


@dataclass(frozen=True)
class Slots:
    """What a question says beside what it asks.

    ranges: up to two. hours: of the local day. parts: parts of day. weekdays: 1 Monday to 7 Sunday. by: plays or time.
    kind: artist, track, album or genre, where the question asks for such. count: how many are asked for.
    unit: minutes, hours or days, where the question names one. is_share: asks for a part of the whole.
    """

    ranges: tuple[Range, ...] = ()
    season: str = ""
    parts: tuple[str, ...] = ()
    weekdays: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    items: tuple[Item, ...] = ()
    by: str = ""
    kind: str = ""
    count: int = 0
    unit: str = ""
    words: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Context:
    """What was understood, so that the next question may leave it out."""

    intent: str
    slots: Slots


@dataclass(frozen=True)
class Reply:
    """An answer, or why there is none.

    value and unit: the figure that was asked for (time in minutes, shares 0-1). rows: by the names of `columns`.
    versions: table -> Delta version of what was read. play_count: plays that the figure rests on. coverage: share of
    the hours of the range that is known, 0-1; is_at_least: some are not. confidence: 0-1. notes: how the question was
    read. suggestions: what can be asked instead. from_model: a language model wrote the SQL.
    """

    question: str
    is_answered: bool
    sentence: str
    intent: str = ""
    value: Any = None
    unit: str = ""
    columns: tuple[Column, ...] = ()
    rows: tuple[Row, ...] = ()
    queries: tuple[Query, ...] = ()
    versions: dict[str, int] = field(default_factory=dict)
    play_count: int | None = None
    coverage: float | None = None
    is_at_least: bool = False
    confidence: float = 0.0
    notes: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    context: Context | None = None
    is_simulated: bool = False
    from_model: str = ""

    @property
    def sureness(self) -> str:
        """The confidence in words."""
        return "sure" if self.confidence >= HIGH else "fairly sure" if self.confidence >= MEDIUM else "not sure"

    def as_json(self) -> dict[str, Any]:
        """The reply as plain data, without the context."""
        return {
            "question": self.question,
            "is_answered": self.is_answered,
            "sentence": self.sentence,
            "intent": self.intent,
            "value": self.value,
            "unit": self.unit,
            "columns": [vars(column) for column in self.columns],
            "rows": list(self.rows),
            "queries": [vars(query) for query in self.queries],
            "versions": self.versions,
            "play_count": self.play_count,
            "coverage": self.coverage,
            "is_at_least": self.is_at_least,
            "confidence": round(self.confidence, 2),
            "sureness": self.sureness,
            "notes": list(self.notes),
            "suggestions": list(self.suggestions),
            "is_simulated": self.is_simulated,
            "from_model": self.from_model,
        }
