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
    places,
    totals,
    tracks_table,
)
from dashboard.pages.later import later
from dashboard.parts import Part
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
    yield from later(view, item)
