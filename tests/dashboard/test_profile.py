"""The page of profiles: the right period, its shares, places among one's own months."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from starlette.testclient import TestClient

from serving.profiles import HABITS, nearest_period
from serving.store import Store

PageOf = Callable[..., str]


def numbers(client: TestClient, part: str, **parameters: str) -> list[dict[str, Any]]:
    answer = client.get("/profile.csv", params={"part": part, **parameters})
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


# The demo's history: 3 November 2024 or so to 1 November 2026.
@pytest.mark.parametrize(
    ("first", "last", "kind", "start"),
    [
        (date(2025, 1, 1), date(2025, 12, 31), "year", date(2025, 1, 1)),
        (date(2025, 5, 1), date(2025, 5, 31), "month", date(2025, 5, 1)),
        (date(2025, 5, 10), date(2025, 6, 5), "month", date(2025, 5, 1)),
        (date(2025, 11, 2), date(2026, 11, 1), "year", date(2026, 1, 1)),
        (date(2020, 1, 1), date(2026, 12, 31), "all_time", date(1970, 1, 1)),
    ],
)
def test_the_period_with_most_days_in_common_is_told(
    demo_store: Store, first: date, last: date, kind: str, start: date
) -> None:
    known = demo_store.row("SELECT min(played_date) AS day FROM coverage")
    assert known is not None
    found = nearest_period(demo_store, "music_profiles", first, last, known["day"])
    assert found is not None and (found["period_kind"], found["period_start"]) == (kind, start)


def test_no_period_is_near_to_days_without_history(demo_store: Store) -> None:
    assert nearest_period(demo_store, "user_metrics", date(1999, 1, 1), date(1999, 2, 1), date(2024, 11, 3)) is None


def test_the_portrait_shows_the_shares_of_the_month(client: TestClient, demo_store: Store) -> None:
    expected = demo_store.rows(
        "SELECT profile_name, profile_share FROM music_profiles "
        "WHERE period_kind = 'month' AND period_start = '2026-05-01'"
    )
    assert sum(row["profile_share"] for row in expected) == pytest.approx(1)
    html = client.get("/profile", params={"range": "2026-05"}).text
    cards = html[html.index('id="portrait"') : html.index('id="months"')]
    text = " ".join(re.sub(r"<[^>]+>", " ", cards).split())
    for row in expected:
        per_cent = 100 * row["profile_share"]
        written = f"{per_cent:.1f} %" if per_cent < 10 else f"{per_cent:.0f} %"
        assert f"{row['profile_name']} {written}" in text


def test_a_range_that_gold_does_not_tell_says_what_is_shown_instead(page_of: PageOf) -> None:
    text = page_of("/profile")
    assert "Nearest to Last 365 days is 2026." in text and "Your portrait: 2026" in text
    assert "Nearest to" not in page_of("/profile", range="2025")


def test_months_add_up_to_one(client: TestClient) -> None:
    totals: dict[str, float] = {}
    for row in numbers(client, "months", range="2025"):
        totals[row["month"]] = totals.get(row["month"], 0) + float(row["profile_share"])
    assert len(totals) >= 12 and all(total == pytest.approx(1) for total in totals.values())


def test_places_are_among_the_own_whole_months(page_of: PageOf, demo_store: Store) -> None:
    months = demo_store.rows(
        """
        SELECT date_trunc('month', d.played_date)::DATE AS month, sum(listened_ms) AS ms
        FROM daily_listening d WHERE basis = 'measured' GROUP BY 1
        """
    )
    covered = demo_store.rows(
        "SELECT period_start AS month FROM user_metrics WHERE basis = 'measured' AND period_kind = 'month' "
        "AND coverage >= 0.9 AND period_end < $today",
        today=demo_store.as_of,
    )
    whole = {row["month"] for row in covered}
    order = sorted((row["ms"] for row in months if row["month"] in whole), reverse=True)
    mine = next(row["ms"] for row in months if row["month"] == date(2026, 5, 1))
    expected = f"place {order.index(mine) + 1} of your {len(order)} months"
    text = page_of("/profile", range="2026-05")
    assert re.search(rf"Time [\d.,]+ h {expected}", text)


def test_habits_are_those_of_gold_beside_the_own_months(client: TestClient, demo_store: Store) -> None:
    rows = {row["label"]: row for row in numbers(client, "habits", range="2026-05")}
    assert len(rows) == len(HABITS)
    expected = demo_store.row(
        "SELECT night_share FROM user_features WHERE period_kind = 'month' AND period_start = '2026-05-01'"
    )
    months = demo_store.row(
        "SELECT min(night_share) AS least, max(night_share) AS most FROM user_features WHERE period_kind = 'month' "
        "AND coverage >= 0.9 AND period_end < $today",
        today=demo_store.as_of,
    )
    assert expected is not None and months is not None
    night = rows["From 0 to 5 h"]
    for name, value in (
        ("value", expected["night_share"]), ("least", months["least"]), ("most", months["most"]),
    ):  # fmt: skip
        written = f"{100 * value:.1f} %" if 0 < 100 * value < 10 else f"{100 * value:.0f} %"
        assert night[f"{name}_written"] == written


def test_what_cannot_be_told_says_why(page_after: Callable[..., str]) -> None:
    html = page_after(
        "/profile",
        "UPDATE music_profiles SET profile_share = NULL, profile_rank = NULL, drivers = NULL, similarity = NULL, "
        "reason = '<b>share of popular music</b> is not known' WHERE profile_name LIKE '%er' AND period_kind = 'year'",
        range="2025",
    )
    assert "Not told: &lt;b&gt;share of popular music&lt;/b&gt; is not known." in html and "<b>share" not in html


def test_a_range_without_history_says_what_to_do(page_of: PageOf) -> None:
    text = page_of("/profile", range="1999")
    assert "Too little is known of the time around this range for a profile." in text
    assert "No month has enough listening for a profile yet." in text
