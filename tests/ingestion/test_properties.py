"""What holds for whatever history: import twice = once, any order = the same tables, every row has one place."""

import json
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from config.settings import Settings
from emulator.export_files import write_account_data, write_extended_export
from emulator.simulator import simulate
from ingestion.history import import_history
from pipeline import build, table_named
from schemas.bronze import listening_history_bronze, rejected_records_bronze
from schemas.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Key = tuple[str, str]


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one example of a property."""
    folder = Path(mkdtemp())
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def keys(lake: Lake) -> list[Key]:
    found = lake.open(listening_history_bronze).to_pyarrow_table(columns=["record_id", "revision"]).to_pylist()
    return sorted((row["record_id"], row["revision"]) for row in found)


def plays_of(spark: "SparkSession", folder: Path, lake: Lake) -> list[tuple[Any, ...]]:
    settings = Settings(_env_file=None, lake_uri=lake.uri, state_dir=folder / "state")
    build(spark, settings, as_of=date(2026, 11, 1), names=["plays"])
    found = lake.open(table_named("plays")).to_pyarrow_table().to_pylist()
    return sorted((tuple(row.values()) for row in found), key=str)


ENTRIES = st.lists(
    st.one_of(
        st.builds(
            lambda minute, name, ms: {
                "ts": f"2024-01-31T23:{minute:02d}:00Z",
                "ms_played": ms,
                "spotify_track_uri": f"spotify:track:t{name}",
                "master_metadata_track_name": f"Song {name}",
                "master_metadata_album_artist_name": "Ann",
            },
            st.integers(50, 59), st.integers(0, 2), st.sampled_from([1000, 200_000]),
        ),
        st.builds(
            lambda minute: {"ts": f"2024-01-31T23:{minute:02d}:00Z", "ms_played": 5, "episode_name": "One"},
            st.integers(55, 59),
        ),
        st.sampled_from([None, 7, {"ts": "never"}, {"ts": "2024-01-01T00:00:00Z", "ms_played": -1}]),
    ),
    max_size=12,
)  # fmt: skip


@bounded(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.lists(ENTRIES, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_whatever_the_files_hold_every_row_has_one_fate_and_order_and_repetition_change_nothing(
    spark: "SparkSession", contents: list[Any], chance: random.Random
) -> None:
    with scratch() as folder:
        paths = [folder / f"endsong_{number}.json" for number in range(len(contents))]
        for path, entries in zip(paths, contents, strict=True):
            path.write_text(json.dumps(entries))
        together, one_by_one = Lake(str(folder / "together")), Lake(str(folder / "one"))
        total = import_history(spark, together, paths).total
        assert total.rows == sum(map(len, contents))
        assert total.new == len({record for record, _ in keys(together)})
        stored = keys(together)
        again = import_history(spark, together, paths).total
        assert (again.new, keys(together)) == (0, stored)
        chance.shuffle(paths)
        new = sum(import_history(spark, one_by_one, [path]).total.new for path in paths)
        assert (new, keys(one_by_one)) == (total.new, stored)
        assert plays_of(spark, folder, one_by_one) == plays_of(spark, folder, together)


@pytest.mark.parametrize("seed", [3, 4])
def test_plays_merged_not_music_duplicates_and_rejected_are_the_rows_of_the_files(
    seed: int, spark: "SparkSession", tmp_path: Path
) -> None:
    """An export and the account data of the same listener, in both orders, one with rows that cannot be used."""
    simulation = simulate(seed=seed, days=45, plays_per_day=12)
    export, account = tmp_path / "export.zip", tmp_path / "account.zip"
    write_extended_export(simulation, export, rows_per_file=200)
    write_account_data(simulation, account)
    lakes = []
    for name, order in (("a", [export, account]), ("b", [account, export])):
        lake = Lake(str(tmp_path / name))
        totals = [import_history(spark, lake, [path]).total for path in order]
        plays = lake_plays = plays_of(spark, tmp_path, lake)
        columns = table_named("plays").column_names
        merged = sum(row[columns.index("record_count")] - 1 for row in plays)
        not_music, duplicates, rejected = (
            sum(getattr(total, name) for total in totals) for name in ("not_music", "duplicate_in_file", "rejected")
        )
        known = sum(total.already_known for total in totals)
        assert len(plays) + merged + not_music + duplicates + rejected + known == sum(total.rows for total in totals)
        assert known == 0 < merged
        lakes.append((keys(lake), lake_plays))
    assert lakes[0] == lakes[1]


def test_a_file_of_nothing_but_rejected_rows_is_all_dead_letters(spark: "SparkSession", tmp_path: Path) -> None:
    (tmp_path / "endsong_0.json").write_text(json.dumps([None, 7, {"ts": "never"}]))
    lake = Lake(str(tmp_path / "lake"))
    total = import_history(spark, lake, [tmp_path / "endsong_0.json"]).total
    assert (total.rows, total.rejected, keys(lake)) == (3, 3, [])
    assert lake.open(rejected_records_bronze).to_pyarrow_dataset().count_rows() == 3
