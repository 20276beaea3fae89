"""Care of an own playlist: what to add, remove and reorder; applied when told to, and undone when told to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from clients.errors import SourceError
from clients.spotify import SpotifyClient, UnsureError
from config.errors import InputError
from models.ordering import path_cost, smooth_order, step_costs
from playlists.accounts import Entry, entries, own_playlists
from playlists.changes import applied, send, steps_between
from playlists.ledger import Change, change_id_of, last_change, record_change
from playlists.listening import MEASURED, Listening
from schemas.lake import Lake

ADD, REMOVE, REORDER = "add", "remove", "reorder"
PARTS = (ADD, REMOVE, REORDER)
LEAST_GAIN = 0.2  # of the cost of the order, for a new one to be suggested
MOST_ORDERED = 200
TRIES = 4
_PLAYLIST_ID = re.compile(r"(?:spotify:playlist:|https?://open\.spotify\.com/playlist/)?([0-9A-Za-z]{22})(?:\?.*)?")


@dataclass(frozen=True)
class Care:
    """What is suggested for one playlist: rows of playlist_suggestions, and the order of its items that is smoother.

    items: its items as they stand; ordered: the same in the smoother order (equal to items where none is suggested);
    gain: the part of the cost of the order that goes, 0-1.
    """

    playlist_id: str
    playlist_name: str
    items: tuple[str, ...]
    rows: pd.DataFrame
    ordered: tuple[str, ...]
    gain: float
    notes: tuple[str, ...]

    def after(self, parts: Sequence[str]) -> tuple[str, ...]:
        """The items once these parts are applied: what is added comes last, or into the order where that is applied."""
        chosen = {part: self.rows.loc[self.rows["suggestion"] == part, "item_uri"].tolist() for part in (ADD, REMOVE)}
        base = self.ordered if REORDER in parts else self.items
        removed = set(chosen[REMOVE]) if REMOVE in parts else set()
        added = [uri for uri in chosen[ADD] if uri not in base] if ADD in parts else []
        return (*(uri for uri in base if uri not in removed), *added)

    def to_json(self) -> dict[str, Any]:
        """What `playlist suggest --json` prints."""
        order = list(self.ordered) if self.ordered != self.items else None
        suggestions = self.rows.astype(object).where(self.rows.notna(), None).to_dict("records")
        head = {"playlist_id": self.playlist_id, "playlist_name": self.playlist_name, "notes": list(self.notes)}
        return {**head, "suggestions": suggestions, "order": order, "order_gain": self.gain}


def care_for(listening: Listening, playlist_id: str, playlist_name: str, items: Sequence[str]) -> Care:
    """The suggestions of the newest release for what stands on a playlist; what does not fit any more is left out."""
    listening.need("playlist_history")
    listening.need_built("playlist_suggestions")
    rows = listening.rows(
        """
        SELECT suggestion, suggestion_rank, item_uri, track_id, track_name, artist_name, play_count, centre_distance,
            why
        FROM playlist_suggestions WHERE user_id = ? AND basis = ? AND playlist_id = ?
        ORDER BY suggestion, suggestion_rank
        """,
        listening.user_id,
        listening.basis,
        playlist_id,
    )
    is_there = rows["item_uri"].isin(items)
    rows = rows[(rows["suggestion"] == ADD) != is_there].reset_index(drop=True)
    kept = set(rows.loc[rows["suggestion"] == REMOVE, "item_uri"])
    ordered, gain, note = _smoother(listening, list(items), kept)
    notes = [note] if note else []
    if listening.basis == MEASURED and rows.empty:
        notes.append("nothing to add or remove; with few measured features little can be said")
    return Care(playlist_id, playlist_name, tuple(items), rows, ordered, gain, tuple(notes))


def _smoother(listening: Listening, items: list[str], leaving: set[str]) -> tuple[tuple[str, ...], float, str]:
    """Items in a smoother order. What has no features, or leaves, stays at its place; so does what is there twice."""
    known = listening.rows(
        "SELECT 'spotify:track:' || track_id AS uri, energy, tempo FROM track_features"
        " WHERE basis = ? AND energy IS NOT NULL AND tempo IS NOT NULL",
        listening.basis,
    ).set_index("uri")
    places = [
        place for place, uri in enumerate(items) if uri in known.index and uri not in leaving and items.count(uri) == 1
    ]
    if len(places) < 3:
        return tuple(items), 0.0, ""
    if len(places) > MOST_ORDERED:
        return tuple(items), 0.0, f"more than {MOST_ORDERED} tracks are not put in another order"
    found = known.loc[[items[place] for place in places]]
    costs = step_costs(found["energy"].to_numpy(float), found["tempo"].to_numpy(float))
    order = smooth_order(costs)
    before, after = path_cost(costs, list(range(len(places)))), path_cost(costs, order)
    gain = 1 - after / before if before > 0 else 0.0
    if gain < LEAST_GAIN:
        return tuple(items), 0.0, ""
    ordered = np.array(items, dtype=object)
    ordered[places] = [items[places[place]] for place in order]
    return tuple(ordered), gain, ""


def stored_playlist(listening: Listening, wanted: str) -> tuple[str, str, list[str]]:
    """Id, name and items, as last collected, of the own playlist that an id, address or name stands for."""
    listening.need("playlist_history")
    own = listening.rows(
        "SELECT playlist_id, playlist_name FROM playlist_history WHERE user_id = ? AND is_current AND is_own"
        " ORDER BY playlist_name, playlist_id",
        listening.user_id,
    )
    playlist_id, name = _named(wanted, list(own.itertuples(index=False, name=None)))
    items = listening.rows(
        """
        SELECT item_uri FROM playlist_items_bronze WHERE snapshot_key = (
            SELECT snapshot_key FROM library_snapshots_bronze
            WHERE user_id = $1 AND collection = 'playlist_items' AND part = $2 AND is_readable
            ORDER BY snapshot_at DESC LIMIT 1
        ) ORDER BY position
        """,
        listening.user_id,
        playlist_id,
    )
    return playlist_id, name, items["item_uri"].tolist()


def own_playlist(client: SpotifyClient, wanted: str) -> tuple[str, str, bool]:
    """Id, name and whether it is public, of the own playlist on Spotify. Raises InputError for any other."""
    own = {str(one["id"]): one for one in own_playlists(client)}
    playlist_id, name = _named(wanted, [(key, str(one.get("name") or "")) for key, one in own.items()])
    return playlist_id, name, bool(own[playlist_id].get("public"))


def _named(wanted: str, own: list[tuple[str, str]]) -> tuple[str, str]:
    by_id = _PLAYLIST_ID.fullmatch(wanted.strip())
    text = " ".join(wanted.lower().split())
    found = [one for one in own if (by_id and one[0] == by_id[1]) or " ".join((one[1] or "").lower().split()) == text]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(one[0] for one in found)
        raise InputError(f"{len(found)} own playlists are called '{wanted}'.", f"Give the id: {ids}.")
    names = ", ".join(f"'{one[1]}'" for one in own[:20])
    raise InputError(f"No own playlist is called '{wanted}'.", f"There are {names}." if own else "There is none.")


@dataclass(frozen=True)
class Standing:
    """A playlist on Spotify as it stands: its entries in order, and Spotify's name of this version."""

    playlist_id: str
    playlist_name: str
    snapshot_id: str
    entries: tuple[Entry, ...]

    @property
    def uris(self) -> tuple[str, ...]:
        """The addresses of its items, in order."""
        return tuple(entry.uri for entry in self.entries)


