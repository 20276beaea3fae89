"""A small listener's file, made without an engine: two years of seeded plays, and gold tables computed from them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from serving.declarations import served_declarations
from serving.names import NAME_MACROS
from serving.store import LAYOUT, Store
from tests.assistant.measuring import VIEWS

FIRST_DAY, LAST_DAY, AS_OF = date(2024, 11, 1), date(2026, 10, 31), date(2026, 11, 1)
# artist: (weight, genre, {album: tracks}); the names that the questions use. Nobody makes two tracks of one title.
ARTISTS: dict[str, tuple[int, str, dict[str, list[str]]]] = {
    "Overgrown Thimbles": (
        60,
        "metal",
        {
            "Saffron Thunder": [
                "No Harbour Tonight",
                "Elevator in the Staircase",
                "Postcard & Elevator",
                "Leaving the Echo",
            ]
        },
    ),
    "Kaary Linvikvik": (
        45,
        "trip-hop",
        {"Paper Harbour": ["Hollowed Bicycle", "Quarterly Signal"], "Northerly Orbit": ["Wintering Orbit"]},
    ),
    "Norwen Pelviktel": (30, "piano", {"Bicycle / Platform": ["Last Antenna"], "Velvet Signal": ["Signal Velvet"]}),
    "Sallow Teaspoons": (25, "disco", {"Inkstained Static": ["Leaving the Bicycle", "Last Thunder"]}),
    "Fennel Gantries": (18, "metal", {"Marzipan Postcard": ["Elevator & Velvet"]}),
    "Jibra Jiarydov": (15, "soul", {"Northerly Velvet": ["Leaving the Balcony"]}),
    "Linma Dovaryka": (12, "folk", {"Lopsided Orchard": ["Compass (for Vik)"]}),
    "Roro Rokaji": (10, "ska", {"Galvanised Echo": ["Harbour in the Puddle"]}),
}
ARTISTS |= {f"Latecomer {letter}": (2, "pop", {f"Late {letter}": [f"Arrival {letter}"]}) for letter in "abcdef"}
_HOURS = (0, 1, 3, 6, 8, 9, 13, 15, 17, 18, 19, 20, 20, 21, 22, 23)
_FILLER: dict[str, Any] = {"STRING": "x", "INT": 0, "BIGINT": 0, "DOUBLE": 0.5, "BOOLEAN": False}
_FILLER |= {"TIMESTAMP": datetime(2026, 1, 1), "DATE": date(2026, 1, 1)}


class Maker:
    """Writes rows into the tables of a listener's file as declared; columns that a row leaves out are filled."""

    def __init__(self, file: Path) -> None:
        self.connection = duckdb.connect(str(file))
        self.declared = served_declarations()
        for table in self.declared.values():
            columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
            self.connection.execute(f'CREATE TABLE "{table.name}" ({columns})').fetchall()
        self.connection.execute(
            "CREATE VIEW kept_plays AS SELECT * FROM listening_with_features WHERE excluded_by IS NULL"
        )
        self.connection.execute(NAME_MACROS)

    def rows(self, name: str, *rows: dict[str, Any]) -> None:
        columns = self.declared[name].columns
        filled = [[row.get(c.name, None if c.nullable else _FILLER[c.type]) for c in columns] for row in rows]
        marks = ", ".join("?" for _ in columns)
        self.connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', filled)

    def close(self, **facts: Any) -> None:
        told = {
            "layout": LAYOUT,
            "key": "made",
            "user_id": "demo",
            "is_simulated": True,
            "as_of": AS_OF.isoformat(),
            "made_at": "2026-11-01T00:00:00+00:00",
            "first_day": FIRST_DAY.isoformat(),
            "versions": dict.fromkeys(self.declared, 1),
        } | facts
        self.connection.execute("CREATE TABLE store_facts AS SELECT $told AS content", {"told": json.dumps(told)})
        self.connection.close()


