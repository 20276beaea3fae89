"""Making a playlist under every fault, cut off at every request and killed: one playlist, in order, nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from clients.errors import SignInError, SourceError
from config.errors import InputError, LakesongError, NeedsUserError, PostponedError
from config.settings import Settings
from emulator.library import Entry, Library
from emulator.server import Emulator
from playlists.accounts import signed_in
from playlists.creation import Maker
from playlists.ledger import Creation, creations
from schemas.lake import Lake

from .conftest import assert_made_once, of_ours, sign_in

QUICK = {"rate_limit_seconds": 0, "slow_seconds": 0.02, "burst_length": 2}
LIVABLE: dict[str, dict[str, Any]] = {
    "none": {},
    "rate_limit": {"rate_limit": 0.3},
    "retry_after_empty": {"retry_after_empty": 0.3},
    "retry_after_malformed": {"retry_after_malformed": 0.3},
    "server_errors": {"server_errors": 0.15},
    "truncated_bodies": {"truncated_bodies": 0.3},
    "html_bodies": {"html_bodies": 0.3},
    "empty_bodies": {"empty_bodies": 0.3},
    "slow_answers": {"slow_answers": 0.3},
    "post_succeeds_with_504": {"post_succeeds_with_504": True},
    "post_succeeds_with_504 on a bad day": {"post_succeeds_with_504": True, "server_errors": 0.1, "rate_limit": 0.1},
    "entries under track": {"playlist_entries": "track"},
    "entries under both": {"playlist_entries": "both"},
    "awkward": {"rate_limit": 0.03, "server_errors": 0.05, "truncated_bodies": 0.05, "empty_bodies": 0.05},
}

BY_CHANCE = {"server_errors", "post_succeeds_with_504 on a bad day", "awkward"}


@pytest.mark.parametrize(
    ("fault", "seed"), [*((fault, 1) for fault in LIVABLE), *((fault, 2) for fault in LIVABLE if fault in BY_CHANCE)]
)
def test_a_playlist_is_made_once_and_in_order_under_every_fault(
    fault: str, seed: int, make: Callable[..., Any], plan: Creation, emulator: Emulator, library: Library
) -> None:
    emulator._world.seed = seed
    emulator.faults.update({**QUICK, **LIVABLE[fault]})
    for _ in range(8):
        try:
            make(plan)
            break
        except LakesongError:
            assert len(of_ours(library)) <= 1
    assert_made_once(library, plan)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"rate_limit_long": 1.0}, PostponedError),
        ({"daily_quota": 7}, PostponedError),
        ({"premium_required": True}, NeedsUserError),
        ({"user_not_registered": True}, NeedsUserError),
    ],
    ids=["long wait", "quota", "premium", "unregistered"],
)
def test_what_stops_it_says_so_and_it_goes_on_afterwards(
    fault: dict[str, Any], error: type[LakesongError], make: Callable[..., Any], plan: Creation, emulator: Emulator,
    library: Library, emulated: Settings,
) -> None:  # fmt: skip
    emulator.faults.update(fault)
    with pytest.raises(error):
        make(plan)
    emulator.faults.update({"rate_limit_long": 0.0, "daily_quota": None, "premium_required": False,
                            "user_not_registered": False})  # fmt: skip
    if error is PostponedError:
        asked = emulator.request_count("/v1")
        with pytest.raises(PostponedError):  # the wait is remembered: nothing is asked before it ends
            make(plan)
        assert emulator.request_count("/v1") == asked
        emulator.clock.advance(timedelta(hours=25))
        sign_in(emulator, emulated)
    make(plan)
    assert_made_once(library, plan)


@pytest.mark.parametrize(
    ("is_public", "missing"), [(False, "playlist-modify-private"), (True, "playlist-modify-public")]
)
def test_a_scope_that_was_not_agreed_to_needs_the_listener_and_sends_nothing(
    is_public: bool, missing: str, make: Callable[..., Any], plan: Creation, emulator: Emulator, emulated: Settings
) -> None:
    sign_in(emulator, emulated, scope="playlist-read-private user-library-read")
    with pytest.raises(NeedsUserError, match=f"{missing}.*lakesong login") as raised:
        make(replace(plan, is_public=is_public))
    assert raised.value.exit_code == 3
    assert emulator.request_count("/v1") == 0


def test_a_scope_that_spotify_refuses_needs_the_listener_too(
    make: Callable[..., Any], plan: Creation, emulator: Emulator, emulated: Settings, library: Library
) -> None:
    emulator.faults.update({"granted_scopes": ["playlist-read-private", "user-read-private"]})
    sign_in(emulator, emulated, scope="playlist-modify-private")
    with pytest.raises(NeedsUserError, match="did not agree"):
        make(plan)
    assert of_ours(library) == []


def test_who_never_signed_in_is_told_to(make: Callable[..., Any], plan: Creation, emulated: Settings) -> None:
    emulated.token_file.unlink()
    with pytest.raises(SignInError):
        make(plan)


def test_asked_again_it_makes_no_second_one_and_changes_nothing(
    make: Callable[..., Any], plan: Creation, library: Library, emulator: Emulator
) -> None:
    first = make(plan)
    emulator.requests.clear()
    again = make(replace(plan, track_uris=plan.track_uris[:5]))
    assert (first.outcome, again.outcome) == ("made", "there already")
    assert again.creation.playlist_id == first.creation.playlist_id
    assert_made_once(library, plan)
    assert all(one.method == "GET" for one in emulator.requests)


def test_an_update_sends_nothing_where_nothing_differs_and_else_leaves_the_new_tracks_alone(
    make: Callable[..., Any], plan: Creation, library: Library, emulator: Emulator
) -> None:
    make(plan)
    emulator.requests.clear()
    assert make(plan, update=True).outcome == "unchanged"
    assert all(one.method == "GET" for one in emulator.requests)
    other = replace(plan, track_uris=plan.track_uris[100:225][::-1])
    assert make(other, update=True).outcome == "updated"
    assert_made_once(library, other)
    longer = replace(plan, track_uris=(*other.track_uris, *plan.track_uris[:3]))
    emulator.requests.clear()
    make(longer, update=True)
    assert_made_once(library, longer)
    assert [one.method for one in emulator.requests if one.method != "GET"] == ["POST"]


def test_what_the_listener_deleted_is_made_anew_but_not_while_the_list_may_lag(
    make: Callable[..., Any], plan: Creation, library: Library, monkeypatch: pytest.MonkeyPatch, lake: Lake
) -> None:
    first = make(plan).creation
    library.unfollow_playlist(str(first.playlist_id))
    assert make(plan).outcome == "there already"
    monkeypatch.setattr("playlists.creation.SETTLED", timedelta(0))
    again = make(plan)
    assert again.outcome == "made"
    assert again.creation.playlist_id != first.playlist_id
    assert_made_once(library, plan)
    assert again.creation.marker != first.marker
    assert len(creations(lake)) == 1


def test_items_that_another_added_give_way_only_to_an_update(
    make: Callable[..., Any], plan: Creation, library: Library, catalogue: pd.DataFrame
) -> None:
    made = make(plan).creation
    stranger = f"spotify:track:{catalogue['track_id'].iloc[300]}"
    library.add_items(str(made.playlist_id), [stranger], 0)
    assert make(plan).outcome == "there already"
    assert of_ours(library)[0].items.entries[0].what == stranger
    assert make(plan, update=True).outcome == "updated"
    assert_made_once(library, plan)


def test_a_track_that_stands_there_under_another_id_is_not_put_there_again(
    make: Callable[..., Any], plan: Creation, library: Library, catalogue: pd.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Spotify shows another edition of the fourth track than the one that was added."""
    other, add = f"spotify:track:{catalogue['track_id'].iloc[301]}", Library.add_items

    def relinked(self: Library, playlist_id: str, uris: list[str], position: int | None = None) -> None:
        add(self, playlist_id, [other if uri == plan.track_uris[3] else uri for uri in uris], position)

    monkeypatch.setattr(Library, "add_items", relinked)
    made = make(plan)
    assert made.notes == ("1 tracks stand there under another id, as Spotify offers them here",)
    assert [entry.what for entry in of_ours(library)[0].items.entries].count(other) == 1
    assert len(of_ours(library)[0].items.entries) == len(plan.track_uris)


