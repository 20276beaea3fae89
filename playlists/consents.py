"""What listeners agreed to: to be compared with those others who agreed to it too."""

from __future__ import annotations

from datetime import UTC, datetime

from config.errors import InputError
from ingestion.listeners import read_listeners
from schemas.lake import Lake
from schemas.records import listener_consents
from writers.records import append_rows

COMPARE = "compare"


def consenting(lake: Lake, consent: str = COMPARE) -> frozenset[str]:
    """The listeners who agree now: the newest row of each says so."""
    rows = sorted(lake.rows(listener_consents), key=lambda row: row["recorded_at"])
    newest = {row["user_id"]: row["is_given"] for row in rows if row["consent"] == consent}
    return frozenset(user for user, is_given in newest.items() if is_given)


def record_consent(lake: Lake, user_id: str, *, is_given: bool, consent: str = COMPARE) -> None:
    """Record that a listener agrees, or does not any more. Raises InputError for one that there is not."""
    if user_id not in {row["user_id"] for row in read_listeners(lake)}:
        raise InputError(f"There is no listener {user_id} in {lake.root}.", "`lakesong listeners` lists them.")
    row = {"user_id": user_id, "consent": consent, "is_given": is_given, "recorded_at": datetime.now(UTC)}
    append_rows(lake, listener_consents, [row])


def need_consent(lake: Lake, *users: str) -> None:
    """Raise InputError naming those of the listeners who did not agree to be compared."""
    if len(set(users)) < 2:
        raise InputError("A listener is compared with another one.", "`lakesong listeners` lists them.")
    missing = sorted(set(users) - consenting(lake))
    if missing:
        who = " and ".join(missing)
        raise InputError(
            f"{who} did not agree to be compared.",
            f"Each says so for themselves: `lakesong listeners --user {missing[0]} --consent-compare`.",
        )
