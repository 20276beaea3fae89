"""Fonts inside the page: of the shipped ones, just the letters that its names need and ordinary fonts lack."""

from __future__ import annotations

from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable

from wrapped.typeset import FONTS, Font, fallbacks_in

FAMILY = "Names"


def embedded(names: Iterable[str]) -> list[dict[str, str]]:
    """The fonts to put into a page of these names: family and data, base64 of a TrueType file."""
    wanted: dict[Font, set[str]] = defaultdict(set)
    for name in names:
        for text, font in fallbacks_in(name):
            wanted[font].update(text)
    ordered = sorted(wanted.items(), key=lambda item: item[0].family)
    return [
        {"family": f"{FAMILY} {number}", "data": _subset(font, letters)}
        for number, (font, letters) in enumerate(ordered, start=1)
    ]


def _subset(font: Font, letters: set[str]) -> str:
    import uharfbuzz

    face = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(FONTS / font.file)))
    wish = uharfbuzz.SubsetInput()
    wish.unicode_set.update({ord(letter) for letter in letters})
    return b64encode(uharfbuzz.subset(face, wish).blob.data).decode()
