"""A backup gives the same lake back, whole or not at all, and never holds a secret."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from clients.tokens import Token, TokenStore
from config.errors import InputError
from config.settings import Settings
from ingestion.backup import write_backup
from ingestion.half_restored import refuse_half_restored
from ingestion.restoring import finish_restore, restore_backup
from pipeline import latest_release, table_named
from schemas.bronze import listening_history_bronze, tracks_bronze
from schemas.lake import Lake
from schemas.records import listeners, pipeline_runs
from writers.records import append_rows

PROJECT = Path(__file__).parents[2]
AT = datetime(2024, 5, 9, tzinfo=UTC)


def put(lake: Lake, table: Any, **values: Any) -> None:
    filler = {"STRING": "x", "INT": 0, "BIGINT": 0, "BOOLEAN": False, "TIMESTAMP": AT, "DATE": AT.date()}
    row = {c.name: None if c.nullable else filler[c.type] for c in table.columns}
    append_rows(lake, table, [row | values])


@pytest.fixture
def filled(settings: Settings, lake: Lake) -> Lake:
    """Plays of two months, a listener, a released build of a silver table, rules, and secrets beside them."""
    for number, month in enumerate(("2024-04", "2024-05")):
        put(
            lake, listening_history_bronze, record_id=f"r{number}", played_month=month, source="recently_played",
            kind="track",
        )  # fmt: skip
    put(lake, listeners, user_id="ann")
    put(lake, table_named("tracks"), track_id="t1")
    release = {"tracks": lake.open(table_named("tracks")).version()}
    put(lake, pipeline_runs, status="released", release=json.dumps(release), fingerprints="{}")
    rules = lake.local / "rules" / "exclusions.toml"
    rules.parent.mkdir()
    rules.write_text("# mine\n")
    TokenStore(settings.token_file).put(Token("ann", "SECRET-access", "SECRET-refresh", "scope", AT, AT, "ann"))
    TokenStore(lake.local / ".spotify_tokens.json").put(Token("ann", "SECRET-a", "SECRET-r", "scope", AT, AT, "ann"))
    return lake


def tree(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file()) if folder.exists() else ()
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def rows(lake: Lake, table: Any) -> list[str]:
    return sorted(map(repr, lake.open(table).to_pyarrow_table().to_pylist())) if lake.has(table) else []


def test_a_restored_lake_has_the_rows_versions_and_rules_of_the_moment(
    settings: Settings, filled: Lake, tmp_path: Path
) -> None:
    done = write_backup(settings, tmp_path / "b.tar.gz", is_whole=False)
    history = rows(filled, listening_history_bronze)
    version = filled.open(listening_history_bronze).version()
    put(
        filled, listening_history_bronze, record_id="later", played_month="2024-06", source="recently_played",
        kind="track",
    )  # fmt: skip
    copy = Lake(str(tmp_path / "copy"))
    restored = restore_backup(copy, tmp_path / "b.tar.gz")
    assert rows(copy, listening_history_bronze) == history
    assert restored.versions["listening_history_bronze"] == copy.open(listening_history_bronze).version() == version
    assert rows(copy, listeners) == rows(filled, listeners)
    assert (copy.local / "rules" / "exclusions.toml").read_text() == "# mine\n"
    assert sorted(path.name for path in copy.local.iterdir()) == ["bronze", "records", "rules"]
    assert done.is_whole is False and not copy.has(table_named("tracks"))


def test_a_backup_without_made_tables_releases_none_of_them_and_a_whole_one_all(
    settings: Settings, filled: Lake, tmp_path: Path
) -> None:
    part, whole = Lake(str(tmp_path / "part")), Lake(str(tmp_path / "whole"))
    write_backup(settings, tmp_path / "p.tar.gz", is_whole=False)
    write_backup(settings, tmp_path / "w.tar.gz", is_whole=True)
    restore_backup(part, tmp_path / "p.tar.gz")
    restore_backup(whole, tmp_path / "w.tar.gz")
    assert latest_release(part).versions == {}
    assert latest_release(whole).versions == latest_release(filled).versions
    assert rows(whole, table_named("tracks")) == rows(filled, table_named("tracks")) != []


def test_no_secret_is_in_a_backup_and_only_its_owner_may_read_it(
    settings: Settings, filled: Lake, tmp_path: Path
) -> None:
    file = tmp_path / "b.tar.gz"
    write_backup(settings, file, is_whole=True)
    assert b"SECRET" not in gzip.decompress(file.read_bytes())
    assert file.stat().st_mode & 0o777 == 0o600


def test_restoring_changes_nothing_but_tables_and_rules(settings: Settings, filled: Lake, tmp_path: Path) -> None:
    write_backup(settings, tmp_path / "b.tar.gz", is_whole=False)
    put(filled, tracks_bronze, track_id="later")
    (filled.local / "kaggle").mkdir()
    (filled.local / "kaggle" / "dataset.csv").write_text("mine")
    restore_backup(filled, tmp_path / "b.tar.gz")
    assert rows(filled, tracks_bronze) == []
    assert (filled.local / "kaggle" / "dataset.csv").read_text() == "mine"
    assert (filled.local / ".spotify_tokens.json").exists()
    assert not filled.has(table_named("tracks"))
    assert not [path.name for path in filled.local.iterdir() if path.name.startswith(".re")]


def _changed(file: Path, change: Any) -> None:
    """Write the archive again with each member's bytes as `change` gives them; None leaves one out."""
    with tarfile.open(file) as archive:
        members = [(m.name, archive.extractfile(m).read()) for m in archive]  # type: ignore[union-attr]
    with tarfile.open(file, "w:gz") as archive:
        for name, content in (pair for member in members for pair in change(*member)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


DAMAGES: dict[str, Any] = {
    "cut off": lambda file: file.write_bytes(file.read_bytes()[:-200]),
    "cut early": lambda file: file.write_bytes(file.read_bytes()[:300]),
    "no archive": lambda file: file.write_bytes(b"x" * 1000),
    "empty": lambda file: file.write_bytes(b""),
    "another byte": lambda file: _changed(file, lambda name, c: [(name, c + b" " if name.endswith(".toml") else c)]),
    "a member less": lambda file: _changed(file, lambda name, c: [] if name.endswith(".toml") else [(name, c)]),
    "no manifest": lambda file: _changed(file, lambda name, c: [] if name == "manifest.json" else [(name, c)]),
    "a way out": lambda file: _changed(file, lambda name, c: [("bronze/../../evil", c), (name, c)]),
    "something else": lambda file: _changed(file, lambda name, c: [("tokens.json", c), (name, c)]),
    "a later format": lambda file: _changed(
        file, lambda name, c: [(name, c.replace(b'"format": 1', b'"format": 2') if name == "manifest.json" else c)]
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_is_damaged_changes_nothing(damage: str, settings: Settings, filled: Lake, tmp_path: Path) -> None:
    file = tmp_path / "b.tar.gz"
    write_backup(settings, file, is_whole=False)
    DAMAGES[damage](file)
    before = tree(filled.local)
    for lake in (filled, Lake(str(tmp_path / "new"))):
        with pytest.raises(InputError, match=r"is damaged: .* Nothing was changed|another version of Lakesong"):
            restore_backup(lake, file)
    assert tree(filled.local) == before
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / "evil").exists()


def test_a_restore_that_fails_at_any_step_is_refused_or_completed_and_never_mixed_for_good(
    settings: Settings, filled: Lake, tmp_path: Path
) -> None:
    file = tmp_path / "b.tar.gz"
    write_backup(settings, file, is_whole=False)
    put(filled, tracks_bronze, track_id="later")
    seen: list[str] = []
    once = Lake(str(tmp_path / "once"))
    shutil.copytree(filled.root, once.root)
    restore_backup(once, file, seen.append)
    for last in range(len(seen)):
        lake = Lake(str(tmp_path / f"failed-{last}"))
        shutil.copytree(filled.root, lake.root)
        steps = iter(range(len(seen)))

        def fail(line: str, steps: Iterator[int] = steps, last: int = last) -> None:
            if next(steps) == last:
                raise OSError("the disk is gone")

        with pytest.raises(OSError, match="the disk is gone"):
            restore_backup(lake, file, fail)
        if last:
            with pytest.raises(InputError, match="stopped half-way"):
                refuse_half_restored(lake)
            finish_restore(lake)
            assert rows(lake, tracks_bronze) == []
        else:
            assert tree(lake.local) == tree(filled.local)
            restore_backup(lake, file)
        refuse_half_restored(lake)
        assert tree(lake.local).keys() >= tree(once.local).keys() - {
            name for name in tree(once.local) if "pipeline_runs" in name
        }
        assert rows(lake, listening_history_bronze) == rows(once, listening_history_bronze)
        assert not lake.has(table_named("tracks"))


KILLED_AT = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from ingestion.restoring import restore_backup
from schemas.lake import Lake

def progress(line):
    if line == "moving records in":
        os.kill(os.getpid(), signal.SIGKILL)
restore_backup(Lake(sys.argv[1]), Path(sys.argv[2]), progress)
"""


def test_a_restore_that_was_killed_between_two_moves_is_completed_by_the_same_command(
    settings: Settings, filled: Lake, tmp_path: Path
) -> None:
    file = tmp_path / "b.tar.gz"
    write_backup(settings, file, is_whole=False)
    put(filled, tracks_bronze, track_id="later")
    program = [sys.executable, "-c", KILLED_AT, filled.root, str(file), str(PROJECT)]
    assert subprocess.run(program, check=False).returncode == -signal.SIGKILL
    with pytest.raises(InputError, match="stopped half-way"):
        refuse_half_restored(filled)
    restore_backup(filled, file)
    assert rows(filled, tracks_bronze) == []
    assert len(rows(filled, listeners)) == 1
    refuse_half_restored(filled)


def test_a_lake_in_an_object_store_is_told_what_to_use_instead(settings: Settings, tmp_path: Path) -> None:
    remote = settings.model_copy(update={"lake_uri": "s3://bucket/lake"})
    with pytest.raises(InputError, match="aws s3 sync"):
        write_backup(remote, tmp_path / "b.tar.gz", is_whole=False)
    with pytest.raises(InputError, match="aws s3 sync"):
        restore_backup(Lake("s3://bucket/lake"), tmp_path / "b.tar.gz")
