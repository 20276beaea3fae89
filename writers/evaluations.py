"""Evaluations: what built tables say of how well their models did, as rows of `evaluation_results`."""

from __future__ import annotations

from typing import Any

from schemas.declaration import Table
from schemas.lake import Lake
from schemas.records import evaluation_results

OF_THE_BUILD = ("run_id", "table_name", "as_of", "evaluated_at")


def evaluations(lake: Lake, table: Table) -> list[dict[str, Any]]:
    """The figures in the newest version of a table in order of its key, without run and times; none where it has none.

    A table has some where it has all columns of `evaluation_results` but those of the build.
    """
    import polars as pl

    columns = [name for name in evaluation_results.column_names if name not in OF_THE_BUILD]
    if table.layer != "gold" or not set(columns) <= set(table.column_names):
        return []
    rows = pl.read_delta(lake.path(table), columns=columns).sort(
        [name for name in evaluation_results.primary_key if name in columns]
    )
    return [{"table_name": table.name, **row} for row in rows.iter_rows(named=True)]
