"""`lakesong shell`: Python with a PySpark session and the tables."""

from __future__ import annotations

import code
from contextlib import suppress
from typing import TYPE_CHECKING

from pipeline import declared_tables
from schemas.lake import Lake
from serving.lake_reader import no_lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def run_shell(spark: SparkSession, lake: Lake) -> None:
    """Register every table of the lake as a view, by its name, and read Python until the end of the input.

    Raises InputError when there is no lake.
    """
    from pyspark.sql import functions as F

    present = [table for table in declared_tables().values() if lake.has(table)]
    if not present:
        raise no_lake(lake)
    for table in present:
        spark.read.format("delta").load(lake.path(table)).createOrReplaceTempView(table.name)
    with suppress(ImportError):  # editing and history of lines, where the platform has them
        import readline  # noqa: F401
    banner = (
        f"PySpark {spark.version} on {lake.root}: `spark` and `F` are ready.\n"
        f"Tables: {', '.join(table.name for table in present)}\n"
        'Try: spark.table("plays").groupBy("artist_name").count().orderBy(F.desc("count")).show(5)'
    )
    code.interact(banner=banner, local={"spark": spark, "F": F}, exitmsg="")
