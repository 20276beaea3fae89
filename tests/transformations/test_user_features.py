"""user_features: each feature against SQL written from its definition; least samples and reasons on small listeners."""

from __future__ import annotations

import math
from datetime import date, timedelta
from itertools import groupby

import pandas as pd
import pytest

KEY = ["user_id", "period_kind", "period_start"]
SILVER = """
WITH periods AS (SELECT user_id, period_kind, period_start, period_end FROM user_features),
plays AS (SELECT * FROM listening_with_features WHERE excluded_by IS NULL),
sessions AS (
    SELECT s.session_id, s.user_id, s.played_date, s.session_ms, count(*) AS starts,
           count(*) FILTER (is_skip) AS skips, count(*) FILTER (p.is_counted) AS counted,
           count(is_shuffle) AS shuffle_known, count(*) FILTER (is_shuffle) AS shuffled, sum(p.listened_ms) AS ms,
           sum(p.listened_ms) FILTER (hour_of_day < 5) AS night, sum(p.listened_ms) FILTER (hour_of_day >= 22) AS late,
           sum(p.listened_ms) FILTER (hour_of_day BETWEEN 5 AND 11) AS morning,
           sum(p.listened_ms) FILTER (hour_of_day BETWEEN 17 AND 21) AS evening
    FROM listening_sessions s JOIN plays p USING (session_id) GROUP BY ALL
),
"""
HABITS = (
    SILVER
    + """
habits AS (
    SELECT user_id, period_kind, period_start, count(*) AS session_count, avg(session_ms) / 60000 AS session_minutes,
           coalesce(sum(night), 0) / sum(ms) AS night_share, coalesce(sum(morning), 0) / sum(ms) AS morning_share,
           coalesce(sum(evening), 0) / sum(ms) AS evening_share, coalesce(sum(late), 0) / sum(ms) AS late_share,
           coalesce(sum(ms) FILTER (isodow(played_date) >= 6), 0) / sum(ms) AS weekend_share,
           sum(skips) / sum(starts) AS skip_share, sum(shuffled) / sum(shuffle_known) AS shuffle_share,
           count(DISTINCT played_date) FILTER (counted > 0) AS active_days
    FROM periods JOIN sessions USING (user_id)
    WHERE played_date BETWEEN period_start AND period_end GROUP BY ALL
),
days AS (
    SELECT p.user_id, period_kind, period_start, count(DISTINCT c.played_date) FILTER (is_covered) AS observed_days
    FROM periods p JOIN coverage c ON c.user_id = p.user_id AND played_date BETWEEN period_start AND period_end
    GROUP BY ALL
),
heard AS (
    SELECT p.user_id, period_kind, period_start, count(*) FILTER (is_counted) AS play_count,
           sum(listened_ms) AS listened_ms
    FROM periods p JOIN plays l ON l.user_id = p.user_id AND played_date BETWEEN period_start AND period_end
    GROUP BY ALL
)
SELECT user_id, period_kind, period_start, play_count, listened_ms, observed_days, session_count, session_minutes,
       night_share, morning_share, evening_share, late_share, weekend_share, skip_share, shuffle_share,
       play_count / observed_days AS plays_per_day, listened_ms / 3600000 / observed_days AS hours_per_day,
       active_days / observed_days AS active_day_share, 7 * session_count / observed_days AS sessions_per_week
FROM heard JOIN habits USING (user_id, period_kind, period_start) JOIN days USING (user_id, period_kind, period_start)
"""
)


def enough(frame: pd.DataFrame) -> pd.DataFrame:
    """Periods of which enough is known for every feature of HABITS."""
    return frame[(frame["observed_days"] >= 7) & (frame["session_count"] >= 5) & (frame["play_count"] >= 100)]


def test_habits_are_what_their_definitions_say(sql, assert_same_rows):
    expected, found = enough(sql(HABITS)), enough(sql("SELECT * FROM user_features"))
    assert {"month", "year", "all_time", "last_28_days"} <= set(found["period_kind"])
    assert_same_rows(found, expected, KEY)


def test_there_is_a_row_for_each_period_with_plays_and_no_other(history, sql, table):
    found = table("user_features")
    days = sql("SELECT DISTINCT user_id, played_date FROM listening_with_features WHERE excluded_by IS NULL")
    days["played_date"] = days["played_date"].dt.date
    expected = set()
    for user, day in days.itertuples(index=False):
        expected |= {(user, "month", day.replace(day=1)), (user, "year", day.replace(month=1, day=1))}
        expected.add((user, "all_time", date(1970, 1, 1)))
        for length in (7, 28, 90, 365):
            first = history.as_of - timedelta(days=length - 1)
            if first <= day <= history.as_of:
                expected.add((user, f"last_{length}_days", first))
    assert set(found[KEY].itertuples(index=False, name=None)) == expected


def expected_in_100(counts: list[int]) -> float:
    every = math.comb(sum(counts), 100)
    return sum(1 - math.comb(sum(counts) - count, 100) / every for count in counts)


ARTIST = "lower(trim(regexp_replace(artist_name, '\\s+', ' ', 'g')))"


