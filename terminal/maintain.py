"""What `lakesong maintain` prints."""

from __future__ import annotations

from collections.abc import Sequence

from rich.filesize import decimal

from ingestion.maintenance import Maintained
from terminal.screen import grid, out


def print_maintenance(result: Sequence[Maintained], *, dry_run: bool = False) -> None:
    """Print the tables whose files were joined or removed (or would be), and what that frees."""
    changed = [table for table in result if table.is_changed]
    if not changed:
        out.print("Nothing to do: no table has many small files, or files that nobody needs.")
        return
    table = grid(
        "table", "files before", "after", "removed", "freed", right=("files before", "after", "removed", "freed")
    )
    for one in changed:
        counts = (one.files_before, one.files_after, one.freed_files)
        table.add_row(f"{one.layer}.{one.table}", *(f"{count:,}" for count in counts), decimal(one.freed_bytes))
    out.print(table)
    freed = decimal(sum(one.freed_bytes for one in changed))
    out.print(f"{freed} would be freed. Nothing was changed." if dry_run else f"{freed} freed.")
