"""Files into a bronze table: staged, counted, merged, with dead letters and a receipt that adds up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pyspark.sql import Window
from pyspark.sql import functions as F

from ingestion.receipts import FileReceipt, Receipt
from ingestion.runs import run_row
from ingestion.staging import StagedFile, Staging, need_room, staged
from mappers.record import sha256
from schemas.bronze import ingestion_runs_bronze, rejected_records_bronze
from schemas.declaration import Table
from schemas.lake import Lake
from writers.creation import ensure_table, refuse_foreign
from writers.delta import append_new
from writers.records import append_rows, arrow_rows

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True)
class Import:
    """One import: files into `table`, and into `also` (tables made of some of the same columns).

    identity: the columns that tell one record from another when rows are counted; order: which of the rows with one
    key is kept. batch_id is made from the files' content, so that the same files again are the same batch.
    """

    table: Table
    files: list[StagedFile]
    batch_id: str
    identity: tuple[str, ...]
    user_id: str | None = None
    also: tuple[Table, ...] = ()
    order: Sequence[str] = ()


def run_import(
    spark: SparkSession, lake: Lake, job: Import, progress: Callable[[str], None] = lambda line: None
) -> Receipt:
    """Take the files in. Records go in with one commit; a run that was killed is completed by running it again.

    A broken file is named in the receipt and changes nothing; the others go in. If all are broken, nothing is written.
    Raises InputError when a local disk has no room.
    """
    tables = (*job.also, job.table, rejected_records_bronze, ingestion_runs_bronze)
    for table in tables:
        refuse_foreign(lake, table)
    need_room(lake, sum(file.size for file in job.files))
    started_at = datetime.now(UTC)
    with staged(lake, job.table, job.files, progress) as staging:
        if len(staging.broken) == len(job.files):
            files = tuple(FileReceipt(file.name, error=staging.broken[n]) for n, file in enumerate(job.files))
            return Receipt(job.batch_id, files, job.user_id)
        for table in tables:
            ensure_table(lake, table)
        rows = (
            spark.read.format("delta")
            .load(staging.mapped)
            .where(~F.col("file_number").isin([-1, *staging.broken]))
            .withColumns({"batch_id": F.lit(job.batch_id), "ingested_at": F.lit(started_at)})
        )
        progress("comparing with what is known")
        receipt = _receipt(spark, lake, job, rows, staging)
        progress("writing")
        if receipt.total.rows > receipt.total.rejected:
            _take_in(lake, job, rows)
        for chunk in filter(None, staging.rejected_rows()):
            letters = arrow_rows(rejected_records_bronze, (_letter(job, row, started_at) for row in chunk))
            append_new(lake, rejected_records_bronze, spark.createDataFrame(letters))
        append_rows(lake, ingestion_runs_bronze, _runs(receipt, job, _spans(rows, job), started_at))
    return receipt


def _receipt(spark: SparkSession, lake: Lake, job: Import, rows: DataFrame, staging: Staging) -> Receipt:
    """Count, for each file, what becomes of its rows, before anything is written."""
    identity = list(job.identity)
    known = spark.read.format("delta").load(lake.path(job.table)).select(*identity).distinct()
    in_file = Window.partitionBy("file_number", *identity).orderBy("row_number")
    fate = (
        F.when(F.col("occurrence") > 1, "duplicate_in_file")
        .when(F.col("is_known") | (F.col("file_number") > F.col("first_file")), "already_known")
        .otherwise("new")
    )
    is_music = F.col("kind") == "track" if "kind" in job.table.column_names else F.lit(True)
    counts = (
        rows.select("file_number", "row_number", *identity, is_music.alias("is_music"))
        .withColumn("occurrence", F.row_number().over(in_file))
        .withColumn("first_file", F.min("file_number").over(Window.partitionBy(*identity)))
        .join(known.withColumn("is_known", F.lit(True)), on=identity, how="left")
        .withColumn("is_known", F.coalesce("is_known", F.lit(False)))
        .withColumn("fate", fate)
        .groupBy("file_number", "fate")
        .agg(F.count("*").alias("rows"), F.count_if(~F.col("is_music")).alias("not_music"))
        .collect()
    )
    fates = {(row["file_number"], row["fate"]): row for row in counts}
    reasons = Counter((row["file_number"], row["reason"]) for chunk in staging.rejected_rows() for row in chunk)
    receipts = [
        FileReceipt(file.name, error=staging.broken[number])
        if number in staging.broken
        else _file_receipt(number, file.name, fates, reasons)
        for number, file in enumerate(job.files)
    ]
    return Receipt(job.batch_id, tuple(receipts), job.user_id)


def _file_receipt(
    number: int, name: str, fates: Mapping[tuple[int, str], Any], rejected: Mapping[tuple[int, str], int]
) -> FileReceipt:
    def count(fate: str, column: str = "rows") -> int:
        return int(fates[(number, fate)][column]) if (number, fate) in fates else 0

    reasons = {reason: rows for (file_number, reason), rows in rejected.items() if file_number == number}
    new, known, repeated = (count(fate) for fate in ("new", "already_known", "duplicate_in_file"))
    rejected_rows = sum(reasons.values())
    rows = new + known + repeated + rejected_rows
    not_music = count("new", "not_music")
    return FileReceipt(name, rows, new, known, repeated, rejected_rows, not_music, reasons)


def _take_in(lake: Lake, job: Import, rows: DataFrame) -> None:
    """Write what brought the records, and the records. Each write is a merge on a key."""
    for table in (*job.also, job.table):
        append_new(lake, table, rows, job.order)


def _letter(job: Import, row: dict[str, Any], ingested_at: datetime) -> dict[str, Any]:
    file = job.files[row["file_number"]]
    same_name = [other.name for other in job.files[: row["file_number"]]].count(file.name)
    return {
        "rejected_id": sha256((file.source, file.name, same_name, row["row_number"], row["payload"])),
        "source": file.source,
        "file": file.name,
        "row_number": row["row_number"],
        "reason": row["reason"],
        "payload": row["payload"],
        "batch_id": job.batch_id,
        "ingested_at": ingested_at,
    }


def _spans(rows: DataFrame, job: Import) -> dict[int, tuple[datetime, ...]]:
    """First and last stamp of the plays of each file, by its number; none for what is no history."""
    if "played_at" not in job.table.column_names:
        return {}
    stamp = F.unix_millis("played_at")
    ends = rows.groupBy("file_number").agg(F.min(stamp).alias("oldest"), F.max(stamp).alias("newest")).collect()
    return {row["file_number"]: tuple(_instant(row[name]) for name in ("oldest", "newest")) for row in ends}


def _instant(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _runs(
    receipt: Receipt, job: Import, spans: dict[int, tuple[datetime, ...]], started_at: datetime
) -> list[dict[str, Any]]:
    """A row of the ledger for each source among the files, with the span of its plays."""
    rows = []
    for source in dict.fromkeys(file.source for file in job.files):
        places = [place for place, file in enumerate(job.files) if file.source == source]
        part = Receipt(receipt.batch_id, tuple(receipt.files[place] for place in places))
        stamps = [spans[place] for place in places if place in spans]
        span = {
            "oldest_at": min((oldest for oldest, _ in stamps), default=None),
            "newest_at": max((newest for _, newest in stamps), default=None),
        }
        error = "; ".join(str(file.error) for file in part.broken) or None
        now = datetime.now(UTC)
        rows.append(run_row(receipt.batch_id, source, job.user_id, part.total, started_at, now, error=error, **span))
    return rows
