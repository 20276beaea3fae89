"""Fingerprints: equal for equal inputs, code and settings, different where any of them differs."""

from dataclasses import replace as changed

import pytest

from engine import fingerprints as module
from engine.fingerprints import WHOLE, code_digest, files_by_month, fingerprints, window_of
from pipeline import declared_tables
from schemas.bronze import import_records_bronze, listening_history_bronze
from schemas.declaration import Table
from schemas.lake import Lake
from writers.records import append_rows

PLAYS = declared_tables()["plays"]
TRACKS = declared_tables()["tracks"]
FILES = {"history": {"2024-01": ["a"], "2024-02": ["b"], "2024-03": ["c"]}, "tracks": {WHOLE: ["t"]}}


def monthly(before: int, after: int) -> Table:
    return changed(PLAYS, window=(before, after))


def differing(table: Table, files: dict[str, dict[str, list[str]]]) -> list[str]:
    before, after = fingerprints(table, FILES, {}), fingerprints(table, files, {})
    return sorted(month for month in before.keys() | after.keys() if before.get(month) != after.get(month))


@pytest.mark.parametrize(
    ("month", "window", "expected"),
    [
        ("2024-01", (0, 0), ["2024-01"]),
        ("2024-01", (1, 2), ["2023-12", "2024-01", "2024-02", "2024-03"]),
        ("2024-12", (0, 1), ["2024-12", "2025-01"]),
    ],
)
def test_a_window_reaches_over_the_turn_of_a_year(month: str, window: tuple[int, int], expected: list[str]) -> None:
    assert window_of(month, window) == expected


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ((0, 0), ["2024-02"]),
        ((1, 0), ["2024-02", "2024-03"]),
        ((1, 2), ["2023-12", "2024-01", "2024-02", "2024-03"]),
    ],
)
def test_a_new_file_of_a_month_changes_the_months_that_read_it(window: tuple[int, int], expected: list[str]) -> None:
    more = FILES | {"history": FILES["history"] | {"2024-02": ["b", "new"]}}
    assert differing(monthly(*window), more) == expected


def test_a_changed_whole_input_changes_every_month() -> None:
    every = ["2024-01", "2024-02", "2024-03"]
    assert differing(monthly(0, 0), FILES | {"tracks": {WHOLE: ["other"]}}) == every


def test_a_whole_table_has_one_fingerprint_that_follows_each_input() -> None:
    for name in FILES:
        assert differing(TRACKS, FILES | {name: {}}) == [WHOLE]


def test_the_same_inputs_give_the_same_fingerprints() -> None:
    assert fingerprints(PLAYS, FILES, {"a": 1}) == fingerprints(PLAYS, FILES, {"a": 1})


@pytest.mark.parametrize(
    "other", [changed(TRACKS, constraints={"x": "TRUE"}), changed(TRACKS, schema="a INT COMMENT 'a'", primary_key=())]
)
def test_rules_and_columns_are_part_of_the_recipe(other: Table) -> None:
    assert fingerprints(other, FILES, {}) != fingerprints(TRACKS, FILES, {})


def test_settings_are_part_of_the_recipe() -> None:
    assert fingerprints(TRACKS, FILES, {"timezone": "UTC"}) != fingerprints(TRACKS, FILES, {"timezone": "Asia/Tokyo"})


@pytest.mark.parametrize(
    ("edited", "follows"),
    [
        ("transformations.silver.plays", True),
        ("models.reconciliation", True),
        ("schemas.columns", True),
        ("transformations.gold.daily_listening", False),
        ("cli", False),
    ],
)
def test_the_code_of_a_table_is_its_module_and_what_that_imports(
    edited: str, follows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, source = code_digest(PLAYS), module._source
    monkeypatch.setattr(module, "_source", lambda name: source(name) + ("# edited" if name == edited else ""))
    assert (code_digest(PLAYS) != before) is follows


def test_files_are_those_of_the_newest_version_by_month(lake: Lake) -> None:
    append_rows(lake, import_records_bronze, [{"record_id": "r", "batch_id": "b"}])
    one = files_by_month(lake, import_records_bronze)
    append_rows(lake, import_records_bronze, [{"record_id": "s", "batch_id": "b"}])
    two = files_by_month(lake, import_records_bronze)
    assert (list(one), len(one[WHOLE]), len(two[WHOLE])) == ([WHOLE], 1, 2)
    lake.open(import_records_bronze).restore(1)
    assert files_by_month(lake, import_records_bronze) == one


def test_an_input_without_rows_has_no_files(lake: Lake) -> None:
    from writers.creation import ensure_table

    ensure_table(lake, listening_history_bronze)
    assert files_by_month(lake, listening_history_bronze) == {}
