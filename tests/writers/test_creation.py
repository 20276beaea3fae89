"""Declared tables: made with their rules, grown by nullable columns, and otherwise refused with an explanation."""

from dataclasses import replace as changed
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from config.errors import ForeignTableError
from pipeline import declared_tables
from schemas.declaration import Table
from schemas.lake import Lake
from writers.creation import ensure_table
from writers.records import append_rows

PETS = Table(
    name="pets",
    layer="bronze",
    description="Pets of the test.",
    schema="""
        pet_id STRING NOT NULL COMMENT 'Pet',
        month  STRING NOT NULL COMMENT 'Month',
        age    INT COMMENT 'Years'
    """,
    primary_key=("pet_id",),
    partition_by=("month",),
    constraints={"age_not_negative": "age IS NULL OR age >= 0"},
)
FIDO = {"pet_id": "fido", "month": "2024-01", "age": 3}


def grown(schema: str) -> Table:
    """The same table after its declaration was edited."""
    return changed(PETS, schema=schema)


def with_column(line: str) -> Table:
    return grown(f"{PETS.schema.rstrip()}, {line}")


def tree(lake: Lake) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in lake.local.rglob("*") if path.is_file()}


def rows(lake: Lake) -> list[dict[str, object]]:
    return lake.open(PETS).to_pyarrow_table().to_pylist()


def test_a_table_is_made_as_declared(lake: Lake) -> None:
    ensure_table(lake, PETS)
    delta = lake.open(PETS)
    fields = [(field.name, field.type.type, field.nullable, field.metadata) for field in delta.schema().fields]
    assert fields == [
        ("pet_id", "string", False, {"comment": "Pet"}),
        ("month", "string", False, {"comment": "Month"}),
        ("age", "integer", True, {"comment": "Years"}),
    ]
    assert delta.metadata().partition_columns == ["month"]
    assert delta.metadata().configuration["delta.constraints.age_not_negative"] == "age IS NULL OR age >= 0"


def test_every_declared_table_can_be_made_and_is_then_left_as_it_is(lake: Lake) -> None:
    for table in declared_tables().values():
        ensure_table(lake, table)
    before = tree(lake)
    for table in declared_tables().values():
        ensure_table(lake, table)
    assert tree(lake) == before


@pytest.mark.parametrize("row", [FIDO | {"pet_id": None}, FIDO | {"age": -1}])
def test_a_row_against_not_null_or_check_is_refused_from_any_writer(row: dict[str, object], lake: Lake) -> None:
    ensure_table(lake, PETS)
    schema = pa.schema([("pet_id", pa.string()), ("month", pa.string()), ("age", pa.int32())])
    with pytest.raises(Exception, match=r"(?i)null|age"):
        write_deltalake(lake.path(PETS), pa.Table.from_pylist([row], schema=schema), mode="append")
    assert rows(lake) == []


def test_a_null_where_the_check_allows_it_is_taken_in(lake: Lake) -> None:
    append_rows(lake, PETS, [FIDO | {"age": None}])
    assert rows(lake) == [FIDO | {"age": None}]


def test_a_new_nullable_column_is_added_and_old_rows_have_null(lake: Lake) -> None:
    append_rows(lake, PETS, [FIDO])
    append_rows(lake, with_column("colour STRING COMMENT 'Colour'"), [FIDO | {"pet_id": "rex", "colour": "red"}])
    assert sorted(rows(lake), key=str) == [FIDO | {"colour": None}, FIDO | {"pet_id": "rex", "colour": "red"}]


def test_a_new_check_is_enforced_from_then_on(lake: Lake) -> None:
    append_rows(lake, PETS, [FIDO])
    stricter = changed(PETS, constraints={**PETS.constraints, "young": "age IS NULL OR age < 30"})
    ensure_table(lake, stricter)
    with pytest.raises(Exception, match="failed validation check"):
        append_rows(lake, stricter, [FIDO | {"pet_id": "rex", "age": 40}])
    assert rows(lake) == [FIDO]


@pytest.mark.parametrize(
    ("table", "difference"),
    [
        (with_column("owner STRING NOT NULL COMMENT 'Owner'"), "its column owner is missing and may not be null"),
        (grown(PETS.schema.replace("INT", "BIGINT")), "its column age is integer where long is declared"),
        (
            grown(PETS.schema.replace("INT", "INT NOT NULL")),
            "its column age may be null, against the declaration",
        ),
        (
            grown(PETS.schema.replace("pet_id STRING NOT NULL", "pet_id STRING")),
            "its column pet_id may not be null, against the declaration",
        ),
        (
            grown("pet_id STRING NOT NULL COMMENT 'Pet', month STRING NOT NULL COMMENT 'Month'"),
            "it has columns that are not declared (age)",
        ),
        (changed(PETS, partition_by=()), "it is partitioned by month"),
    ],
)
def test_any_other_change_of_a_declaration_is_refused_and_explained(table: Table, difference: str, lake: Lake) -> None:
    append_rows(lake, PETS, [FIDO])
    before = tree(lake)
    with pytest.raises(ForeignTableError) as error:
        ensure_table(lake, table)
    assert difference in str(error.value)
    assert "Table pets differs from its declaration" in str(error.value) and "Nothing was changed." in str(error.value)
    assert tree(lake) == before


