"""The overview: figures of the last days, what is usual, warnings, and what to do where there is nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from statistics import quantiles

import pytest
from starlette.testclient import TestClient

from config.settings import Settings
from dashboard.live import set_now_playing
from serving.recent import new_favourites, recent_days, week_of
from serving.store import Store

PageOf = Callable[..., str]
DAY = timedelta(days=1)


def test_all_time_is_as_the_plays_add_up(demo_store: Store, page_of: PageOf) -> None:
    row = demo_store.row(
        "SELECT count(*) FILTER (is_counted) AS plays, sum(listened_ms) / 3.6e6 AS hours, "
        "count(DISTINCT artist_of(artist_name)) AS artists FROM listening_with_features WHERE excluded_by IS NULL"
    )
    assert row is not None
    page = page_of("/overview")
    assert f"All time {row['hours']:,.0f} h {row['plays']:,} plays since" in page
    assert f"Artists {row['artists']:,}" in page


def test_the_week_stands_beside_the_middle_half_of_twelve_weeks(demo_store: Store) -> None:
    last = demo_store.as_of - DAY
    heard = {
        row["played_date"]: row["ms"]
        for row in demo_store.rows("SELECT played_date, sum(listened_ms) AS ms FROM kept_plays GROUP BY 1")
    }

    def time(week: int) -> int:
        return sum(heard.get(last - (7 * week + place) * DAY, 0) for place in range(7))

    week = week_of(recent_days(demo_store, demo_store.as_of), last)
    low, _, high = quantiles([time(one) for one in range(1, 13)], n=4, method="inclusive")
    assert (week.listened_ms, week.usual_low, week.usual_high) == (time(0), low, high)


@pytest.mark.parametrize(("heard", "standing"), [(60, "as usual"), (99, "more than usual"), (1, "less than usual")])
def test_the_standing_is_said_in_words(heard: int, standing: str) -> None:
    last = date(2026, 5, 31)
    days = [
        {"played_date": last - place * DAY, "play_count": 1, "coverage": 1.0,
         "listened_ms": heard if place < 7 else 10 * (place // 7)}
        for place in range(7 * 13)
    ]  # fmt: skip
    assert week_of(days, last).standing == standing


def test_weeks_with_gaps_are_never_usual_and_too_few_say_nothing() -> None:
    last = date(2026, 5, 31)
    days = [
        {"played_date": last - place * DAY, "play_count": 1, "listened_ms": 10, "coverage": 1.0 if place < 42 else 0.5}
        for place in range(7 * 13)
    ]
    week = week_of(days, last)
    assert (week.usual_low, week.standing, week.is_at_least) == (None, "", False)
    days[0]["coverage"] = 0.9
    assert week_of(days, last).is_at_least


def test_a_week_of_which_days_are_missing_is_never_less_than_usual() -> None:
    last = date(2026, 5, 31)
    days = [
        {"played_date": last - place * DAY, "play_count": 1, "listened_ms": 10, "coverage": 1.0}
        for place in range(3, 7 * 13)
    ]
    week = week_of(days, last)
    assert (week.listened_ms, week.is_at_least, week.standing) == (40, True, "")
    assert week.usual_low == 70


def test_new_favourites_were_never_heard_before(demo_store: Store) -> None:
    rows = new_favourites(demo_store, 50)
    first = {
        row["key"]: row
        for row in demo_store.rows(
            "SELECT artist_of(artist_name) AS key, min(played_date) AS day, count(*) AS plays FROM kept_plays "
            "WHERE is_counted GROUP BY 1"
        )
    }
    expected = {
        key for key, row in first.items() if key and row["day"] > demo_store.as_of - 60 * DAY and row["plays"] >= 5
    }
    assert {row["key"] for row in rows} == expected


def test_the_last_plays_are_listed_newest_first(demo_store: Store, client: TestClient) -> None:
    times = re.findall(r'<time datetime="([^"]+)"', client.get("/overview").text)
    expected = demo_store.rows(
        "SELECT played_at + to_minutes(utc_offset_minutes) AS at FROM kept_plays ORDER BY played_at DESC LIMIT 10"
    )
    assert times == [row["at"].isoformat() for row in expected]


def test_what_plays_now_is_shown_as_text(client: TestClient, demo_settings: Settings) -> None:
    name = "<script>alert('x')</script>"
    track = {"track_name": name, "artist_name": "\u202eAnn", "duration_ms": 200_000, "source": "listenbrainz"}
    try:
        set_now_playing(demo_settings.state_dir, "demo", track, datetime.now(UTC))
        text = client.get("/overview").text
    finally:
        set_now_playing(demo_settings.state_dir, "demo", None, datetime.now(UTC))
    assert "now playing" in text
    assert "&lt;script&gt;alert(" in text
    assert "<script>alert" not in text
    assert "now playing" not in client.get("/overview").text


def test_gaps_are_told_with_the_next_step(page_after: PageOf) -> None:
    gap = (
        "INSERT INTO coverage_gaps (user_id, gap_start_at, gap_end_at, found_at, is_closed) "
        "VALUES ('demo', TIMESTAMP '2026-10-20 10:00', TIMESTAMP '2026-10-20 12:00', TIMESTAMP '2026-10-20 12:05', {})"
    )
    assert "plays may be lost in 1 gap." in page_after("/overview", gap.format("FALSE"))
    assert "plays may be lost" not in page_after("/overview", gap.format("TRUE"))


def test_a_change_of_taste_is_told_for_half_a_year(page_after: PageOf) -> None:
    change = (
        "UPDATE taste_changes SET change_number = 1, era_start = DATE '{}', sentence = 'a new era began', reason = NULL"
    )
    assert "A new era began." in page_after("/overview", change.format("2026-09-07"))
    assert "A new era began." not in page_after("/overview", change.format("2025-05-05"))


def test_without_plays_the_page_says_how_to_begin(page_after: PageOf) -> None:
    text = page_after("/overview", "DELETE FROM listening_with_features", "DELETE FROM daily_listening")
    assert "Nothing has been heard yet." in text
    assert "lakesong import" in text


def test_another_site_cannot_start_a_collection(client: TestClient) -> None:
    answer = client.post("/jobs/cycle", headers={"origin": "http://evil.example", "sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


def test_the_button_starts_a_run_by_a_form_that_works_without_scripts(client: TestClient) -> None:
    assert '<form action="/jobs/cycle" method="post"' in client.get("/overview").text
