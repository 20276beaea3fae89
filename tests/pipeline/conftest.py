"""A DAG of three small tables, plays to import, and builds of a lake of the test's own."""

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

import pipeline
from config.settings import Settings
from ingestion.history import import_history
from pipeline import BuildResult, build, declared_tables
from schemas.bronze import listening_history_bronze
from schemas.declaration import Expectation, Table, table
from schemas.lake import Lake
from schemas.records import listeners, pipeline_runs, qa_validation_results

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

AS_OF = date(2024, 7, 1)
MONTHS = [f"2024-{month:02d}" for month in range(1, 7)]


@table(
    layer="silver",
    schema="""
        user_id      STRING NOT NULL COMMENT 'Listener',
        played_month STRING NOT NULL COMMENT 'Month',
        heard        BIGINT NOT NULL COMMENT 'Records of the month and of the one before'
    """,
    primary_key=("user_id", "played_month"),
    partition_by=("played_month",),
    expectations={
        "few": Expectation("heard < 100", "WARN"),
        "not_too_many": Expectation("heard < 1000"),
    },
    window=(1, 0),
)
def heard_lately(listening_history_bronze: DataFrame) -> DataFrame:
    """A small monthly table: records of a month and the one before."""
    own = F.col("played_month")
    following = F.date_format(F.add_months(F.to_date(F.concat(own, F.lit("-01"))), 1), "yyyy-MM")
    both = F.explode(F.array(own, following))
    heard = listening_history_bronze.select("user_id", both.alias("played_month"))
    return heard.groupBy("user_id", "played_month").agg(F.count("*").alias("heard"))


@table(
    layer="gold",
    schema="""
        user_id STRING NOT NULL COMMENT 'Listener',
        heard   BIGINT NOT NULL COMMENT 'Twice the records',
        day     STRING NOT NULL COMMENT 'Day of the build',
        zone    STRING NOT NULL COMMENT 'Zone of the settings'
    """,
    primary_key=("user_id",),
)
def heard_in_all(heard_lately: DataFrame, *, as_of: date, timezone: str) -> DataFrame:
    """A small whole table that names the day and a setting."""
    sums = heard_lately.groupBy("user_id").agg(F.sum("heard").alias("heard"))
    return sums.withColumns({"day": F.lit(str(as_of)), "zone": F.lit(timezone)})


@table(
    layer="gold",
    schema="user_id STRING NOT NULL COMMENT 'Listener', months BIGINT NOT NULL COMMENT 'Months heard'",
    primary_key=("user_id",),
)
def months_heard(heard_lately: DataFrame) -> DataFrame:
    """A small whole table that names neither."""
    return heard_lately.groupBy("user_id").agg(F.count("*").alias("months"))


SMALL = (heard_lately, heard_in_all, months_heard)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> dict[str, Table]:
    """A DAG of three small tables in place of the project's, so that what is rebuilt can be seen exactly."""
    sources = {t.name: t for t in (listening_history_bronze, listeners, pipeline_runs, qa_validation_results)}
    dag = {**sources, **{t.name: t for t in SMALL}}
    monkeypatch.setattr(pipeline, "declared_tables", lambda: dag)
    return dag


def song(stamp: str, **changes: Any) -> dict[str, Any]:
    name = changes.pop("name", stamp)
    return {
        "ts": stamp,
        "ms_played": 180_000,
        "spotify_track_uri": f"spotify:track:{name}",
        "master_metadata_track_name": f"Song {name}",
        "master_metadata_album_artist_name": "Ann",
        **changes,
    }


@pytest.fixture
def add(spark: "SparkSession", lake: Lake, tmp_path: Path) -> Any:
    def import_(*entries: Any) -> None:
        path = tmp_path / f"endsong_{len(list(tmp_path.glob('endsong_*')))}.json"
        path.write_text(json.dumps(entries))
        import_history(spark, lake, [path])

    return import_


@pytest.fixture
def run(spark: "SparkSession", settings: Settings) -> Any:
    def build_(*names: str, as_of: date = AS_OF, full: bool = False, **changes: Any) -> BuildResult:
        return build(spark, settings.model_copy(update=changes), as_of=as_of, names=names, full=full)

    return build_


def rows(lake: Lake, declared: Table) -> list[tuple[Any, ...]]:
    found = lake.open(declared).to_pyarrow_table().select(declared.column_names).to_pylist()
    return sorted((tuple(row.values()) for row in found), key=str)


def made_rows(lake: Lake) -> dict[str, list[tuple[Any, ...]]]:
    return {t.name: rows(lake, t) for t in declared_tables().values() if t.transform is not None}


def recorded_checks(lake: Lake, run_id: str) -> dict[tuple[str, str], dict[str, Any]]:
    found = lake.open(qa_validation_results).to_pyarrow_table().to_pylist()
    return {(row["table_name"], row["expectation"]): row for row in found if row["run_id"] == run_id}
