"""The lineage of columns: read from the plans of the tables, and checked against what the tables do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import Window
from pyspark.sql import functions as F

from config.errors import InputError
from config.settings import Settings
from engine.lineage import Lineage, columns_named
from engine.plan_columns import ROWS, Kind, LineageError, Source
from pipeline import declared_tables
from schemas.declaration import Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

TABLES = declared_tables()
AS_IS, PICKED, CARRIED, COMPUTED = Kind.AS_IS, Kind.PICKED, Kind.CARRIED, Kind.COMPUTED
WINDOW, AGGREGATED, PYTHON = Kind.WINDOW, Kind.AGGREGATED, Kind.PYTHON


@pytest.fixture(scope="module")
def lineage(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lineage:
    return Lineage(spark, TABLES, Settings(_env_file=None, state_dir=tmp_path_factory.mktemp("state")))


def column(name: str) -> Source:
    return Source(*name.split("."))


def sources(lineage: Lineage, name: str) -> dict[str, Kind]:
    return {".".join(source): kind for source, kind in lineage.sources(column(name)).items()}


FEATURE_TABLES = ("my_tracks_features_bronze", "my_tracks_features_bronze_synthetic", "kaggle_tracks_bronze")


# What the functions of these tables say, read by a person.
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("daily_listening.listened_ms", {"listening_with_features.listened_ms": AGGREGATED}),
        ("listening_with_features.listened_ms", {"plays.listened_ms": AS_IS}),
        (
            "daily_listening.mean_valence",
            {"track_features.valence": AGGREGATED, "listening_with_features.listened_ms": AGGREGATED},
        ),
        ("track_features.valence", {f"{name}.valence": AS_IS for name in FEATURE_TABLES}),
        ("track_features.tempo", {f"{name}.tempo": COMPUTED for name in FEATURE_TABLES}),
        ("track_features.basis", {}),
        # another name on each side of a union
        (
            "library_history.item_id",
            {"saved_tracks_bronze.track_id": AS_IS, "followed_artists_bronze.artist_id": AS_IS},
        ),
        ("listening_with_features.played_date", {"plays.played_at": COMPUTED, "listeners.time_zone": COMPUTED}),
        ("albums.upc", {"albums_bronze.upc": PICKED}),
        ("first_hearings.first_date", {"listening_with_features.played_date": AGGREGATED}),
        ("track_moods.track_id", {"first_hearings.track_id": CARRIED}),
    ],
)
def test_a_column_comes_from_what_its_table_s_function_says(
    lineage: Lineage, name: str, expected: dict[str, Kind]
) -> None:
    assert sources(lineage, name) == expected


def test_the_time_listened_comes_from_what_was_measured_or_from_stamps_and_lengths(lineage: Lineage) -> None:
    bronze = {"ms_played", "duration_ms", "played_at", "offline_at"}
    assert sources(lineage, "plays.listened_ms").keys() == {
        *(f"listening_history_bronze.{name}" for name in bronze),
        "tracks.duration_ms",
    }


def test_what_a_python_function_makes_comes_from_all_columns_of_its_group(lineage: Lineage) -> None:
    found = sources(lineage, "track_moods.cluster_id")
    assert set(found.values()) == {PYTHON}
    assert {"track_features.valence", "track_features.tempo", "first_hearings.first_date"} <= found.keys()


def test_from_gold_the_way_leads_down_to_the_columns_that_sources_wrote(lineage: Lineage) -> None:
    upstream = list(lineage.upstream(column("daily_listening.mean_valence")))
    assert len(upstream) == len(set(upstream))
    leaves = {".".join(one) for one in upstream if lineage.is_source(one)}
    assert {f"{name}.valence" for name in FEATURE_TABLES} <= leaves
    assert {"listening_history_bronze.ms_played", "listening_history_bronze.played_at"} <= leaves
    assert not any(leaf.endswith((".energy", ".user_id")) for leaf in leaves)


def test_filters_and_keys_choose_rows_and_make_no_value(lineage: Lineage) -> None:
    chosen = {".".join(one) for one in lineage.chosen_by(column("first_hearings.first_date"))}
    of_plays = {"is_counted", "track_id", "user_id", "is_simulated"}
    assert {f"listening_with_features.{name}" for name in of_plays} <= chosen
    assert "listening_with_features.played_date" not in chosen


@pytest.mark.parametrize("table", [table for table in TABLES.values() if table.transform], ids=lambda table: table.name)
def test_every_table_can_be_traced_to_declared_columns_of_its_inputs(lineage: Lineage, table: Table) -> None:
    traced = lineage.traced(table)
    assert list(traced.columns) == table.column_names
    named = set(traced.chosen_by).union(*(set(value.sources) | value.chosen_by for value in traced.columns.values()))
    assert {source.table for source in named} <= set(table.inputs)
    assert [source for source in named if source.column not in (*TABLES[source.table].column_names, ROWS)] == []
    assert any(value.sources for value in traced.columns.values())


@pytest.mark.parametrize("table", [table for table in TABLES.values() if table.transform], ids=lambda table: table.name)
def test_every_way_ends_in_a_declared_column_of_a_source_or_in_a_constant(lineage: Lineage, table: Table) -> None:
    for name in table.column_names:
        for one in lineage.upstream(Source(table.name, name)):
            assert one.column in (*TABLES[one.table].column_names, ROWS)
            if not lineage.sources(one) and not lineage.is_source(one) and one.column != ROWS:
                assert lineage.of(one.table).columns[one.column].sources == {}


# What changes with a column must name it: the other way round from reading plans. Rows that a session differs in.
def _starts(spark: SparkSession) -> list[dict[str, Any]]:
    fill = {"STRING": "x", "INT": 1, "BIGINT": 1, "DOUBLE": 0.5, "BOOLEAN": True, "DATE": date(2024, 1, 1)}
    rows, names = [], TABLES["listening_with_features"].column_names
    for index in range(12):
        at = datetime(2024, 1, 1, 8, tzinfo=UTC) + timedelta(minutes=3 * index, days=index // 4)
        row: dict[str, Any] = {
            one.name: at if one.type == "TIMESTAMP" else fill[one.type]
            for one in TABLES["listening_with_features"].columns
        }
        row |= {"play_id": f"p{index}", "session_id": f"s{index // 4}", "artist_name": f"a{index % 3}"}
        row |= {"is_counted": index % 2 == 0, "is_skip": index % 3 == 0, "played_date": at.date()}
        row |= {"started_at": at - timedelta(minutes=2), "listened_ms": 1000 * index, "excluded_by": None}
        rows.append({name: value for name, value in row.items() if name in names})
    return rows


def _changed(value: Any, index: int) -> Any:
    """Another value of the type, not the same shift for every row."""
    if isinstance(value, bool):
        return not value if index % 5 == 0 else value
    if isinstance(value, (datetime, date)):
        return value + timedelta(days=1 + index % 2)
    if value is None or isinstance(value, str):
        return f"{value}-{index % 2}"
    return value + 1 + index % 2


def _values(frame: DataFrame) -> dict[str, Counter[Any]]:
    rows = frame.collect()
    return {name: Counter(row[name] for row in rows) for name in frame.columns}


def test_a_column_that_changes_the_result_is_named_in_its_lineage(spark: SparkSession, lineage: Lineage) -> None:
    table, given = TABLES["listening_sessions"], TABLES["listening_with_features"]
    rows = _starts(spark)

    def made(changed: str | None) -> dict[str, Counter[Any]]:
        data = [
            tuple(_changed(v, i) if name == changed else v for name, v in row.items()) for i, row in enumerate(rows)
        ]
        return _values(table(spark.createDataFrame(data, given.ddl)))

    before, moved = made(None), set()
    for name in given.column_names:
        after = made(name)
        for result in table.column_names:
            if after[result] != before[result]:
                moved.add((result, name))
    told = {
        (result, source.column)
        for result in table.column_names
        for source in {*lineage.sources(Source(table.name, result)), *lineage.chosen_by(Source(table.name, result))}
    }
    assert ("listened_ms", "listened_ms") in moved
    assert moved - told == set()


def _left(plays: DataFrame) -> DataFrame:
    return plays.select("play_id", "track_id", "duration_ms").alias("left")


def _in_time() -> Any:
    return Window.partitionBy("user_id").orderBy("played_at")


LENGTH = {"plays.duration_ms": AS_IS}
# Small plans over `plays` and `tracks`, and where their columns come from.
STEPS: dict[str, tuple[Callable[..., DataFrame], dict[str, dict[str, Kind]]]] = {
    "renamed": (lambda p, t: p.select("duration_ms").withColumnRenamed("duration_ms", "n"), {"n": LENGTH}),
    "named in order": (lambda p, t: p.select("duration_ms").toDF("n"), {"n": LENGTH}),
    "named by its frame": (lambda p, t: p.select(p["duration_ms"].alias("n")), {"n": LENGTH}),
    "of two columns": (
        lambda p, t: p.select((F.col("duration_ms") + F.col("listened_ms")).alias("n")),
        {"n": {"plays.duration_ms": COMPUTED, "plays.listened_ms": COMPUTED}},
    ),
    "a lambda in SQL": (
        lambda p, t: p.select(F.expr("transform(array(duration_ms), x -> x + record_count)").alias("n")),
        {"n": {"plays.duration_ms": COMPUTED, "plays.record_count": COMPUTED}},
    ),
    "a lambda in Python": (
        lambda p, t: p.select(F.transform(F.array("duration_ms"), lambda x: x + F.col("record_count")).alias("n")),
        {"n": {"plays.duration_ms": COMPUTED, "plays.record_count": COMPUTED}},
    ),
    "a sum in SQL": (
        lambda p, t: p.select(F.expr("sum(duration_ms)").alias("n")),
        {"n": {"plays.duration_ms": AGGREGATED}},
    ),
    "rows that are counted": (
        lambda p, t: p.groupBy("user_id").agg(F.count("*").alias("n")),
        {"user_id": {"plays.user_id": AS_IS}, "n": {f"plays.{ROWS}": AGGREGATED}},
    ),
    "an aggregate whose name sqlglot does not know": (
        lambda p, t: p.groupBy("user_id").agg(F.product("listened_ms").alias("n")).select("n"),
        {"n": {"plays.listened_ms": AGGREGATED}},
    ),
    "of one row of a group": (
        lambda p, t: p.groupBy("user_id").agg(F.max_by("platform", "played_at").alias("n")).select("n"),
        {"n": {"plays.platform": PICKED}},
    ),
    "windows": (
        lambda p, t: p.select(
            F.row_number().over(_in_time()).alias("n"), F.lag("platform").over(_in_time()).alias("m")
        ),
        {"n": {"plays.user_id": WINDOW, "plays.played_at": WINDOW}, "m": {"plays.platform": WINDOW}},
    ),
    "conditions": (
        lambda p, t: p.select(
            F.when(F.col("is_skip"), F.col("duration_ms")).alias("n"), F.when(F.col("is_skip"), 1).alias("m")
        ),
        {"n": {"plays.duration_ms": COMPUTED}, "m": {"plays.is_skip": COMPUTED}},
    ),
    "a union by place": (
        lambda p, t: p.select("duration_ms").union(t.select("popularity")),
        {"duration_ms": {"plays.duration_ms": AS_IS, "tracks.popularity": AS_IS}},
    ),
    "a union by name": (
        lambda p, t: p.select("duration_ms").unionByName(t.select("isrc"), allowMissingColumns=True),
        {"duration_ms": LENGTH, "isrc": {"tracks.isrc": AS_IS}},
    ),
    "a join, named by alias": (
        lambda p, t: _left(p).join(t.alias("right"), on="track_id", how="left").select("track_id", "right.duration_ms"),
        {"track_id": {"plays.track_id": AS_IS}, "duration_ms": {"tracks.duration_ms": AS_IS}},
    ),
    "a full join": (
        lambda p, t: _left(p).join(t.select("track_id", "isrc"), on="track_id", how="full").drop("play_id"),
        {
            "track_id": {"plays.track_id": COMPUTED, "tracks.track_id": COMPUTED},
            "duration_ms": LENGTH,
            "isrc": {"tracks.isrc": AS_IS},
        },
    ),
    "a right join": (
        lambda p, t: _left(p).join(t.select("track_id"), on="track_id", how="right").select("track_id"),
        {"track_id": {"tracks.track_id": AS_IS}},
    ),
    "a join that only chooses": (
        lambda p, t: _left(p).join(t, on="track_id", how="left_semi").select("left.*"),
        {"play_id": {"plays.play_id": AS_IS}, "track_id": {"plays.track_id": AS_IS}, "duration_ms": LENGTH},
    ),
    "nulls filled, rows chosen": (
        lambda p, t: p.select("duration_ms").fillna(0).distinct().orderBy("duration_ms").limit(3),
        {"duration_ms": {"plays.duration_ms": COMPUTED}},
    ),
    "rows made of an array": (
        lambda p, t: p.select(F.posexplode(F.split("platform", ",")).alias("place", "n")),
        {"place": {"plays.platform": COMPUTED}, "n": {"plays.platform": COMPUTED}},
    ),
    "a Python function": (
        lambda p, t: p.select("platform", "country").mapInPandas(lambda groups: groups, "platform STRING, n INT"),
        {"platform": {"plays.platform": CARRIED}, "n": {"plays.platform": PYTHON, "plays.country": PYTHON}},
    ),
}


def _small(function: Callable[..., DataFrame], *names: str) -> Table:
    """A table of the test's own with these columns; the function names its inputs."""
    schema = ", ".join(f"{name} STRING COMMENT 'x'" for name in names or ("x",))
    return Table("small", "gold", schema, (), "For the test.", transform=function)


