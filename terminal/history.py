"""What `lakesong history` prints."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.declaration import Table
from serving.table_history import TableVersion
from terminal.screen import grid, out, print_json


def print_history(table: Table, versions: Sequence[TableVersion], *, as_json: bool) -> None:
    """Print the versions of a table, newest first."""
    if as_json:
        print_json([version.to_json() for version in versions])
        return
    shown = grid(
        "version", "when (UTC)", "operation", "rows", "added", "removed", "released by", "",
        right=("version", "rows", "added", "removed"),
    )  # fmt: skip
    for one in versions:
        numbers = ("" if count is None else f"{count:,}" for count in (one.rows, one.rows_added, one.rows_removed))
        runs = one.release_runs[0][:8] if one.release_runs else ""
        more = f" and {len(one.release_runs) - 1} more" if len(one.release_runs) > 1 else ""
        state = "shown now" if one.is_shown else "" if one.can_be_opened else "files are gone"
        shown.add_row(
            str(one.version), f"{one.written_at:%Y-%m-%d %H:%M:%S}", one.operation, *numbers, runs + more, state
        )
    out.print(f"{table.layer}.{table.name}", style="bold", markup=False)
    out.print(shown)
