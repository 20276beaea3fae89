"""Who the listeners are, and in which time zones they lived."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from config.errors import InputError
from schemas.lake import Lake
from schemas.records import listeners
from writers.records import append_rows

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
DEFAULT_USER = "me"


def read_listeners(lake: Lake) -> list[dict[str, Any]]:
    """The listeners' zones as they hold now: a row a listener and beginning, the newest record of each."""
    rows = sorted(lake.rows(listeners), key=lambda row: row["recorded_at"])
    return list({(row["user_id"], row["valid_from"]): row for row in rows}.values())


def refuse_mixing(lake: Lake, is_simulated: bool) -> None:
    """Raise InputError when a simulated listener would come into a lake of real ones, or the other way round."""
    present = read_listeners(lake)
    if any(row["is_simulated"] != is_simulated for row in present):
        theirs, ours = ("a simulated", "a real") if present[0]["is_simulated"] else ("a real", "a simulated")
        raise InputError(
            f"The lake {lake.root} holds {theirs} listener; {ours} one is not mixed in.",
            "Use another lake: `lakesong --lake FOLDER …`, or set LAKE_URI.",
        )


def register_listener(
    lake: Lake, user_id: str, zones: list[tuple[datetime, str]] | None = None, *, is_simulated: bool = False
) -> None:
    """Record a listener, if new, with the zones given (or none: the setting TIMEZONE holds).

    Raises InputError when the listener may not be mixed with those of the lake, or a zone is not known.
    """
    refuse_mixing(lake, is_simulated)
    present = read_listeners(lake)
    known = {(row["user_id"], row["valid_from"]): row["time_zone"] for row in present}
    missing = user_id not in {user for user, _ in known}
    first: list[tuple[datetime, str | None]] = [(ALWAYS, None)] if missing else []
    wanted = zones or first
    new = [(at, zone) for at, zone in wanted if (user_id, at) not in known or known[(user_id, at)] != zone]
    for _, zone in new:
        if zone is not None:
            _need_zone(zone)
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


def record_zone(lake: Lake, user_id: str, time_zone: str, since: date | None) -> None:
    """Record that a known listener lives in a zone from a local day on (or always).

    Raises InputError for a listener or a zone that is not known.
    """
    _need_zone(time_zone)
    mine = [row for row in read_listeners(lake) if row["user_id"] == user_id]
    if not mine:
        raise InputError(f"There is no listener {user_id} in {lake.root}.", "`lakesong listeners` lists them.")
    midnight = datetime.combine(since, time(), ZoneInfo(time_zone)).astimezone(UTC) if since else ALWAYS
    row = {
        "user_id": user_id,
        "valid_from": midnight,
        "time_zone": time_zone,
        "is_simulated": mine[0]["is_simulated"],
        "recorded_at": datetime.now(UTC),
    }
    append_rows(lake, listeners, [row])


def _need_zone(name: str) -> None:
    if name not in available_timezones():
        raise InputError(f"'{name}' is no IANA time zone.", "Write it like Europe/Berlin.")
