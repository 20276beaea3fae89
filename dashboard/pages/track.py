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
    later,
    latest,
    places,
    totals,
)
from dashboard.parts import Notice, Part, Tile, Tiles
from dashboard.sounds import alike, sounds
from dashboard.view import View, page
from dashboard.words import shown
from serving.items import Item, heard_of


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
    yield later(view, item, "sound")
    yield later(view, item, "alike")
    if item.whole is not None:
        yield later(view, item, "plays")


def editions(view: View, item: Item) -> Tiles:
    """What is known of the track itself, and where it stands in the library."""
    row = view.row("SELECT * FROM item_editions WHERE key = $key", key=item.key)
    found = row or {}
    tiles = [
        Tile("Length", shown(found.get("duration_ms"), "length")),
        Tile("Editions", shown(found.get("edition_count"), "count"), "counted as one recording"),
        Tile("Saved", shown(found["saved_at"].date(), "date") if found.get("saved_at") else "no", "in your library"),
        Tile("Playlists", shown(found.get("playlist_count"), "count"), "of yours hold it now"),
        Tile("Popularity", shown(found.get("popularity"), "rank"), "0–100, as a source gives it now"),
    ]
    return Tiles("about-it", "The track itself", tiles=tiles)


@page("/track/sound", "How it sounds", has_range=False, has_basis=True, title_of=lambda view: f"Sound: {_name(view)}")
def track_sound(view: View) -> Iterator[Part]:
    """How it sounds, and what is known of its editions."""
    item = asked_item(view, "track")
    yield from sounds(view, item)
    yield editions(view, item)


@page("/track/alike", "What is like it", has_range=False, has_basis=True, title_of=lambda view: f"Like {_name(view)}")
def track_alike(view: View) -> Iterator[Part]:
    """Which tracks of yours are like it."""
    yield from alike(view, asked_item(view, "track"))


@page("/track/plays", "Latest plays", has_range=False, title_of=lambda view: f"Plays: {_name(view)}")
def track_plays(view: View) -> Iterator[Part]:
    """When you played it last."""
    yield latest(view, asked_item(view, "track"))
