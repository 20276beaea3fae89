"""Where an answer is worked out: the store, what the question said, and a record of every query that was run."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from assistant.replies import Column, Item, Query, Row, Slots
from serving.declarations import served_declarations

if TYPE_CHECKING:
    from serving.store import Store

_VIEWS = {"kept_plays": "listening_with_features", "artist_names": "listening_with_features"}
_VIEWS["album_names"] = "listening_with_features"
PARTS = {"night": "at night (0-5 h)", "morning": "in the morning (5-12 h)", "afternoon": "in the afternoon (12-17 h)"}
PARTS |= {"evening": "in the evening (17-22 h)", "late": "late (22-24 h)"}
_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_SEASONS_SOUTH = "SELECT season FROM kept_plays WHERE month(played_date) = $month LIMIT 1"


class DeclinedError(Exception):
    """The tables do not say it: why, and what can be asked instead."""

    def __init__(self, reason: str, *suggestions: str) -> None:
        """Keep both."""
        super().__init__(reason)
        self.reason = reason
        self.suggestions = suggestions


@dataclass(frozen=True)
class Told:
    """What an answer says: see `Reply` for the fields. trust: factor for the confidence, 0-1."""

    sentence: str
    value: Any = None
    unit: str = ""
    columns: tuple[Column, ...] = ()
    rows: tuple[Row, ...] = ()
    play_count: int | None = None
    notes: tuple[str, ...] = ()
    trust: float = 1.0
    is_ranged: bool = True


@dataclass(frozen=True)
class History:
    """The local days of the plays, and whether seasons are those of the southern half of the world."""

    first: date
    last: date
    is_south: bool


_histories: WeakKeyDictionary[Store, History | None] = WeakKeyDictionary()


def history_of(store: Store) -> History | None:
    """The span of a listener's plays; None where there are none. Read once a store."""
    if store not in _histories:
        row = store.row("SELECT min(played_date) AS first, max(played_date) AS last FROM kept_plays")
        if row is None or row["first"] is None:
            _histories[store] = None
        else:
            warm = store.row("SELECT season FROM kept_plays WHERE month(played_date) IN (12, 1, 2) LIMIT 1")
            is_south = warm is not None and warm["season"] == "summer"
            _histories[store] = History(row["first"], row["last"], is_south)
    return _histories[store]


