"""`lakesong undo`: what can be taken back, what will go before it goes, and what went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ingestion.batches import LedgerBatch, read_batches
from ingestion.undo import UndoPlan
from schemas.lake import Lake
from terminal.screen import err, grid, out, print_json

SHOWN = 20


def list_batches(lake: Lake, *, as_json: bool) -> None:
    """Print the batches that can be undone, newest first."""
    found = [batch for batch in read_batches(lake).values() if batch.can_be_undone]
    if as_json:
        print_json([batch.to_json() for batch in found])
        return
    if not found:
        out.print("There is nothing to undo: nothing was imported or collected yet.")
        return
    table = grid("batch", "what", "listener", "when (UTC)", "rows", "new", right=("rows", "new"))
    for batch in found[:SHOWN]:
        table.add_row(
            batch.batch_id, _what(batch), batch.user_id or "", f"{batch.taken_in_at:%Y-%m-%d %H:%M}",
            f"{batch.row_count:,}", f"{batch.new_count:,}",
        )  # fmt: skip
    out.print(table)
    if len(found) > SHOWN:
        out.print(f"(the newest {SHOWN} of {len(found):,}; --json lists all)", style="dim")
    out.print("`lakesong undo BATCH --dry-run` says what would go.")


def _what(batch: LedgerBatch) -> str:
    words = ", ".join(source.replace("_", " ") for source in batch.sources) or "an import"
    return f"{words} (undo begun)" if batch.state == "begun" else words


def say_plan(plan: UndoPlan) -> None:
    """Say, on standard error, what would go out of each table."""
    batch = plan.batch
    of = f" of {batch.user_id}" if batch.user_id else ""
    if batch.state == "begun":
        err.print(f"The undo of {batch.batch_id} was begun and not finished: this completes it.", markup=False)
    else:
        when = f"{batch.taken_in_at:%Y-%m-%d %H:%M} UTC"
        err.print(f"This takes back {_what(batch)}{of}, taken in on {when}:", markup=False)
    for name, rows in plan.counts.items():
        err.print(f"  {rows:,} rows of {name}", markup=False)
    if not plan.counts:
        err.print("  nothing is left of it but its entry in the ledger")
    for note in plan.notes:
        err.print(f"Note: {note}.", markup=False)


def print_undone(plan: UndoPlan, built: Sequence[str] | None, *, as_json: bool) -> None:
    """Print what went, or would go where nothing was built (built is None)."""
    outcome = "undone" if built is not None else "dry run"
    if as_json:
        print_json(undo_json(plan, outcome, built))
    elif built is None:
        out.print("Nothing was changed.")
    else:
        out.print(f"Undone: {sum(plan.counts.values()):,} rows went, and {len(built)} tables were built.")
        out.print("Imported again, the same files bring the same rows.")


def undo_json(plan: UndoPlan, outcome: str, built: Sequence[str] | None) -> dict[str, Any]:
    """The shape that `undo --json` prints."""
    batch = plan.batch.to_json()
    named = {name: batch[name] for name in ("batch_id", "sources", "user_id", "taken_in_at")}
    kept = {"kept_records": plan.kept_records}
    return {**named, "outcome": outcome, "tables": plan.counts, **kept, "built": list(built or [])}
