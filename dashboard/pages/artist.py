"""Artist: what was heard of one artist."""

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
from dashboard.parts import Column, Part, Table
from dashboard.view import View, page
from serving.items import heard_of
from serving.store import Row


def _name(view: View) -> str:
    return clipped(asked_item(view, "artist").name)


@page("/artist", "Artist", title_of=_name)
def artist(view: View) -> Iterator[Part]:
    """What you heard of this artist, when, and what is like it."""
    item = asked_item(view, "artist")
    heard = heard_of(view.store, item, view.range.first, view.range.last)
    yield belongs(view, item)
    yield from coverage_notice(view)
    yield totals(view, item, heard.total)
    yield by_month(view, item)
    yield tracks_table(view, heard.recordings)
    yield albums_table(view, heard.albums)
    yield by_hour(heard.hours)
    yield places(view, item)
    yield from later(view, item)


def albums_table(view: View, found: list[Row]) -> Table:
    """The albums of the artist in the range."""
    rows = [{**row, "href": view.link("/album", key=row["key"])} for row in found]
    return Table(
        "albums", "Albums", width="half", rows=rows, empty="No source names an album.",
        columns=(Column("name", "Album", link="href"), Column("listened_ms", "Time", "hours", bar=True),
                 Column("play_count", "Plays", "count")),
    )  # fmt: skip
