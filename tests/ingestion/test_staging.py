"""Staging: memory that does not grow with the file, room checked first, nothing left behind."""

import shutil
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from config.errors import InputError
from ingestion.staging import StagedFile, need_room, staged
from mappers.record import RejectedError
from schemas.declaration import Table
from schemas.lake import Lake

NUMBERS = Table(
    name="numbers",
    layer="bronze",
    description="Numbers of the test.",
    schema="""
        number      BIGINT NOT NULL COMMENT 'Number',
        text        STRING COMMENT 'Much text',
        batch_id    STRING NOT NULL COMMENT 'Batch',
        ingested_at TIMESTAMP NOT NULL COMMENT 'When'
    """,
    primary_key=("number",),
)


def to_bronze(item: int) -> dict[str, Any]:
    if item < 0:
        raise RejectedError("negative")
    return {"number": item, "text": f"{item:0>200}"}


def file(name: str, items: Callable[[], Any]) -> StagedFile:
    return StagedFile(name, "test", 0, items, to_bronze, str)


def silent(line: str) -> None:
    """No progress."""


def test_mapped_and_rejected_rows_carry_file_and_place(lake: Lake) -> None:
    files = [file("a", lambda: [5, -1, 6]), file("b", lambda: [-2])]
    with staged(lake, NUMBERS, files, silent) as staging:
        mapped = DeltaTable(staging.mapped).to_pyarrow_table().to_pylist()
        rejected = [row for chunk in staging.rejected_rows() for row in chunk]
    assert [(row["number"], row["file_number"], row["row_number"]) for row in mapped] == [(5, 0, 1), (6, 0, 3)]
    assert sorted((row["file_number"], row["row_number"], row["reason"], row["payload"]) for row in rejected) == [
        (0, 2, "negative", "-1"),
        (1, 1, "negative", "-2"),
    ]


def test_rejected_rows_of_a_broken_file_do_not_count(lake: Lake) -> None:
    def breaks() -> Iterator[int]:
        yield from (-1, 2)
        raise InputError("cut off")

    with staged(lake, NUMBERS, [file("a", breaks), file("b", lambda: [-3])], silent) as staging:
        assert staging.broken == {0: "cut off"}
        assert [row["payload"] for chunk in staging.rejected_rows() for row in chunk] == ["-3"]


def test_memory_stays_small_however_many_items_a_file_has(lake: Lake) -> None:
    """200,000 rows are some 200 MB as Python objects; a batch of 5,000 is 5 MB."""
    tracemalloc.start()
    try:
        with staged(lake, NUMBERS, [file("a", lambda: iter(range(200_000)))], silent) as staging:
            _, peak = tracemalloc.get_traced_memory()
            assert DeltaTable(staging.mapped).to_pyarrow_dataset().count_rows() == 200_000
    finally:
        tracemalloc.stop()
    assert peak < 40 * 2**20


@pytest.mark.parametrize("rows", [4_999, 5_000, 12_001])
def test_more_rejected_rows_than_a_chunk_holds_are_all_there(rows: int, lake: Lake) -> None:
    with staged(lake, NUMBERS, [file("a", lambda: range(-rows, 0))], silent) as staging:
        found = [row["row_number"] for chunk in staging.rejected_rows() for row in chunk]
    assert sorted(found) == list(range(1, rows + 1))


def test_what_a_killed_run_left_is_removed_first_and_everything_afterwards(lake: Lake) -> None:
    left = lake.local / "staging" / "mapped" / "left.parquet"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half a file")
    with staged(lake, NUMBERS, [file("a", lambda: [1])], silent) as staging:
        assert not left.exists()
        assert Path(staging.mapped).is_dir()
    assert not (lake.local / "staging").exists()


def test_room_is_needed_for_half_of_the_source_and_a_reserve(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def free(size: int) -> None:
        usage = type(shutil.disk_usage("/"))(10**12, 0, size)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    free(164 * 2**20)
    need_room(lake, 200 * 2**20)
    free(164 * 2**20 - 1)
    with pytest.raises(InputError) as error:
        need_room(lake, 200 * 2**20)
    assert "has 163 MB free; this import needs about 164 MB. Make room, or set LAKE_URI" in str(error.value)
    assert error.value.exit_code == 2
