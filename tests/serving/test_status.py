"""What the lake holds, before and after the first build."""

from typing import TYPE_CHECKING, Any

import pytest

from config.settings import Settings
from ingestion.listeners import register_listener
from pipeline import table_named
from schemas.lake import Lake
from serving.status import lake_status
from writers.delta import append_new

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_a_lake_that_was_never_built_shows_its_bronze_and_no_features(rows: Any, lake: Lake) -> None:
    history = table_named("listening_history_bronze")
    play = {"kind": "track", "source": "recently_played", "played_month": "2024-01"}
    append_new(lake, history, rows(history.name, play | {"record_id": "a"}, play | {"record_id": "b"}))
    register_listener(lake, "zoe", is_simulated=True)
    register_listener(lake, "ann", is_simulated=True)
    status = lake_status(lake)
    assert {row["table"]: (row["layer"], row["rows"]) for row in status["tables"]} == {
        "listening_history_bronze": ("bronze", 2),
        "listeners": ("records", 2),
    }
    assert [row["user_id"] for row in status["listeners"]] == ["ann", "zoe"]
    assert all(row["is_simulated"] for row in status["listeners"])
    assert status["feature_shares"] == {}


@pytest.mark.parametrize("allow", [True, False])
def test_shares_of_features_are_of_listening_time_and_add_up(
    allow: bool, rows: Any, lake: Lake, settings: Settings, spark: "SparkSession"
) -> None:
    from datetime import UTC, date, datetime

    from ingestion.cycle import complete_and_build

    history, measured = table_named("listening_history_bronze"), table_named("my_tracks_features_bronze")
    plays = [
        {
            "record_id": track,
            "track_id": track,
            "track_name": track,
            "kind": "track",
            "source": "extended_history",
            "played_at": datetime(2024, 1, 10, hour, tzinfo=UTC),
            "played_month": "2024-01",
            "ms_played": ms,
        }
        for hour, (track, ms) in enumerate([("real", 300_000), ("unknown", 100_000)], start=1)
    ]
    append_new(lake, history, rows(history.name, *plays))
    features = {"track_id": "real", "source": "reccobeats", "valence": 0.5, "energy": 0.5}
    append_new(lake, measured, rows(measured.name, features))
    mine = settings.model_copy(update={"allow_synthetic": allow})
    complete_and_build(spark, mine, as_of=date(2024, 2, 1), names=("listening_with_features",))
    assert lake_status(lake)["feature_shares"] == {"real": 0.75, ("synthetic" if allow else "none"): 0.25}
