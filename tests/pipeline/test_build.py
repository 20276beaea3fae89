"""The build of a small DAG: inputs first, only what changed, the same as a full build."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pipeline
from config.errors import InputError
from pipeline import declared_tables, latest_release, table_named
from schemas.lake import Lake
from schemas.records import pipeline_runs
from writers.delta import replace

from .conftest import MONTHS, heard_in_all, heard_lately, made_rows, months_heard, rows, song

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_every_table_comes_after_what_it_is_made_from() -> None:
    names = list(declared_tables())
    assert [(n, i) for n, t in declared_tables().items() for i in t.inputs if names.index(i) > names.index(n)] == []


def test_every_file_of_a_layer_is_a_table_of_the_dag() -> None:
    folder = Path(pipeline.__file__).parent / "transformations"
    files = {path.stem for layer in ("silver", "gold") for path in (folder / layer).glob("[!_]*.py")}
    assert {t.name for t in declared_tables().values() if t.transform is not None} == files


def test_a_table_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(InputError, match=r"There is no table plais\. Tables: .*plays"):
        table_named("plais")


def test_a_second_build_builds_nothing_and_releases_nothing(small: Any, add: Any, run: Any, lake: Lake) -> None:
    add(*(song(f"{month}-10T10:00:00Z") for month in MONTHS))
    assert set(run().built) == {"heard_lately", "heard_in_all", "months_heard"}
    before = lake.open(pipeline_runs).version()
    again = run()
    assert (dict(again.built), set(again.unchanged)) == ({}, {"heard_lately", "heard_in_all", "months_heard"})
    assert lake.open(pipeline_runs).version() == before


def test_a_change_of_one_month_rebuilds_the_months_that_read_it_and_equals_a_full_build(
    small: Any, add: Any, run: Any, lake: Lake
) -> None:
    add(*(song(f"{month}-10T10:00:00Z") for month in MONTHS))
    run()
    add(song("2024-02-20T10:00:00Z"))
    assert run().built["heard_lately"] == ["2024-02", "2024-03"]
    by_months = rows(lake, heard_lately)
    assert ("me", "2024-03", 3) in by_months and ("me", "2024-04", 2) in by_months
    assert run(full=True).built["heard_lately"] == [*MONTHS, "2024-07"]
    assert rows(lake, heard_lately) == by_months


def test_another_day_rebuilds_only_tables_that_name_it(small: Any, add: Any, run: Any, lake: Lake) -> None:
    add(song("2024-01-10T10:00:00Z"))
    run()
    assert dict(run(as_of=date(2024, 7, 2)).built) == {"heard_in_all": [""]}
    assert rows(lake, heard_in_all) == [("me", 2, "2024-07-02", "UTC")]


def test_another_setting_rebuilds_only_tables_that_name_it(small: Any, add: Any, run: Any, lake: Lake) -> None:
    add(song("2024-01-10T10:00:00Z"))
    run()
    assert dict(run(timezone="Asia/Tokyo").built) == {"heard_in_all": [""]}
    assert rows(lake, heard_in_all) == [("me", 2, "2024-07-01", "Asia/Tokyo")]
    assert dict(run(timezone="Asia/Tokyo", session_gap_minutes=5).built) == {}


def overwrite(spark: "SparkSession", lake: Lake) -> None:
    """What a build leaves that was killed after a commit and before its release."""
    replace(lake, months_heard, spark.createDataFrame([("nobody", 99)], months_heard.ddl))


def test_a_table_that_a_killed_build_left_is_built_again(
    small: Any, add: Any, run: Any, lake: Lake, spark: "SparkSession"
) -> None:
    add(song("2024-01-10T10:00:00Z"))
    run()
    overwrite(spark, lake)
    assert dict(run().built) == {"months_heard": [""]}
    assert rows(lake, months_heard) == [("me", 2)]


def test_a_build_of_other_tables_does_not_release_what_a_killed_build_left(
    small: Any, add: Any, run: Any, lake: Lake, spark: "SparkSession"
) -> None:
    add(song("2024-01-10T10:00:00Z"))
    run()
    version = lake.open(months_heard).version()
    overwrite(spark, lake)
    run("heard_in_all", as_of=date(2024, 7, 2))
    assert latest_release(lake).versions["months_heard"] == version
    run()
    assert rows(lake, months_heard) == [("me", 2)]


def test_a_named_table_is_built_with_what_it_is_made_from_and_no_more(small: Any, add: Any, run: Any) -> None:
    add(song("2024-01-10T10:00:00Z"))
    assert set(run("months_heard").built) == {"heard_lately", "months_heard"}
    assert set(run().built) == {"heard_in_all"}


def test_a_lake_without_plays_builds_to_empty_tables(run: Any, lake: Lake) -> None:
    run()
    assert {name for name, found in made_rows(lake).items() if found} == set()
    assert dict(run().built) == {}
