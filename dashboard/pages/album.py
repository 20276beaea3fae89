"""Album: what was heard of one album."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard.items import (
    asked_item,
    belongs,
    by_hour,
    by_month,
    clipped,
    coverage_notice,
    later,
    latest,
    places,
    totals,
    tracks_table,
)
from dashboard.parts import Part
from dashboard.sounds import sounds
from dashboard.view import View, page
from serving.items import heard_of


def _name(view: View) -> str:
    return clipped(asked_item(view, "album").name)


@page("/album", "Album", title_of=_name)
def album(view: View) -> Iterator[Part]:
    """What you heard of this album, and when."""
    item = asked_item(view, "album")
    heard = heard_of(view.store, item, view.range.first, view.range.last)
    yield belongs(view, item)
    yield from coverage_notice(view)
    yield totals(view, item, heard.total)
    yield by_month(view, item)
    yield tracks_table(view, heard.recordings, sub="")
    yield by_hour(heard.hours)
    yield places(view, item)
    yield later(view, item, "sound")
    yield later(view, item, "plays")


@page("/album/sound", "How it sounds", has_range=False, has_basis=True, title_of=lambda view: f"Sound: {_name(view)}")
def album_sound(view: View) -> Iterator[Part]:
    """How its tracks sound."""
    yield from sounds(view, asked_item(view, "album"))


@page("/album/plays", "Latest plays", has_range=False, title_of=lambda view: f"Plays: {_name(view)}")
def album_plays(view: View) -> Iterator[Part]:
    """When you played it last."""
    yield latest(view, asked_item(view, "album"))
