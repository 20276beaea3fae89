"""Top: what was played most."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard.parts import Choice, Choices, Column, Part, Table
from dashboard.ranges import Range, before
from dashboard.view import View, page
from serving.tops import SUBJECTS, By, top_of

SHORT, LONG = 10, 100


@page("/top", "Top", group="Listening", place=1)
def top(view: View) -> Iterator[Part]:
    """What you played most, by time or by plays, and how places changed."""
    by: By = "plays" if view.parameters.get("by") == "plays" else "time"
    asked = view.parameters.get("what", "")
    names = [asked] if asked in SUBJECTS else list(SUBJECTS)
    earlier = view.compare or (None if view.range.kind == "all_time" else before(view.range))
    beside = f"Places are compared with {earlier.label}." if earlier else ""
    yield Choices(
        "by",
        title="Order",
        choices=[
            Choice("By time", view.here(by=None), by == "time"),
            Choice("By plays", view.here(by="plays"), by == "plays"),
            Choice("All lists", view.here(what=None), len(names) > 1),
            *(Choice(f"{name.capitalize()} alone", view.here(what=name), names == [name]) for name in SUBJECTS),
        ],
        note=beside,
    )
    for name in names:
        limit = LONG if len(names) == 1 else SHORT
        yield top_table(view, name, by, limit, earlier)


def top_table(view: View, name: str, by: By, limit: int, earlier: Range | None) -> Table:
    """A top list of the view's range."""
    days = (view.range.first, view.range.last)
    rows = top_of(view.store, name, days, (earlier.first, earlier.last) if earlier else None, by=by, limit=limit)
    one = name.removesuffix("s")
    for row in rows:
        row["href"] = view.link(f"/{one}", key=row["key"])
    sub = "detail" if name in ("tracks", "albums") else ""
    columns = [Column("rank", "", "rank"), Column("name", one.capitalize(), link="href", sub=sub)]
    columns.append(Column("listened_ms", "Time", "hours", bar=by == "time"))
    columns.append(Column("play_count", "Plays", "count", bar=by == "plays"))
    if earlier:
        columns.append(Column("rank_change", "Change", "change"))
    return Table(name, name.capitalize(), width="half", columns=columns, rows=rows)
