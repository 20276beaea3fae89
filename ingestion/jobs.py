"""What the scheduler runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import structlog

from config.errors import InputError, NeedsUserError, PostponedError
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
        make_wrapped(settings)
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


def make_wrapped(settings: Settings) -> None:
    """Make the Wrapped of each week, month and year that is over, and tell of it. A failure is logged: it is no news
    of the cycle, and the next one tries again.
    """
    from ingestion.alerts import Alerts
    from wrapped.archive import folder_of, make_due

    try:
        made = make_due(settings, datetime.now(ZoneInfo(settings.timezone)).date())
    except InputError as error:
        log.debug("No Wrapped was made.", reason=str(error))
        return
    except Exception:
        log.exception("A Wrapped could not be made.", next_step="The next cycle tries again.")
        return
    for report in made:
        page = folder_of(settings, report.user_id, report.period) / "index.html"
        log.info("A Wrapped was made.", report=report.report_id, page=str(page))
        title = f"Lakesong: the Wrapped of {report.user_id} for {report.period.title} is ready"
        Alerts(settings).send("wrapped_ready", title, f"Open {page}.", subject=report.report_id)


def _raise_what_failed(collected: Collected) -> None:
    """Raise the error of a source, one that needs the listener first. A quota that is used up is no failure."""
    errors = [r.error for r in collected.reports if r.error and not isinstance(r.error, PostponedError)]
    for error in sorted(errors, key=lambda error: not isinstance(error, NeedsUserError)):
        raise error
