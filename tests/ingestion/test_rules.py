"""Rules about editions: the table follows the file, and what the file no longer says is taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from config.errors import InputError
from ingestion.rules import RULES_FILE, read_recording_rules

if TYPE_CHECKING:
    from schemas.lake import Lake

Write = Callable[[str | bytes], int]


@pytest.fixture
def write(lake: Lake) -> Write:
    """Put text into the file and read it; gives the number of changes."""

    def put(content: str | bytes) -> int:
        path = lake.local / "rules" / RULES_FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_recording_rules(lake, lake.local / "rules")

    return put


def holding(stored: Callable[[str], list[dict[str, Any]]]) -> set[tuple[str, str, str]]:
    rows = sorted(stored("recording_rules"), key=lambda row: row["recorded_at"])
    newest = {(row["track_id"], row["other_track_id"]): row for row in rows}
    return {(row["rule"], *pair) for pair, row in newest.items() if row["is_active"]}


def test_the_table_follows_the_file(write, stored):
    assert write('merge = [["a", "b"], ["c", "d"]]\nsplit = [["e", "f"]]') == 3
    assert holding(stored) == {("merge", "a", "b"), ("merge", "c", "d"), ("split", "e", "f")}
    assert write('merge = [["a", "b"], ["c", "d"]]\nsplit = [["e", "f"]]') == 0
    assert write('split = [["a", "b"], ["e", "f"]]') == 2
    assert holding(stored) == {("split", "a", "b"), ("split", "e", "f")}
    assert write("") == 2
    assert holding(stored) == set()
    assert write('merge = [["a", "b"]]') == 1
    assert holding(stored) == {("merge", "a", "b")}
    assert len(stored("recording_rules")) == 3 + 2 + 2 + 1, "records are appended, never changed"


def test_without_a_file_nothing_is_recorded_and_a_lost_file_takes_nothing_back(lake, write, stored):
    assert read_recording_rules(lake, lake.local / "rules") == 0
    assert stored("recording_rules") == []
    write('merge = [["a", "b"]]')
    (lake.local / "rules" / RULES_FILE).unlink()
    assert read_recording_rules(lake, lake.local / "rules") == 0
    assert holding(stored) == {("merge", "a", "b")}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("merge = [", "cannot be read"),
        (b"merge = [['\xff', 'b']]", "cannot be read"),
        ('merge = [["a"]]', "cannot be read"),
        ('merge = [["a", "b", "c"]]', "cannot be read"),
        ('merge = ["4uLU6hMCjMI75M1A2tKUQC", "1301WleyT98MSxVHPZCA6M"]', "cannot be read"),
        ("merge = 5", "cannot be read"),
        ('join = [["a", "b"]]', "has the key join"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_next_step_and_changes_nothing(
    content, complaint, write, stored, lake
):
    write('split = [["e", "f"]]')
    with pytest.raises(InputError, match=complaint) as error:
        write(content)
    assert error.value.exit_code == 2 and error.value.next_step and "\n" not in str(error.value)
    assert str(lake.local / "rules" / RULES_FILE) in str(error.value)
    assert holding(stored) == {("split", "e", "f")}
