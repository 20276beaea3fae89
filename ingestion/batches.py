"""The batches of the ledger: what each run brought, and whether it can be taken back, was, or is half-way to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from config.errors import InputError
from ingestion.runs import AUDIO_FEATURES, CATALOGUE
from mappers import kaggle_tracks
from schemas.bronze import ingestion_runs_bronze
from schemas.lake import Lake

UNDO = "undo"  # the source of a ledger row that says that a batch was taken back
OF_MUSIC = {kaggle_tracks.SOURCE, "artist_file"}  # files about music: belong to no listener
FETCHED = {AUDIO_FEATURES, CATALOGUE}  # descriptions that a service gave, for all listeners

State = Literal["there", "begun", "undone"]


@dataclass(frozen=True)
class LedgerBatch:
    """The runs of one batch in the ledger. state: there; begun, where its undo was stopped half-way; or undone.

    row_count and new_count are those of its newest run; known_count and rejected_count are the largest of its runs.
    """

    batch_id: str
    sources: tuple[str, ...]
    user_id: str | None
    taken_in_at: datetime
    row_count: int
    new_count: int
    known_count: int
    rejected_count: int
    state: State

    @property
    def is_of_music(self) -> bool:
        """Whether it is a catalogue from a file."""
        return bool(self.sources) and set(self.sources) <= OF_MUSIC

    @property
    def can_be_undone(self) -> bool:
        """Whether there is something that an undo could take back."""
        return self.state != "undone" and not FETCHED & set(self.sources)

    def to_json(self) -> dict[str, Any]:
        """The batch as `--json` prints it."""
        return {
            "batch_id": self.batch_id,
            "sources": list(self.sources),
            "user_id": self.user_id,
            "taken_in_at": self.taken_in_at.isoformat(),
            "row_count": self.row_count,
            "new_count": self.new_count,
            "state": self.state,
        }


def read_batches(lake: Lake) -> dict[str, LedgerBatch]:
    """Every batch of the ledger that brought rows, or was taken back, by its id; newest first."""
    runs: dict[str, list[dict[str, Any]]] = {}
    for run in sorted(lake.rows(ingestion_runs_bronze), key=lambda row: row["finished_at"]):
        if run["row_count"] or run["source"] == UNDO:
            runs.setdefault(run["batch_id"], []).append(run)
    found = [_batch(batch_id, of_batch) for batch_id, of_batch in runs.items()]
    return {one.batch_id: one for one in sorted(found, key=lambda one: one.taken_in_at, reverse=True)}


def batch_named(lake: Lake, batch_id: str) -> LedgerBatch:
    """The batch of that id. Raises InputError where there is none."""
    found = read_batches(lake).get(batch_id)
    if found is None:
        raise InputError(f"There is no batch {batch_id} in {lake.root}.", "`lakesong undo` lists those that there are.")
    return found


def _batch(batch_id: str, runs: list[dict[str, Any]]) -> LedgerBatch:
    """One batch from its runs, oldest first."""
    newest = runs[-1]
    state: State = "there"
    if newest["source"] == UNDO:
        state = "undone" if newest["status"] == "done" else "begun"
    brought = [run for run in runs if run["source"] != UNDO]
    last = [run for run in brought if run["started_at"] == brought[-1]["started_at"]] if brought else []
    return LedgerBatch(
        batch_id,
        tuple(dict.fromkeys(run["source"] for run in brought)),
        newest["user_id"],
        newest["finished_at"],
        sum(run["row_count"] for run in last),
        sum(run["new_count"] for run in last),
        max((run["known_count"] for run in brought), default=0),
        max((run["rejected_count"] for run in brought), default=0),
        state,
    )
