"""track_stats, artist_stats, album_stats, genre_stats: sums against SQL, ranks against pandas, and totals of silver."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transformations.gold.album_stats import album_stats
from transformations.gold.artist_stats import artist_stats
from transformations.gold.genre_stats import genre_stats
from transformations.gold.track_stats import track_stats

TABLES = {
    "track_stats": ("recording_id", "track_name", "listened_ms", "play_count"),
    "artist_stats": ("artist_key", "artist_name", "listened_ms", "play_count"),
    "album_stats": ("album_key", "album_name", "listened_ms", "play_count"),
    "genre_stats": ("genre", "genre", "genre_time", "genre_plays"),
}
PERIOD = ["user_id", "period_kind", "period_start"]

# The standard ranges, straight from their definition, and the plays that lie in each.
HEARD = """
WITH ranges AS (
    SELECT 'month' AS kind, m::DATE AS first_day, (m + INTERVAL 1 MONTH - INTERVAL 1 DAY)::DATE AS last_day
    FROM range(DATE '2026-01-01', DATE '2027-01-01', INTERVAL 1 MONTH) t(m)
    UNION ALL SELECT 'year', DATE '2026-01-01', DATE '2026-12-31'
    UNION ALL SELECT 'all_time', DATE '1970-01-01', DATE '{as_of}'
    UNION ALL SELECT 'last_' || n || '_days', DATE '{as_of}' - n::INT + 1, DATE '{as_of}'
    FROM (VALUES (7), (28), (90), (365)) t(n)
),
hours AS (
    SELECT user_id, kind, first_day, avg(is_covered::INT) AS coverage FROM coverage
    JOIN ranges ON played_date BETWEEN first_day AND last_day OR kind = 'all_time' GROUP BY ALL
),
heard AS (
    SELECT l.*, kind AS period_kind, first_day AS period_start, last_day AS period_end, hours.coverage,
           coalesce(l.track_id IN (SELECT track_id FROM track_features WHERE basis = 'measured'), false) AS is_known,
           regexp_replace(lower(trim(l.artist_name)), ' +', ' ', 'g') AS artist_key,
           regexp_replace(lower(trim(l.album_name)), ' +', ' ', 'g') || chr(9) || coalesce(artist_key, '') AS album_key,
           sum(l.listened_ms) OVER (PARTITION BY l.user_id, kind, first_day) AS total_ms
    FROM listening_with_features l JOIN ranges ON played_date BETWEEN first_day AND last_day OR kind = 'all_time'
    JOIN hours USING (user_id, kind, first_day)
    WHERE excluded_by IS NULL
)
"""
SUMS = """
    count(*) AS start_count, sum(is_skip::INT) AS skip_count, sum(is_counted::INT) AS play_count,
    sum(listened_ms) AS listened_ms,
    coalesce(sum(listened_ms) FILTER (is_known), 0) / nullif(sum(listened_ms), 0) AS measured_share,
    any_value(coverage) AS coverage,
    coalesce(sum(listened_ms) FILTER (time_source = 'measured'), 0) AS measured_ms,
    min(played_date) FILTER (is_counted) AS first_date, max(played_date) FILTER (is_counted) AS last_date
