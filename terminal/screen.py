"""The two streams of a command: results on standard output, progress and errors on standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.table import Table

# Piped output has no width of its own: wide enough that no line is folded.
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(body: Any) -> None:
    """Print one JSON document on standard output, for programs."""
    print(json.dumps(body, ensure_ascii=False, indent=2, default=str))


@contextmanager
def working(what: str) -> Iterator[Callable[[str], None]]:
    """Show on a terminal what is being done; the yielded function takes the next step's name. Silent elsewhere, unless
    LAKESONG_PROGRESS is `lines`, as where the dashboard starts a command: then each step is a line.
    """
    if not err.is_terminal:
        in_lines = os.environ.get("LAKESONG_PROGRESS") == "lines"
        yield (lambda line: err.print(line, markup=False)) if in_lines else (lambda line: None)
        return
    with err.status(what) as status:
        yield status.update


def grid(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """A plain table: a heading for each column, the named ones set to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return table
