"""Genre: what was heard of one genre."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard.items import asked_item, by_hour, by_month, clipped, coverage_notice, places, totals, tracks_table
from dashboard.pages.later import later
from dashboard.parts import Column, Part, Table
from dashboard.view import View, page
from serving.items import heard_of
from serving.store import Row


def _name(view: View) -> str:
    return clipped(asked_item(view, "genre").name).capitalize()


@page("/genre", "Genre", title_of=_name)
def genre(view: View) -> Iterator[Part]:
    """What you heard of this genre; a track of several genres counts for each by its part."""
    item = asked_item(view, "genre")
    heard = heard_of(view.store, item, view.range.first, view.range.last)
    yield from coverage_notice(view)
    yield totals(view, item, heard.total)
    yield by_month(view, item)
    yield tracks_table(view, heard.recordings, sub="artist_name")
    yield artists_table(view, heard.artists)
    yield by_hour(heard.hours)
    yield places(view, item)
    yield from later(view, item)


def artists_table(view: View, found: list[Row]) -> Table:
    """The artists of the genre in the range."""
    rows = [{**row, "href": view.link("/artist", key=row["key"])} for row in found[:20]]
    return Table(
        "artists", "Artists", width="half", rows=rows,
        columns=(Column("name", "Artist", link="href"), Column("listened_ms", "Time", "hours", bar=True),
                 Column("play_count", "Plays", "count")),
        note=f"The first 20 of {len(found):,}." if len(found) > 20 else "",
    )  # fmt: skip
