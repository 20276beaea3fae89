"""How values are written."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

MS_PER_HOUR, MS_PER_MINUTE = 3_600_000, 60_000
NOTHING = "–"


def shown(value: Any, kind: str = "text") -> str:
    """A value as people read it; kind is one of `parts.Kind`. Times are given in milliseconds, shares as 0-1."""
    if value is None or value == "":
        return NOTHING
    if kind == "count":
        return f"{value:,.0f}"
    if kind == "rank":
        return f"{value:.0f}"
    if kind == "hours":
        return hours(value)
    if kind == "minutes":
        return f"{value / MS_PER_MINUTE:,.0f} min"
    if kind == "length":
        return length(value)
    if kind == "share":
        return share(value)
    if kind == "number":
        return f"{value:,.2f}"
    if kind == "figure":
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    if kind == "effect":
        return f"{value:+.3f}".replace("-", "−")
    if kind == "change":
        return change(value)
    if kind == "hour":
        return f"{int(value):02d}:00"
    if kind == "date" and isinstance(value, date):
        return f"{value.day} {value:%b %Y}"
    if kind == "month" and isinstance(value, date):
        return f"{value:%b %Y}"
    if kind == "time" and isinstance(value, datetime):
        return f"{value.day} {value:%b %Y, %H:%M}"
    return str(value)


def hours(ms: float) -> str:
    """A time of listening: hours from one hour on, else minutes."""
    if ms < MS_PER_HOUR:
        return f"{ms / MS_PER_MINUTE:,.0f} min"
    value = ms / MS_PER_HOUR
    return f"{value:,.0f} h" if value >= 100 else f"{value:,.1f} h"


def length(ms: float) -> str:
    """The length of a track, m:ss."""
    seconds = round(ms / 1000)
    return f"{seconds // 60}:{seconds % 60:02d}"


def share(value: float) -> str:
    """A share as per cent; small ones with a digit more."""
    per_cent = 100 * value
    return f"{per_cent:.1f} %" if 0 < abs(per_cent) < 10 else f"{per_cent:.0f} %"


def change(value: float) -> str:
    """A change of rank or count, with its sign."""
    return "±0" if value == 0 else f"{value:+,.0f}"
