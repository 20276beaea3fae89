"""The build: inputs first, only what changed, the same as a full build, and nothing released that breaks a rule."""

import json
from dataclasses import replace as changed
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

import pipeline
from config.errors import ExpectationError, InputError
from config.settings import Settings
from engine.fingerprints import window_of
from ingestion.history import import_history
from pipeline import BuildResult, build, declared_tables, latest_release, table_named
from schemas.bronze import listening_history_bronze, my_tracks_features_bronze, tracks_bronze
from schemas.declaration import Expectation, Table, table
from schemas.lake import Lake
from schemas.records import listeners, pipeline_runs, qa_validation_results
from writers.delta import replace
from writers.records import append_rows

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

AS_OF = date(2024, 7, 1)


@table(
    layer="silver",
    schema="""
        user_id      STRING NOT NULL COMMENT 'Listener',
        played_month STRING NOT NULL COMMENT 'Month',
        heard        BIGINT NOT NULL COMMENT 'Records of the month and of the one before'
    """,
    primary_key=("user_id", "played_month"),
    partition_by=("played_month",),
    expectations={
        "few": Expectation("heard < 100", "WARN"),
        "not_too_many": Expectation("heard < 1000"),
    },
    window=(1, 0),
)
def heard_lately(listening_history_bronze: DataFrame) -> DataFrame:
    """A small monthly table: records of a month and the one before."""
    own = F.col("played_month")
    following = F.date_format(F.add_months(F.to_date(F.concat(own, F.lit("-01"))), 1), "yyyy-MM")
    both = F.explode(F.array(own, following))
    heard = listening_history_bronze.select("user_id", both.alias("played_month"))
    return heard.groupBy("user_id", "played_month").agg(F.count("*").alias("heard"))


@table(
    layer="gold",
    schema="""
        user_id STRING NOT NULL COMMENT 'Listener',
        heard   BIGINT NOT NULL COMMENT 'Twice the records',
        day     STRING NOT NULL COMMENT 'Day of the build',
        zone    STRING NOT NULL COMMENT 'Zone of the settings'
    """,
    primary_key=("user_id",),
)
def heard_in_all(heard_lately: DataFrame, *, as_of: date, timezone: str) -> DataFrame:
    """A small whole table that names the day and a setting."""
    sums = heard_lately.groupBy("user_id").agg(F.sum("heard").alias("heard"))
    return sums.withColumns({"day": F.lit(str(as_of)), "zone": F.lit(timezone)})


@table(
    layer="gold",
    schema="user_id STRING NOT NULL COMMENT 'Listener', months BIGINT NOT NULL COMMENT 'Months heard'",
    primary_key=("user_id",),
)
def months_heard(heard_lately: DataFrame) -> DataFrame:
    """A small whole table that names neither."""
    return heard_lately.groupBy("user_id").agg(F.count("*").alias("months"))


SMALL = (heard_lately, heard_in_all, months_heard)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> dict[str, Table]:
    """A DAG of three small tables in place of the project's, so that what is rebuilt can be seen exactly."""
    sources = {t.name: t for t in (listening_history_bronze, listeners, pipeline_runs, qa_validation_results)}
    dag = {**sources, **{t.name: t for t in SMALL}}
    monkeypatch.setattr(pipeline, "declared_tables", lambda: dag)
    return dag


def song(stamp: str, **changes: Any) -> dict[str, Any]:
    name = changes.pop("name", stamp)
    return {
        "ts": stamp,
        "ms_played": 180_000,
        "spotify_track_uri": f"spotify:track:{name}",
        "master_metadata_track_name": f"Song {name}",
        "master_metadata_album_artist_name": "Ann",
        **changes,
    }


@pytest.fixture
def add(spark: "SparkSession", lake: Lake, tmp_path: Path) -> Any:
    def import_(*entries: Any) -> None:
        path = tmp_path / f"endsong_{len(list(tmp_path.glob('endsong_*')))}.json"
        path.write_text(json.dumps(entries))
        import_history(spark, lake, [path])

    return import_


@pytest.fixture
def run(spark: "SparkSession", settings: Settings) -> Any:
    def build_(*names: str, as_of: date = AS_OF, full: bool = False, **changes: Any) -> BuildResult:
        return build(spark, settings.model_copy(update=changes), as_of=as_of, names=names, full=full)

    return build_


def rows(lake: Lake, declared: Table) -> list[tuple[Any, ...]]:
    found = lake.open(declared).to_pyarrow_table().select(declared.column_names).to_pylist()
    return sorted((tuple(row.values()) for row in found), key=str)


def made_rows(lake: Lake) -> dict[str, list[tuple[Any, ...]]]:
    return {t.name: rows(lake, t) for t in declared_tables().values() if t.transform is not None}


MONTHS = [f"2024-{month:02d}" for month in range(1, 7)]


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


def test_the_project_rebuilds_only_months_near_a_change_and_equals_a_full_build(add: Any, run: Any, lake: Lake) -> None:
    add(*(song(f"{month}-{day:02d}T10:00:00Z", name=day) for month in MONTHS for day in (5, 15, 25)))
    run()
    add(song("2024-01-20T10:00:00Z", name=5))
    built = run().built
    in_parts = made_rows(lake)
    run(full=True)
    assert made_rows(lake) == in_parts
    for name in ("plays", "listening_with_features"):
        before, after = table_named(name).window or (0, 0)
        assert set(built[name]) <= set(window_of("2024-01", (after + 1, before + 1)))


