"""The notebooks run on the demo's lake, and their key figures are those that the definitions give."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from config.settings import Settings
from notebooks.lake import Period, open_listener, periods

NAMES = ("overview", "trends", "personas", "playlists", "research")
FOLDER = Path(__file__).parents[2] / "notebooks"
KEPT = "FROM listening_with_features WHERE user_id = 'demo' AND excluded_by IS NULL"

pytestmark = pytest.mark.usefixtures("demo_named")


def run(name: str, **chosen: Any) -> Mapping[str, Any]:
    """What the cells of a notebook define; chosen stands in for what a reader would pick."""
    _, found = importlib.import_module(f"notebooks.{name}").app.run(defs=chosen or None)
    return found


def range_called(label: str) -> Period:
    store = open_listener("demo")
    try:
        return next(period for period in periods(store) if period.label == label)
    finally:
        store.close()


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_runs_with_simulated_features_and_in_the_first_month(name: str) -> None:
    """The other basis, and other ranges, are run by the tests below."""
    chosen: dict[str, Any] = {"basis": "all"}
    if name != "playlists":
        chosen["period"] = range_called("November 2024")
    assert run(name, **chosen)["figures"]


@pytest.mark.parametrize(
    ("label", "start", "end"),
    [
        ("Last 365 days", date(2025, 11, 2), date(2026, 11, 1)),
        ("2025", date(2025, 1, 1), date(2025, 12, 31)),
        ("October 2026", date(2026, 10, 1), date(2026, 10, 31)),
        ("All time", date(1970, 1, 1), date(2026, 11, 1)),
    ],
)
def test_the_overview_counts_the_plays_of_the_range(
    label: str, start: date, end: date, lake_sql: duckdb.DuckDBPyConnection
) -> None:
    told = lake_sql.execute(
        f"""
        SELECT count(*) FILTER (is_counted), sum(listened_ms), count(DISTINCT played_date) FILTER (is_counted),
               count(DISTINCT recording_id), count(DISTINCT lower(trim(artist_name)))
        {KEPT} AND played_date BETWEEN $start AND $end
        """,
        {"start": start, "end": end},
    ).fetchone()
    sessions = lake_sql.execute(
        "SELECT count(*) FROM listening_sessions WHERE user_id = 'demo' AND played_date BETWEEN $start AND $end",
        {"start": start, "end": end},
    ).fetchone()
    figures = run("overview", period=range_called(label), basis="measured")["figures"]
    names = ("play_count", "listened_ms", "active_day_count", "recording_count", "artist_count")
    assert tuple(figures[name] for name in names) == told
    assert figures["session_count"] == sessions[0]


def test_the_week_of_the_overview_holds_all_of_its_time() -> None:
    found = run("overview")
    assert sum(row["hours"] for row in found["week"]) == pytest.approx(found["figures"]["listened_ms"] / 3_600_000)
    assert sum(row["plays"] for row in found["week"]) == found["figures"]["play_count"]


def test_the_first_artist_is_the_one_of_most_time(lake_sql: duckdb.DuckDBPyConnection) -> None:
    first = lake_sql.execute(
        f"SELECT artist_name, sum(listened_ms) / 3600000.0 {KEPT} AND played_date >= DATE '2025-11-02' "
        "AND played_date <= DATE '2026-11-01' GROUP BY ALL ORDER BY 2 DESC LIMIT 1"
    ).fetchone()
    shown = run("overview", period=range_called("Last 365 days"), basis="measured")["artists"][0]
    assert shown["artist_name"] == first[0] and shown["hours"] == pytest.approx(first[1])


def test_the_months_of_the_trends_hold_the_whole_time(lake_sql: duckdb.DuckDBPyConnection) -> None:
    whole = lake_sql.execute(
        f"SELECT count(DISTINCT date_trunc('month', played_date)), sum(listened_ms) / 3600000.0 {KEPT} "
        "AND played_date <= DATE '2026-10-31'"
    ).fetchone()
    figures = run("trends")["figures"]
    assert figures["month_count"] == whole[0]
    assert figures["hours"] == pytest.approx(whole[1])


def test_the_shares_of_the_genre_families_are_a_whole() -> None:
    by_month: dict[date, float] = {}
    for row in run("trends")["families"]:
        by_month[row["month_start"]] = by_month.get(row["month_start"], 0.0) + row["time_share"]
    assert len(by_month) == 24
    assert list(by_month.values()) == pytest.approx([1.0] * len(by_month))


def test_the_parts_of_a_difference_add_up_to_it() -> None:
    whole, *parts = run("trends", period=range_called("Last 365 days"), basis="measured")["splits"]
    assert sum(row["hours"] for row in parts) == pytest.approx(whole["hours"])


def test_the_sessions_of_a_range_are_described_as_they_are(lake_sql: duckdb.DuckDBPyConnection) -> None:
    told = lake_sql.execute(
        "SELECT count(*), median(session_ms) / 60000.0, median(artist_count) FROM listening_sessions "
        "WHERE user_id = 'demo' AND played_date BETWEEN DATE '2025-01-01' AND DATE '2025-12-31'"
    ).fetchone()
    middle = run("personas", period=range_called("2025"), basis="measured")["middle"]
    assert (middle["sessions"], middle["minutes"], middle["artists"]) == pytest.approx(told)


def test_personas_are_counted_only_where_groups_were_found(lake_sql: duckdb.DuckDBPyConnection) -> None:
    found = lake_sql.execute("SELECT max(k) FROM personas WHERE user_id = 'demo' AND basis = 'measured'").fetchone()
    assert run("personas", period=range_called("2025"), basis="measured")["figures"]["persona_count"] == found[0]


def test_the_tracks_of_the_playlists_are_those_that_are_on_them_now(lake_sql: duckdb.DuckDBPyConnection) -> None:
    told = lake_sql.execute(
        "SELECT count(DISTINCT (playlist_id, track_id)) FROM playlist_items_history "
        "WHERE user_id = 'demo' AND is_current AND track_id IS NOT NULL"
    ).fetchone()
    assert run("playlists")["figures"]["track_count"] == told[0]


@pytest.mark.parametrize("question", ["mood_by_hour", "features_foretell_habits", "bright_and_dark_sessions"])
def test_the_findings_are_all_told(question: str, lake_sql: duckdb.DuckDBPyConnection) -> None:
    told = lake_sql.execute(
        "SELECT count(*), count(*) FILTER (verdict = 'supported') FROM research_findings "
        "WHERE user_id = 'demo' AND basis = 'measured' AND question = $question",
        {"question": question},
    ).fetchone()
    figures = run("research", question=question)["figures"]
    assert (figures["findings"], figures["supported"]) == told


def test_the_sound_of_an_hour_leaves_synthetic_features_out(lake_sql: duckdb.DuckDBPyConnection) -> None:
    plays = lake_sql.execute(
        f"SELECT valence, listened_ms, feature_source {KEPT} AND hour_of_day = 19 AND listened_ms > 0 "
        "AND valence IS NOT NULL AND energy IS NOT NULL"
    ).fetchall()
    for basis in ("measured", "all"):
        used = [play for play in plays if basis == "all" or play[2] != "synthetic"]
        mean = sum(valence * heard for valence, heard, _ in used) / sum(heard for _, heard, _ in used)
        by_hour = run("research", period=range_called("All time"), basis=basis)["by_hour"]
        shown = next(row for row in by_hour if row["hour_of_day"] == 19)
        assert (shown["valence"], shown["starts"]) == (pytest.approx(mean), len(used))


def test_a_notebook_runs_as_a_script(demo_settings: Settings) -> None:
    done = subprocess.run([sys.executable, FOLDER / "research.py"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
