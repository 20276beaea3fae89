"""Mapped rows wait in a staging table until all files are read, so that one commit takes them in or none does."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake
from pyarrow import fs

from config.errors import InputError
from mappers.record import RejectedError
from schemas.declaration import Table
from schemas.lake import Lake
from writers.records import arrow_schema

BATCH_ROWS = 5_000
STAGING_COLUMNS = [
    pa.field("file_number", pa.int32()),
    pa.field("row_number", pa.int64()),
    pa.field("reject_reason", pa.string()),
]


@dataclass(frozen=True)
class StagedFile:
    """A file to stage: its name, its raw items, the mapper, and the payload to keep of a rejected item."""

    name: str
    items: Callable[[], Iterable[Any]]
    to_bronze: Callable[[Any], Mapping[str, Any]]
    payload: Callable[[Any], str]


@dataclass
class Staging:
    """A staging table: where it is, and the files that turned out to be broken, with the reason."""

    path: str
    broken: dict[int, str] = field(default_factory=dict)


@contextmanager
def staged(
    lake: Lake, table: Table, files: list[StagedFile], progress: Callable[[str], None]
) -> Iterator[Staging]:
    """Map the files into a staging table, streaming in bounded memory, and remove it afterwards.

    Every item becomes one row: mapped, or with reject_reason and its payload. A file that breaks midway is named in
    `broken`; whoever reads the staging table leaves its rows out. What a killed run left behind is removed first.
    """
    folder = f"{lake.root}/staging"
    _remove(lake, folder)
    staging = Staging(f"{folder}/{table.name}")
    schema = pa.schema([*(f.with_nullable(True) for f in arrow_schema(table)), *STAGING_COLUMNS])
    rows = _rows(files, staging.broken, progress)
    reader = pa.RecordBatchReader.from_batches(schema, _batches(rows, schema))
    try:
        write_deltalake(staging.path, reader, mode="overwrite", target_file_size=64 * 1024 * 1024)
        yield staging
    finally:
        _remove(lake, folder)


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


def _rows(
    files: list[StagedFile], broken: dict[int, str], progress: Callable[[str], None]
) -> Iterator[dict[str, Any]]:
    for file_number, file in enumerate(files):
        progress(f"reading {file.name} ({file_number + 1} of {len(files)})")
        try:
            for row_number, item in enumerate(file.items(), start=1):
                place = {"file_number": file_number, "row_number": row_number}
                try:
                    yield {**file.to_bronze(item), **place}
                except RejectedError as error:
                    yield {"payload": file.payload(item), "reject_reason": str(error), **place}
        except InputError as error:
            broken[file_number] = str(error)


def _batches(rows: Iterator[dict[str, Any]], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    chunk: list[dict[str, Any]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == BATCH_ROWS:
            yield pa.RecordBatch.from_pylist(chunk, schema=schema)
            chunk = []
    yield pa.RecordBatch.from_pylist(chunk, schema=schema)


def _remove(lake: Lake, folder: str) -> None:
    system, path = fs.FileSystem.from_uri(folder) if lake.is_remote else (fs.LocalFileSystem(), folder)
    if system.get_file_info(path).type != fs.FileType.NotFound:
        system.delete_dir(path)
