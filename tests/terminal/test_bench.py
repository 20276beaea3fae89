"""`lakesong bench` runs the measurements with its options, and says when they are not there or did not end well."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import terminal.bench
from config.errors import InputError, LakesongError
from terminal.bench import run_bench

COMMAND = str(Path(sys.executable).parent / "lakesong")
ECHO = """
import json, sys
print("measured")
told = sys.argv[sys.argv.index("--json") + 1]
open(told, "w").write(json.dumps({"figures": sys.argv[1:-2]}))
sys.exit(CODE)
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A script in the place of the measurements that tells how it was called."""
    file = tmp_path / "bench.py"
    file.write_text(ECHO.replace("CODE", "0"), encoding="utf-8")
    monkeypatch.setattr(terminal.bench, "SCRIPT", file)
    return file


def test_options_reach_the_measurements_and_json_stands_alone(
    script: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_bench(plays=10, cycle_plays=0, with_spark=False, as_json=True)
    expected = ["--plays", "10", "--cycle-plays", "0", "--skip-spark"]
    assert json.loads(capfd.readouterr().out) == {"figures": expected}
    run_bench(plays=10, cycle_plays=5, with_spark=True, as_json=False)
    assert capfd.readouterr().out == "measured\n"


def test_what_did_not_end_well_is_said(script: Path) -> None:
    script.write_text(ECHO.replace("CODE", "3"), encoding="utf-8")
    with pytest.raises(LakesongError, match="A measurement did not end well"):
        run_bench(plays=10, cycle_plays=0, with_spark=False, as_json=False)


def test_without_the_measurements_the_next_step_is_said(script: Path) -> None:
    script.unlink()
    with pytest.raises(InputError, match="Run it in a clone"):
        run_bench(plays=10, cycle_plays=0, with_spark=False, as_json=False)


@pytest.mark.long
def test_a_small_measurement_ends_with_figures() -> None:
    done = subprocess.run([COMMAND, "bench", "--plays", "2000", "--json"], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-2000:]
    figures = {figure["name"]: figure for figure in json.loads(done.stdout)["figures"]}
    assert figures["import the same file again"]["note"] == "0 new rows"
    assert all(figure["seconds"] > 0 and figure["gigabytes"] > 0 for figure in figures.values())
