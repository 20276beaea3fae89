"""daily_listening: compared with the same sums written in SQL, and with silver."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from transformations.gold.daily_listening import daily_listening

KEY = ["user_id", "basis", "played_date"]

EXPECTED = """
WITH heard AS (
    SELECT l.user_id, l.played_date, b.basis, l.listened_ms AS ms, l.is_skip, l.is_counted, l.time_source,
           l.artist_name, l.recording_id, f.feature_source, f.valence, f.energy,
           f.valence IS NOT NULL AND f.energy IS NOT NULL AS has_features
    FROM listening_with_features l
    CROSS JOIN (VALUES ('measured'), ('all')) b(basis)
    LEFT JOIN track_features f ON f.track_id = l.track_id AND f.basis = b.basis
),
sums AS (
    SELECT user_id, basis, played_date, count(*) AS start_count, sum(is_skip::INT) AS skip_count,
           sum(is_counted::INT) AS play_count, sum(ms) AS listened_ms,
           coalesce(sum(ms) FILTER (time_source = 'measured'), 0) AS measured_ms,
           count(DISTINCT artist_name) AS artist_count, count(DISTINCT recording_id) AS recording_count,
           coalesce(sum(ms) FILTER (has_features AND feature_source <> 'synthetic'), 0) / nullif(sum(ms), 0)
               AS measured_share,
           coalesce(sum(ms) FILTER (has_features), 0) / nullif(sum(ms), 0) AS known_share,
           sum(valence * ms) FILTER (has_features) / nullif(sum(ms) FILTER (has_features), 0) AS valence,
           sum(energy * ms) FILTER (has_features) / nullif(sum(ms) FILTER (has_features), 0) AS energy
    FROM heard GROUP BY ALL
),
days AS (
    SELECT user_id, played_date, basis, avg(is_covered::INT) AS coverage
    FROM coverage CROSS JOIN (VALUES ('measured'), ('all')) b(basis) GROUP BY ALL
)
SELECT user_id, basis, played_date, coverage,
       coalesce(start_count, 0) AS start_count, coalesce(skip_count, 0) AS skip_count,
       coalesce(play_count, 0) AS play_count, coalesce(listened_ms, 0) AS listened_ms,
       coalesce(measured_ms, 0) AS measured_ms, coalesce(artist_count, 0) AS artist_count,
       coalesce(recording_count, 0) AS recording_count, measured_share,
       CASE WHEN known_share >= 0.6 THEN valence END AS mean_valence,
       CASE WHEN known_share >= 0.6 THEN energy END AS mean_energy,
       true AS is_simulated
