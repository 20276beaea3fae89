"""Care of own playlists: suggested, applied to what stands on Spotify, undone; refused where a thing would be lost."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
import requests

from clients.errors import SourceError
from clients.spotify import SpotifyClient
from config.errors import InputError
from config.settings import Settings
from emulator.library import Library, Playlist
from emulator.server import Emulator
from models.ordering import path_cost, step_costs
from playlists.care import apply_change, care_for, own_playlist, standing, stored_playlist, undo_change
from playlists.ledger import last_change
from playlists.listening import Listening
from schemas.lake import Lake

from .conftest import NOW, Write, is_made_up

LOCAL = "spotify:local:Ann::Demo:184"


@pytest.fixture
def mine(library: Library, catalogue: pd.DataFrame) -> Playlist:
    """A playlist of twelve tracks with measured features and a local file, on Spotify."""
    rows = [row for row in catalogue.head(200).to_dict("records") if not is_made_up(row)][:12]
    made = library.create_playlist("Mine", is_public=False)
    library.add_items(made.playlist_id, [f"spotify:track:{row['track_id']}" for row in rows])
    library.add_items(made.playlist_id, [LOCAL], 3)
    return made


@pytest.fixture
def listening_of_ann(
    settings: Settings, small_lake: Lake, write: Write, mine: Playlist, catalogue: pd.DataFrame
) -> Listening:
    same = {"user_id": "ann", "is_simulated": True, "playlist_id": mine.playlist_id, "playlist_name": "Mine"}
    write("playlist_history", {**same_of(same, "is_simulated"), "is_own": True, "is_current": True})
    first, added = mine.items.entries[0].what, f"spotify:track:{catalogue['track_id'].iloc[250]}"
    for basis in ("measured",):
        write(
            "playlist_suggestions",
            {**same, "basis": basis, "suggestion": "remove", "item_uri": first, "suggestion_rank": 1, "why": "odd"},
            {**same, "basis": basis, "suggestion": "remove", "item_uri": "spotify:track:gone", "why": "odd"},
            {**same, "basis": basis, "suggestion": "add", "item_uri": added, "suggestion_rank": 1, "why": "near"},
        )
    return Listening(settings, "ann", "measured")


def same_of(row: dict[str, Any], without: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != without}


def on(playlist: Playlist) -> tuple[str, ...]:
    return tuple(entry.what for entry in playlist.items.entries)


def cost(items: tuple[str, ...], catalogue: pd.DataFrame) -> float:
    known = catalogue.set_index("track_id")
    rows = known.loc[[uri.rpartition(":")[2] for uri in items if uri.startswith("spotify:track:")]]
    return path_cost(step_costs(rows["energy"].to_numpy(), rows["tempo"].to_numpy(float)), list(range(len(rows))))


def test_suggestions_of_the_lake_are_those_that_still_fit(listening_of_ann: Listening, mine: Playlist) -> None:
    care = care_for(listening_of_ann, mine.playlist_id, "Mine", on(mine))
    assert care.rows["suggestion"].tolist() == ["add", "remove"]
    assert Counter(care.ordered) == Counter(care.items)
    assert care.ordered.index(LOCAL) == 3
    assert care.after(["remove"]) == on(mine)[1:]
    assert care.after(["add"]) == (*on(mine), care.rows["item_uri"].iloc[0])
    assert care.after(["add", "remove"])[-1] == care.rows["item_uri"].iloc[0]


def test_the_suggested_order_is_smoother_by_what_it_says(
    listening_of_ann: Listening, mine: Playlist, catalogue: pd.DataFrame
) -> None:
    items = on(mine)[1:]  # the first is to be removed, and is not ordered
    care = care_for(listening_of_ann, mine.playlist_id, "Mine", items)
    assert care.gain == pytest.approx(1 - cost(care.ordered, catalogue) / cost(items, catalogue))
    assert care.gain > 0.2


def test_applied_and_undone_a_playlist_is_as_it_was_and_what_stayed_kept_its_date(
    listening_of_ann: Listening, mine: Playlist, client: SpotifyClient, lake: Lake, emulator: Emulator
) -> None:
    before, dates = on(mine), {entry.what: entry.added_at for entry in mine.items.entries}
    emulator.clock.advance(timedelta(minutes=5))
    now = standing(client, mine.playlist_id, "Mine")
    care = care_for(listening_of_ann, mine.playlist_id, "Mine", now.uris)
    wanted = care.after(["add", "remove", "reorder"])
    change = apply_change(client, lake, listening_of_ann, now, wanted)
    assert on(mine) == wanted == change.items_after
    assert wanted != before
    assert change.snapshot_after == mine.snapshot_id != change.snapshot_before
    stayed = [entry for entry in mine.items.entries if entry.what in dates]
    assert len(stayed) == 12
    assert all(entry.added_at == dates[entry.what] for entry in stayed)
    undo_change(client, lake, "ann", mine.playlist_id, "Mine")
    assert on(mine) == before
    with pytest.raises(InputError, match="Nothing was applied"):
        undo_change(client, lake, "ann", mine.playlist_id, "Mine")


def test_a_playlist_that_changed_meanwhile_is_left_alone(
    listening_of_ann: Listening, mine: Playlist, client: SpotifyClient, lake: Lake, library: Library
) -> None:
    now = standing(client, mine.playlist_id, "Mine")
    wanted = now.uris[1:]
    library.add_items(mine.playlist_id, ["spotify:episode:" + "e" * 22])
    changed = on(mine)
    with pytest.raises(InputError, match="changed meanwhile"):
        apply_change(client, lake, listening_of_ann, now, wanted)
    assert on(mine) == changed
    assert last_change(lake, "ann", mine.playlist_id) is None
    apply_change(client, lake, listening_of_ann, standing(client, mine.playlist_id, "Mine"), wanted)
    library.add_items(mine.playlist_id, ["spotify:episode:" + "f" * 22])
    with pytest.raises(InputError, match="has changed since"):
        undo_change(client, lake, "ann", mine.playlist_id, "Mine")
    assert on(mine) == (*wanted, "spotify:episode:" + "f" * 22)


def test_what_could_not_be_put_back_is_never_taken_away(
    listening_of_ann: Listening, mine: Playlist, client: SpotifyClient, lake: Lake
) -> None:
    now = standing(client, mine.playlist_id, "Mine")
    with pytest.raises(InputError, match="could not be put back"):
        apply_change(client, lake, listening_of_ann, now, [uri for uri in now.uris if uri != LOCAL])
    assert on(mine) == now.uris


class CutError(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("is_answered", [False, True], ids=["before", "after"])
def test_cut_off_at_any_request_a_change_can_be_undone(
    is_answered: bool, listening_of_ann: Listening, mine: Playlist, client: SpotifyClient, lake: Lake,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    before, send = on(mine), requests.Session.send
    now = standing(client, mine.playlist_id, "Mine")
    wanted = (*now.uris[1:3], LOCAL, *now.uris[4:9][::-1], *now.uris[9:], now.uris[0].replace("track", "episode"))
    number = 0
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

        now = standing(client, mine.playlist_id, "Mine")
        monkeypatch.setattr(requests.Session, "send", cut)
        try:
            apply_change(client, lake, listening_of_ann, now, wanted)
            was_cut = False
        except CutError:
            was_cut = True
        monkeypatch.setattr(requests.Session, "send", send)
        if last_change(lake, "ann", mine.playlist_id) is not None:
            if was_cut and last_change(lake, "ann", mine.playlist_id).status == "begun":
                half = standing(client, mine.playlist_id, "Mine")
                with pytest.raises(InputError, match="was cut off"):
                    apply_change(client, lake, listening_of_ann, half, half.uris[::-1])
            undo_change(client, lake, "ann", mine.playlist_id, "Mine")
        assert on(mine) == before
        if not was_cut:
            break
    assert number > 8


def test_steps_that_are_not_answered_are_looked_after(
    listening_of_ann: Listening, mine: Playlist, client: SpotifyClient, lake: Lake, emulator: Emulator
) -> None:
    now = standing(client, mine.playlist_id, "Mine")
    emulator.faults.update({"post_succeeds_with_504": True})
    wanted = (*now.uris, "spotify:episode:" + "g" * 22)
    apply_change(client, lake, listening_of_ann, now, wanted)
    assert on(mine) == wanted


def test_only_own_playlists_are_found_and_two_of_one_name_ask_for_the_id(
    client: SpotifyClient, mine: Playlist, library: Library
) -> None:
    assert own_playlist(client, "  mine ")[0] == mine.playlist_id
    assert own_playlist(client, f"https://open.spotify.com/playlist/{mine.playlist_id}?si=1")[1:] == ("Mine", False)
    with pytest.raises(InputError, match="No own playlist is called 'Road trip'"):
        own_playlist(client, "Road trip")
    library.create_playlist("Mine")
    with pytest.raises(InputError, match=r"2 own playlists.*Give the id"):
        own_playlist(client, "Mine")


def test_a_stored_playlist_is_its_newest_readable_snapshot(
    listening_of_ann: Listening, mine: Playlist, write: Write
) -> None:
    same = {"user_id": "ann", "collection": "playlist_items", "part": mine.playlist_id, "is_readable": True}
    for key, hour in (("old", 1), ("new", 2)):
        write("library_snapshots_bronze", {**same, "snapshot_key": key, "snapshot_at": NOW.replace(hour=hour)})
    row = {"user_id": "ann", "playlist_id": mine.playlist_id}
    write("playlist_items_bronze", {**row, "snapshot_key": "old", "position": 1, "item_uri": "a"},
          {**row, "snapshot_key": "new", "position": 2, "item_uri": "c"},
          {**row, "snapshot_key": "new", "position": 1, "item_uri": "b"})  # fmt: skip
    assert stored_playlist(listening_of_ann, "Mine") == (mine.playlist_id, "Mine", ["b", "c"])


def test_a_playlist_that_does_not_follow_is_an_error(
    listening_of_ann: Listening, mine: Playlist, client: SpotifyClient, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Library, "add_items", lambda *given: None)
    now = standing(client, mine.playlist_id, "Mine")
    with pytest.raises(SourceError, match=r"did not become.*undo"):
        apply_change(client, lake, listening_of_ann, now, (*now.uris, "spotify:track:" + "z" * 22))
    assert on(mine) == now.uris
