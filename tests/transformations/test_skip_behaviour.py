"""skip_behaviour: compared with SQL; Wilson's interval against SciPy, places in a session, the least sample."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from pyspark.sql import Row
from scipy.stats import binomtest

from transformations.gold.skip_behaviour import skip_behaviour

KEY = ["user_id", "dimension", "bucket"]

EXPECTED = """
WITH kept AS (
    SELECT l.*, p.reason_start,
           rank() OVER (PARTITION BY session_id ORDER BY l.started_at) AS place,
           coalesce(l.track_id IN (SELECT track_id FROM track_features WHERE basis = 'measured'), false) AS is_known,
           regexp_replace(lower(trim(l.artist_name)), ' +', ' ', 'g') AS artist
    FROM listening_with_features l JOIN plays p USING (play_id) WHERE excluded_by IS NULL
),
placed AS (
    SELECT *, unnest(map_entries(MAP {
        'overall': 'all',
        'hour_of_day': printf('%02d', hour_of_day),
        'part_of_day': part_of_day,
        'device': CASE WHEN platform IS NULL THEN 'unknown' WHEN platform LIKE 'web_player%' THEN 'web'
                       WHEN platform IN ('ios', 'android') THEN 'phone' WHEN platform = 'windows' THEN 'computer' END,
        'context_kind': CASE split_part(coalesce(context_uri, ''), ':', 2) WHEN '' THEN 'unknown'
                        ELSE split_part(context_uri, ':', 2) END,
        'shuffle': CASE WHEN is_shuffle THEN 'on' WHEN NOT is_shuffle THEN 'off' ELSE 'unknown' END,
        'reason_start': coalesce(reason_start, 'unknown'),
        'position_in_session': CASE WHEN place = 1 THEN '1' WHEN place <= 3 THEN '2-3' WHEN place <= 10 THEN '4-10'
                               ELSE '11+' END,
        'month': strftime(played_date, '%Y-%m'),
        'artist': artist
    })) AS entry
    FROM kept WHERE time_source = 'measured'
)
SELECT user_id, entry.key AS dimension, entry.value AS bucket, count(*) AS measured_start_count,
       sum(is_skip::INT) AS measured_skip_count, sum(is_counted::INT) AS play_count, sum(listened_ms) AS listened_ms,
       coalesce(sum(listened_ms) FILTER (is_known), 0) / nullif(sum(listened_ms), 0) AS measured_share,
       CASE WHEN count(*) >= 20 THEN avg(is_skip::INT) END AS skip_rate,
       quantile_cont(listened_ms / 1000, 0.5) FILTER (is_skip) AS median_heard_s,
       avg(listened_ms / 1000) FILTER (is_skip) AS mean_heard_s
