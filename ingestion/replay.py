"""`lakesong replay`: stored payloads and dead letters through the mappers again, without a request."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow.compute as pc

from ingestion.polls import keep_plays
from ingestion.runs import Batch, run_row
from mappers import account_data, extended_history, listenbrainz, plays, recently_played
from mappers.catalogue import album_row, artist_row, reccobeats_track_row, track_row
from mappers.record import MAPPER_VERSION, RejectedError, Row, sha256
from schemas.bronze import (
    albums_bronze,
    artists_bronze,
    ingestion_runs_bronze,
    listening_history_bronze,
    rejected_records_bronze,
    tracks_bronze,
)
from schemas.declaration import Table
from schemas.lake import Lake
from writers.creation import ensure_table
from writers.records import append_rows, append_unknown

REPLAY = "replay"
CHUNK = 10_000

_OF_PLAYS: dict[str, Callable[[Any, str], Row]] = {
    "recently_played": recently_played.to_bronze,
    "extended_history": extended_history.to_bronze,
    "account_data": account_data.to_bronze,
    "plays": plays.to_bronze,
    "listenbrainz": listenbrainz.to_bronze,
}
_OF_CATALOGUE: tuple[tuple[Table, str, Callable[[Any, str, str], Row]], ...] = (
    (
        tracks_bronze,
        "track_id",
        lambda item, key, provider: (
            reccobeats_track_row(key, item) if provider == "reccobeats" else track_row(item, provider)
        ),
    ),
    (albums_bronze, "album_id", lambda item, key, provider: album_row(item)),
    (artists_bronze, "artist_id", lambda item, key, provider: artist_row(item, provider)),
)


@dataclass(frozen=True)
class Replayed:
    """What came of it: payloads read, new revisions of records, dead letters that became records, and those left."""

    payloads: int = 0
    revised: int = 0
    recovered: int = 0
    still_rejected: int = 0

    @property
    def line(self) -> str:
        """The result as one line."""
        return (
            f"{self.payloads:,} payloads mapped again: {self.revised:,} say something else now, "
            f"{self.recovered:,} dead letters became records, {self.still_rejected:,} stay set aside."
        ) + (" Run `lakesong build` to see it." if self.revised or self.recovered else "")

    def to_json(self) -> dict[str, int]:
        """The result as `--json` prints it."""
        return asdict(self)


def replay_stored(lake: Lake) -> Replayed:
    """Map again what an older mapper made, and every dead letter; what says something new is appended.

    A record keeps its identity: one whose identity would change is left as it is. The caller holds the run lock.
    """
    now = datetime.now(UTC)
    batch = Batch(sha256((REPLAY, now.isoformat()))[:16], "", now)
    payloads, revised = _replay_records(lake, batch)
    for table, key, to_row in _OF_CATALOGUE:
        read, changed = _replay_catalogue(lake, table, key, to_row, batch)
        payloads, revised = payloads + read, revised + changed
    letters, recovered, left = _replay_letters(lake, batch)
    return Replayed(payloads + letters, revised, recovered, left)


def _replay_records(lake: Lake, batch: Batch) -> tuple[int, int]:
    """Records of plays: (payloads read, revisions appended)."""
    read = revised = 0
    columns = ["record_id", "user_id", "source", "payload"]
    for rows in _older(lake, listening_history_bronze, columns):
        read += len(rows)
        mapped = [(row, _play(row["source"], row["payload"], row["user_id"])) for row in rows]
        kept = [{**new, **batch.columns} for row, new in mapped if new and new["record_id"] == row["record_id"]]
        revised += len(append_unknown(lake, listening_history_bronze, kept))
    return read, revised


def _replay_catalogue(
    lake: Lake, table: Table, key: str, to_row: Callable[[Any, str, str], Row], batch: Batch
) -> tuple[int, int]:
    """Descriptions of one kind: (payloads read, revisions appended)."""
    read = revised = 0
    for rows in _older(lake, table, [key, "provider", "payload"]):
        read += len(rows)
        new: list[Row] = []
        for row in rows:
            try:
                new.append({**to_row(json.loads(row["payload"]), row[key], row["provider"]), **batch.columns})
            except RejectedError:
                continue  # it stays as it was mapped before
        revised += len(append_unknown(lake, table, new))
    return read, revised


def _replay_letters(lake: Lake, batch: Batch) -> tuple[int, int, int]:
    """Dead letters of plays: (letters read, records that came of them, letters that give none)."""
    letters = ensure_table(lake, rejected_records_bronze).to_pyarrow_table(columns=["source", "payload", "batch_id"])
    runs = ensure_table(lake, ingestion_runs_bronze).to_pyarrow_table(columns=["batch_id", "user_id"]).to_pylist()
    listener_of = {run["batch_id"]: run["user_id"] for run in runs if run["user_id"]}
    read = left = 0
    found: dict[tuple[str, str], list[Row]] = {}
    for letter in letters.to_pylist():
        user_id = listener_of.get(letter["batch_id"])
        if letter["payload"] is None or user_id is None or letter["source"] not in _OF_PLAYS:
            continue
        read += 1
        row = _play(letter["source"], letter["payload"], user_id)
        if row is None:
            left += 1
        else:
            found.setdefault((user_id, row["source"]), []).append(row)
    recovered = 0
    for (user_id, source), rows in found.items():
        mine = Batch(batch.batch_id, user_id, batch.at)
        counts = keep_plays(lake, rows, source, mine)
        recovered += counts.new
        if counts.new:  # the letters stay, and were records already at an earlier replay
            row = run_row(mine.batch_id, REPLAY, user_id, counts, mine.at, datetime.now(UTC))
            append_rows(lake, ingestion_runs_bronze, [row])
    return read, recovered, left


def _play(source: str, payload: str, user_id: str) -> Row | None:
    """The record that the payload of a play gives today; None where it gives none."""
    item: Mapping[str, Any] = json.loads(payload)
    # A table of another program may hold plays of any source, flat.
    to_bronze = plays.to_bronze if "track_id" in item else _OF_PLAYS.get(source)
    if to_bronze is None or not item:
        return None
    try:
        return to_bronze(item, user_id)
    except RejectedError:
        return None


def _older(lake: Lake, table: Table, columns: list[str]) -> Iterator[list[dict[str, Any]]]:
    """Rows with a payload that an older mapper made, in chunks."""
    wanted = (pc.field("mapper_version") < MAPPER_VERSION) & pc.field("payload").is_valid()
    dataset = ensure_table(lake, table).to_pyarrow_dataset()
    for part in dataset.to_batches(columns=columns, filter=wanted, batch_size=CHUNK):
        if part.num_rows:
            yield part.to_pylist()