def learn(lake: Lake, track_id: str, duration_ms: int) -> None:
    """The catalogue describes a track."""
    track = {"track_id": track_id, "provider": "spotify", "revision": str(duration_ms), "mapper_version": 1}
    batch = {"batch_id": "b", "ingested_at": datetime(2024, 7, 1, tzinfo=UTC)}
    append_rows(lake, tracks_bronze, [{**track, "duration_ms": duration_ms, **batch}])


def measure(lake: Lake, track_id: str, energy: float) -> None:
    """A service gives a track's features."""
    features = {"track_id": track_id, "source": "reccobeats", "valence": 0.5, "energy": energy}
    batch = {"batch_id": "b", "ingested_at": datetime(2024, 7, 1, tzinfo=UTC)}
    append_rows(lake, my_tracks_features_bronze, [{**features, **batch}])


@pytest.mark.long
def test_what_is_learned_of_a_track_rebuilds_the_months_in_which_it_was_played(add: Any, run: Any, lake: Lake) -> None:
    add(*(song(f"{month}-05T10:00:00Z", name=name) for month, name in zip(MONTHS, "abcabc", strict=True)))
    run()
    learn(lake, "b", 200_000)
    assert run().built["plays"] == ["2024-02", "2024-05"]
    measure(lake, "c", 0.4)
    built = run().built
    assert "plays" not in built
    assert built["listening_with_features"] == ["2024-03", "2024-06"]
    in_parts = made_rows(lake)
    run(full=True)
    assert made_rows(lake) == in_parts


def test_what_is_learned_of_a_track_that_nobody_played_rebuilds_no_plays(add: Any, run: Any, lake: Lake) -> None:
    add(*(song(f"{month}-05T10:00:00Z", name="a") for month in MONTHS))
    run()
    learn(lake, "z", 200_000)
    built = run().built
    assert "tracks" in built and "plays" not in built and "listening_with_features" not in built


@pytest.mark.long
def test_a_table_of_whole_weeks_is_built_when_its_week_is_over(add: Any, run: Any, lake: Lake) -> None:
    """The build is on a Wednesday, Thursday and the Monday after; what is heard on Tuesday counts on Monday."""
    past = [song(f"{month}-{day:02d}T10:00:00Z", name=day) for month in MONTHS for day in (5, 15, 25)]
    add(*past, song("2024-07-01T10:00:00Z", name=5))
    run(as_of=date(2024, 7, 3))
    add(song("2024-07-02T10:00:00Z", name=5))
    assert "wellbeing_indicators" not in run(as_of=date(2024, 7, 3)).built
    assert "wellbeing_indicators" not in run(as_of=date(2024, 7, 4)).built
    assert "wellbeing_indicators" in run(as_of=date(2024, 7, 8)).built
    add(song("2024-06-20T10:00:00Z", name=5))
    assert "wellbeing_indicators" in run(as_of=date(2024, 7, 8)).built
    in_parts = made_rows(lake)
    run(as_of=date(2024, 7, 8), full=True)
    assert made_rows(lake) == in_parts


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long)])
def test_builds_after_random_additions_equal_a_full_build(seed: int, add: Any, run: Any, lake: Lake) -> None:
    import random

    chance = random.Random(seed)

    def some() -> dict[str, Any]:
        at = datetime(2024, 1, 1, tzinfo=UTC).timestamp() + chance.randrange(0, 150 * 86_400)
        late = chance.random() < 0.3
        upload = at + (chance.randrange(0, 27 * 86_400) if late else 0)
        stamp = datetime.fromtimestamp(upload, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        offline = {"offline": True, "offline_timestamp": int(at) - 180} if late else {"offline": False}
        return song(stamp, name=chance.randrange(8), **offline)

    add(*(some() for _ in range(40)))
    run()
    for _ in range(2):
        add(*(some() for _ in range(3)))
        learn(lake, str(chance.randrange(8)), chance.randrange(100_000, 300_000))
        measure(lake, str(chance.randrange(8)), chance.random())
        run()
    in_parts = made_rows(lake)
    run(full=True)
    whole = made_rows(lake)
    assert [name for name in whole if whole[name] != in_parts[name]] == []
    assert len(whole["plays"]) == len(rows(lake, listening_history_bronze))


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


def recorded_checks(lake: Lake, run_id: str) -> dict[tuple[str, str], dict[str, Any]]:
    found = lake.open(qa_validation_results).to_pyarrow_table().to_pylist()
    return {(row["table_name"], row["expectation"]): row for row in found if row["run_id"] == run_id}


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


def test_every_rule_of_the_project_passes_on_a_small_lake(add: Any, run: Any, lake: Lake) -> None:
    add(*(song(f"{month}-{day:02d}T10:00:00Z", name=day) for month in MONTHS for day in (5, 15, 25)))
    checks = recorded_checks(lake, run().run_id)
    assert {key: row["error"] for key, row in checks.items() if row["status"] == "FAIL"} == {}
    assert {("plays", "records_add_up"), ("daily_listening", "totals_are_those_of_silver")} <= checks.keys()


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
