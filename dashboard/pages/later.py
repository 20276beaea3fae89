"""Parts of the pages of one thing that have addresses of their own: its page fetches them as one scrolls."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard.items import LATER, Later, asked_item, clipped, latest
from dashboard.parts import Part
from dashboard.sounds import alike, sounds
from dashboard.view import View, page
from serving.items import Subject

MAKERS = {"sound": sounds, "alike": alike, "plays": latest}


def _declare(subject: Subject, what: str, one: Later) -> None:
    def make(view: View) -> Iterator[Part]:
        yield from MAKERS[what](view, asked_item(view, subject))

    def title(view: View) -> str:
        return f"{clipped(asked_item(view, subject).name)}: {one.name.lower()}"

    make.__doc__ = one.lead
    page(f"/{subject}/{what}", one.name, has_range=False, has_basis=one.has_basis, title_of=title)(make)


for _what, _one in LATER.items():
    for _subject in _one.subjects:
        _declare(_subject, _what, _one)
