"""What the README says to run, runs, and the commands and options that pages name exist."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import app
from config.settings import Settings
from schemas.lake import Lake
from terminal.demo import EXPORT, write_files

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]

# A newcomer has no app yet: these commands end with the next step. The others do what they say.
WITHOUT_AN_APP = {"login": 2, "ingest": 3, "run_ingestion.py": 3, "watch": 3}
SERVICES = {"emulator": ["--port", "0"], "scheduler.py": []}  # run until they are stopped; with these options here


@pytest.fixture(scope="module")
def demo_folder(demo_lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the README's commands find a demo lake, and an export of a month to import."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(demo_lake.local, folder / "data" / "demo")
    write_files(folder / "files", days=30, seed=1)
    shutil.copy(folder / "files" / EXPORT, folder)
    return folder


def _python_blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


def test_the_readme_shows_how_to_read_a_table_with_pyspark_duckdb_and_polars() -> None:
    text = "".join(_python_blocks())
    assert {"pyspark", "duckdb", "polars"} <= set(re.findall(r"pyspark|duckdb|polars", text))


@pytest.mark.parametrize("block", _python_blocks(), ids=lambda block: block.splitlines()[0][:40])
def test_python_in_the_readme_runs_and_prints_rows(block: str, demo_folder: Path) -> None:
    done = subprocess.run([sys.executable, "-c", block], cwd=demo_folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") > 3


def _command_lines(page: Path) -> list[str]:
    """What the page's shell blocks call of Lakesong, without the remarks."""
    blocks = re.findall(r"```bash\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    lines = [shlex.join(shlex.split(line, comments=True)) for block in blocks for line in block.splitlines()]
    return [line for line in lines if re.match(r"(\.venv/bin/)?(lakesong|python)\b", line)]


GROUPS = {"playlist"}  # commands that have commands of their own


def _names_and_options(line: str) -> tuple[str, list[str]]:
    """The command of a line (or the script that it runs), and the options that are given to it."""
    _, *words = shlex.split(line)
    if words[0] == "--lake":
        words = words[2:]
    name = " ".join(words[:2]) if words[0] in GROUPS else words[0]
    return name, [word for word in words[1:] if word.startswith("--")]


@pytest.fixture(scope="module")
def help_of() -> dict[str, str]:
    """The help of every command that a page names, by its name."""
    texts = {}
    for name in {_names_and_options(line)[0] for page in PAGES for line in _command_lines(page)}:
        if name.endswith(".py"):
            shown = subprocess.run([*_program(name), "--help"], check=True, capture_output=True, text=True).stdout
        else:
            asked = CliRunner().invoke(app, [*name.split(), "--help"])
            shown = asked.output if asked.exit_code == 0 else ""
        texts[name] = shown
    return texts


def _program(name: str) -> list[str]:
    if name.endswith(".py"):
        return [sys.executable, str(ROOT / name)]
    return [str(Path(sys.executable).parent / "lakesong"), *name.split()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_and_option_that_a_page_names_exists(page: Path, help_of: dict[str, str]) -> None:
    used = [_names_and_options(line) for line in _command_lines(page)]
    assert [name for name, _ in used if not help_of[name]] == []
    assert [(name, option) for name, options in used for option in options if option not in help_of[name]] == []


@pytest.mark.parametrize("line", dict.fromkeys(_command_lines(ROOT / "README.md")))
def test_what_the_readme_says_to_run_runs(line: str, demo_folder: Path) -> None:
    """In the demo's folder, by somebody without an app; `my_spotify_data.zip` is the simulated one."""
    name, options = _names_and_options(line)
    is_service = name in SERVICES and not options
    words = shlex.split(line)[2:] if name.endswith(".py") else shlex.split(line)[1:]
    program = _program(name) if name.endswith(".py") else _program("")
    words += SERVICES[name] if is_service else []
    outside = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    with subprocess.Popen(
        [*program, *words],
        cwd=demo_folder,
        env={**outside, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        seen = ""
        if is_service:
            seen = process.stdout.readline()
            process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=120)
    expected = 1 if "--health" in options else WITHOUT_AN_APP.get(name, 0)
    assert process.returncode == expected, seen + rest
    assert seen + rest
    assert "Traceback" not in seen + rest
