"""Data health, and files that are dropped on it."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from config.settings import Settings
from dashboard.app import make_app
from dashboard.jobs import UPLOADS
from schemas.bronze import ingestion_runs_bronze
from schemas.lake import Lake
from serving.store import Store

from .conftest import PageOf


def test_coverage_and_sources_of_features_are_those_of_the_tables(page_of: PageOf, demo_store: Store) -> None:
    text = page_of("/data-health")
    known = demo_store.row("SELECT count(DISTINCT played_date) AS days FROM coverage")
    assert known is not None
    assert f"of {known['days']} days" in text
    assert "0 warnings, 0 broken" in text


def test_runs_are_those_of_the_ledger(client: TestClient, demo_lake: Lake) -> None:
    ledger = demo_lake.open(ingestion_runs_bronze).to_pyarrow_table().to_pylist()
    lines = client.get("/data-health.csv", params={"part": "runs"}).text.splitlines()
    assert len(lines) == len(ledger) + 1
    assert {line.split(",")[1] for line in lines[1:]} == {row["source"] for row in ledger}


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[tuple[TestClient, Settings]]:
    """The dashboard of a lake that is not there yet."""
    settings = Settings(_env_file=None, lake_uri=str(tmp_path / "lake"), state_dir=tmp_path / "state")
    with TestClient(make_app(settings), base_url="http://127.0.0.1") as client:
        yield client, settings


def followed(client: TestClient, told: str) -> str:
    """The end of an import: what is said when it is over."""
    until = time.monotonic() + 200
    while 'hx-get="/imports/' in told and time.monotonic() < until:
        time.sleep(0.5)
        told = client.get(told.partition('hx-get="')[2].partition('"')[0]).text
    return told


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("letter.txt", b"hello", "is no export"),
        ("../../escape.sh", b"rm", "is no export"),
        ("broken.zip", b"PK nothing", "no zip file"),
    ],
)
def test_a_wrong_file_is_told_in_words_and_not_kept(
    name: str, content: bytes, said: str, newcomer: tuple[TestClient, Settings]
) -> None:
    client, settings = newcomer
    told = followed(client, client.post("/imports", files={"files": (name, content)}).text)
    assert said in told
    assert "notice warning" in told
    assert not any((settings.state_dir / UPLOADS).glob("*/*"))


def test_an_export_that_is_dropped_on_an_empty_lake_is_taken_in(newcomer: tuple[TestClient, Settings]) -> None:
    client, settings = newcomer
    begin = datetime(2025, 5, 1, 12, tzinfo=UTC).timestamp()
    plays = [
        {
            "ts": f"{datetime.fromtimestamp(begin + 240 * number, UTC):%Y-%m-%dT%H:%M:%SZ}",
            "platform": "android", "ms_played": 200_000, "conn_country": "DE",
            "master_metadata_track_name": f"Song {number % 7}",
            "master_metadata_album_artist_name": "<script>alert('x')</script>",
            "master_metadata_album_album_name": "Album", "spotify_track_uri": f"spotify:track:{number % 7:022d}",
            "episode_name": None, "episode_show_name": None, "spotify_episode_uri": None, "reason_start": "trackdone",
            "reason_end": "trackdone", "shuffle": False, "skipped": False, "offline": False, "offline_timestamp": None,
            "incognito_mode": False,
        }
        for number in range(50)
    ]  # fmt: skip
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("Spotify Extended Streaming History/Streaming_History_Audio_2025_0.json", json.dumps(plays))
    assert client.get("/overview").status_code in (200, 400)
    begun = client.post("/imports", files={"files": ("my_spotify_data.zip", packed.getvalue())})
    told = followed(client, begun.text)
    assert "50 new of 50 rows" in told
    until = time.monotonic() + 30
    while (page := client.get("/top", params={"range": "2025"})).status_code != 200 and time.monotonic() < until:
        time.sleep(0.3)
    assert "&lt;script&gt;alert" in page.text
    assert "<script>alert" not in page.text
    assert "50" in page.text
    assert not any((settings.state_dir / UPLOADS).glob("*/*"))
