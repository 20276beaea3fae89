"""Expectations: PASS, WARN and FAIL with the rows that break each; null obeys; what cannot be run is a FAIL."""

from dataclasses import replace as changed
from typing import Any

import pytest

from pipeline import declared_tables
from quality.checks import check_table
from quality.results import CheckResult, of_rows
from schemas.columns import PLAYED_MONTH
from schemas.declaration import Expectation, Table
from schemas.lake import Lake
from writers.creation import ensure_table
from writers.records import append_rows

PETS = Table(
    name="pets",
    layer="silver",
    description="Pets of the test.",
    schema="pet STRING NOT NULL COMMENT 'Pet', place STRING COMMENT 'Place', age INT COMMENT 'Years'",
    primary_key=("pet", "place"),
    expectations={"young": Expectation("age < 30", "WARN"), "born": Expectation("age >= 0 AND pet <> 'ghost'")},
)
LETTERS = Table(
    name="letters",
    layer="bronze",
    description="Letters of the test.",
    schema=f"letter STRING NOT NULL COMMENT 'Letter', {PLAYED_MONTH}, batch_id STRING NOT NULL COMMENT 'Batch'",
    primary_key=("letter",),
    partition_by=("played_month",),
    expectations={"no_z": Expectation("letter <> 'z'")},
)

Pet = tuple[str, str | None, int | None]


def results(lake: Lake, *rows: Pet) -> dict[str, CheckResult]:
    ensure_table(lake, PETS)
    append_rows(lake, PETS, [dict(zip(PETS.column_names, row, strict=True)) for row in rows])
    return {r.expectation: r for r in check_table(lake, PETS)}


def check(lake: Lake, *rows: Pet) -> dict[str, tuple[str, int, int]]:
    return {name: (r.status, r.row_count, r.failing_rows) for name, r in results(lake, *rows).items()}


def test_rows_that_obey_pass(lake: Lake) -> None:
    found = check(lake, ("fido", "A", 3), ("fido", "B", 3))
    assert found == {"key_is_unique": ("PASS", 2, 0), "young": ("PASS", 2, 0), "born": ("PASS", 2, 0)}


def test_rows_that_break_a_rule_are_counted_with_its_severity(lake: Lake) -> None:
    found = check(lake, ("fido", "A", 40), ("rex", "A", -1), ("max", "A", -2), ("ghost", "A", 3), ("tom", "A", 1))
    assert found == {"key_is_unique": ("PASS", 5, 0), "young": ("WARN", 5, 1), "born": ("FAIL", 5, 3)}


def test_keys_of_five_rows_that_break_a_rule_are_given_in_order(lake: Lake) -> None:
    found = results(lake, *((name, "A", -1) for name in "gfedcba"), ("tom", "A", 1))["born"]
    assert list(found.sample) == [{"pet": name, "place": "A"} for name in "abcde"]
    assert (found.observed_value, found.threshold, found.severity, found.error) == (7.0, 0.0, "FAIL", None)


def test_a_row_for_which_the_condition_is_null_obeys(lake: Lake) -> None:
    assert check(lake, ("fido", "A", None))["born"] == ("PASS", 1, 0)


def test_a_key_that_repeats_fails_also_where_part_of_it_is_null(lake: Lake) -> None:
    found = results(lake, ("fido", "A", 1), ("fido", "A", 2), ("rex", None, 1), ("rex", None, 1), ("tom", None, 1))
    key = found["key_is_unique"]
    assert (key.status, key.row_count, key.failing_rows) == ("FAIL", 5, 4)
    assert list(key.sample) == [{"pet": "fido", "place": "A"}, {"pet": "rex", "place": None}]


def test_an_empty_table_passes(lake: Lake) -> None:
    ensure_table(lake, PETS)
    rules = {"key_is_unique": "FAIL", "young": "WARN", "born": "FAIL"}
    assert check_table(lake, PETS) == [of_rows("pets", name, severity, 0, 0) for name, severity in rules.items()]


def test_a_table_without_expectations_is_checked_for_its_key(lake: Lake) -> None:
    plain = changed(PETS, expectations={})
    append_rows(lake, plain, [{"pet": "fido"}])
    assert check_table(lake, plain) == [of_rows("pets", "key_is_unique", "FAIL", 1, 0)]


def test_rows_of_bronze_come_with_the_batches_that_brought_them(lake: Lake) -> None:
    rows = [("a", "b1"), ("z", "b2"), ("z", "b3"), ("y", "b4")]
    append_rows(lake, LETTERS, [{"letter": a, "batch_id": b, "played_month": "2024-01"} for a, b in rows])
    key, no_z = check_table(lake, LETTERS)
    assert (key.failing_rows, list(key.batch_ids)) == (2, ["b2", "b3"])
    assert (no_z.failing_rows, list(no_z.batch_ids), list(no_z.sample)) == (2, ["b2", "b3"], [{"letter": "z"}])


def test_of_a_monthly_table_only_the_months_asked_for_are_read(lake: Lake) -> None:
    rows = [("a", "2024-01"), ("b", "2024-02"), ("z", "2024-03")]
    append_rows(lake, LETTERS, [{"letter": a, "batch_id": "b", "played_month": m} for a, m in rows])
    asked = [("2024-01", "2024-02"), ("2024-03", "2024-09"), None]
    found = [check_table(lake, LETTERS, months=months)[1] for months in asked]
    assert [(r.status, r.row_count) for r in found] == [("PASS", 2), ("FAIL", 1), ("FAIL", 3)]


def test_an_older_version_can_be_checked(lake: Lake) -> None:
    append_rows(lake, PETS, [{"pet": "fido", "place": "A", "age": 1}])
    version = lake.open(PETS).version()
    append_rows(lake, PETS, [{"pet": "rex", "place": "A", "age": -1}])
    assert [r.status for r in check_table(lake, PETS, version=version)] == ["PASS", "PASS", "PASS"]
    assert [r.status for r in check_table(lake, PETS)] == ["PASS", "PASS", "FAIL"]


@pytest.mark.parametrize("condition", ["weight > 1", "age >", "age > 'much'", "NO_SUCH_FUNCTION(age)"])
def test_a_rule_that_cannot_be_run_fails_with_its_error_and_the_others_are_run(condition: str, lake: Lake) -> None:
    broken = changed(PETS, expectations={"odd": Expectation(condition, "WARN"), "born": Expectation("age >= 0")})
    append_rows(lake, broken, [{"pet": "fido", "place": "A", "age": -3}])
    key, odd, born = check_table(lake, broken)
    assert (key.status, born.status, born.failing_rows) == ("PASS", "FAIL", 1)
    assert (odd.status, odd.severity, odd.failing_rows) == ("FAIL", "WARN", 0)
    assert odd.error


def test_a_table_that_cannot_be_read_fails_every_rule(lake: Lake) -> None:
    found = check_table(lake, PETS)
    assert [(r.expectation, r.status, bool(r.error)) for r in found] == [
        ("key_is_unique", "FAIL", True),
        ("young", "FAIL", True),
        ("born", "FAIL", True),
    ]


@pytest.mark.parametrize("name", list(declared_tables()))
def test_every_rule_of_a_declared_table_can_be_read(name: str, put: Any, lake: Lake) -> None:
    put(name, {})
    table = declared_tables()[name]
    found = check_table(lake, table)
    assert [r.expectation for r in found] == ["key_is_unique", *table.expectations]
    assert [(r.row_count, r.error) for r in found] == [(1, None)] * (1 + len(table.expectations))
