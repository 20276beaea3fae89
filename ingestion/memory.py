"""What collection remembers between runs, in the table `ingestion_state`: refusals and not-before times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from schemas.lake import Lake
from schemas.records import ingestion_state
from writers.creation import ensure_table
from writers.records import append_rows

EVERYONE = "*"
QUOTA = "quota"  # the service takes no more requests before not_before


def remember(
    lake: Lake,
    service: str,
    state_name: str,
    now: datetime,
    *,
    subject: str = EVERYONE,
    value: str | None = None,
    not_before: datetime | None = None,
) -> None:
    """Record a state; it holds until the next one of that service, subject and name."""
    row = {
        "service": service,
        "subject": subject,
        "state_name": state_name,
        "state_value": value,
        "not_before": not_before,
        "recorded_at": now,
    }
    append_rows(lake, ingestion_state, [row])


def recall(lake: Lake, service: str, state_name: str, subject: str = EVERYONE) -> Mapping[str, Any] | None:
    """The state that holds, as a row of the table; None where nothing was ever recorded."""
    rows = ensure_table(lake, ingestion_state).to_pyarrow_table().to_pylist()
    wanted = (service, subject, state_name)
    mine = [row for row in rows if (row["service"], row["subject"], row["state_name"]) == wanted]
    return max(mine, key=lambda row: row["recorded_at"], default=None)


def waits_until(lake: Lake, service: str, state_name: str, now: datetime, subject: str = EVERYONE) -> datetime | None:
    """When a state lets go on, if that is still to come; else None."""
    state = recall(lake, service, state_name, subject)
    not_before: datetime | None = state["not_before"] if state else None
    return not_before if not_before and not_before > now else None
