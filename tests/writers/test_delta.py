"""Insert what is new, replace all, replace months: by the engine, one commit each, safe beside other writers."""

import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from schemas.declaration import Table
from schemas.lake import Lake
from writers.conflicts import retry_conflicts
from writers.creation import ensure_table
from writers.delta import append_new, replace, replace_months

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

PROJECT = Path(__file__).parents[2]
PETS = Table(
    name="pets",
    layer="silver",
    description="Pets of the test.",
    schema="""
        name         STRING COMMENT 'Half of the key, may be null',
        place        STRING NOT NULL COMMENT 'The other half',
        played_month STRING NOT NULL COMMENT 'Month',
        age          INT COMMENT 'Years'
    """,
    primary_key=("name", "place"),
    partition_by=("played_month",),
    constraints={"age_not_negative": "age IS NULL OR age >= 0"},
)

Row = tuple[str | None, str, str, int | None]


@pytest.fixture
def frame(spark: "SparkSession") -> Any:
    return lambda *rows: spark.createDataFrame(list(rows), PETS.ddl)


def stored(lake: Lake) -> list[Row]:
    found = lake.open(PETS).to_pyarrow_table().to_pylist()
    return sorted((tuple(row[name] for name in PETS.column_names) for row in found), key=str)


def test_rows_with_a_known_key_are_left_as_they_are_and_new_ones_go_in(frame: Any, lake: Lake) -> None:
    append_new(lake, PETS, frame(("fido", "A", "2024-01", 3)))
    append_new(lake, PETS, frame(("fido", "A", "2024-01", 99), ("rex", "A", "2024-02", 5)))
    assert stored(lake) == [("fido", "A", "2024-01", 3), ("rex", "A", "2024-02", 5)]


def test_a_null_in_the_key_equals_a_null(frame: Any, lake: Lake) -> None:
    for age in (1, 2):
        append_new(lake, PETS, frame((None, "A", "2024-01", age)))
    append_new(lake, PETS, frame((None, "B", "2024-01", 3)))
    assert stored(lake) == [(None, "A", "2024-01", 1), (None, "B", "2024-01", 3)]


def test_of_repeats_within_a_batch_the_first_by_the_order_given_is_kept_however_they_arrive(
    frame: Any, tmp_path: Path
) -> None:
    batch: list[Row] = [("fido", "A", "2024-01", 7), ("fido", "A", "2024-01", 2), ("fido", "A", "2024-01", 5)]
    for number, arrival in enumerate(permutations(batch)):
        lake = Lake(str(tmp_path / str(number)))
        append_new(lake, PETS, frame(*arrival), order=("age",))
        assert stored(lake) == [("fido", "A", "2024-01", 2)]


def test_without_an_order_all_other_columns_choose_among_repeats(frame: Any, tmp_path: Path) -> None:
    batch: list[Row] = [(None, "A", "2024-02", 1), (None, "A", "2024-01", 9), ("rex", "A", "2024-03", 1)]
    kept = []
    for number, arrival in enumerate((batch, batch[::-1])):
        lake = Lake(str(tmp_path / str(number)))
        append_new(lake, PETS, frame(*arrival))
        kept.append(set(stored(lake)))
    assert kept == [{(None, "A", "2024-01", 9), ("rex", "A", "2024-03", 1)}] * 2


def test_a_batch_with_a_row_against_a_rule_leaves_the_table_as_it_was(frame: Any, lake: Lake) -> None:
    append_new(lake, PETS, frame(("fido", "A", "2024-01", 3)))
    for bad in (("rex", "A", "2024-01", -1), ("rex", None, "2024-01", 1)):
        with pytest.raises(Exception, match=r"(?i)null|age|constraint"):
            append_new(lake, PETS, frame(("max", "A", "2024-01", 3), bad))
    assert stored(lake) == [("fido", "A", "2024-01", 3)]


@pytest.mark.parametrize("write", [replace, lambda lake, table, rows: replace_months(lake, table, rows, ["2024-01"])])
def test_a_replacement_against_a_rule_leaves_the_table_as_it_was(write: Any, frame: Any, lake: Lake) -> None:
    append_new(lake, PETS, frame(("fido", "A", "2024-01", 3)))
    for bad in (("rex", "A", "2024-01", -1), ("rex", None, "2024-01", 1)):
        with pytest.raises(Exception, match=r"(?i)null|age|constraint"):
            write(lake, PETS, frame(bad))
    assert stored(lake) == [("fido", "A", "2024-01", 3)]


