"""Every page in a real browser, on a phone and on a desk, by day and by night.

Nothing fails, nothing comes from elsewhere. Pictures of all pages are kept in build/screenshots.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode, urlsplit
from zipfile import ZipFile

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe

from config.settings import Settings
from dashboard.access.accounts import Accounts
from dashboard.access.passwords import hash_password
from dashboard.app import make_app
from dashboard.view import PAGES
from schemas.lake import Lake
from serving.making import make_store
from serving.store import Store

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser

SCREENS = Path(__file__).parents[2] / "build" / "screenshots"
WIDTHS = {"phone": (390, 844), "desk": (1440, 900)}
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
OPENED_AS: tuple[tuple[str, Theme], ...] = (("phone", "light"), ("desk", "dark"))  # the other theme is switched to
CHROMIUM = "/usr/bin/chromium"
# Pages that are about one thing: what they are shown with.
_MOST = "FROM {} WHERE period_kind = 'all_time' ORDER BY time_rank"
ABOUT_ONE = {
    "/artist": ("key", f"SELECT artist_key AS value {_MOST.format('artist_stats')}"),
    "/album": ("key", f"SELECT album_key AS value {_MOST.format('album_stats')}"),
    "/track": ("key", f"SELECT recording_id AS value {_MOST.format('track_stats')}"),
    "/session": ("id", "SELECT session_id AS value FROM listening_sessions ORDER BY start_count DESC"),
    "/playlist": ("id", "SELECT playlist_id AS value FROM playlist_vibes WHERE is_own ORDER BY listened_ms DESC"),
    "/genre": ("name", f"SELECT genre AS value {_MOST.format('genre_stats')}"),
    "/search": ("q", f"SELECT artist_name AS value {_MOST.format('artist_stats')}"),
}


@pytest.fixture(scope="module")
def settings(large_lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(_env_file=None, lake_uri=large_lake.root, state_dir=tmp_path_factory.mktemp("browser-state"))


@pytest.fixture(scope="module")
def store(settings: Settings) -> Iterator[Store]:
    made = Store(make_store(settings, "demo"))
    yield made
    made.close()


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """A dashboard on a socket; its address."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    server = uvicorn.Server(uvicorn.Config(make_app(settings), log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


@pytest.fixture(scope="module")
def address(settings: Settings, store: Store) -> Iterator[str]:
    """A dashboard of 100,000 plays."""
    with serving(settings) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module", params=OPENED_AS, ids="-".join)
def look(request: pytest.FixtureRequest, browser: Browser) -> Iterator[tuple[str, Theme, BrowserContext]]:
    """A browser of one width and one theme."""
    width, theme = request.param
    across, down = WIDTHS[width]
    context = browser.new_context(viewport={"width": across, "height": down}, color_scheme=theme)
    yield width, theme, context
    context.close()


def visit(context: BrowserContext, address: str, path: str) -> tuple[Page, list[str]]:
    """The page, and what went wrong on it."""
    page, wrong = context.new_page(), []
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda asked: _note_other_host(asked.url, address, wrong))
    answer = page.goto(f"{address}{path}", wait_until="load")
    assert answer is not None
    if answer.status >= 400:
        wrong.append(f"status {answer.status}")
    return page, wrong


def _note_other_host(url: str, address: str, wrong: list[str]) -> None:
    if urlsplit(url).scheme in ("http", "https") and not url.startswith(address):
        wrong.append(f"asked {url}")


def path_of(path: str, store: Store) -> str:
    if path not in ABOUT_ONE:
        return path
    name, query = ABOUT_ONE[path]
    found = store.row(query)
    assert found is not None
    return f"{path}?{urlencode({name: found['value']})}"


@pytest.mark.parametrize("path", sorted(PAGES))
def test_a_page_shows_well(path: str, look: tuple[str, Theme, BrowserContext], address: str, store: Store) -> None:
    width, opened_as, context = look
    page, wrong = visit(context, address, path_of(path, store))
    page.wait_for_timeout(150)
    found = [*serious(page), *_ill_drawn(page)]
    _keep_picture(page, path, width, opened_as)
    for theme in set(THEMES) - {opened_as}:
        page.emulate_media(color_scheme=theme)
        page.wait_for_timeout(150)
        found += _ill_drawn(page)
        _keep_picture(page, path, width, theme)
    page.close()
    assert wrong == []
    assert found == []


def _keep_picture(page: Page, path: str, width: str, theme: Theme) -> None:
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f"{path.strip('/').replace('/', '-')}-{width}-{theme}.png", full_page=True)


def serious(page: Page) -> list[str]:
    """What axe calls serious or critical."""
    told: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:200]} ({len(one['nodes'])} times)"
        for one in told
        if one["impact"] in ("serious", "critical")
    ]


