"""Wrapped: a look back on a year, a month or a week, as cards and as a page, whenever one likes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dashboard.parts import Choice, Choices, Fragment, Notice, Part, Tile, Tiles
from dashboard.view import View, page
from dashboard.words import share, shown
from dashboard.wrapped_files import MadeWrapped, all_made
from wrapped import words


@page("/wrapped", "Wrapped", group="Yours", place=1, has_range=False, is_live=True)
def wrapped(view: View) -> Iterator[Part]:
    """A look back on a year, a month or a week: made when you like, kept as it was told."""
    made = all_made(view.settings, view.visitor.user_id)
    asked = view.parameters.get("show")
    chosen = next((one for one in made if one.slug == asked), made[0] if made else None)
    yield Fragment("make", "Make one", file="wrapped/make.html", data={"years": _years(view)})
    if chosen is None:
        yield Notice("nothing", text="None was made yet.", step="Choose a year above.")
        return
    yield Choices(
        "archive",
        title="Those that were made",
        choices=[Choice(_title(one), view.here(show=one.slug), one.slug == chosen.slug) for one in made],
    )
    data = chosen.data
    yield _figures(data)
    yield Fragment("cards", _title(chosen), file="wrapped/cards.html", data={"made": chosen, "cards": chosen.cards()})


def _years(view: View) -> list[int]:
    return list(range(view.store.as_of.year, view.first_day.year - 1, -1))


def _title(made: MadeWrapped) -> str:
    title: str = words.period_of(made.data).title
    return title


def _figures(data: dict[str, Any]) -> Tiles:
    totals, least = data["totals"], "at least " if data["known"]["is_at_least"] else ""
    known = words.known_days(data)
    profile = data["profile"]["profiles"][:1]
    tiles = [
        Tile("Minutes", f"{least}{words.minutes(totals['listened_ms'])}", words.comparison(data) or ""),
        Tile("Plays", shown(totals["play_count"], "count")),
        Tile("Artists", shown(totals["artist_count"], "count")),
        Tile("Tracks", shown(totals["recording_count"], "count")),
        Tile("Days with music", shown(totals["active_day_count"], "count"), known or ""),
        Tile("Your hour", words.hour_span(words.peak_hour(data))),
    ]
    if profile:
        tiles.append(Tile("Way of listening", profile[0]["name"], share(profile[0]["share"])))
    return Tiles("figures", tiles=tiles)