def test_replace_puts_the_rows_in_place_of_all_in_one_commit(frame: Any, lake: Lake) -> None:
    append_new(lake, PETS, frame(("fido", "A", "2024-01", 3), ("rex", "A", "2024-02", 4)))
    version = lake.open(PETS).version()
    replace(lake, PETS, frame(("max", "A", "2024-03", 1)))
    assert stored(lake) == [("max", "A", "2024-03", 1)]
    assert lake.open(PETS).version() == version + 1


def test_replace_with_nothing_empties_the_table(frame: Any, lake: Lake) -> None:
    append_new(lake, PETS, frame(("fido", "A", "2024-01", 3)))
    replace(lake, PETS, frame())
    assert stored(lake) == []


def test_replace_months_changes_only_those_months_and_leaves_out_rows_of_others(frame: Any, lake: Lake) -> None:
    months = ("2024-01", "2024-02", "2024-03")
    append_new(lake, PETS, frame(*(("old", month, month, 1) for month in months)))
    version = lake.open(PETS).version()
    replace_months(lake, PETS, frame(*(("new", month, month, 2) for month in months)), ["2024-03", "2024-01"])
    assert stored(lake) == [
        ("new", "2024-01", "2024-01", 2),
        ("new", "2024-03", "2024-03", 2),
        ("old", "2024-02", "2024-02", 1),
    ]
    assert lake.open(PETS).version() == version + 1


def test_a_month_without_rows_any_more_is_emptied(frame: Any, lake: Lake) -> None:
    append_new(lake, PETS, frame(("fido", "A", "2024-01", 3), ("rex", "A", "2024-02", 4)))
    replace_months(lake, PETS, frame(("rex", "A", "2024-02", 5)), ["2024-01"])
    assert stored(lake) == [("rex", "A", "2024-02", 4)]


def test_no_months_change_nothing(frame: Any, lake: Lake) -> None:
    append_new(lake, PETS, frame(("fido", "A", "2024-01", 3)))
    version = lake.open(PETS).version()
    replace_months(lake, PETS, frame(("rex", "A", "2024-02", 4)), [])
    assert (stored(lake), lake.open(PETS).version()) == ([("fido", "A", "2024-01", 3)], version)


def test_threads_that_append_at_once_lose_and_double_nothing(frame: Any, lake: Lake) -> None:
    ensure_table(lake, PETS)

    def batch(n: int) -> "DataFrame":
        return frame(("shared", "A", "2024-01", 0), *((f"{n}-{i}", "A", "2024-01", n) for i in range(5)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: append_new(lake, PETS, batch(n)), range(8)))
    expected = [(f"{n}-{i}", "A", "2024-01", n) for n in range(8) for i in range(5)]
    assert stored(lake) == sorted([*expected, ("shared", "A", "2024-01", 0)], key=str)


PROCESS = """
    import sys
    from pathlib import Path
    from config.settings import Settings
    from engine.session import open_session
    from schemas.declaration import Table
    from schemas.lake import Lake
    from writers.delta import append_new

    table = Table("pets", "silver", sys.argv[3], ("name", "place"), "", ("played_month",))
    lake, mine = Lake(sys.argv[1]), sys.argv[2]
    with open_session(Settings(_env_file=None, state_dir=Path(sys.argv[1]) / mine)) as spark:
        for n in range(8):
            names = ("shared", f"{mine}-{n}")
            append_new(lake, table, spark.createDataFrame([(x, "A", "2024-01", n) for x in names], table.ddl))
"""


def test_processes_that_append_at_once_lose_and_double_nothing(lake: Lake) -> None:
    ensure_table(lake, PETS)
    command = [sys.executable, "-c", textwrap.dedent(PROCESS), lake.root]
    running = [
        subprocess.Popen([*command, name, PETS.schema], cwd=PROJECT, stderr=subprocess.PIPE, text=True)
        for name in ("one", "two")
    ]
    ended = [(process.communicate(timeout=100)[1], process.returncode) for process in running]
    assert [code for _, code in ended] == [0, 0], ended
    names = [row[0] for row in stored(lake)]
    assert names == sorted([*(f"{who}-{n}" for who in ("one", "two") for n in range(8)), "shared"])


def test_a_conflict_is_tried_again_and_any_other_error_is_not() -> None:
    calls: list[int] = []

    def conflict_twice() -> str:
        calls.append(1)
        if len(calls) < 3:
            raise RuntimeError("Failed to commit transaction: 3")
        return "written"

    assert (retry_conflicts(conflict_twice), len(calls)) == ("written", 3)

    def broken() -> None:
        calls.append(1)
        raise RuntimeError("no such column")

    with pytest.raises(RuntimeError, match="no such column"):
        retry_conflicts(broken)
    assert len(calls) == 4
