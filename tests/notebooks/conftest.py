"""The demo's lake as the notebooks see it, and as a reader sees it who knows only what the numbers mean."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from config.settings import Settings
from schemas.lake import Lake
from serving.lake_reader import open_reader
from serving.making import make_store

PLAYS = ("listening_with_features", "listening_sessions", "playlist_items_history", "research_findings", "personas")


@pytest.fixture
def demo_named(demo_settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """The settings name the demo's lake, as they do for one who opens a notebook."""
    make_store(demo_settings, "demo")
    monkeypatch.setenv("LAKE_URI", demo_settings.lake_uri)
    monkeypatch.setenv("STATE_DIR", str(demo_settings.state_dir))
    monkeypatch.chdir(str(tmp_path))


@pytest.fixture(scope="module")
def lake_sql(demo_lake: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    """The lake's own tables, not the file that notebooks read."""
    connection = open_reader(demo_lake, PLAYS)
    yield connection
    connection.close()
