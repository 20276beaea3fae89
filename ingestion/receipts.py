"""Receipts of an import: counts that add up, for each file and in total."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class FileReceipt:
    """What became of the rows of one file: rows = new + already_known + duplicate_in_file + rejected.

    not_music says how many of the new are podcasts or audiobooks. error is set for a file that could not be read;
    nothing of it was taken in.
    """

    file: str
    rows: int = 0
    new: int = 0
    already_known: int = 0
    duplicate_in_file: int = 0
    rejected: int = 0
    not_music: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    error: str | None = None

    def __post_init__(self) -> None:
        """Refuse counts that do not add up: a row would have been lost or doubled."""
        if self.rows != self.new + self.already_known + self.duplicate_in_file + self.rejected:
            raise AssertionError(f"the counts of {self.file} do not add up: {self}")

    def to_json(self) -> dict[str, Any]:
        """The receipt as `--json` prints it; `error` only where there is one."""
        names = ("file", "rows", "new", "already_known", "duplicate_in_file", "rejected", "reasons", "not_music")
        body = {name: getattr(self, name) for name in names} | {"reasons": dict(self.reasons)}
        return body | ({"error": self.error} if self.error else {})


@dataclass(frozen=True)
class Receipt:
    """What became of all files of one import."""

    batch_id: str
    files: tuple[FileReceipt, ...]
    user_id: str | None = None

    @property
    def total(self) -> FileReceipt:
        """The counts of all files together."""
        reasons: dict[str, int] = {}
        for receipt in self.files:
            for reason, count in receipt.reasons.items():
                reasons[reason] = reasons.get(reason, 0) + count
        names = ("rows", "new", "already_known", "duplicate_in_file", "rejected", "not_music")
        sums = {name: sum(getattr(receipt, name) for receipt in self.files) for name in names}
        return FileReceipt("total", reasons=reasons, **sums)

    @property
    def broken(self) -> tuple[FileReceipt, ...]:
        """The files that could not be read."""
        return tuple(receipt for receipt in self.files if receipt.error)

    def to_json(self) -> dict[str, Any]:
        """The receipt as `--json` prints it."""
        total = {name: value for name, value in self.total.to_json().items() if name != "file"}
        return {"batch_id": self.batch_id, "files": [receipt.to_json() for receipt in self.files], "total": total}
