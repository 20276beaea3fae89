"""Text for pictures: which shipped font has each character, how wide it is drawn, and how it is made to fit."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from wrapped.bidi import levels, visual_order
from wrapped.names import clusters, direction

FONTS = Path(__file__).parent / "fonts"
ELLIPSIS = "…"
LEAST_SCALE = 0.78  # a name is drawn this much smaller, at most, before it is broken into lines

# U+2067 and U+2069 around a piece that runs to the left: so resvg turns round even one that is a bracket alone.
_TURNED, _TURNED_END = "\u2067", "\u2069"


@dataclass(frozen=True)
class Font:
    """A shipped font.

    boldness: the stroke, in parts of the size, that makes it as bold as the text around it. keeps_blanks: whether
    blanks and signs between its words are drawn with it.
    """

    family: str
    file: str
    weight: int
    boldness: float = 0.0
    keeps_blanks: bool = False


INTER, INTER_BOLD = Font("Inter", "Inter-Medium.ttf", 500), Font("Inter", "Inter-Bold.ttf", 700)
FRAUNCES = Font("Fraunces", "Fraunces-SemiBold.ttf", 600)
_FALLBACKS = (
    "Hebrew", "Arabic", "Devanagari", "Thai", "Armenian", "Georgian", "Bengali", "Tamil", "Telugu", "Gujarati",
    "Gurmukhi", "Kannada", "Malayalam", "Sinhala", "Khmer", "Lao", "Myanmar", "Ethiopic",
)  # fmt: skip
FALLBACKS = (
    INTER_BOLD,  # Fraunces knows Latin letters alone
    Font("Noto Sans KR", "NotoSansKR-Medium.ttf", 500, 0.012),
    Font("Droid Sans Fallback", "DroidSansFallback.ttf", 400, 0.03),
    *(Font(f"Noto Sans {script}", f"NotoSans{script}-Regular.ttf", 400, 0.022, True) for script in _FALLBACKS),
    Font("Noto Emoji", "NotoEmoji-Medium.ttf", 500),
    Font("Noto Sans Math", "NotoSansMath-Regular.ttf", 400, 0.02),
    Font("Noto Sans Symbols", "NotoSansSymbols-Regular.ttf", 400, 0.02),
    Font("Noto Sans Symbols2", "NotoSansSymbols2-Regular.ttf", 400, 0.02),
)
STYLES = {"text": INTER, "name": INTER_BOLD, "display": FRAUNCES}


@dataclass(frozen=True)
class Run:
    """A piece of a line in one font and direction, and where it begins, in pixels from the left of the line.

    Each is drawn by itself: resvg takes a text of several scripts for one of the first, and draws the others wrongly.
    """

    text: str
    font: Font
    left: float


@dataclass(frozen=True)
class Line:
    """One line as it is drawn: its runs from left to right, its size and its width, both in pixels."""

    text: str
    runs: tuple[Run, ...]
    size: float
    width: float


def fit(text: str, style: str, size: float, width: float, lines: int = 1) -> list[Line]:
    """The text in at most `lines` lines no wider than `width`: smaller, then broken, then cut with an ellipsis.

    Everything that is given is drawn where it fits in one line of LEAST_SCALE of the size, or in the lines. The style
    `text` is never made smaller: it is as small as can be read already.
    """
    whole, least, base = measure(text, style, size), 1.0 if style == "text" else LEAST_SCALE, direction(text)
    if whole <= width:
        return [_line(text, style, size, base)]
    if whole * least <= width:
        return [_line(text, style, size * width / whole, base)]
    small = size * least
    rest, found = text, []
    for number in range(lines):
        taken, rest = _take(rest, style, small, width, is_last=number == lines - 1)
        found.append(_line(taken, style, small, base))
        if not rest:
            break
    return found


def measure(text: str, style: str, size: float) -> float:
    """How wide the text is drawn, in pixels."""
    pieces = _pieces(text, STYLES[style], direction(text))
    return sum(_advance(piece.text, piece.font, piece.level) for piece in pieces) * size


def fallbacks_in(text: str) -> list[tuple[str, Font]]:
    """The pieces of a text that the fonts of the styles do not have, each with the font that has it."""
    pieces = _pieces(text, INTER, direction(text))
    return [(piece.text, piece.font) for piece in pieces if piece.font in FALLBACKS]


def font_files(fonts: set[Font]) -> list[str]:
    """The files of these fonts, and of the one that draws the box for what no font has."""
    return sorted(str(FONTS / font.file) for font in fonts | {INTER, INTER_BOLD})


def _line(text: str, style: str, size: float, base: str) -> Line:
    pieces = _pieces(text, STYLES[style], base)
    runs, left = [], 0.0
    for number in visual_order([piece.level for piece in pieces]):
        piece = pieces[number]
        word, is_turned = piece.text.strip(" "), piece.level % 2 == 1
        # Blanks at the ends of a piece are left out and only make room: resvg moves those of a turned one.
        blanks = len(piece.text) - len(piece.text.rstrip(" ") if is_turned else piece.text.lstrip(" "))
        room = _advance(" " * blanks, piece.font, piece.level) * size
        if word:
            drawn = f"{_TURNED}{word}{_TURNED_END}" if is_turned else word
            runs.append(Run(drawn, piece.font, round(left + room, 2)))
        left += _advance(piece.text, piece.font, piece.level) * size
    return Line(text, tuple(runs), round(size, 2), round(left, 2))


def _take(text: str, style: str, size: float, width: float, *, is_last: bool) -> tuple[str, str]:
    """The beginning of the text that fits in a line, and the rest of it; in the last line an ellipsis for the rest."""
    if measure(text, style, size) <= width:
        return text, ""
    units = clusters(text)
    end = ELLIPSIS if is_last else ""
    low, high = 1, len(units) - 1
    while low < high:  # the most that fits; a single one is taken in any case
        middle = (low + high + 1) // 2
        if measure("".join(units[:middle]).rstrip() + end, style, size) <= width:
            low = middle
        else:
            high = middle - 1
    if is_last:
        return "".join(units[:low]).rstrip() + end, ""
    at = _break_before(units, low)
    return "".join(units[:at]).rstrip(), "".join(units[at:]).lstrip()


def _break_before(units: list[str], most: int) -> int:
    """Where to break a line of at most so many units: at a blank if its second half has one, else anywhere."""
    for at in range(most, most // 2, -1):
        if units[at] == " " or units[at - 1] == " ":
            return at
    return most


@dataclass(frozen=True)
class _Piece:
    """Characters that follow each other in one font and at one level of direction, in the order of reading."""

    text: str
    font: Font
    level: int


@cache
def _pieces(text: str, style: Font, base: str) -> tuple[_Piece, ...]:
    """The text in pieces; a character is drawn in the style's font, else that before it, else the first that has it."""
    found: list[_Piece] = []
    at, of_chars = 0, levels(text, base)
    for unit in clusters(text):
        last, level = found[-1] if found else None, of_chars[at]
        font = _font_of(unit, style, last.font if last else style)
        if last and (last.font, last.level) == (font, level):
            found[-1] = _Piece(last.text + unit, font, level)
        else:
            found.append(_Piece(unit, font, level))
        at += len(unit)
    return tuple(found)


