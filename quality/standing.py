"""The whole lake as it stands: bronze as it is now, what was made of it as it was released."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from pathlib import Path

from quality.results import CheckResult
from quality.runner import Checks, rules_in
from schemas.declaration import Table
from schemas.lake import Lake


def check_standing(
    lake: Lake,
    tables: Mapping[str, Table],
    released: Mapping[str, int],
    as_of: date,
    rules_folder: Path | None,
    names: Collection[str] = (),
    progress: Callable[[str], None] = lambda line: None,
) -> list[CheckResult]:
    """Run every rule of the tables named (or all), in the order of building; nothing is written.

    released: the versions of the newest release. Rules about made tables see all tables at these, bronze too, since
    what came in later is not built yet; tables that no release names are not checked. Bronze itself is checked as it
    is. Raises InputError where the listener's own rules cannot be used.
    """
    user = rules_in(rules_folder, lake, tables, as_of)
    as_it_is, as_released = Checks(lake, tables, as_of, user), Checks(lake, tables, as_of, user, released)
    found: list[CheckResult] = []
    for table in tables.values():
        is_made = table.transform is not None
        if (names and table.name not in names) or not lake.has(table) or (is_made and table.name not in released):
            continue
        progress(f"checking {table.name}")
        found += (as_released if is_made else as_it_is).run(table)
    return found
