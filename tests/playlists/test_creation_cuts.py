"""Cut off before or after any request, a playlist is completed by the same command: once, and in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
import requests

from config.settings import Settings
from emulator.library import Library, Playlist
from emulator.server import Emulator
from playlists.creation import Maker
from playlists.ledger import Creation, creation_of, marker_of
from schemas.lake import Lake


@pytest.fixture
def plan(catalogue: pd.DataFrame) -> Creation:
    """A playlist of 230 tracks: three batches."""
    uris = tuple(f"spotify:track:{one}" for one in catalogue["track_id"].head(230))
    return Creation("k1", "ann", True, "Mine", "mood calm", marker_of("k1", 0), "planned", False, uris)


@pytest.fixture
def make(emulated: Settings, emulator: Emulator) -> Callable[..., Any]:
    return lambda plan, **options: Maker(emulated, plan, clock=emulator.clock.now, **options).make()


def of_ours(library: Library) -> list[Playlist]:
    return [one for one in library.playlists() if "lakesong:" in one.description]


def assert_made_once(library: Library, plan: Creation) -> None:
    made = of_ours(library)
    assert [one.name for one in made] == ["Mine"]
    assert [entry.what for entry in made[0].items.entries] == list(plan.track_uris)
    assert not made[0].is_public


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
