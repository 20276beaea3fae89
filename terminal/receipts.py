"""Receipts of an import, for people."""

from __future__ import annotations

from rich.markup import escape

from ingestion.receipts import FileReceipt, Receipt
from terminal.screen import err, grid, out

_COUNTS = ("rows", "new", "known", "repeated", "rejected")


def print_receipt(receipt: Receipt) -> None:
    """Print the counts of each file and of all, the reasons for what was set aside, and the files that are broken."""
    table = grid("file", *_COUNTS, right=_COUNTS)
    for file in receipt.files:
        if not file.error:
            table.add_row(escape(file.file), *_numbers(file))
    if len(receipt.files) > 1:
        table.add_row("total", *_numbers(receipt.total), style="bold")
    if table.row_count:
        out.print(table)
    total = receipt.total
    if total.not_music:
        out.print(f"{total.not_music:,} of the new are podcasts or audiobooks: kept, and left out of music statistics.")
    for reason, count in sorted(total.reasons.items()):
        out.print(f"{count:,} set aside: {escape(reason)} (see the table rejected_records_bronze).")
    for file in receipt.broken:
        err.print(f"Not taken in: {escape(str(file.error))}", style="red")


def _numbers(file: FileReceipt) -> list[str]:
    counts = (file.rows, file.new, file.already_known, file.duplicate_in_file, file.rejected)
    return [f"{count:,}" for count in counts]
