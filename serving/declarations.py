"""The declarations of the tables that a listener's file holds, read without Spark.

The file beside this one is written by `make docs` from the declarations; a test fails when it is stale.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "declarations.json"


@dataclass(frozen=True)
class ServedColumn:
    """A column: name, DDL type, whether it may be null, what it means, and its unit ('' for none)."""

    name: str
    type: str
    nullable: bool
    comment: str
    unit: str


@dataclass(frozen=True)
class ServedTable:
    """A table as readers know it."""

    name: str
    layer: str
    description: str
    analytics: str | None
    primary_key: tuple[str, ...]
    columns: tuple[ServedColumn, ...]

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)


@cache
def served_declarations() -> dict[str, ServedTable]:
    """The tables by name."""
    told = json.loads(FILE.read_text(encoding="utf-8"))
    return {
        one["name"]: ServedTable(
            name=one["name"],
            layer=one["layer"],
            description=one["description"],
            analytics=one["analytics"],
            primary_key=tuple(one["primary_key"]),
            columns=tuple(ServedColumn(**column) for column in one["columns"]),
        )
        for one in told
    }
