"""Fixtures that every test may use: an embedded engine, rows by declaration, settings for a lake of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from filelock import FileLock

from config.settings import Settings
from engine.session import open_session
from pipeline import table_named
from schemas.lake import Lake
from serving.making import make_store
from serving.store import Store

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

PROJECT = Path(__file__).parents[1]
Rows = Callable[..., "DataFrame"]

# Machines are shared: how long an example took says nothing of the code.
hypothesis.settings.register_profile("lakesong", deadline=None)
hypothesis.settings.load_profile("lakesong")

# What a column that the test does not name holds, when it may not be null.
_FILLER = {
    "STRING": "x",
    "INT": 0,
    "BIGINT": 0,
    "DOUBLE": 0.0,
    "BOOLEAN": False,
    "TIMESTAMP": datetime(2024, 1, 1, tzinfo=UTC),
    "DATE": date(2024, 1, 1),
}


@pytest.fixture(autouse=True, scope="session")
def _no_settings_from_outside() -> None:
    """Settings of the person who runs the tests must not reach them."""
    for name in Settings.model_fields:
        os.environ.pop(name.upper(), None)


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """One embedded engine for all tests of a process."""
    settings = Settings(_env_file=None, state_dir=tmp_path_factory.mktemp("state"))
    with open_session(settings) as session:
        yield session


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a lake and a state folder of the test's own."""
    return Settings(_env_file=None, lake_uri=str(tmp_path / "lake"), state_dir=tmp_path / "state")


@pytest.fixture
def lake(settings: Settings) -> Lake:
    """The lake of these settings."""
    return Lake(settings.lake_uri)


@pytest.fixture
def rows(spark: SparkSession) -> Rows:
    """`rows("plays", {...}, ...)`: a DataFrame of the declared schema; columns that are not named are filled."""

    def make(table_name: str, *given: Mapping[str, Any]) -> DataFrame:
        table = table_named(table_name)
        unknown = {name for row in given for name in row} - set(table.column_names)
        assert not unknown, f"{table_name} has no columns {unknown}"
        filled = [
            tuple(row.get(c.name, None if c.nullable else _FILLER[c.type]) for c in table.columns) for row in given
        ]
        return spark.createDataFrame(filled, table.ddl)

    return make


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of a run share, and no other run."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def _demo(run_folder: Path, name: str, *options: str) -> Lake:
    """A lake that `lakesong demo` made, once for all processes of a run."""
    folder = run_folder / name
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").exists():
            folder.mkdir()
            environment = {
                **os.environ,
                "LAKE_URI": str(folder),
                "STATE_DIR": str(folder / "state"),
                "SPARK_MASTER": "",
            }
            command = [sys.executable, "-m", "cli", "demo", *options]
            subprocess.run(command, check=True, env=environment, cwd=PROJECT, stdout=subprocess.DEVNULL)
            (folder / "done").touch()
    return Lake(str(folder / "demo"))


@pytest.fixture(scope="session")
def demo_lake(run_folder: Path) -> Lake:
    """The demo's lake, made by the real command on the embedded engine: about 40,000 plays. Read only."""
    return _demo(run_folder, "demo-lake")


@pytest.fixture(scope="session")
def large_lake(run_folder: Path) -> Lake:
    """A demo's lake of LARGE_PLAYS plays: 100,000, and a million in `make test-long`. Read only."""
    plays = int(os.environ.get("LARGE_PLAYS", "100000"))
    days = 730 if plays <= 100_000 else 3650
    return _demo(run_folder, "large-lake", "--days", str(days), "--plays-per-day", str(plays / days))


@pytest.fixture(scope="session")
def demo_settings(demo_lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings for the demo's lake, with a state folder of this process."""
    return Settings(_env_file=None, lake_uri=demo_lake.root, state_dir=tmp_path_factory.mktemp("demo-state"))


@pytest.fixture(scope="session")
def demo_store(demo_settings: Settings) -> Iterator[Store]:
    """What the demo's listener may see."""
    store = Store(make_store(demo_settings, "demo"))
    yield store
    store.close()


# Files that take a minute and more come first, so that all processes of a run end together.
LONGEST = ("test_parity.py", "test_browser.py", "test_project.py", "test_kill.py", "test_readme.py", "test_cli.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need Java or Chromium are skipped where it is missing; `.ci/run` fails if that happens."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))
    needs = {"spark": "java", "browser": "chromium"}
    for item in items:
        for marker, program in needs.items():
            if item.get_closest_marker(marker) and not shutil.which(program):
                item.add_marker(pytest.mark.skip(reason=f"{program} was not found"))