@pytest.mark.parametrize("step", STEPS)
def test_each_kind_of_step_is_followed(lineage: Lineage, step: str) -> None:
    made, expected = STEPS[step]

    def small(plays: DataFrame, tracks: DataFrame) -> DataFrame:
        return made(plays, tracks)

    traced = lineage.traced(_small(small, *expected))
    found = {
        name: {".".join(one): kind for one, kind in value.sources.items()} for name, value in traced.columns.items()
    }
    assert found == expected


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (lambda p: p.where("is_skip").select("n"), {"is_skip"}),
        (lambda p: p.orderBy("played_at").limit(3).select("n"), {"played_at"}),
        (lambda p: p.orderBy("played_at").select("n"), set()),
        (lambda p: p.dropDuplicates(["platform"]).select("n"), {"platform"}),
        (lambda p: p.dropna(subset=["country"]).select("n"), {"country"}),
        (
            lambda p: p.groupBy("platform").agg(F.max_by("n", "played_at").alias("n")).select("n"),
            {"platform", "played_at"},
        ),
        (lambda p: p.select(F.when(F.col("is_skip"), F.col("n")).alias("n")), {"is_skip"}),
        (lambda p: p.join(p.select("source").distinct(), on="source", how="left_anti").select("n"), {"source"}),
    ],
)
def test_what_only_chooses_is_told_apart(
    lineage: Lineage, made: Callable[[DataFrame], DataFrame], expected: set[str]
) -> None:
    def small(plays: DataFrame) -> DataFrame:
        return made(plays.withColumn("n", F.col("listened_ms")))

    known = Lineage(lineage.session, {**TABLES, "small": _small(small, "n")}, lineage.settings)
    assert known.of("small").untold == ""
    assert list(known.sources(Source("small", "n"))) == [Source("plays", "listened_ms")]
    assert known.chosen_by(Source("small", "n")) == {Source("plays", name) for name in expected}


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (lambda plays: plays.groupBy("user_id").pivot("source", ["a"]).count(), "a pivot makes columns from values"),
        (lambda plays: plays.describe("duration_ms"), "relation describe is not known"),
        (lambda plays: plays.select(F.col("not_there")), "no column named not_there"),
        (lambda plays: plays.select(plays.colRegex("`p.*`")), "expression unresolved_regex is not known"),
    ],
)
def test_what_cannot_be_followed_is_said_and_not_guessed(
    lineage: Lineage, step: Callable[[DataFrame], DataFrame], why: str
) -> None:
    def small(plays: DataFrame) -> DataFrame:
        return step(plays)

    with pytest.raises(LineageError, match=why):
        lineage.traced(_small(small))
    known = Lineage(lineage.session, {**TABLES, "small": _small(small)}, lineage.settings)
    assert why in known.of("small").untold


@pytest.mark.parametrize(
    ("text", "next_step"),
    [
        ("daily_listening.mean_valense", "Did you mean mean_valence"),
        ("daily_listning.mean_valence", "Did you mean daily_listening"),
        ("listend_ms", "Did you mean listened_ms"),
        ("plays", "Name one of its columns: plays."),
        ("plays.qqqq", "`lakesong tables plays` shows the columns."),
    ],
)
def test_an_unknown_name_is_answered_with_those_that_are_close(text: str, next_step: str) -> None:
    with pytest.raises(InputError) as found:
        columns_named(TABLES, text)
    assert found.value.next_step.startswith(next_step)


def test_a_column_without_its_table_means_every_table_that_has_it() -> None:
    named = columns_named(TABLES, "ms_played")
    assert named == [Source(name, "ms_played") for name, table in TABLES.items() if "ms_played" in table.ddl.split()]
    assert columns_named(TABLES, "plays.track_id") == [Source("plays", "track_id")]
