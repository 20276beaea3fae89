"""Wrapped on the page: made by a job, shown as cards, and nobody else's to fetch."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from config.settings import Settings
from dashboard.app import make_app
from serving.making import make_store
from serving.store import Store
from wrapped.archive import listener_folder


@pytest.fixture(scope="module")
def visitor(demo_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A dashboard whose state folder is its own, with a Wrapped of May 2025 made from the page."""
    settings = demo_settings.model_copy(update={"state_dir": tmp_path_factory.mktemp("wrapped-state")})
    make_store(settings, "demo")
    with TestClient(make_app(settings), base_url="http://127.0.0.1") as client:
        assert "None was made yet" in client.get("/wrapped").text
        begun = client.post("/wrapped/make", data={"year": "2025", "month": "5"})
        address = begun.text.partition('hx-get="')[2].partition('"')[0]
        assert address.startswith("/wrapped/making/")
        until = time.monotonic() + 120
        while "It is there" not in (told := client.get(address).text) and time.monotonic() < until:
            assert "warning" not in told
            time.sleep(0.5)
        assert "/wrapped?show=2025-05" in told
        other = listener_folder(settings, "guest") / "2025"
        other.mkdir(parents=True)
        (other / "data.json").write_text("{}", encoding="utf-8")
        yield client


def test_its_figures_are_those_of_gold(visitor: TestClient, demo_store: Store) -> None:
    text = visitor.get("/wrapped", params={"show": "2025-05"}).text
    row = demo_store.row("SELECT sum(listened_ms) AS ms, sum(play_count) AS plays FROM artist_stats "
                         "WHERE period_kind = 'month' AND period_start = DATE '2025-05-01'")  # fmt: skip
    assert row is not None
    assert f"{row['plays']:,}" in text
    assert f"{row['ms'] / 60_000:,.0f}" in text


def test_cards_page_and_archive_can_be_fetched(visitor: TestClient) -> None:
    text = visitor.get("/wrapped").text
    first = text.partition('<img src="')[2].partition('"')[0]
    assert visitor.get(first).content.startswith(b"\x89PNG")
    page = visitor.get("/wrapped/2025-05/page")
    assert "May 2025" in page.text
    assert "sandbox" in page.headers["content-security-policy"]
    names = zipfile.ZipFile(io.BytesIO(visitor.get("/wrapped/2025-05/all.zip").content)).namelist()
    assert "index.html" in names
    assert sum(Path(name).suffix == ".png" for name in names) >= 10


@pytest.mark.parametrize(
    "path",
    [
        "/wrapped/2025/page",  # the other listener's
        "/wrapped/..%2F..%2Fguest%2F2025/page",
        "/wrapped/2025-05/cards/..%2Fdata.json",
        "/wrapped/2025-05/cards/cards.txt",
        "/wrapped/making/0123456789abcdef0123456789abcdef",
    ],
)
def test_nothing_else_can_be_fetched(path: str, visitor: TestClient) -> None:
    assert visitor.get(path).status_code == 404


@pytest.mark.parametrize("data", [{"year": "x"}, {"year": "2025", "month": "13"}, {"year": "2025", "month": "--out=/"}])
def test_only_years_and_months_can_be_made(data: dict[str, str], visitor: TestClient) -> None:
    assert visitor.post("/wrapped/make", data=data).status_code == 422
