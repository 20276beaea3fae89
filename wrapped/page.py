"""The page: one HTML file with everything in it, for day and night, phone and desk, eyes and screen readers."""

from __future__ import annotations

from base64 import b64encode
from math import cos, pi, sin
from typing import Any

from markupsafe import Markup

from wrapped import palette, words
from wrapped.cards import first_facts
from wrapped.drawing import Canvas
from wrapped.lake import HOURS, draw_lake
from wrapped.names import clean, direction, language
from wrapped.page_fonts import embedded
from wrapped.templating import environment
from wrapped.typeset import FONTS

Data = dict[str, Any]

LAKE_WIDTH, LAKE_HEIGHT = 1600, 520
CLOCK_INNER, CLOCK_OUTER = 42, 92  # of a picture 200 wide


def page(data: Data, made_from: Data | None = None) -> str:
    """The page of a report. made_from: what is told of its making, label by label; nothing without it."""
    period = words.period_of(data)
    template = environment().get_template("page.html.j2")
    return template.render(
        data=data,
        made_from=made_from or {},
        period=period,
        title=period.title,
        lists=_lists(data),
        lake=_lake(data),
        clock=_clock(data["clock"]),
        peak=words.peak_hour(data),
        steps=_steps(data),
        facts=first_facts(data),
        notes=[note for note in words.notes(data) if note],
        name=name,
        words=words,
        palette=palette,
        name_fonts=embedded(_names(data)),
        font=b64encode((FONTS / "Fraunces-SemiBold.woff2").read_bytes()).decode(),
    )


def name(text: str | None) -> Markup:
    """A name, set apart in its own direction and language."""
    shown = clean(text)
    spoken = language(shown)
    lang = Markup(' lang="{}"').format(spoken) if spoken else Markup()
    return Markup('<bdi dir="{}"{}>{}</bdi>').format(direction(shown), lang, shown)


def _names(data: Data) -> list[str]:
    """Every name on the page."""
    rows = [*data["artists"], *data["tracks"], *data["albums"], *data["genres"]["top"]]
    keys = ("track_name", "artist_name", "album_name", "genre")
    listed = [clean(row[key]) for row in rows for key in keys if key in row]
    return [clean(data["user_id"]), *listed, *(text for fact in first_facts(data) for text in fact[1:])]


def _lists(data: Data) -> list[Data]:
    """The four lists: heading, and rows with name, detail, figure, part of the longest (0-1), and how it moved."""
    kinds = (
        ("Artists", data["artists"], "artist_name", None),
        ("Tracks", data["tracks"], "track_name", "artist_name"),
        ("Albums", data["albums"], "album_name", "artist_name"),
        ("Genres", data["genres"]["top"], "genre", None),
    )
    has_before = words.is_compared(data)
    lists = []
    for heading, rows, title, detail in kinds:
        most = max((row["listened_ms"] for row in rows), default=0)
        told = [
            {
                "name": name(row[title]),
                "detail": name(row[detail]) if detail else "",
                "figure": f"{words.minutes(row['listened_ms'])}{words.NB}min",
                "plays": words.counted(row["play_count"], "play") if "play_count" in row else "",
                "moved": words.moved(row) if has_before else "",
                "part": round(row["listened_ms"] / most, 4) if most else 0,
            }
            for row in rows
        ]
        lists.append({"heading": heading, "rows": told})
    return lists


def _lake(data: Data) -> Markup:
    """The lake as SVG; what it shows is told beside it."""
    canvas = Canvas(LAKE_WIDTH, LAKE_HEIGHT)
    draw_lake(canvas, data, 120, words.peak_hour(data))
    return Markup(canvas.svg())  # made of numbers alone


def _clock(clock: list[int]) -> list[Data]:
    """The bars of the clock, midnight at the top: hour, where each begins and ends, and its time."""
    most = max(clock) or 1
    bars = []
    for hour, value in enumerate(clock):
        angle = 2 * pi * (hour + 0.5) / HOURS - pi / 2
        end = CLOCK_INNER + (CLOCK_OUTER - CLOCK_INNER) * value / most
        bars.append(
            {
                "hour": hour,
                "x1": round(100 + CLOCK_INNER * cos(angle), 2),
                "y1": round(100 + CLOCK_INNER * sin(angle), 2),
                "x2": round(100 + end * cos(angle), 2),
                "y2": round(100 + end * sin(angle), 2),
                "minutes": words.minutes(value),
            }
        )
    return bars


def _steps(data: Data) -> list[Data]:
    """The days, months or years of the period: name, time, part of the fullest (0-1), and whether hours are missing."""
    unit = words.period_of(data).step
    most = max(step["listened_ms"] for step in data["steps"]) or 1
    return [
        {
            "name": words.step_name(step, unit),
            "short": words.step_name(step, unit, short=True),
            "minutes": words.minutes(step["listened_ms"]),
            "plays": step["play_count"],
            "part": round(step["listened_ms"] / most, 4),
            "is_best": step["listened_ms"] == most,
            "is_whole": step["is_known"] and not step["unseen_hour_count"],
            "is_known": step["is_known"],
        }
        for step in data["steps"]
    ]
