"""`lakesong backup`: bronze, records and rules of one moment in one file, with a manifest; never a secret."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote
from uuid import uuid4

from config.errors import InputError
from config.settings import Settings
from pipeline import declared_tables, latest_release
from schemas.declaration import Table
from schemas.lake import Lake

Progress = Callable[[str], None]

FORMAT = 1
MANIFEST = "manifest.json"  # the last member: a file that was cut off has none
TRUTH, MADE, RULES = ("bronze", "records"), ("silver", "gold"), "rules"
COMPRESSION = 1  # of 9: what is large, Parquet, is compressed already


@dataclass(frozen=True)
class Backup:
    """A backup that was written: its file, size and parts. versions: table -> version that it holds."""

    file: Path
    is_whole: bool
    versions: dict[str, int]
    file_count: int
    size: int

    def to_json(self) -> dict[str, Any]:
        """The backup as `--json` prints it."""
        return {
            "file": str(self.file),
            "is_whole": self.is_whole,
            "tables": self.versions,
            "file_count": self.file_count,
            "bytes": self.size,
        }


def need_local(lake: Lake) -> None:
    """Raise InputError for a lake in an object store."""
    if lake.is_remote:
        raise InputError(
            f"{lake.root} is no folder on this machine: backups are of local lakes.",
            "Copy the bucket while no run is under way (`aws s3 sync`), or let it keep versions of its objects.",
        )


def write_backup(settings: Settings, file: Path, *, is_whole: bool, progress: Progress = lambda line: None) -> Backup:
    """Write the newest version of each table, and the rules, to one gzipped tar file. The caller holds the run lock.

    is_whole: silver and gold too. The file appears whole or not at all, and only its owner may read it. Raises
    InputError where there is no local lake with bronze, or the file's folder is missing.
    """
    lake = Lake(settings.lake_uri)
    need_local(lake)
    layers = TRUTH + MADE if is_whole else TRUTH
    tables = [table for table in declared_tables().values() if table.layer in layers and lake.has(table)]
    if not any(table.layer == "bronze" for table in tables):
        raise InputError(f"There is no lake at {lake.root} yet.", "Bring in your history with `lakesong import PATH`.")
    if not file.parent.is_dir():
        raise InputError(f"There is no folder {file.parent}.", "Make it, or write the backup elsewhere.")
    released = latest_release(lake)
    versions = {table.name: lake.open(table).version() for table in tables}
    unfinished = file.with_name(f".{file.name}.{uuid4().hex}.part")
    try:
        with (
            open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream,
            tarfile.open(fileobj=stream, mode="w:gz", compresslevel=COMPRESSION) as archive,
        ):
            sums: dict[str, str] = {}
            for table in tables:
                progress(f"backing up {table.name}")
                for path in _files_of(lake, table, released.versions.get(table.name)):
                    sums |= _add(archive, path, path.relative_to(lake.local).as_posix())
            for path in sorted((settings.rules_folder or lake.local / RULES).glob("*.toml")):
                sums |= _add(archive, path, f"{RULES}/{path.name}")
            _add_manifest(archive, {"is_whole": is_whole, "tables": versions, "files": sums})
        size = unfinished.stat().st_size
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    return Backup(file, is_whole, versions, len(sums), size)


def _files_of(lake: Lake, table: Table, released: int | None) -> list[Path]:
    """The log of a table, and the data files of its newest and its released version; those of others are left out."""
    folder = lake.local / table.layer / table.name
    log = sorted(path for path in (folder / "_delta_log").iterdir() if path.is_file() and path.suffix != ".tmp")
    needed: set[str] = set()
    for version in {None, released}:
        if version is None or lake.has_version(table, version):
            needed.update(lake.open(table, version).get_add_actions(flatten=True).column("path").to_pylist())
    return [*log, *(folder / unquote(path) for path in sorted(needed))]


def _add(archive: tarfile.TarFile, path: Path, name: str) -> dict[str, str]:
    """Put a file into the archive, without owner; gives its SHA-256 by its name, of the very bytes that went in."""
    member = tarfile.TarInfo(name)
    told = path.stat()
    member.size, member.mtime, member.mode = told.st_size, int(told.st_mtime), 0o600
    with path.open("rb") as stream:
        read = HashingReader(stream)
        archive.addfile(member, read)
    return {name: read.digest.hexdigest()}


def _add_manifest(archive: tarfile.TarFile, body: dict[str, Any]) -> None:
    told = {"format": FORMAT, "made_at": datetime.now(UTC).isoformat(timespec="seconds"), **body}
    text = json.dumps(told, ensure_ascii=False, indent=1).encode()
    member = tarfile.TarInfo(MANIFEST)
    member.size, member.mode = len(text), 0o600
    archive.addfile(member, io.BytesIO(text))


class HashingReader:
    """A stream that is read once, and the SHA-256 of what was read of it so far."""

    def __init__(self, stream: IO[bytes]) -> None:
        """Nothing is read yet."""
        self._stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        block = self._stream.read(size)
        self.digest.update(block)
        return block
