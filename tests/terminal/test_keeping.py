"""The commands that look after a lake, as a person calls them: one line and exit code 2, and nothing changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.receipts import FileReceipt
from ingestion.runs import run_row
from schemas.bronze import ingestion_runs_bronze
from schemas.lake import Lake
from schemas.records import listeners
from writers.records import append_rows

COMMAND = str(Path(sys.executable).parent / "lakesong")
AT = datetime(2024, 5, 9, tzinfo=UTC)


@pytest.fixture
def known(lake: Lake) -> Lake:
    """A lake with one listener and one import in its ledger."""
    ann = {"user_id": "ann", "valid_from": AT, "time_zone": None, "is_simulated": False, "recorded_at": AT}
    append_rows(lake, listeners, [ann])
    counts = FileReceipt("x", rows=3, new=3)
    append_rows(lake, ingestion_runs_bronze, [run_row("batch1", "extended_history", "ann", counts, AT, AT)])
    return lake


def run(lake: Lake, *arguments: str) -> subprocess.CompletedProcess[str]:
    given = {"LAKE_URI": lake.root, "STATE_DIR": str(lake.local.parent / "state")}
    return subprocess.run([COMMAND, *arguments], env=os.environ | given, input="", capture_output=True, text=True)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["undo", "nonsense", "--yes"], "There is no batch nonsense"),
        (["undo", "batch1"], "Nobody answered, and nothing was changed. Answer with --yes."),
        (["forget", "ben", "--yes"], "There is no listener ben"),
        (["forget", "ann"], "Nobody answered, and nothing was changed. Answer with --yes."),
        (["restore-backup", "nowhere.tar.gz", "--yes"], "There is no file nowhere.tar.gz"),
        (["export", "listeners"], "Nothing says where to write"),
        (["export", "listeners", "--format", "xls", "--out", "x"], "There is no format xls"),
        (["history", "plays"], "There is no lake at"),
    ],
    ids=lambda value: " ".join(value)[:24] if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_exit_code_2_and_changes_nothing(
    arguments: list[str], message: str, known: Lake
) -> None:
    before = tree(known.local)
    done = run(known, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr.splitlines()[-1]
    assert tree(known.local) == before


def test_without_a_batch_undo_lists_what_can_be_taken_back(known: Lake) -> None:
    done = run(known, "undo", "--json")
    assert json.loads(done.stdout) == [
        {
            "batch_id": "batch1",
            "sources": ["extended_history"],
            "user_id": "ann",
            "taken_in_at": "2024-05-09T00:00:00+00:00",
            "row_count": 3,
            "new_count": 3,
            "state": "there",
        }
    ]


def test_a_dry_run_as_json_tells_what_would_go(known: Lake) -> None:
    done = run(known, "undo", "batch1", "--dry-run", "--json")
    told = json.loads(done.stdout)
    assert (told["outcome"], told["tables"], told["built"]) == ("dry run", {"ingestion_runs_bronze": 1}, [])
