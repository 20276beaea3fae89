"""Pages of an artist, an album, a track and a genre: their figures, their names, and keys that nobody has."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date
from html import unescape
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from serving.alike import heard_together, nearest, sound_of
from serving.items import heard_of, item_of
from serving.store import Store

PageOf = Callable[..., str]
FIRST, LAST = date(2025, 3, 5), date(2025, 9, 17)
RANGE = {"from": str(FIRST), "to": str(LAST)}
SUBJECTS = {
    "artist": ("artist_stats", "artist_key", "artist_of(artist_name) = $key"),
    "album": ("album_stats", "album_key", "album_of(album_name, artist_name) = $key"),
    "track": ("track_stats", "recording_id", "recording_id = $key"),
}


def first_of(store: Store, table: str, key: str, place: int = 3) -> dict[str, Any]:
    row = store.row(f"SELECT * FROM {table} WHERE period_kind = 'all_time' AND time_rank = {place}")
    assert row is not None
    return {**row, "key": row[key]}


def numbers(client: TestClient, path: str, part: str, **parameters: str) -> list[dict[str, str]]:
    answer = client.get(f"{path}.csv", params={"part": part, **parameters})
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


@pytest.mark.parametrize("subject", SUBJECTS)
def test_sums_of_a_range_are_those_of_its_plays(subject: str, demo_store: Store) -> None:
    table, key, where = SUBJECTS[subject]
    item = item_of(demo_store, subject, first_of(demo_store, table, key)["key"])  # type: ignore[arg-type]
    assert item is not None
    expected = demo_store.row(
        f"""
        SELECT count(*) AS starts, count(*) FILTER (is_counted) AS plays, sum(listened_ms) AS ms,
            count(*) FILTER (is_skip) AS skips, count(DISTINCT recording_id) AS tracks,
            count(DISTINCT played_date) FILTER (is_counted) AS days
        FROM listening_with_features
        WHERE excluded_by IS NULL AND {where} AND played_date >= '{FIRST}' AND played_date <= '{LAST}'
        """,
        key=item.key,
    )
    heard = heard_of(demo_store, item, FIRST, LAST)
    found = [heard.total[name] for name in ("start_count", "play_count", "listened_ms", "skip_count", "day_count")]
    assert expected is not None
    assert found == [expected[name] for name in ("starts", "plays", "ms", "skips", "days")]
    assert sum(row["listened_ms"] for row in heard.hours) == expected["ms"]
    if subject != "track":
        assert len(heard.recordings) == expected["tracks"]
        assert sum(row["listened_ms"] for row in heard.recordings) == expected["ms"]


def test_albums_of_an_artist_are_counted_as_the_top_list_counts_them(demo_store: Store) -> None:
    artist = item_of(demo_store, "artist", first_of(demo_store, "artist_stats", "artist_key", 1)["key"])
    assert artist is not None
    albums = heard_of(demo_store, artist, date(1970, 1, 1), date(2100, 1, 1)).albums
    expected = demo_store.rows(
        "SELECT album_key AS key, play_count, listened_ms FROM album_stats WHERE period_kind = 'all_time' "
        "AND artist_of(artist_name) = $key ORDER BY listened_ms DESC",
        key=artist.key,
    )
    assert [{name: row[name] for name in ("key", "play_count", "listened_ms")} for row in albums] == expected


def test_a_genre_is_counted_by_the_part_of_each_track(demo_store: Store) -> None:
    row = first_of(demo_store, "genre_stats", "genre", 2)
    genre = item_of(demo_store, "genre", row["genre"])
    assert genre is not None
    total = heard_of(demo_store, genre, date(1970, 1, 1), date(2100, 1, 1)).total
    assert genre.whole is not None
    assert total["listened_ms"] == pytest.approx(genre.whole["listened_ms"], abs=1)
    assert total["listened_ms"] == pytest.approx(row["genre_time"], abs=1)
    assert total["play_count"] == pytest.approx(row["genre_plays"])


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_page_tells_the_place_and_the_months_of_gold(
    subject: str, demo_store: Store, page_of: PageOf, client: TestClient
) -> None:
    table, column, _ = SUBJECTS[subject]
    row = first_of(demo_store, table, column)
    page = page_of(f"/{subject}", key=row["key"], range="all")
    assert "Place by time #3" in page
    assert f"Plays {row['play_count']:,}" in page
    months = demo_store.rows(
        f"SELECT period_start, listened_ms FROM {table} WHERE {column} = $key AND period_kind = 'month' "
        "AND listened_ms > 0",
        key=row["key"],
    )
    found = numbers(client, f"/{subject}", "months", key=row["key"], range="all")
    assert {one["month"]: int(one["listened_ms"]) for one in found if one["listened_ms"] != "0"} == {
        str(one["period_start"]): one["listened_ms"] for one in months
    }


def test_the_nearest_tracks_are_those_of_the_smallest_standardised_distance(demo_store: Store) -> None:
    names = ("valence", "energy", "danceability", "acousticness", "instrumentalness", "tempo")
    rows = demo_store.rows(
        f"SELECT recording_id, {', '.join(f'avg({name}) AS {name}' for name in names)} "
        "FROM recordings JOIN track_features USING (track_id) WHERE basis = 'measured' AND recording_id IN "
        "(SELECT recording_id FROM kept_plays WHERE is_counted) GROUP BY 1 HAVING avg(tempo) IS NOT NULL ORDER BY 1"
    )
    values = np.array([[row[name] for name in names] for row in rows])
    item = item_of(demo_store, "track", rows[0]["recording_id"])
    assert item is not None
    found = nearest(demo_store, item, "measured", limit=2000)
    own = {row["key"]: row["distance"] for row in found}
    scaled = values / values.std(axis=0, ddof=1)
    distances = np.sqrt(((scaled - scaled[0]) ** 2).sum(axis=1))
    for row, distance in list(zip(rows, distances, strict=True))[1:200]:
        assert own[row["recording_id"]] == pytest.approx(distance, rel=0.02)
    assert [row["distance"] for row in found] == sorted(own.values())


def test_simulated_features_are_never_in_the_measured_sound(demo_store: Store) -> None:
    row = demo_store.row(
        "SELECT recording_id FROM track_stats JOIN track_features USING (track_id) WHERE period_kind = 'all_time' "
        "AND feature_source = 'synthetic' ORDER BY listened_ms DESC LIMIT 1"
    )
    assert row is not None
    item = item_of(demo_store, "track", row["recording_id"])
    assert item is not None
    assert sound_of(demo_store, item, "measured") is None
    simulated = sound_of(demo_store, item, "all")
    assert simulated is not None
    assert simulated["sources"] == "synthetic"


def test_simulated_features_are_marked_on_the_page(demo_store: Store, page_of: PageOf) -> None:
    key = first_of(demo_store, "track_stats", "recording_id")["key"]
    assert "With simulated features: no statement about the music" not in page_of("/track/sound", key=key)
    assert "With simulated features: no statement about the music" in page_of("/track/sound", key=key, basis="all")


@pytest.mark.parametrize("subject", ["artist", "track"])
def test_what_is_heard_together_is_counted_from_the_sessions_of_its_newest_plays(
    subject: Literal["artist", "track"], demo_store: Store
) -> None:
    table, column, _ = SUBJECTS[subject]
    item = item_of(demo_store, subject, first_of(demo_store, table, column, 1)["key"])
    assert item is not None
    looked_at, rows = heard_together(demo_store, item)
    assert rows
    asked = demo_store.ask(
        "SELECT session_id, played_date, recording_id, artist_of(artist_name) AS artist_key FROM kept_plays "
        "WHERE is_counted AND session_id IS NOT NULL",
        rows=1_000_000,
    )
    plays = pd.DataFrame(asked.rows, columns=list(asked.columns))
    plays["month"] = pd.to_datetime(plays["played_date"]).dt.strftime("%Y-%m")
    began = plays.groupby("session_id")["month"].min()
    own = plays[plays[column] == item.key]
    # The newest months that hold 120 starts of it; starts of gold's months count, as many as there are.
    starts = {f"{row['period_start']:%Y-%m}": row["start_count"] for row in item.months()}
    since = next(month for month in sorted(starts, reverse=True)
                 if sum(count for other, count in starts.items() if other >= month) >= 120)  # fmt: skip
    window = set(began[began >= since].index)
    shared = set(own["session_id"]) & window
    assert looked_at == len(shared)
    inside = plays[plays["session_id"].isin(window)].drop_duplicates(["session_id", column])
    usual = inside.groupby(column).size() / len(window)
    together = inside[inside["session_id"].isin(shared)].groupby(column).size()
    for row in rows:
        assert row["session_count"] == together[row["key"]] >= 3
        assert row["session_share"] == pytest.approx(row["session_count"] / looked_at)
        assert row["usual_share"] == pytest.approx(usual[row["key"]])
    often = together[together >= max(3, len(shared) / 20)].drop(item.key)
    lift = often / len(shared) / usual[often.index]
    assert rows[0]["session_share"] / rows[0]["usual_share"] == pytest.approx(lift.max())


@pytest.mark.parametrize(
    "path", ["/artist", "/album", "/track", "/genre", "/artist/sound", "/track/alike", "/album/plays"]
)
@pytest.mark.parametrize("key", ["nobody", "' OR 1=1 --", "<script>alert(1)</script>", "x" * 10_000])
def test_a_key_that_nobody_has_is_told_and_leads_to_the_search(path: str, key: str, client: TestClient) -> None:
    answer = client.get(path, params={"key": key})
    assert answer.status_code == 404
    assert "Search for it above" in answer.text
    assert "<script>alert" not in answer.text
    assert len(answer.text) < 20_000


@pytest.mark.parametrize("subject", ["artist", "album", "track", "genre"])
def test_the_later_parts_are_fetched_by_their_page_and_keep_the_basis(subject: str, client: TestClient) -> None:
    text = client.get(f"/{subject}", params={"basis": "all"}).text
    found = {path: unescape(href) for href, path in re.findall(rf'hx-get="((/{subject}/\w+)\?[^"]+)"', text)}
    expected = {"artist": "sound alike plays", "album": "sound plays", "track": "sound alike plays", "genre": "sound"}
    assert list(found) == [f"/{subject}/{part}" for part in expected[subject].split()]
    assert "With simulated features" in client.get(found[f"/{subject}/sound"]).text
    if f"/{subject}/alike" in found:
        assert "With simulated features" in client.get(found[f"/{subject}/alike"]).text


@pytest.mark.parametrize("subject", ["artist", "album", "track"])
def test_the_latest_plays_are_those_of_the_history(subject: str, demo_store: Store, client: TestClient) -> None:
    table, column, where = SUBJECTS[subject]
    key = first_of(demo_store, table, column)["key"]
    expected = demo_store.rows(
        "SELECT (played_at + to_minutes(utc_offset_minutes))::VARCHAR AS ended_at, listened_ms "
        f"FROM listening_with_features WHERE excluded_by IS NULL AND {where} ORDER BY played_at DESC LIMIT 50",
        key=key,
    )
    found = numbers(client, f"/{subject}/plays", "latest", key=key)
    assert [(row["ended_at"][:19].replace("T", " "), int(row["listened_ms"])) for row in found] == [
        (row["ended_at"][:19], row["listened_ms"]) for row in expected
    ]


@pytest.mark.parametrize("path", ["/artist", "/album", "/track", "/genre"])
def test_without_a_key_the_most_played_one_is_shown(path: str, page_of: PageOf) -> None:
    assert "Place by time #1" in page_of(path, range="all")


def test_a_track_of_another_edition_leads_to_the_recording(demo_store: Store, page_of: PageOf) -> None:
    row = demo_store.row(
        "SELECT tracks.track_id, stats.track_name FROM recordings JOIN tracks USING (track_id) "
        "JOIN track_stats AS stats USING (recording_id) WHERE recordings.track_id <> recording_id "
        "AND stats.period_kind = 'all_time' ORDER BY stats.listened_ms DESC LIMIT 1"
    )
    assert row is not None
    assert row["track_name"] in page_of("/track", key=row["track_id"])


def test_hostile_names_are_text(page_after: PageOf) -> None:
    evil = "<script>alert(1)</script>\"'\u202e" + "é" * 10_000
    html = page_after(
        "/artist",
        f"UPDATE artist_stats SET artist_name = '{evil.replace(chr(39), chr(39) * 2)}' WHERE time_rank = 1",
        f"UPDATE track_stats SET track_name = '{evil.replace(chr(39), chr(39) * 2)}'",
    )
    assert "&lt;script&gt;alert(1)" in html
    assert "<script>alert" not in html


def test_gaps_make_totals_at_least(page_after: PageOf) -> None:
    assert "at least" not in page_after("/artist")
    gap = "UPDATE coverage SET is_covered = FALSE, status = 'suspected_gap' WHERE played_date = DATE '2026-05-05'"
    assert "Totals are “at least”" in page_after("/artist", gap)


def test_a_comparison_stands_beside_the_totals(demo_store: Store, page_of: PageOf) -> None:
    row = first_of(demo_store, "artist_stats", "artist_key", 1)
    before = demo_store.row(
        "SELECT listened_ms, play_count FROM artist_stats WHERE period_kind = 'year' AND period_start = '2025-01-01' "
        "AND artist_key = $key",
        key=row["key"],
    )
    assert before is not None
    assert f"2025: {before['play_count']:,}" in page_of("/artist", key=row["key"], range="2026", compare="before")


def test_search_leads_to_pages(page_of: PageOf, client: TestClient) -> None:
    assert "Write a name" in page_of("/search")
    assert "these are spelt like it" in page_of("/search", q="overgrwn thimbels")
    assert "Nothing that you played or saved is called “zzzzqq”" in page_of("/search", q="zzzzqq")
    found = client.get("/search", params={"q": "overgrown thimbles"}).text
    assert 'href="/artist?key=overgrown+thimbles"' in found
    evil = client.get("/search", params={"q": "<script>alert(1)</script>"}).text
    assert "<script>alert" not in evil
