"""taste_evolution: shares and centres compared with SQL over single plays; what a listener's lake holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd
import pytest

from transformations.gold.taste_evolution import taste_evolution

KEY = ["user_id", "basis", "period_kind", "period_start", "taste_aspect", "aspect_item"]

PLACED = """
WITH placed AS (
    SELECT l.*, kind AS period_kind, date_trunc(kind, played_date)::DATE AS period_start, basis
    FROM listening_with_features l
    CROSS JOIN (VALUES ('week'), ('month')) k(kind) CROSS JOIN (VALUES ('measured'), ('all')) b(basis)
    WHERE excluded_by IS NULL
),
hours AS (
    SELECT user_id, kind AS period_kind, date_trunc(kind, played_date)::DATE AS period_start,
           avg(is_covered::INT) AS coverage
    FROM coverage CROSS JOIN (VALUES ('week'), ('month')) k(kind) GROUP BY ALL
),
totals AS (
    SELECT p.user_id, p.basis, p.period_kind, p.period_start, sum(is_counted::INT) AS play_count,
           sum(listened_ms) AS listened_ms,
           coalesce(sum(listened_ms) FILTER (f.feature_source <> 'synthetic'), 0) / sum(listened_ms) AS measured_share
    FROM placed p LEFT JOIN track_features f ON f.track_id = p.track_id AND f.basis = p.basis GROUP BY ALL
)
"""


def test_shares_of_families_and_genres_are_what_the_definition_says(sql, assert_same_rows):
    """Of genres, the ten of most time; of families all."""
    expected = sql(f"""{PLACED},
        parts AS (
            SELECT user_id, basis, period_kind, period_start, 'genre_family' AS taste_aspect, genre_family AS item,
                   sum(listened_ms * genre_weight) AS ms
            FROM placed JOIN track_genres USING (track_id) GROUP BY ALL
            UNION ALL
            SELECT user_id, basis, period_kind, period_start, 'genre', genre, sum(listened_ms * genre_weight)
            FROM placed JOIN track_genres USING (track_id)
            JOIN (SELECT user_id, genre FROM genre_stats WHERE period_kind = 'all_time' AND time_rank <= 10)
                USING (user_id, genre)
            GROUP BY ALL
        )
        SELECT user_id, basis, period_kind, period_start, taste_aspect, item AS aspect_item,
               ms / listened_ms AS aspect_value, totals.play_count, listened_ms, measured_share, coverage
        FROM parts JOIN totals USING (user_id, basis, period_kind, period_start)
        JOIN hours USING (user_id, period_kind, period_start)
        WHERE ms > 0
    """)
    found = sql("""
        SELECT * FROM taste_evolution WHERE taste_aspect IN ('genre', 'genre_family') AND aspect_item <> 'unknown'
    """)
    assert_same_rows(found, expected, KEY)


def test_centres_of_features_are_what_the_definition_says(sql, assert_same_rows):
    names = ("danceability", "energy", "loudness", "valence", "tempo")
    each = " UNION ALL ".join(
        f"""SELECT user_id, basis, period_kind, period_start, '{name}' AS aspect_item,
                   sum(listened_ms) FILTER ({name} IS NOT NULL) AS known_ms,
                   CASE WHEN known_ms >= 0.6 * sum(listened_ms) THEN sum({name} * listened_ms) / known_ms END
                       AS aspect_value
            FROM sounding GROUP BY ALL"""
        for name in names
    )
    expected = sql(f"""{PLACED},
        sounding AS (
            SELECT p.user_id, p.basis, p.period_kind, p.period_start, p.listened_ms, {", ".join(names)}
            FROM (SELECT * EXCLUDE ({", ".join(names)}) FROM placed) p
            LEFT JOIN track_features f ON f.track_id = p.track_id AND f.basis = p.basis
        )
        SELECT * EXCLUDE (known_ms) FROM ({each})
    """)
    found = sql(f"SELECT * FROM taste_evolution WHERE taste_aspect = 'feature' AND aspect_item IN {names}")
    assert_same_rows(found, expected, [name for name in KEY if name != "taste_aspect"])
    assert found["aspect_value"].isna().any() and (found["aspect_value"].isna() == found["reason"].notna()).all()


def test_shares_with_what_is_unknown_add_up_to_one(table):
    found = table("taste_evolution")
    for aspect in ("genre_family", "era"):
        sums = found[found["taste_aspect"] == aspect].groupby(KEY[:4])["aspect_value"].sum()
        assert ((sums - 1).abs() < 2e-6).all() and len(sums) == len(found.groupby(KEY[:4]))


def test_a_distance_is_told_or_explained_on_both_bases(table):
    distances = table("taste_evolution").query("taste_aspect == 'distance'")
    assert (distances["aspect_value"].isna() == distances["reason"].notna()).all()
    told = distances[distances["aspect_value"].notna()]
    assert {"measured", "all"} == set(told["basis"]) and {"week", "month"} == set(told["period_kind"])
    genres = told[told["aspect_item"] == "genre_families"]["aspect_value"]
    assert ((genres > 0) & (genres < 1)).all() and len(genres) > 4


@pytest.fixture
def made(rows: Callable[..., Any]) -> Callable[..., pd.DataFrame]:
    def of(plays: list[dict[str, Any]], **given: list[dict[str, Any]]) -> pd.DataFrame:
        same = {"user_id": "u", "is_counted": True, "listened_ms": 1_000}
        listening = [
            {**same, "play_id": str(n), "recording_id": play["track_id"], **play} for n, play in enumerate(plays)
        ]
        months = [
            {**same_month(play), "play_count": 1, "listened_ms": play.get("listened_ms", 1_000)}
            for play in listening
            if play.get("excluded_by") is None
        ]
        all_time = [
            {
                "user_id": "u",
                "period_kind": "all_time",
                "track_key": track,
                "track_id": track,
                "recording_id": track,
            }
            for track in {play["track_id"] for play in plays}
        ]
        frames = (
            rows("listening_with_features", *listening),
            rows("track_months", *months),
            rows("track_periods", *all_time),
            *(rows(name, *given.get(name, [])) for name in ("track_features", "track_genres", "tracks", "albums")),
            rows("coverage"),
        )
        return taste_evolution(*frames).toPandas()

    def same_month(play: dict[str, Any]) -> dict[str, Any]:
        track = dict.fromkeys(("track_key", "track_id", "recording_id"), play["track_id"])
        return {"user_id": "u", "month_start": play["played_date"].replace(day=1), **track}

    return of


def test_eras_are_decades_of_release_where_the_album_has_a_date(made):
    found = made(
        [{"track_id": track, "played_date": date(2024, 5, 1)} for track in ("old", "new", "undated", "single")],
        tracks=[
            {"track_id": "old", "album_id": "a"},
            {"track_id": "new", "album_id": "b"},
            {"track_id": "undated", "album_id": "c"},
            {"track_id": "single"},
        ],
        albums=[
            {"album_id": "a", "release_year": 1999},
            {"album_id": "b", "release_year": 2000},
            {"album_id": "c"},
        ],
    )
    eras = found[(found["taste_aspect"] == "era") & (found["period_kind"] == "month") & (found["basis"] == "all")]
    assert dict(zip(eras["aspect_item"], eras["aspect_value"], strict=True)) == {
        "1990s": 0.25,
        "2000s": 0.25,
        "unknown": 0.5,
    }


def test_weeks_begin_on_monday_and_excluded_plays_are_in_none(made):
    days = [date(2023, 12, 31), date(2024, 1, 1), date(2024, 1, 7), date(2024, 1, 8)]
    plays: list[dict[str, Any]] = [
        {"track_id": "t", "played_date": day, "listened_ms": 10**n} for n, day in enumerate(days)
    ]
    found = made([*plays, {"track_id": "t", "played_date": date(2024, 2, 1), "excluded_by": "sleep"}])
    eras = found[(found["taste_aspect"] == "era") & (found["basis"] == "all")]
    assert {(row.period_kind, row.period_start): row.listened_ms for row in eras.itertuples()} == {
        ("week", date(2023, 12, 25)): 1,
        ("week", date(2024, 1, 1)): 110,
        ("week", date(2024, 1, 8)): 1_000,
        ("month", date(2023, 12, 1)): 1,
        ("month", date(2024, 1, 1)): 1_110,
    }
