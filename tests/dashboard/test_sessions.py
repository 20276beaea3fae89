"""The pages of sessions: counts, hours and lengths as the plays tell them; personas where there are some."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from starlette.testclient import TestClient

from serving.store import Store

PageOf = Callable[..., str]
PERSONAS = (
    "UPDATE session_personas SET persona_id = 1 + (hash(session_id) % 2)::INT, k = 2, reason = NULL",
    "UPDATE session_personas SET persona_name = CASE persona_id WHEN 1 THEN 'morning, <b>short</b>' ELSE 'late, long' "
    "END",
    "INSERT INTO personas SELECT * REPLACE (1 AS persona_id, 'morning, <b>short</b>' AS persona_name, 2 AS k, "
    "0.75 AS session_share, 0.9 AS stability, 0.5 AS silhouette, 0.3 AS null_silhouette, NULL AS reason) FROM personas",
    "INSERT INTO personas SELECT * REPLACE (2 AS persona_id, 'late, long' AS persona_name, 0.25 AS session_share) "
    "FROM personas WHERE persona_id = 1",
    "DELETE FROM personas WHERE persona_id = 0",
)


def numbers(client: TestClient, part: str, path: str = "/sessions", **parameters: str) -> list[dict[str, Any]]:
    answer = client.get(f"{path}.csv", params={"part": part, **parameters})
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def sessions_of(store: Store, year: int) -> list[dict[str, Any]]:
    """Each session from its plays: local begin, length, plays."""
    rows = store.rows(
        """
        SELECT session_id, min(started_at) AS started, max(played_at) AS ended, any_value(time_zone) AS zone,
            count(*) FILTER (is_counted) AS plays, arg_min(played_date, (played_at, play_id)) AS day
        FROM listening_with_features WHERE excluded_by IS NULL GROUP BY 1
        """
    )
    for row in rows:
        row["hour"] = row["started"].replace(tzinfo=UTC).astimezone(ZoneInfo(row["zone"])).hour
        row["ms"] = (row["ended"] - row["started"]).total_seconds() * 1000
    return [row for row in rows if row["day"].year == year]


def test_sessions_are_counted_by_hour_length_and_month(client: TestClient, demo_store: Store) -> None:
    expected = sessions_of(demo_store, 2025)
    assert len(expected) > 1000
    for row in numbers(client, "hours", range="2025"):
        assert int(row["session_count"]) == sum(one["hour"] == int(row["hour"]) for one in expected)
    limits = (0, 5, 15, 30, 60, 120, 240, float("inf"))
    for place, row in enumerate(numbers(client, "lengths", range="2025")):
        within = [one for one in expected if limits[place] <= one["ms"] / 60_000 < limits[place + 1]]
        assert int(row["session_count"]) == len(within), row
    for row in numbers(client, "months", range="2025"):
        of_month = [one["ms"] for one in expected if f"{one['day']:%Y-%m}-01" == row["month"]]
        assert (int(row["session_count"]), float(row["median_ms"])) == (len(of_month), median(of_month))


def test_the_total_stands_on_the_page(page_of: PageOf, demo_store: Store) -> None:
    assert f"Sessions {len(sessions_of(demo_store, 2025)):,} " in page_of("/sessions", range="2025")


def test_without_personas_the_reason_is_told(page_of: PageOf, demo_store: Store) -> None:
    found = demo_store.row("SELECT reason FROM personas WHERE basis = 'measured' AND persona_id = 0 AND k = 0")
    assert found is not None, "the demo has personas now: choose another lake for this"
    assert f"Your sessions fall into no personas: {found['reason']}." in page_of("/sessions")


def test_personas_are_shown_with_their_names_as_text(page_after: Callable[..., str]) -> None:
    html = page_after("/sessions", *PERSONAS)
    assert html.count("morning, &lt;b&gt;short&lt;/b&gt;") == 2 and "<b>short" not in html
    assert "75 %" in html and "Personas over time" in html


def test_unknown_hours_make_counts_least_ones(page_after: Callable[..., str]) -> None:
    assert "at least " not in page_after("/sessions", range="2025-05")
    gap = (
        "UPDATE coverage SET is_covered = false WHERE hour_of_day < 6 "
        "AND played_date BETWEEN '2025-05-01' AND '2025-05-31'"
    )
    html = page_after("/sessions", gap, range="2025-05")
    assert "at least " in html and "75 % of the hours of this range are known" in html


def test_a_session_lists_its_plays_in_order(client: TestClient, page_of: PageOf, demo_store: Store) -> None:
    longest = demo_store.row("SELECT session_id FROM listening_sessions ORDER BY start_count DESC LIMIT 1")
    assert longest is not None
    expected = demo_store.rows(
        "SELECT track_name, listened_ms FROM listening_with_features WHERE session_id = $id AND excluded_by IS NULL "
        "ORDER BY started_at, played_at, play_id",
        id=longest["session_id"],
    )
    found = numbers(client, "plays", "/session", id=longest["session_id"])
    assert len(found) > 10
    assert [(row["track_name"], int(row["listened_ms"])) for row in found] == [
        (row["track_name"], row["listened_ms"]) for row in expected
    ]
    assert f"{len(expected)} begun" in page_of("/session", id=longest["session_id"])


def test_a_session_that_is_not_there_is_said_to_be_missing(client: TestClient) -> None:
    answer = client.get("/session", params={"id": "' OR 1=1 --"})
    assert answer.status_code == 404 and "There is no such session." in answer.text


def test_a_range_without_music_says_what_to_do(page_of: PageOf) -> None:
    assert "No session begins in this range. Choose a longer one above." in page_of("/sessions", range="1999")
