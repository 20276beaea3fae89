"""How a command ends: with its exit code, whatever threads of libraries still do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


def run(body: str) -> subprocess.CompletedProcess[str]:
    script = f"import atexit, sys\nfrom config.process import run_process\ndef main():\n    {body}\nrun_process(main)\n"
    return subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("return None", 0),
        ("return 4", 4),
        ("sys.exit()", 0),
        ("sys.exit(2)", 2),
        ("raise KeyboardInterrupt", 128 + signal.SIGINT),
    ],
)
def test_the_exit_code_is_what_the_command_gave(body: str, code: int) -> None:
    assert run(body).returncode == code


def test_words_on_leaving_and_unforeseen_errors_are_told_and_are_exit_code_1() -> None:
    assert (run("sys.exit('no room')").returncode, run("sys.exit('no room')").stderr) == (1, "no room\n")
    failed = run("raise ValueError('seven')")
    assert failed.returncode == 1
    assert failed.stderr.splitlines()[-1] == "ValueError: seven"


def test_what_was_printed_and_registered_before_the_end_is_not_lost() -> None:
    done = run("atexit.register(print, 'put away'); print('done', end='; ')")
    assert (done.returncode, done.stdout) == (0, "done; put away\n")


def test_threads_that_are_to_be_waited_for_are() -> None:
    body = "import threading, time; threading.Thread(target=lambda: (time.sleep(0.3), print('late'))).start()"
    assert run(body).stdout == "late\n"


def test_a_reader_that_has_gone_is_no_traceback() -> None:
    script = "from config.process import run_process; run_process(lambda: print('x'))"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    assert process.stdout and process.stderr
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 1


def test_python_is_not_taken_apart_under_threads_of_libraries() -> None:
    body = "sys.modules['kept'] = type('Kept', (), {'__del__': lambda self: print('taken apart')})()"
    assert run(body).stdout == ""
