"""Track: what was heard of one recording, in all its editions."""

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
)
from dashboard.pages.later import later
from dashboard.parts import Notice, Part
from dashboard.view import View, page
from serving.items import heard_of


def _name(view: View) -> str:
    return clipped(asked_item(view, "track").name)


@page("/track", "Track", title_of=_name)
def track(view: View) -> Iterator[Part]:
    """What you heard of this track, in all its editions, and what is like it."""
    item = asked_item(view, "track")
    yield belongs(view, item)
    if item.whole is None:
        yield Notice("unplayed", text="You have not played it, as far as is known: it is in your library or playlists.")
    else:
        heard = heard_of(view.store, item, view.range.first, view.range.last)
        yield from coverage_notice(view)
        yield totals(view, item, heard.total)
        yield by_month(view, item)
        yield by_hour(heard.hours)
        yield places(view, item)
    yield from later(view, item)