def standing(client: SpotifyClient, playlist_id: str, name: str) -> Standing:
    """Read a playlist. Raises SourceError where it changes meanwhile, or Spotify shows a part of it."""
    before = str(client.playlist(playlist_id)["snapshot_id"])
    found = entries(client, playlist_id)
    if str(client.playlist(playlist_id)["snapshot_id"]) != before:
        raise SourceError("The playlist changed while it was read.", "Run it again.")
    return Standing(playlist_id, name, before, tuple(found))


def apply_change(
    client: SpotifyClient, lake: Lake, listening: Listening, now: Standing, wanted: Sequence[str]
) -> Change:
    """Let the playlist hold the wanted items; what was there is recorded first.

    Raises InputError where something would be lost for good, where the playlist is not as it was when it was shown, and
    where an earlier change was cut off: what stood there before that one would be forgotten.
    """
    _refuse_loss(now, wanted)
    earlier = last_change(lake, listening.user_id, now.playlist_id)
    if earlier and earlier.status != "applied" and _is_of(earlier, now.uris):
        raise InputError(
            f"An earlier change of '{now.playlist_name}' was cut off.", "Run `lakesong playlist undo` first."
        )
    if standing(client, now.playlist_id, now.playlist_name).snapshot_id != now.snapshot_id:
        raise InputError("The playlist changed meanwhile.", "Look at the suggestions again.")
    change = record_change(
        lake,
        Change(
            change_id_of(listening.user_id, now.playlist_id, now.snapshot_id, wanted),
            listening.user_id,
            listening.is_simulated,
            now.playlist_id,
            now.playlist_name,
            "begun",
            now.uris,
            tuple(wanted),
            now.snapshot_id,
        ),
    )
    snapshot, items = _lead(client, now.playlist_id, wanted)
    return record_change(lake, replace(change, status="applied", items_after=items, snapshot_after=snapshot))


