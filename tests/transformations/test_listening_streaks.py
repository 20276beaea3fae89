"""listening_streaks: runs of days, compared with a walk over the calendar; the longest, the running, the broken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import Row

from transformations.gold.listening_streaks import listening_streaks

DAY = timedelta(days=1)
LEAST = {"listening": 2, "artist": 3, "recording": 3}


def runs_of(days: Iterable[date], least: int) -> set[tuple[date, date]]:
    """Walk from each first day to the last without a day off."""
    played, found = set(days), set()
    for day in played:
        if day - DAY not in played:
            last = day
            while last + DAY in played:
                last += DAY
            if (last - day).days + 1 >= least:
                found.add((day, last))
    return found


def test_every_run_of_the_lake_is_found_with_its_plays_and_time(table):
    plays = table("listening_with_features").query("excluded_by.isna()")
    names = plays["artist_name"].str.lower().str.split().str.join(" ")
    plays = plays.assign(listening="", artist=names, recording=plays["recording_id"])
    streaks = table("listening_streaks").set_index(["user_id", "streak_kind", "streak_item", "streak_start"])
    expected = 0
    for kind, least in LEAST.items():
        for (user, item), own in plays.dropna(subset=[kind]).groupby(["user_id", kind]):
            for first, last in runs_of(own.loc[own["is_counted"], "played_date"], least):
                row = streaks.loc[(user, kind, item, first)]
                inside = own[own["played_date"].between(first, last)]
                assert (row["streak_end"], row["streak_days"]) == (last, (last - first).days + 1)
                assert (row["play_count"], row["listened_ms"]) == (
                    inside["is_counted"].sum(),
                    inside["listened_ms"].sum(),
                )
                expected += 1
    assert expected == len(streaks) > 50


def test_each_kind_has_one_longest_run_a_listener(table):
    streaks = table("listening_streaks")
    assert set(streaks["streak_kind"]) == set(LEAST)
    longest = streaks[streaks["is_longest_streak"]].set_index(["user_id", "streak_kind"])["streak_days"]
    assert longest.to_dict() == streaks.groupby(["user_id", "streak_kind"])["streak_days"].max().to_dict()


def test_a_past_run_is_broken_by_a_gap_exactly_where_the_day_after_lacks_hours(sql):
    found = sql("""
        SELECT is_broken_by_gap, is_current_streak, coalesce(next_day, 0) AS next_day FROM listening_streaks
        LEFT JOIN (
            SELECT user_id, played_date - 1 AS streak_end, avg(is_covered::INT) AS next_day FROM coverage GROUP BY ALL
        ) USING (user_id, streak_end)
    """)
    assert (found["is_broken_by_gap"] == (~found["is_current_streak"] & (found["next_day"] < 1))).all()
    assert found["is_current_streak"].any()


def test_names_are_those_of_artists_and_tracks(table):
    named = table("listening_streaks").set_index("streak_kind")
    assert named.loc["listening", "streak_name"].isna().all()
    artists = named.loc["artist"]
    assert (artists["streak_name"].str.lower().str.split().str.join(" ") == artists["streak_item"]).all()
    titles = {f"{row.track_name} – {row.artist_name}" for row in table("track_stats").itertuples() if row.track_name}
    assert set(named.loc["recording", "streak_name"].dropna()) <= titles


Made = Callable[..., dict[tuple[str, str, date], Row]]
BEGIN = date(2024, 2, 26)  # the leap day lies ahead


@pytest.fixture
def made(rows: Callable[..., Any]) -> Made:
    """Streaks from {day: [(artist, recording)]} as offsets from BEGIN; days before `unseen` are covered."""

    def of(
        plays: dict[int, list[tuple[str | None, str]]], as_of: int, unseen: tuple[int, ...] = (), **fields: Any
    ) -> dict[tuple[str, str, date], Row]:
        given_ = [
            {
                "play_id": f"{n}/{place}",
                "user_id": "u",
                "recording_id": recording,
                "artist_name": artist,
                "played_date": BEGIN + n * DAY,
                "is_counted": True,
                "listened_ms": 1_000,
                **fields,
            }
            for n, heard in plays.items()
            for place, (artist, recording) in enumerate(heard)
        ]
        hours = [
            {"user_id": "u", "played_date": BEGIN + n * DAY, "is_covered": n not in unseen or hour == 0}
            for n in range(as_of)
            for hour in (0, 1)
        ]
        frames = rows("listening_with_features", *given_), rows("track_periods"), rows("coverage", *hours)
        found = listening_streaks(*frames, as_of=BEGIN + as_of * DAY).collect()
        made = {(row.streak_kind, row.streak_item, row.streak_start): row for row in found}
        assert len(made) == len(found)
        return made

    return of


def test_two_days_make_a_run_of_listening_but_three_one_of_an_artist_or_a_recording(made):
    found = made({0: [("A", "r")], 1: [("a", "r")], 3: [("A", "r")], 4: [("B", "s")], 5: [("A ", "t")]}, 30)
    assert {(kind, item, (start - BEGIN).days): row.streak_days for (kind, item, start), row in found.items()} == {
        ("listening", "", 0): 2,
        ("listening", "", 3): 3,
    }
    found = made({n: [(" a" if n % 2 else "A", f"r{n}")] for n in range(4)}, 30)
    assert {(kind, item): row.streak_days for (kind, item, _), row in found.items()} == {
        ("listening", ""): 4,
        ("artist", "a"): 4,
    }


def test_a_run_goes_over_the_leap_day(made):
    row = made({n: [("A", "r")] for n in range(8)}, 30)["recording", "r", BEGIN]
    assert (row.streak_end, row.streak_days, row.play_count) == (date(2024, 3, 4), 8, 8)


def test_a_run_is_current_to_the_day_of_the_build_or_the_day_before(made):
    two = {0: [("A", "r")], 1: [("A", "r")]}
    assert [made(two, as_of)["listening", "", BEGIN].is_current_streak for as_of in (1, 2, 3)] == [True, True, False]


def test_the_day_after_says_whether_a_gap_broke_the_run(made):
    two = {0: [("A", "r")], 1: [("A", "r")], 5: [("A", "r")]}
    seen, half = made(two, 9)["listening", "", BEGIN], made(two, 9, unseen=(2,))["listening", "", BEGIN]
    assert (seen.is_broken_by_gap, half.is_broken_by_gap) == (False, True)
    beyond = made({3: [("A", "r")], 4: [("A", "r")]}, 5)["listening", "", BEGIN + 3 * DAY]
    assert (beyond.is_current_streak, beyond.is_broken_by_gap) == (True, False)


def test_coverage_is_that_of_the_days_of_the_run(made):
    row = made({n: [("A", "r")] for n in (2, 3, 4, 5)}, 9, unseen=(0, 3, 7))["listening", "", BEGIN + 2 * DAY]
    assert row.coverage == 7 / 8


def test_of_equal_runs_the_first_is_the_longest(made):
    found = made({n: [("A", "r")] for n in (0, 1, 4, 5)}, 30)
    assert {(start - BEGIN).days: row.is_longest_streak for (_, _, start), row in found.items()} == {0: True, 4: False}


def test_days_of_skips_or_of_excluded_plays_break_a_run(made):
    assert made({0: [("A", "r")], 1: [("A", "r")]}, 9, is_counted=False) == {}
    assert made({0: [("A", "r")], 1: [("A", "r")]}, 9, excluded_by="sleep") == {}


def test_an_unknown_artist_has_no_runs_but_its_recording_has(made):
    found = made({n: [(None, "r")] for n in range(3)}, 30)
    assert {kind for kind, _, _ in found} == {"listening", "recording"}


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plays=st.sets(st.tuples(st.integers(0, 25), st.sampled_from("ab"), st.sampled_from("xyz")), max_size=40))
def test_any_history_has_the_runs_that_a_walk_over_its_days_finds(made, plays):
    by_day: dict[int, list[tuple[str | None, str]]] = defaultdict(list)
    for n, artist, recording in plays:
        by_day[n].append((artist, recording))
    found = {(kind, item, start, row.streak_end) for (kind, item, start), row in made(by_day, 40).items()}
    expected = {
        (kind, item, first, last)
        for kind, place in (("artist", 1), ("recording", 2))
        for item in {play[place] for play in plays}
        for first, last in runs_of((BEGIN + play[0] * DAY for play in plays if play[place] == item), 3)
    }
    expected |= {("listening", "", *run) for run in runs_of((BEGIN + play[0] * DAY for play in plays), 2)}
    assert found == expected
