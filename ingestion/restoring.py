"""`lakesong restore-backup`: a backup is unpacked and compared with its manifest, and only then put in place, whole."""

from __future__ import annotations

import json
import re
import shutil
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from config.errors import InputError
from config.state_file import read_state, write_state
from ingestion.backup import FORMAT, MADE, MANIFEST, RULES, TRUTH, HashingReader, need_local
from ingestion.half_restored import JOURNAL
from schemas.lake import Lake
from schemas.records import pipeline_runs
from writers.records import append_rows

Progress = Callable[[str], None]

# Beside the layers while a backup is restored: what goes in, and what it takes the place of.
UNPACKED, REPLACED = ".restoring", ".replaced"

_FOLDERS = (*TRUTH, *MADE, RULES)
_NAME = re.compile(rf"({'|'.join(_FOLDERS)})(/[^/\\]+)+")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Restored:
    """What was put in place: versions by table, when the backup was made, and whether it held silver and gold."""

    lake: str
    made_at: datetime
    is_whole: bool
    versions: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """The result as `--json` prints it."""
        told = {"lake": self.lake, "made_at": self.made_at.isoformat(), "is_whole": self.is_whole}
        return {**told, "tables": self.versions}


def holds_a_lake(lake: Lake) -> bool:
    """Whether tables stand in the folder."""
    return any((lake.local / layer).is_dir() for layer in (*TRUTH, *MADE))


def restore_backup(lake: Lake, file: Path, progress: Progress = lambda line: None) -> Restored:
    """Put what a backup holds in place of the tables and rules of a local lake. The caller holds the run lock, and
    builds afterwards.

    Everything is unpacked and compared with the manifest before anything is touched. Then each folder is moved, and a
    journal says so: after a kill in between, the same again completes it. Nothing else in the folder changes.
    Raises InputError, with nothing changed, for a file that is damaged, cut off or no backup.
    """
    need_local(lake)
    root = lake.local
    is_new = not root.exists()
    if finish_restore(lake):
        progress("completed the restore that was stopped")
    shutil.rmtree(root / UNPACKED, ignore_errors=True)
    try:
        manifest = _unpack(file, root / UNPACKED, progress)
        restored = Restored(
            lake.root, datetime.fromisoformat(manifest["made_at"]), manifest["is_whole"], manifest["tables"]
        )
        if not restored.is_whole:
            _release_nothing(Lake(str(root / UNPACKED)))
    except BaseException:
        shutil.rmtree(root / UNPACKED, ignore_errors=True)
        if is_new:
            shutil.rmtree(root, ignore_errors=True)
        raise
    moved_in = [name for name in _FOLDERS if (root / UNPACKED / name).is_dir()]
    moved_out = [name for name in MADE if name not in moved_in]  # not in the backup: builds make them
    write_state(root / JOURNAL, {"in": moved_in, "out": moved_out})
    finish_restore(lake, progress)
    return restored


def finish_restore(lake: Lake, progress: Progress = lambda line: None) -> bool:
    """Move what is unpacked and verified in place; gives whether there was something to finish.

    Each folder is moved out of the way before its successor is moved in, and both only if that is still to be done:
    so a second run does what the first had not done.
    """
    root = lake.local
    journal = read_state(root / JOURNAL)
    if not journal:
        return False
    replaced = root / REPLACED / uuid4().hex
    replaced.mkdir(parents=True)
    for name in (*journal["in"], *journal["out"]):
        new, place = root / UNPACKED / name, root / name
        if place.exists() and (new.exists() or name in journal["out"]):
            progress(f"moving {name} away")
            place.rename(replaced / name)
        if new.exists():
            progress(f"moving {name} in")
            new.rename(place)
    progress("removing what was replaced")
    shutil.rmtree(root / REPLACED, ignore_errors=True)
    shutil.rmtree(root / UNPACKED, ignore_errors=True)
    (root / JOURNAL).unlink(missing_ok=True)
    return True


def _unpack(file: Path, folder: Path, progress: Progress) -> dict[str, Any]:
    """Unpack a backup into a folder and compare it with its manifest, which is given back."""
    if not file.is_file():
        raise InputError(f"There is no file {file}.", "Name a file that `lakesong backup` wrote.")
    progress(f"unpacking {file.name}")
    sums: dict[str, str] = {}
    manifest: dict[str, Any] | None = None
    try:
        with tarfile.open(file, mode="r:gz") as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.isreg() else None
                if stream is None or manifest is not None:
                    raise _damaged(file, f"{member.name} does not belong in it")
                if member.name == MANIFEST:
                    manifest = json.load(stream)
                    continue
                _refuse_name(file, member.name)
                target = folder / member.name
                target.parent.mkdir(parents=True, exist_ok=True)
                read = HashingReader(stream)
                with target.open("wb") as written:
                    while block := read.read(_BLOCK):
                        written.write(block)
                sums[member.name] = read.digest.hexdigest()
    except (tarfile.TarError, EOFError, zlib.error, ValueError) as error:
        raise _damaged(file, "it cannot be read to its end") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise _damaged(file, "it cannot be read to its end") from error  # gzip's own errors have no number
    if not isinstance(manifest, dict):
        raise _damaged(file, "it was cut off, or is no backup of Lakesong")
    if manifest.get("format") != FORMAT:
        raise InputError(f"{file} was written by another version of Lakesong.", "Use that version to restore it.")
    wrong = sorted(
        name for name in sums.keys() | manifest["files"].keys() if sums.get(name) != manifest["files"].get(name)
    )
    if wrong:
        raise _damaged(file, f"{wrong[0]} is not what the manifest says")
    return manifest


def _refuse_name(file: Path, name: str) -> None:
    if not _NAME.fullmatch(name) or ".." in name.split("/"):
        raise _damaged(file, f"{name} does not belong in it")


def _damaged(file: Path, why: str) -> InputError:
    return InputError(f"{file} is damaged: {why}. Nothing was changed.", "Use another copy of the backup.")


def _release_nothing(lake: Lake) -> None:
    """Say in the unpacked records that no made table is released: the backup has none, and builds make them all."""
    if not lake.has(pipeline_runs):
        return
    now = datetime.now(UTC)
    row = {
        "run_id": uuid4().hex,
        "status": "released",
        "started_at": now,
        "finished_at": now,
        "as_of": now.date(),
        "engine": "restore-backup",
        "built": "",
        "release": "{}",
        "fingerprints": "{}",
        "error": None,
    }
    append_rows(lake, pipeline_runs, [row])
