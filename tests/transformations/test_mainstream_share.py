"""mainstream_share: compared with SQL; whose popularity counts, the 60 and the least share that must be known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from pyspark.sql import Row

from transformations.gold.mainstream_share import mainstream_share

AS_OF = date(2024, 5, 31)
KEY = ["user_id", "period_kind", "period_start"]

EXPECTED = """
WITH described AS (
    SELECT p.*, coalesce(t.popularity, a.popularity) AS known, t.popularity AS own
    FROM track_stats s JOIN track_periods p USING (user_id, period_kind, period_start, recording_id)
    LEFT JOIN tracks t ON t.track_id = p.track_id
    LEFT JOIN (SELECT lower(artist_name) AS artist, max(popularity) AS popularity FROM artists GROUP BY ALL) a
           ON a.artist = lower(p.artist_name)
)
SELECT user_id, period_kind, period_start, sum(play_count) AS play_count, sum(listened_ms) AS listened_ms,
       coalesce(sum(play_count) FILTER (known IS NOT NULL), 0) / sum(play_count) AS popularity_known_share,
       coalesce(sum(play_count) FILTER (own IS NOT NULL), 0) / sum(play_count) AS track_popularity_share,
       CASE WHEN popularity_known_share >= 0.2 THEN
           coalesce(sum(play_count) FILTER (known >= 60), 0) / sum(play_count) FILTER (known IS NOT NULL)
       END AS mainstream_share,
       CASE WHEN popularity_known_share >= 0.2 THEN
           sum(known * play_count) / sum(play_count) FILTER (known IS NOT NULL)
       END AS mean_popularity
FROM described GROUP BY ALL
"""


def test_each_row_is_what_the_definition_says(sql, assert_same_rows):
    assert_same_rows(sql("SELECT * FROM mainstream_share"), sql(EXPECTED), KEY)


@pytest.fixture
def share_of(rows: Callable[..., Any]) -> Callable[..., Row]:
    """The row of all time, from (track, plays, artist) and the popularities of tracks and artists."""

    def of(plays: list[tuple[str, int, str]], tracks: dict[str, int], artists: dict[str, int]) -> Row:
        place = {"user_id": "u", "period_kind": "all_time", "period_start": date(1970, 1, 1), "period_end": AS_OF}
        heard = [
            {**place, "track_key": track, "track_id": track, "play_count": count, "artist_name": artist}
            for track, count, artist in plays
        ]
        known = [{"track_id": track, "popularity": value} for track, value in tracks.items()]
        famous = [
            {"artist_id": f"{place}", "artist_name": name, "popularity": value}
            for place, (name, value) in enumerate(artists.items())
        ]
        frames = rows("track_periods", *heard), rows("tracks", *known), rows("artists", *famous), rows("coverage")
        (row,) = mainstream_share(*frames, as_of=AS_OF).collect()
        return row

    return of


def test_mainstream_begins_at_60_and_the_track_comes_before_the_artist(share_of):
    row = share_of(
        [("hit", 1, "a"), ("just below", 2, "Famous"), ("by artist", 3, "FAMOUS"), ("unknown", 4, "nobody")],
        {"hit": 60, "just below": 59},
        {"Famous": 90},
    )
    assert row.mainstream_share == pytest.approx((1 + 3) / 6)
    assert row.mean_popularity == pytest.approx((60 + 2 * 59 + 3 * 90) / 6)
    assert (row.popularity_known_share, row.track_popularity_share) == (0.6, pytest.approx(0.3))


def test_of_two_artists_of_one_name_the_more_popular_is_believed(share_of):
    row = share_of([("t", 1, "Twin")], {}, {"Twin": 10, "TWIN": 70})
    assert row.mean_popularity == 70


def test_a_popularity_of_zero_is_known(share_of):
    row = share_of([("t", 1, "a")], {"t": 0}, {})
    assert (row.mainstream_share, row.mean_popularity, row.popularity_known_share) == (0, 0, 1)


def test_below_twenty_percent_known_nothing_is_said(share_of):
    row = share_of([("hit", 1, "a"), ("unknown", 4, "b")], {"hit": 60}, {})
    assert (row.mainstream_share, row.reason) == (1, None)
    row = share_of([("hit", 1_000, "a"), ("unknown", 4_001, "b")], {"hit": 60}, {})
    assert (row.mainstream_share, row.mean_popularity) == (None, None)
    assert row.reason == "the popularity of only 19 % of the plays is known; 20 % is needed"


def test_a_range_of_skips_alone_says_so(share_of):
    row = share_of([("hit", 0, "a")], {"hit": 60}, {})
    assert (row.mainstream_share, row.popularity_known_share, row.reason) == (None, None, "nothing was played")