def test_a_check_that_stored_rows_break_is_refused_and_explained(lake: Lake) -> None:
    append_rows(lake, PETS, [FIDO])
    before = tree(lake)
    stricter = changed(PETS, constraints={**PETS.constraints, "baby": "age IS NULL OR age < 1"})
    with pytest.raises(ForeignTableError, match=r"(?s)pets.*baby"):
        ensure_table(lake, stricter)
    assert tree(lake) == before


@pytest.mark.parametrize("partitions", [None, ["age"]])
def test_a_table_of_another_program_is_refused_with_the_next_step_and_left_untouched(
    partitions: list[str] | None, lake: Lake
) -> None:
    where = Path(lake.path(PETS))
    where.parent.mkdir(parents=True)
    write_deltalake(where, pa.table({"name": ["fido"], "age": [3]}), partition_by=partitions)
    before = tree(lake)
    with pytest.raises(ForeignTableError) as error:
        ensure_table(lake, PETS)
    message = str(error.value)
    assert f"Another program made the table at {where}" in message and "Nothing was changed." in message
    assert f"`lakesong import {where}`" in message and "\n" not in message
    assert error.value.exit_code == 2
    assert tree(lake) == before


def test_a_table_of_another_program_with_the_very_same_columns_is_used(lake: Lake) -> None:
    where = Path(lake.path(PETS))
    where.parent.mkdir(parents=True)
    ensure_table(Lake(str(lake.local / "other")), PETS)
    schema = DeltaTable(Lake(str(lake.local / "other")).path(PETS)).schema()
    DeltaTable.create(where, schema, partition_by=["month"])
    append_rows(lake, PETS, [FIDO])
    assert rows(lake) == [FIDO]


def made(table: Table) -> Table:
    """The same table as one that a build makes."""
    return changed(table, layer="silver", transform=lambda: None)


@pytest.mark.parametrize(
    "declaration",
    [
        grown(PETS.schema.replace("INT", "BIGINT")),
        grown("pet_id STRING NOT NULL COMMENT 'Pet', month STRING NOT NULL COMMENT 'Month'"),
        with_column("owner STRING NOT NULL COMMENT 'Owner'"),
        changed(PETS, partition_by=()),
    ],
)
def test_a_table_that_a_build_makes_begins_anew_with_its_declaration_and_keeps_its_old_versions(
    declaration: Table, lake: Lake
) -> None:
    before, after = made(PETS), changed(made(declaration), constraints={})
    append_rows(lake, before, [FIDO])
    version = lake.open(before).version()
    ensure_table(lake, after)
    delta = lake.open(after)
    assert delta.to_pyarrow_table().num_rows == 0
    assert [field.name for field in delta.schema().fields] == after.column_names
    assert tuple(delta.metadata().partition_columns) == after.partition_by
    assert lake.open(before, version).to_pyarrow_table().to_pylist() == [FIDO]
    row = {"pet_id": "rex", "month": "2024-01", "age": 4, "owner": "Ann"}
    append_rows(lake, after, [{name: row[name] for name in after.column_names}])
    assert lake.open(after).to_pyarrow_table().num_rows == 1


def test_a_check_that_the_new_declaration_dropped_binds_no_more(lake: Lake) -> None:
    append_rows(lake, made(PETS), [FIDO])
    free = changed(made(grown(PETS.schema.replace("INT", "BIGINT"))), constraints={})
    append_rows(lake, free, [FIDO | {"age": -1}])
    assert lake.open(free).to_pyarrow_table()["age"].to_pylist() == [-1]


def test_a_made_table_of_another_program_is_refused_and_left_untouched(lake: Lake) -> None:
    where = Path(lake.path(made(PETS)))
    where.parent.mkdir(parents=True)
    write_deltalake(where, pa.table({"name": ["fido"]}))
    before = tree(lake)
    with pytest.raises(ForeignTableError, match="Another program made the table"):
        ensure_table(lake, made(PETS))
    assert tree(lake) == before


@pytest.mark.parametrize("table", [PETS, made(PETS)])
def test_comments_of_columns_follow_the_declaration_and_rows_stay(table: Table, lake: Lake) -> None:
    append_rows(lake, table, [FIDO])
    ensure_table(lake, changed(table, schema=table.schema.replace("'Years'", "'Age in years'")))
    delta = lake.open(table)
    comments = {field.name: field.metadata["comment"] for field in delta.schema().fields}
    assert comments == {"pet_id": "Pet", "month": "Month", "age": "Age in years"}
    assert delta.to_pyarrow_table().to_pylist() == [FIDO]
