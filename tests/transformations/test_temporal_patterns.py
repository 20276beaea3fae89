"""temporal_patterns: compared with the same sums written in SQL; each pattern is a whole view of silver."""

from __future__ import annotations

from datetime import date

import pandas as pd

from transformations.gold.temporal_patterns import temporal_patterns

KEY = ["user_id", "basis", "pattern", "bucket"]

# Where a local day and hour fall in each pattern. Both simulated zones (Berlin, Tokyo) lie north of the equator.
BUCKETS = """
    'hour_of_week': isodow(played_date) || '-' || printf('%02d', hour_of_day),
    'hour_of_day': printf('%02d', hour_of_day),
    'day_of_week': isodow(played_date)::VARCHAR,
    'part_of_day': CASE WHEN hour_of_day < 5 THEN 'night' WHEN hour_of_day < 12 THEN 'morning'
                        WHEN hour_of_day < 17 THEN 'afternoon' WHEN hour_of_day < 22 THEN 'evening' ELSE 'late' END,
    'day_type': CASE WHEN isodow(played_date) IN (6, 7) THEN 'weekend' ELSE 'weekday' END,
    'month': printf('%02d', month(played_date)),
    'season': CASE WHEN month(played_date) IN (12, 1, 2) THEN 'winter' WHEN month(played_date) <= 5 THEN 'spring'
                   WHEN month(played_date) <= 8 THEN 'summer' ELSE 'autumn' END,
    'calendar_day': strftime(played_date, '%m-%d')
"""
EXPECTED = f"""
WITH heard AS (
    SELECT l.user_id, b.basis, l.listened_ms AS ms, l.is_skip, l.is_counted, f.feature_source, f.valence, f.energy,
           f.valence IS NOT NULL AND f.energy IS NOT NULL AS has_features,
           unnest(map_entries(MAP {{{BUCKETS}}})) AS place
    FROM listening_with_features l
    CROSS JOIN (VALUES ('measured'), ('all')) b(basis)
    LEFT JOIN track_features f ON f.track_id = l.track_id AND f.basis = b.basis
),
sums AS (
    SELECT user_id, basis, place.key AS pattern, place.value AS bucket, count(*) AS start_count,
           sum(is_skip::INT) AS skip_count, sum(is_counted::INT) AS play_count, sum(ms) AS listened_ms,
           coalesce(sum(ms) FILTER (has_features AND feature_source <> 'synthetic'), 0) / nullif(sum(ms), 0)
               AS measured_share,
           coalesce(sum(ms) FILTER (has_features), 0) / nullif(sum(ms), 0) AS known_share,
           sum(valence * ms) FILTER (has_features) / nullif(sum(ms) FILTER (has_features), 0) AS valence,
           sum(energy * ms) FILTER (has_features) / nullif(sum(ms) FILTER (has_features), 0) AS energy
    FROM heard GROUP BY ALL
),
hours AS (SELECT user_id, is_covered, unnest(map_entries(MAP {{{BUCKETS}}})) AS place FROM coverage),
covered AS (
    SELECT user_id, place.key AS pattern, place.value AS bucket, avg(is_covered::INT) AS coverage
    FROM hours GROUP BY ALL
)
SELECT user_id, basis, pattern, bucket, start_count, skip_count, play_count, listened_ms, measured_share, coverage,
       listened_ms / sum(listened_ms) OVER (PARTITION BY user_id, basis, pattern) AS listened_share,
       CASE WHEN known_share >= 0.6 THEN valence END AS mean_valence,
       CASE WHEN known_share >= 0.6 THEN energy END AS mean_energy,
       coalesce(known_share, 0) < 0.6 AS is_withheld, true AS is_simulated
FROM sums LEFT JOIN covered USING (user_id, pattern, bucket)
"""


def test_each_bucket_is_what_the_definition_says(sql, assert_same_rows):
    found = sql("SELECT *, reason IS NOT NULL AS is_withheld FROM temporal_patterns")
    assert_same_rows(found, sql(EXPECTED), KEY)