def _ill_drawn(page: Page) -> list[str]:
    """Charts that were not drawn, and whether one has to scroll sideways."""
    names = page.eval_on_selector_all(
        "[data-chart]", "all => all.filter(one => !one.querySelector('canvas')).map(one => one.ariaLabel)"
    )
    sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"not drawn: {name}" for name in names] + [f"{sideways} px too wide"] * (sideways > 0)


@pytest.fixture
def desk(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    yield context
    context.close()


def test_a_walk_keeps_the_range_and_reaches_an_artist(address: str, desk: BrowserContext, store: Store) -> None:
    page, wrong = visit(desk, address, "/top?range=2025")
    expected = store.row("SELECT artist_name AS name FROM artist_stats WHERE period_kind = 'year' "
                         "AND period_start = DATE '2025-01-01' AND time_rank = 1")  # fmt: skip
    assert expected is not None
    first = page.locator("#artists tbody tr").first.get_by_role("link")
    assert first.inner_text() == expected["name"]
    page.get_by_role("link", name="Patterns").click()
    page.wait_for_load_state()
    assert "range=2025" in page.url
    page.get_by_role("link", name="All time").click()
    page.wait_for_load_state()
    assert "range=all" in page.url
    page.go_back()
    page.go_back()
    page.locator("#artists tbody tr").first.get_by_role("link").click()
    page.wait_for_load_state()
    assert page.get_by_role("heading", level=1).inner_text() == expected["name"]
    assert wrong == []


def test_the_numbers_behind_a_chart_and_its_csv_are_the_same(address: str, desk: BrowserContext) -> None:
    page, _ = visit(desk, address, "/patterns?range=2025")
    page.locator("#seasons").get_by_text("The numbers").click()
    page.locator("#seasons tbody tr").first.wait_for()
    shown = page.locator("#seasons tbody tr").count()
    with page.expect_download() as download:
        page.locator("#seasons").get_by_role("link", name="CSV").click()
    lines = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == shown + 1 == 5


def test_light_and_dark_are_chosen_and_stay(address: str, desk: BrowserContext) -> None:
    page, _ = visit(desk, address, "/patterns")
    before = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.get_by_role("button", name="Light or dark").click()
    after = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.reload()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == after != before


def test_everything_can_be_reached_by_keyboard(address: str, desk: BrowserContext) -> None:
    page, _ = visit(desk, address, "/top")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"


def test_on_a_phone_the_menu_opens_and_closes(address: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page, wrong = visit(context, address, "/top")
    menu = page.get_by_role("navigation", name="Pages")
    assert not menu.is_visible()
    page.get_by_role("button", name="Menu").click()
    assert menu.is_visible()
    page.keyboard.press("Escape")
    assert not menu.is_visible()
    assert wrong == []
    context.close()


def test_a_newcomer_drops_an_export_and_sees_it_counted(browser: Browser, tmp_path: Path) -> None:
    export = tmp_path / "my_spotify_data.zip"
    begin = datetime(2025, 5, 1, 12, tzinfo=UTC)
    plays = [
        {"ts": f"{begin + timedelta(minutes=4 * number):%Y-%m-%dT%H:%M:%SZ}", "ms_played": 200_000,
         "master_metadata_track_name": f"Song {number % 7}", "master_metadata_album_artist_name": "The Newcomers",
         "master_metadata_album_album_name": "First", "spotify_track_uri": f"spotify:track:{number % 7:022d}",
         "reason_start": "trackdone", "reason_end": "trackdone", "shuffle": False, "skipped": False}
        for number in range(60)
    ]  # fmt: skip
    with ZipFile(export, "w") as archive:
        archive.writestr("Spotify Extended Streaming History/Streaming_History_Audio_2025_0.json", json.dumps(plays))
    settings = Settings(_env_file=None, lake_uri=str(tmp_path / "lake"), state_dir=tmp_path / "state")
    with serving(settings) as address:
        page, wrong = visit(browser.new_context(), address, "/overview")
        page.set_input_files("input[type=file]", export)
        page.get_by_role("button", name="Take it in").click()
        page.get_by_text("60 new of 60 rows").wait_for(timeout=240_000)
        page.goto(f"{address}/top?range=2025")
        page.get_by_role("link", name="The Newcomers").wait_for(timeout=60_000)
        assert page.locator("#artists tbody tr").first.locator("td").nth(3).inner_text() == "60"
        assert wrong == []
        page.context.close()


def test_with_a_password_one_signs_in_first(settings: Settings, browser: Browser, tmp_path: Path) -> None:
    closed = settings.model_copy(update={"state_dir": tmp_path / "state"})
    make_store(closed, "demo")
    Accounts(closed.state_dir).set_password("demo", hash_password("quiet lake at dusk"), is_admin=True)
    with serving(closed) as address:
        page, _ = visit(browser.new_context(), address, "/top?range=2025")
        assert "/sign-in" in page.url
        page.get_by_label("Name").fill("demo")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_label("Password").fill("quiet lake at dusk")
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url(f"{address}/**")
        page.goto(f"{address}/top?range=2025")
        assert page.locator("#artists tbody tr").count() == 10
        page.context.close()
