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

# What text stands on what, for the test of contrast.
TEXT_ON = (
    *((text, ground) for text in (INK, MUTED, CORAL, SUN, TEAL) for ground in (SKY_TOP, SKY_LOW, WATER_NEAR)),
    *(
        (p[text], p[ground])
        for p in (DAY, NIGHT)
        for text in ("ink", "muted", "accent")
        for ground in ("ground", "raised")
    ),
)

LEAST_CONTRAST = 4.5  # https://www.w3.org/TR/WCAG22/#contrast-minimum


def mixed(one: str, other: str, part: float) -> str:
    """The colour that lies `part` (0-1) of the way from one to the other."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    parts = (value / 255 for value in _channels(colour))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
