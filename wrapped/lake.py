"""The lake at the foot of every card: each wave is a month (or a day), midnight to midnight, as high as its time."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from wrapped.drawing import Canvas, smooth
from wrapped.palette import CORAL, SKY_LOW, SKY_TOP, SUN, TEAL, WATER_FAR, WATER_NEAR, mixed

HOURS = 24
SHADES = 48


def heights(clock: list[int], most: int) -> list[float]:
    """A wave's heights, 0-1, at midnight, in the middle of each hour, and at midnight again."""
    parts = [value / most if most else 0.0 for value in clock]
    midnight = (parts[0] + parts[-1]) / 2
    return [midnight, *parts, midnight]


def draw_sky(canvas: Canvas) -> None:
    """The sky in bands, as many as there are shades: a gradient of SVG would take most of the time of a picture."""
    edges = [round(canvas.height * number / SHADES) for number in range(SHADES + 1)]
    for number, (top, bottom) in enumerate(pairwise(edges)):
        colour = mixed(SKY_TOP, SKY_LOW, number / (SHADES - 1))
        canvas.add("rect", x=0, y=top, width=canvas.width, height=bottom - top, fill=colour)


def draw_lake(canvas: Canvas, data: dict[str, Any], top: float, peak_hour: int) -> None:
    """Draw the lake from `top` down to the foot of the picture, with the sun over the hour of most listening."""
    waves = [wave["hours"] for wave in data["waves"]["waves"]]
    most = max(max(wave) for wave in waves)
    width, depth = canvas.width, canvas.height - top
    spacing = depth / (len(waves) + 1.2)
    swell = min(2.6 * spacing, 0.34 * depth)
    sun_x, radius = width * (peak_hour + 0.5) / HOURS, min(0.22 * depth, 0.13 * width)
    canvas.add("circle", cx=sun_x, cy=top + 0.1 * depth, r=radius, fill="url(#sun)")
    places = [0.0, *((hour + 0.5) / HOURS for hour in range(HOURS)), 1.0]
    for number, wave in enumerate(waves):
        level = top + swell + (depth - swell) * number / len(waves)
        curve = smooth(
            [(width * at, level - swell * high) for at, high in zip(places, heights(wave, most), strict=True)]
        )
        part = number / max(1, len(waves) - 1)
        colour = mixed(WATER_FAR, WATER_NEAR, part)
        canvas.add("path", d=f"{curve} L{width} {canvas.height} L0 {canvas.height} Z", fill=colour)
        canvas.add("path", d=curve, fill="none", stroke=TEAL, stroke_width=2.5, stroke_opacity=0.75 - 0.5 * part)
    _draw_glitter(canvas, sun_x, top + swell + 0.3 * spacing, 0.62 * (depth - swell), radius)


def _draw_glitter(canvas: Canvas, x: float, top: float, depth: float, radius: float) -> None:
    """The sun on the water: short lines that grow fewer and paler towards the shore."""
    count = 7
    for number in range(count):
        part = number / count
        width, shift = radius * (1.5 - 1.1 * part), radius * 0.22 * (-1) ** number
        canvas.add(
            "rect", x=x - width / 2 + shift, y=top + depth * part, width=width, height=4.0, rx=2.0,
            fill=SUN if number % 2 else CORAL, opacity=0.5 - 0.4 * part,
        )  # fmt: skip
