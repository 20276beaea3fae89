"""Names as they are written: cleaned of what cannot be drawn, their direction, and the language of their script."""

from __future__ import annotations

import unicodedata

LEFT_TO_RIGHT, RIGHT_TO_LEFT = "ltr", "rtl"
UNNAMED = "untitled"

_JOINERS = "\u200c\u200d"
# Languages are told by their script alone, and only where a script decides it: fonts and voices need no more.
_LANGUAGES = (
    ("ja", ((0x3040, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F))),
    ("ko", ((0xAC00, 0xD7A3), (0x1100, 0x11FF), (0x3130, 0x318F))),
    ("zh", ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x3FFFF))),
    ("he", ((0x0590, 0x05FF),)),
    ("ar", ((0x0600, 0x06FF), (0x0750, 0x077F), (0x08A0, 0x08FF), (0xFB50, 0xFDFF), (0xFE70, 0xFEFC))),
    ("th", ((0x0E00, 0x0E7F),)),
    ("el", ((0x0370, 0x03FF), (0x1F00, 0x1FFF))),
    ("hy", ((0x0530, 0x058F),)),
    ("ka", ((0x10A0, 0x10FF),)),
)


def clean(text: str | None) -> str:
    """One line that can be drawn: control characters and marks of direction become blanks or go, blanks are single.

    Blanks at which no line breaks stay what they are.
    """
    kept = []
    for char in text or "":
        category = unicodedata.category(char)
        if category in ("Cc", "Zl", "Zp", "Zs") and char != "\u00a0":
            kept.append(" ")
        elif category not in ("Cf", "Cs", "Cn") or char in _JOINERS or 0xE0020 <= ord(char) <= 0xE007F:
            kept.append(char)
    return " ".join(word for word in "".join(kept).split(" ") if word) or UNNAMED


def direction(text: str) -> str:
    """The direction of the first letter that has one (rule P2 of https://www.unicode.org/reports/tr9/)."""
    for char in text:
        found = unicodedata.bidirectional(char)
        if found in ("R", "AL"):
            return RIGHT_TO_LEFT
        if found == "L":
            return LEFT_TO_RIGHT
    return LEFT_TO_RIGHT


def language(text: str) -> str | None:
    """The language that the script of a name points to, as HTML writes it; None where the script decides nothing."""
    return next((name for name, spans in _LANGUAGES if any(_lies_in(char, spans) for char in text)), None)


def clusters(text: str) -> list[str]:
    """What a reader takes for one character: marks, joined emoji and flags stay together.

    A short form of https://www.unicode.org/reports/tr29/, enough to cut a name where nothing breaks.
    """
    found: list[str] = []
    for char in text:
        if found and (_continues(char) or found[-1][-1] in _JOINERS or _completes_flag(found[-1], char)):
            found[-1] += char
        else:
            found.append(char)
    return found


def _continues(char: str) -> bool:
    code = ord(char)
    is_mark = unicodedata.category(char) in ("Mn", "Mc", "Me")
    return is_mark or char in _JOINERS or 0x1F3FB <= code <= 0x1F3FF or 0xE0020 <= code <= 0xE007F


def _completes_flag(before: str, char: str) -> bool:
    return len(before) == 1 and all(0x1F1E6 <= ord(one) <= 0x1F1FF for one in (before, char))


def _lies_in(char: str, spans: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= ord(char) <= last for first, last in spans)
