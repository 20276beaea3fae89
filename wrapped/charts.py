"""Lists, the clock and bars, drawn into a box of a card."""

from __future__ import annotations

from math import cos, pi, sin
from typing import Any

from wrapped import words
from wrapped.drawing import Canvas
from wrapped.frames import Box, Frame
from wrapped.palette import CORAL, INK, MUTED, REED, SUN, TEAL
from wrapped.typeset import measure

HOURS = 24


def draw_list(canvas: Canvas, frame: Frame, box: Box, rows: list[dict[str, Any]]) -> None:
    """Rows with place, name, a line below it, a figure on the right and a bar: name, detail, figure, part (0-1)."""
    has_details = any(row["detail"] for row in rows)
    shown = rows[: frame.row_count + (0 if has_details or frame.is_tall else 1)]
    pitch = min(box.height / max(len(shown), 3), 230.0)
    indent = 1.5 * frame.name
    figure_width = max(measure(row["figure"], "text", frame.small) for row in shown)
    for number, row in enumerate(shown):
        y = box.top + number * pitch + frame.name
        canvas.write(str(number + 1), box.left, y, size=frame.name, fill=CORAL, style="display")
        x, width = box.left + indent, box.width - indent
        name_lines = 2 if frame.is_tall else 1
        room = width - figure_width - 20
        canvas.write(row["figure"], box.left + box.width, y, size=frame.small, fill=SUN, anchor="end")
        end = canvas.write(row["name"], x, y, size=frame.name, fill=INK, style="name", width=room, lines=name_lines)
        if row["detail"]:
            end = canvas.write(
                row["detail"],
                x,
                end + (1.42 if frame.is_tall else 1.3) * frame.small,
                size=frame.small,
                fill=MUTED,
                width=width,
            )
        thickness = 0.13 * frame.name
        bar_y = end + (0.34 if frame.is_tall else 0.28) * frame.name
        canvas.add("rect", x=x, y=bar_y, width=width, height=thickness, rx=thickness / 2, fill=REED)
        length = max(thickness, width * row["part"])
        canvas.add("rect", x=x, y=bar_y, width=length, height=thickness, rx=thickness / 2, fill=TEAL)


def draw_clock(canvas: Canvas, frame: Frame, box: Box, clock: list[int], peak: int) -> None:
    """The day as rings on water: a bar an hour, midnight at the top, the hour of most listening in coral."""
    radius = min(box.width, box.height) / 2 - 1.45 * frame.small
    x, y = box.left + box.width / 2, box.top + box.height / 2
    inner = 0.42 * radius
    for part in (0.25, 0.5, 0.75, 1.0):
        ring = inner + (radius - inner) * part
        canvas.add("circle", cx=x, cy=y, r=ring, fill="none", stroke=REED, stroke_width=2.0)
    most = max(clock)
    bar = 2 * pi * inner / HOURS * 0.62
    for hour, value in enumerate(clock):
        angle = 2 * pi * (hour + 0.5) / HOURS - pi / 2
        end = inner + (radius - inner) * value / most
        canvas.add(
            "line",
            x1=x + inner * cos(angle), y1=y + inner * sin(angle), x2=x + end * cos(angle), y2=y + end * sin(angle),
            stroke=CORAL if hour == peak else TEAL, stroke_width=bar, stroke_linecap="round",
        )  # fmt: skip
    for hour in (0, 6, 12, 18):
        angle = 2 * pi * hour / HOURS - pi / 2
        away = radius + 0.75 * frame.small
        place = {0: "middle", 6: "start", 12: "middle", 18: "end"}[hour]
        shift = 0.0 if hour in (6, 18) else 0.35 * frame.small * (1 if hour == 12 else -0.3)
        label_x = x + (away - (0.45 * frame.small if hour in (6, 18) else 0)) * cos(angle)
        label_y = y + away * sin(angle) + (0.36 * frame.small if hour in (6, 18) else shift)
        canvas.write(str(hour), label_x, label_y, size=frame.small, fill=MUTED, anchor=place)
    canvas.write(
        f"{peak} h", x, y + 0.25 * frame.heading, size=0.75 * frame.heading, fill=INK, style="display", anchor="middle",
        width=1.5 * inner,
    )  # fmt: skip


def draw_bars(canvas: Canvas, frame: Frame, box: Box, steps: list[dict[str, Any]], unit: str) -> None:
    """A bar a step on the waterline, with its reflection below; the fullest in coral, pale where hours are missing."""
    most = max(step["listened_ms"] for step in steps)
    label_room = 1.6 * frame.small
    above = 0.66 * (box.height - label_room)
    line_y = box.top + above
    pitch = box.width / len(steps)
    bar = 0.62 * pitch
    every = max(1, round(len(steps) / (12 if frame.is_tall else 16)))
    if unit == "day" and len(steps) > 14:
        every = 7
    for number, step in enumerate(steps):
        height = above * step["listened_ms"] / most
        left = box.left + number * pitch + (pitch - bar) / 2
        colour = CORAL if step["listened_ms"] == most else TEAL
        strength = 0.55 if step["unseen_hour_count"] or not step["is_known"] else 1.0
        canvas.add(
            "rect", x=left, y=line_y - height, width=bar, height=height, rx=min(8.0, bar / 3), fill=colour,
            opacity=strength,
        )  # fmt: skip
        canvas.add(
            "rect", x=left, y=line_y + 6, width=bar, height=0.4 * height, rx=min(8.0, bar / 3), fill=colour,
            opacity=0.22,
        )  # fmt: skip
        if number % every == 0:
            name = words.step_name(step, unit, short=True)
            canvas.write(name, left + bar / 2, box.top + box.height, size=frame.small, fill=MUTED, anchor="middle")
    canvas.add("rect", x=box.left, y=line_y, width=box.width, height=3.0, fill=MUTED)
