"""What a Wrapped says, in plain words: about music and habits."""

from __future__ import annotations

from datetime import date
from typing import Any

from wrapped.periods import MONTHS, Period, day_range, day_text

Data = dict[str, Any]

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
NB = "\u00a0"  # a blank at which no line breaks: between a figure and its unit
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LEAST_COMPARED = 0.9  # of the hours of both periods
HARDLY = 0.05  # a difference below this is told as none
STEP_WORDS = {"day": "Day by day", "month": "Month by month", "year": "Year by year"}
WAVE_WORDS = {"day": "day", "week": "week", "month": "month", "year": "year"}
_KIND_WORDS = {"year": "the year before", "month": "the month before", "week": "the week before"}


def period_of(data: Data) -> Period:
    """The period that the data tell of."""
    period = data["period"]
    return Period(period["kind"], date.fromisoformat(period["from"]), date.fromisoformat(period["to"]))


def day_of(text: str) -> date:
    """A day as the data hold it."""
    return date.fromisoformat(text)


def minutes(ms: int) -> str:
    """`1,234`, to the nearest minute."""
    return f"{(ms + MINUTE_MS // 2) // MINUTE_MS:,}"


def counted(count: int, one: str, several: str = "") -> str:
    """`1 play`, `1,234 plays`."""
    return f"{count:,}{NB}{one if count == 1 else several or one + 's'}"


def time_and_plays(row: Data) -> str:
    """`1,234 min · 56 plays`."""
    return f"{minutes(row['listened_ms'])}{NB}min · {counted(row['play_count'], 'play')}"


def percent(share: float) -> str:
    """`12 %`; what is more than nothing and below one says so."""
    return f"under 1{NB}%" if 0 < share < 0.005 else f"{100 * share:.0f}{NB}%"


def known_days(data: Data) -> str:
    """Which days of the period are known, where that is not all of it; else empty."""
    known, period = data["known"], data["period"]
    first, last = day_of(known["from"]), day_of(known["to"])
    if known["from"] > period["from"] and known["to"] < period["to"]:
        return f"known from {day_range(first, last)}"
    with_year = period["from"][:4] != period["to"][:4]
    if known["to"] < period["to"]:
        return f"up to {day_text(last, with_year=with_year)}"
    return f"known from {day_text(first, with_year=with_year)} on" if known["from"] > period["from"] else ""


def unseen(data: Data) -> str:
    """Why totals read `at least`; empty where every hour was seen."""
    known = data["known"]
    parts = []
    if known["unknown_hour_count"]:
        parts.append(f"{counted(known['unknown_hour_count'], 'hour')} of which nothing is known")
    if known["gap_hour_count"]:
        parts.append(f"{counted(known['gap_hour_count'], 'hour')} in which plays may be missing")
    return f"At least so: there are {' and '.join(parts)}." if parts else ""


def is_compared(data: Data) -> bool:
    """Whether enough hours of the period and of the one before were observed to say what is more or less."""
    before, coverage = data["before"], data["known"]["coverage"] or 0
    return bool(before) and min(before["coverage"], coverage) >= LEAST_COMPARED


def comparison(data: Data) -> str:
    """The time against the period before: `12 % more than the year before`; empty where too little is known of that."""
    before = data["before"]
    if not is_compared(data) or not before["listened_ms"]:
        return ""
    share = data["totals"]["listened_ms"] / before["listened_ms"] - 1
    than = _KIND_WORDS.get(data["period"]["kind"], "the days before")
    if data["known"]["to"] < data["period"]["to"]:
        than = f"the same days of {than}"
    if abs(share) < HARDLY:
        return f"about as much as {than}"
    if share > 1:
        return f"{share + 1:.1f} times as much as {than}"
    return f"{percent(abs(share))} {'more' if share > 0 else 'less'} than {than}"


def not_compared(data: Data) -> str:
    """Why nothing is said of the period before, where something is known of it; else empty."""
    if not data["before"] or is_compared(data):
        return ""
    than = _KIND_WORDS.get(data["period"]["kind"], "the days before")
    return f"Not compared with {than}: too few hours of both were observed."


def excluded(data: Data) -> str:
    """What the listener's rules leave out; empty where they leave out nothing."""
    rules = data["excluded"]
    if not rules:
        return ""
    plays, names = sum(rule["excluded_count"] for rule in rules), ", ".join(rule["rule"] for rule in rules)
    hours = sum(rule["excluded_ms"] for rule in rules) / HOUR_MS
    return f"{counted(plays, 'play')} ({hours:,.0f} h) left out by your rules: {names}."


def estimated(data: Data) -> str:
    """Which part of the time is an estimate; empty where all of it was measured."""
    totals = data["totals"]
    rest = totals["listened_ms"] - totals["measured_ms"]
    share = rest / totals["listened_ms"] if totals["listened_ms"] else 0
    part = percent(share)
    return (
        f"{part[0].upper()}{part[1:]} of the time is estimated from track lengths, the rest was measured."
        if rest
        else ""
    )


def notes(data: Data) -> list[str]:
    """How far the figures can be trusted, a sentence each; empty ones where there is nothing to say."""
    return [unseen(data), estimated(data), excluded(data), not_compared(data)]


def hour_span(hour: int) -> str:
    """`21 to 22 h`."""
    return f"{hour} to {hour + 1}{NB}h"


def peak_hour(data: Data) -> int:
    """The hour of the local day with most listening time; the first of equals."""
    return int(max(range(24), key=lambda hour: (data["clock"][hour], -hour)))


def moved(row: Data) -> str:
    """How a place changed: `up 3`, `down 2`, `same place`, `not heard before`; told only where there is a before."""
    if row["place_before"] is None:
        return "new in the list"
    change = row["place_before"] - row["place"]
    return f"up {change}" if change > 0 else f"down {-change}" if change else "same place"


def step_name(step: Data, unit: str, *, short: bool = False) -> str:
    """What a step of the period is called: `May`, `3 May`, `2024`; short: `M`, `3`, `24`."""
    first = day_of(step["from"])
    if unit == "year":
        return f"{first.year % 100:02d}" if short else str(first.year)
    if unit == "month":
        return MONTHS[first.month][0] if short else MONTHS[first.month]
    return str(first.day) if short else day_text(first, with_year=False)


def best_step(data: Data) -> Data:
    """The day, month or year with most listening time; the first of equals."""
    best: Data = max(data["steps"], key=lambda step: step["listened_ms"])
    return best


def newness(data: Data) -> str:
    """What new means here."""
    is_first = data["discovery"]["newness"] == "first play ever"
    return "never played before" if is_first else "new to this archive, which may not go back far enough"


def title(data: Data) -> str:
    """`demo's 2026`; a simulated listener is called so."""
    return f"{data['user_id']}'s {period_of(data).title}"
