"""The page Evolution: shares that add up, changes only where they are significant, and both ranges side by side."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from serving.store import Store

PageOf = Callable[..., str]
CHANGE = """
    UPDATE taste_changes SET change_number = 1, changed_place = 1, era_start = DATE '2025-05-05',
    changed_aspect = 'genre_family', changed_item = 'metal', before_mean = 0.1, after_mean = 0.3, size = 3.0,
    p_value = 0.002, sentence = 'a new era began in the week of 2025-05-05: metal 10 % → 30 %', reason = NULL
"""


def numbers(client: TestClient, part: str, **parameters: str) -> list[dict[str, Any]]:
    answer = client.get("/evolution.csv", params={"part": part, **parameters})
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_families_of_genres_add_up_to_the_whole_of_each_month(client: TestClient, demo_store: Store) -> None:
    sums: dict[str, float] = defaultdict(float)
    named: dict[tuple[str, str], float] = {}
    for row in numbers(client, "genres", range="2025"):
        sums[row["period_start"]] += float(row["share"])
        named[row["period_start"], row["family"]] = float(row["share"])
    assert len(sums) == 12
    assert list(sums.values()) == pytest.approx([1.0] * 12)
    rows = demo_store.rows(
        """
        WITH heard AS (SELECT *, strftime(played_date, '%Y-%m-01') AS month FROM listening_with_features
            WHERE excluded_by IS NULL AND year(played_date) = 2025),
        whole AS (SELECT month, sum(listened_ms) AS ms FROM heard GROUP BY 1)
        SELECT month, genre_family, sum(listened_ms * genre_weight) / any_value(ms) AS share
        FROM heard JOIN track_genres USING (track_id) JOIN whole USING (month) GROUP BY ALL
        """
    )
    told = {(row["month"], row["genre_family"]): row["share"] for row in rows}
    shared = named.keys() & told.keys()
    assert len(shared) > 70
    assert {key: named[key] for key in shared} == pytest.approx({key: told[key] for key in shared}, abs=1e-6)


def test_short_ranges_are_told_by_week(client: TestClient) -> None:
    starts = {row["period_start"] for row in numbers(client, "genres", range="90d")}
    assert 12 <= len(starts) <= 14


def test_no_change_is_claimed_without_significance(page_of: PageOf, demo_store: Store) -> None:
    row = demo_store.row("SELECT reason FROM taste_changes WHERE basis = 'measured'")
    assert row is not None
    page = page_of("/evolution")
    assert f"No change of taste is told, out of 103 weeks: {row['reason']}." in page
    assert "new era" not in page


def test_a_change_is_told_in_words_and_figures(page_after: PageOf) -> None:
    html = page_after("/evolution", CHANGE)
    assert "A new era began in the week of 2025-05-05: metal 10 % → 30 %." in html
    assert "5 May 2025" in html
    assert "With simulated features" not in html


def test_a_change_on_simulated_features_is_marked(page_after: PageOf) -> None:
    html = page_after("/evolution", CHANGE, basis="all")
    assert "(With simulated features: no statement about you.)" in html


def test_unknown_decades_are_said_to_be_unknown(page_of: PageOf) -> None:
    assert "Decades of release are not known of any of this music" in page_of("/evolution")


def test_known_decades_are_shown(page_after: PageOf) -> None:
    html = page_after("/evolution", "UPDATE taste_evolution SET aspect_item = '1990s' WHERE taste_aspect = 'era'")
    assert "1990s" in html
    assert "Decades of release are not known" not in html


def test_two_ranges_stand_side_by_side(client: TestClient, demo_store: Store) -> None:
    def shares(year: int) -> dict[str, float]:
        rows = demo_store.rows(
            f"SELECT genre_family, sum(genre_weight * listened_ms) AS ms FROM kept_plays "
            f"JOIN track_genres USING (track_id) WHERE year(played_date) = {year} GROUP BY 1"
        )
        return {row["genre_family"]: row["ms"] / sum(one["ms"] for one in rows) for row in rows}

    found = numbers(client, "beside", range="2026", compare="before")
    assert {row["family"]: float(row["share"]) for row in found} == pytest.approx(shares(2026))
    assert {row["family"]: float(row["before"]) for row in found} == pytest.approx(shares(2025))


def test_years_name_what_was_played_most(client: TestClient, demo_store: Store) -> None:
    for row in numbers(client, "years"):
        best = demo_store.row(
            "SELECT artist_name FROM kept_plays WHERE year(played_date) = $year AND artist_name IS NOT NULL "
            "GROUP BY 1 ORDER BY sum(listened_ms) DESC LIMIT 1",
            year=int(row["year"]),
        )
        assert best is not None
        assert row["artist"] == best["artist_name"]


def test_a_range_without_music_says_what_to_do(page_of: PageOf) -> None:
    page = page_of("/evolution", **{"from": "2001-01-01", "to": "2001-12-31"})
    assert "Nothing was heard in this range. Choose a longer one above." in page


def test_about_tells_where_features_come_from(client: TestClient, page_of: PageOf, demo_store: Store) -> None:
    row = demo_store.row(
        "SELECT sum(listened_ms) FILTER (feature_source IN ('real', 'kaggle')) / sum(listened_ms) AS share "
        "FROM listening_with_features WHERE excluded_by IS NULL"
    )
    assert row is not None
    page = page_of("/about")
    assert f"{100 * row['share']:.0f} % of your listening time has features that are not simulated" in page
    assert "listened_ms" in page
    assert "no statement about health" in page
