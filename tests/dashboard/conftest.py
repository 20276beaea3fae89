"""A running dashboard for tests: the demo's lake, asked without a socket."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import duckdb
import pytest
from starlette.testclient import TestClient

from config.settings import Settings
from dashboard.app import make_app
from dashboard.rendering import render_page
from dashboard.view import PAGES, View, Visitor
from serving.making import make_store
from serving.store import Store

PageOf = Callable[..., str]


@pytest.fixture(scope="session")
def client(demo_settings: Settings) -> Iterator[TestClient]:
    """The dashboard of the demo's lake, whose file is made already."""
    make_store(demo_settings, "demo")
    with TestClient(make_app(demo_settings), base_url="http://127.0.0.1") as made:
        yield made


@pytest.fixture(scope="session")
def page_of(client: TestClient) -> PageOf:
    """`page_of("/top", range="2025")`: the page's text without its tags; fails unless it is answered well."""

    def fetch(path: str, **parameters: str) -> str:
        answer = client.get(path, params=parameters)
        for _ in range(50):
            if answer.status_code != 202:
                break
            time.sleep(0.2)
            answer = client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text[:2000]
        body = re.sub(r"<script.*?</script>", " ", answer.text, flags=re.DOTALL)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())

    return fetch


@pytest.fixture
def page_after(demo_settings: Settings, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """`page_after("/moods", "UPDATE …", range="2025")`: a page's HTML from a copy of the file that was changed so."""
    opened: list[Store] = []

    def make(path: str, *changes: str, **parameters: str) -> str:
        file = tmp_path / f"{len(opened)}.duckdb"
        shutil.copy(make_store(demo_settings, "demo"), file)
        file.chmod(0o600)
        with duckdb.connect(str(file)) as connection:
            for change in changes:
                connection.execute(change).fetchall()
        opened.append(Store(file))
        return render_page(PAGES[path], View(demo_settings, Visitor("demo"), opened[-1], path, parameters)).decode()

    yield make
    for store in opened:
        store.close()
