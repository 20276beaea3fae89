"""The whole demo lake built on Sail and on Apache Spark: every silver and gold table equal, row by row."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline import declared_tables
from schemas.declaration import Table
from schemas.lake import Lake

pytestmark = pytest.mark.spark

CLI = Path(__file__).parent.parent / "cli.py"
MADE = [table for table in declared_tables().values() if table.transform is not None]
BRONZE = [table for table in declared_tables().values() if table.layer == "bronze"]

# A JVM that lives for two minutes: compiling hot code a second time costs it more than it brings.
SHORT_LIVED_JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, Lake]:
    """The demo's lake, made by the real command: on the embedded engine, and on Apache Spark."""
    folder = tmp_path_factory.mktemp("parity")
    spark = {"SPARK_MASTER": "local[2]", "JDK_JAVA_OPTIONS": SHORT_LIVED_JVM}
    return _demo_lake(folder / "embedded", {}), _demo_lake(folder / "spark", spark)


def _demo_lake(folder: Path, engine: dict[str, str]) -> Lake:
    """Import, import of the catalogue and build of the demo: about 41,000 plays, for the day after the last."""
    folder.mkdir()
    environment = {**os.environ, **engine, "LAKE_URI": str(folder), "STATE_DIR": str(folder / "state")}
    done = subprocess.run(
        [sys.executable, CLI, "demo"], cwd=folder, env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return Lake(str(folder / "demo"))


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


@pytest.mark.parametrize("table", MADE, ids=lambda table: table.name)
def test_both_engines_make_the_same_rows(lakes: tuple[Lake, Lake], table: Table) -> None:
    embedded, spark = (_rows(lake, table) for lake in lakes)
    keys = [[tuple(row[name] for name in table.primary_key) for row in rows] for rows in (embedded, spark)]
    assert len(keys[0]) == len(set(keys[0]))
    # The demo's listener lost nothing, no two sources tell of one time, and nobody agreed to be compared.
    assert keys[0] or table.name in ("coverage_gaps", "merged_records", "listener_pairs")
    assert keys[0] == keys[1]
    differences = [
        f"{key} {name}: {ours[name]!r} on Sail, {theirs[name]!r} on Spark"
        for key, ours, theirs in zip(keys[0], embedded, spark, strict=True)
        for name in table.column_names
        if not _same(ours[name], theirs[name])
    ]
    assert not differences, f"{len(differences)} values differ, such as\n" + "\n".join(differences[:10])


@pytest.mark.parametrize("table", BRONZE, ids=lambda table: table.name)
def test_both_engines_take_in_the_same_records(lakes: tuple[Lake, Lake], table: Table) -> None:
    # A run has an id of its own; what it counted is what has to be equal.
    counts = [name for name in table.column_names if name.endswith("_count") or name in ("batch_id", "status")]
    compared = counts if table.primary_key == ("run_id",) else list(table.primary_key)
    embedded, spark = (sorted(tuple(row.values()) for row in _rows(lake, table, compared)) for lake in lakes)
    assert embedded == spark


def test_the_lakes_are_of_two_engines(lakes: tuple[Lake, Lake]) -> None:
    runs = declared_tables()["pipeline_runs"]
    engines = [row["engine"] for lake in lakes for row in _rows(lake, runs, ["run_id", "engine"])]
    assert engines == ["sail", "spark local[2]"]
