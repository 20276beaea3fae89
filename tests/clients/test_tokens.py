"""The store of sign-ins: one file, whole or not at all, that no other user may read."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clients.tokens import Token, TokenStore
from config.errors import InputError

PROJECT = Path(__file__).parents[2]
TOKEN = Token(
    user_id="ann",
    access_token="secret-access",
    refresh_token="secret-refresh",
    scope="user-top-read user-library-read",
    expires_at=datetime(2026, 11, 21, 13, 0, 0, 123_456, tzinfo=UTC),
    authorized_at=datetime(2026, 11, 1, tzinfo=UTC),
    account_id="a1",
)
BOB = replace(TOKEN, user_id="bob", refresh_token="of-bob", account_id="b1")


@pytest.fixture
def store(tmp_path: Path) -> TokenStore:
    return TokenStore(tmp_path / "state" / ".spotify_tokens.json")


def test_a_store_that_was_never_written_has_no_listeners(store):
    assert (store.users(), store.get("ann")) == ([], None)
    assert not store.path.parent.exists()


def test_a_token_comes_back_as_it_was_put_and_beside_others(store):
    store.put(BOB)
    store.put(TOKEN)
    again = TokenStore(store.path)
    assert again.users() == ["ann", "bob"]
    assert (again.get("ann"), again.get("bob")) == (TOKEN, BOB)


def test_a_new_token_takes_the_place_of_the_old_one(store):
    store.put(TOKEN)
    store.put(replace(TOKEN, access_token="other"))
    assert store.get("ann") == replace(TOKEN, access_token="other")


def test_a_sign_in_that_has_ended_is_marked_and_kept(store):
    store.put(TOKEN)
    store.put(BOB)
    store.mark_sign_in("ann")
    assert store.get("ann") == replace(TOKEN, needs_sign_in=True)
    assert store.get("bob") == BOB


def test_marking_a_listener_who_is_not_there_changes_nothing(store):
    store.put(BOB)
    store.mark_sign_in("ann")
    assert store.users() == ["bob"]


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_no_other_user_may_read_the_file_though_it_was_open_before(store):
    store.put(TOKEN)
    store.path.chmod(0o644)
    store.put(BOB)
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_the_repr_of_a_token_hides_what_is_secret():
    assert "ann" in repr(TOKEN)
    assert "secret" not in repr(TOKEN)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"listeners": []}', '{"listeners": {"ann": {"access_token": "secret-access"}}}',
     '{"listeners": {"ann": null}}', b"\xff\xfe"],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_an_error_and_is_left_alone(store, text):
    store.path.parent.mkdir()
    store.path.write_bytes(text if isinstance(text, bytes) else text.encode())
    before = store.path.read_bytes()
    for use in (store.users, lambda: store.get("ann"), lambda: store.put(TOKEN), lambda: store.mark_sign_in("ann")):
        with pytest.raises(InputError, match="cannot be read") as error:
            use()
        assert "secret" not in str(error.value)
    assert store.path.read_bytes() == before


def test_a_field_of_another_type_is_an_error(store):
    store.put(TOKEN)
    content = json.loads(store.path.read_text())
    content["listeners"]["ann"]["refresh_token"] = None
    store.path.write_text(json.dumps(content))
    with pytest.raises(InputError):
        store.get("ann")


def test_a_write_that_fails_leaves_the_old_file_whole_and_no_other(store, monkeypatch):
    store.put(TOKEN)

    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="no space left"):
        store.put(BOB)
    assert store.users() == ["ann"]
    assert [path.name for path in store.path.parent.glob("*.json.*") if path.suffix != ".lock"] == []


WRITER = """
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from clients.tokens import Token, TokenStore
at = datetime(2026, 1, 1, tzinfo=UTC)
for n in range(15):
    TokenStore(Path(sys.argv[1])).put(Token(f"{sys.argv[2]}{n}", "a", "r", "", at, at, "x"))
"""


def test_processes_that_write_at_the_same_time_lose_nobody(store):
    command = [sys.executable, "-c", WRITER, str(store.path)]
    writers = [subprocess.Popen([*command, name], cwd=PROJECT) for name in "pqr"]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    assert store.users() == sorted(f"{name}{n}" for name in "pqr" for n in range(15))