def plays(seed: int = 7) -> list[dict[str, Any]]:
    """Seeded plays: some skipped, some left out by a rule, a silent day in 2025, late discoveries."""
    rng, found = random.Random(seed), []
    tracks = [
        (a, album, t) for a, (_, _, albums) in ARTISTS.items() for album, titles in albums.items() for t in titles
    ]
    weights = [ARTISTS[a][0] / (1 + index % 3) for index, (a, _, _) in enumerate(tracks)]
    starts = dict.fromkeys(ARTISTS, FIRST_DAY) | {f"Latecomer {x}": date(2025, 3, 4) for x in "abc"}
    starts |= {"Latecomer d": date(2026, 9, 5), "Latecomer e": date(2026, 9, 20), "Latecomer f": date(2026, 10, 7)}
    for number in range((LAST_DAY - FIRST_DAY).days + 1):
        day = FIRST_DAY + timedelta(days=number)
        if day == date(2025, 7, 24):
            continue
        found += [
            _play(rng, day, artist, album, track, len(found)) | {"is_counted": True, "excluded_by": None}
            for artist, album, track in tracks
            if starts[artist] == day
        ]
        for _ in range(rng.randint(4, 9) + 3 * (day.month == 12) - 2 * (day.month == 8)):
            artist, album, track = rng.choices(tracks, weights)[0]
            if day >= starts[artist]:
                found.append(_play(rng, day, artist, album, track, len(found)))
    return sorted(found, key=lambda play: (play["played_at"], play["play_id"]))


