"""Suggestions are kept once, and what became of them is told from the lake."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ingestion.suggestions import record_suggestions
from pipeline import table_named
from schemas.declaration import Table
from schemas.lake import Lake
from schemas.records import pipeline_runs, recommendation_outcomes
from writers.creation import ensure_table
from writers.records import append_rows

MADE = ("track_recommendations", "listening_with_features", "library_history", "recordings")
FIRST = date(2026, 3, 2)
FILLER = {"STRING": "x", "INT": 0, "BIGINT": 0, "DOUBLE": 0.0, "BOOLEAN": False,
          "TIMESTAMP": datetime(2026, 1, 1, tzinfo=UTC), "DATE": date(2026, 1, 1)}  # fmt: skip


def filled(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    return {c.name: row.get(c.name, None if c.nullable else FILLER[c.type]) for c in table.columns}


@pytest.fixture
def release(lake: Lake) -> Callable[..., None]:
    """Append rows to tables that are made, by name, and release them for a day."""
    for name in MADE:
        ensure_table(lake, table_named(name))

    def of(day: date, **rows: list[dict[str, Any]]) -> None:
        for name, given in rows.items():
            append_rows(lake, table_named(name), [filled(table_named(name), row) for row in given])
        versions = {name: lake.open(table_named(name)).version() for name in MADE}
        at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        run = {"run_id": str(day), "status": "released", "started_at": at, "finished_at": at, "as_of": day}
        run |= {"engine": "none", "built": "", "release": json.dumps(versions), "fingerprints": "{}"}
        append_rows(lake, pipeline_runs, [run])

    return of


def suggested(recording: str, rank: int, basis: str = "measured") -> dict[str, Any]:
    return {"user_id": "ann", "basis": basis, "recording_id": recording, "rank": rank, "suggestion_source": "sound",
            "why": "Close in sound", "served_by": "model"}  # fmt: skip


def heard(recording: str, day: date, **other: Any) -> dict[str, Any]:
    return {"play_id": recording, "user_id": "ann", "recording_id": recording, "played_date": day,
            "played_month": f"{day:%Y-%m}", "is_counted": True, **other}  # fmt: skip


def kept(lake: Lake) -> list[tuple[Any, ...]]:
    rows = lake.open(recommendation_outcomes).to_pyarrow_table().to_pylist()
    columns = ("recording_id", "suggested_date", "outcome", "outcome_date")
    return sorted(tuple(str(row[name]) for name in columns) for row in rows)


def test_suggestions_are_kept_once_with_what_became_of_them(lake, release):
    names = [f"r{number:02d}" for number in range(25)]
    release(FIRST, track_recommendations=[suggested(name, rank) for rank, name in enumerate(names, start=1)])
    assert record_suggestions(lake) == 20
    assert record_suggestions(lake) == 0

    week = FIRST + timedelta(days=7)
    saved = {"user_id": "ann", "collection": "saved_tracks", "item_id": "edition",
             "added_at": datetime(2026, 3, 5, 8, tzinfo=UTC)}  # fmt: skip
    plays = [heard("r00", FIRST + timedelta(days=2)), heard("r01", FIRST), heard("r02", week, excluded_by="party")]
    release(
        week,
        listening_with_features=plays,
        library_history=[saved],
        recordings=[{"track_id": "edition", "recording_id": "r03", "evidence": "isrc"}],
    )
    assert record_suggestions(lake) == 2 + 1  # two ended; r00 is still on the list that was not made anew
    ended = {row for row in kept(lake) if row[2] not in ("suggested",)}
    assert ended == {
        ("r00", str(FIRST), "played", str(FIRST + timedelta(days=2))),
        ("r03", str(FIRST), "saved", "2026-03-05"),
    }


def test_after_fourteen_days_what_was_not_touched_was_ignored_and_is_not_suggested_at_once(lake, release):
    release(FIRST, track_recommendations=[suggested("a", 1), suggested("b", 1, basis="all")])
    assert record_suggestions(lake) == 1
    release(FIRST + timedelta(days=14))
    assert record_suggestions(lake) == 0
    release(FIRST + timedelta(days=15))
    assert record_suggestions(lake) == 1
    assert kept(lake)[0] == ("a", str(FIRST), "ignored", str(FIRST + timedelta(days=14)))
    assert record_suggestions(lake) == 0


def test_without_a_release_nothing_is_kept(lake):
    assert record_suggestions(lake) == 0
