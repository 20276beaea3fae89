"""session_features: compared with the same sums written in SQL; runs of an album, hours, recency by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from transformations.gold.session_features import session_features
from transformations.silver.listening_sessions import listening_sessions

EXPECTED = """
WITH ordered AS (
    SELECT *, lag(recording_id) OVER played AS recording_before, lag(album_name) OVER played AS album_before,
           lag(artist_name) OVER played AS artist_before
    FROM listening_with_features WHERE excluded_by IS NULL
    WINDOW played AS (PARTITION BY session_id ORDER BY started_at, played_at, play_id)
),
heard AS (
    SELECT o.*, b.basis, f.feature_source AS source_here, f.valence AS valence_here, f.energy AS energy_here,
           f.valence IS NOT NULL AND f.energy IS NOT NULL AS has_features,
           coalesce(album_before = album_name AND artist_before = artist_name
                    AND recording_before <> o.recording_id, false) AS is_album_run
    FROM ordered o CROSS JOIN (VALUES ('measured'), ('all')) b(basis)
    LEFT JOIN track_features f ON f.track_id = o.track_id AND f.basis = b.basis
),
sums AS (
    SELECT user_id, is_simulated, session_id, basis, min(started_at) AS started_at,
           strftime(min(started_at), '%Y-%m') AS played_month, arg_min(played_date, started_at) AS played_date,
           epoch_ms(max(played_at)) - epoch_ms(min(started_at)) AS session_ms,
           count(*) AS start_count, count(*) FILTER (is_counted) AS play_count,
           count(*) FILTER (is_skip) AS skip_count, sum(listened_ms) AS listened_ms,
           count(DISTINCT artist_name) AS artist_count, count(DISTINCT recording_id) AS recording_count,
           count(*) FILTER (is_skip) / count(*) AS skip_share,
           min(started_at + to_minutes(utc_offset_minutes)) AS local_start,
           count(is_shuffle) AS shuffle_known_count, count(*) FILTER (is_shuffle) AS shuffle_count,
           count(*) FILTER (is_album_run) AS album_run_count,
           coalesce(sum(listened_ms) FILTER (hour_of_day < 5), 0) AS night_ms,
           coalesce(sum(listened_ms) FILTER (hour_of_day BETWEEN 5 AND 11), 0) AS morning_ms,
           coalesce(sum(listened_ms) FILTER (hour_of_day BETWEEN 17 AND 21), 0) AS evening_ms,
           coalesce(sum(listened_ms) FILTER (hour_of_day >= 22), 0) AS late_ms,
           coalesce(sum(listened_ms) FILTER (has_features AND source_here <> 'synthetic'), 0)
               / nullif(sum(listened_ms), 0) AS measured_share,
           coalesce(sum(listened_ms) FILTER (has_features), 0) / nullif(sum(listened_ms), 0) AS known_share,
           sum(valence_here * listened_ms) FILTER (has_features)
               / nullif(sum(listened_ms) FILTER (has_features), 0) AS valence,
           sum(energy_here * listened_ms) FILTER (has_features)
               / nullif(sum(listened_ms) FILTER (has_features), 0) AS energy
    FROM heard GROUP BY ALL
)
SELECT * EXCLUDE (local_start, known_share, valence, energy),
       hour(local_start) + minute(local_start) / 60 AS start_hour,
       sin(2 * pi() * (hour(local_start) + minute(local_start) / 60) / 24) AS start_hour_sine,
       cos(2 * pi() * (hour(local_start) + minute(local_start) / 60) / 24) AS start_hour_cosine,
       isodow(played_date) >= 6 AS is_weekend,
       shuffle_count / nullif(shuffle_known_count, 0) AS shuffle_share,
       CASE WHEN known_share >= 0.6 THEN valence END AS mean_valence,
       CASE WHEN known_share >= 0.6 THEN energy END AS mean_energy,
       coalesce(known_share, 0) < 0.6 AS is_withheld,
       pow(0.5, greatest(date_diff('day', played_date, DATE '{month}'), 0) / 90) AS recency_weight