def _font_of(unit: str, base: Font, last: Font) -> Font:
    needed = {ord(char) for char in unit if unicodedata.category(char) != "Cf" and not 0xFE00 <= ord(char) <= 0xFE0F}
    if _is_emoji(unit) and needed <= _face(FALLBACKS_BY_FAMILY["Noto Emoji"])[1]:
        return FALLBACKS_BY_FAMILY["Noto Emoji"]
    is_between = last.keeps_blanks and not any(char.isalnum() for char in unit)
    order = (last, base, *FALLBACKS) if is_between else (base, last, *FALLBACKS)
    return next((font for font in order if needed <= _face(font)[1]), base)


def _is_emoji(unit: str) -> bool:
    return "\ufe0f" in unit or any(0x1F000 <= ord(char) <= 0x1FAFF for char in unit)


@cache
def _face(font: Font) -> tuple[Any, frozenset[int]]:
    """The font to measure with, and the characters that it has."""
    import uharfbuzz

    face = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(FONTS / font.file)))
    return uharfbuzz.Font(face), frozenset(face.unicodes)


@cache
def _advance(text: str, font: Font, level: int) -> float:
    """Width in parts of the size, shaped as it is drawn."""
    if not text:
        return 0.0
    import uharfbuzz

    shaper, _ = _face(font)
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if level % 2 else "ltr"
    uharfbuzz.shape(shaper, buffer)
    return float(sum(place.x_advance for place in buffer.glyph_positions)) / float(shaper.face.upem)


FALLBACKS_BY_FAMILY = {font.family: font for font in FALLBACKS}
