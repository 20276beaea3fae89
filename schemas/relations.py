"""Keys and relations: which columns of a table point to a row of another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from schemas.declaration import Table


@dataclass(frozen=True)
class Relation:
    """Columns of a table that name a row of another, or rows that share a part of its key.

    is_declared: the declaration says so (`references`); else it follows from names: the table is made from the other,
    and has every column of its key.
    """

    table: str
    columns: tuple[str, ...]
    to: str
    is_declared: bool


def relations_of(tables: Mapping[str, Table]) -> list[Relation]:
    """Every relation: those that are declared, and those that follow from inputs and keys."""
    return [relation for table in tables.values() for relation in _of(table, tables)]


def _of(table: Table, tables: Mapping[str, Table]) -> Iterator[Relation]:
    declared: Mapping[str, str] = getattr(table, "references", {})
    for column, to in declared.items():
        yield Relation(table.name, (column,), to, is_declared=True)
    for name in table.inputs:
        key = tables[name].primary_key
        if len(key) == 1 and key[0] in declared:
            continue
        if name not in declared.values() and set(key) <= set(table.column_names):
            yield Relation(table.name, key, name, is_declared=False)
