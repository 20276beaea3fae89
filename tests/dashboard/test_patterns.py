"""The page Patterns: sums of hours, weekdays and days from the plays, beside those of another range."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from starlette.testclient import TestClient

from serving.store import Store

PageOf = Callable[..., str]
FIRST, LAST = date(2025, 3, 5), date(2025, 9, 17)
RANGE = {"from": str(FIRST), "to": str(LAST)}
PARTS = {"night 0–5": range(5), "morning 5–12": range(5, 12), "afternoon 12–17": range(12, 17),
         "evening 17–22": range(17, 22), "late 22–24": range(22, 24)}  # fmt: skip


def numbers(client: TestClient, part: str, **parameters: str) -> list[dict[str, Any]]:
    answer = client.get("/patterns.csv", params={"part": part, **parameters})
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


@pytest.fixture(scope="module")
def plays(demo_store: Store) -> list[dict[str, Any]]:
    found = demo_store.ask(
        "SELECT played_date, hour_of_day, day_of_week, listened_ms, season FROM listening_with_features "
        "WHERE excluded_by IS NULL",
        rows=1_000_000,
    )
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def within(plays: list[dict[str, Any]], first: date, last: date) -> list[dict[str, Any]]:
    return [play for play in plays if first <= play["played_date"] <= last]


def time_by(plays: list[dict[str, Any]], name: str) -> Counter[Any]:
    sums: Counter[Any] = Counter()
    for play in plays:
        sums[play[name]] += play["listened_ms"]
    return sums


def test_hours_weekdays_and_parts_of_the_day_add_up(client: TestClient, plays: list[dict[str, Any]]) -> None:
    own = within(plays, FIRST, LAST)
    hours, total = time_by(own, "hour_of_day"), sum(play["listened_ms"] for play in own)
    assert {int(r["hour"]): int(r["listened_ms"]) for r in numbers(client, "clock", **RANGE)} == {
        hour: hours[hour] for hour in range(24)
    }
    assert [int(r["listened_ms"]) for r in numbers(client, "weekdays", **RANGE)] == [
        time_by(own, "day_of_week")[day] for day in range(1, 8)
    ]
    for row in numbers(client, "parts", **RANGE):
        assert float(row["share"]) == pytest.approx(sum(hours[hour] for hour in PARTS[row["bucket"]]) / total)


def test_a_weekday_is_a_mean_over_all_days_also_those_without_music(
    page_of: PageOf, plays: list[dict[str, Any]]
) -> None:
    own = within(plays, FIRST, LAST)
    days = [FIRST + timedelta(days=place) for place in range((LAST - FIRST).days + 1)]
    for label, wanted in (("A weekday", {1, 2, 3, 4, 5}), ("A day of the weekend", {6, 7})):
        heard = sum(play["listened_ms"] for play in own if play["day_of_week"] in wanted)
        mean = heard / sum(day.isoweekday() in wanted for day in days)
        assert f"{label} {mean / 3.6e6:.1f} h" in page_of("/patterns", **RANGE)


def test_seasons_tell_of_days_with_music(client: TestClient, plays: list[dict[str, Any]]) -> None:
    own = within(plays, FIRST, LAST)
    for row in numbers(client, "seasons", **RANGE):
        mine = [play for play in own if play["season"] == row["season"]]
        days = {play["played_date"] for play in mine}
        assert int(row["day_count"]) == len(days)
        assert float(row["daily_ms"]) == pytest.approx(sum(play["listened_ms"] for play in mine) / len(days))


def test_the_calendar_has_every_day_with_music(client: TestClient, plays: list[dict[str, Any]]) -> None:
    found = {row["played_date"]: int(row["listened_ms"]) for row in numbers(client, "calendar", **RANGE)}
    assert found == {str(day): ms for day, ms in time_by(within(plays, FIRST, LAST), "played_date").items()}


def test_a_comparison_tells_shares_of_both_ranges(client: TestClient, plays: list[dict[str, Any]]) -> None:
    before = within(plays, date(2025, 1, 1), date(2025, 12, 31))
    total = sum(play["listened_ms"] for play in before)
    for row in numbers(client, "clock", range="2026", compare="before"):
        assert float(row["before"]) == pytest.approx(time_by(before, "hour_of_day")[int(row["hour"])] / total)


def test_sessions_are_counted_by_their_length(client: TestClient, demo_store: Store) -> None:
    rows = demo_store.rows(
        f"SELECT session_ms / 60000.0 AS minutes FROM listening_sessions "
        f"WHERE played_date BETWEEN '{FIRST}' AND '{LAST}'"
    )
    lengths = [row["minutes"] for row in rows]
    bounds = [0, 15, 30, 60, 120, 240, 1e9]
    expected = [sum(low <= one < high for one in lengths) for low, high in pairwise(bounds)]
    assert [int(row["session_count"]) for row in numbers(client, "sessions", **RANGE)] == expected


def test_skips_are_told_with_their_intervals(client: TestClient, demo_store: Store) -> None:
    overall = demo_store.row("SELECT * FROM skip_behaviour WHERE dimension = 'overall'")
    assert overall is not None
    rows = numbers(client, "skips")
    assert float(rows[0]["skip_rate"]) == overall["skip_rate"]
    assert all(float(row["low"]) <= float(row["skip_rate"]) <= float(row["high"]) for row in rows)


def test_a_range_without_music_says_what_to_do(page_of: PageOf) -> None:
    page = page_of("/patterns", **{"from": "2001-01-01", "to": "2001-12-31"})
    assert "Nothing was heard in this range. Choose a longer one above." in page


def test_a_comparison_with_a_time_before_the_history_is_answered(page_of: PageOf) -> None:
    page = page_of("/patterns", range="all", compare="before")
    assert re.search(r"A weekday \d\.\d h .*: –", page)
