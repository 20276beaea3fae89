"""What `lakesong export` prints."""

from __future__ import annotations

from rich.filesize import decimal

from serving.exporting import Exported
from terminal.screen import grid, out, print_json


def print_export(done: Exported, *, as_json: bool) -> None:
    """Print the tables that were written, with rows and files."""
    if as_json:
        print_json(done.to_json())
        return
    table = grid("table", "rows", "version", "file", right=("rows", "version"))
    for one in done.tables:
        table.add_row(one.table, f"{one.rows:,}", str(one.version), str(one.file))
    out.print(table)
    files = {one.file for one in done.tables}
    size = decimal(sum(file.stat().st_size for file in files))
    who = f" of {done.user_id}" if done.user_id else ""
    made_up = " (simulated)" if done.is_simulated else ""
    released = f", as built on {done.made_at:%Y-%m-%d %H:%M} UTC" if done.made_at else ""
    out.print(f"{len(done.tables)} tables{who}{made_up}{released}: {size}. Times are in UTC.", markup=False)
