"""Fingerprints: what a table, or a month of it, was made from. Equal fingerprints, equal rows."""

from __future__ import annotations

import ast
import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import Lock

from schemas.declaration import MONTH_COLUMN, Table
from schemas.lake import Lake

PROJECT = Path(__file__).parent.parent
WHOLE = ""  # The key of a table that is built whole, and of files outside any month.


def digest(*parts: object) -> str:
    """SHA-256 over the JSON text of the parts."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def lookup_key(name: str) -> str:
    """Key, beside the months, under which the version of a looked-up input is kept."""
    return f"@{name}"


def is_lookup(key: str) -> bool:
    """Whether a key stands for a looked-up input, and not for a month or WHOLE."""
    return key.startswith("@")


def row_count(lake: Lake, table: Table, version: int) -> int:
    """Rows of a version of a table, from the statistics of its files."""
    return sum(lake.open(table, version).get_add_actions(flatten=True).column("num_records").to_pylist())


def files_by_month(lake: Lake, table: Table, version: int | None = None) -> dict[str, list[str]]:
    """Data files of a version of the table (the newest), sorted, by month (or under WHOLE).

    Taken from the set of files and never from the log's history, which clean-up shortens.
    """
    files: dict[str, list[str]] = defaultdict(list)
    actions = lake.open(table, version).get_add_actions(flatten=True)
    paths = actions.column("path").to_pylist()
    months = actions.column(f"partition.{MONTH_COLUMN}").to_pylist() if table.is_monthly else [WHOLE] * len(paths)
    for path, month in zip(paths, months, strict=True):
        files[month].append(path)
    return {month: sorted(names) for month, names in files.items()}


def fingerprints(
    table: Table, inputs: Mapping[str, dict[str, list[str]]], values: Mapping[str, object]
) -> dict[str, str]:
    """Fingerprint of each month of a monthly table, or of the whole of another (under WHOLE).

    inputs: files by month of each input table; values: the settings (and as_of) that the table names.
    """
    recipe = digest(table.name, table.ddl, table.constraints, code_digest(table), values)
    if table.window is None:
        return {WHOLE: digest(recipe, inputs)}
    months = {month for files in inputs.values() for month in files if month != WHOLE}
    reach = {neighbour for month in months for neighbour in window_of(month, _turned(table.window))}
    return {
        month: digest(
            recipe,
            {
                name: {m: files[m] for m in [*window_of(month, table.window), WHOLE] if m in files}
                for name, files in inputs.items()
            },
        )
        for month in sorted(reach)
    }


def window_of(month: str, window: tuple[int, int]) -> list[str]:
    """The months from `window[0]` before to `window[1]` after, as yyyy-MM."""
    index = int(month[:4]) * 12 + int(month[5:]) - 1
    return [f"{i // 12:04d}-{i % 12 + 1:02d}" for i in range(index - window[0], index + window[1] + 1)]


def _turned(window: tuple[int, int]) -> tuple[int, int]:
    """From a month that is read to the months that read it."""
    return window[1], window[0]


def code_digest(table: Table) -> str:
    """SHA-256 over the source of the table's module and of every module of the project that it imports."""
    assert table.transform is not None
    module = table.transform.__module__
    return digest({name: _source(name) for name in sorted(_imported(module, frozenset()))})


def _imported(module: str, seen: frozenset[str]) -> frozenset[str]:
    """The module and, through its import statements, all modules of the project that it leans on."""
    seen = seen | {module}
    for name in _named_by(module):
        if name not in seen:
            seen = _imported(name, seen)
    return seen


_PARSING = Lock()  # in CPython 3.11 two threads that parse at once end in a SystemError


@cache
def _named_by(module: str) -> tuple[str, ...]:
    """Modules of the project that the module's own import statements name; each source is parsed once in a process."""
    names: list[str] = []
    with _PARSING:
        tree = ast.parse(_source(module))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    return tuple(name for name in names if _path(name))


@cache
def _path(module: str) -> Path | None:
    stem = PROJECT.joinpath(*module.split("."))
    return next((path for path in (stem.with_suffix(".py"), stem / "__init__.py") if path.is_file()), None)


@cache
def _source(module: str) -> str:
    path = _path(module)
    return path.read_text(encoding="utf-8") if path else ""
