"""Who may come in, and as whom: what is refused is tried here, one way after another."""

from __future__ import annotations

import re
import stat
import time
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from fastapi.routing import iter_route_contexts
from itsdangerous import URLSafeTimedSerializer
from starlette.testclient import TestClient

from config.errors import InputError
from config.settings import Settings
from dashboard.access import sessions
from dashboard.access.accounts import FILE, Accounts
from dashboard.access.entrance import Entrance
from dashboard.access.forms import inside
from dashboard.access.passwords import hash_password, is_password
from dashboard.app import make_app
from ingestion.listeners import register_listener
from schemas.lake import Lake

PASSWORD = "correct horse battery"
INSIDE = "/connect"  # a page that needs a visitor and no release
Site = Callable[..., TestClient]


hashed = cache(hash_password)


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    """`site("anna", "ben", password_of=("anna",))`: a dashboard of a lake with these listeners; nothing is followed."""

    apps = []

    def make(
        *listeners: str,
        passwords: tuple[str, ...] = (),
        base: str = "http://127.0.0.1:8000",
        peer: str = "127.0.0.1",
        **changed: str,
    ) -> TestClient:
        for name in listeners:
            register_listener(Lake(settings.lake_uri), name)
        for number, name in enumerate(passwords):
            Accounts(settings.state_dir).set_password(name, hashed(PASSWORD + name), is_admin=number == 0)
        app = make_app(settings.model_copy(update=changed))
        apps.append(app)
        return TestClient(app, base_url=base, client=(peer, 5000), follow_redirects=False)

    yield make
    for app in apps:
        app.state.site.stores.close()


def from_page(client: TestClient, path: str, **form: str) -> object:
    """A form that a page of the site sends."""
    return client.post(path, data=form, headers={"sec-fetch-site": "same-origin"})


def sign_in(client: TestClient, name: str) -> None:
    answer = from_page(client, "/sign-in", user=name, password=PASSWORD + name, next=INSIDE)
    assert (answer.status_code, answer.headers["location"]) == (303, INSIDE)


def is_in(client: TestClient, **headers: str) -> bool:
    answer = client.get(INSIDE, headers=headers)
    assert answer.status_code in (200, 303)
    return answer.status_code == 200


# without a sign-in


def test_one_listener_on_this_machine_needs_no_sign_in(site: Site) -> None:
    answer = site("anna").get(INSIDE)
    assert answer.status_code == 200 and "For anna." in answer.text


def test_before_there_is_a_lake_pages_lead_to_the_beginning(site: Site) -> None:
    answer = site().get("/top")
    assert (answer.status_code, answer.headers["location"]) == (303, "/connect")


def test_of_several_listeners_each_signs_in(site: Site) -> None:
    answer = site("anna", "ben").get(f"{INSIDE}?a=1&b=2")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fconnect%3Fa%3D1%26b%3D2")


def test_what_came_through_a_proxy_needs_a_sign_in(site: Site) -> None:
    client = site("anna")
    said = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Proto", "X-Forwarded-Host", "Via")
    assert is_in(client)
    assert {name: is_in(client, **{name: "127.0.0.1"}) for name in said} == dict.fromkeys(said, False)


def test_another_machine_needs_a_sign_in(site: Site) -> None:
    assert not is_in(site("anna", peer="192.168.1.7"))


@pytest.mark.parametrize(
    "changed", [{"dashboard_host": "0.0.0.0"}, {"dashboard_hosts": "music.example"}, {"dashboard_proxies": "127.0.0.1"}]
)
def test_a_dashboard_that_others_can_reach_needs_a_sign_in(site: Site, changed: dict[str, str]) -> None:
    assert not is_in(site("anna", **changed))


def test_once_a_password_is_set_everybody_signs_in(site: Site) -> None:
    client = site("anna", passwords=("anna",))
    assert not is_in(client)
    sign_in(client, "anna")
    assert is_in(client)


# hosts and origins


def test_a_name_of_somebody_elses_is_refused(site: Site) -> None:
    client = site("anna")
    names = ("evil.example", "127.0.0.1.evil.example", "evil.example:8000", "127.0.0.1@evil.example", "", "[::1")
    answers = {name: client.get(INSIDE, headers={"host": name}).status_code for name in names}
    assert answers == dict.fromkeys(names, 421)


def test_a_name_in_the_settings_is_answered_to(site: Site) -> None:
    client = site("anna", dashboard_hosts="music.example, other.example", base="http://music.example")
    assert client.get("/sign-in").status_code == 200


def test_a_form_on_another_site_changes_nothing(site: Site, settings: Settings) -> None:
    client = site("anna")
    said = (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "cross-site"},
    )
    answers = [client.post("/settings/tokens", data={"name": "mine"}, headers=one).status_code for one in said]
    assert answers == [403] * len(said)
    assert Accounts(settings.state_dir).tokens("anna") == []


