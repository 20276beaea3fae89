"""One ingestion cycle, then exit: what the one-off container, cron and systemd run."""

from __future__ import annotations

import argparse
import sys

from config.errors import LakesongError
from config.logs import configure_logs
from config.process import run_process
from config.settings import load_settings
from ingestion.alerts import Alerts, check_disk
from ingestion.cycle import CYCLE_SOURCES, run_cycle
from terminal.login import offer_login


def main() -> int:
    """Run one cycle; gives the exit code of docs/design.md, section 6."""
    parser = argparse.ArgumentParser(description=__doc__, epilog="Example: python run_ingestion.py --user me")
    parser.add_argument("--user", action="append", default=[], help="only this listener; may be given again")
    parser.add_argument("--source", action="append", default=[], choices=CYCLE_SOURCES, help="only this source")
    parser.add_argument("--no-build", action="store_true", help="collect only; the next cycle builds")
    asked = parser.parse_args()
    try:
        settings = load_settings()
        configure_logs(settings)
        check_disk(settings, Alerts(settings))
        offer_login(settings, asked.user)
        result = run_cycle(settings, say=print, users=asked.user, sources=asked.source, build_too=not asked.no_build)
    except LakesongError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(result.line)
    return result.exit_code


if __name__ == "__main__":
    run_process(main)
