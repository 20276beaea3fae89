"""The Settings page: what it shows is what holds, and what its forms say is done."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape, unescape
from pathlib import Path

import duckdb
import pytest
from starlette.testclient import TestClient

from config.exclusions import read_exclusions
from config.lock import run_lock
from config.settings import Settings
from dashboard.access.accounts import Accounts
from dashboard.access.passwords import hash_password
from dashboard.app import make_app
from ingestion.listeners import read_listeners, register_listener
from playlists.consents import consenting
from schemas.lake import Lake
from serving.making import make_store
from serving.store import Store

HERE = {"sec-fetch-site": "same-origin"}
HOSTILE = '"><script>alert(1)</script>\u202e音楽'


@pytest.fixture
def own(demo_settings: Settings, tmp_path: Path) -> Settings:
    """The demo's lake, with a folder of rules and a state folder of the test's own. The lake is not to be changed."""
    make_store(demo_settings, "demo")
    shutil.copytree(demo_settings.state_dir / "serving", tmp_path / "own" / "serving")
    return demo_settings.model_copy(update={"state_dir": tmp_path / "own", "rules_dir": str(tmp_path / "rules")})


@pytest.fixture
def page(own: Settings) -> Iterator[TestClient]:
    """The dashboard of `own`."""
    app = make_app(own)
    yield TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
    app.state.site.stores.close()


@pytest.fixture
def bare(settings: Settings) -> Iterator[TestClient]:
    """The dashboard of a lake that may be changed: anna and ben are in it, and nothing is built."""
    for name in ("anna", "ben"):
        register_listener(Lake(settings.lake_uri), name)
        Accounts(settings.state_dir).set_password(name, hash_password(f"password of {name}"), is_admin=name == "anna")
    app = make_app(settings)
    client = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
    yield client
    app.state.site.stores.close()


def sign_in(client: TestClient, name: str) -> None:
    client.cookies.clear()
    answer = client.post("/sign-in", data={"user": name, "password": f"password of {name}"}, headers=HERE)
    assert answer.status_code == 303


def text_of(client: TestClient) -> str:
    answer = client.get("/settings")
    assert answer.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


# rules


def test_a_rule_that_is_added_is_one_that_a_build_reads(page: TestClient, own: Settings) -> None:
    form = {"name": "sleep", "artist": "Rain Sounds", "first_hour": "22", "last_hour": "6", "from": "2026-05-03"}
    answer = page.post("/settings/rules", data=form, headers=HERE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings?done=rule#rules")
    (rule,) = read_exclusions(own.rules_folder)
    assert (rule.name, rule.artist, rule.hours, rule.user) == ("sleep", "Rain Sounds", (22, 6), None)
    assert str(rule.first_date) == "2026-05-03" and rule.last_date is None
    assert "Plays by Rain Sounds, between 22:00 and 06:59, from 2026-05-03" in text_of(page)


def test_rules_tell_how_many_plays_they_leave_out(page: TestClient, own: Settings, demo_store: Store) -> None:
    """The file is changed as a build would, to leave one artist out."""
    most = "SELECT artist_name FROM listening_with_features GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
    artist = demo_store.rows(most)[0]["artist_name"]
    (file,) = (own.state_dir / "serving").rglob("*.duckdb")
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "UPDATE listening_with_features SET excluded_by = 'much' WHERE artist_name = $artist", {"artist": artist}
        )
    told = demo_store.rows(
        "SELECT count(*) AS plays, sum(listened_ms) / 3600000 AS hours FROM listening_with_features "
        "WHERE artist_name = $artist",
        artist=artist,
    )[0]
    assert page.post("/settings/rules", data={"name": "much", "artist": artist}, headers=HERE).status_code == 303
    assert f"much Plays by {artist} {told['plays']:,} {told['hours']:,.0f} h Remove" in text_of(page)


@pytest.mark.parametrize(
    "form",
    [
        {"name": "all"},
        {"artist": "without a name"},
        {"name": "hours", "first_hour": "25", "last_hour": "2"},
        {"name": "day", "from": "yesterday"},
    ],
)
def test_a_rule_that_no_build_could_use_is_refused_and_the_file_stays(
    page: TestClient, own: Settings, form: dict[str, str]
) -> None:
    page.post("/settings/rules", data={"name": "good", "artist": "Rain"}, headers=HERE)
    file = Path(own.rules_dir) / "exclusions.toml"
    before = file.read_bytes()
    assert page.post("/settings/rules", data=form, headers=HERE).status_code == 400
    assert file.read_bytes() == before


def test_what_somebody_wrote_in_the_file_stays_when_a_rule_comes_and_goes(page: TestClient, own: Settings) -> None:
    file = Path(own.rules_dir) / "exclusions.toml"
    file.parent.mkdir()
    written = '# mine\n\n[[exclude]]\nname = "kids"   # why\ndays = [\n  "sat",\n]\n'
    file.write_text(written)
    page.post("/settings/rules", data={"name": "sleep", "artist": HOSTILE}, headers=HERE)
    assert file.read_text().startswith(written)
    assert [rule.artist for rule in read_exclusions(own.rules_folder)] == [None, HOSTILE]
    page.post("/settings/rules/remove", data={"name": "sleep"}, headers=HERE)
    assert file.read_text() == written


def test_comments_outlive_the_rules_beside_them(page: TestClient, own: Settings) -> None:
    file = Path(own.rules_dir) / "exclusions.toml"
    file.parent.mkdir()
    rest = '# about b\n[[exclude]]\nname = "b"\nartist = "y"\n# end\n'
    file.write_text(f'[[exclude]]\nname = "a"\nartist = "x"\n\n{rest}')
    page.post("/settings/rules/remove", data={"name": "a"}, headers=HERE)
    assert file.read_text() == rest
    page.post("/settings/rules/remove", data={"name": "b"}, headers=HERE)
    assert file.read_text() == "# about b\n# end\n"


def test_a_file_that_cannot_be_read_is_told_and_not_written_over(page: TestClient, own: Settings) -> None:
    file = Path(own.rules_dir) / "exclusions.toml"
    file.parent.mkdir()
    file.write_text("[[exclude]\n")
    assert "cannot be read" in text_of(page)
    assert page.post("/settings/rules", data={"name": "a", "artist": "b"}, headers=HERE).status_code == 400
    assert file.read_text() == "[[exclude]\n"


def test_of_several_listeners_each_makes_rules_for_themselves_alone(bare: TestClient, settings: Settings) -> None:
    sign_in(bare, "anna")
    bare.post("/settings/rules", data={"name": "of anna", "artist": "x"}, headers=HERE)
    sign_in(bare, "ben")
    bare.post("/settings/rules", data={"name": "of ben", "artist": "x"}, headers=HERE)
    assert [rule.user for rule in read_exclusions(settings.rules_folder)] == ["anna", "ben"]
    assert bare.post("/settings/rules/remove", data={"name": "of anna"}, headers=HERE).status_code == 403
    assert bare.post("/settings/rules/remove", data={"name": "of ben"}, headers=HERE).status_code == 303
    assert [rule.name for rule in read_exclusions(settings.rules_folder)] == ["of anna"]


# zone, consent, listeners


def test_a_zone_is_recorded_from_local_midnight_of_its_first_day(bare: TestClient, settings: Settings) -> None:
    sign_in(bare, "ben")
    form = {"zone": "Asia/Tokyo", "from": "2025-08-01", "user": "anna"}
    assert bare.post("/settings/zone", data=form, headers=HERE).status_code == 303
    zones = {(row["user_id"], row["valid_from"]): row["time_zone"] for row in read_listeners(Lake(settings.lake_uri))}
    assert zones.pop(("ben", datetime(2025, 7, 31, 15, tzinfo=UTC))) == "Asia/Tokyo"
    assert set(zones.values()) == {None}


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../../etc/passwd"])
def test_a_zone_that_there_is_not_is_refused(bare: TestClient, zone: str) -> None:
    sign_in(bare, "ben")
    assert bare.post("/settings/zone", data={"zone": zone}, headers=HERE).status_code == 400


def test_each_agrees_to_be_compared_for_themselves(bare: TestClient, settings: Settings) -> None:
    sign_in(bare, "ben")
    bare.post("/settings/consent", data={"agree": "yes", "user": "anna"}, headers=HERE)
    assert consenting(Lake(settings.lake_uri)) == {"ben"}
    bare.post("/settings/consent", data={"agree": "no"}, headers=HERE)
    assert consenting(Lake(settings.lake_uri)) == frozenset()


def test_a_listener_who_is_added_is_in_the_lake_and_can_sign_in(bare: TestClient, settings: Settings) -> None:
    sign_in(bare, "anna")
    form = {"user": "carl", "password": "password of carl"}
    assert bare.post("/settings/listeners", data=form, headers=HERE).status_code == 303
    assert {row["user_id"] for row in read_listeners(Lake(settings.lake_uri))} == {"anna", "ben", "carl"}
    sign_in(bare, "carl")
    assert not Accounts(settings.state_dir).account("carl").is_admin


@pytest.mark.parametrize("name", ["", "--full", "a" * 65, "a\nb"])
def test_a_name_that_cannot_be_a_listeners_is_refused(bare: TestClient, settings: Settings, name: str) -> None:
    sign_in(bare, "anna")
    form = {"user": name, "password": "long enough it is"}
    assert bare.post("/settings/listeners", data=form, headers=HERE).status_code == 400
    assert {row["user_id"] for row in read_listeners(Lake(settings.lake_uri))} == {"anna", "ben"}


def test_nobody_shuts_themselves_out(bare: TestClient) -> None:
    sign_in(bare, "anna")
    assert bare.post("/settings/listeners/close", data={"user": "anna"}, headers=HERE).status_code == 400
    assert bare.get("/connect").status_code == 200


def test_who_adds_a_listener_has_a_password_first(page: TestClient, own: Settings) -> None:
    form = {"user": "second", "password": "long enough it is"}
    answer = page.post("/settings/listeners", data=form, headers=HERE)
    assert answer.status_code == 400 and "Set your own password first" in answer.text
    assert [row["user_id"] for row in read_listeners(Lake(own.lake_uri)) if row["user_id"] != "demo"] == []


# tokens, passwords, ranges, builds


def test_a_token_is_shown_once_and_its_name_as_text(page: TestClient, own: Settings) -> None:
    answer = page.post("/settings/tokens", data={"name": "<b>Pano</b>"}, headers=HERE)
    (token,) = re.findall(r'value="([\w-]{43})"', answer.text)
    assert answer.headers["cache-control"] == "no-store"
    assert Accounts(own.state_dir).user_of_token(token) == "demo"
    later = page.get("/settings").text
    assert token not in later and escape("<b>Pano</b>") in later and "<b>Pano</b>" not in later


def test_the_first_password_makes_everybody_sign_in_and_its_owner_looks_after_the_lake(
    page: TestClient, own: Settings
) -> None:
    form = {"password": "long enough it is", "password_again": "long enough it is"}
    assert page.post("/settings/password", data=form, headers=HERE).status_code == 303
    assert "Signed in as demo" in text_of(page) and Accounts(own.state_dir).account("demo").is_admin
    page.cookies.clear()
    assert page.get("/settings").headers["location"] == "/sign-in?next=%2Fsettings"


def test_two_new_passwords_that_differ_change_nothing(page: TestClient, own: Settings) -> None:
    form = {"password": "long enough it is", "password_again": "long enough it was"}
    assert page.post("/settings/password", data=form, headers=HERE).status_code == 400
    assert not Accounts(own.state_dir).has_passwords()


def test_a_saved_range_leads_to_the_same_days_on_every_page(page: TestClient) -> None:
    here = "from=2026-01-05&to=2026-02-01&by=plays"
    answer = page.post("/ranges", data={"name": HOSTILE, "path": "/top", "here": here}, headers=HERE)
    assert answer.status_code == 200 and "<script>" not in answer.text
    listed = page.get("/ranges", params={"path": "/patterns", "here": "range=28d&what=x"})
    (link,) = re.findall(r'<a href="([^"]+)"', listed.text)
    assert unescape(link) == "/patterns?from=2026-01-05&to=2026-02-01&what=x"
    name = unescape(re.findall(r'name="name" value="([^"]+)"', listed.text)[0])
    page.post("/ranges/remove", data={"name": name, "path": "/top", "here": ""}, headers=HERE)
    assert "<a " not in page.get("/ranges", params={"path": "/top"}).text


def test_what_is_no_range_or_no_page_is_not_saved_or_linked(page: TestClient, own: Settings) -> None:
    form = {"name": "x", "path": "/top", "here": "range=nonsense"}
    assert page.post("/ranges", data=form, headers=HERE).status_code == 400
    assert page.get("/ranges", params={"path": "https://evil.example"}).status_code == 404
    assert Accounts(own.state_dir).ranges("demo") == []


def test_saved_ranges_are_those_of_the_listener_alone(bare: TestClient, settings: Settings) -> None:
    Accounts(settings.state_dir).save_range("anna", "secret holiday", "range=2025-08")
    sign_in(bare, "ben")
    assert "secret holiday" not in bare.get("/ranges", params={"path": "/top"}).text


def test_a_build_waits_while_another_run_has_the_lake(page: TestClient, own: Settings) -> None:
    with run_lock(own.state_dir, "import"):
        answer = page.post("/settings/build", headers=HERE)
    assert answer.status_code == 409 and "lakesong import" in answer.text


def test_after_a_change_the_page_offers_to_build(page: TestClient) -> None:
    assert 'action="/settings/build"' in page.get("/settings?done=zone").text
    assert 'action="/settings/build"' not in page.get("/settings?done=token").text
    assert "<script>" not in page.get("/settings", params={"done": "<script>"}).text.split("<body>")[1]


def test_every_field_has_a_label_and_every_heading_its_level(page: TestClient) -> None:
    body = page.get("/settings").text
    main = body.split("<main")[1]
    fields = re.findall(r"<(?:input|select)[^>]*>", re.sub(r"<label>.*?</label>", "", main, flags=re.DOTALL))
    assert [one for one in fields if 'type="hidden"' not in one] == []
    assert re.findall(r"<h(\d)", main)[0] == "1" and set(re.findall(r"<h(\d)", main)) == {"1", "2"}
