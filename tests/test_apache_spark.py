"""Apache Spark does what the embedded engine does, in pieces of seconds; `test_parity.py` compares whole lakes."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from config.settings import Settings
from engine.inputs import Inputs
from engine.session import open_session
from schemas.lake import Lake
from tests.engine.test_inputs import AS_OF, HEARD, ROWS, SCORES, TABLES, past_tracks, plays, replaced, write
from tests.transformations.test_playlist_tracks_and_vibes import SOUNDS
from transformations.gold.playlist_vibes import _spread

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PROJECT = Path(__file__).parents[1]


def past_values(spark: SparkSession, lake: Lake) -> list[Any]:
    """Of a table without rows, and of one whose fourth play is of this week."""
    inputs = Inputs(spark, lake, TABLES.__getitem__, AS_OF)
    write(lake, HEARD, [])
    found: list[Any] = [past_tracks(inputs)]
    inputs.forget(HEARD)
    write(lake, HEARD, plays("b", "a", None, "d"))
    return [*found, past_tracks(inputs)]


def equal_rows(spark: SparkSession, lake: Lake) -> list[bool]:
    """The same rows in another order and other files, and with one other value."""
    inputs = Inputs(spark, lake, TABLES.__getitem__, AS_OF)
    version = write(lake, SCORES, ROWS)
    write(lake, SCORES, ROWS[::-1], files=2)
    same = inputs.has_equal_rows(SCORES, version)
    write(lake, SCORES, replaced(1, score=0.0))
    return [same, inputs.has_equal_rows(SCORES, version)]


def spreads(spark: SparkSession) -> list[float]:
    """Standard deviations of features, with all their digits."""
    frame = spark.createDataFrame([("p", *row) for row in SOUNDS], "playlist STRING, valence DOUBLE, tempo DOUBLE")
    return list(frame.groupBy("playlist").agg(_spread("valence"), _spread("tempo")).collect()[0])[1:]


@pytest.fixture(scope="module")
def on_spark(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What this file, run as a program, found on Apache Spark: a JVM may not start beside the embedded engine."""
    folder = tmp_path_factory.mktemp("spark")
    environment = {**os.environ, "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
    command = [sys.executable, "-m", "tests.test_apache_spark", str(folder)]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.spark
def test_past_values_are_those_before_monday_and_none_of_a_table_without_rows(on_spark: dict[str, Any]) -> None:
    assert on_spark["past_values"] == [[], ["a", "b"]]


@pytest.mark.spark
def test_equal_rows_are_found_equal_and_others_not(on_spark: dict[str, Any]) -> None:
    assert on_spark["equal_rows"] == [True, False]


@pytest.mark.spark
def test_spreads_are_those_of_the_embedded_engine_to_the_last_digit(
    on_spark: dict[str, Any], spark: SparkSession
) -> None:
    assert on_spark["spreads"] == spreads(spark)


def main(folder: str) -> None:
    """Print what Apache Spark finds, as JSON."""
    settings = Settings(_env_file=None, spark_master="local[2]", state_dir=Path(folder))
    with contextlib.redirect_stdout(io.StringIO()), open_session(settings) as spark:
        lake = Lake(f"{folder}/lake")
        found = {
            "past_values": past_values(spark, lake), "equal_rows": equal_rows(spark, lake), "spreads": spreads(spark),
        }  # fmt: skip
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
