"""The lake as it stands: bronze as it is, what was made of it as it was released; what is found is recorded."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest

from config.errors import InputError
from config.settings import Settings
from ingestion.checking import CheckReport, check_lake
from pipeline import declared_tables, table_named
from schemas.lake import Lake
from schemas.records import pipeline_runs, qa_validation_results
from writers.records import append_rows

AT = datetime(2024, 1, 1, tzinfo=UTC)
FILLER = {"STRING": "x", "INT": 0, "BIGINT": 0, "DOUBLE": 0.0, "BOOLEAN": False, "TIMESTAMP": AT, "DATE": AT.date()}
RECORD = {"record_id": "r1", "kind": "track", "track_name": "Blue", "played_at": AT, "played_month": "2024-01"}
PLAY = {"play_id": "r1", "record_count": 1, "track_id": "t1", "played_month": "2024-01"}

Status = dict[tuple[str, str], str]


@pytest.fixture
def put(lake: Lake) -> Callable[..., None]:
    def write(name: str, *given: dict[str, Any]) -> None:
        table = replace(table_named(name), constraints={})
        required = {column.name: FILLER[column.type] for column in table.columns if not column.nullable}
        append_rows(lake, table, [{**required, **row} for row in given])

    return write


@pytest.fixture
def release(lake: Lake, put: Any) -> Callable[..., None]:
    """A release of these tables as they are now."""

    def append(*names: str, as_of: date = date(2024, 1, 1)) -> None:
        tables = [table for table in declared_tables().values() if table.layer == "bronze" and lake.has(table)]
        versions = {t.name: lake.open(t).version() for t in (*tables, *map(table_named, names))}
        run = {"run_id": str(uuid4()), "status": "released", "as_of": as_of, "finished_at": datetime.now(UTC)}
        put("pipeline_runs", {**run, "release": json.dumps(versions), "fingerprints": "{}"})

    return append


def status(report: CheckReport) -> Status:
    return {(result.table, result.expectation): result.status for result in report.results}


@pytest.fixture
def built(put: Any, release: Any) -> None:
    put("listening_history_bronze", RECORD)
    put("tracks", {"track_id": "t1"})
    put("merged_records")
    put("plays", PLAY)
    release("tracks", "merged_records", "plays")


@pytest.mark.usefixtures("built")
def test_a_lake_that_is_in_order_passes_and_says_so_in_the_table(lake: Lake, settings: Settings) -> None:
    report = check_lake(settings)
    assert set(status(report).values()) == {"PASS"}
    assert status(report)["plays", "records_add_up"] == "PASS"
    recorded = lake.open(qa_validation_results).to_pyarrow_table().to_pylist()
    assert {row["run_id"] for row in recorded} == {report.run_id}
    assert {(row["table_name"], row["expectation"]): row["status"] for row in recorded} == status(report)


@pytest.mark.usefixtures("built")
def test_what_came_in_after_the_release_is_checked_itself_but_not_missed_in_what_was_built(
    settings: Settings, put: Any
) -> None:
    put("listening_history_bronze", {**RECORD, "record_id": "r2", "played_month": "2023-12"})
    found = status(check_lake(settings))
    assert found["listening_history_bronze", "month_of_its_stamp"] == "FAIL"
    assert found["plays", "records_add_up"] == "PASS"


@pytest.mark.usefixtures("built")
def test_a_version_that_was_not_released_is_not_what_is_checked(settings: Settings, put: Any) -> None:
    put("plays", {**PLAY, "listened_ms": -1})
    assert status(check_lake(settings))["plays", "time_is_not_negative"] == "PASS"


@pytest.mark.usefixtures("built")
def test_a_fault_in_what_was_released_fails_with_keys_and_what_to_do(
    settings: Settings, put: Any, release: Any, lake: Lake
) -> None:
    put("plays", {**PLAY, "play_id": "r9", "track_id": "t9"})
    release("tracks", "merged_records", "plays")
    report = check_lake(settings)
    found = {(r.table, r.expectation): r for r in report.results if r.status != "PASS"}
    assert found.keys() == {("plays", "track_id_is_in_tracks"), ("plays", "records_add_up")}
    assert all(result.advice for result in found.values())
    rows = [r for r in lake.open(qa_validation_results).to_pyarrow_table().to_pylist() if r["status"] == "FAIL"]
    samples = {row["expectation"]: json.loads(row["sample_keys"]) for row in rows}
    assert samples["track_id_is_in_tracks"] == [{"play_id": "r9"}]
    figures = {row["expectation"]: (row["observed_value"], row["threshold"]) for row in rows}
    assert figures == {"track_id_is_in_tracks": (1.0, 0.0), "records_add_up": (2.0, 1.0)}


@pytest.mark.usefixtures("built")
def test_only_the_tables_that_are_named_are_checked(settings: Settings) -> None:
    assert {result.table for result in check_lake(settings, ["tracks"]).results} == {"tracks"}
    with pytest.raises(InputError, match="There is no table trakcs"):
        check_lake(settings, ["trakcs"])


def test_what_was_never_built_is_not_checked(settings: Settings, put: Any) -> None:
    put("listening_history_bronze", RECORD)
    put("plays", {**PLAY, "listened_ms": -1})
    assert {result.table for result in check_lake(settings).results} == {"listening_history_bronze"}


@pytest.mark.usefixtures("built")
def test_rules_of_the_listener_are_run_on_bronze_and_on_what_was_built(settings: Settings) -> None:
    rules = [f'[[rule]]\nname = "none"\ntable = "{t}"\nseverity = "WARN"\nsql = "SELECT * FROM {t}"'
             for t in ("plays", "listening_history_bronze", "daily_listening")]  # fmt: skip
    assert settings.rules_folder
    settings.rules_folder.mkdir(parents=True)
    (settings.rules_folder / "quality.toml").write_text("\n".join(rules))
    found = status(check_lake(settings))
    assert {key: value for key, value in found.items() if value != "PASS"} == {
        ("plays", "none"): "WARN",
        ("listening_history_bronze", "none"): "WARN",
    }


@pytest.mark.parametrize("is_simulated", [True, False])
def test_the_day_is_today_but_for_listeners_who_have_no_today(
    is_simulated: bool, settings: Settings, put: Any, release: Any
) -> None:
    put("listeners", {"is_simulated": is_simulated})
    put("coverage", {})
    newest = {"source": "recently_played", "status": "done", "user_id": "x", "newest_at": AT, "oldest_at": AT}
    put("ingestion_runs_bronze", newest)
    release("coverage", as_of=date(2024, 1, 5))
    report = check_lake(settings)
    assert report.as_of == (date(2024, 1, 5) if is_simulated else datetime.now(UTC).date())
    silent = next(result for result in report.results if result.expectation == "polls_bring_plays")
    assert silent.status == ("PASS" if is_simulated else "WARN")


@pytest.mark.usefixtures("built")
def test_a_table_of_checks_from_before_gets_its_new_columns(settings: Settings, lake: Lake) -> None:
    old = [c for c in qa_validation_results.column_names if c not in ("severity", "observed_value", "threshold",
           "sample_keys", "batch_ids", "error")]  # fmt: skip
    columns = [c for c in qa_validation_results.columns if c.name in old]
    schema = ", ".join(f"{c.name} {c.type}{'' if c.nullable else ' NOT NULL'} COMMENT '{c.comment}'" for c in columns)
    before = replace(qa_validation_results, schema=schema)
    values = {"run_id": "old", "table_name": "t", "expectation": "e", "status": "PASS", "row_count": 1}
    append_rows(lake, before, [{**values, "failing_rows": 0, "checked_at": AT}])
    report = check_lake(settings, ["tracks"])
    rows = lake.open(qa_validation_results).to_pyarrow_table().to_pylist()
    assert {row["run_id"]: row["severity"] for row in rows} == {"old": None, report.run_id: "FAIL"}
    assert lake.has(pipeline_runs)
