"""The colours of cards and page: a lake after sunset, and by day on paper. Texts keep a contrast of 4.5 or more."""

from __future__ import annotations

SKY_TOP, SKY_LOW = "#0a1f35", "#17475c"
WATER_FAR, WATER_NEAR = "#1d5769", "#071c2c"
INK, MUTED = "#fff6e5", "#c3d6da"
CORAL, SUN, TEAL = "#ff9f7d", "#ffce73", "#7cd9cc"
REED = "#2c6577"  # tracks of bars, rings and lines: never text

# The page, by day and by night: what text stands on, the text, and what bars are drawn with.
DAY = {
    "ground": "#fbf6ea", "raised": "#f3ead6", "ink": "#14303d", "muted": "#4a626c", "accent": "#a23a12",
    "bar": "#1c8274", "track": "#e2d9c3",
}  # fmt: skip
NIGHT = {
    "ground": SKY_TOP, "raised": "#102c44", "ink": INK, "muted": MUTED, "accent": CORAL,
    "bar": TEAL, "track": "#23485c",
}  # fmt: skip


def mixed(one: str, other: str, part: float) -> str:
    """The colour that lies `part` (0-1) of the way from one to the other."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
