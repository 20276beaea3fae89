"""Top lists of any range: equal to gold where gold has the range, and to sums over the plays where it has not."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from config.errors import InputError
from serving.store import Store
from serving.tops import SUBJECTS, _added_up, top_of

STATS = {
    "artists": ("artist_stats", "artist_key"),
    "albums": ("album_stats", "album_key"),
    "tracks": ("track_stats", "recording_id"),
}
PERIODS = "SELECT DISTINCT period_kind, period_start, period_end FROM artist_stats"


@pytest.mark.parametrize("subject", STATS)
def test_every_standard_range_is_as_in_gold(subject: str, demo_store: Store) -> None:
    table, key = STATS[subject]
    periods = demo_store.rows(PERIODS)
    assert len(periods) > 20
    for period in periods:
        days = (period["period_start"], period["period_end"])
        for by, rank in (("time", "time_rank"), ("plays", "play_rank")):
            expected = demo_store.rows(
                f"SELECT {rank} AS rank, {key} AS key, play_count, listened_ms FROM {table} "
                f"WHERE period_kind = $kind AND period_start = $start ORDER BY 1 LIMIT 40",
                kind=period["period_kind"], start=period["period_start"],
            )  # fmt: skip
            found = _added_up(demo_store, subject, days, None, by, 40, 0)  # type: ignore[arg-type]
            assert [{name: row[name] for name in expected[0]} for row in found] == expected, (period, by)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_what_gold_tells_and_what_is_added_up_are_the_same(subject: str, demo_store: Store) -> None:
    as_of = demo_store.as_of
    month = (date(2025, 5, 1), date(2025, 5, 31)), (date(2025, 4, 1), date(2025, 4, 30))
    year = (date(2025, 1, 1), date(2025, 12, 31)), (date(2024, 1, 1), date(2024, 12, 31))
    week = (as_of - timedelta(days=6), as_of), (as_of - timedelta(days=13), as_of - timedelta(days=7))
    ever = (demo_store.first_day, as_of), None
    for days, before in (month, year, week, ever):
        for by in ("time", "plays"):
            told = top_of(demo_store, subject, days, before, by=by, limit=30, offset=5)  # type: ignore[arg-type]
            added = _added_up(demo_store, subject, days, before, by, 30, 5)  # type: ignore[arg-type]
            assert len(told) > 5
            for one, other in zip(told, added, strict=True):
                assert one["play_count"] == pytest.approx(other["play_count"])
                rest = {name for name in other if name not in ("play_count", "name")}
                assert {name: one[name] for name in rest} == {name: other[name] for name in rest}, (days, by)


def test_changes_of_place_are_those_of_gold(demo_store: Store) -> None:
    expected = demo_store.rows(
        "SELECT artist_key AS key, time_rank_change AS rank_change FROM artist_stats "
        "WHERE period_kind = 'last_90_days' ORDER BY time_rank"
    )
    as_of = demo_store.as_of
    days = (as_of - timedelta(days=89), as_of)
    before = (as_of - timedelta(days=179), as_of - timedelta(days=90))
    found = top_of(demo_store, "artists", days, before, limit=1000)
    assert [{name: row[name] for name in ("key", "rank_change")} for row in found] == expected
    assert any(row["rank_change"] for row in found)


def test_genres_share_each_play_by_weight(demo_store: Store) -> None:
    days = (date(2025, 3, 5), date(2025, 7, 19))
    expected = demo_store.rows(
        """
        SELECT genre AS key, sum(genre_weight * listened_ms)::BIGINT AS listened_ms
        FROM listening_with_features JOIN track_genres USING (track_id)
        WHERE excluded_by IS NULL AND played_date >= $first AND played_date <= $last
        GROUP BY 1 ORDER BY sum(genre_weight * listened_ms) DESC LIMIT 5
        """,
        first=days[0], last=days[1],
    )  # fmt: skip
    found = top_of(demo_store, "genres", days, limit=5)
    assert [(row["key"], row["listened_ms"]) for row in found] == [(row["key"], row["listened_ms"]) for row in expected]


def test_pages_of_a_list_follow_each_other(demo_store: Store) -> None:
    days = (date(2025, 1, 1), date(2025, 12, 31))
    whole = top_of(demo_store, "tracks", days, limit=30)
    assert top_of(demo_store, "tracks", days, limit=10, offset=10) == whole[10:20]


def test_another_subject_is_refused(demo_store: Store) -> None:
    with pytest.raises(InputError, match="no top list of podcasts"):
        top_of(demo_store, "podcasts", (date(2025, 1, 1), date(2025, 1, 2)))
