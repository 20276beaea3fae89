"""Two ranges, two items or two limits beside each other; and what made a month different."""

from __future__ import annotations

from datetime import date, timedelta

from dateutil.relativedelta import relativedelta  # type: ignore[import-untyped]

from assistant.answers.totals import of_items, sums
from assistant.desk import PARTS, DeclinedError, Desk, Told, minutes_in_words, weekdays_in_words
from assistant.replies import Column, Row

_COLUMNS: tuple[Column, ...] = (
    Column("what", "What"),
    Column("minutes", "Minutes", "minutes"),
    Column("plays", "Plays", "plays"),
)


def _sides(desk: Desk) -> list[tuple[str, Desk]]:
    """The two things to compare, by name: ranges before items before limits."""
    slots = desk.slots
    if len(slots.ranges) == 2:
        return [(span.words, desk.with_slots(ranges=(span,))) for span in slots.ranges]
    if len(slots.items) == 2:
        return [(item.name, desk.with_slots(items=(item,))) for item in slots.items]
    if len(slots.parts) == 2 and not slots.weekdays:
        return [(PARTS[part], desk.with_slots(parts=(part,))) for part in slots.parts]
    if set(slots.weekdays) == set(range(1, 8)) and not slots.parts:
        return [(weekdays_in_words(days), desk.with_slots(weekdays=days)) for days in ((1, 2, 3, 4, 5), (6, 7))]
    if len(slots.weekdays) == 2 and not slots.parts:
        return [(weekdays_in_words((day,)), desk.with_slots(weekdays=(day,))) for day in slots.weekdays]
    raise DeclinedError(
        "I compare two of a kind: two ranges, two artists, or two parts of the day or week.",
        "Did I listen more in 2025 or 2026?",
    )


def compare(desk: Desk) -> Told:
    """Which of two has more listening time (items: more plays), and by how much; value: second minus first, minutes."""
    sides = _sides(desk)
    found: list[tuple[str, Row]] = [(name, sums(side)) for name, side in sides]
    by = "plays" if len(desk.slots.items) == 2 and desk.slots.by != "time" else "minutes"
    name = "play_count" if by == "plays" else "minutes"
    (first, one), (second, two) = found
    difference = two[name] - one[name]
    more, less = (second, first) if difference > 0 else (first, second)
    size = f"{abs(difference):,.0f} plays" if by == "plays" else minutes_in_words(abs(difference))
    scope = desk.with_slots(
        ranges=desk.slots.ranges if len(desk.slots.ranges) < 2 else (), parts=(), weekdays=()
    ).scope()
    rest = of_items(desk) if len(desk.slots.items) == 1 else ""
    told = f"You listened more {more} than {less}{rest}{scope}: {size} more." if difference else "Both are equal."
    rows = tuple({"what": what, "minutes": row["minutes"], "plays": round(row["play_count"])} for what, row in found)
    spans = [side.days[1] - side.days[0] for _, side in sides]
    notes: tuple[str, ...] = ()
    trust = 1.0
    if abs(spans[0] - spans[1]) > timedelta(days=3) and len(desk.slots.ranges) == 2:
        notes = (f"The history holds {spans[0].days + 1} days of the first and {spans[1].days + 1} of the second.",)
        trust = 0.9
    count = sum(row["n"] for _, row in found)
    return Told(told, difference, by, _COLUMNS, rows, count, notes, trust, is_ranged=len(desk.slots.ranges) < 2)


def why(desk: Desk) -> Told:
    """What a month or year owes its difference to: the parts that `period_comparisons` adds up."""
    if not desk.slots.ranges:
        raise DeclinedError("Why was when different? Name a month or a year.", "Why was March different?")
    span = desk.slots.ranges[0]
    kind = next(
        (k for k, s in (("month", {"months": 1}), ("year", {"years": 1})) if _is_whole(span.first, span.last, s)), ""
    )
    if not kind:
        raise DeclinedError("Whole months and years are compared with those before.", "Why was last month different?")
    words = desk.slots.words
    comparison = "year_before" if kind == "month" and {"year", "before"} <= words else "period_before"
    rows = desk.rows(
        "SELECT dimension, item, difference_ms / 60000.0 AS minutes, difference_play_count AS plays, sentence, reason, "
        "is_comparable, before_start, before_end, whole_difference_ms / 60000.0 AS whole, play_count, item_place, "
        "is_rest FROM period_comparisons WHERE basis = 'measured' AND period_kind = $kind AND period_start = $start "
        "AND comparison = $comparison AND dimension IN ('total', 'artist', 'part_of_day', 'genre_family', 'device') "
        "ORDER BY dimension, abs(difference_ms) DESC",
        kind=kind,
        start=span.first,
        comparison=comparison,
    )
    if not rows:
        raise DeclinedError(f"Nothing {span.words} is compared with the {kind} before.")
    total = next((row for row in rows if row["dimension"] == "total"), rows[0])
    if not total["is_comparable"]:
        raise DeclinedError(f"{span.words} cannot be compared with the {kind} before: {total['reason']}.".capitalize())
    parts = [row for row in rows if row["dimension"] != "total" and not row["is_rest"]]
    artists = [row for row in parts if row["dimension"] == "artist"][:3]
    named = ", ".join(f"{row['item']} ({row['minutes'] / 60:+.1f} h)" for row in artists)
    more = "more" if total["whole"] > 0 else "less"
    told = f"{minutes_in_words(abs(total['whole']))} {more} {span.words} than from {total['before_start']} to "
    told += f"{total['before_end']}, by artist mostly {named}."
    told += f" In short: {total['sentence']}." if total["sentence"] else ""
    columns: tuple[Column, ...] = (
        Column("dimension", "Split by"),
        Column("item", "What"),
        Column("minutes", "Difference", "minutes"),
    )
    columns += (Column("plays", "Difference", "plays"),)
    shown = tuple({name: row[name] for name in ("dimension", "item", "minutes", "plays")} for row in parts[:40])
    notes: tuple[str, ...] = ("Parts that add up, not causes: the plays do not say why a person listened.",)
    return Told(told[0].upper() + told[1:], total["whole"], "minutes", columns, shown, total["play_count"], notes)


def _is_whole(first: date | None, last: date | None, step: dict[str, int]) -> bool:
    """Whether a range is one whole calendar month or year."""
    if first is None or last is None or first.day != 1 or ("years" in step and first.month != 1):
        return False
    return bool(first + relativedelta(**step) - timedelta(days=1) == last)