FROM placed WHERE entry.value IS NOT NULL GROUP BY ALL
HAVING dimension <> 'artist' OR count(*) >= 20
"""


def test_each_bucket_is_what_the_definition_says(sql, assert_same_rows):
    assert_same_rows(sql("SELECT * FROM skip_behaviour"), sql(EXPECTED), KEY)


def test_every_dimension_but_artist_holds_every_measured_start_once(table):
    sums = table("skip_behaviour").groupby(["user_id", "dimension"])[["measured_start_count", "listened_ms"]].sum()
    overall = sums.xs("overall", level="dimension")
    for dimension in sums.index.get_level_values("dimension").unique().drop("artist"):
        assert (sums.xs(dimension, level="dimension") == overall).all(axis=None), dimension
    silver = table("listening_with_features").query("time_source == 'measured'").groupby("user_id").size()
    assert overall["measured_start_count"].to_dict() == silver.to_dict()


def test_the_interval_is_wilsons(table):
    told = table("skip_behaviour").query("reason.isna()")
    for row in told.itertuples():
        expected = binomtest(row.measured_skip_count, row.measured_start_count).proportion_ci(method="wilson")
        assert np.allclose([row.low, row.high], [expected.low, expected.high], rtol=1e-9, atol=1e-12)
    assert len(told) > 50


def test_below_twenty_starts_a_rate_is_null_with_a_reason(table):
    found = table("skip_behaviour")
    few = found["measured_start_count"] < 20
    assert few.any() and (found["reason"].notna() == few).all()
    assert found.loc[few, ["skip_rate", "low", "high"]].isna().all(axis=None)
    assert found.loc[~few, ["skip_rate", "low", "high"]].notna().all(axis=None)


def test_an_artists_rate_is_drawn_to_the_listeners(table):
    found = table("skip_behaviour")
    own = found[found["dimension"] == "overall"].set_index("user_id")["skip_rate"]
    artists = found[found["dimension"] == "artist"]
    prior = 20 * artists["user_id"].map(own)
    expected = (artists["measured_skip_count"] + prior) / (artists["measured_start_count"] + 20)
    assert len(artists) > 10 and np.allclose(artists["shrunk_skip_rate"], expected)
    assert found.loc[found["dimension"] != "artist", "shrunk_skip_rate"].isna().all()


def test_a_months_coverage_is_its_own(sql):
    found = sql("""
        SELECT s.coverage, c.coverage AS expected FROM skip_behaviour s JOIN (
            SELECT user_id, strftime(played_date, '%Y-%m') AS bucket, avg(is_covered::INT) AS coverage FROM coverage
            GROUP BY ALL
        ) c USING (user_id, bucket) WHERE dimension = 'month'
        UNION ALL
        SELECT s.coverage, c.coverage FROM skip_behaviour s
        JOIN (SELECT user_id, avg(is_covered::INT) AS coverage FROM coverage GROUP BY ALL) c USING (user_id)
        WHERE dimension <> 'month'
    """)
    assert np.allclose(found["coverage"], found["expected"]) and found["coverage"].nunique() > 2


NOON = datetime(2024, 5, 10, 12, tzinfo=UTC)


@pytest.fixture
def made(rows: Callable[..., Any]) -> Callable[..., dict[tuple[str, str], Row]]:
    """Rows from plays of one session, a minute apart, in measured time."""

    def of(*given: dict[str, Any]) -> dict[tuple[str, str], Row]:
        plays = [
            {
                "play_id": str(n),
                "user_id": "u",
                "session_id": "s",
                "started_at": NOON + timedelta(minutes=n),
                "played_date": date(2024, 5, 10),
                "time_source": "measured",
                "listened_ms": 40_000,
                "is_counted": True,
                "artist_name": "Artist",
                **fields,
            }
            for n, fields in enumerate(given)
        ]
        reasons = [{"play_id": row["play_id"], "reason_start": "trackdone"} for row in plays]
        frames = rows("listening_with_features", *plays), rows("plays", *reasons), rows("coverage")
        return {(row.dimension, row.bucket): row for row in skip_behaviour(*frames).collect()}

    return of


def test_places_in_a_session_count_what_was_begun_before(made):
    found = made(*[{}] * 12, {"session_id": "other"})
    places = {bucket: row.measured_start_count for (dimension, bucket), row in found.items() if "position" in dimension}
    assert places == {"1": 2, "2-3": 2, "4-10": 7, "11+": 2}


def test_starts_at_one_instant_share_their_place(made):
    found = made({"started_at": NOON}, {"started_at": NOON}, {})
    places = {bucket: row.measured_start_count for (dimension, bucket), row in found.items() if "position" in dimension}
    assert places == {"1": 2, "2-3": 1}


def test_estimated_and_excluded_plays_tell_nothing_of_skips_but_a_place_is_taken(made):
    found = made({"time_source": "estimated"}, {}, {"excluded_by": "sleep"}, {"is_skip": True, "listened_ms": 4_000})
    assert found["overall", "all"].measured_start_count == 2
    assert found["position_in_session", "2-3"].measured_start_count == 2
    assert ("position_in_session", "1") not in found


def test_the_time_before_a_skip_is_that_of_skips_alone(made):
    skipped = [{"is_skip": True, "listened_ms": ms} for ms in (1_000, 2_000, 9_000, 10_000)]
    row = made({}, *skipped)["overall", "all"]
    assert (row.median_heard_s, row.mean_heard_s) == (5.5, 5.5)
    assert (made({})["overall", "all"].median_heard_s, made({})["overall", "all"].mean_heard_s) == (None, None)
    row = made(*skipped[:3])["overall", "all"]
    assert (row.median_heard_s, row.mean_heard_s) == (2, 4)


def test_from_twenty_starts_on_a_rate_is_told_and_an_artist_listed(made):
    skips = [{"is_skip": True}] * 5
    nineteen = made(*skips, *[{}] * 14)
    assert (nineteen["overall", "all"].skip_rate, ("artist", "artist") in nineteen) == (None, False)
    assert nineteen["overall", "all"].reason == "only 19 starts with measured time; 20 are needed"
    twenty = made(*skips, *[{}] * 15)
    assert (twenty["overall", "all"].skip_rate, twenty["artist", "artist"].skip_rate) == (0.25, 0.25)
    assert twenty["artist", "artist"].shrunk_skip_rate == 0.25


def test_what_is_not_known_is_in_a_bucket_of_its_own(made):
    found = made({"platform": None, "is_shuffle": None, "context_uri": None})
    for dimension in ("device", "shuffle", "context_kind"):
        assert found[dimension, "unknown"].measured_start_count == 1
