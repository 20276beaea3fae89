"""What the scheduler runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from config.errors import NeedsUserError, PostponedError
from config.settings import Settings

if TYPE_CHECKING:
    from ingestion.collection import Collected

log = structlog.get_logger()


@dataclass(frozen=True)
class Jobs:
    """What the scheduler runs, and what keeps it from collecting (a line with the next step, or nothing)."""

    collect: Callable[[], object]
    cycle: Callable[[], object]
    maintain: Callable[[], object]
    obstacle: Callable[[], str]


def jobs_of(settings: Settings) -> Jobs:
    """What runs in earnest; engines and clients are loaded when a job first needs one."""

    def say(line: str) -> None:
        log.info(line)

    def collect() -> None:
        from ingestion.cycle import run_collection

        _raise_what_failed(run_collection(settings, say))

    def cycle() -> None:
        from ingestion.cycle import run_cycle

        done = run_cycle(settings, say)
        log.info(done.line)
        if not obstacle():  # else it is no news that listeners gave nothing
            _raise_what_failed(done.collected)

    def maintain() -> None:
        from ingestion.maintenance import run_maintenance

        freed = sum(table.freed_bytes for table in run_maintenance(settings))
        log.info("Maintenance is done.", freed_bytes=freed)

    def obstacle() -> str:
        from ingestion.readiness import obstacle

        return obstacle(settings)

    return Jobs(collect, cycle, maintain, obstacle)


def _raise_what_failed(collected: Collected) -> None:
    """Raise the error of a source, one that needs the listener first. A quota that is used up is no failure."""
    errors = [r.error for r in collected.reports if r.error and not isinstance(r.error, PostponedError)]
    for error in sorted(errors, key=lambda error: not isinstance(error, NeedsUserError)):
        raise error
