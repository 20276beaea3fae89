"""What is computed for the API: equal to SQL written from the definition, over any range of days."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from dashboard.view import Visitor
from serving.store import Store

API = "/api/v1"
PLAYS = "FROM listening_with_features WHERE excluded_by IS NULL AND played_date >= $first AND played_date <= $last"
RANGES = [
    (None, None),
    (date(2025, 1, 1), date(2025, 12, 31)),
    (date(2025, 3, 5), date(2025, 7, 19)),
    (date(2026, 10, 31), None),
    (date(1999, 1, 1), date(1999, 12, 31)),
]


def asked(first: date | None, last: date | None) -> dict[str, str]:
    return {name: day.isoformat() for name, day in (("from", first), ("to", last)) if day}


@pytest.mark.parametrize(("first", "last"), RANGES)
def test_the_totals_are_those_of_the_plays(
    first: date | None, last: date | None, client: TestClient, demo_store: Store
) -> None:
    told = client.get(f"{API}/summary", params=asked(first, last)).json()
    days = {"first": first or date(1, 1, 1), "last": last or demo_store.as_of}
    (expected,) = demo_store.rows(
        "SELECT count(*) FILTER (is_counted) AS play_count, count(*) AS start_count, "
        "coalesce(sum(listened_ms), 0)::BIGINT AS listened_ms, count(DISTINCT recording_id) AS recording_count, "
        "count(DISTINCT played_date) FILTER (is_counted) AS active_day_count, "
        f"count(DISTINCT lower(trim(artist_name))) AS artist_count {PLAYS}",
        **days,
    )
    assert {name: told[name] for name in expected} == expected
    shares = demo_store.rows(
        f"SELECT coalesce(feature_source, 'none') AS source, sum(listened_ms) AS ms {PLAYS} GROUP BY 1", **days
    )
    total = sum(row["ms"] for row in shares)
    assert told["feature_shares"] == pytest.approx({row["source"]: row["ms"] / total for row in shares})
    ends = demo_store.rows(f"SELECT min(started_at) AS first, max(started_at) AS last {PLAYS}", **days)[0]
    parsed = [told[name] and datetime.fromisoformat(told[name][:-1]) for name in ("first_play_at", "last_play_at")]
    assert parsed == [ends["first"], ends["last"]]


def test_a_range_of_which_nothing_is_known_says_so(client: TestClient) -> None:
    told = client.get(f"{API}/summary", params={"from": "1999-01-01", "to": "1999-12-31"}).json()
    assert (told["play_count"], told["coverage"], told["feature_shares"]) == (0, None, {})


@pytest.mark.parametrize("by", ["time", "plays"])
def test_a_top_list_is_that_of_the_plays(by: str, client: TestClient, demo_store: Store) -> None:
    days = {"first": date(2025, 3, 5), "last": date(2025, 7, 19)}
    order = {"time": "2 DESC, 3 DESC", "plays": "3 DESC, 2 DESC"}[by]
    expected = demo_store.rows(
        "SELECT lower(trim(artist_name)) AS key, sum(listened_ms)::BIGINT AS listened_ms, "
        f"count(*) FILTER (is_counted) AS play_count {PLAYS} GROUP BY 1 ORDER BY {order} LIMIT 15",
        **days,
    )
    parameters = {**asked(*days.values()), "by": by, "limit": "10", "offset": "5"}
    rows = client.get(f"{API}/top/artists", params=parameters).json()["rows"]
    assert [{name: row[name] for name in expected[0]} for row in rows] == expected[5:]
    assert [row["rank"] for row in rows] == list(range(6, 16))


@pytest.mark.parametrize(
    "address",
    ["/summary?from=2025-02-01&to=2025-01-01", "/summary?from=1.1.2025", "/top/podcasts", "/top/artists?by=mood",
     "/top/artists?offset=-1", "/search", "/search?q=", "/ask?q=" + "x" * 501, "/top/artists?form=2025-01-01"],
)  # fmt: skip
def test_what_cannot_be_used_is_refused(address: str, client: TestClient) -> None:
    answer = client.get(f"{API}{address}")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_what_is_found_by_name_was_played(client: TestClient, demo_store: Store) -> None:
    artist = demo_store.row(
        "SELECT artist_name, artist_key FROM artist_stats WHERE period_kind = 'all_time' ORDER BY time_rank LIMIT 1"
    )
    found = client.get(f"{API}/search", params={"q": artist["artist_name"]}).json()
    assert found["artists"][0]["key"] == artist["artist_key"]
    assert found["is_guess"] is False


def test_a_question_is_answered_with_its_figure_and_its_sql(client: TestClient, demo_store: Store) -> None:
    told = client.get(f"{API}/ask", params={"q": "How many plays in 2025?"}).json()
    days = {"first": date(2025, 1, 1), "last": date(2025, 12, 31)}
    (expected,) = demo_store.rows(f"SELECT count(*) FILTER (is_counted) AS n {PLAYS}", **days)
    assert (told["is_answered"], told["value"]) == (True, expected["n"])
    assert told["queries"] and told["versions"]
    followed = client.get(f"{API}/ask", params={"q": "and in 2026?", "after": "How many plays in 2025?"}).json()
    assert followed["is_answered"] and followed["value"] != told["value"]


def test_who_asks_is_told(client: TestClient, demo_store: Store) -> None:
    told = client.get(f"{API}/me").json()
    assert (told["user_id"], told["is_admin"], told["how"]) == ("demo", True, "local")
    assert told["as_of"] == demo_store.as_of.isoformat()


def test_the_server_lives_and_says_when_it_is_ready(client: TestClient, tmp_path: Any) -> None:
    from config.settings import Settings
    from dashboard.app import make_app

    assert client.get("/health").json() == {"status": "ok", "detail": ""}
    assert client.get("/health/ready").status_code == 200
    empty = Settings(_env_file=None, lake_uri=str(tmp_path / "lake"), state_dir=tmp_path / "state")
    app = make_app(empty)
    other = TestClient(app, base_url="http://127.0.0.1")
    assert other.get("/health").status_code == 200
    assert (other.get("/health/ready").status_code, other.get("/health/ready").json()["status"]) == (503, "not ready")
    app.state.site.stores.close()


def test_figures_for_prometheus_count_requests_by_route(demo_settings: Any, demo_store: Store) -> None:
    from dashboard.app import make_app

    class Admin:
        def visitor(self, request: object) -> Visitor:
            return Visitor("demo", is_admin=True)

    app = make_app(demo_settings, Admin())
    client = TestClient(app, base_url="http://127.0.0.1")
    for name in ("personas", "personas", "coverage_gaps"):
        client.get(f"{API}/tables/{name}")
    client.get(f"{API}/tables/personas?limit=0")
    client.get("/no/such/address/with/a/name")
    text = client.get("/metrics").text
    route = f'lakesong_requests_total{{method="GET",route="{API}/tables/personas"'
    assert f'{route},status="200"}} 2.0' in text
    assert f'{route},status="422"}} 1.0' in text
    assert 'route="none",status="404"} 1.0' in text
    assert "with/a/name" not in text
    plays = demo_store.row("SELECT count(*) AS n FROM listening_with_features")
    assert f"lakesong_plays {float(plays['n'])}" in text
    assert "lakesong_release_age_seconds" in text and "lakesong_request_seconds_bucket" in text
    app.state.site.stores.close()
