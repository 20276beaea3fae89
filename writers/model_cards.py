"""Model cards: what the models of built tables say of themselves, read from the tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from schemas.declaration import MODEL_FIGURES, Table
from schemas.lake import Lake

EVERYONE = "*"


def model_cards(lake: Lake, table: Table) -> Iterator[dict[str, Any]]:
    """One card for each fit of the newest version of a table, without run and times; none where it declares no model.

    Raises ValueError where a model names columns that its table does not have.
    """
    import polars as pl

    model = table.model
    if model is None:
        return
    figures = [name for name in MODEL_FIGURES if name in table.column_names]
    read = [*model.by, *figures, model.fitted, "reason", *model.where]
    unknown = sorted({*read, "k"} - set(table.column_names))
    if unknown:
        raise ValueError(f"{table.name}: {', '.join(unknown)} belongs to the model and is no column")
    frame = pl.read_delta(lake.path(table), columns=sorted(set(read)))
    rows = frame.filter(*(pl.col(name) == value for name, value in model.where.items()))
    reason = pl.when(pl.col("k") == 0).then(pl.col("reason")).max()
    sums = [pl.col(name).max() for name in (*figures, model.fitted)]
    fits = rows.group_by(model.by).agg(*sums, reason.alias("reason")).sort(model.by)
    for fit in fits.iter_rows(named=True):
        yield {
            "table_name": table.name,
            "model_name": model.name,
            "user_id": fit.get("user_id", EVERYONE),
            "is_simulated": fit["is_simulated"],
            "basis": fit.get("basis", "all"),
            "features": json.dumps(model.features),
            "fitted_count": fit[model.fitted],
            **{name: fit.get(name) for name in MODEL_FIGURES},
            "seed": model.seed,
            "reason": fit["reason"],
        }
