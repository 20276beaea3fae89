"""Cut off before or after any request, a playlist is completed by the same command: once, and in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests

from emulator.library import Library
from emulator.server import Emulator
from playlists.ledger import Creation, creation_of, marker_of
from schemas.lake import Lake

from .conftest import assert_made_once, of_ours


class CutError(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("is_answered", [False, True], ids=["before", "after"])
def test_cut_off_at_any_request_it_is_completed_by_the_same_command(
    is_answered: bool, make: Callable[..., Any], plan: Creation, emulator: Emulator, library: Library,
    monkeypatch: pytest.MonkeyPatch, lake: Lake,
) -> None:  # fmt: skip
    send, number, cut_points = requests.Session.send, 0, 0
    while True:
        number += 1
        left = number

        def cut(self: requests.Session, request: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0 and not is_answered:
                raise CutError
            reply = send(self, request, **options)
            if left == 0:
                raise CutError
            return reply

        short = {
            "track_uris": plan.track_uris[:105],
            "playlist_key": f"k{number}",
            "marker": marker_of(f"k{number}", 0),
        }
        of_turn = replace(plan, **short)
        monkeypatch.setattr(requests.Session, "send", cut)
        try:
            make(of_turn)
            was_cut = False
        except CutError:
            was_cut = True
        monkeypatch.setattr(requests.Session, "send", send)
        if not was_cut:
            break
        cut_points += 1
        make(of_turn)
        assert_made_once(library, of_turn)
        assert creation_of(lake, of_turn.playlist_key).status == "filled"
        library.unfollow_playlist(of_ours(library)[0].playlist_id)
    assert cut_points >= 8
