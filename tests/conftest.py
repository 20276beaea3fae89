"""Fixtures that every test may use: an embedded engine, rows by declaration, settings for a lake of the test's own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from config.settings import Settings
from engine.session import open_session
from pipeline import table_named
from schemas.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Rows = Callable[..., "DataFrame"]

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need Java or Chromium are skipped where it is missing; `.ci/run` fails if that happens."""
    needs = {"spark": "java", "browser": "chromium"}
    for item in items:
        for marker, program in needs.items():
            if item.get_closest_marker(marker) and not shutil.which(program):
                item.add_marker(pytest.mark.skip(reason=f"{program} was not found"))