def test_a_request_with_a_cookie_that_hides_where_it_comes_from_changes_nothing(site: Site, settings: Settings) -> None:
    client = site("anna", passwords=("anna",))
    sign_in(client, "anna")
    assert client.post("/settings/tokens", data={"name": "mine"}).status_code == 403
    assert Accounts(settings.state_dir).tokens("anna") == []
    assert from_page(client, "/settings/tokens", name="mine").status_code == 200
    assert [one.name for one in Accounts(settings.state_dir).tokens("anna")] == ["mine"]


# passwords


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(site: Site) -> None:
    client = site("anna", passwords=("anna",))
    wrong = from_page(client, "/sign-in", user="anna", password="wrong wrong wrong")
    unknown = from_page(client, "/sign-in", user="nobody", password=PASSWORD)
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace("anna", "X") == unknown.text.replace("nobody", "X")
    assert not is_in(client)


def test_an_unknown_name_takes_as_long_as_a_wrong_password() -> None:
    kept = hash_password(PASSWORD)
    is_password("", PASSWORD)

    def seconds(of: str) -> float:
        times = []
        for _ in range(7):
            begun = time.perf_counter()
            assert not is_password(of, "wrong")
            times.append(time.perf_counter() - begun)
        return sorted(times)[3]

    assert 0.5 < seconds("") / seconds(kept) < 2


def test_nobody_signs_in_without_a_password(site: Site) -> None:
    client = site("anna", "ben", passwords=("anna",))
    assert from_page(client, "/sign-in", user="ben", password="").status_code == 401


def test_tries_with_one_name_are_limited_and_the_wait_is_told(site: Site) -> None:
    client = site("anna", "ben", passwords=("anna", "ben"))
    answers = [from_page(client, "/sign-in", user="anna", password=f"guess {n}") for n in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 601
    assert from_page(client, "/sign-in", user="anna", password=PASSWORD + "anna").status_code == 429
    sign_in(client, "ben")  # another name of this address is not held up yet


def test_tries_from_one_address_are_limited_whatever_the_name(site: Site) -> None:
    client = site("anna", passwords=("anna",))
    codes = [from_page(client, "/sign-in", user=f"name {n}", password="x").status_code for n in range(31)]
    assert codes == [401] * 30 + [429]


@pytest.mark.parametrize("password", ["", "short", "a" * 1001])
def test_a_password_too_short_or_too_long_is_not_set(password: str) -> None:
    with pytest.raises(InputError, match="10 to 1,000"):
        hash_password(password)


def test_secrets_are_files_of_this_user_alone_and_hold_no_password_or_token(site: Site, settings: Settings) -> None:
    client = site("anna", passwords=("anna",))
    sign_in(client, "anna")
    token = Accounts(settings.state_dir).make_token("anna", "scrobbler")
    for name in (FILE, sessions.KEY_FILE):
        file = settings.state_dir / name
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert token.encode() not in file.read_bytes() and PASSWORD.encode() not in file.read_bytes()


# sessions


def cookie(settings: Settings, key: bytes | None = None, **content: object) -> str:
    key = key or (settings.state_dir / sessions.KEY_FILE).read_bytes()
    return str(URLSafeTimedSerializer(key, salt=f"lakesong.{sessions.SESSION}").dumps(content))


def test_a_session_cookie_is_kept_from_scripts_and_other_sites(site: Site) -> None:
    client = site("anna", passwords=("anna",))
    set_cookie = from_page(client, "/sign-in", user="anna", password=PASSWORD + "anna").headers["set-cookie"].lower()
    assert "httponly" in set_cookie and "samesite=lax" in set_cookie and "path=/" in set_cookie
    assert "secure" not in set_cookie and "domain" not in set_cookie


def test_behind_tls_the_cookie_is_secure_and_bound_to_the_host(site: Site) -> None:
    client = site(
        "anna", passwords=("anna",), base="https://music.example", dashboard_hosts="music.example", peer="10.0.0.2"
    )
    answer = from_page(client, "/sign-in", user="anna", password=PASSWORD + "anna", next=INSIDE)
    set_cookie = answer.headers["set-cookie"]
    assert set_cookie.startswith("__Host-lakesong_session=") and "Secure" in set_cookie
    assert is_in(client)


def test_a_session_that_the_browser_brought_is_never_taken_over(site: Site) -> None:
    client = site("anna", passwords=("anna",))
    client.cookies.set(sessions.SESSION, "chosen-by-an-attacker")
    answer = from_page(client, "/sign-in", user="anna", password=PASSWORD + "anna")
    assert "chosen-by-an-attacker" not in answer.headers["set-cookie"]


@pytest.mark.parametrize("change", [lambda text: text[:-2] + "xx", lambda text: "e30" + text[3:], lambda text: ""])
def test_a_cookie_that_was_changed_lets_nobody_in(site: Site, change: Callable[[str], str]) -> None:
    client = site("anna", passwords=("anna",))
    sign_in(client, "anna")
    text = client.cookies[sessions.SESSION]
    client.cookies.clear()
    client.cookies.set(sessions.SESSION, change(text))
    assert not is_in(client)


def test_a_cookie_signed_with_another_key_lets_nobody_in(site: Site, settings: Settings) -> None:
    client = site("anna", passwords=("anna",))
    client.cookies.set(sessions.SESSION, cookie(settings, key=b"x" * 32, user="anna", generation=1))
    assert not is_in(client)


def test_a_cookie_of_another_purpose_is_no_session(site: Site, settings: Settings) -> None:
    client = site("anna", passwords=("anna",))
    sign_in(client, "anna")
    key = (settings.state_dir / sessions.KEY_FILE).read_bytes()
    content = {"user": "anna", "generation": 1}
    other = URLSafeTimedSerializer(key, salt=f"lakesong.{sessions.SIGNING_IN}").dumps(content)
    client.cookies.clear()
    client.cookies.set(sessions.SESSION, str(other))
    assert not is_in(client)


def test_a_session_ends_after_thirty_days(site: Site, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    client = site("anna", passwords=("anna",))
    sign_in(client, "anna")
    now = time.time()
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: now + 29.9 * 86_400)
    assert is_in(client)
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: now + 30.1 * 86_400)
    assert not is_in(client)


