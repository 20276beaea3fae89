"""What a build reads: whether two versions of a table hold the same rows, and which values past days name."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from engine.inputs import Inputs
from schemas.declaration import Table
from schemas.lake import Lake
from writers.creation import ensure_table
from writers.records import arrow_schema

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

AS_OF = date(2024, 7, 3)  # a Wednesday: Monday the 1st and what follows is not past yet

SCORES = Table(
    name="scores",
    layer="gold",
    schema="""
        user_id STRING NOT NULL COMMENT 'Listener',
        place   BIGINT NOT NULL COMMENT 'Number of the row',
        score   DOUBLE COMMENT 'A double',
        reason  STRING COMMENT 'A text'
    """,
    primary_key=("user_id", "place"),
    description="A small whole table",
)
HEARD = Table(
    name="heard",
    layer="silver",
    schema="""
        play_id     STRING NOT NULL COMMENT 'Key',
        track_id    STRING COMMENT 'Track',
        played_date DATE NOT NULL COMMENT 'Day'
    """,
    primary_key=("play_id",),
    description="A small table with days",
)
TABLES = {table.name: table for table in (SCORES, HEARD)}

ROWS: list[tuple[Any, ...]] = [
    ("ann", 1, 0.1 + 0.2, None),
    ("ann", 2, None, "too few"),
    ("bob", 1, -1.5, "x"),
    ("bob", 2, math.nan, None),
]


def write(lake: Lake, table: Table, rows: list[tuple[Any, ...]], files: int = 1) -> int:
    """Put the rows in place of those of the table, spread over so many files; gives the version."""
    ensure_table(lake, table)
    for number in range(files):
        columns = zip(table.column_names, zip(*rows[number::files], strict=True), strict=False)
        given = pa.table(dict(columns) or {name: [] for name in table.column_names}, arrow_schema(table))
        write_deltalake(lake.path(table), given, mode="append" if number else "overwrite")
    return lake.open(table).version()


@pytest.fixture
def inputs(spark: SparkSession, lake: Lake) -> Inputs:
    return Inputs(spark, lake, TABLES.__getitem__, AS_OF)


@pytest.fixture
def is_equal(inputs: Inputs, lake: Lake) -> Callable[..., bool]:
    """Whether a table with the second rows is said to equal what it was with the first."""

    def compare(before: list[tuple[Any, ...]], after: list[tuple[Any, ...]], files: int = 1) -> bool:
        version = write(lake, SCORES, before)
        write(lake, SCORES, after, files)
        return inputs.has_equal_rows(SCORES, version)

    return compare


def replaced(index: int, **values: Any) -> list[tuple[Any, ...]]:
    """ROWS with other values in one row."""
    row = tuple(values.get(name, ROWS[index][place]) for place, name in enumerate(SCORES.column_names))
    return [row if number == index else other for number, other in enumerate(ROWS)]


def test_the_same_rows_in_another_order_and_in_other_files_are_equal(is_equal: Callable[..., bool]) -> None:
    assert is_equal(ROWS, [ROWS[2], ROWS[0], ROWS[3], ROWS[1]], files=3)


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(replaced(2, reason="y"), id="another text"),
        pytest.param(replaced(0, score=math.nextafter(0.1 + 0.2, 1)), id="the last digit of a double"),
        pytest.param(replaced(0, score=None), id="a null for a value"),
        pytest.param(replaced(1, score=0.0), id="nought for a null"),
        pytest.param(replaced(0, reason=""), id="an empty text for a null"),
        pytest.param(replaced(3, score=None), id="a null for no number"),
        pytest.param(replaced(2, place=3), id="another key"),
        pytest.param([*ROWS, ("cid", 1, 0.0, None)], id="a row more"),
        pytest.param(ROWS[1:], id="a row less"),
        pytest.param([], id="no rows"),
    ],
)
def test_one_difference_makes_versions_differ_both_ways(
    after: list[tuple[Any, ...]], is_equal: Callable[..., bool]
) -> None:
    assert not is_equal(ROWS, after)
    assert not is_equal(after, ROWS)


def test_values_that_change_places_between_rows_make_versions_differ(is_equal: Callable[..., bool]) -> None:
    """Each column holds the values that it held: only side by side can it be told."""
    before = [("ann", 1, 1.0, None), ("ann", 2, 2.0, None)]
    assert not is_equal(before, [("ann", 1, 2.0, None), ("ann", 2, 1.0, None)])


def test_a_table_without_rows_equals_one_without_rows(is_equal: Callable[..., bool]) -> None:
    assert is_equal([], [])


def test_a_version_is_compared_with_the_newest_and_not_with_the_next(inputs: Inputs, lake: Lake) -> None:
    first = write(lake, SCORES, ROWS)
    second = write(lake, SCORES, ROWS[1:])
    write(lake, SCORES, ROWS[::-1])
    assert inputs.has_equal_rows(SCORES, first) and not inputs.has_equal_rows(SCORES, second)


DAYS = [date(2024, 6, 29), date(2024, 6, 30), date(2024, 7, 1), date(2024, 7, 2)]


def plays(*tracks: str | None) -> list[tuple[Any, ...]]:
    """A play a day from Saturday on."""
    return [(f"p{number}", track, DAYS[number]) for number, track in enumerate(tracks)]


def past_tracks(inputs: Inputs) -> list[str | None]:
    frame = inputs._past_values(HEARD, "track_id")
    assert frame.columns == ["track_id"] and frame.schema["track_id"].dataType.simpleString() == "string"
    return sorted((row["track_id"] for row in frame.collect()), key=str)


def test_past_values_are_those_before_monday_each_once(inputs: Inputs, lake: Lake) -> None:
    write(lake, HEARD, [*plays("b", "a", "c", "d"), ("again", "b", DAYS[1])])
    assert past_tracks(inputs) == ["a", "b"]


def test_past_values_are_read_again_once_the_table_was_written(inputs: Inputs, lake: Lake) -> None:
    write(lake, HEARD, plays("a"))
    assert past_tracks(inputs) == ["a"]
    write(lake, HEARD, plays("a", "z"))
    assert past_tracks(inputs) == ["a"]  # read once, until the build says that it wrote
    inputs.forget(SCORES)
    assert past_tracks(inputs) == ["a"]
    inputs.forget(HEARD)
    assert past_tracks(inputs) == ["a", "z"]


def test_of_a_table_without_rows_or_with_this_week_s_alone_no_values_are_past(inputs: Inputs, lake: Lake) -> None:
    write(lake, HEARD, [])
    assert past_tracks(inputs) == []
    inputs.forget(HEARD)
    write(lake, HEARD, [("p", "a", DAYS[2])])
    assert past_tracks(inputs) == []


def test_rows_of_a_lookup_count_only_where_past_rows_name_them(inputs: Inputs, lake: Lake) -> None:
    """A digest of rows joined with past values: `null` names nothing, and neither does this week's `c`."""
    write(lake, HEARD, plays("a", None, "c"))
    values = inputs._past_values(HEARD, "track_id")

    def counted(*known: str | None) -> str:
        frame = inputs.spark.createDataFrame([(name, 1) for name in known], "track_id STRING, length INT")
        return inputs._digest(frame.join(values, on="track_id", how="left_semi"))

    assert counted("a", None, "c") == counted("a") != counted("c")
