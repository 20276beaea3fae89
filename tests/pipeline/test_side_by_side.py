"""Tables of one build are made side by side, each after what it is made from; a failure begins nothing more."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from config.settings import Settings
from pipeline import declared_tables, made_side_by_side
from schemas.declaration import Table

MADE = [table for table in declared_tables().values() if table.transform is not None]


def build_of(make: Any, **settings: Any) -> Any:
    """As much of a build as making its tables needs."""
    return SimpleNamespace(make=make, settings=Settings(_env_file=None, **settings))


def test_a_table_begins_after_those_that_it_is_made_from_have_ended() -> None:
    ended: set[str] = set()
    early: list[str] = []

    def make(table: Table, full: bool) -> None:
        made_here = {name for name in table.inputs if declared_tables()[name].transform is not None}
        early.extend(sorted(made_here - ended))
        ended.add(table.name)

    given = [table.name for table in made_side_by_side(build_of(make), MADE, full=False)]
    assert early == []
    assert sorted(given) == sorted(ended) == sorted(table.name for table in MADE)


@pytest.mark.parametrize(("master", "at_once"), [("", 2), ("local[2]", 1)])
def test_so_many_are_at_work_at_once(master: str, at_once: int) -> None:
    lock, at_work, most = threading.Lock(), [0], [0]
    met = threading.Barrier(at_once)

    def make(table: Table, full: bool) -> None:
        with lock:
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
        if table.name in ("albums", "merged_records"):  # neither is made from the other
            met.wait(timeout=30)
        with lock:
            at_work[0] -= 1

    tables = [table for table in MADE if table.name in ("albums", "merged_records")]
    assert len(list(made_side_by_side(build_of(make, spark_master=master), tables, full=False))) == 2
    assert most == [at_once]


def test_after_a_failure_those_at_work_end_and_no_other_begins() -> None:
    begun: list[str] = []
    failed = threading.Event()

    def make(table: Table, full: bool) -> None:
        begun.append(table.name)
        if len(begun) == 2:
            failed.set()
            raise ValueError(f"no {table.name}")
        failed.wait(timeout=30)

    with pytest.raises(ValueError, match="no ") as error:
        list(made_side_by_side(build_of(make), MADE, full=False))
    assert str(error.value) == f"no {begun[1]}"
    assert len(begun) <= 3  # one of those that stood ready may have begun in the meantime