def test_signing_out_ends_all_sessions_of_the_listener_and_of_nobody_else(site: Site) -> None:
    here = site("anna", "ben", passwords=("anna", "ben"))
    there, of_ben = (TestClient(here.app, base_url=str(here.base_url), follow_redirects=False) for _ in range(2))
    for client, name in ((here, "anna"), (there, "anna"), (of_ben, "ben")):
        sign_in(client, name)
    kept = there.cookies[sessions.SESSION]
    assert from_page(here, "/sign-out").headers["location"] == "/sign-in"
    assert [is_in(client) for client in (here, there, of_ben)] == [False, False, True]
    here.cookies.set(sessions.SESSION, kept)
    assert not is_in(here)


def test_a_new_password_ends_other_sessions_and_needs_the_old_one(site: Site) -> None:
    here = site("anna", passwords=("anna",))
    there = TestClient(here.app, base_url=str(here.base_url), follow_redirects=False)
    sign_in(here, "anna")
    sign_in(there, "anna")
    new = {"password": "another long one", "password_again": "another long one"}
    assert from_page(here, "/settings/password", old_password="guessed", **new).status_code == 400
    assert is_in(there)
    assert from_page(here, "/settings/password", old_password=PASSWORD + "anna", **new).status_code == 303
    assert is_in(here) and not is_in(there)
    answer = from_page(there, "/sign-in", user="anna", password="another long one")
    assert answer.status_code == 303


def test_a_session_of_a_listener_who_left_the_lake_ends(site: Site, settings: Settings) -> None:
    client = site("anna", passwords=("anna", "gone"))
    sign_in(client, "anna")
    client.cookies.clear()
    client.cookies.set(sessions.SESSION, cookie(settings, user="gone", generation=1))
    assert not is_in(client)


# where one is led


def test_next_leads_to_no_other_site(site: Site) -> None:
    client = site("anna", passwords=("anna",))
    sign_in(client, "anna")
    wanted = (
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "/\r\nlocation: https://evil.example",
        "evil.example",
        " //evil.example",
    )
    led = {one: client.get("/sign-in", params={"next": one}).headers["location"] for one in wanted}
    assert led == dict.fromkeys(wanted, "/")
    answer = from_page(client, "/sign-in", user="anna", password=PASSWORD + "anna", next="//evil.example")
    assert answer.headers["location"] == "/"


def test_next_keeps_an_address_of_this_site() -> None:
    assert inside("/top?range=2025&by=plays") == "/top?range=2025&by=plays"


# tokens


@pytest.mark.parametrize("scheme", ["Bearer", "Token", "bearer"])
def test_a_token_lets_its_listener_in(site: Site, settings: Settings, scheme: str) -> None:
    client = site("anna", "ben")
    token = Accounts(settings.state_dir).make_token("ben", "scrobbler")
    answer = client.get("/ranges?path=/top", headers={"authorization": f"{scheme} {token}"})
    assert answer.status_code == 403  # it is known, and may not do what only persons do
    entrance: Entrance = client.app.state.site.access
    assert entrance.verify(token) == "ben"
    assert Accounts(settings.state_dir).tokens("ben")[0].used_at is not None


