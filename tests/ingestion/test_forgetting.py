"""A forgotten listener is in no file of the lake or the state folder any more, and the others are as they were."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from clients.tokens import Token, TokenStore
from config.errors import InputError, LakesongError
from config.settings import Settings
from config.state_file import write_state
from ingestion.forgetting import forget_listener, left_over, plan_forget, purge
from ingestion.history import import_history
from ingestion.synthetic import add_synthetic_features
from ingestion.traces import still_named
from pipeline import build, declared_tables, table_named
from schemas.lake import Lake
from schemas.records import created_playlists, listener_consents, qa_validation_results
from writers.records import append_rows
from writers.removal import drop_old_versions

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

GONE, STAYS = "gone-7f3c91", "stays-22d1b4"
BUILT = ("listening_with_features", "daily_listening", "coverage_gaps")
AT = datetime(2024, 5, 9, tzinfo=UTC)
PLAYED = {GONE: "Secret Song", STAYS: "Other Song"}


def played_by(user: str) -> list[Any]:
    return [
        {
            "ts": f"2024-0{month}-0{day}T12:00:00Z",
            "ms_played": 180_000,
            "spotify_track_uri": f"spotify:track:{user}{day}",
            "master_metadata_track_name": f"{PLAYED[user]} {day}",
            "master_metadata_album_artist_name": "Ann",
        }
        for month in (4, 5)
        for day in (1, 2, 3)
    ] + [{"ts": "never", "master_metadata_track_name": f"{PLAYED[user]} 4"}]


@pytest.fixture(scope="module")
def made_once(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake of two listeners, built, with all kinds of rows that name the one who is to go."""
    folder = tmp_path_factory.mktemp("family")
    settings = Settings(_env_file=None, lake_uri=str(folder / "lake"), state_dir=folder / "state")
    lake = Lake(settings.lake_uri)
    for user in (GONE, STAYS):
        file = folder / user / "endsong_0.json"
        file.parent.mkdir()
        file.write_text(json.dumps(played_by(user)))
        import_history(spark, lake, [file], user_id=user)
    add_synthetic_features(spark, lake, "missing")
    build_now(spark, settings)
    append_rows(
        lake,
        listener_consents,
        [{"user_id": u, "consent": "compare", "is_given": True, "recorded_at": AT} for u in (GONE, STAYS)],
    )
    found = dict.fromkeys(qa_validation_results.column_names) | {
        "run_id": "r", "table_name": "plays", "expectation": "e", "status": "WARN", "row_count": 1, "failing_rows": 1,
        "sample_keys": json.dumps([{"user_id": GONE}]), "error": f"of {GONE}: odd", "checked_at": AT,
    }  # fmt: skip
    append_rows(lake, qa_validation_results, [found])
    blend = dict.fromkeys(created_playlists.column_names, "x") | {
        "user_id": STAYS, "is_simulated": False, "playlist_name": f"Lakesong: blend {GONE}",
        "playlist_kind": f"blend {GONE}", "status": "filled", "is_public": False, "track_uris": "[]", "recorded_at": AT,
    }  # fmt: skip
    append_rows(lake, created_playlists, [blend])
    return lake


@pytest.fixture
def family(made_once: Lake, lake: Lake) -> Lake:
    """That lake, for one test."""
    shutil.copytree(made_once.root, lake.root)
    return lake


def build_now(spark: SparkSession, settings: Settings) -> None:
    build(spark, settings, as_of=date(2024, 6, 1), names=BUILT)


def state_of(settings: Settings) -> list[Path]:
    """Puts into the state folder what names the listener; gives the files that are theirs alone."""
    store = TokenStore(settings.token_file)
    for user in (GONE, STAYS):
        store.put(Token(user, "access", "refresh", "scope", AT, AT, f"account of {user}"))
    write_state(settings.state_dir / ".alerts.json", {f"gap_found {GONE}": ["webhook"], f"gap_found {STAYS}": ["ntfy"]})
    pages, watched = settings.state_dir / "wrapped" / GONE, settings.state_dir / "watch" / f"{GONE}.json"
    write_state(pages / "2024" / "index.json", {"of": GONE})
    write_state(watched, {"of": GONE})
    return [pages, watched]


