"""The demo lake built on Sail and on Apache Spark: every silver and gold table equal, row by row.

Silver with every change; the whole demo on Apache Spark takes minutes, and is one of the long tests.
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from emulator.simulator import LAST_DAY
from pipeline import declared_tables
from schemas.declaration import Table
from schemas.lake import Lake

pytestmark = pytest.mark.spark

CLI = Path(__file__).parent.parent / "cli.py"
SILVER = [table for table in declared_tables().values() if table.layer == "silver"]
GOLD = [table for table in declared_tables().values() if table.layer == "gold"]
BRONZE = [table for table in declared_tables().values() if table.layer == "bronze"]

# A JVM that lives for minutes: compiling hot code a second time costs it more than it brings.
SHORT_LIVED_JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
SPARK = {"SPARK_MASTER": "local[2]", "JDK_JAVA_OPTIONS": SHORT_LIVED_JVM}
AFTER = str(LAST_DAY + timedelta(days=1))  # the demo builds for the day after its last


@pytest.fixture(scope="module")
def silver(demo_lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Silver on Apache Spark, from what the embedded engine took in."""
    folder = tmp_path_factory.mktemp("silver")
    for layer in ("bronze", "records"):
        shutil.copytree(demo_lake.local / layer, folder / layer)
    shutil.rmtree(folder / "records" / "pipeline_runs")  # releases of the other lake
    _run(folder, SPARK, "build", "--as-of", AFTER, *(table.name for table in SILVER))
    return Lake(str(folder))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The demo's lake, made by the real command on Apache Spark."""
    folder = tmp_path_factory.mktemp("spark")
    _run(folder, SPARK, "demo")
    return Lake(str(folder / "demo"))


def _run(folder: Path, engine: dict[str, str], *words: str) -> None:
    environment = {**os.environ, **engine, "LAKE_URI": str(folder), "STATE_DIR": str(folder / "state")}
    done = subprocess.run(
        [sys.executable, CLI, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=2400
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


def _rows(lake: Lake, table: Table, columns: list[str] | None = None) -> list[dict[str, Any]]:
    rows = lake.open(table).to_pyarrow_table(columns=columns).to_pylist()
    keys = [name for name in table.primary_key if not columns or name in columns]
    return sorted(rows, key=lambda row: [(row[name] is None, row[name]) for name in keys])


def _same(left: Any, right: Any) -> bool:
    """Equal; floats to 1e-9 relative, where a null and a NaN both mean that there is no number."""
    if isinstance(left, float) or isinstance(right, float):
        missing = [value is None or math.isnan(value) for value in (left, right)]
        return all(missing) or (not any(missing) and math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-15))
    return type(left) is type(right) and bool(left == right)


def _assert_same_rows(demo_lake: Lake, other: Lake, table: Table) -> None:
    ours, theirs = (_rows(lake, table) for lake in (demo_lake, other))
    keys = [[tuple(row[name] for name in table.primary_key) for row in rows] for rows in (ours, theirs)]
    assert len(keys[0]) == len(set(keys[0]))
    # The demo's listener lost nothing, no two sources tell of one time, and nobody agreed to be compared.
    assert keys[0] or table.name in ("coverage_gaps", "merged_records", "listener_pairs")
    assert keys[0] == keys[1]
    differences = [
        f"{key} {name}: {one[name]!r} on Sail, {another[name]!r} on Spark"
        for key, one, another in zip(keys[0], ours, theirs, strict=True)
        for name in table.column_names
        if not _same(one[name], another[name])
    ]
    assert not differences, f"{len(differences)} values differ, such as\n" + "\n".join(differences[:10])


@pytest.mark.parametrize("table", SILVER, ids=lambda table: table.name)
def test_both_engines_make_the_same_silver(demo_lake: Lake, silver: Lake, table: Table) -> None:
    _assert_same_rows(demo_lake, silver, table)


@pytest.mark.long
@pytest.mark.parametrize("table", [*SILVER, *GOLD], ids=lambda table: table.name)
def test_both_engines_make_the_same_rows(demo_lake: Lake, whole: Lake, table: Table) -> None:
    _assert_same_rows(demo_lake, whole, table)


@pytest.mark.long
@pytest.mark.parametrize("table", BRONZE, ids=lambda table: table.name)
def test_both_engines_take_in_the_same_records(demo_lake: Lake, whole: Lake, table: Table) -> None:
    # A run has an id of its own; what it counted is what has to be equal.
    counts = [name for name in table.column_names if name.endswith("_count") or name in ("batch_id", "status")]
    compared = counts if table.primary_key == ("run_id",) else list(table.primary_key)
    ours, theirs = (sorted(tuple(row.values()) for row in _rows(lake, table, compared)) for lake in (demo_lake, whole))
    assert ours == theirs


def test_the_lakes_are_of_two_engines(demo_lake: Lake, silver: Lake) -> None:
    runs = declared_tables()["pipeline_runs"]
    engines = [row["engine"] for lake in (demo_lake, silver) for row in _rows(lake, runs, ["run_id", "engine"])]
    assert engines == ["sail", "spark local[2]"]