@pytest.mark.parametrize(("column", "of"), [("artists_per_100_plays", ARTIST), ("repeat_share", "recording_id")])
def test_variety_is_what_a_hundred_drawn_plays_hold(sql, table, column, of):
    counts = sql(SILVER + f"""
        counted AS (
            SELECT p.user_id, period_kind, period_start, {of} AS thing, count(*) AS plays
            FROM periods p JOIN plays l ON l.user_id = p.user_id AND played_date BETWEEN period_start AND period_end
            WHERE is_counted GROUP BY ALL
        )
        SELECT * FROM counted
    """)  # fmt: skip
    found = table("user_features").set_index(KEY)
    told = 0
    for key, own in counts.groupby(KEY):
        plays = own["plays"].tolist()
        row = found.loc[(key[0], key[1], key[2].date())]
        if sum(plays) < 100:
            assert math.isnan(row["artists_per_100_plays"]) and math.isnan(row["repeat_share"])
            continue
        told += 1
        if column == "repeat_share":
            assert row["repeat_share"] == pytest.approx(1 - expected_in_100(plays) / 100, abs=1e-9)
        else:
            assert row[column] == pytest.approx(expected_in_100(plays), rel=1e-9)
            assert row["top_artist_share"] == pytest.approx(max(plays) / sum(plays))
    assert told >= 8


def test_genres_are_as_diverse_as_so_many_of_equal_time(sql, assert_same_rows):
    expected = sql(SILVER + """
        timed AS (
            SELECT p.user_id, period_kind, period_start, genre, sum(listened_ms * genre_weight) AS ms
            FROM periods p JOIN plays l ON l.user_id = p.user_id AND played_date BETWEEN period_start AND period_end
            JOIN track_genres g USING (track_id) GROUP BY ALL
        ),
        whole AS (
            SELECT p.user_id, period_kind, period_start, sum(listened_ms) AS ms
            FROM periods p JOIN plays l ON l.user_id = p.user_id AND played_date BETWEEN period_start AND period_end
            GROUP BY ALL
        ),
        parts AS (
            SELECT *, ms / sum(ms) OVER (PARTITION BY user_id, period_kind, period_start) AS part
            FROM timed WHERE ms > 0
        )
        SELECT user_id, period_kind, period_start, sum(parts.ms) / any_value(whole.ms) AS genre_known_share,
               CASE WHEN sum(parts.ms) / any_value(whole.ms) >= 0.5
                    THEN exp(-sum(part * ln(part))) END AS genre_diversity
        FROM parts JOIN whole USING (user_id, period_kind, period_start) GROUP BY ALL
    """)  # fmt: skip
    found = sql("SELECT * FROM user_features")
    assert found["genre_diversity"].notna().sum() >= 4
    rounded = [frame.round({"genre_known_share": 8, "genre_diversity": 8}) for frame in (found, expected)]
    assert_same_rows(rounded[0][rounded[0]["genre_known_share"] > 0], rounded[1], KEY)


def test_the_longest_streak_is_the_longest_run_of_days(table):
    days = table("listening_sessions")
    days = days[days["play_count"] > 0]
    found = table("user_features").set_index(KEY)
    checked = 0
    for (user, kind, start), row in found.iterrows():
        own = days[
            (days["user_id"] == user) & (days["played_date"] >= start) & (days["played_date"] <= row["period_end"])
        ]
        numbers = sorted({day.toordinal() for day in own["played_date"]})
        runs = [len(list(run)) for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])]
        if row["observed_days"] >= 7:
            assert row["longest_streak_days"] == max(runs, default=0), (user, kind, start)
            checked += 1
    assert checked >= 8


def test_popularity_and_discovery_are_those_of_their_tables(sql):
    different = sql("""
        SELECT count(*) AS rows, count(*) FILTER (u.mainstream_share IS DISTINCT FROM m.mainstream_share
            OR u.mean_popularity IS DISTINCT FROM m.mean_popularity) AS popularity,
            count(*) FILTER (d.newness = 'first play ever' AND u.discovery_share IS DISTINCT FROM d.discovery_share
            OR coalesce(d.newness, '') <> 'first play ever' AND u.discovery_share IS NOT NULL) AS discovery
        FROM user_features u JOIN mainstream_share m USING (user_id, period_kind, period_start)
        LEFT JOIN discovery d USING (user_id, period_kind, period_start)
    """).iloc[0]
    assert different["rows"] > 10 and different["popularity"] == 0 and different["discovery"] == 0


NEEDS = {
    "observed days": ["plays_per_day", "hours_per_day", "active_day_share", "longest_streak_days", "sessions_per_week"],
    "sessions": ["session_minutes"],
    "counted plays": ["artists_per_100_plays", "top_artist_share", "repeat_share"],
    "full archive": ["discovery_share"],
    "starts": ["night_share", "morning_share", "evening_share", "late_share", "weekend_share", "skip_share"],
    "shuffle": ["shuffle_share"],
    "popularity": ["mainstream_share", "mean_popularity"],
    "genre": ["genre_diversity"],
}


def test_what_is_null_is_named_in_the_reason_and_nothing_else(table):
    found = table("user_features")
    reasons = found["reason"].fillna("")
    for needed, names in NEEDS.items():
        for name in names:
            is_named = reasons.str.contains(rf"\b{name}\b", regex=True)
            assert (is_named == found[name].isna()).all(), name
        named = reasons[found[names[0]].isna()]
        assert named.str.contains(needed).all(), needed
    assert found["reason"].notna().any() and found["reason"].isna().any()


def test_shares_of_the_day_lie_within_one(table):
    found = table("user_features")
    parts = found[["night_share", "morning_share", "evening_share", "late_share"]].sum(axis=1, skipna=False).dropna()
    assert len(parts) >= 8 and (parts <= 1 + 1e-12).all() and (parts > 0).all()
