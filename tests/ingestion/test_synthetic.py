"""Synthetic features are added where they are wanted, and only there."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from ingestion.synthetic import add_synthetic_features
from models.synthetic_features import synthetic_features
from pipeline import table_named
from schemas.bronze import my_tracks_features_bronze_synthetic
from schemas.lake import Lake
from writers.delta import append_new

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Put = Callable[..., None]
FEATURES = {"valence": 0.5, "energy": 0.5}


@pytest.fixture
def put(rows: Any, lake: Lake) -> Put:
    return lambda name, *given: append_new(lake, table_named(name), rows(name, *given))


def play(track_id: str | None, kind: str = "track") -> dict[str, Any]:
    return {"record_id": f"{track_id}-{kind}", "track_id": track_id, "kind": kind, "source": "recently_played"}


def invented(lake: Lake) -> list[tuple[str, str]]:
    found = lake.open(my_tracks_features_bronze_synthetic).to_pyarrow_table().to_pylist()
    return sorted((row["track_id"], row["scope"]) for row in found)


def test_missing_means_neither_measured_nor_in_the_catalogue(put: Put, spark: "SparkSession", lake: Lake) -> None:
    put("listening_history_bronze", *map(play, ("known", "measured", "half", "unknown", None)), play("pod", "episode"))
    put("kaggle_tracks_bronze", {"track_id": "known", "source": "kaggle", **FEATURES})
    put("kaggle_tracks_bronze", {"track_id": "half", "source": "kaggle", "valence": 0.5})
    put("my_tracks_features_bronze", {"track_id": "measured", "source": "reccobeats", **FEATURES})
    assert add_synthetic_features(spark, lake, "missing") == 2
    assert invented(lake) == [("half", "missing"), ("unknown", "missing")]
    assert add_synthetic_features(spark, lake, "missing") == 0


def test_all_means_every_played_track_beside_those_of_the_other_scope(
    put: Put, spark: "SparkSession", lake: Lake
) -> None:
    put("listening_history_bronze", play("known"), play("unknown"))
    put("kaggle_tracks_bronze", {"track_id": "known", "source": "kaggle", **FEATURES})
    add_synthetic_features(spark, lake, "missing")
    assert add_synthetic_features(spark, lake, "all") == 2
    assert invented(lake) == [("known", "all"), ("unknown", "all"), ("unknown", "missing")]
    put("listening_history_bronze", play("later"))
    assert add_synthetic_features(spark, lake, "all") == 1


def test_the_features_are_those_of_the_model_and_marked_as_synthetic(
    put: Put, spark: "SparkSession", lake: Lake
) -> None:
    put("listening_history_bronze", play("t1"))
    add_synthetic_features(spark, lake, "all")
    (row,) = lake.open(my_tracks_features_bronze_synthetic).to_pyarrow_table().to_pylist()
    assert row["source"] == "synthetic"
    assert {name: row[name] for name in synthetic_features("t1")} == synthetic_features("t1")


def test_a_lake_without_plays_gets_none(spark: "SparkSession", lake: Lake) -> None:
    assert add_synthetic_features(spark, lake, "all") == 0
    assert invented(lake) == []
