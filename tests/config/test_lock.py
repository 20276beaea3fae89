"""One run at a time, and the other is named."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from config.errors import PostponedError
from config.lock import run_lock

PROJECT = Path(__file__).parents[2]
HOLDER = """
    import sys, time
    from pathlib import Path
    from config.lock import run_lock
    with run_lock(Path(sys.argv[1]), "build"):
        print("held", flush=True)
        time.sleep(60)
"""


def test_a_second_run_is_postponed_and_told_who_holds_the_lake(tmp_path: Path) -> None:
    with run_lock(tmp_path, "import"), pytest.raises(PostponedError) as error, run_lock(tmp_path, "build"):
        pass
    assert f"This lake is in use by `lakesong import` (process {os.getpid()})." in str(error.value)
    assert error.value.exit_code == 4


def test_the_lock_is_free_after_a_run_that_ended_well_or_badly(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="wrong"), run_lock(tmp_path / "state", "import"):
        raise ValueError("wrong")
    with run_lock(tmp_path / "state", "build"):
        held = (tmp_path / "state" / ".lakesong.holder").read_text()
    assert held == f"`lakesong build` (process {os.getpid()})\n"


def test_a_killed_run_leaves_no_stale_lock(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(HOLDER), str(tmp_path)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout and holder.stdout.readline() == "held\n"
        with pytest.raises(PostponedError, match=f"`lakesong build` .process {holder.pid}"):
            run_lock(tmp_path, "import").__enter__()
        holder.kill()
        holder.wait()
    with run_lock(tmp_path, "import"):
        assert "import" in (tmp_path / ".lakesong.holder").read_text()
