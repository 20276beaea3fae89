"""coverage: a row an hour from the first record to the last, imported where an export's span holds it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from transformations.silver.coverage import coverage
from transformations.silver.coverage_gaps import coverage_gaps

START = datetime(2024, 3, 30, 20, 15, tzinfo=UTC)
Hours = Callable[..., dict[int, Any]]


def hour(number: float) -> datetime:
    """An instant, in hours after 2024-03-30 20:15 UTC."""
    return START + timedelta(hours=number)


@pytest.fixture
def hours(rows: Callable[..., Any]) -> Hours:
    """Rows of one listener by the number of the hour, from records given as (batch, source, hour).

    polls: (time of the poll, start of the oldest play, newest stamp, whether full), in hours too.
    """

    def of(
        *records: tuple[str, str, float], zone: str = "UTC", polls: tuple[tuple[float, float, float, bool], ...] = ()
    ) -> dict[int, Any]:
        history = [
            {"record_id": f"{source}/{at}", "user_id": "u", "source": source, "played_at": hour(at), "kind": "track"}
            for _, source, at in records
        ]
        stamps: dict[tuple[str, str], list[float]] = {}
        for batch, source, at in records:
            if batch:
                stamps.setdefault((batch, source), []).append(at)
        done = {"user_id": "u", "status": "done"}
        runs = [
            {**done, "source": source, "oldest_at": hour(min(at)), "newest_at": hour(max(at))}
            for (_, source), at in stamps.items()
        ]
        for at, oldest, newest, is_full in polls:
            span = {"started_at": hour(at), "oldest_at": hour(oldest), "newest_at": hour(newest), "is_full": is_full}
            runs.append({**done, "source": "recently_played", **span})
        found = coverage(
            rows("listening_history_bronze", *history),
            rows("ingestion_runs_bronze", *runs),
            coverage_gaps(rows("ingestion_runs_bronze", *runs)),
            rows("listeners", {"user_id": "u", "time_zone": zone}),
            timezone="UTC",
        ).collect()
        first = START.replace(minute=0)
        placed = {int((row.hour_at.astimezone(UTC) - first).total_seconds() // 3600): row for row in found}
        assert len(placed) == len(found)
        return placed

    return of


def test_there_is_a_row_for_every_hour_from_the_first_record_to_the_last(hours):
    found = hours(("", "recently_played", 0), ("", "recently_played", 30.6))
    assert sorted(found) == list(range(31))


def test_an_hour_is_imported_inside_the_span_of_one_import_and_unknown_between(hours):
    """Two exports with a gap between them, and a poll before and after: their hours are no part of an export."""
    found = hours(
        ("", "recently_played", 0),
        ("one", "extended_history", 2),
        ("one", "extended_history", 5),
        ("two", "extended_history", 9.9),
        ("two", "extended_history", 12),
        ("", "recently_played", 14),
    )
    imported = {*range(2, 6), *range(10, 13)}  # 9.9 hours after 20:15 is 6:09
    assert {number for number, row in found.items() if row.status == "imported"} == imported
    assert {number for number, row in found.items() if row.status == "unknown"} == set(range(15)) - imported
    assert {number for number, row in found.items() if row.is_covered} == imported


def test_only_an_extended_export_is_a_full_archive(hours):
    found = hours(
        ("a", "account_data", 0), ("a", "account_data", 6), ("e", "extended_history", 3), ("e", "extended_history", 8)
    )
    assert {number for number, row in found.items() if row.is_full_archive} == set(range(3, 9))
    assert {number for number, row in found.items() if row.is_covered} == set(range(9))


def test_overlapping_exports_give_each_hour_once(hours):
    found = hours(
        ("a", "extended_history", 0), ("a", "extended_history", 6), ("b", "extended_history", 3),
        ("b", "extended_history", 9),
    )  # fmt: skip
    assert sorted(found) == list(range(10))
    assert {row.status for row in found.values()} == {"imported"}


def test_a_poll_spans_nothing_even_when_an_import_brought_it(hours):
    """Plays that another program kept are no export: the hours between two of them were not seen."""
    found = hours(("csv", "recently_played", 0), ("csv", "recently_played", 5))
    assert {row.status for row in found.values()} == {"unknown"}


def test_the_local_day_that_changes_the_clock_has_its_true_number_of_hours(hours):
    found = hours(("e", "extended_history", 0), ("e", "extended_history", 60), zone="Europe/Berlin")
    days: dict[Any, list[int]] = {}
    for _, row in sorted(found.items()):
        days.setdefault(row.played_date.isoformat(), []).append(row.hour_of_day)
    assert days["2024-03-31"] == [0, 1, *range(3, 24)]
    assert days["2024-04-01"] == list(range(24))


def test_the_hours_of_a_history_follow_from_its_records(history, table, assert_same_rows):
    bronze, brought = table("listening_history_bronze"), table("import_records_bronze")
    expected = []
    for simulation in history.simulations:
        mine = bronze[bronze["user_id"] == simulation.user_id]
        stamps = mine["played_at"].dt.tz_convert("UTC")
        batches = mine.merge(brought, on="record_id", suffixes=("_first", ""))
        ends = batches.groupby(["batch_id", "source"])["played_at"].agg(["min", "max"])
        spans = [(source, first, last) for (_, source), (first, last) in zip(ends.index, ends.values, strict=True)]
        for at in pd.date_range(stamps.min().floor("h"), stamps.max().floor("h"), freq="h"):
            over = {source for source, first, last in spans if first < at + pd.Timedelta(hours=1) and last >= at}
            held = [zone.time_zone for zone in simulation.zones if zone.valid_from <= at]
            zone = held[-1] if held else simulation.zones[0].time_zone
            local = at.to_pydatetime().astimezone(ZoneInfo(zone))
            covered, full = len(over) > 0, "extended_history" in over
            status = "imported" if covered else "unknown"
            expected.append((simulation.user_id, at, local.date(), local.hour, zone, status, covered, full, True))
    names = ["user_id", "hour_at", "played_date", "hour_of_day", "time_zone", "status", "is_covered"]
    frame = pd.DataFrame(expected, columns=[*names, "is_full_archive", "is_simulated"])
    frame["hour_at"] = frame["hour_at"].astype("datetime64[us, UTC]")
    assert_same_rows(table("coverage"), frame, ["user_id", "hour_at"])


def statuses(found: dict[int, Any], status: str) -> set[int]:
    return {number for number, row in found.items() if row.status == status}


def test_hours_between_polls_that_overlap_are_observed_silence_and_the_latest_poll_included(hours):
    found = hours(("", "recently_played", 1), ("", "recently_played", 6), polls=((2, 0.5, 1, False), (9, 0.5, 6, True)))
    assert statuses(found, "observed") == set(range(10))
    assert {number for number, row in found.items() if row.is_covered} == set(range(10))


def test_hours_that_a_full_poll_without_overlap_jumped_over_are_a_suspected_gap(hours):
    """Seen until 4.0 and polled at 5: what ended up to an hour before that poll may be missing, until 10.5."""
    polls = ((5, 0, 4, True), (15, 10.5, 14, True))
    found = hours(("", "recently_played", 0), ("", "recently_played", 14), polls=polls)
    # Hours begin at a quarter past: 4.0 hours after 20:15 lies in hour 4 (00:00-01:00), 10.5 in hour 10.
    assert statuses(found, "suspected_gap") == set(range(4, 11))
    assert statuses(found, "observed") == {*range(0, 4), *range(11, 16)}


def test_an_export_that_spans_the_gap_makes_its_hours_imported(hours):
    polls = ((5, 0, 4, True), (15, 10.5, 14, True))
    export = (("e", "extended_history", 0), ("e", "extended_history", 20))
    found = hours(*export, polls=polls)
    assert statuses(found, "imported") == set(range(21))
