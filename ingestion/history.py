"""`lakesong import`: files of one listener's history into bronze."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clients.history_files import HistoryFile, HistorySet, find_history
from engine.fingerprints import digest
from ingestion.importing import Import, run_import
from ingestion.listeners import DEFAULT_USER, refuse_mixing, register_listener
from ingestion.receipts import Receipt
from ingestion.staging import StagedFile
from mappers import account_data, extended_history, plays
from mappers.record import payload_of
from schemas.bronze import import_records_bronze, listening_history_bronze
from schemas.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_MAPPERS: dict[str, Any] = {"extended_history": extended_history, "account_data": account_data, "plays": plays}


def import_history(
    spark: SparkSession,
    lake: Lake,
    paths: list[Path],
    *,
    user_id: str | None = None,
    progress: Callable[[str], None] = lambda line: None,
) -> Receipt:
    """Take in every file of history under the paths, for one listener.

    Raises InputError when a path holds no history, when the lake is another program's or holds listeners that these
    may not be mixed with, or when the disk has no room.
    """
    found = find_history(paths)
    user, zones = _listener(found, user_id)
    is_simulated = found.simulation is not None
    refuse_mixing(lake, is_simulated)
    job = Import(
        listening_history_bronze,
        [_staged_file(file, user) for file in found.files],
        batch_id=digest(found.content_id, user)[:16],
        identity=("record_id",),
        user_id=user,
        also=(import_records_bronze,),
    )
    receipt = run_import(spark, lake, job, progress)
    if receipt.total.rows:
        register_listener(lake, user, zones, is_simulated=is_simulated)
    return receipt


def _listener(found: HistorySet, user_id: str | None) -> tuple[str, list[tuple[datetime, str]] | None]:
    """The listener of these files, and the zones that a simulation says they lived in."""
    if found.simulation is None:
        return user_id or DEFAULT_USER, None
    zones = [(datetime.fromisoformat(z["valid_from"]), z["time_zone"]) for z in found.simulation["zones"]]
    return user_id or str(found.simulation["user_id"]), zones


def _staged_file(file: HistoryFile, user_id: str) -> StagedFile:
    mapper = _MAPPERS[file.format]
    return StagedFile(
        file.name, file.format, file.size, file.read, partial(mapper.to_bronze, user_id=user_id), _payload(mapper)
    )


def _payload(mapper: Any) -> Callable[[Any], str]:
    return lambda item: payload_of(item, mapper.ALLOWED) if isinstance(item, dict) else "{}"
