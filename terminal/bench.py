"""`lakesong bench`: the measurements of the folder bench, on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from config.errors import InputError, LakesongError
from terminal.screen import print_json

SCRIPT = Path(__file__).parent.parent / "bench" / "bench.py"


def run_bench(*, plays: int, cycle_plays: int, with_spark: bool, as_json: bool) -> None:
    """Measure in folders of its own, with what it is doing on standard error, and print figures beside their bars.

    Raises InputError where the measurements are not there, LakesongError where one did not end well.
    """
    if not SCRIPT.is_file():
        raise InputError("The measurements are not part of this installation.", "Run it in a clone of the repository.")
    with TemporaryDirectory(prefix="lakesong-bench-") as folder:
        told = Path(folder) / "figures.json"
        command = [sys.executable, str(SCRIPT), "--plays", str(plays), "--cycle-plays", str(cycle_plays)]
        command += [] if with_spark else ["--skip-spark"]
        done = subprocess.run([*command, "--json", str(told)], stdout=sys.stderr if as_json else None, check=False)
        if done.returncode:
            raise LakesongError("A measurement did not end well.", "What stands above says which; run it again.")
        if as_json:
            print_json(json.loads(told.read_text(encoding="utf-8")))
