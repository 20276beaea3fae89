"""What `lakesong backup` and `lakesong restore-backup` say and print."""

from __future__ import annotations

from pathlib import Path

from rich.filesize import decimal

from ingestion.backup import Backup
from ingestion.restoring import Restored, holds_a_lake
from schemas.lake import Lake
from terminal.asking import agreed
from terminal.screen import err, out, print_json


def may_replace(file: Path, yes: bool) -> bool:
    """Whether a backup may be written: asks where a file is there already."""
    if not file.exists():
        return True
    err.print(f"{file} is there already: this replaces it.", markup=False)
    return agreed(yes)


def may_restore(lake: Lake, file: Path, yes: bool) -> bool:
    """Whether a backup may be put in place: asks where the folder holds a lake."""
    if lake.is_remote or not holds_a_lake(lake):
        return True
    err.print(
        f"{lake.root} holds a lake: this puts what {file} holds in place of all its tables and rules. "
        "What was collected after the backup is lost; sign-ins stay.",
        markup=False,
    )
    return agreed(yes)


def print_backup(done: Backup, *, as_json: bool) -> None:
    """Print what was written."""
    if as_json:
        print_json(done.to_json())
        return
    what = "everything" if done.is_whole else "bronze, records and rules; the rest is built again"
    out.print(f"{done.file}: {len(done.versions)} tables ({what}), {decimal(done.size)}.", markup=False)
    out.print("It holds no sign-in, but all that was played: keep it where only you can read it.")


def print_restored(done: Restored, *, as_json: bool) -> None:
    """Print what was put in place."""
    if as_json:
        print_json(done.to_json())
        return
    out.print(f"{done.lake} holds {len(done.versions)} tables as of {done.made_at:%Y-%m-%d %H:%M} UTC.", markup=False)
