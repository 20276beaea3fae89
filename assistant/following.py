"""Follow-ups: "and in 2023?", "by time?", "what about the albums?" keep what was asked before and change a part."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from dateutil.relativedelta import relativedelta  # type: ignore[import-untyped]

from assistant.lexicon import FUNCTION, PLACEHOLDERS
from assistant.reading import Reading
from assistant.replies import Context, Range, Slots

_OPENERS = frozenset(["and", "about", "only", "then", "but", "now", "instead", "also"])
_KINDS = frozenset({"artist", "track", "album", "genre"})
_SHIFTS = {"year": relativedelta(years=1), "month": relativedelta(months=1), "week": relativedelta(weeks=1)}


def follow(reading: Reading, before: Context | None) -> Context | None:
    """What a question asks that only makes sense after another; None where it stands for itself."""
    if before is None:
        return None
    words = set(reading.words)
    shift = next((step for name, step in _SHIFTS.items() if {name, "before"} <= words), None)
    kept = words - FUNCTION - PLACEHOLDERS - _OPENERS - _KINDS
    if shift is not None:
        kept -= {"before", *_SHIFTS}
    opens = bool(reading.words) and reading.words[0] in _OPENERS | {"what"} and "about" in words | {"about"} & words
    is_short = len(reading.words) <= 6
    if kept or not is_short or not (words & PLACEHOLDERS or words & _KINDS or shift is not None):
        return None
    if words & {"when", "who", "how", "which"} and not opens:
        return None
    return Context(before.intent, _merged(reading.slots, before.slots, shift))


def _merged(new: Slots, old: Slots, shift: relativedelta | None) -> Slots:
    """The old slots, with each that the new question names put in its place."""
    ranges = new.ranges or old.ranges
    if ranges and ranges[0] == Range(words="of all days"):
        ranges = ()
    if shift is not None and old.ranges:
        ranges = (_shifted(old.ranges[0], shift),)
    limits = new if new.parts or new.weekdays or new.hours or new.season else old
    kinds = {item.kind for item in new.items}
    items = new.items if kinds else old.items
    return replace(
        old,
        ranges=ranges,
        season=limits.season,
        parts=limits.parts,
        weekdays=limits.weekdays,
        hours=limits.hours,
        items=items,
        by=new.by or old.by,
        kind=new.kind or old.kind,
        count=new.count or old.count,
        words=old.words | (new.words & _KINDS),
    )


def _shifted(span: Range, shift: relativedelta) -> Range:
    """The range as much earlier."""
    first = span.first - shift if span.first else None
    last = (span.last + timedelta(days=1)) - shift - timedelta(days=1) if span.last else None
    return Range(first, last, f"from {first or 'the beginning'} to {last or 'now'}")
