"""`lakesong undo`: what an import or another run brought goes out of bronze, and nothing that another brought too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from config.errors import InputError
from ingestion.batches import FETCHED, UNDO, LedgerBatch, batch_named, read_batches
from ingestion.receipts import FileReceipt
from ingestion.runs import run_row
from mappers import recently_played
from schemas import bronze
from schemas.declaration import Table
from schemas.lake import Lake
from writers.records import append_rows
from writers.removal import remove_rows

if TYPE_CHECKING:
    import duckdb

Progress = Callable[[str], None]

HISTORY, LINKS, LETTERS = bronze.listening_history_bronze, bronze.import_records_bronze, bronze.rejected_records_bronze
LEDGER, SYNTHETIC = bronze.ingestion_runs_bronze, bronze.my_tracks_features_bronze_synthetic
_APART = {HISTORY.name, LINKS.name, LETTERS.name, LEDGER.name, SYNTHETIC.name}

# Of each record that the batch brought: which other batches brought it too, and how many of them stored a row of their
# own. One that stored none found its row there, perhaps this batch's: then the rows stay.
_TOUCHED = """
CREATE TEMP TABLE touched AS
SELECT record_id FROM links WHERE batch_id = $batch UNION SELECT record_id FROM history WHERE batch_id = $batch
"""
_OTHERS = """
CREATE TEMP TABLE others AS
SELECT links.record_id, count(*) AS others, count(stored.record_id) AS with_own_row
FROM links JOIN touched USING (record_id)
LEFT JOIN (SELECT DISTINCT record_id, batch_id FROM history) stored USING (record_id, batch_id)
WHERE links.batch_id <> $batch GROUP BY links.record_id
"""
_GONE_ROWS = """
SELECT played_month, record_id, revision, track_id FROM history JOIN touched USING (record_id)
LEFT JOIN others USING (record_id)
WHERE others.record_id IS NULL OR (others.others = others.with_own_row AND list_contains($orphans, batch_id))
"""
_KEPT = """
SELECT count(DISTINCT record_id) FROM history SEMI JOIN touched USING (record_id) ANTI JOIN gone USING (record_id)
"""
_GONE_FEATURES = """
WITH still_played AS (
    SELECT DISTINCT track_id FROM history ANTI JOIN gone USING (played_month, record_id, revision)
    WHERE track_id IS NOT NULL
)
SELECT DISTINCT track_id, scope FROM synthetic ANTI JOIN still_played USING (track_id)
"""


@dataclass(frozen=True)
class UndoPlan:
    """What an undo takes out: keys of rows by table, in the order in which they go; kept_records stay, of another."""

    batch: LedgerBatch
    gone: Mapping[str, pa.Table]
    kept_records: int

    @property
    def counts(self) -> dict[str, int]:
        """Rows that go, by table; tables without any are left out."""
        return {name: keys.num_rows for name, keys in self.gone.items() if keys.num_rows}

    @property
    def notes(self) -> list[str]:
        """What a person should know before agreeing."""
        notes = []
        if self.kept_records:
            notes.append(f"{self.kept_records:,} records that another import brought too stay")
        if recently_played.SOURCE in self.batch.sources:
            notes.append(
                "a later poll that saw these plays again is not asked: the next one brings what is still shown"
            )
        if self.batch.user_id:
            notes.append("Wrapped reports that were kept go on telling what they told")
        return notes


def plan_undo(lake: Lake, batch_id: str) -> UndoPlan:
    """What an undo of this batch would take out. Reads only.

    Raises InputError where there is no such batch, it was undone already, or cannot be told from a later one.
    """
    batches = read_batches(lake)
    batch = batch_named(lake, batch_id)
    _refuse(batch, batches)
    orphans = [batch_id, *(one.batch_id for one in batches.values() if one.state == "undone")]
    gone: dict[str, pa.Table] = {}
    with _opened(lake) as connection:
        values = {"batch": batch_id}
        connection.execute(_TOUCHED, values).fetchall()
        connection.execute(_OTHERS, values).fetchall()
        rows: pa.Table = connection.sql(_GONE_ROWS, params={"orphans": orphans}).to_arrow_table()
        connection.register("gone", rows)
        kept = connection.execute(_KEPT).fetchall()[0][0]
        gone[HISTORY.name] = rows.select(["played_month", "record_id", "revision"])
        gone[LINKS.name] = _of_batch(lake, LINKS, batch_id)
        if rows.num_rows or batch.state == "begun":
            gone[SYNTHETIC.name] = connection.sql(_GONE_FEATURES).to_arrow_table()
    gone |= {
        table.name: _of_batch(lake, table, batch_id)
        for table in bronze.TABLES
        if "batch_id" in table.column_names and table.name not in _APART
    }
    gone[LETTERS.name] = _letters(lake, batch, orphans, batches)
    gone[LEDGER.name] = _of_batch(lake, LEDGER, batch_id, pc.field("source") != UNDO)
    return UndoPlan(batch, gone, kept)


def take_back(lake: Lake, batch_id: str, progress: Progress = lambda line: None) -> UndoPlan:
    """Do what `plan_undo` says, and enter it in the ledger. The caller holds the run lock and builds afterwards.

    One commit a table. After a kill the same again completes it: the ledger says that it was begun, its rows of the
    batch go last, and each step only takes out what is still there.
    """
    plan = plan_undo(lake, batch_id)
    now = datetime.now(UTC)
    batch = plan.batch
    receipt = FileReceipt(UNDO)
    if batch.state != "begun":
        begun = run_row(batch_id, UNDO, batch.user_id, receipt, now, now, status="partial")
        append_rows(lake, LEDGER, [begun])
    declared = {table.name: table for table in bronze.TABLES}
    removed = 0
    for name, keys in plan.gone.items():
        if keys.num_rows:
            progress(f"taking {keys.num_rows:,} rows out of {name}")
            removed += remove_rows(lake, declared[name], keys)
    progress("entering it in the ledger")
    receipt = FileReceipt(UNDO, rows=removed, already_known=removed)
    append_rows(lake, LEDGER, [run_row(batch_id, UNDO, batch.user_id, receipt, now, datetime.now(UTC))])
    return plan


def _refuse(batch: LedgerBatch, batches: Mapping[str, LedgerBatch]) -> None:
    if batch.state == "undone":
        raise InputError(
            f"The batch {batch.batch_id} was undone on {batch.taken_in_at:%Y-%m-%d %H:%M} UTC already.",
            "Import its files again to have them back; `lakesong undo` lists what can be undone.",
        )
    if FETCHED & set(batch.sources):
        raise InputError(
            f"The batch {batch.batch_id} holds what a service says of music, not what anybody played.",
            "There is nothing to take back.",
        )
    later = [
        one.batch_id
        for one in batches.values()
        if batch.is_of_music and one.state != "undone" and set(one.sources) & set(batch.sources)
        and one.batch_id != batch.batch_id and one.taken_in_at > batch.taken_in_at and one.known_count
    ]  # fmt: skip
    if later:
        raise InputError(
            f"A later import of a catalogue, {later[0]}, holds some of the same rows: they would go too.",
            f"Run `lakesong undo {later[0]}` first, then this, and import the later file again.",
        )


def _opened(lake: Lake) -> duckdb.DuckDBPyConnection:
    """A connection in which the history, the links and the invented features stand by short names."""
    import duckdb

    connection = duckdb.connect()
    for name, table in (("history", HISTORY), ("links", LINKS), ("synthetic", SYNTHETIC)):
        if lake.has(table):
            connection.register(name, lake.open(table).to_pyarrow_dataset())
        else:
            columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
            connection.execute(f"CREATE TABLE {name} ({columns})")
    return connection


def _of_batch(lake: Lake, table: Table, batch_id: str, also: pc.Expression | None = None) -> pa.Table:
    """Keys of the rows that are stamped with the batch."""
    wanted = pc.field("batch_id") == batch_id
    return _keys(lake, table, wanted if also is None else wanted & also)


def _keys(lake: Lake, table: Table, wanted: pc.Expression) -> pa.Table:
    names = list(table.primary_key)
    if not lake.has(table):
        return pa.table({name: pa.array([], pa.string()) for name in names})
    return lake.open(table).to_pyarrow_dataset().to_table(columns=names, filter=wanted)


def _letters(lake: Lake, batch: LedgerBatch, orphans: list[str], batches: Mapping[str, LedgerBatch]) -> pa.Table:
    """Dead letters of the batch, and of those undone before: unless another import set aside more than it stored.

    A letter that two imports bring is stored once, under the first; nothing tells which of them are shared.
    """
    if not lake.has(LETTERS):
        return _keys(lake, LETTERS, pc.scalar(True))
    stored = lake.open(LETTERS).to_pyarrow_table(columns=["batch_id"]).column("batch_id").to_pylist()
    shared_by = [
        one for one in batches.values()
        if one.batch_id != batch.batch_id and one.state != "undone" and set(one.sources) & set(batch.sources)
        and one.rejected_count > stored.count(one.batch_id)
    ]  # fmt: skip
    is_done = not batch.sources  # its undo was stopped after this step
    wanted = [] if shared_by or is_done else orphans
    return _keys(lake, LETTERS, pc.field("batch_id").isin(pa.array(wanted, pa.string())))
