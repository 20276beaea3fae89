"""A running dashboard for tests: the demo's lake, asked without a socket."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from html import unescape

import pytest
from starlette.testclient import TestClient

from config.settings import Settings
from dashboard.app import make_app
from serving.making import make_store

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
