"""Keeping what was suggested, and what then became of it, after a release."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from models.recommendations.outcomes import COLUMNS, SUGGESTED, holding, new_suggestions, outcomes_by
from pipeline import Release, latest_release, table_named
from schemas.lake import Lake
from schemas.records import recommendation_outcomes
from writers.creation import ensure_table
from writers.records import append_rows

# What is shown is the list that rests on no synthetic feature.
SHOWN_BASIS = "measured"


def record_suggestions(lake: Lake, now: datetime | None = None) -> int:
    """Append what became of open suggestions, and what the newest release suggests; gives the number of new rows.

    A second run for the same release adds nothing. Engine-free; the caller holds the run lock.
    """
    release = latest_release(lake)
    if release.as_of is None or "track_recommendations" not in release.versions:
        return 0
    known = ensure_table(lake, recommendation_outcomes).to_pyarrow_table().to_pandas()
    ended = outcomes_by(known, _plays(lake, release, known), _saved(lake, release, known), release.as_of)
    stamp = pd.Timestamp(now or datetime.now(UTC))
    both = pd.concat([known, ended.assign(recorded_at=stamp)], ignore_index=True) if len(ended) else known
    shown = _read(lake, release, "track_recommendations", ds.field("basis") == SHOWN_BASIS)
    new = new_suggestions(shown, both, release.as_of)
    rows = [_row(row, stamp) for frame in (ended, new) for row in frame.to_dict("records")]
    if rows:
        append_rows(lake, recommendation_outcomes, rows)
    return len(rows)


def _row(row: dict[Any, Any], stamp: pd.Timestamp) -> dict[str, Any]:
    plain = {name: None if pd.isna(row[name]) else row[name] for name in COLUMNS}
    return {**plain, "rank": int(row["rank"]), "recorded_at": stamp.to_pydatetime()}


def _plays(lake: Lake, release: Release, known: pd.DataFrame) -> pd.DataFrame:
    """Kept plays of the days on which something can have become of a suggestion that is open."""
    first = _first_open(known, release)
    # A local day can begin in the UTC month before.
    month = ds.field("played_month") >= f"{first - timedelta(days=1):%Y-%m}"
    is_recent = month & (ds.field("played_date") >= first) & ds.field("excluded_by").is_null()
    columns = ["user_id", "recording_id", "played_date", "is_counted", "is_skip"]
    return _read(lake, release, "listening_with_features", is_recent, columns)


def _saved(lake: Lake, release: Release, known: pd.DataFrame) -> pd.DataFrame:
    """Tracks that were saved, as recordings, with the day (UTC) on which that was."""
    is_saved = (ds.field("collection") == "saved_tracks") & ds.field("added_at").is_valid()
    saved = _read(lake, release, "library_history", is_saved, ["user_id", "item_id", "added_at"])
    saved = saved[pd.to_datetime(saved["added_at"], utc=True).dt.date >= _first_open(known, release)]
    ids = pa.array(saved["item_id"].tolist(), pa.string())
    editions = _read(lake, release, "recordings", ds.field("track_id").isin(ids), ["track_id", "recording_id"])
    found = saved.merge(editions, left_on="item_id", right_on="track_id", how="left")
    found["recording_id"] = found["recording_id"].fillna(found["item_id"])
    found["added_date"] = pd.to_datetime(found["added_at"], utc=True).dt.date
    return found[["user_id", "recording_id", "added_date"]]


def _first_open(known: pd.DataFrame, release: Release) -> date:
    """The first day of an open suggestion; the day after the release where there is none."""
    held = holding(known)
    days = held.loc[held["outcome"] == SUGGESTED, "suggested_date"]
    none_open: date = (release.as_of or date.min) + timedelta(days=1)
    return min(days, default=none_open)


def _read(
    lake: Lake, release: Release, name: str, wanted: ds.Expression, columns: list[str] | None = None
) -> pd.DataFrame:
    """Rows of a table at its released version; empty where the release has no such table."""
    table = table_named(name)
    names = columns or table.column_names
    if name not in release.versions:
        return pd.DataFrame(columns=names)
    found = lake.open(table, release.version_of(table)).to_pyarrow_dataset().to_table(columns=names, filter=wanted)
    return found.to_pandas()
