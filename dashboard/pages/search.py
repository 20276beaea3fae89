"""Search: an artist, album or track of the listener's history and library."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard.items import clipped
from dashboard.parts import Column, Fragment, Notice, Part, Table
from dashboard.view import View, page
from serving.search import search
from serving.store import Row

EACH = 12


@page("/search", "Search", has_range=False)
def search_page(view: View) -> Iterator[Part]:
    """An artist, album or track that you played or saved; a slip in the spelling does no harm."""
    query = view.parameters.get("q", "").strip()
    yield Fragment("find", file="search/box.html", data={"query": query[:200]})
    if not query:
        yield Notice("nothing", text="Write a name, or part of one, above. The key / leads here from every page.")
        return
    found = search(view.store, query, EACH)
    if not found.count:
        yield Notice(
            "nothing", text=f"Nothing that you played or saved is called “{clipped(query)}”.",
            step="See what you played most", href=view.link("/top"),
        )  # fmt: skip
        return
    if found.is_guess:
        yield Notice("guess", text=f"Nothing is called “{clipped(query)}”; these are spelt like it.")
    for name, rows in (("artists", found.artists), ("tracks", found.tracks), ("albums", found.albums)):
        if rows:
            yield _table(view, name, rows)


def _table(view: View, name: str, rows: list[Row]) -> Table:
    one = name.removesuffix("s")
    shown = [
        {**row, "href": view.link(f"/{one}", key=row["key"]), "state": "" if row["listened_ms"] else "never played"}
        for row in rows
    ]
    sub = "detail" if name != "artists" else "state"
    return Table(
        name, name.capitalize(), width="half", rows=shown,
        columns=(Column("name", one.capitalize(), link="href", sub=sub), Column("listened_ms", "Time", "hours"),
                 Column("play_count", "Plays", "count")),
        note=f"The first {EACH}; more words find less." if len(rows) == EACH else "",
    )  # fmt: skip