def forget(spark: SparkSession, settings: Settings, files: list[Path]) -> None:
    forget_listener(settings, plan_forget(settings, GONE, files))
    build_now(spark, settings)
    purge(settings, GONE)


def files_that_hold(folder: Path, *words: str) -> list[str]:
    """Files whose bytes, or whose values where they are Parquet, hold one of the words."""
    found = []
    for path in (path for path in folder.rglob("*") if path.is_file()):
        held = path.read_bytes()
        if path.suffix == ".parquet":
            held += repr(pq.read_table(path, partitioning=None).to_pylist()).encode()
        if any(word.encode() in held for word in words):
            found.append(str(path.relative_to(folder)))
    return sorted(found)


def rows_of(lake: Lake, user: str) -> dict[str, list[str]]:
    tables = (t for t in declared_tables().values() if "user_id" in t.column_names and lake.has(t))
    held = {t.name: lake.open(t).to_pyarrow_table(columns=t.column_names).to_pylist() for t in tables}
    return {name: sorted(repr(row) for row in rows if row["user_id"] == user) for name, rows in held.items()}


def test_no_file_holds_the_listener_their_plays_or_their_music(
    spark: SparkSession, settings: Settings, family: Lake
) -> None:
    files = state_of(settings)
    history = family.open(table_named("listening_history_bronze")).to_pyarrow_table().to_pylist()
    plays = family.open(table_named("plays")).to_pyarrow_table().to_pylist()
    ids = [row["record_id"] for row in history if row["user_id"] == GONE]
    ids += [row["play_id"] for row in plays if row["user_id"] == GONE]
    words = (GONE, "Secret Song", *ids)
    before = rows_of(family, STAYS)
    assert len(ids) == 12
    assert files_that_hold(family.local, *words)
    assert files_that_hold(settings.state_dir, *words)
    forget(spark, settings, files)
    assert files_that_hold(family.local, *words) == files_that_hold(settings.state_dir, *words) == []
    after = rows_of(family, STAYS)
    blends = [after.pop("created_playlists"), before.pop("created_playlists")]
    assert blends[0] == [blends[1][0].replace(GONE, "a former listener")]
    assert after == before
    assert TokenStore(settings.token_file).users() == [STAYS]


def test_old_versions_stay_until_the_made_tables_are_without_the_listener(settings: Settings, family: Lake) -> None:
    forget_listener(settings, plan_forget(settings, GONE))
    assert left_over(family, GONE)["listening_with_features"] == 6
    with pytest.raises(LakesongError, match="still hold rows of the listener"):
        purge(settings, GONE)
    assert family.has_version(table_named("listening_history_bronze"), 0)


def test_what_was_stopped_half_way_is_completed_though_the_listener_is_listed_no_more(
    spark: SparkSession, settings: Settings, family: Lake
) -> None:
    forget_listener(settings, plan_forget(settings, GONE))
    plan = plan_forget(settings, GONE)
    assert plan.is_begun and plan.rows == {}
    forget(spark, settings, [])
    assert files_that_hold(family.local, GONE, "Secret Song") == []
    with pytest.raises(InputError, match=f"There is no listener {GONE}"):
        plan_forget(settings, GONE)


def test_what_people_wrote_is_named_and_left_to_them(settings: Settings, family: Lake) -> None:
    rules = family.local / "rules" / "exclusions.toml"
    rules.parent.mkdir()
    rules.write_text(f'[[exclusion]]\nuser = "{GONE}"\n')
    (family.local / "rules" / "other.toml").write_text(f'user = "{GONE}-junior"\n')
    assert still_named(settings, GONE) == [rules]


def test_dropping_old_versions_keeps_the_newest_with_its_number_and_rows(lake: Lake) -> None:
    for number in range(3):
        append_rows(
            lake,
            listener_consents,
            [{"user_id": f"u{number}", "consent": "compare", "is_given": True, "recorded_at": AT}],
        )
    before = lake.open(listener_consents)
    rows, version = before.to_pyarrow_table().sort_by("user_id"), before.version()
    drop_old_versions(lake, listener_consents)
    after = lake.open(listener_consents)
    assert (after.version(), after.to_pyarrow_table().sort_by("user_id")) == (version, rows)
    assert not lake.has_version(listener_consents, version - 1)
