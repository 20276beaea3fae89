"""Mapped rows wait in a staging table until all files are read, so that one commit takes them in or none does."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from pyarrow import fs

from config.errors import InputError
from mappers.record import RejectedError
from schemas.declaration import Table
from schemas.lake import Lake
from writers.records import arrow_schema

BATCH_ROWS = 5_000
BATCHES_A_COMMIT = 10
ADDED_LATER = ("batch_id", "ingested_at")
_PLACE = [pa.field("file_number", pa.int32()), pa.field("row_number", pa.int64())]
_REJECTED = pa.schema([*_PLACE, pa.field("reason", pa.string()), pa.field("payload", pa.string())])


@dataclass(frozen=True)
class StagedFile:
    """A file to stage: name, source, bytes, raw items, the mapper, and the payload to keep of a rejected item."""

    name: str
    source: str
    size: int
    items: Callable[[], Iterable[Any]]
    to_bronze: Callable[[Any], Mapping[str, Any]]
    payload: Callable[[Any], str]


@dataclass
class Staging:
    """The staged rows of some files: mapped ones at `mapped`, rejected ones at `rejected` (addresses of Delta tables).

    broken: files, by number, that could not be read to the end, with the reason; their rows do not count.
    Rejected rows are a table of their own: the engines may check NOT NULL before they filter.
    """

    folder: str
    broken: dict[int, str] = field(default_factory=dict)

    @property
    def mapped(self) -> str:
        """Address of the mapped rows, each with its file_number and row_number."""
        return f"{self.folder}/mapped"

    @property
    def rejected(self) -> str:
        """Address of the rejected rows: file_number, row_number, reason, payload."""
        return f"{self.folder}/rejected"

    def rejected_rows(self) -> Iterator[list[dict[str, Any]]]:
        """The rejected rows of files that are not broken, in chunks."""
        for batch in DeltaTable(self.rejected).to_pyarrow_dataset().to_batches(batch_size=BATCH_ROWS):
            yield [row for row in batch.to_pylist() if row["file_number"] not in self.broken]


@contextmanager
def staged(lake: Lake, table: Table, files: list[StagedFile], progress: Callable[[str], None]) -> Iterator[Staging]:
    """Map the files into staging tables, streaming in bounded memory, and remove them afterwards.

    What a killed run left behind is removed first.
    """
    staging = Staging(f"{lake.root}/staging")
    _remove(lake, staging.folder)
    columns = [field.with_nullable(True) for field in arrow_schema(table) if field.name not in ADDED_LATER]
    schema = pa.schema([*columns, *_PLACE])
    mapped, rejected = _Chunks(staging.mapped, schema), _Chunks(staging.rejected, _REJECTED)
    try:
        for row in _rows(files, rejected, staging.broken, progress):
            mapped.add(row)
        mapped.flush()
        rejected.flush()
        yield staging
    finally:
        _remove(lake, staging.folder)


def need_room(lake: Lake, source_bytes: int) -> None:
    """Raise InputError when a local disk has no room for an import of that many bytes of source.

    Staging and bronze together took less than half of the JSON's size when measured (`make bench`).
    """
    if lake.is_remote:
        return
    folder = next(path for path in (lake.local, *lake.local.parents) if path.exists())
    needed = source_bytes // 2 + 64 * 1024 * 1024
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise InputError(
            f"The disk of {folder} has {free // 2**20} MB free; this import needs about {needed // 2**20} MB.",
            "Make room, or set LAKE_URI to a folder on another disk.",
        )


class _Chunks:
    """Rows on their way to a staging table: turned into Arrow and written a chunk at a time, to bound memory.

    Written from here and not from a stream that delta-rs pulls, since a client may read Delta itself.
    """

    def __init__(self, path: str, schema: pa.Schema) -> None:
        self._path = path
        self._schema = schema
        self._rows: list[dict[str, Any]] = []
        self._batches: list[pa.RecordBatch] = []

    def add(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        if len(self._rows) == BATCH_ROWS:
            self._to_arrow()
        if len(self._batches) == BATCHES_A_COMMIT:
            self.flush()

    def flush(self) -> None:
        """Write what has gathered; the table is made even without rows."""
        self._to_arrow()
        write_deltalake(self._path, pa.Table.from_batches(self._batches, self._schema), mode="append")
        self._batches = []

    def _to_arrow(self) -> None:
        self._batches.append(pa.RecordBatch.from_pylist(self._rows, schema=self._schema))
        self._rows = []


def _rows(
    files: list[StagedFile], rejected: _Chunks, broken: dict[int, str], progress: Callable[[str], None]
) -> Iterator[dict[str, Any]]:
    for file_number, file in enumerate(files):
        progress(f"reading {file.name} ({file_number + 1} of {len(files)})")
        try:
            for row_number, item in enumerate(file.items(), start=1):
                place = {"file_number": file_number, "row_number": row_number}
                try:
                    yield {**file.to_bronze(item), **place}
                except RejectedError as error:
                    rejected.add({"payload": file.payload(item), "reason": str(error), **place})
        except InputError as error:
            broken[file_number] = str(error)


def _remove(lake: Lake, folder: str) -> None:
    system, path = fs.FileSystem.from_uri(folder) if lake.is_remote else (fs.LocalFileSystem(), folder)
    if system.get_file_info(path).type != fs.FileType.NotFound:
        system.delete_dir(path)
