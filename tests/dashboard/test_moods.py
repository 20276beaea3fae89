"""The page of moods: shares, means and reasons as the definitions have them."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from serving.store import Store

PageOf = Callable[..., str]
DAYS = "played_date BETWEEN $first AND $last"


def numbers(client: TestClient, part: str, **parameters: str) -> list[dict[str, Any]]:
    answer = client.get("/moods.csv", params={"part": part, **parameters})
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def drawn(html: str, name: str) -> list[dict[str, Any]]:
    """The rows that a chart draws."""
    told = json.loads(re.findall(rf'data-chart="{name}">\s*<script type="application/json">(.*?)</script>', html)[0])
    names = [column["name"] for column in told["columns"]]
    return [dict(zip(names, row, strict=True)) for row in told["rows"]]


@pytest.mark.parametrize("basis", ["measured", "all"])
def test_shares_of_months_are_those_of_the_plays(client: TestClient, demo_store: Store, basis: str) -> None:
    expected = demo_store.rows(
        """
        SELECT strftime(played_date, '%Y-%m-01') AS month, coalesce(m.cluster_name, 'in no mood') AS mood,
            sum(listened_ms) AS listened_ms
        FROM listening_with_features p LEFT JOIN track_moods m ON m.track_id = p.track_id AND m.basis = $basis
        WHERE excluded_by IS NULL AND year(played_date) = 2025 GROUP BY 1, 2
        """,
        basis=basis,
    )
    totals: dict[str, int] = {}
    for row in expected:
        totals[row["month"]] = totals.get(row["month"], 0) + row["listened_ms"]
    found = numbers(client, "months", range="2025", basis=basis)
    assert len({row["month"] for row in found}) == 12
    got = {(row["month"], row["mood"]): (int(row["listened_ms"]), float(row["time_share"])) for row in found}
    for row in expected:
        time, part = got.pop((row["month"], row["mood"]))
        assert time == row["listened_ms"]
        assert part == pytest.approx(row["listened_ms"] / totals[row["month"]])
    assert all(time == 0 for time, _ in got.values())


def test_means_of_hours_are_weighted_by_time_and_empty_where_little_is_measured(
    client: TestClient, demo_store: Store
) -> None:
    expected = demo_store.rows(
        """
        SELECT hour_of_day, sum(listened_ms) AS heard,
            sum(CASE WHEN f.valence IS NOT NULL THEN listened_ms ELSE 0 END) AS known,
            sum(listened_ms * coalesce(f.valence, 0)) AS weighted
        FROM listening_with_features p
            LEFT JOIN track_features f ON f.track_id = p.track_id AND f.basis = 'measured'
        WHERE excluded_by IS NULL AND played_date BETWEEN '2025-06-01' AND '2025-06-30' GROUP BY 1 HAVING heard > 0
        """
    )
    found = {int(row["hour"]): row["valence"] for row in numbers(client, "hours", range="2025-06")}
    assert len(found) == 24
    heard = {row["hour_of_day"]: row for row in expected}
    for hour, value in found.items():
        row = heard.get(hour)
        if row is None or row["known"] < 0.6 * row["heard"]:
            assert value == ""
        else:
            assert float(value) == pytest.approx(row["weighted"] / row["known"])


def test_all_time_is_told_by_gold_as_the_plays_tell_it(client: TestClient, demo_store: Store) -> None:
    first = demo_store.row("SELECT min(played_date) AS day FROM coverage")
    assert first is not None
    whole = {"from": str(first["day"] - timedelta(days=1)), "to": str(demo_store.as_of)}
    for part in ("hours", "months"):
        by_gold, by_plays = numbers(client, part, range="all"), numbers(client, part, **whole)
        assert len(by_gold) == len(by_plays) > 20
        for gold, plays in zip(by_gold, by_plays, strict=True):
            for name in set(gold) - {"heard_day_count"}:
                if gold[name] and name in ("valence", "energy", "time_share"):
                    assert float(gold[name]) == pytest.approx(float(plays[name])), (part, gold, plays)
                else:
                    assert gold[name] == plays[name], (part, gold, plays)


def test_effects_of_items_add_up_to_the_difference(client: TestClient, demo_store: Store) -> None:
    total = demo_store.row(
        "SELECT bucket_mean - day_mean AS difference FROM mood_drivers WHERE basis = 'measured' "
        "AND clock_kind = 'part_of_day' AND clock_bucket = 'morning' AND feature = 'energy' AND dimension = 'total'"
    )
    assert total is not None
    for part in ("why-artist", "why-genre_family"):
        rows = numbers(client, part, when="morning", sound="energy")
        assert sum(float(row["effect"]) for row in rows) == pytest.approx(total["difference"], abs=1e-9)


def test_two_ranges_stand_beside_each_other(client: TestClient, demo_store: Store) -> None:
    expected = demo_store.row(
        """
        SELECT sum(listened_ms) FILTER (m.cluster_id = 1) / sum(listened_ms) AS part
        FROM listening_with_features p LEFT JOIN track_moods m ON m.track_id = p.track_id AND m.basis = 'measured'
        WHERE excluded_by IS NULL AND played_date BETWEEN '2025-03-01' AND '2025-03-31'
        """
    )
    assert expected is not None
    rows = numbers(client, "moods", range="2025-04", compare="before")
    assert float(rows[0]["earlier"]) == pytest.approx(expected["part"])
    assert sum(float(row["here"]) for row in rows) == pytest.approx(1.0)


def test_without_clusters_the_reason_is_told_and_the_tracks_are_shown(page_after: Callable[..., str]) -> None:
    html = page_after(
        "/moods",
        "UPDATE track_moods SET cluster_id = 0, cluster_name = NULL, k = 0, reason = 'no grouping is stable'",
        "DELETE FROM mood_clusters WHERE cluster_id > 0",
        "UPDATE mood_clusters SET k = 0, reason = 'no grouping is stable'",
    )
    assert "No moods are told apart in your music: no grouping is stable." in html
    assert 'id="plane"' in html and 'id="cards"' not in html


def test_times_are_least_ones_where_hours_were_not_observed(page_after: Callable[..., str]) -> None:
    gap = "UPDATE coverage SET is_covered = false WHERE year(played_date) = 2025 AND hour_of_day < 6"
    assert "at least" in page_after("/moods", gap, range="2025")
    assert "at least" not in page_after("/moods", range="2025")


def test_hours_of_little_measured_time_stay_empty(page_after: Callable[..., str]) -> None:
    unmeasured = "UPDATE track_features SET valence = NULL WHERE basis = 'measured' AND hash(track_id) % 5 < 3"
    html = page_after("/moods", unmeasured, range="2025")
    rows = drawn(html, "hours")
    assert [row["valence"] for row in rows] == [None] * 24
    assert sum(row["energy"] is not None for row in rows) > 12
    assert "The brightest music is heard" not in html


def test_simulated_features_are_marked_and_nothing_is_said_of_them(page_of: PageOf) -> None:
    text = page_of("/moods", basis="all")
    assert "With simulated features" in text
    assert "The brightest music is heard" not in text and "over the whole day)" not in text
    assert "The brightest music is heard" in page_of("/moods")


def test_a_range_without_music_says_what_to_do(page_of: PageOf) -> None:
    assert "Nothing was heard in this range. Choose a longer one above." in page_of("/moods", range="1999")


def test_hostile_names_are_text(page_after: Callable[..., str]) -> None:
    evil = "<script>alert(1)</script>\"'\u202e"
    quoted = evil.replace("'", "''")
    html = page_after(
        "/moods",
        f"UPDATE track_stats SET track_name = '{quoted}', artist_name = '{quoted}'",
        f"UPDATE mood_clusters SET cluster_name = '{quoted}' WHERE cluster_id = 1",
        f"UPDATE mood_drivers SET item = '{quoted}' WHERE item_place = 1 AND dimension = 'artist'",
    )
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
