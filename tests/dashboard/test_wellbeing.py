"""The page of wellbeing: what gold says of the right week, in words that say no more than it does."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from starlette.testclient import TestClient

from dashboard.pages.wellbeing import standing_of, told
from dashboard.sparklines import HEIGHT, WIDTH, sparkline
from serving.store import Store
from serving.wellbeing import told_of

PageOf = Callable[..., str]


def numbers(client: TestClient, part: str, **parameters: str) -> list[dict[str, Any]]:
    answer = client.get("/wellbeing.csv", params={"part": part, **parameters})
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def number(text: str) -> float | None:
    return float(text) if text else None


# The last Sundays of the ranges; the demo ends on Sunday 1 November 2026, a day that is not over.
@pytest.mark.parametrize(("asked", "week"), [({}, date(2026, 10, 19)), ({"range": "2025-07"}, date(2025, 7, 21))])
@pytest.mark.parametrize("basis", ["measured", "all"])
def test_the_indicators_are_those_of_the_newest_whole_week_of_the_range(
    client: TestClient, demo_store: Store, asked: dict[str, str], week: date, basis: str
) -> None:
    expected = demo_store.rows(
        "SELECT indicator, value, low, high, past_low, past_high, last_year_value FROM wellbeing_indicators "
        "WHERE basis = $basis AND week_start = $week",
        basis=basis, week=week,
    )  # fmt: skip
    found = {row["title"]: row for row in numbers(client, "indicators", basis=basis, **asked)}
    assert len(found) == len(expected) == 19
    for row in expected:
        got = found[told_of(row.pop("indicator")).title]
        assert {name: number(got[name]) for name in row} == row


def test_another_range_stands_beside(client: TestClient, demo_store: Store) -> None:
    expected = demo_store.row(
        "SELECT value FROM wellbeing_indicators "
        "WHERE basis = 'measured' AND indicator = 'energy_centre' AND week_start = '2025-06-23'"
    )
    rows = numbers(client, "indicators", range="2025-07", compare="before")
    assert [number(row["compared"]) for row in rows if row["title"] == "Energy"] == [expected and expected["value"]]


def test_the_trend_is_of_the_indicator_that_was_chosen(client: TestClient, demo_store: Store) -> None:
    expected = demo_store.rows(
        "SELECT week_start, value FROM wellbeing_indicators WHERE basis = 'measured' AND indicator = 'repetition' "
        "ORDER BY 1"
    )
    found = numbers(client, "trend", indicator="repetition", range="all")
    assert [(row["week_start"], number(row["value"])) for row in found] == [
        (str(row["week_start"]), row["value"]) for row in expected
    ]


def test_the_caveat_comes_first_and_nothing_is_said_of_health(page_of: PageOf) -> None:
    text = page_of("/wellbeing")
    assert text.index("not health") < text.index("The newest whole week") < text.index("Late-night share")
    assert "doi 10.1177/27000710261456849" in text
    assert not re.search(r"depress|happi|anxi|diagnos(?!is\.)|wellbeing (fell|rose)", text.casefold())


def test_a_null_value_is_told_with_its_reason(page_of: PageOf) -> None:
    assert "The discoveries of this window have not all had the 28 days after them yet." in page_of("/wellbeing")


def test_standing_is_told_of_the_own_past_alone_and_with_what_chance_gives(page_after: Callable[..., str]) -> None:
    html = page_after(
        "/wellbeing",
        "UPDATE wellbeing_indicators SET standing = 'within your usual range' WHERE standing IS NOT NULL",
        "UPDATE wellbeing_indicators SET standing = 'above your usual range', value = 0.5, past_low = 0.1, "
        "past_high = 0.2 WHERE indicator = 'late_night_share'",
    )
    assert "Late-night share: 50 %, above your usual range (10 % to 20 %)." in html
    assert "1 of these 18 outside it; by chance alone about 1 would be" in html


def test_null_results_are_told_as_results(page_of: PageOf, demo_store: Store) -> None:
    counts = demo_store.row(
        "SELECT count(*) AS told, count(*) FILTER (verdict = 'no evidence') AS nulls FROM research_findings "
        "WHERE basis = 'measured'"
    )
    assert counts is not None and counts["nulls"] > 3
    text = page_of("/wellbeing")
    assert f"Of {counts['told']} answers" in text and f"{counts['nulls']} show no evidence. No evidence is a" in text


def test_of_simulated_features_no_sentence_is_said(page_of: PageOf) -> None:
    text = page_of("/wellbeing", basis="all")
    assert "With simulated features" in text and "by chance alone" not in text and "95 % interval -" not in text


def test_a_range_before_the_first_week_says_what_to_do(page_of: PageOf) -> None:
    assert "No whole week ends in this range yet." in page_of("/wellbeing", range="1999")


def test_hostile_words_are_text(page_after: Callable[..., str]) -> None:
    html = page_after(
        "/wellbeing",
        "UPDATE wellbeing_indicators SET value = NULL, reason = '<script>alert(1)</script>'",
        "UPDATE research_findings SET sentence = '<img src=x onerror=alert(1)>'",
    )
    assert "<script>alert" not in html and "<img" not in html and "&lt;script&gt;alert(1)" in html


def test_values_are_written_in_their_units() -> None:
    assert told(0.0139, told_of("late_night_share")) == "1.4 %"
    assert told(-0.00626, told_of("relative_skip_rate")) == "−0.6 points"
    assert told(14.99, told_of("diurnal_phase_hours")) == "14:59"
    assert told(23.9999, told_of("diurnal_phase_hours")) == "00:00"
    assert told(-1.21, told_of("weekend_shift_hours")) == "−1.2 h"
    assert told(None, told_of("repetition")) == "–"
    clock = {"indicator": "diurnal_phase_hours", "standing": "below your usual range"}
    assert standing_of(clock) == "earlier than your usual range"


def test_a_sparkline_stays_in_its_box_and_leaves_gaps_open() -> None:
    made = sparkline([1.0, None, 3.0, 2.0], [0.0, 0.0, 0.0, 0.0], [4.0, 4.0, 4.0, 4.0])
    assert made is not None
    assert made.line.count("M") == 2 and made.line.count("L") == 1
    xs, ys = zip(*(map(float, pair) for pair in re.findall(r"([\d.]+) ([\d.]+)", made.line + made.band)), strict=True)
    assert min(xs) >= 0 and max(xs) == WIDTH and min(ys) >= 0 and max(ys) <= HEIGHT
    assert sparkline([None, 1.0], [None, None], [None, None]) is None
