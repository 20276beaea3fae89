"""Who the listeners are, and in which time zones they lived."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import available_timezones

from config.errors import InputError
from schemas.lake import Lake
from schemas.records import listeners
from writers.records import append_rows

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
DEFAULT_USER = "me"


def read_listeners(lake: Lake) -> list[dict[str, Any]]:
    """The listeners' zones as they hold now: a row a listener and beginning, the newest record of each."""
    if not lake.has(listeners):
        return []
    rows = lake.open(listeners).to_pyarrow_table().sort_by("recorded_at").to_pylist()
    return list({(row["user_id"], row["valid_from"]): row for row in rows}.values())


def register_listener(
    lake: Lake, user_id: str, zones: list[tuple[datetime, str]] | None = None, *, is_simulated: bool = False
) -> None:
    """Record a listener, if new, with the zones given (or none: the setting TIMEZONE holds).

    Raises InputError when a simulated listener would come into a lake of real ones, or the other way round.
    """
    present = read_listeners(lake)
    if any(row["is_simulated"] != is_simulated for row in present):
        theirs, ours = ("a simulated", "a real") if present[0]["is_simulated"] else ("a real", "a simulated")
        raise InputError(
            f"The lake {lake.root} holds {theirs} listener; {ours} one is not mixed in.",
            "Use another lake: `lakesong --lake FOLDER …`, or set LAKE_URI.",
        )
    known = {(row["user_id"], row["valid_from"]): row["time_zone"] for row in present}
    missing = user_id not in {user for user, _ in known}
    wanted: list[tuple[datetime, str | None]] = [*(zones or ([(ALWAYS, None)] if missing else []))]
    new = [(at, zone) for at, zone in wanted if (user_id, at) not in known or known[(user_id, at)] != zone]
    for _, zone in new:
        if zone is not None and zone not in available_timezones():
            raise InputError(f"'{zone}' is no IANA time zone.", "Write it like Europe/Berlin.")
    now = datetime.now(UTC)
    rows = [
        {
            "user_id": user_id,
            "valid_from": at,
            "time_zone": zone,
            "is_simulated": is_simulated,
            "recorded_at": now,
        }
        for at, zone in new
    ]
    if rows:
        append_rows(lake, listeners, rows)
