"""Parts of the pages of one thing that have addresses of their own: its page fetches them as one scrolls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dashboard.items import asked_item, clipped, latest
from dashboard.parts import Fragment, Part
from dashboard.sounds import alike, sounds
from dashboard.view import View, page
from serving.items import Item, Subject


@dataclass(frozen=True)
class Later:
    """A part of the pages of these subjects that has an address of its own; has_basis: see Page."""

    name: str
    lead: str
    make: Callable[[View, Item], Iterator[Part]]
    subjects: tuple[Subject, ...]
    has_basis: bool = True


LATER = {
    "sound": Later(
        "How it sounds", "Its mean features, genres and moods.", sounds, ("artist", "album", "track", "genre")
    ),
    "alike": Later("What is like it", "By its sound, and by the sessions it is heard in.", alike, ("artist", "track")),
    "plays": Later("Latest plays", "When you played it last.", latest, ("artist", "album", "track"), has_basis=False),
}


def later(view: View, item: Item) -> Iterator[Fragment]:
    """The places on an item's page for parts of their own: fetched when they come into view, else behind a link."""
    for what, one in LATER.items():
        if item.subject in one.subjects and (what != "plays" or item.whole is not None):
            href = view.link(f"/{item.subject}/{what}", key=item.key)
            yield Fragment(f"{what}-later", one.name, file="parts/later.html", data={"href": href})


def _declare(subject: Subject, what: str, one: Later) -> None:
    def make(view: View) -> Iterator[Part]:
        yield from one.make(view, asked_item(view, subject))

    def title(view: View) -> str:
        return f"{clipped(asked_item(view, subject).name)}: {one.name.lower()}"

    make.__doc__ = one.lead
    page(f"/{subject}/{what}", one.name, has_range=False, has_basis=one.has_basis, title_of=title)(make)


for _what, _one in LATER.items():
    for _subject in _one.subjects:
        _declare(_subject, _what, _one)
