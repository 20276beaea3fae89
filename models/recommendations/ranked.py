"""The shape in which every source gives its candidates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from models.recommendations.history import NAMES
from models.recommendations.rules import SOURCE_LIMIT

Row = dict[Any, Any]

# Strengths are compared with so many decimal places, so that the last digits of a sum settle no order.
PLACES = 9


def strongest(
    rows: pd.DataFrame, strength: ArrayLike, tie: ArrayLike | None = None, limit: int = SOURCE_LIMIT
) -> pd.DataFrame:
    """The rows (column recording_id) of the largest strengths, largest first; ties by `tie`, smallest first, then id.

    Rows without a positive strength are left out, and of a recording all but its strongest row.
    """
    values = np.round(np.asarray(strength, dtype=float), PLACES)
    ties = np.zeros(len(rows)) if tie is None else np.asarray(tie, dtype=float)
    order = np.lexsort((rows["recording_id"].to_numpy(dtype=str), ties, -values))
    kept = rows.iloc[order[values[order] > 0]]
    return kept.drop_duplicates("recording_id").head(limit)


def suggested(
    rows: pd.DataFrame, why: Callable[[Row], str], part_of_day: pd.Series | None = None, *, is_new: bool
) -> pd.DataFrame:
    """Rows in their order as candidates: recording_id, NAMES, why, part_of_day (empty for any), is_new_to_listener.

    why(row) says in one sentence why the row is suggested.
    """
    found = rows[["recording_id", *NAMES]].reset_index(drop=True)
    found["why"] = [why(row) for row in rows.to_dict("records")]
    found["part_of_day"] = "" if part_of_day is None else part_of_day.to_numpy()
    return found.assign(is_new_to_listener=is_new)


def own(recordings: pd.DataFrame) -> pd.DataFrame:
    """Recordings of a history with their id as a column."""
    return recordings.rename_axis("recording_id").reset_index()
