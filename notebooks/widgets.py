"""What a reader chooses in a notebook, and parts of its pages; for marimo."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import marimo as mo

from config.errors import LakesongError
from notebooks.lake import FIRST_SHOWN, Period, listeners, periods
from notebooks.wording import in_cell, origin
from serving.store import Row, Store

NOTHING_HERE = "Nothing is known here yet."


def listener_picker() -> Any:
    """Whose music is looked at. Where there is no lake, the notebook stops and says what to do."""
    try:
        found = listeners()
    except LakesongError as error:
        mo.stop(True, mo.callout(f"{error}", kind="warn"))
    return mo.ui.dropdown(options=found, value=found[0], label="Listener")


def period_picker(store: Store, kinds: Collection[str] = (), first_shown: str = FIRST_SHOWN) -> Any:
    """Which range is looked at: of these kinds, all unless given, and at first the newest of the kind first_shown."""
    found = [period for period in periods(store) if not kinds or period.kind in kinds]
    if not found:
        mo.stop(
            True, mo.callout(mo.md("Nothing was heard yet: `lakesong import PATH` brings in history."), kind="warn")
        )
    options = {period.label: period for period in found}
    first = next((label for label, period in options.items() if period.kind == first_shown), next(iter(options)))
    return mo.ui.dropdown(options=options, value=first, label="Range")


def basis_picker() -> Any:
    """Which audio features count."""
    options = {"measured only": "measured", "with simulated features": "all"}
    return mo.ui.dropdown(options=options, value="measured only", label="Audio features")


def opening(store: Store, basis: str) -> Any:
    """The line under a title: whose numbers these are; marked where features are simulated."""
    return mo.callout(mo.md(origin(store, basis)), kind="warn" if basis == "all" else "neutral")


def range_words(period: Period) -> str:
    """The range with its days, as a title says it."""
    if period.kind == "all_time":
        return f"all time, up to {period.end:%Y-%m-%d}"
    return f"{period.label}, {period.start:%Y-%m-%d} to {period.end:%Y-%m-%d}"


def charted(rows: list[Row], chart: Callable[..., Any], *columns: Any, **more: Any) -> Any:
    """A chart of the rows, with the table behind it, which can be sorted, searched and downloaded."""
    if not rows:
        return mo.md(f"*{NOTHING_HERE}*")
    return mo.vstack([chart(rows, *columns, **more), mo.accordion({"The numbers": listed(rows)})])


def listed(rows: list[Row]) -> Any:
    """Rows as a table, numbers to three digits behind the point; words where there are none."""
    if not rows:
        return mo.md(f"*{NOTHING_HERE}*")
    shown = [{name: in_cell(value) for name, value in row.items()} for row in rows]
    return mo.ui.table(shown, selection=None, page_size=10)
