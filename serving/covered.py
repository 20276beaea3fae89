"""How much of a range of days was observed or imported: below all, totals of it read "at least"."""

from __future__ import annotations

from datetime import date
from threading import Lock

from cachetools import LRUCache, cached

from serving.store import Store

KEPT = 256  # ranges whose share is kept


@cached(LRUCache(KEPT), key=lambda store, first, last: (store.file, first, last), lock=Lock())
def covered_share(store: Store, first: date, last: date) -> float | None:
    """Share of the known history's hours in these local days that are covered, 0-1; null where it has none there."""
    row = store.row(
        "SELECT avg(is_covered::INT) AS share FROM coverage WHERE played_date BETWEEN $first AND $last",
        first=first, last=last,
    )  # fmt: skip
    return row["share"] if row else None


def open_gap_count(store: Store, since: date) -> int:
    """Suspected gaps from this day on that no import has closed."""
    row = store.row(
        "SELECT count(*) AS gaps FROM coverage_gaps WHERE NOT is_closed AND gap_end_at >= $since", since=since
    )
    return int(row["gaps"]) if row else 0
