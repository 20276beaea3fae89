"""Which rows of a lake are of a listener, table by table."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import declared_tables
from schemas import bronze, records
from schemas.declaration import Table
from schemas.lake import Lake

USER, SUBJECT = "user_id", "subject"
HISTORY, LINKS, LETTERS = bronze.listening_history_bronze, bronze.import_records_bronze, bronze.rejected_records_bronze
LEDGER = bronze.ingestion_runs_bronze

# The order in which rows go: what is found through other tables before those, who the listener was last.
_FIRST, _LAST = (LINKS.name, LETTERS.name), (LEDGER.name, records.listeners.name)

# What services and the generator say of tracks, and the column that names the track.
_OF_TRACKS = (
    (bronze.my_tracks_features_bronze, "track_id"),
    (bronze.my_tracks_features_bronze_synthetic, "track_id"),
    (bronze.tracks_bronze, "track_id"),
    (records.catalog_queue, "item_id"),
)
_OF_LIBRARIES = (HISTORY, bronze.saved_tracks_bronze, bronze.playlist_items_bronze)


def kept_tables(lake: Lake) -> list[Table]:
    """Tables of bronze and records with rows of listeners, in the order in which they are gone through."""
    own = [
        table
        for table in (*bronze.TABLES, *records.TABLES)
        if lake.has(table) and (USER in table.column_names or table.name in (*_FIRST, records.ingestion_state.name))
    ]
    return sorted(own, key=lambda table: (table.name in _LAST, table.name not in _FIRST))


def made_tables(lake: Lake) -> list[Table]:
    """Tables that a build makes with rows of listeners."""
    made = (table for table in declared_tables().values() if table.transform is not None)
    return [table for table in made if USER in table.column_names and lake.has(table)]


def own_keys(lake: Lake, table: Table, user_id: str) -> pa.Table:
    """A row for each row of the listener, with values that pick it: the user, or a key where none is named."""
    if table.name == LINKS.name:
        mine = _column(lake, HISTORY, "record_id", pc.field(USER) == user_id)
        held = lake.open(table).to_pyarrow_table(columns=["record_id"])
        return held.filter(pc.is_in(held.column("record_id"), value_set=mine))
    if table.name == LETTERS.name:
        batches = _column(lake, LEDGER, "batch_id", pc.field(USER) == user_id)
        letters = lake.open(table).to_pyarrow_table(columns=["rejected_id", "batch_id"])
        return letters.filter(pc.is_in(letters.column("batch_id"), value_set=batches)).select(["rejected_id"])
    column = USER if USER in table.column_names else SUBJECT
    return lake.open(table).to_pyarrow_dataset().to_table(columns=[column], filter=pc.field(column) == user_id)


def music_of(lake: Lake, user_id: str) -> Iterator[tuple[Table, pa.Table]]:
    """What is stored of tracks that this listener alone played, saved or had on a playlist: table and keys.

    Of albums and artists, and of the catalogue file, rows say nothing of a listener and stay.
    """
    mine, others = (
        {
            track_id
            for table in _OF_LIBRARIES
            for track_id in _column(lake, table, "track_id", wanted & pc.field("track_id").is_valid()).to_pylist()
        }
        for wanted in (pc.field(USER) == user_id, pc.field(USER) != user_id)
    )
    alone = pa.array(sorted(mine - others), pa.string())
    for table, column in _OF_TRACKS:
        if lake.has(table):
            wanted = pc.field(column).isin(alone)
            yield table, lake.open(table).to_pyarrow_dataset().to_table(columns=[column], filter=wanted)


def count_own(lake: Lake, table: Table, user_id: str, version: int | None) -> int:
    """Rows of a made table, at a version or the newest, that name the listener in any column for one."""
    named = [name for name in table.column_names if name == USER or name.endswith("_user_id")]
    wanted = pc.field(named[0]) == user_id
    for name in named[1:]:
        wanted = wanted | (pc.field(name) == user_id)
    return int(lake.open(table, version).to_pyarrow_dataset().count_rows(filter=wanted))


def _column(lake: Lake, table: Table, name: str, wanted: pc.Expression) -> pa.Array:
    """The different values of a column in the rows that are wanted."""
    if not lake.has(table):
        return pa.array([], pa.string())
    rows = lake.open(table).to_pyarrow_dataset().to_table(columns=[name], filter=wanted)
    return rows.column(name).unique()
