"""A small lake written without an engine, the emulator with the same listener, and what stands on their playlists."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import SecretStr

from clients.spotify import SpotifyClient
from clients.tokens import Token, TokenStore
from config.settings import Settings
from emulator.clock import Clock
from emulator.library import Library, Playlist
from emulator.server import Emulator
from emulator.simulator import Simulation, simulate
from ingestion.collection import spotify_client
from pipeline import table_named
from playlists.creation import Maker
from playlists.ledger import Creation, marker_of
from schemas.lake import Lake
from writers.creation import ensure_table
from writers.records import append_rows

NOW = datetime(2026, 10, 18, 21, tzinfo=UTC)
DAY = date(2026, 10, 19)
FEATURES = ("danceability", "energy", "loudness", "speechiness", "acousticness", "instrumentalness", "liveness",
            "valence", "tempo")  # fmt: skip
FILLER = {"STRING": "x", "INT": 0, "BIGINT": 0, "DOUBLE": 0.0, "BOOLEAN": False, "TIMESTAMP": NOW, "DATE": DAY}

Write = Callable[..., None]


@pytest.fixture(scope="session")
def listening() -> list[Simulation]:
    end = date(2026, 10, 24)
    ann = simulate(seed=3, days=40, end=end, plays_per_day=60, user_id="ann", track_count=420)
    return [ann, simulate(seed=4, days=40, end=end, plays_per_day=30, user_id="ben", track_count=420, catalogue_seed=3)]


@pytest.fixture(scope="session")
def catalogue(listening: list[Simulation]) -> pd.DataFrame:
    return listening[0].tracks


@pytest.fixture
def emulator(listening: list[Simulation]) -> Iterator[Emulator]:
    with Emulator(listening, clock=Clock(NOW)) as running:
        yield running


@pytest.fixture
def emulated(settings: Settings, emulator: Emulator) -> Settings:
    """Settings that lead to the emulator; ann has signed in, with every scope."""
    made = settings.model_copy(
        update={
            "client_id": emulator.client_id,
            "client_secret": SecretStr(emulator.client_secret),
            "spotify_api_url": emulator.spotify_api_url,
            "spotify_accounts_url": emulator.accounts_url,
        }
    )
    sign_in(emulator, made)
    return made


def sign_in(emulator: Emulator, settings: Settings, user_id: str = "ann", scope: str | None = None) -> None:
    granted, now = emulator.grant(user_id), emulator.clock.now()
    tokens = granted["access_token"], granted["refresh_token"], granted["scope"] if scope is None else scope
    expires_at = now + timedelta(seconds=granted["expires_in"])
    TokenStore(settings.token_file).put(Token(user_id, *tokens, expires_at, now, user_id))


@pytest.fixture
def client(emulator: Emulator, emulated: Settings) -> Iterator[SpotifyClient]:
    made = spotify_client(emulated, "ann", clock=emulator.clock.now)
    yield made
    made.close()


@pytest.fixture
def library(emulator: Emulator) -> Library:
    return emulator.library("ann")


@pytest.fixture
def write(lake: Lake) -> Write:
    """`write("tracks", {...}, ...)`: append rows to a table; columns that are not named are filled."""
    return partial(write_rows, lake)


def write_rows(lake: Lake, name: str, *rows: dict[str, Any]) -> None:
    table = table_named(name)
    unknown = {key for row in rows for key in row} - set(table.column_names)
    assert not unknown, f"{name} has no columns {unknown}"
    ensure_table(lake, table)
    given = [{c.name: row.get(c.name, None if c.nullable else FILLER[c.type]) for c in table.columns} for row in rows]
    if given:
        append_rows(lake, table, given)


@pytest.fixture(scope="session")
def lake_to_copy(tmp_path_factory: pytest.TempPathFactory, catalogue: pd.DataFrame) -> Path:
    """ann has played the first 300 tracks of the catalogue; every tenth track has features that are made up.

    Of the 60 tracks that she never played the last one is another edition of her first.
    """
    folder = tmp_path_factory.mktemp("small") / "lake"
    write = partial(write_rows, Lake(str(folder)))
    rows = list(catalogue.head(360).to_dict("records"))
    write("listeners", *({"user_id": user, "valid_from": NOW, "is_simulated": True} for user in ("ann", "ben")))
    run = {"run_id": "r", "status": "released", "as_of": DAY, "release": "{}", "fingerprints": "{}"}
    write("pipeline_runs", run | {"finished_at": NOW})
    names = ("track_id", "track_name", "artist_name", "album_name", "duration_ms")
    write("tracks", *({name: row[name] for name in names} for row in rows))
    recordings = [row["track_id"] for row in rows[:-1]] + [rows[0]["track_id"]]
    editions = zip(rows, recordings, strict=True)
    write(
        "recordings", *({"track_id": row["track_id"], "recording_id": of, "evidence": "alone"} for row, of in editions)
    )
    write("track_features", *features_of(rows))
    write("track_periods", *(period(row, number) for number, row in enumerate(rows[:300])))
    moods = sorted({row["mood_group"] for row in rows})
    for basis in ("measured", "all"):
        same = {"user_id": "ann", "is_simulated": True, "basis": basis}
        clusters = enumerate(moods, start=1)
        write("mood_clusters", *(same | {"cluster_id": number, "cluster_name": mood} for number, mood in clusters))
        write("track_moods", *(same | mood_of(row, moods) for row in rows[:300]
              if basis == "all" or not is_made_up(row)))  # fmt: skip
    return folder


@pytest.fixture
def small_lake(lake: Lake, lake_to_copy: Path) -> Lake:
    """A copy of the small lake, for this test alone."""
    shutil.copytree(lake_to_copy, lake.local)
    return lake


def mood_of(row: dict[str, Any], moods: list[str]) -> dict[str, Any]:
    number, mood = moods.index(row["mood_group"]) + 1, row["mood_group"]
    distance = math.fabs(row["energy"] - 0.5)
    return {"track_id": row["track_id"], "cluster_id": number, "cluster_name": mood, "centroid_distance": distance}


def is_made_up(row: dict[str, Any]) -> bool:
    return sum(map(ord, row["track_id"])) % 10 == 0


def features_of(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        source = "synthetic" if is_made_up(row) else "kaggle"
        for basis in ("measured", "all") if source == "kaggle" else ("all",):
            values = {name: float(row[name]) for name in FEATURES}
            yield {"track_id": row["track_id"], "basis": basis, "feature_source": source, "feature_provider": "p",
                   **values}  # fmt: skip


def period(row: dict[str, Any], number: int, user_id: str = "ann") -> dict[str, Any]:
    """Track number n was played n % 17 + 1 times, last n days ago."""
    names = ("track_id", "track_name", "artist_name", "album_name")
    counts = {"play_count": number % 17 + 1, "start_count": number % 17 + 1, "listened_ms": 200_000}
    last = DAY - timedelta(days=number)
    return {
        "user_id": user_id, "is_simulated": True, "period_kind": "all_time", "period_start": date(1970, 1, 1),
        "period_end": DAY, "track_key": row["track_id"], "recording_id": row["track_id"],
        **{name: row[name] for name in names}, **counts, "first_date": last, "last_date": last,
    }  # fmt: skip


@pytest.fixture
def uris_on(library: Library) -> Callable[[str], list[str]]:
    """The items of a playlist of ann's, in order."""

    def of(playlist_id: str) -> list[str]:
        return [
            entry.what for one in library.playlists() if one.playlist_id == playlist_id for entry in one.items.entries
        ]

    return of


@pytest.fixture
def plan(catalogue: pd.DataFrame) -> Creation:
    """A playlist of 230 tracks: three batches."""
    uris = tuple(f"spotify:track:{one}" for one in catalogue["track_id"].head(230))
    return Creation("k1", "ann", True, "Mine", "mood calm", marker_of("k1", 0), "planned", False, uris)


@pytest.fixture
def make(emulated: Settings, emulator: Emulator) -> Callable[..., Any]:
    return lambda plan, **options: Maker(emulated, plan, clock=emulator.clock.now, **options).make()


def of_ours(library: Library) -> list[Playlist]:
    return [one for one in library.playlists() if "lakesong:" in one.description]


def assert_made_once(library: Library, plan: Creation) -> None:
    made = of_ours(library)
    assert [one.name for one in made] == ["Mine"]
    assert [entry.what for entry in made[0].items.entries] == list(plan.track_uris)
    assert not made[0].is_public