def test_a_playlist_that_does_not_come_to_hold_its_tracks_is_an_error(
    make: Callable[..., Any], plan: Creation, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(plan).creation
    library.add_items(str(made.playlist_id), [plan.track_uris[5]], 0)
    monkeypatch.setattr(Library, "replace_items", lambda *given: None)
    with pytest.raises(SourceError, match="does not hold what was put there"):
        make(plan, update=True)


def test_two_processes_at_once_are_refused(make: Callable[..., Any], plan: Creation, emulated: Settings) -> None:
    with signed_in(emulated, "ann"), pytest.raises(PostponedError, match="Another process"):
        make(plan)


def test_a_simulated_lake_is_never_brought_to_a_real_account(
    settings: Settings, plan: Creation, small_lake: Lake
) -> None:
    with pytest.raises(InputError, match="simulated"):
        Maker(settings, plan).make()


def test_a_marker_of_somebody_elses_playlist_is_not_taken_for_ours(
    make: Callable[..., Any], plan: Creation, library: Library
) -> None:
    theirs = next(one for one in library.playlists() if one.owner == "stranger")
    theirs.description = f"copied: {plan.marker}"
    before = list(theirs.items.entries)
    made = make(plan)
    assert made.creation.playlist_id != theirs.playlist_id
    assert theirs.items.entries == before
    assert isinstance(before[0], Entry)
