"""coverage_gaps: one row a gap that a poll found, closed by an export that spans it and by nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from transformations.silver.coverage_gaps import coverage_gaps, imported_spans

START = datetime(2026, 10, 20, tzinfo=UTC)
Gaps = Callable[..., list[tuple[str, float, float, bool]]]


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def hours(stamp: datetime) -> float:
    return (stamp.astimezone(UTC) - START) / timedelta(hours=1)


def run(source: str, oldest: float, newest: float, *, started: float = 90.0, **more: Any) -> dict[str, Any]:
    span = {"oldest_at": at(oldest), "newest_at": at(newest), "started_at": at(started)}
    return {"run_id": f"{source}{oldest}{newest}", "user_id": "ann", "source": source, "status": "done", **span, **more}


def poll(started: float, oldest: float, newest: float, **more: Any) -> dict[str, Any]:
    return run("recently_played", oldest, newest, started=started, **{"is_full": True, **more})


# Polled at 10 with all from 5 to 9.5 seen, and at 30 with all from 25 on: from 9 (an hour of lateness) to 25.
POLLS = [poll(10, 5, 9.5), poll(30, 25, 29.5)]


@pytest.fixture
def gaps(rows: Callable[..., Any]) -> Gaps:
    """(listener, start, end, closed) of each gap; times in hours."""

    def of(*runs: dict[str, Any]) -> list[tuple[str, float, float, bool]]:
        found = coverage_gaps(rows("ingestion_runs_bronze", *runs)).collect()
        return sorted((row.user_id, hours(row.gap_start_at), hours(row.gap_end_at), row.is_closed) for row in found)

    return of


def test_a_gap_is_open_until_an_export_comes(gaps):
    assert gaps(*POLLS) == [("ann", 9.0, 25.0, False)]


@pytest.mark.parametrize("source", ["extended_history", "account_data"])
@pytest.mark.parametrize(
    ("first", "last", "is_closed"), [(9, 25, True), (0, 80, True), (9.1, 80, False), (0, 24.9, False), (30, 80, False)]
)
def test_an_export_closes_the_gap_that_it_spans_from_end_to_end(source, first, last, is_closed, gaps):
    assert gaps(*POLLS, run(source, first, last)) == [("ann", 9.0, 25.0, is_closed)]


def test_two_exports_that_span_it_leave_one_row(gaps):
    exports = [run("extended_history", 0, 80), run("account_data", 1, 81)]
    assert gaps(*POLLS, *exports) == [("ann", 9.0, 25.0, True)]


def test_an_export_of_another_listener_and_plays_that_were_watched_close_nothing(gaps):
    others = [run("extended_history", 0, 80, user_id="ben"), run("currently_playing", 0, 80)]
    assert gaps(*POLLS, *others) == [("ann", 9.0, 25.0, False)]


def test_each_listener_has_gaps_of_their_own(gaps):
    bens = [{**one, "user_id": "ben"} for one in (poll(10, 5, 9.5), poll(12, 9.4, 11.9), poll(50, 40, 49))]
    assert gaps(*POLLS, *bens, run("extended_history", 0, 30)) == [
        ("ann", 9.0, 25.0, True),
        ("ben", 11.0, 40.0, False),
    ]


def test_a_poll_that_failed_or_brought_no_play_changes_nothing(gaps):
    failed = poll(20, 8, 19, status="failed")
    empty = poll(21, 0, 0, newest_at=None, oldest_at=None, is_full=False)
    assert gaps(*POLLS, failed, empty) == [("ann", 9.0, 25.0, False)]


def test_without_polls_there_are_none(gaps):
    assert gaps(run("extended_history", 0, 80)) == []


def test_spans_are_those_of_exports_alone(rows):
    runs = [*POLLS, run("extended_history", 0, 80), run("account_data", 1, 81, user_id="ben")]
    found = imported_spans(rows("ingestion_runs_bronze", *runs)).collect()
    assert sorted((row.user_id, row.source, hours(row.first_at), hours(row.last_at)) for row in found) == [
        ("ann", "extended_history", 0, 80),
        ("ben", "account_data", 1, 81),
    ]
