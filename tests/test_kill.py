"""kill -9 at any moment of an import or a build, then the same command again: the tables of a run never killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pipeline import declared_tables
from schemas.declaration import Table
from schemas.lake import Lake
from terminal.demo import EXPORT, KAGGLE_FILE, write_files

PROJECT = Path(__file__).parent.parent
REPORT = PROJECT / "docs" / "kill-report.md"
AS_OF = "2026-11-01"
TABLES = declared_tables()

# When and by which run a row was written differs between two runs; all else is compared.
OF_THE_RUN = {"ingested_at", "recorded_at"}
RUNS = {"evaluation_results", "model_runs", "pipeline_runs", "qa_validation_results"}
LOG = "ingestion_runs_bronze"

# How often each command is killed in the long test.
POINTS = {"import": 13, "import-catalog": 6, "build": 16}


@dataclass(frozen=True)
class Command:
    """A command to kill: its name, its arguments, and the lake that it starts from."""

    name: str
    arguments: tuple[str, ...]
    before: Path


@dataclass(frozen=True)
class Finished:
    """A run that nothing disturbed: its lake's rows by table, its length, and each first sight of a table's change."""

    command: Command
    rows: Mapping[str, list[tuple[Any, ...]]]
    seconds: float
    writes: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Kill:
    """A command killed after some seconds; the tables it had written to by then, or None if it had ended before."""

    name: str
    delay: float
    written: list[str] | None


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of a small simulated listener, and the lakes that the commands start from."""
    folder = tmp_path_factory.mktemp("kill")
    write_files(folder / "files", days=60, seed=1)
    (folder / "empty").mkdir()
    (folder / "imported").mkdir()
    for name in ("import", "import-catalog"):
        _finish(_start(folder / "imported", _arguments(folder, name)))
    return folder


def _arguments(folder: Path, name: str) -> tuple[str, ...]:
    return {
        "import": ("import", "--no-build", str(folder / "files" / EXPORT)),
        "import-catalog": ("import-catalog", str(folder / "files" / KAGGLE_FILE)),
        "build": ("build", "--as-of", AS_OF),
    }[name]


@pytest.fixture(scope="module")
def undisturbed(folder: Path) -> Callable[[str], Finished]:
    """`undisturbed("build")`: that command run to its end without being killed."""

    @cache
    def run(name: str) -> Finished:
        command = Command(name, _arguments(folder, name), folder / ("imported" if name == "build" else "empty"))
        return _run_undisturbed(folder / f"finished-{name}", command)

    return run


@pytest.mark.parametrize(("name", "moment"), [("import", 0.9), ("build", 0.6)])  # the long test kills at many
def test_a_killed_command_is_completed_by_the_same_command(
    name: str, moment: float, undisturbed: Callable[[str], Finished], tmp_path: Path
) -> None:
    whole = undisturbed(name)
    _kill_and_repeat(tmp_path / "killed", whole, _into_the_writes(whole, moment))


@pytest.mark.long
def test_no_moment_of_a_kill_changes_the_tables(undisturbed: Callable[[str], Finished], tmp_path: Path) -> None:
    met = [
        Kill(name, delay, _kill_and_repeat(tmp_path / f"{name}-{number}", undisturbed(name), delay))
        for name, count in POINTS.items()
        for number, delay in enumerate(_spread(undisturbed(name), count))
    ]
    stopped = [kill for kill in met if kill.written is not None]
    assert len(stopped) >= 20, "most commands had ended before they were killed"
    _write_report(stopped, [undisturbed(name) for name in POINTS])


def _spread(whole: Finished, count: int) -> list[float]:
    """Delays over the whole of a run, two of three of them where it writes."""
    early = count // 3
    begin = whole.writes[0][0]
    before = [begin * (number + 0.5) / early for number in range(early)]
    return before + [_into_the_writes(whole, (number + 0.5) / (count - early)) for number in range(count - early)]


def _into_the_writes(whole: Finished, part: float) -> float:
    """The moment when a part (0..1) of the time between the first and the last write has gone by."""
    first, last = whole.writes[0][0], whole.writes[-1][0]
    return first + part * (last - first)