@dataclass
class Desk:
    """One question's work."""

    store: Store
    slots: Slots
    history: History
    queries: list[Query] = field(default_factory=list)

    def rows(self, sql: str, **values: object) -> list[Row]:
        """Run a query, remember it, and give its rows."""
        used = {name: value for name, value in values.items() if re.search(rf"\${name}\b", sql)}
        plain = re.sub(r"\s+", " ", sql).strip()
        self.queries.append(Query(plain, used))
        return self.store.rows(plain, **used)

    def row(self, sql: str, **values: object) -> Row:
        """The first row of a query. Raises DeclinedError where there is none."""
        found = self.rows(sql, **values)
        if not found:
            raise DeclinedError("Your tables hold nothing about that yet.")
        return found[0]

    @property
    def today(self) -> date:
        """The day that the tables were built for."""
        return self.store.as_of

    def with_slots(self, **changes: Any) -> Desk:
        """A desk for other slots that writes to the same record."""
        return Desk(self.store, replace(self.slots, **changes), self.history, self.queries)

    @cached_property
    def days(self) -> tuple[date, date]:
        """First and last local day asked about, within the history. Raises DeclinedError for days that it has not."""
        span = self.slots.ranges[0] if self.slots.ranges else None
        first = span.first if span and span.first else self.history.first
        last = span.last if span and span.last else max(self.today, self.history.last)
        if last < self.history.first:
            raise DeclinedError(
                f"Your history begins on {self.history.first}; of the time before that nothing is known."
            )
        if first > self.today:
            raise DeclinedError(
                "That day is still to come.", f"How much will I listen on {self.today + timedelta(days=1)}?"
            )
        return max(first, self.history.first), min(last, max(self.today, self.history.last))

    @property
    def begins_early(self) -> bool:
        """Whether the range that was asked about begins before the history."""
        return bool(
            self.slots.ranges and self.slots.ranges[0].first and self.slots.ranges[0].first < self.history.first
        )

    def item(self, *kinds: str) -> Item | None:
        """The first item of these kinds that the question names."""
        return next((item for item in self.slots.items if not kinds or item.kind in kinds), None)

    def plays(self) -> tuple[str, Row]:
        """A FROM clause with the plays that the question is about (weight: the part of a play), and its values."""
        first, last = self.days
        limits = ["played_date BETWEEN $first AND $last"]
        values: Row = {"first": first, "last": last}
        slots = self.slots
        for name, column, told in (
            ("parts", "part_of_day", slots.parts),
            ("weekdays", "day_of_week", slots.weekdays),
            ("hours", "hour_of_day", slots.hours),
        ):
            if told:
                limits.append(f"{column} IN (SELECT unnest(${name}))")
                values[name] = list(told)
        if slots.season:
            limits.append("season = $season")
            values["season"] = slots.season
        weight, join = "1 AS weight", ""
        for item in slots.items:
            if item.kind == "artist":
                limits.append("artist_name IN (SELECT artist_name FROM artist_names WHERE artist_key = $artist)")
            elif item.kind == "track":
                limits.append("recording_id = $track")
            elif item.kind == "album":
                limits.append(
                    "(album_name, artist_name) IN (SELECT (album_name, artist_name) FROM album_names "
                    "WHERE album_key = $album)"
                )
            elif item.kind == "genre":
                join = " JOIN (SELECT track_id, genre_weight FROM track_genres WHERE genre = $genre) USING (track_id)"
                weight = "genre_weight AS weight"
            values[item.kind] = item.key
        return f"(SELECT *, {weight} FROM kept_plays{join} WHERE {' AND '.join(limits)}) AS asked", values

    def scope(self) -> str:
        """What the question is limited to, in words with a blank before them; '' for everything."""
        slots = self.slots
        words = [span.words for span in slots.ranges[:1] if span.words != "of all days"]
        if slots.season:
            words.append(f"on {slots.season} days")
        if slots.parts:
            words.append(" or ".join(PARTS[part] for part in slots.parts))
        if slots.hours:
            words.append("in hour " + ", ".join(str(hour) for hour in slots.hours))
        if slots.weekdays:
            words.append(weekdays_in_words(slots.weekdays))
        return "".join(f" {word}" for word in words)

    def coverage(self) -> float | None:
        """Share of the hours of the range that is known, 0-1."""
        first, last = self.days
        found = self.store.row(
            "SELECT avg(is_covered::INT) AS known FROM coverage WHERE played_date BETWEEN $first AND $last",
            first=first,
            last=last,
        )
        return found["known"] if found else None

    def versions(self) -> dict[str, int]:
        """The tables that the queries read, with their Delta versions."""
        words = {word for query in self.queries for word in re.findall(r"\w+", query.sql)}
        words |= {_VIEWS[word] for word in words & _VIEWS.keys()}
        read = words & served_declarations().keys()
        return {name: self.store.versions[name] for name in sorted(read) if name in self.store.versions}


def weekdays_in_words(weekdays: tuple[int, ...]) -> str:
    """Days of the week as they are said."""
    if set(weekdays) == {6, 7}:
        return "on weekends"
    if set(weekdays) == {1, 2, 3, 4, 5}:
        return "on weekdays"
    return "on " + " and ".join(_DAYS[day - 1] for day in weekdays)


def minutes_in_words(minutes: float) -> str:
    """A length of time: seconds where it is short, hours where it is long."""
    if minutes >= 120:
        return f"{minutes:,.0f} minutes ({minutes / 60:,.1f} hours)"
    return f"{minutes:,.1f} minutes" if minutes >= 10 else f"{int(minutes)} min {round(minutes % 1 * 60):02d} s"


def percent(share: float) -> str:
    """A share, 0-1, as a percentage."""
    return f"{share * 100:.1f} %"


def times(count: float) -> str:
    """How often, in words."""
    return "once" if count == 1 else f"{count:,.0f} times"