FROM days FULL JOIN sums USING (user_id, basis, played_date)
"""


def test_each_day_is_what_the_definition_says(sql, assert_same_rows):
    assert_same_rows(sql("SELECT * FROM daily_listening"), sql(EXPECTED), KEY)


def test_the_totals_are_those_of_silver_for_each_listener_and_month_on_both_bases(sql):
    gold = sql("""
        SELECT user_id, date_trunc('month', played_date) AS month, basis, sum(start_count) AS starts,
               sum(play_count) AS plays, sum(skip_count) AS skips, sum(listened_ms) AS ms
        FROM daily_listening GROUP BY ALL HAVING starts > 0
    """)
    silver = sql("""
        SELECT user_id, date_trunc('month', played_date) AS month, count(*) AS starts, sum(is_counted::INT) AS plays,
               sum(is_skip::INT) AS skips, sum(listened_ms) AS ms
        FROM listening_with_features GROUP BY ALL
    """)
    for basis in ("measured", "all"):
        mine = gold[gold["basis"] == basis].drop(columns="basis").sort_values(["user_id", "month"], ignore_index=True)
        pd.testing.assert_frame_equal(
            mine, silver.sort_values(["user_id", "month"], ignore_index=True), check_dtype=False
        )


def test_no_day_of_the_history_is_missing_and_a_day_without_music_holds_zeros(table):
    """The simulated listener is silent for a week."""
    daily = table("daily_listening")
    for (_, basis), days in daily.groupby(["user_id", "basis"]):
        dates = pd.to_datetime(days["played_date"])
        assert sorted(dates) == list(pd.date_range(dates.min(), dates.max())), basis
    silent = daily[daily["start_count"] == 0]
    ada = silent[(silent["user_id"] == "ada") & (silent["basis"] == "all")]
    assert len(ada) >= 7
    assert (silent[["play_count", "skip_count", "listened_ms", "measured_ms", "artist_count"]] == 0).all(axis=None)
    assert (ada["coverage"] == 1).all()
    assert silent[["measured_share", "mean_valence", "mean_energy"]].isna().all(axis=None)
    assert set(silent["reason"]) == {"nothing was listened to"}


def test_a_day_of_which_nobody_knows_anything_has_no_coverage(table):
    """Nor have the days between the two exports of the second listener, from the last stamp to the first one."""
    bronze = table("listening_history_bronze")
    stamps = bronze.loc[bronze["user_id"] == "ben", "played_at"].dt.tz_convert("Europe/Berlin").dt.date
    middle = date(2026, 10, 13)
    unknown_days = (stamps[stamps >= middle].min() - stamps[stamps < middle].max()).days - 1
    assert unknown_days >= 3
    daily = table("daily_listening")
    ben = daily[(daily["user_id"] == "ben") & (daily["basis"] == "all")]
    assert (ben["coverage"] == 0).sum() == unknown_days
    assert (ben.loc[ben["coverage"] == 0, "start_count"] == 0).all()
    assert ((ben["coverage"] > 0) & (ben["coverage"] < 1)).any()


def test_a_mean_is_null_exactly_where_a_reason_says_how_much_is_known(table):
    daily = table("daily_listening")
    assert (daily["mean_valence"].isna() == daily["reason"].notna()).all()
    assert (daily["mean_energy"].isna() == daily["reason"].notna()).all()
    withheld = daily[(daily["basis"] == "measured") & (daily["listened_ms"] > 0) & daily["reason"].notna()]
    assert len(withheld) >= 10
    said = withheld["reason"].str.extract(
        r"^only (\d+) % of the listening time has measured audio features; 60 % is n"
    )[0]
    assert ((said.astype(int) - 100 * withheld["measured_share"]).abs() <= 1).all()
    assert (withheld["measured_share"] < 0.6).all()


def test_the_measured_basis_leaves_out_what_was_invented(table):
    daily = table("daily_listening").set_index(KEY)
    measured, everything = (daily.xs(basis, level="basis") for basis in ("measured", "all"))
    same = ["start_count", "play_count", "listened_ms", "measured_share", "coverage"]
    pd.testing.assert_frame_equal(measured[same].sort_index(), everything[same].sort_index())
    both = measured["mean_valence"].notna() & everything["mean_valence"].notna()
    mixed = both & (measured["measured_share"] < 0.95)
    differs = (measured["mean_valence"] - everything["mean_valence"]).abs()
    assert (differs[mixed] > 1e-6).all() and mixed.sum() >= 10


@pytest.fixture
def one_day(rows):
    """The row of one day on basis measured, from (track, listened_ms) and the tracks that have features."""

    def of(plays, known):
        day = {"user_id": "u", "played_date": date(2024, 1, 1)}
        listening = [
            {**day, "play_id": str(n), "track_id": track, "listened_ms": ms} for n, (track, ms) in enumerate(plays)
        ]
        features = [
            {"track_id": track, "basis": "measured", "feature_source": "real", "valence": 0.5, "energy": 0.5}
            for track in known
        ]
        found = daily_listening(
            rows("listening_with_features", *listening), rows("track_features", *features), rows("coverage", day)
        ).collect()
        (row,) = (row for row in found if row.basis == "measured")
        return row

    return of


def test_sixty_percent_of_the_time_is_enough(one_day):
    row = one_day([("known", 600), ("unknown", 400)], ["known"])
    assert (row.mean_valence, row.reason) == (0.5, None)


def test_a_reason_never_says_that_what_is_needed_was_there(one_day):
    row = one_day([("known", 599), ("unknown", 401)], ["known"])
    assert row.mean_valence is None
    assert row.reason == "only 59 % of the listening time has measured audio features; 60 % is needed"


def test_a_day_of_starts_in_which_nothing_was_heard_says_so(one_day):
    row = one_day([("known", 0)], ["known"])
    assert (row.start_count, row.listened_ms, row.measured_share) == (1, 0, None)
    assert row.reason == "nothing was listened to"