def _kill_and_repeat(root: Path, whole: Finished, delay: float) -> list[str] | None:
    """Kill the command after the delay and run it again. Gives the tables it had written; None if it had ended."""
    command = whole.command
    shutil.copytree(command.before, root)
    before = _versions(root)
    process = _start(root, command.arguments)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=delay)
    was_running = process.poll() is None
    if was_running:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    after = _versions(root)
    _finish(_start(root, command.arguments))
    rows = _all_rows(root)
    when = (
        f"after a kill of {command.name} at {delay:.2f} s, when {sorted(after.items() - before.items())} were written"
    )
    assert rows.keys() == whole.rows.keys(), when
    for name, expected in whole.rows.items():
        assert len(rows[name]) == len(expected), f"{name} has {len(rows[name])} rows, not {len(expected)}, {when}"
        different = [(ours, theirs) for ours, theirs in zip(rows[name], expected, strict=True) if ours != theirs]
        assert not different, f"{name} differs {when}: {different[:2]}"
    assert not (root / "lake" / "staging").exists()
    shutil.rmtree(root)
    return sorted(name for name in after if after[name] != before.get(name)) if was_running else None


def _start(root: Path, arguments: tuple[str, ...]) -> subprocess.Popen[str]:
    """Start the real command in a process group of its own, so that a kill reaches all that it started."""
    return subprocess.Popen(
        [sys.executable, PROJECT / "cli.py", *arguments],
        cwd=root,
        env={**os.environ, "LAKE_URI": str(root / "lake"), "STATE_DIR": str(root / "state"), "TIMEZONE": "UTC"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _finish(process: subprocess.Popen[str]) -> None:
    out, error = process.communicate(timeout=300)
    assert process.returncode == 0, f"{out[-2000:]}\n{error[-4000:]}"


def _run_undisturbed(root: Path, command: Command) -> Finished:
    shutil.copytree(command.before, root)
    seen = _versions(root)
    writes: list[tuple[float, str]] = []
    begin = time.monotonic()
    process = _start(root, command.arguments)
    while process.poll() is None:
        time.sleep(0.1)  # each look takes a few milliseconds from what it looks at
        now = _versions(root)
        moment = time.monotonic() - begin
        writes += [(moment, name) for name in now if now[name] != seen.get(name)]
        seen = now
    seconds = time.monotonic() - begin
    _finish(process)
    return Finished(command, _all_rows(root), seconds, tuple(writes))


def _versions(root: Path) -> dict[str, int]:
    """Number of commits of each table that there is."""
    return {
        name: count
        for name, table in TABLES.items()
        if (count := len(list((root / "lake" / table.layer / name / "_delta_log").glob("*.json"))))
    }


def _all_rows(root: Path) -> dict[str, list[tuple[Any, ...]]]:
    lake = Lake(str(root / "lake"))
    tables = {name: table for name, table in TABLES.items() if name not in RUNS and lake.has(table)}
    return {name: _last_run(lake) if name == LOG else _rows(lake, table) for name, table in tables.items()}


def _last_run(lake: Lake) -> list[tuple[Any, ...]]:
    """What the newest run took in. How much of it was new depends on what a killed run had written already."""
    run = max(lake.open(TABLES[LOG]).to_pyarrow_table().to_pylist(), key=lambda row: row["finished_at"])
    names = ("batch_id", "source", "user_id", "status", "row_count", "duplicate_count", "rejected_count", "error")
    return [(*(run[name] for name in names), run["new_count"] + run["known_count"])]


def _rows(lake: Lake, table: Table) -> list[tuple[Any, ...]]:
    """The rows without what differs between two runs, sorted."""
    kept = [name for name in table.column_names if name not in OF_THE_RUN]
    rows = lake.open(table).to_pyarrow_table(columns=kept).to_pylist()
    keys = [name for name in table.primary_key if name in kept]
    return [
        tuple(row[name] for name in kept) for row in sorted(rows, key=lambda row: repr([row[name] for name in keys]))
    ]


def _write_report(kills: list[Kill], finished: list[Finished]) -> None:
    lengths = ", ".join(f"{whole.command.name} {whole.seconds:.1f} s" for whole in finished)
    lines = [
        "# Killed at any moment",
        "",
        "Written by `make test-long` (tests/test_kill.py). Each line is one command that was started on a lake, ended",
        "by `kill -9` and run again. Afterwards every table was equal, row by row, to that of a run never killed",
        "(to the last digit of every fraction).",
        "",
        f"{len(kills)} kill points, all equal. Undisturbed: {lengths}.",
        "",
        "| command | killed after | tables with new commits by then |",
        "|---|---|---|",
        *(f"| {kill.name} | {kill.delay:.2f} s | {', '.join(kill.written or ()) or 'none'} |" for kill in kills),
    ]
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