def undo_change(client: SpotifyClient, lake: Lake, user_id: str, playlist_id: str, name: str) -> Change:
    """Put back what stood on a playlist before its newest change. Raises InputError where there is nothing to undo.

    Refuses when the playlist is not as the change left it. A change, or an undoing, that was cut off is undone as long
    as everything on the playlist is from before it or from it.
    """
    change = last_change(lake, user_id, playlist_id)
    if change is None:
        raise InputError(f"Nothing was applied to '{name}' that could be undone.", "See `lakesong playlist list`.")
    now = standing(client, playlist_id, name)
    is_left = now.uris == change.items_after if change.status == "applied" else _is_of(change, now.uris)
    if not is_left:
        raise InputError(f"'{name}' has changed since; it is left as it is.", "Undo your own changes first.")
    record_change(lake, replace(change, status="undoing"))
    snapshot, _ = _lead(client, playlist_id, change.items_before)
    return record_change(lake, replace(change, status="undone", snapshot_after=snapshot))


def _is_of(change: Change, items: Sequence[str]) -> bool:
    """Whether everything is from before the change or from it."""
    return {*change.items_before, *change.items_after}.issuperset(items)


def _lead(client: SpotifyClient, playlist_id: str, wanted: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Lead a playlist to the wanted items step by step. Gives the snapshot id, and the items as Spotify shows them.

    After a step without an answer the playlist is read again. A track that was added may be shown under another id, as
    it is offered in this country. Raises SourceError where the playlist does not follow.
    """
    for _ in range(TRIES):
        now = [entry.uri for entry in entries(client, playlist_id)]
        added = set(wanted) - set(now)
        try:
            for step in steps_between(now, wanted):
                send(client, playlist_id, step)
                now = applied(now, step)
        except UnsureError:
            continue
        shown = tuple(entry.uri for entry in entries(client, playlist_id))
        other = [(is_, was) for is_, was in zip(shown, wanted, strict=False) if is_ != was]
        if len(shown) == len(wanted) and all(was in added and is_ not in wanted for is_, was in other):
            return str(client.playlist(playlist_id)["snapshot_id"]), shown
    raise SourceError(
        "The playlist did not become what was asked for.", "`lakesong playlist undo PLAYLIST` puts back what was there."
    )


def _refuse_loss(now: Standing, wanted: Sequence[str]) -> None:
    """Local files and what Spotify shows no more cannot be added again: they are never taken away."""
    there, kept = Counter(now.uris), Counter(wanted)
    lost = [entry for entry in now.entries if not entry.can_be_added and kept[entry.uri] < there[entry.uri]]
    if lost:
        raise InputError(f"{lost[0].label} could not be put back.", "Remove it by hand if you want to.")
