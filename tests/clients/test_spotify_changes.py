"""Changes of playlists: sent as Spotify documents them, and never twice where the first may have been done."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from clients.errors import AbsentError, QuotaError, RefusedError, SourceError
from clients.spotify import SpotifyClient, UnsureError

ID = "3cEYpjA9oz9GiPac4AsH4n"
URIS = ["spotify:track:4iV5W9uYEdYUVa79Axb7Rh", "spotify:track:1301WleyT98MSxVHPZCA6M"]
DONE = {"id": ID, "snapshot_id": "s1"}

CHANGES: dict[str, Callable[[SpotifyClient], Any]] = {
    "create": lambda client: client.create_playlist("Mine", "text", is_public=False),
    "add": lambda client: client.add_to_playlist(ID, URIS, 7),
    "move": lambda client: client.move_in_playlist(ID, 4, 1, "s0"),
    "replace": lambda client: client.replace_playlist(ID, URIS),
    "remove": lambda client: client.remove_from_playlist(ID, URIS),
}
ONCE = ["create", "add", "move"]


@pytest.fixture
def client(stub: Any) -> SpotifyClient:
    return SpotifyClient(stub.url, lambda: "token", user_id="ann", per_second=0, first_wait_s=0.001, longest_wait_s=1)


@pytest.fixture
def changing(stub: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The stub, which then answers PUT and DELETE as it answers POST."""
    for method in ("do_PUT", "do_DELETE"):
        monkeypatch.setattr(BaseHTTPRequestHandler, method, lambda handler: handler.do_POST(), raising=False)
    return stub


@pytest.mark.parametrize(
    ("name", "method", "path", "query", "body"),
    [
        ("create", "POST", "/me/playlists", {},
         {"name": "Mine", "public": False, "collaborative": False, "description": "text"}),
        ("add", "POST", f"/playlists/{ID}/items", {"position": "7"}, URIS),
        ("move", "PUT", f"/playlists/{ID}/items", {},
         {"range_start": 4, "range_length": 1, "insert_before": 1, "snapshot_id": "s0"}),
        ("replace", "PUT", f"/playlists/{ID}/items", {}, {"uris": URIS}),
        ("remove", "DELETE", f"/playlists/{ID}/items", {}, {"items": [{"uri": uri} for uri in URIS]}),
    ],
)  # fmt: skip
def test_a_change_is_sent_as_documented(
    name: str, method: str, path: str, query: dict[str, str], body: Any, client: SpotifyClient, changing: Any
) -> None:
    changing.will(DONE, status=201)
    assert CHANGES[name](client)["snapshot_id"] == "s1"
    asked = changing.asked[0]
    assert (asked.method, asked.path, asked.query) == (method, path, query)
    assert json.loads(asked.body) == body


@pytest.mark.parametrize("name", ONCE)
@pytest.mark.parametrize("flaw", ["504", "dropped", "cut", "unreadable", "other"])
def test_what_may_have_been_done_is_sent_once_and_said_to_be_unsure(
    name: str, flaw: str, client: SpotifyClient, changing: Any
) -> None:
    if flaw == "504":
        changing.will(b"upstream request timeout", status=504)
    elif flaw == "unreadable":
        changing.will(b"{", status=201)
    elif flaw == "other":
        changing.will({"something": "else"}, status=201)
    else:
        changing.will(DONE, flaw=flaw)
    with pytest.raises(UnsureError) as raised:
        CHANGES[name](client)
    assert isinstance(raised.value, SourceError)
    assert len(changing.asked) == 1


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_surely_not_done_is_sent_again(name: str, client: SpotifyClient, changing: Any) -> None:
    changing.will({"error": {}}, status=429, headers={"Retry-After": "0"}).will(DONE, status=201)
    assert CHANGES[name](client)["snapshot_id"] == "s1"
    assert len(changing.asked) == 2


@pytest.mark.parametrize("name", ["replace", "remove"])
def test_what_may_be_done_twice_is_sent_again_after_a_failure(name: str, client: SpotifyClient, changing: Any) -> None:
    changing.will(b"", status=503).will(DONE)
    assert CHANGES[name](client)["snapshot_id"] == "s1"
    assert len(changing.asked) == 2


@pytest.mark.parametrize("name", ONCE)
def test_refusals_and_quotas_keep_their_names(name: str, client: SpotifyClient, changing: Any) -> None:
    changing.will({"error": {"status": 403, "message": "Insufficient client scope"}}, status=403)
    with pytest.raises(RefusedError) as raised:
        CHANGES[name](client)
    assert raised.value.reason == "scope"
    changing.replies.clear()
    changing.will({"error": {"reason": "QUOTA_EXCEEDED"}}, status=429, headers={"Retry-After": "48925"})
    with pytest.raises(QuotaError):
        CHANGES[name](client)


def test_an_id_that_is_none_is_absent_before_anything_is_sent(client: SpotifyClient, stub: Any) -> None:
    with pytest.raises(AbsentError):
        client.add_to_playlist("spotify:local:x", URIS, 0)
    assert stub.asked == []
