"""The file of one listener: what is in it, what cannot be reached from it, and its limits."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.errors import InputError
from config.settings import Settings
from ingestion.listeners import register_listener
from schemas.lake import Lake
from serving.declarations import served_declarations
from serving.lake_reader import open_reader
from serving.making import listener_ids, make_store, served_tables, store_file
from serving.store import QueryLimitError, Store


def test_every_table_stands_there_with_the_rows_that_the_lake_has(demo_store: Store, demo_lake: Lake) -> None:
    reader = open_reader(demo_lake)
    for name, table in served_tables().items():
        assert tuple(table.column_names) == served_declarations()[name].column_names
        found = demo_store.row(f'SELECT count(*) AS rows FROM "{name}"')
        if "user_id" in table.column_names and demo_store.has(name):
            expected = reader.execute(f"SELECT count(*) FROM \"{name}\" WHERE user_id = 'demo'").fetchone()
            assert found == {"rows": expected[0]}, name


def test_only_plays_that_no_rule_excludes_are_kept_plays(demo_store: Store) -> None:
    kept = demo_store.row("SELECT count(*) AS rows FROM kept_plays")
    expected = demo_store.row("SELECT count(*) AS rows FROM listening_with_features WHERE excluded_by IS NULL")
    assert kept == expected != {"rows": 0}


@pytest.fixture(scope="module")
def shared(demo_lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The demo's lake with a second listener, of whom there is no play."""
    folder = tmp_path_factory.mktemp("shared")
    shutil.copytree(demo_lake.local, folder / "lake", ignore=shutil.ignore_patterns("state"))
    register_listener(Lake(str(folder / "lake")), "guest", is_simulated=True)
    return Settings(_env_file=None, lake_uri=str(folder / "lake"), state_dir=folder / "state")


def test_no_row_about_another_listener_is_in_a_file(shared: Settings) -> None:
    assert listener_ids(shared) == ["demo", "guest"]
    store = Store(make_store(shared, "guest"))
    for name, table in served_tables().items():
        if "user_id" in table.column_names:
            assert store.rows(f'SELECT * FROM "{name}" WHERE user_id <> $user', user="guest") == [], name
    # Of music it knows what the public catalogue tells, and nothing of who played it.
    played = store.row(
        "SELECT count(*) FILTER (is_played) AS played, count(*) FILTER (track_genre IS NULL) AS private FROM tracks"
    )
    assert played == {"played": 0, "private": 0}
    assert store.row("SELECT count(*) AS rows FROM artist_names") == {"rows": 0}
    assert store.row("SELECT count(*) AS rows FROM recordings") == {"rows": 0}
    assert store.row("SELECT count(genre_time) + count(genre_listener_count) AS sums FROM genre_clusters") == {
        "sums": 0
    }
    assert b"Overgrown" not in store.file.read_bytes() or store.row("SELECT 1 FROM tracks LIMIT 1")
    store.close()


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO artists SELECT * FROM artists",
        "DROP TABLE artists",
        "CREATE TABLE mine AS SELECT 1",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "COPY artists TO '/tmp/artists.csv'",
        "ATTACH '/tmp/other.duckdb'",
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
        "INSTALL httpfs",
    ],
)
def test_nothing_can_be_written_or_read_from_elsewhere(query: str, demo_store: Store) -> None:
    with pytest.raises(InputError):
        demo_store.ask(query)


def test_a_query_ends_after_its_time(demo_store: Store) -> None:
    with pytest.raises(QueryLimitError, match=r"0\.2 s"):
        demo_store.ask(
            "SELECT count(*) FROM range(100000000) a, range(100000) b WHERE a.range % 7 = b.range", seconds=0.2
        )
    assert demo_store.row("SELECT 1 AS one") == {"one": 1}


def test_no_more_rows_come_than_are_asked_for(demo_store: Store) -> None:
    answer = demo_store.ask("SELECT * FROM range(50)", rows=10)
    assert len(answer.rows) == 10
    assert answer.is_cut
    assert not demo_store.ask("SELECT * FROM range(10)", rows=10).is_cut


def test_equal_versions_give_the_same_file_and_others_another(shared: Settings) -> None:
    file = make_store(shared, "demo")
    assert make_store(shared, "demo") == file
    assert list(file.parent.iterdir()) == [file]
    assert file.stat().st_mode & 0o077 == 0
    assert store_file(shared, "guest", "k").parent != file.parent


def test_a_listener_who_is_not_there_is_refused(demo_settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no listener nobody"):
        make_store(demo_settings, "nobody")
    empty = demo_settings.model_copy(update={"lake_uri": str(tmp_path / "none")})
    with pytest.raises(InputError, match="no lake"):
        make_store(empty, "demo")


def test_what_was_made_when_is_told(demo_store: Store) -> None:
    assert demo_store.user_id == "demo"
    assert demo_store.is_simulated
    assert demo_store.made_at.replace(tzinfo=demo_store.made_at.tzinfo or UTC) < datetime.now(UTC)
