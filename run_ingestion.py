"""One ingestion cycle, then exit: what the one-off container and the scheduler run."""

from __future__ import annotations

import sys

from config.errors import LakesongError
from config.settings import load_settings
from ingestion.cycle import run_cycle


def main() -> int:
    """Run one cycle; gives the exit code of docs/design.md, section 6."""
    try:
        result = run_cycle(load_settings(), say=print)
    except LakesongError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    built = f"built {', '.join(result.built)}" if result.built else "everything is up to date"
    print(f"Cycle done: {built}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
