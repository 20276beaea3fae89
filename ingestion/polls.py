"""Plays that a service sent into bronze, without an engine: polls are small and frequent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ingestion.receipts import FileReceipt
from ingestion.runs import Batch, dead_letter, run_row
from mappers import currently_playing, recently_played
from mappers.catalogue import allowed_json
from mappers.record import RejectedError, Row
from schemas.bronze import (
    import_records_bronze,
    ingestion_runs_bronze,
    listening_history_bronze,
    rejected_records_bronze,
)
from schemas.lake import Lake
from writers.creation import ensure_table
from writers.records import append_rows, append_unknown, known_keys

if TYPE_CHECKING:
    from clients.spotify import SpotifyClient

DEPTH = 50  # plays that Spotify ever shows of what was recently played


@dataclass(frozen=True)
class Poll:
    """What a poll brought, and the bounds of the gap that it found, where it found one."""

    counts: FileReceipt
    gap: tuple[datetime, datetime] | None = None


def poll_recently_played(client: SpotifyClient, lake: Lake, batch: Batch) -> Poll:
    """Read all that Spotify shows of what was recently played, keep what is new, and enter the poll in the ledger.

    The whole window is read each time, since plays are listed late and out of order. Raises what the client raises.
    """
    sent = client.request_count
    items = client.recently_played()
    rows, counts = take_in_plays(lake, items, batch)
    plays = [row for row in rows if row["kind"] == "track"]
    span: dict[str, Any] = {"is_full": len(items) >= DEPTH, "request_count": client.request_count - sent}
    if plays:
        stamps = [row["played_at"] for row in plays]
        span |= {"oldest_at": min(stamps), "newest_at": max(stamps)}
    ledger = run_row(batch.batch_id, recently_played.SOURCE, batch.user_id, counts, batch.at, batch.at, **span)
    gap = _gap_found_by(lake, batch, ledger) if plays else None
    append_rows(lake, ingestion_runs_bronze, [ledger])
    return Poll(counts, gap)


def take_in_plays(lake: Lake, items: Iterable[Any], batch: Batch) -> tuple[list[Row], FileReceipt]:
    """Map items of recently played and append what is new: gives all mapped rows, and counts that add up.

    Items that are no plays become dead letters, once each. The caller holds the run lock.
    """
    source = recently_played.SOURCE
    rows: list[Row] = []
    letters: list[dict[str, Any]] = []
    for number, item in enumerate(items, start=1):
        try:
            rows.append(recently_played.to_bronze(item, batch.user_id))
        except RejectedError as error:
            payload = allowed_json(item, recently_played.ALLOWED) if isinstance(item, Mapping) else None
            letters.append(dead_letter(batch, source, source, number, str(error), payload))
    append_unknown(lake, rejected_records_bronze, letters)
    counts = keep_plays(lake, rows, source, batch)
    reasons = Counter(letter["reason"] for letter in letters)
    return rows, replace(counts, rows=counts.rows + len(letters), rejected=len(letters), reasons=reasons)


def keep_plays(lake: Lake, rows: Sequence[Row], source: str, batch: Batch) -> FileReceipt:
    """Append the rows of listening_history_bronze that are new, with what brought them; gives counts that add up.

    The caller holds the run lock.
    """
    stamped = [{**row, **batch.columns} for row in rows]
    ensure_table(lake, listening_history_bronze)
    known = known_keys(lake, listening_history_bronze, stamped, ["record_id"])
    unique = {row["record_id"]: row for row in stamped}
    new = [row for record_id, row in unique.items() if (record_id,) not in known]
    if new:
        append_rows(
            lake, import_records_bronze, [{name: row[name] for name in ("record_id", "batch_id")} for row in new]
        )
    append_unknown(lake, listening_history_bronze, stamped)
    return FileReceipt(
        source,
        rows=len(rows),
        new=len(new),
        already_known=len(unique) - len(new),
        duplicate_in_file=len(rows) - len(unique),
        not_music=sum(row["kind"] != "track" for row in new),
    )


def keep_observed(lake: Lake, rows: Sequence[Row]) -> None:
    """Append plays that were watched to their end, of any listeners, and enter them in the ledger."""
    now = datetime.now(UTC)
    for user_id in dict.fromkeys(row["user_id"] for row in rows):
        batch = Batch(uuid4().hex[:16], user_id, now)
        mine = [row for row in rows if row["user_id"] == user_id]
        counts = keep_plays(lake, mine, currently_playing.SOURCE, batch)
        ledger = run_row(batch.batch_id, currently_playing.SOURCE, user_id, counts, now, datetime.now(UTC))
        append_rows(lake, ingestion_runs_bronze, [ledger])


def _gap_found_by(lake: Lake, batch: Batch, ledger: Mapping[str, Any]) -> tuple[datetime, datetime] | None:
    """The gap that this poll leaves behind those before it, by the rule that makes the table coverage_gaps."""
    import pandas as pd

    from models.gaps import find_gaps

    ensure_table(lake, ingestion_runs_bronze)
    columns = ["source", "user_id", "status", "started_at", "oldest_at", "newest_at", "is_full"]
    runs = lake.open(ingestion_runs_bronze).to_pyarrow_table(columns=columns).to_pandas()
    is_poll = (runs["source"] == recently_played.SOURCE) & (runs["user_id"] == batch.user_id)
    polls = runs[is_poll & (runs["status"] == "done") & runs["newest_at"].notna()]
    this = pd.DataFrame([{name: ledger[name] for name in columns}])
    gaps = find_gaps(pd.concat([polls, this], ignore_index=True) if len(polls) else this)
    found = gaps[gaps["found_at"] == pd.Timestamp(batch.at)]
    if found.empty:
        return None
    last = found.iloc[-1]
    return last["gap_start_at"].to_pydatetime(), last["gap_end_at"].to_pydatetime()
