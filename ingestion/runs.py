"""What every run of a source shares: its batch, its row in the ledger `ingestion_runs_bronze`, its dead letters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from ingestion.receipts import FileReceipt
from mappers.record import sha256

# Sources that belong to no listener, as the ledger names them.
AUDIO_FEATURES, CATALOGUE = "audio_features", "catalogue"


@dataclass(frozen=True)
class Batch:
    """One run of a source for one listener: what its rows are stamped with."""

    batch_id: str
    user_id: str
    at: datetime

    @property
    def columns(self) -> dict[str, Any]:
        """The columns that every bronze row of the run carries."""
        return {"batch_id": self.batch_id, "ingested_at": self.at}


def dead_letter(batch: Batch, source: str, place: str, number: int, reason: str, payload: str | None) -> dict[str, Any]:
    """An item that was set aside, as a row of rejected_records_bronze: the same one again is the same row.

    place: the collection that it stood in; number: where in it, from 1.
    """
    return {
        "rejected_id": sha256((batch.user_id, source, place, reason, payload or number)),
        "source": source,
        "file": place,
        "row_number": number,
        "reason": reason,
        "payload": payload,
        **batch.columns,
    }


def run_row(
    batch_id: str,
    source: str,
    user_id: str | None,
    counts: FileReceipt,
    started_at: datetime,
    finished_at: datetime,
    **more: Any,
) -> dict[str, Any]:
    """What a source brought in one run; `more` names further columns. failed or partial where it has an error."""
    error = more.get("error")
    return {
        "run_id": uuid4().hex,
        "batch_id": batch_id,
        "source": source,
        "user_id": user_id,
        "status": ("partial" if counts.rows else "failed") if error else "done",
        "started_at": started_at,
        "finished_at": finished_at,
        "row_count": counts.rows,
        "new_count": counts.new,
        "known_count": counts.already_known,
        "duplicate_count": counts.duplicate_in_file,
        "rejected_count": counts.rejected,
        **more,
    }
