"""The notebooks as pages, in a real browser: they work, say what is simulated, and load nothing from elsewhere."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from config.settings import Settings
from serving.making import make_store

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
HOSTILE = """
import marimo
app = marimo.App()

@app.cell
def _():
    import marimo as mo
    from notebooks import charts, wording
    from notebooks.widgets import charted, listed

    names = [
        "<script>window.hit = 1</script>", "<img src=x onerror='window.hit = 2'>", "https://evil.example/a.png",
        "data:image/svg+xml,<svg onload='window.hit = 3'/>", "![x](https://evil.example/b.png)", "x" * 10_000,
    ]
    rows = [{"name": name, "hours": 1.0} for name in names]
    drawn = charted(rows, charts.ranked_bars, "name", "hours", "hours")
    words = mo.md("\\n".join(f"- {wording.quoted(name)}" for name in names))
    mo.vstack([mo.md("# Names"), words, drawn, listed(rows)])
    return
"""
NAMES = ("overview", "trends", "personas", "playlists", "research")
PHONE = {"width": 390, "height": 844}


@contextmanager
def served(settings: Settings, folder: Path, *files: Path) -> Iterator[str]:
    """The address of these notebooks, served as `make notebooks` does."""
    make_store(settings, "demo")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = {"LAKE_URI": settings.lake_uri, "STATE_DIR": str(settings.state_dir.absolute()), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "marimo", "run", "--headless", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [*command, *map(str, files)], env={**os.environ, **places}, cwd=ROOT, stdout=log, stderr=log
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/health")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(20)


@pytest.fixture(scope="module")
def address(demo_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    files = [ROOT / "notebooks" / f"{name}.py" for name in NAMES]
    with served(demo_settings, tmp_path_factory.mktemp("marimo"), *files) as found:
        yield found


def _wait_for(address: str) -> None:
    for _ in range(120):
        try:
            urlopen(address)
        except OSError:
            time.sleep(0.25)
        else:
            return
    pytest.fail(f"{address} does not answer")


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser.new_page(viewport=PHONE)
        browser.close()


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_a_page_that_needs_nothing_from_elsewhere(name: str, address: str, page: Page) -> None:
    hosts: set[str | None] = set()
    wrong: list[str] = []
    page.on("request", lambda one: hosts.add(urlsplit(one.url).hostname) if one.url.startswith("http") else None)
    page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{address}/?file={name}.py")
    page.wait_for_selector("canvas, svg.marks", timeout=30_000)
    page.wait_for_load_state("networkidle")
    assert (hosts, wrong) == ({"127.0.0.1"}, [])
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert "internal error" not in page.inner_text("body")


def test_simulated_features_are_marked_when_they_are_chosen(address: str, page: Page) -> None:
    page.goto(f"{address}/?file=playlists.py")
    page.wait_for_selector("canvas, svg.marks", timeout=30_000)
    marked = page.get_by_text("With simulated features:")
    assert marked.count() == 0
    page.get_by_label("Audio features").select_option("with simulated features")
    marked.wait_for(timeout=30_000)


def test_hostile_names_are_text_and_fetch_nothing(demo_settings: Settings, tmp_path: Path, page: Page) -> None:
    notebook = tmp_path / "hostile.py"
    notebook.write_text(HOSTILE)
    hosts: set[str | None] = set()
    page.on("request", lambda one: hosts.add(urlsplit(one.url).hostname) if one.url.startswith("http") else None)
    with served(demo_settings, tmp_path, notebook) as address:
        page.goto(address)
        page.wait_for_selector("canvas, svg.marks", timeout=30_000)
        page.wait_for_load_state("networkidle")
        assert page.get_by_text("<script>window.hit = 1</script>").count() >= 2
        assert page.evaluate("window.hit") is None
    assert hosts == {"127.0.0.1"}
