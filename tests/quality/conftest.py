"""Small lakes written by hand: rows by declaration, and the answer of one rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from pipeline import declared_tables, table_named
from quality.results import CheckResult
from quality.rules import run_rule
from quality.runner import BUILT_IN
from quality.views import ALL_MONTHS, LakeViews, Months
from schemas.lake import Lake
from writers.records import append_rows

_FILLER = {
    "STRING": "x",
    "INT": 0,
    "BIGINT": 0,
    "DOUBLE": 0.0,
    "BOOLEAN": False,
    "TIMESTAMP": datetime(2024, 1, 1, tzinfo=UTC),
    "DATE": date(2024, 1, 1),
}

Put = Callable[..., None]
Judge = Callable[..., CheckResult]


@pytest.fixture
def put(lake: Lake) -> Put:
    """`put("plays", {...}, ...)`: append rows to a table of the lake; columns that are not named are filled."""

    def write(name: str, *given: Mapping[str, Any]) -> None:
        table = replace(table_named(name), constraints={})
        assert {column for row in given for column in row} <= set(table.column_names)
        required = {column.name: _FILLER[column.type] for column in table.columns if not column.nullable}
        required |= {"played_month": "2024-01"} if "played_month" in required else {}
        append_rows(lake, table, [{**required, **row} for row in given])

    return write


@pytest.fixture
def judge(lake: Lake) -> Judge:
    """`judge("records_add_up")`: what one of the rules over tables says of the lake."""

    def answer(name: str, as_of: date = date(2024, 7, 1), months: Months = ALL_MONTHS) -> CheckResult:
        rule = next(rule for rule in BUILT_IN if rule.name == name)
        return run_rule(LakeViews(lake, declared_tables(), as_of), rule, months)

    return answer
