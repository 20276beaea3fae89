"""A choice among many: one flat CASE."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F


def case(choices: Iterable[tuple[Column, Column | str]], otherwise: Column | str | None = None) -> Column:
    """The value of the first condition that holds, else `otherwise`; one flat CASE.

    A CASE within the ELSE of another says the same, in plans that grow with every level.
    """
    (first, value), *rest = choices
    return reduce(lambda chain, choice: chain.when(*choice), rest, F.when(first, value)).otherwise(otherwise)


def by_name(name: str, values: Mapping[str, Column], otherwise: Column | str | None = None) -> Column:
    """The value that belongs to what the column `name` says."""
    return case([(F.col(name) == key, value) for key, value in values.items()], otherwise)
