"""`lakesong import`: files of listening history into bronze, in one commit, with a receipt that adds up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pyspark.sql import Window
from pyspark.sql import functions as F

from clients.history_files import HistoryFile, HistorySet, find_history
from engine.fingerprints import digest
from ingestion.listeners import DEFAULT_USER, register_listener
from ingestion.receipts import FileReceipt, Receipt
from ingestion.staging import StagedFile, need_room, staged
from mappers import account_data, extended_history, plays
from mappers.record import payload_of, sha256
from schemas.bronze import (
    import_records_bronze,
    ingestion_runs_bronze,
    listening_history_bronze,
    rejected_records_bronze,
)
from schemas.lake import Lake
from writers.creation import ensure_table
from writers.delta import append_new
from writers.records import append_new_rows, append_rows

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

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

    The batch's id is made from the files' content: the same files again are the same batch, and a run that was killed
    is completed by running it again. A broken file is named in the receipt and changes nothing; the others go in.
    Raises InputError when a path holds no history, when no file can be read, or when the disk has no room.
    """
    found = find_history(paths)
    for table in (listening_history_bronze, import_records_bronze, rejected_records_bronze, ingestion_runs_bronze):
        ensure_table(lake, table)
    need_room(lake, sum(file.size for file in found.files))
    user, zones = _listener(found, user_id)
    register_listener(lake, user, zones, is_simulated=found.simulation is not None)
    started_at = datetime.now(UTC)
    batch_id = digest(found.content_id, user)[:16]
    files = [_staged_file(file, user) for file in found.files]
    with staged(lake, listening_history_bronze, files, progress) as staging:
        progress("comparing with what is known")
        rows = (
            spark.read.format("delta")
            .load(staging.path)
            .where(~F.col("file_number").isin([-1, *staging.broken]))
            .withColumns({"batch_id": F.lit(batch_id), "ingested_at": F.lit(started_at)})
        )
        receipt = _receipt(spark, lake, rows, found.files, staging.broken, batch_id)
        if receipt.total.rows:
            _take_in(lake, rows, found.files)
    append_rows(lake, ingestion_runs_bronze, [_run(receipt, user, started_at)])
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
        file.name,
        file.read,
        partial(mapper.to_bronze, user_id=user_id),
        lambda item: payload_of(item, mapper.ALLOWED) if isinstance(item, dict) else "{}",
    )


def _receipt(
    spark: SparkSession,
    lake: Lake,
    rows: DataFrame,
    files: tuple[HistoryFile, ...],
    broken: dict[int, str],
    batch_id: str,
) -> Receipt:
    """Count, for each file, what becomes of its rows, before anything is written."""
    known = spark.read.format("delta").load(lake.path(listening_history_bronze)).select("record_id").distinct()
    in_file = Window.partitionBy("file_number", "record_id").orderBy("row_number")
    everywhere = Window.partitionBy("record_id")
    fate = (
        F.when(F.col("reject_reason").isNotNull(), "rejected")
        .when(F.col("occurrence") > 1, "duplicate_in_file")
        .when(F.col("is_known") | (F.col("file_number") > F.col("first_file")), "already_known")
        .otherwise("new")
    )
    counts = (
        rows.select("file_number", "row_number", "record_id", "reject_reason", "kind")
        .withColumn("occurrence", F.row_number().over(in_file))
        .withColumn("first_file", F.min("file_number").over(everywhere))
        .join(known.withColumn("is_known", F.lit(True)), on="record_id", how="left")
        .withColumn("is_known", F.coalesce("is_known", F.lit(False)))
        .withColumn("fate", fate)
        .groupBy("file_number", "fate", "reject_reason")
        .agg(F.count("*").alias("rows"), F.count_if(F.col("kind") != "track").alias("not_music"))
        .collect()
    )
    return Receipt(batch_id, tuple(_file_receipt(n, file.name, counts, broken) for n, file in enumerate(files)))


def _file_receipt(number: int, name: str, counts: list[Any], broken: dict[int, str]) -> FileReceipt:
    if number in broken:
        return FileReceipt(name, error=broken[number])
    mine = [row for row in counts if row["file_number"] == number]
    by_fate = {fate: sum(r["rows"] for r in mine if r["fate"] == fate) for fate in ("new", "already_known")}
    return FileReceipt(
        name,
        rows=sum(row["rows"] for row in mine),
        new=by_fate["new"],
        already_known=by_fate["already_known"],
        duplicate_in_file=sum(r["rows"] for r in mine if r["fate"] == "duplicate_in_file"),
        rejected=sum(r["rows"] for r in mine if r["fate"] == "rejected"),
        not_music=sum(r["not_music"] for r in mine if r["fate"] == "new"),
        reasons={r["reject_reason"]: r["rows"] for r in mine if r["fate"] == "rejected"},
    )


def _take_in(lake: Lake, rows: DataFrame, files: tuple[HistoryFile, ...]) -> None:
    """Write records, what brought them, and dead letters. Each is a merge: a killed run is completed by the next."""
    good = rows.where(F.col("reject_reason").isNull())
    append_new(lake, import_records_bronze, good.select("record_id", "batch_id"))
    append_new(lake, listening_history_bronze, good.select(*listening_history_bronze.column_names))
    rejected = rows.where(F.col("reject_reason").isNotNull())
    letters = [
        {
            "rejected_id": sha256((files[row["file_number"]].name, row["row_number"], row["payload"])),
            "source": files[row["file_number"]].format,
            "file": files[row["file_number"]].name,
            "row_number": row["row_number"],
            "reason": row["reject_reason"],
            "payload": row["payload"],
            "batch_id": row["batch_id"],
            "ingested_at": row["ingested_at"].replace(tzinfo=UTC),
        }
        for row in rejected.collect()
    ]
    append_new_rows(lake, rejected_records_bronze, letters)


def _run(receipt: Receipt, user_id: str, started_at: datetime) -> dict[str, Any]:
    total = receipt.total
    status = "done" if not receipt.broken else "failed" if len(receipt.broken) == len(receipt.files) else "partial"
    return {
        "run_id": uuid4().hex,
        "batch_id": receipt.batch_id,
        "source": "import",
        "user_id": user_id,
        "status": status,
        "started_at": started_at,
        "finished_at": datetime.now(UTC),
        "row_count": total.rows,
        "new_count": total.new,
        "known_count": total.already_known,
        "duplicate_count": total.duplicate_in_file,
        "rejected_count": total.rejected,
        "error": "; ".join(str(file.error) for file in receipt.broken) or None,
    }