def test_every_pattern_holds_every_start_once(sql, table):
    totals = table("temporal_patterns").groupby(["user_id", "basis", "pattern"])[
        ["start_count", "skip_count", "play_count", "listened_ms"]
    ].sum()  # fmt: skip
    silver = sql("""
        SELECT user_id, count(*) AS start_count, sum(is_skip::INT) AS skip_count, sum(is_counted::INT) AS play_count,
               sum(listened_ms) AS listened_ms
        FROM listening_with_features GROUP BY user_id
    """).set_index("user_id")
    patterns = {
        "hour_of_week",
        "hour_of_day",
        "day_of_week",
        "part_of_day",
        "day_type",
        "month",
        "season",
        "calendar_day",
    }
    assert set(totals.index) == {(u, b, p) for u in silver.index for b in ("measured", "all") for p in patterns}
    for (user_id, _, _), row in totals.iterrows():
        assert row.to_dict() == silver.loc[user_id].to_dict()


def test_the_shares_of_a_pattern_sum_to_one(table):
    shares = table("temporal_patterns").groupby(["user_id", "basis", "pattern"])["listened_share"].sum()
    assert len(shares) == 2 * 2 * 8
    assert ((shares - 1).abs() < 1e-12).all()


def test_patterns_have_no_more_buckets_than_the_calendar(table):
    buckets = table("temporal_patterns").groupby("pattern")["bucket"].agg(set)
    assert buckets["day_of_week"] == set("1234567")
    assert buckets["day_type"] == {"weekday", "weekend"}
    assert buckets["part_of_day"] <= {"night", "morning", "afternoon", "evening", "late"}
    assert buckets["hour_of_day"] <= {f"{hour:02d}" for hour in range(24)}
    assert buckets["hour_of_week"] <= {f"{day}-{hour:02d}" for day in range(1, 8) for hour in range(24)}
    assert buckets["month"] == {"07", "08", "09", "10"}
    assert buckets["season"] == {"summer", "autumn"}
    assert {day[:2] for day in buckets["calendar_day"]} == buckets["month"]
    assert all(date(2024, int(day[:2]), int(day[3:])) for day in buckets["calendar_day"])


def test_coarse_buckets_are_the_sums_of_fine_ones(table):
    patterns = table("temporal_patterns")
    fine = patterns[patterns["pattern"] == "hour_of_week"]
    key = ["user_id", "basis", "day"]
    summed = fine.assign(day=fine["bucket"].str[0]).groupby(key)[["start_count", "listened_ms"]].sum()
    coarse = patterns[patterns["pattern"] == "day_of_week"].rename(columns={"bucket": "day"}).set_index(key)
    pd.testing.assert_frame_equal(summed, coarse[["start_count", "listened_ms"]].sort_index())


def test_below_sixty_percent_of_measured_time_the_mean_is_null_with_a_reason(table):
    patterns = table("temporal_patterns")
    measured = patterns[(patterns["basis"] == "measured") & (patterns["listened_ms"] > 0)]
    low = measured["measured_share"] < 0.6
    assert low.sum() >= 5 and (~low).sum() >= 5
    for name in ("mean_valence", "mean_energy"):
        assert (measured[name].isna() == low).all()
    assert (measured["reason"].notna() == low).all()
    assert measured.loc[low, "reason"].str.contains("measured audio features; 60 % is needed", regex=False).all()


def test_a_calendar_day_is_of_all_years_and_the_leap_day_its_own(rows):
    days = [date(2023, 2, 28), date(2024, 2, 28), date(2024, 2, 29), date(2025, 3, 1)]
    plays = [
        {"play_id": str(n), "user_id": "u", "played_date": day, "listened_ms": 10**n, "is_counted": True}
        for n, day in enumerate(days)
    ]
    plays.append({**plays[0], "play_id": "left out", "listened_ms": 5, "excluded_by": "rule"})
    made = temporal_patterns(rows("listening_with_features", *plays), rows("track_features"), rows("coverage"))
    found = {
        row.bucket: (row.play_count, row.listened_ms)
        for row in made.collect()
        if (row.basis, row.pattern) == ("all", "calendar_day")
    }
    assert found == {"02-28": (2, 11), "02-29": (1, 100), "03-01": (1, 1000)}
