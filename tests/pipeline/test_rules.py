"""Rules in a build: nothing is released that breaks one, and what failed is built again."""

import json
from dataclasses import replace as changed
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import functions as F

from config.errors import ExpectationError, InputError
from config.settings import Settings
from pipeline import latest_release
from schemas.bronze import listening_history_bronze
from schemas.declaration import Expectation, Table
from schemas.lake import Lake
from schemas.records import pipeline_runs, qa_validation_results
from writers.records import append_rows

from .conftest import (
    MONTHS,
    SMALL,
    heard_in_all,
    heard_lately,
    months_heard,
    recorded_checks,
    rows,
    song,
)

if TYPE_CHECKING:
    pass


def breaking(**expectations: Expectation) -> Table:
    return changed(months_heard, expectations=expectations)


def test_a_broken_rule_takes_the_table_back_and_says_table_rule_and_rows(
    small: Any, add: Any, run: Any, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(song("2024-01-10T10:00:00Z"))
    first = run()
    released, stood = latest_release(lake), rows(lake, months_heard)
    add(song("2024-03-10T10:00:00Z"))
    monkeypatch.setitem(small, "months_heard", breaking(at_most_two=Expectation("months < 3")))
    with pytest.raises(ExpectationError) as error:
        run()
    assert "Table months_heard broke the rule at_most_two: 1 of 1 rows" in str(error.value)
    assert error.value.exit_code == 1
    assert rows(lake, months_heard) == stood
    assert latest_release(lake) == released
    recorded = lake.open(qa_validation_results).to_pyarrow_table().to_pylist()
    checks = {(row["table_name"], row["expectation"]): row for row in recorded if row["run_id"] != first.run_id}
    found = checks["months_heard", "at_most_two"]
    assert (found["status"], found["row_count"], found["failing_rows"]) == ("FAIL", 1, 1)
    runs = lake.open(pipeline_runs).to_pyarrow_table().to_pylist()
    failed = [row for row in runs if row["status"] == "failed"]
    assert [(row["release"], "at_most_two" in row["error"]) for row in failed] == [(None, True)]


def test_after_the_rule_holds_again_all_that_the_failed_build_left_is_built(
    small: Any, add: Any, run: Any, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(song("2024-01-10T10:00:00Z"))
    run()
    add(song("2024-03-10T10:00:00Z"))
    with monkeypatch.context() as patch:
        patch.setitem(small, "months_heard", breaking(never=Expectation("months < 0")))
        with pytest.raises(ExpectationError):
            run()
    run()
    by_steps = {t.name: rows(lake, t) for t in SMALL}
    assert rows(lake, months_heard) == [("me", 4)]
    run(full=True)
    assert {t.name: rows(lake, t) for t in SMALL} == by_steps


def test_a_rule_that_is_broken_before_any_release_leaves_the_table_empty(
    small: Any, add: Any, run: Any, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(song("2024-01-10T10:00:00Z"))
    monkeypatch.setitem(small, "months_heard", breaking(never=Expectation("months < 0")))
    with pytest.raises(ExpectationError, match="never"):
        run()
    assert rows(lake, months_heard) == []
    assert latest_release(lake).versions == {}


def test_a_key_that_is_not_unique_is_a_broken_rule(
    small: Any, add: Any, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(song("2024-01-10T10:00:00Z"))
    twice = changed(months_heard, transform=lambda heard_lately: (
        heard_lately.groupBy("user_id").agg(F.lit(1).cast("bigint").alias("months"))
        .unionByName(heard_lately.groupBy("user_id").agg(F.lit(2).cast("bigint").alias("months")))
    ))  # fmt: skip
    monkeypatch.setattr("engine.fingerprints.code_digest", lambda _: "code of the test")
    monkeypatch.setitem(small, "months_heard", twice)
    with pytest.raises(ExpectationError, match="Table months_heard broke the rule key_is_unique: 2 of 2 rows"):
        run()


def test_a_warning_goes_through_and_is_reported(small: Any, add: Any, run: Any, lake: Lake) -> None:
    add(*(song(f"2024-01-10T{n // 60:02d}:{n % 60:02d}:00Z") for n in range(120)))
    assert run().warnings == ["heard_lately: few (2 rows)"]
    assert rows(lake, heard_lately) == [("me", "2024-01", 120), ("me", "2024-02", 120)]
    assert latest_release(lake).versions["heard_lately"] == lake.open(heard_lately).version()


def nameless(record_id: str, month: str, batch_id: str) -> dict[str, Any]:
    """A record of music that no source could have named: what only a fault of ours would write."""
    at = datetime(int(month[:4]), int(month[5:]), 3, tzinfo=UTC)
    row = {"record_id": record_id, "revision": "r", "user_id": "me", "source": "extended_history", "kind": "track"}
    return {**row, "played_at": at, "played_month": month, "mapper_version": 1, "batch_id": batch_id, "ingested_at": at}


def own_rules(settings: Settings, text: str) -> None:
    assert settings.rules_folder
    settings.rules_folder.mkdir(parents=True, exist_ok=True)
    (settings.rules_folder / "quality.toml").write_text(text)


NAMED = "music_has_a_title_or_an_id"


def test_a_broken_rule_of_bronze_stops_before_silver_and_names_the_batches_and_the_way_on(
    small: Any, add: Any, run: Any, lake: Lake, settings: Settings
) -> None:
    add(song("2024-01-10T10:00:00Z"))
    first = run()
    stood = {t.name: lake.open(t).version() for t in SMALL}
    odd = [nameless("x1", "2024-03", "batch-b"), nameless("x2", "2024-04", "batch-a")]
    append_rows(lake, listening_history_bronze, odd)
    with pytest.raises(ExpectationError) as error:
        run()
    said = f"Table listening_history_bronze broke the rule {NAMED}: 2 of 2 rows, brought by batch batch-a, batch-b. "
    assert said + "Nothing was built; silver and gold stay as they were." in str(error.value)
    assert f'"listening_history_bronze.{NAMED}" = "WARN"' in error.value.next_step
    assert str(settings.rules_folder) in error.value.next_step
    assert {t.name: lake.open(t).version() for t in SMALL} == stood
    failed = [row for row in lake.open(pipeline_runs).to_pyarrow_table().to_pylist() if row["status"] == "failed"]
    assert failed[0]["built"] == "" and failed[0]["run_id"] != first.run_id
    found = recorded_checks(lake, failed[0]["run_id"])["listening_history_bronze", NAMED]
    assert (found["status"], found["severity"], found["observed_value"], found["threshold"]) == ("FAIL", "FAIL", 2, 0)
    assert json.loads(found["batch_ids"]) == ["batch-a", "batch-b"]
    assert [key["record_id"] for key in json.loads(found["sample_keys"])] == ["x1", "x2"]


def test_a_rule_of_bronze_that_the_listener_makes_milder_lets_the_build_go_on(
    small: Any, add: Any, run: Any, lake: Lake, settings: Settings
) -> None:
    add(song("2024-01-10T10:00:00Z"))
    append_rows(lake, listening_history_bronze, [nameless("x1", "2024-03", "b")])
    own_rules(settings, f'[severity]\n"listening_history_bronze.{NAMED}" = "WARN"')
    assert run().warnings == [f"listening_history_bronze: {NAMED} (1 rows)"]
    assert rows(lake, heard_in_all)[0][1] == 4


def test_only_months_with_new_files_are_checked_and_of_what_is_made_those_around(
    small: Any, add: Any, run: Any, lake: Lake
) -> None:
    add(*(song(f"{month}-10T10:00:00Z") for month in MONTHS))
    checked = [recorded_checks(lake, run().run_id)["listening_history_bronze", NAMED]["row_count"]]
    add(song("2024-02-20T10:00:00Z"))
    second = recorded_checks(lake, run().run_id)
    checked.append(second["listening_history_bronze", NAMED]["row_count"])
    assert checked == [6, 2]
    assert second["heard_lately", "few"]["row_count"] == 5  # February and March were built; January to May are read
    assert not recorded_checks(lake, run(as_of=date(2024, 7, 2)).run_id).keys() & {("listening_history_bronze", NAMED)}


def test_what_a_failed_build_found_in_bronze_is_looked_at_again(small: Any, add: Any, run: Any, lake: Lake) -> None:
    append_rows(lake, listening_history_bronze, [nameless("x1", "2024-03", "b")])
    for _ in range(2):
        with pytest.raises(ExpectationError, match=NAMED):
            run()
    assert latest_release(lake).versions == {}


def test_a_rule_of_the_listener_takes_a_table_back_and_warns_where_it_should(
    small: Any, add: Any, run: Any, lake: Lake, settings: Settings
) -> None:
    rule = """
        [[rule]]
        name = "one_month"
        table = "months_heard"
        severity = "{}"
        sql = "SELECT * FROM months_heard WHERE months > 3 AND user_id IN (SELECT user_id FROM heard_lately)"
    """
    add(song("2024-01-10T10:00:00Z"))
    own_rules(settings, rule.format("FAIL"))
    run()
    add(song("2024-02-10T10:00:00Z"), song("2024-03-10T10:00:00Z"))
    with pytest.raises(ExpectationError, match="months_heard broke the rule one_month: 1 of 1 rows") as error:
        run()
    assert "It is your rule: see" in error.value.next_step
    assert rows(lake, months_heard) == [("me", 2)]
    own_rules(settings, rule.format("WARN"))
    assert run().warnings == ["months_heard: one_month (1 rows)"]
    assert rows(lake, months_heard) == [("me", 4)]


def test_rules_of_the_listener_that_cannot_be_read_end_a_build_before_it_begins(
    small: Any, add: Any, run: Any, lake: Lake, settings: Settings
) -> None:
    add(song("2024-01-10T10:00:00Z"))
    own_rules(settings, "[[rule]]\nname = 3")
    with pytest.raises(InputError, match=r"quality\.toml, rule 1: it has no name"):
        run()
    assert rows(lake, pipeline_runs) == [] == rows(lake, heard_lately)


def test_a_rule_that_cannot_be_run_fails_the_table(
    small: Any, add: Any, run: Any, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(song("2024-01-10T10:00:00Z"))
    monkeypatch.setitem(small, "months_heard", breaking(odd=Expectation("weight > 3", "WARN")))
    with pytest.raises(ExpectationError, match=r"months_heard broke the rule odd: it could not be run \(.*weight"):
        run()
    assert rows(lake, months_heard) == []
