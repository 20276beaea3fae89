"""Where the browser comes back to: one path, one sign-in, and nothing that others ask for counts."""

from __future__ import annotations

import socket

import pytest
import requests

from clients.callback import Callback, read_redirect
from config.errors import InputError, NeedsUserError


@pytest.fixture
def address() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/callback"


def test_the_code_comes_back_and_the_page_says_so(address):
    with Callback(address, "s1") as callback:
        page = requests.get(f"{address}?code=the-code&state=s1", timeout=5)
        assert callback.wait(5) == "the-code"
    assert page.status_code == 200
    assert "Signed in" in page.text and "the-code" not in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_a_favicon_another_path_and_another_state_change_nothing(address):
    root = address.removesuffix("/callback")
    with Callback(address, "s1") as callback:
        for stray in (f"{root}/favicon.ico", f"{root}/?code=x&state=s1", f"{root}/callback/?code=x&state=s1"):
            assert requests.get(stray, timeout=5).status_code == 404
        for wrong in ("?code=x&state=other", "?code=x", "?state=s1", "", "?error=access_denied&state=other"):
            assert requests.get(address + wrong, timeout=5).status_code == 400
        requests.get(f"{address}?code=right&state=s1", timeout=5)
        assert callback.wait(5) == "right"


def test_a_connection_that_says_nothing_does_not_hold_up_the_browser(address):
    with Callback(address, "s1") as callback:
        port = int(address.split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port)):
            requests.get(f"{address}?code=right&state=s1", timeout=5)
            assert callback.wait(5) == "right"


def test_a_listener_who_does_not_agree_ends_the_wait(address):
    with Callback(address, "s1") as callback:
        requests.get(f"{address}?error=access_denied&state=s1", timeout=5)
        with pytest.raises(NeedsUserError, match="agree"):
            callback.wait(5)


def test_nobody_coming_ends_the_wait(address):
    with Callback(address, "s1") as callback, pytest.raises(NeedsUserError, match="Nobody signed in"):
        callback.wait(0.01)


def test_a_port_in_use_is_named(address):
    with Callback(address, "s1"), pytest.raises(InputError, match=rf"Port {address.split(':')[2].split('/')[0]} "):
        Callback(address, "s2")


def test_the_port_is_free_again_afterwards(address):
    with Callback(address, "s1"):
        pass
    with Callback(address, "s2") as callback:
        requests.get(f"{address}?code=c&state=s2", timeout=5)
        assert callback.wait(5) == "c"


def test_an_address_of_ip_version_six_works():
    try:
        with socket.socket(socket.AF_INET6) as free:
            free.bind(("::1", 0))
            address = f"http://[::1]:{free.getsockname()[1]}/cb"
    except OSError:
        pytest.skip("this machine has no ::1")
    with Callback(address, "s1") as callback:
        requests.get(f"{address}?code=c&state=s1", timeout=5)
        assert callback.wait(5) == "c"


@pytest.mark.parametrize("address", ["https://me.example/callback", "http://127.0.0.1/callback"])
def test_an_address_that_this_machine_cannot_answer_names_the_other_way(address):
    with pytest.raises(InputError, match="--no-browser"):
        Callback(address, "s1")


@pytest.mark.parametrize(
    ("pasted", "kind", "says"),
    [
        ("", InputError, "no sign-in"),
        ("AQDtheCode", InputError, "no sign-in"),
        ("http://127.0.0.1:8888/callback", InputError, "no sign-in"),
        ("http://127.0.0.1:8888/callback?state=s1", InputError, "no sign-in"),
        ("http://127.0.0.1:8888/callback?code=secret-code", InputError, "another sign-in"),
        ("http://127.0.0.1:8888/callback?code=secret-code&state=s2", InputError, "another sign-in"),
        ("http://127.0.0.1:8888/callback?error=access_denied&state=s1", NeedsUserError, "agree"),
        ("http://127.0.0.1:8888/callback?error=server_error&state=s1", NeedsUserError, "broke the sign-in off"),
    ],
)
def test_an_address_that_does_not_sign_in_says_why(pasted, kind, says):
    with pytest.raises(kind, match=says) as error:
        read_redirect(pasted, "s1")
    assert "secret-code" not in str(error.value) + repr(error.value)


def test_the_code_is_read_out_of_the_pasted_address():
    assert read_redirect(" http://127.0.0.1:8888/callback?state=s1&code=a%2Bb#_=_\n", "s1") == "a+b"