@pytest.mark.parametrize("token", ["", "wrong", "a" * 43])
def test_a_wrong_token_lets_nobody_in_even_on_this_machine(site: Site, token: str) -> None:
    client = site("anna")
    assert is_in(client)
    assert not is_in(client, authorization=f"Bearer {token}")


def test_a_revoked_token_is_unknown_and_nobody_revokes_that_of_another(site: Site, settings: Settings) -> None:
    accounts = Accounts(settings.state_dir)
    client = site("anna", "ben", passwords=("anna", "ben"))
    token = accounts.make_token("ben", "scrobbler")
    sign_in(client, "anna")
    from_page(client, "/settings/tokens/revoke", token_id=str(accounts.tokens("ben")[0].token_id))
    assert accounts.user_of_token(token) == "ben"
    accounts.revoke("ben", accounts.tokens("ben")[0].token_id)
    assert accounts.user_of_token(token) is None


def test_a_token_cannot_make_tokens_or_set_passwords(site: Site, settings: Settings) -> None:
    client = site("anna", "ben")
    shown = {"authorization": f"Bearer {Accounts(settings.state_dir).make_token('ben', 'x')}"}
    for path in ("/settings/tokens", "/settings/password", "/settings/build", "/settings/zone", "/connect/app"):
        assert client.post(path, data={"name": "y"}, headers=shown).status_code == 403
    assert [one.name for one in Accounts(settings.state_dir).tokens("ben")] == ["x"]


# roles


def test_who_does_not_look_after_the_lake_lets_nobody_in_or_out(site: Site, settings: Settings) -> None:
    client = site("anna", "ben", passwords=("anna", "ben"))
    sign_in(client, "ben")
    tries = {
        "/settings/listeners": {"user": "carl", "password": "long enough it is"},
        "/settings/listeners/close": {"user": "anna"},
        "/connect/app": {"client_id": "abcdefgh", "client_secret": ""},
        "/connect/app/remove": {},
    }
    assert {path: from_page(client, path, **form).status_code for path, form in tries.items()} == dict.fromkeys(
        tries, 403
    )
    assert not settings.spotify_app_file.exists()
    assert set(Accounts(settings.state_dir).accounts()) == {"anna", "ben"}


def test_a_listener_who_is_let_in_no_more_has_no_session_password_or_token(site: Site, settings: Settings) -> None:
    admin = site("anna", "ben", passwords=("anna", "ben"))
    ben = TestClient(admin.app, base_url=str(admin.base_url), follow_redirects=False)
    sign_in(admin, "anna")
    sign_in(ben, "ben")
    token = Accounts(settings.state_dir).make_token("ben", "scrobbler")
    assert from_page(admin, "/settings/listeners/close", user="ben").status_code == 303
    assert not is_in(ben)
    assert from_page(ben, "/sign-in", user="ben", password=PASSWORD + "ben").status_code == 401
    assert Accounts(settings.state_dir).user_of_token(token) is None


def test_no_address_but_the_entrance_is_answered_without_a_sign_in(site: Site) -> None:
    """Every route, whoever added it, asks who is there; before that at most what it needs, or that `x` is nothing."""
    client = site("anna", "ben", peer="192.168.1.7")
    open_to_all = {"/", "/sign-in", "/sign-out", "/sign-in/spotify", "/callback", "/api/v1/openapi.json"}
    open_to_all |= {"/health", "/health/ready", "/1/validate-token"}
    asked = [
        (method, re.sub(r"\{[^}]+\}", "x", route.path))
        for route in iter_route_contexts(client.app.routes)
        for method in route.methods or ()
        if method in ("GET", "POST", "PUT", "DELETE") and route.path not in open_to_all
    ]
    assert {("POST", "/settings/tokens"), ("GET", "/settings.csv"), ("GET", "/api/v1/me")} <= set(asked)
    answers = {one: client.request(*one, headers={"sec-fetch-site": "same-origin"}) for one in asked}
    let_in = {
        one: answer.status_code
        for one, answer in answers.items()
        if not (answer.status_code in (401, 403, 404, 422) or answer.headers.get("location", "").startswith("/sign-in"))
    }
    assert let_in == {}


def test_a_form_larger_than_any_of_ours_is_refused(site: Site) -> None:
    client = site("anna", passwords=("anna",))
    assert from_page(client, "/sign-in", user="anna", password="x" * 70_000).status_code == 400


def test_the_state_folder_is_made_when_it_is_needed_only(settings: Settings) -> None:
    accounts = Accounts(settings.state_dir / "new")
    assert accounts.tokens("anna") == [] and not accounts.has_passwords()
    assert not (settings.state_dir / "new").exists()
    accounts.save_range("anna", "spring", "range=2025-04")
    assert [(one.name, one.query) for one in accounts.ranges("anna")] == [("spring", "range=2025-04")]
