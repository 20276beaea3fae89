"""Documents that are generated are current, and what the README says to run, runs."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "scripts" / "generate_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_data_dictionary_is_current(generator: ModuleType) -> None:
    assert (ROOT / "docs" / "tables.md").read_text(encoding="utf-8") == generator.tables_page(), "run `make docs`"


def test_the_settings_page_is_current(generator: ModuleType) -> None:
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == generator.settings_page(), "run `make docs`"


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the README's commands find a demo lake."""
    folder = tmp_path_factory.mktemp("readme")
    lakesong = Path(sys.executable).parent / "lakesong"
    subprocess.run([lakesong, "demo", "--days", "90"], cwd=folder, check=True, capture_output=True)
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


def test_every_lakesong_command_in_the_readme_exists() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    used = set(re.findall(r"lakesong (?:--lake \S+ )?([a-z-]+)", "".join(re.findall(r"```.*?```", text, re.DOTALL))))
    known = subprocess.run(
        [Path(sys.executable).parent / "lakesong", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert used
    assert not {command for command in used if not re.search(rf"^\W*{command}\b", known, re.MULTILINE)}


def test_every_file_that_the_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
