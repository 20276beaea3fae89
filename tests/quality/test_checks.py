"""Expectations: PASS, WARN and FAIL with the rows that break each; null obeys."""

from dataclasses import replace as changed
from typing import Any

import pytest

from pipeline import declared_tables
from quality.checks import CheckResult, check_table
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


def check(lake: Lake, *rows: tuple[str, str | None, int | None]) -> dict[str, tuple[str, int, int]]:
    ensure_table(lake, PETS)
    append_rows(lake, PETS, [dict(zip(PETS.column_names, row, strict=True)) for row in rows])
    return {r.expectation: (r.status, r.row_count, r.failing_rows) for r in check_table(lake, PETS)}


def test_rows_that_obey_pass(lake: Lake) -> None:
    found = check(lake, ("fido", "A", 3), ("fido", "B", 3))
    assert found == {"key_is_unique": ("PASS", 2, 0), "young": ("PASS", 2, 0), "born": ("PASS", 2, 0)}


def test_rows_that_break_a_rule_are_counted_with_its_severity(lake: Lake) -> None:
    found = check(lake, ("fido", "A", 40), ("rex", "A", -1), ("max", "A", -2), ("ghost", "A", 3), ("tom", "A", 1))
    assert found == {"key_is_unique": ("PASS", 5, 0), "young": ("WARN", 5, 1), "born": ("FAIL", 5, 3)}


def test_a_row_for_which_the_condition_is_null_obeys(lake: Lake) -> None:
    assert check(lake, ("fido", "A", None))["born"] == ("PASS", 1, 0)


def test_a_key_that_repeats_fails_also_where_part_of_it_is_null(lake: Lake) -> None:
    found = check(lake, ("fido", "A", 1), ("fido", "A", 2), ("rex", None, 1), ("rex", None, 1), ("tom", None, 1))
    assert found["key_is_unique"] == ("FAIL", 5, 4)


def test_an_empty_table_passes(lake: Lake) -> None:
    ensure_table(lake, PETS)
    assert check_table(lake, PETS) == [CheckResult("pets", n, "PASS", 0, 0) for n in ("key_is_unique", "young", "born")]


def test_a_table_without_expectations_is_checked_for_its_key(lake: Lake) -> None:
    plain = changed(PETS, expectations={})
    append_rows(lake, plain, [{"pet": "fido"}])
    assert check_table(lake, plain) == [CheckResult("pets", "key_is_unique", "PASS", 1, 0)]


@pytest.mark.parametrize("name", [n for n, t in declared_tables().items() if t.transform is not None])
def test_every_rule_of_a_declared_table_can_be_read(name: str, rows: Any, lake: Lake) -> None:
    from writers.delta import replace

    table = declared_tables()[name]
    free = changed(table, constraints={})
    replace(lake, free, rows(name, {}))
    assert [r.expectation for r in check_table(lake, table)] == ["key_is_unique", *table.expectations]
    assert [r.row_count for r in check_table(lake, table)] == [1] * (1 + len(table.expectations))