FROM sums
"""


def test_each_session_is_what_the_definition_says(history, sql, assert_same_rows):
    found = sql("SELECT *, reason IS NOT NULL AS is_withheld FROM session_features")
    expected = sql(EXPECTED.format(month=history.as_of.replace(day=1)))
    assert_same_rows(found, expected, ["session_id", "basis"])


def test_sessions_hold_every_start_of_silver_once_on_both_bases(sql):
    found = sql("""
        SELECT s.user_id, s.basis, sum(s.start_count) = (SELECT count(*) FROM listening_with_features l
            WHERE l.user_id = s.user_id AND excluded_by IS NULL) AS is_whole
        FROM session_features s GROUP BY s.user_id, s.basis
    """)
    assert len(found) == 4 and found["is_whole"].all()


def test_below_sixty_percent_of_measured_time_the_means_are_null_with_a_reason(table):
    features = table("session_features")
    measured = features[(features["basis"] == "measured") & (features["listened_ms"] > 0)]
    low = measured["measured_share"] < 0.6
    assert low.sum() >= 5 and (~low).sum() >= 5
    assert (measured["mean_energy"].isna() == low).all() and (measured["mean_valence"].isna() == low).all()
    assert (measured["reason"].notna() == low).all()
    assert measured.loc[low, "reason"].str.contains("measured audio features; 60 % is needed", regex=False).all()


@pytest.fixture
def sessions_of(rows):
    """session_features of plays that follow each other, one a minute, in one session unless named."""

    def make(*plays, as_of_month=date(2024, 5, 1)):
        first = datetime(2024, 4, 30, 22, 30, tzinfo=UTC)
        full = [
            {
                "user_id": "u",
                "play_id": f"p{number:02d}",
                "session_id": "s",
                "started_at": first + timedelta(minutes=number),
                "played_at": first + timedelta(minutes=number + 1),
                "played_month": "2024-04",
                "played_date": date(2024, 5, 1),
                "utc_offset_minutes": 120,
                "listened_ms": 60_000,
                "artist_name": "Ann",
                "recording_id": f"r{number}",
                **play,
            }
            for number, play in enumerate(plays)
        ]
        listening = rows("listening_with_features", *full)
        features = rows("track_features", {"track_id": "t", "basis": "all", "feature_source": "synthetic"})
        made = session_features(listening_sessions(listening), listening, features, as_of_month=as_of_month)
        return {row.session_id: row for row in made.collect() if row.basis == "all"}

    return make


def test_an_album_run_goes_on_with_another_recording_of_the_same_album(sessions_of):
    found = sessions_of(
        {"album_name": "One"},
        {"album_name": "One"},  # goes on
        {"album_name": "One", "recording_id": "r1"},  # the same recording again
        {"album_name": "One", "artist_name": "Bob"},  # another artist's album of that name
        {"album_name": None},
        {"album_name": None},  # of two unknown albums nobody knows
        {"album_name": "Two"},
        {"album_name": "Two"},  # goes on
        {"album_name": "Two", "session_id": "later"},  # a session begins anew
    )
    assert found["s"].album_run_count == 2
    assert found["later"].album_run_count == 0


def test_the_start_hour_is_the_local_one(sessions_of):
    row = sessions_of({}, {})["s"]
    assert row.start_hour == 0.5
    assert row.start_hour_sine == pytest.approx(0.13052619222005157)
    assert row.played_month == "2024-04"


def test_recency_halves_every_ninety_days_and_does_not_pass_one(sessions_of):
    def weight(day, month):
        return sessions_of({"played_date": day}, as_of_month=month)["s"].recency_weight

    assert weight(date(2024, 2, 1), date(2024, 5, 1)) == pytest.approx(0.5)
    assert weight(date(2024, 5, 1), date(2024, 5, 1)) == 1
    assert weight(date(2024, 5, 20), date(2024, 5, 1)) == 1
    assert weight(date(2024, 4, 16), date(2024, 5, 1)) == pytest.approx(0.5 ** (1 / 6))


def test_excluded_plays_are_in_no_session(sessions_of):
    found = sessions_of({}, {"excluded_by": "sleep", "is_skip": True}, {"session_id": "asleep", "excluded_by": "sleep"})
    assert set(found) == {"s"}
    assert (found["s"].start_count, found["s"].skip_count, found["s"].listened_ms) == (1, 0, 60_000)


def test_shuffle_is_a_share_of_the_starts_that_say(sessions_of):
    row = sessions_of({"is_shuffle": True}, {"is_shuffle": False}, {"is_shuffle": True}, {})["s"]
    assert (row.shuffle_known_count, row.shuffle_count) == (3, 2)
    assert row.shuffle_share == pytest.approx(2 / 3)
    assert sessions_of({})["s"].shuffle_share is None