"""
DIFFERENT = {
    "track_stats": "",
    "artist_stats": "count(DISTINCT recording_id) AS recording_count, count(DISTINCT album_key) AS album_count,",
    "album_stats": "count(DISTINCT recording_id) AS recording_count,",
}


@pytest.mark.parametrize("name", ["track_stats", "artist_stats", "album_stats"])
def test_each_row_is_what_the_definition_says(sql, history, assert_same_rows, name):
    key = TABLES[name][0]
    expected = sql(f"""{HEARD.format(as_of=history.as_of)}
        SELECT user_id, period_kind, period_start, period_end, {key}, {DIFFERENT[name]} {SUMS},
               sum(listened_ms) / any_value(total_ms) AS period_share
        FROM heard WHERE {key} IS NOT NULL GROUP BY user_id, period_kind, period_start, period_end, {key}
    """)
    assert set(expected["period_kind"]) == {"month", "year", "all_time", *(f"last_{n}_days" for n in (7, 28, 90, 365))}
    assert_same_rows(sql(f"SELECT * FROM {name}"), expected, [*PERIOD, key])


def test_each_genre_is_what_the_definition_says(sql, history, assert_same_rows):
    expected = sql(f"""{HEARD.format(as_of=history.as_of)}
        SELECT user_id, period_kind, period_start, genre, any_value(genre_family) AS genre_family,
               round(sum(genre_weight::DECIMAL(18, 12) * listened_ms::DECIMAL(18, 0)), 3)::DOUBLE AS genre_time,
               coalesce(round(sum(genre_weight::DECIMAL(18, 12)) FILTER (is_counted), 6), 0)::DOUBLE AS genre_plays,
               count(DISTINCT recording_id) AS recording_count, count(DISTINCT artist_key) AS artist_count, {SUMS},
               genre_time / any_value(total_ms) AS period_share
        FROM heard JOIN track_genres USING (track_id) GROUP BY user_id, period_kind, period_start, genre
    """)
    assert_same_rows(sql("SELECT * FROM genre_stats"), expected, [*PERIOD, "genre"])


def test_the_parts_of_genres_and_what_has_none_add_up_to_the_period(table):
    sums = table("genre_stats").groupby(PERIOD).agg({"genre_time": "sum", "unknown_share": ["min", "max"]})
    totals = table("track_stats").groupby(PERIOD)["listened_ms"].sum().loc[sums.index]
    unknown = sums["unknown_share"]["min"]
    assert (unknown == sums["unknown_share"]["max"]).all() and (unknown > 0.01).any()
    assert np.allclose(sums["genre_time"]["sum"] + unknown * totals, totals, rtol=1e-9)


@pytest.mark.parametrize("name", ["track_stats", "artist_stats", "album_stats"])
def test_the_totals_are_those_of_silver_for_each_listener_and_month(sql, name):
    key = TABLES[name][0].removesuffix("_key").removesuffix("_id")
    is_known = "true" if key == "recording" else f"{key}_name IS NOT NULL"
    gold = sql(f"""
        SELECT user_id, period_start, sum(start_count), sum(skip_count), sum(play_count), sum(listened_ms)
        FROM {name} WHERE period_kind = 'month' GROUP BY ALL ORDER BY ALL
    """)
    silver = sql(f"""
        SELECT user_id, date_trunc('month', played_date)::DATE, count(*), sum(is_skip::INT), sum(is_counted::INT),
               sum(listened_ms)
        FROM listening_with_features WHERE excluded_by IS NULL AND {is_known} GROUP BY ALL ORDER BY ALL
    """)
    assert gold.to_numpy().tolist() == silver.to_numpy().tolist() and len(gold) >= 5


@pytest.mark.parametrize("name", list(TABLES))
def test_ranks_are_those_of_pandas_without_gaps(table, name):
    key, label, time, plays = TABLES[name]
    rows_ = table(name)
    for rank, order in (("time_rank", [time, plays]), ("play_rank", [plays, time])):
        ordered = rows_.sort_values([*PERIOD, *order, label, key], ascending=[True] * 3 + [False] * 2 + [True] * 2)
        expected = ordered.groupby(PERIOD).cumcount() + 1
        assert (ordered[rank] == expected).all(), rank


@pytest.mark.parametrize("name", list(TABLES))
def test_a_change_of_rank_is_the_difference_to_the_month_before(table, name):
    key, _, _, plays = TABLES[name]
    months = table(name).query("period_kind == 'month'")
    months["month"] = pd.to_datetime(months["period_start"]).dt.to_period("M")
    before = months[["user_id", key, "month", "time_rank", "play_rank", plays]].copy()
    before["month"] += 1
    both = months.merge(before, on=["user_id", key, "month"], how="left", suffixes=("", "_before"))
    for rank in ("time_rank", "play_rank"):
        expected = both[f"{rank}_before"] - both[rank]
        found = both[f"{rank}_change"].astype(float)
        assert ((found == expected) | (found.isna() & expected.isna())).all()
    is_first = both["month"] == both.groupby("user_id")["month"].transform("min")
    assert both.loc[is_first, "is_new"].isna().all() and both.loc[~is_first, "is_new"].notna().all()
    was_heard = both[f"{plays}_before"].fillna(0) > 0
    assert (both.loc[~is_first, "is_new"].astype(bool) == ((both[plays] > 0) & ~was_heard)[~is_first]).all()
    assert both["time_rank_change"].notna().sum() > 10


def test_all_time_and_the_first_range_have_no_range_before(table):
    artists = table("artist_stats")
    for kind in ("all_time", "year", "last_365_days"):  # the histories are shorter than a year
        rows_ = artists[artists["period_kind"] == kind]
        assert len(rows_) and rows_[["time_rank_change", "play_rank_change", "is_new"]].isna().all(axis=None)


@pytest.mark.parametrize("name", list(TABLES))
def test_a_key_is_called_the_same_in_every_range(table, name):
    key, label, _, _ = TABLES[name]
    assert (table(name).groupby(["user_id", key])[label].nunique() <= 1).all()


AS_OF = date(2024, 5, 31)
Made = Callable[..., Any]


def heard(track: str, kind: str = "month", start: date = date(2024, 5, 1), **fields: Any) -> dict[str, Any]:
    """A row of track_periods: a track with one play of a minute."""
    named = {"track_key": track, "track_id": track, "recording_id": track, "track_name": track.title()}
    place = {"user_id": "u", "period_kind": kind, "period_start": start, "period_end": AS_OF}
    sums = {"start_count": 1, "play_count": 1, "listened_ms": 60_000}
    return {**place, **named, "artist_name": "Artist", "album_name": "Album", **sums, **fields}


@pytest.fixture
def frames(rows: Callable[..., Any]) -> Made:
    def of(*given: dict[str, Any], days: tuple[date, ...] = ()) -> tuple[Any, Any]:
        hours = [{"user_id": "u", "played_date": day, "is_covered": True} for day in (AS_OF, *days)]
        all_time = [{**row, "period_kind": "all_time", "period_start": date(1970, 1, 1)} for row in given]
        return rows("track_periods", *given, *all_time), rows("coverage", *hours)

    return of


def test_editions_of_a_recording_are_one_row_named_after_the_most_played(frames):
    made = track_stats(
        *frames(
            heard("old", play_count=2, album_name="First", has_measured_features=True),
            heard("new", recording_id="old", play_count=5, album_name="Remaster", listened_ms=180_000),
        ),
        as_of=AS_OF,
    )
    (row,) = made.where("period_kind = 'month'").collect()
    assert (row.recording_id, row.track_id, row.album_name) == ("old", "new", "Remaster")
    assert (row.play_count, row.listened_ms, row.measured_share) == (7, 240_000, 0.25)


def test_a_recording_that_was_only_skipped_is_last_by_plays_and_not_new(frames):
    made = track_stats(
        *frames(
            heard("skipped", start_count=9, skip_count=9, play_count=0, listened_ms=90_000),
            heard("played"),
            days=(date(2024, 4, 30),),
        ),
        as_of=AS_OF,
    )
    found = {row.recording_id: row for row in made.where("period_kind = 'month'").collect()}
    assert (found["skipped"].time_rank, found["skipped"].play_rank, found["skipped"].is_new) == (1, 2, False)
    assert (found["played"].time_rank, found["played"].play_rank, found["played"].is_new) == (2, 1, True)


def test_what_was_only_skipped_in_the_month_before_is_new_but_has_moved(frames):
    april = date(2024, 4, 1)
    made = track_stats(
        *frames(heard("t", start=april, play_count=0), heard("t"), days=(date(2024, 4, 30),)), as_of=AS_OF
    )
    (row,) = made.where("period_kind = 'month' AND period_start = '2024-05-01'").collect()
    assert (row.time_rank_change, row.is_new) == (0, True)


def test_after_a_month_of_which_nothing_is_known_nothing_is_called_new(rows, frames):
    periods, _ = frames(heard("t"))
    hours = [
        {"user_id": "u", "played_date": date(2024, 4, 30), "is_covered": False},
        {"user_id": "u", "played_date": AS_OF, "is_covered": True},
    ]
    made = track_stats(periods, rows("coverage", *hours), as_of=AS_OF)
    (row,) = made.where("period_kind = 'month'").collect()
    assert row.is_new is None


def test_artists_are_one_whatever_the_case_and_albums_of_two_artists_are_two(frames):
    given = frames(
        heard("a", artist_name="BAND", album_name="Hits", play_count=1),
        heard("b", artist_name=" Band ", album_name="Hits", play_count=3),
        heard("c", artist_name="Duo", album_name="hits"),
        heard("d", artist_name=None, album_name=None, listened_ms=120_000),
        heard("e", artist_name="Duo", album_name=""),
    )
    albums = album_stats(*given, as_of=AS_OF)
    found = {row.album_key: row for row in albums.where("period_kind = 'month'").collect()}
    assert set(found) == {"hits\tband", "hits\tduo"}
    assert (found["hits\tband"].album_name, found["hits\tband"].artist_name) == ("Hits", " Band ")
    assert found["hits\tband"].unknown_share == 0.5
    artists = artist_stats(given[0], albums, given[1], as_of=AS_OF).where("period_kind = 'month'").collect()
    counts = {row.artist_key: (row.recording_count, row.album_count, row.artist_name) for row in artists}
    assert counts == {"band": (2, 1, " Band "), "duo": (2, 1, "Duo")}
    assert {row.unknown_share for row in artists} == {120_000 / 360_000}


def test_a_track_of_two_genres_is_split_between_them(rows, frames):
    genres = rows(
        "track_genres",
        {"track_id": "t", "genre": "folk", "genre_weight": 0.25, "genre_family": "country and folk"},
        {"track_id": "t", "genre": "rock", "genre_weight": 0.75, "genre_family": "rock"},
    )
    periods, coverage = frames(heard("t", play_count=4, listened_ms=1_000), heard("none", listened_ms=3_000))
    made = genre_stats(periods, genres, coverage, as_of=AS_OF).where("period_kind = 'month'").collect()
    found = {row.genre: row for row in made}
    assert {genre: (row.genre_time, row.genre_plays) for genre, row in found.items()} == {
        "rock": (750, 3),
        "folk": (250, 1),
    }
    assert [(found[g].period_share, found[g].time_rank, found[g].unknown_share) for g in ("rock", "folk")] == [
        (0.1875, 1, 0.75),
        (0.0625, 2, 0.75),
    ]
    assert {row.listened_ms for row in made} == {1_000} and {row.play_count for row in made} == {4}


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    months=st.lists(
        st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=6),
        min_size=1,
        max_size=4,
    )
)
def test_any_history_ranks_from_one_to_n_and_what_rises_takes_the_place_of_what_falls(frames, months):
    given_ = [
        heard(track, start=date(2024, 2 + at, 1), play_count=plays, listened_ms=ms)
        for at, month in enumerate(months)
        for track, (plays, ms) in month.items()
    ]
    days = tuple(date(2024, 2 + at, 1) for at in range(len(months)))
    made = track_stats(*frames(*given_, days=days), as_of=AS_OF).where("period_kind = 'month'").collect()
    places: dict[int, list[str]] = {}
    for at, month in enumerate(months):
        places[at] = sorted(month, key=lambda track: (-month[track][1], -month[track][0], track))
        found = {row.recording_id: row for row in made if row.period_start == date(2024, 2 + at, 1)}
        assert sorted(found, key=lambda track: found[track].time_rank) == places[at]
        assert sorted(row.play_rank for row in found.values()) == list(range(1, len(month) + 1))
        for track, row in found.items():
            was = places[at - 1].index(track) if at and track in places[at - 1] else None
            assert row.time_rank_change == (None if was is None else was - places[at].index(track))