def _play(rng: random.Random, day: date, artist: str, album: str, track: str, number: int) -> dict[str, Any]:
    hour = rng.choice(_HOURS)
    is_skip = rng.random() < 0.1 + 0.02 * len(artist) / 10
    at = datetime(day.year, day.month, day.day, hour, rng.randrange(60), rng.randrange(60))
    parts = {range(5): "night", range(5, 12): "morning", range(12, 17): "afternoon", range(17, 22): "evening"}
    seasons = ("winter", "spring", "summer", "autumn")
    return {
        "play_id": f"play{number:05}",
        "user_id": "demo",
        "is_simulated": True,
        "played_at": at,
        "started_at": at,
        "played_month": f"{day:%Y-%m}",
        "session_id": f"{day}-{hour // 6}",
        "recording_id": f"r:{artist}:{track}",
        "track_id": f"r:{artist}:{track}",
        "track_name": track,
        "artist_name": artist,
        "album_name": album,
        "duration_ms": 180_000 + 1000 * len(track),
        "listened_ms": rng.randrange(2_000, 25_000) if is_skip else rng.randrange(60_000, 240_000),
        "time_source": "measured",
        "is_counted": not is_skip,
        "is_skip": is_skip,
        "source": "extended_history",
        "is_shuffle": rng.random() < 0.5,
        "platform": "android",
        "time_zone": "UTC",
        "utc_offset_minutes": 0,
        "played_date": day,
        "hour_of_day": hour,
        "part_of_day": next((name for hours, name in parts.items() if hour in hours), "late"),
        "day_of_week": day.isoweekday(),
        "is_weekend": day.isoweekday() > 5,
        "season": seasons[day.month % 12 // 3],
        "excluded_by": "a rule" if number % 97 == 0 else None,
    }


# What gold says of these plays, in the words of docs/analytics.md.
_GOLD = """
CREATE TABLE artist_names AS SELECT DISTINCT artist_of(artist_name) AS artist_key, artist_name FROM kept_plays;
CREATE TABLE album_names AS SELECT DISTINCT album_of(album_name, artist_name) AS album_key, album_name, artist_name
    FROM kept_plays;
INSERT INTO artist_stats BY NAME SELECT 'all_time' AS period_kind, artist_of(artist_name) AS artist_key,
    any_value(artist_name) AS artist_name, count(*) FILTER (is_counted) AS play_count FROM kept_plays GROUP BY ALL;
INSERT INTO album_stats BY NAME SELECT 'all_time' AS period_kind, album_of(album_name, artist_name) AS album_key,
    any_value(album_name) AS album_name, any_value(artist_name) AS artist_name,
    count(*) FILTER (is_counted) AS play_count FROM kept_plays GROUP BY ALL;
INSERT INTO track_stats BY NAME SELECT 'all_time' AS period_kind, recording_id, any_value(track_name) AS track_name,
    any_value(artist_name) AS artist_name, count(*) FILTER (is_counted) AS play_count, sum(listened_ms) AS listened_ms,
    max(played_date) AS last_date FROM kept_plays GROUP BY recording_id;
INSERT INTO genre_stats BY NAME SELECT 'all_time' AS period_kind, genre, count(*) AS play_count
    FROM kept_plays JOIN track_genres USING (track_id) GROUP BY ALL;
INSERT INTO listening_sessions BY NAME SELECT session_id, min(played_date) AS played_date,
    epoch_ms(max(played_at)) - epoch_ms(min(played_at)) + 200000 AS session_ms,
    count(*) FILTER (is_counted) AS play_count
    FROM kept_plays GROUP BY session_id;
INSERT INTO listening_streaks BY NAME WITH days AS (SELECT DISTINCT played_date AS d FROM kept_plays WHERE is_counted),
    runs AS (SELECT d, d - (row_number() OVER (ORDER BY d))::INT AS run FROM days)
    SELECT 'listening' AS streak_kind, '' AS streak_item, min(d) AS streak_start, max(d) AS streak_end,
    count(*) AS streak_days, false AS is_broken_by_gap, max(d) = DATE '2026-10-31' AS is_current_streak
    FROM runs GROUP BY run;
INSERT INTO coverage BY NAME SELECT hour AS hour_at, hour::DATE AS played_date, true AS is_covered
    FROM range(TIMESTAMP '2024-11-01', TIMESTAMP '2026-11-01', INTERVAL 1 HOUR) AS hours(hour);
"""


def _gold_rows(maker: Maker) -> None:
    """What models would say, as rows made up for the test."""
    names = [(a, album, t) for a, (_, _, albums) in ARTISTS.items() for album, titles in albums.items() for t in titles]
    rng = random.Random(3)
    maker.rows(
        "track_genres", *({"track_id": f"r:{a}:{t}", "genre": ARTISTS[a][1], "genre_weight": 1.0} for a, _, t in names)
    )
    maker.rows("recordings", *({"track_id": f"r:{a}:{t}", "recording_id": f"r:{a}:{t}"} for a, _, t in names))
    maker.rows(
        "tracks",
        *(
            {
                "track_id": f"r:{a}:{t}",
                "track_name": t,
                "artist_name": a,
                "album_name": album,
                "is_played": True,
                "duration_ms": 180_000 + 1000 * len(t),
            }
            for a, album, t in names
        ),
    )
    axes = ("danceability", "energy", "valence", "acousticness", "instrumentalness")
    maker.rows(
        "track_features",
        *(
            {"track_id": f"r:{a}:{t}", "basis": "measured", "feature_source": "real", "tempo": rng.uniform(70, 170)}
            | {x: rng.random() for x in axes}
            for a, _, t in names
        ),
    )
    maker.rows("artists", *({"artist_name": a, "main_genre": genre} for a, (_, genre, _) in ARTISTS.items()))
    maker.rows(
        "mood_clusters",
        *(
            {"basis": "measured", "cluster_name": name, "listened_share": share}
            for name, share in (("calm-dark, slow", 0.3), ("energetic-bright", 0.5))
        ),
    )
    maker.rows("mood_clusters", {"basis": "all", "cluster_name": "made up", "listened_share": 0.9})
    indicators = ("late_night_share", "artist_diversity", "rhythm_regularity", "discovery_rate", "repetition")
    maker.rows(
        "wellbeing_indicators",
        *(
            {
                "basis": basis,
                "indicator": name,
                "week_start": date(2026, 10, 12) + timedelta(days=7 * week),
                "value": place + week / 10 + (basis == "all") * 50,
                "unit": "share",
            }
            for place, name in enumerate(indicators)
            for week in range(2)
            for basis in ("measured", "all")
        ),
    )
    maker.rows("taste_changes", {"basis": "measured", "change_number": 0, "reason": "neighbouring weeks are alike"})
    maker.rows(
        "mood_forecast",
        *(
            {
                "basis": basis,
                "target": "listened_ms",
                "forecast_date": AS_OF + timedelta(days=day),
                "choice": "trailing_mean",
                "forecast_value": 6e6 + day * 6e4 + (basis == "all") * 1e9,
                "low_80": 1e6,
                "high_80": 9e6,
            }
            for day in range(1, 15)
            for basis in ("measured", "all")
        ),
    )
    maker.rows(
        "track_recommendations",
        *(
            {"basis": "measured", "rank": rank, "track_name": t, "artist_name": a, "why": "you know it"}
            for rank, (a, _, t) in enumerate(names[:8], start=1)
        ),
    )
    maker.rows(
        "library_overview",
        *(
            {"library_part": part, "different_count": count, "played_count": count - 3, "never_played_count": 3}
            for part, count in (("saved_tracks", 44), ("followed_artists", 12))
        ),
    )
    maker.rows(
        "playlist_vibes",
        *(
            {
                "basis": "measured",
                "playlist_id": name,
                "playlist_name": name,
                "is_own": True,
                "sentence": f"vibe of {name}",
            }
            for name in ("Calm mornings", "Dark & loud")
        ),
    )
    maker.rows(
        "mainstream_share",
        {
            "period_kind": "all_time",
            "period_start": date(1970, 1, 1),
            "mainstream_share": 0.21,
            "mean_popularity": 40.0,
            "popularity_known_share": 0.9,
        },
    )
    maker.rows(
        "music_profiles",
        *(
            {
                "period_kind": "all_time",
                "period_start": date(1970, 1, 1),
                "profile_name": name,
                "profile_share": 0.5,
                "profile_rank": rank,
            }
            for rank, name in enumerate(("Night Owl", "Music Addict"), start=1)
        ),
    )
    maker.rows(
        "playback_shares",
        *(
            {
                "period_kind": "all_time",
                "period_start": date(1970, 1, 1),
                "dimension": "device",
                "bucket": name,
                "listened_ms": ms,
                "period_share": ms / 100,
            }
            for name, ms in (("phone", 70), ("computer", 30))
        ),
    )
    for month, kind in (
        (date(2025, 3, 1), "period_before"),
        (date(2024, 12, 1), "period_before"),
        (date(2026, 8, 1), "period_before"),
        (date(2026, 5, 1), "year_before"),
    ):
        told = {
            "basis": "measured",
            "period_kind": "month",
            "period_start": month,
            "comparison": kind,
            "is_comparable": True,
        }
        told |= {"before_start": date(2025, 1, 1), "before_end": date(2025, 1, 31), "whole_difference_ms": 3_600_000}
        maker.rows(
            "period_comparisons",
            told | {"dimension": "total", "item": "total", "difference_ms": 3_600_000},
            *(
                told | {"dimension": "artist", "item": a, "difference_ms": ms, "is_rest": False}
                for a, ms in (("Roro Rokaji", -9_000_000), ("Kaary Linvikvik", 6_000_000))
            ),
        )


@pytest.fixture(scope="session")
def made_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the small listener."""
    file = tmp_path_factory.mktemp("asking") / "demo.duckdb"
    maker = Maker(file)
    columns = maker.declared["listening_with_features"].column_names
    rows = plays()
    import pandas as pd

    frame = pd.DataFrame(rows).reindex(columns=list(columns))  # noqa: F841 - DuckDB reads it by its name
    maker.connection.execute("INSERT INTO listening_with_features BY NAME SELECT * FROM frame").fetchall()
    _gold_rows(maker)
    maker.connection.execute(_GOLD)
    maker.close()
    return file


@pytest.fixture
def made_store(made_file: Path) -> Iterator[Store]:
    """The small listener's tables."""
    store = Store(made_file)
    yield store
    store.close()


@pytest.fixture(scope="session")
def own_reading(made_file: Path, tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """A connection of the tests' own to a copy of the file, with the views that expected values are read from."""
    import shutil

    copy = tmp_path_factory.mktemp("reading") / "copy.duckdb"
    shutil.copy(made_file, copy)
    connection = duckdb.connect(str(copy), read_only=True)
    connection.execute(VIEWS)
    return connection
