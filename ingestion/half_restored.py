"""What tells every command that a backup is put in place by halves. Light, since all of them ask."""

from __future__ import annotations

from config.errors import InputError
from schemas.lake import Lake

JOURNAL = ".restoring.json"  # in the lake from when the first folder is moved until the last one is


def refuse_half_restored(lake: Lake) -> None:
    """Raise InputError where a restore was stopped while its folders were being moved."""
    if not lake.is_remote and (lake.local / JOURNAL).exists():
        raise InputError(
            f"A backup was being put in place in {lake.root}, and that was stopped half-way.",
            "Run the same `lakesong restore-backup` again: it completes it.",
        )
