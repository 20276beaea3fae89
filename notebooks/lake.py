"""What a notebook reads: the file of one listener, through `serving`, and the ranges that its tables tell of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from config.errors import InputError
from config.settings import load_settings
from serving.making import listener_ids, make_store
from serving.store import Row, Store

BASES = ("measured", "all")
LAST_DAYS = ("last_7_days", "last_28_days", "last_90_days", "last_365_days")
FIRST_SHOWN = "last_365_days"


@dataclass(frozen=True)
class Period:
    """A standard range of docs/analytics.md: its kind, first and last local day. all_time starts in 1970."""

    kind: str
    start: date
    end: date

    @property
    def label(self) -> str:
        """How the range is called."""
        if self.kind == "month":
            return f"{self.start:%B %Y}"
        if self.kind == "year":
            return f"{self.start:%Y}"
        return self.kind.replace("_", " ").capitalize()


def listeners() -> list[str]:
    """The listeners of the lake that the settings name. Raises InputError where there is no lake."""
    settings = load_settings()
    found = listener_ids(settings)
    if not found:
        raise InputError(
            f"There is no lake with a listener at {settings.lake_uri} yet.",
            "Bring in your history with `lakesong import PATH`, or run `lakesong demo` and set LAKE_URI=data/demo.",
        )
    return found


def open_listener(user_id: str) -> Store:
    """The listener's tables at the newest release; their file is made first where there is none yet."""
    return Store(make_store(load_settings(), user_id))


def periods(store: Store) -> list[Period]:
    """The ranges with music in them: the last days, all time, years and months, newest first."""
    found = store.rows(
        "SELECT DISTINCT period_kind AS kind, period_start AS start, period_end AS end FROM user_metrics "
        "WHERE period_kind <> 'week' ORDER BY start DESC"
    )
    every = [Period(**row) for row in found]
    order = (*LAST_DAYS, "all_time", "year", "month")
    return sorted(every, key=lambda period: order.index(period.kind))


def metrics_of(store: Store, period: Period, basis: str) -> Row:
    """The row of `user_metrics` that tells of one of `periods`. Raises InputError for any other range."""
    found = store.row(
        "SELECT * FROM user_metrics WHERE period_kind = $kind AND period_start = $start AND basis = $basis",
        kind=period.kind,
        start=period.start,
        basis=basis,
    )
    if found is None:
        raise InputError(f"Nothing is known of {period.label}.", "`periods` lists the ranges.")
    return found
