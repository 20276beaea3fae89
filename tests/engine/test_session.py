"""Sessions: the engine that the settings name, in UTC, and quiet."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from config.errors import InputError
from config.settings import Settings
from engine.session import engine_name, open_session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PROJECT = Path(__file__).parents[2]
QUERY = """
    from config.settings import Settings
    from engine.session import open_session
    from pathlib import Path
    import sys
    with open_session(Settings(_env_file=None, state_dir=Path(sys.argv[1]))) as spark:
        print(spark.range(5).selectExpr("sum(id)", "current_timezone()").collect()[0][0])
"""


def test_the_embedded_engine_works_in_utc_whatever_the_zone_of_the_machine(spark: "SparkSession") -> None:
    text = spark.sql("SELECT date_format(timestamp_seconds(0), 'yyyy-MM-dd HH:mm')").collect()[0][0]
    assert (spark.conf.get("spark.sql.session.timeZone"), text) == ("UTC", "1970-01-01 00:00")


def test_a_program_that_asks_a_query_prints_the_answer_and_nothing_on_standard_error(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(QUERY), str(tmp_path)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=100)
    assert (done.stdout, done.stderr, done.returncode) == ("10\n", "", 0)


def test_apache_spark_without_java_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    settings = Settings(_env_file=None, spark_master="local[1]", state_dir=tmp_path)
    with pytest.raises(InputError) as error, open_session(settings):
        pass
    assert "SPARK_MASTER is set, but Java was not found. Install a Java 17 runtime" in str(error.value)
    assert (error.value.exit_code, os.environ["PATH"]) == (2, str(tmp_path))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "sail"),
        ({"spark_master": "local[2]"}, "spark local[2]"),
        ({"spark_remote": "sc://host:15002", "spark_master": "local[2]"}, "sc://host:15002"),
    ],
)
def test_the_engine_has_a_name_for_people(given: dict[str, str], expected: str) -> None:
    assert engine_name(Settings(_env_file=None, **given)) == expected
