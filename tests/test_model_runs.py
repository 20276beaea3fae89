"""Model cards: a released build tells what was fitted, once for each listener and basis; a failed one tells nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

import pipeline
from config.errors import ExpectationError
from config.settings import Settings
from pipeline import build, declared_tables
from schemas.columns import BASIS, IS_SIMULATED, USER_ID
from schemas.declaration import Expectation, Model, Table, table
from schemas.lake import Lake
from schemas.records import listeners, model_runs, pipeline_runs, qa_validation_results
from writers.creation import ensure_table
from writers.model_cards import model_cards
from writers.records import append_rows

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

AS_OF = date(2024, 7, 1)


@table(
    layer="gold",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        thing      STRING NOT NULL COMMENT 'Thing',
        k          INT NOT NULL COMMENT 'Groups',
        silhouette DOUBLE COMMENT 'Silhouette',
        fitted     INT NOT NULL COMMENT 'Rows of the fit',
        reason     STRING COMMENT 'Why'
    """,
    primary_key=("user_id", "basis", "thing"),
    expectations={"few_groups": Expectation("k < 8")},
    model=Model("groups of things", ("height", "weight"), 7, fitted="fitted"),
)
def grouped_things(listeners: DataFrame, *, timezone: str) -> DataFrame:
    """Two things of each listener, and how they were grouped: on one basis not at all."""
    bases = (
        listeners.select("user_id", "is_simulated")
        .distinct()
        .withColumn("basis", F.explode(F.array(F.lit("measured"), F.lit("all"))))
    )
    things = bases.withColumn("thing", F.explode(F.array(F.lit("a"), F.lit("b"))))
    has_groups = F.col("basis") == "all"
    lacks = F.when(F.col("thing") == "b", "this thing has no height")
    return things.select(
        "*",
        F.when(has_groups, 9 if timezone == "Asia/Tokyo" else 4).otherwise(0).cast("int").alias("k"),
        F.lit(0.5).alias("silhouette"),
        F.lit(40).cast("int").alias("fitted"),
        F.when(has_groups, lacks).otherwise("too few things").alias("reason"),
    )


@pytest.fixture
def run(spark: SparkSession, settings: Settings, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Builds a lake whose only table that is made is the one above, with two listeners."""
    sources = (listeners, pipeline_runs, qa_validation_results, model_runs)
    dag = {**{source.name: source for source in sources}, grouped_things.name: grouped_things}
    monkeypatch.setattr(pipeline, "declared_tables", lambda: dag)
    ensure_table(lake, listeners)
    stamp = pd.Timestamp("2024-01-01", tz="UTC")
    zone = {"valid_from": stamp, "recorded_at": stamp, "time_zone": "UTC"}
    append_rows(
        lake,
        listeners,
        [{**zone, "user_id": "ada", "is_simulated": False}, {**zone, "user_id": "sim", "is_simulated": True}],
    )
    return lambda **changes: build(spark, settings.model_copy(update=changes), as_of=AS_OF)


def cards(lake: Lake) -> pd.DataFrame:
    found = lake.open(model_runs).to_pandas()
    return found.sort_values(["fitted_at", "user_id", "basis"], ignore_index=True)


def test_a_released_build_appends_a_card_for_each_listener_and_basis(run: Any, lake: Lake) -> None:
    result = run()
    found = cards(lake)
    assert found[["user_id", "is_simulated", "basis", "k"]].values.tolist() == [
        ["ada", False, "all", 4],
        ["ada", False, "measured", 0],
        ["sim", True, "all", 4],
        ["sim", True, "measured", 0],
    ]
    assert set(found["run_id"]) == {result.run_id} and set(found["table_name"]) == {"grouped_things"}
    assert set(found["model_name"]) == {"groups of things"}
    assert {tuple(json.loads(features)) for features in found["features"]} == {("height", "weight")}
    assert found[["fitted_count", "silhouette", "seed"]].drop_duplicates().values.tolist() == [[40, 0.5, 7]]
    assert found["stability"].isna().all()
    assert set(found["as_of"]) == {AS_OF}
    # A reason of single rows is not one of the fit.
    assert found["reason"].tolist() == [None, "too few things", None, "too few things"]


def test_what_is_not_built_again_is_not_told_again(run: Any, lake: Lake) -> None:
    first = run()
    assert run().built == {}
    assert set(cards(lake)["run_id"]) == {first.run_id}
    second = run(timezone="Europe/Berlin")
    assert cards(lake)["run_id"].tolist() == [first.run_id] * 4 + [second.run_id] * 4


def test_a_failed_build_appends_none(run: Any, lake: Lake) -> None:
    with pytest.raises(ExpectationError, match="few_groups"):
        run(timezone="Asia/Tokyo")
    assert len(cards(lake)) == 0


def test_models_name_columns_that_their_tables_have(lake: Lake) -> None:
    wrong = replace(grouped_things, model=Model("groups", (), 0, fitted="rows", by=("user_id",)))
    with pytest.raises(ValueError, match="rows belongs to the model"):
        list(model_cards(lake, wrong))


def fitted_tables() -> list[Table]:
    return [made for made in declared_tables().values() if made.model is not None]


def test_every_model_of_the_project_is_told(lake: Lake) -> None:
    names = {"track_moods", "session_personas", "genre_clusters", "music_profiles"}
    assert names <= {made.name for made in fitted_tables()}
    for made in fitted_tables():
        ensure_table(lake, made)
        assert list(model_cards(lake, made)) == []
