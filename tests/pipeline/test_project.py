"""The build of the project's own tables: near a change alone, equal to a full build, and from nothing."""

import json
import random
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from config.settings import Settings
from engine.fingerprints import window_of
from ingestion.forgetting import forget_listener, plan_forget
from ingestion.history import import_history
from ingestion.undo import take_back
from pipeline import build, table_named
from schemas.bronze import listening_history_bronze, my_tracks_features_bronze, tracks_bronze
from schemas.lake import Lake
from writers.records import append_rows

from .conftest import AS_OF, MONTHS, made_rows, recorded_checks, rows, song

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class Built:
    """A lake of forty plays, built; the import that brought them, and the run that built it."""

    folder: Path
    batch_id: str
    run_id: str


@pytest.fixture(scope="module")
def built_once(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("built")
    settings = Settings(_env_file=None, lake_uri=str(folder / "lake"), state_dir=folder / "state")
    chance = random.Random(1)
    file = folder / "endsong_0.json"
    file.write_text(json.dumps([some(chance) for _ in range(40)]))
    report = import_history(spark, Lake(settings.lake_uri), [file])
    return Built(folder / "lake", report.batch_id, build(spark, settings, as_of=AS_OF).run_id)


@pytest.fixture
def built(built_once: Built, lake: Lake) -> Built:
    """That lake, in the place of the test's own."""
    shutil.copytree(built_once.folder, lake.local)
    return built_once


def some(chance: random.Random) -> dict[str, Any]:
    """A play of the first half of the year, of one of eight tracks; every third was offline and came later."""
    at = datetime(2024, 1, 1, tzinfo=UTC).timestamp() + chance.randrange(0, 150 * 86_400)
    late = chance.random() < 0.3
    upload = at + (chance.randrange(0, 27 * 86_400) if late else 0)
    stamp = datetime.fromtimestamp(upload, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    offline = {"offline": True, "offline_timestamp": int(at) - 180} if late else {"offline": False}
    return song(stamp, name=chance.randrange(8), **offline)


def test_the_project_rebuilds_only_months_near_a_change(built: Built, add: Any, run: Any) -> None:
    add(song("2024-01-20T10:00:00Z", name=5))
    made = run("listening_with_features").built
    for name in ("plays", "listening_with_features"):
        before, after = table_named(name).window or (0, 0)
        assert "2024-01" in made[name] and set(made[name]) <= set(window_of("2024-01", (after + 1, before + 1)))


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


def test_what_is_learned_of_a_track_that_nobody_played_rebuilds_no_plays(built: Built, run: Any, lake: Lake) -> None:
    learn(lake, "z", 200_000)
    made = run().built
    assert "tracks" in made and "plays" not in made and "listening_with_features" not in made


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


@pytest.mark.parametrize("times", [1, pytest.param(2, marks=pytest.mark.long), pytest.param(3, marks=pytest.mark.long)])
def test_builds_after_random_additions_equal_a_full_build(
    times: int, built: Built, add: Any, run: Any, lake: Lake
) -> None:
    chance = random.Random(f"additions {times}")
    for name in chance.sample(range(8), times):  # a service is asked once for a track
        add(*(some(chance) for _ in range(3)))
        learn(lake, str(chance.randrange(8)), chance.randrange(100_000, 300_000))
        measure(lake, str(name), chance.random())
        run()
    in_parts = made_rows(lake)
    run(full=True)
    whole = made_rows(lake)
    assert [name for name in whole if whole[name] != in_parts[name]] == []
    assert len(whole["plays"]) == len(rows(lake, listening_history_bronze)) == 40 + 3 * times


def test_every_rule_of_the_project_passes_on_a_small_lake(built: Built, lake: Lake) -> None:
    checks = recorded_checks(lake, built.run_id)
    assert {key: row["error"] for key, row in checks.items() if row["status"] == "FAIL"} == {}
    assert {("plays", "records_add_up"), ("daily_listening", "totals_are_those_of_silver")} <= checks.keys()


def test_a_lake_whose_only_import_is_undone_builds_to_tables_without_plays(built: Built, run: Any, lake: Lake) -> None:
    assert len(rows(lake, table_named("plays"))) == 40
    take_back(lake, built.batch_id)
    assert "plays" in run().built
    assert {name for name, found in made_rows(lake).items() if found} == set()
    assert dict(run().built) == {}


@pytest.mark.long
def test_a_lake_whose_last_listener_is_forgotten_builds_to_tables_without_rows(
    built: Built, run: Any, lake: Lake, settings: Settings
) -> None:
    assert len(rows(lake, table_named("plays"))) == 40
    forget_listener(settings, plan_forget(settings, "me"))
    assert "plays" in run().built
    assert {name for name, found in made_rows(lake).items() if found} == set()
