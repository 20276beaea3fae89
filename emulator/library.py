"""A listener's library, grown out of what they heard: saved tracks, followed artists, playlists.

What the simulation adds arrives by the clock; what the API or a test changes is changed at once, and stays so. Saved
is a track at its fifth full play, for a fixed share of tracks; an artist is followed at the fifteenth; each own
playlist takes the saved tracks of one mood.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import RLock

import pandas as pd

from emulator.catalogue import MOOD_GROUPS, base62_id
from emulator.clock import Clock
from emulator.faults import chance
from emulator.listener import Listener
from emulator.spotify_objects import Catalogue, artist_id

SAVED_SHARE, PLAYS_TO_SAVE = 0.4, 5
FOLLOWED_SHARE, PLAYS_TO_FOLLOW = 0.5, 15
NAMES = ("Bright & loud", "Dark & loud", "Calm mornings", "Before sleep")


@dataclass(frozen=True)
class Entry:
    """A track, episode or local file (by URI) or an artist (by id) in a collection, since when, by whom."""

    what: str
    added_at: datetime
    added_by: str = ""


@dataclass
class Collection:
    """Entries in the order in which they were added; `arriving` ones join when the clock gets there."""

    arriving: list[Entry] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    revision: int = 0

    def __post_init__(self) -> None:
        """Put those that arrive in order."""
        self.arriving = sorted(self.arriving, key=lambda entry: entry.added_at)

    def at(self, now: datetime) -> list[Entry]:
        """The entries by the clock."""
        while self.arriving and self.arriving[0].added_at <= now:
            self.entries.append(self.arriving.pop(0))
            self.revision += 1
        return self.entries

    def change(self, entries: list[Entry]) -> None:
        """Put others in place of the entries."""
        self.entries, self.revision = entries, self.revision + 1


@dataclass
class Playlist:
    """A playlist that a listener owns or follows."""

    playlist_id: str
    name: str
    owner: str
    items: Collection
    is_collaborative: bool = False
    is_public: bool = True
    description: str = ""

    @property
    def snapshot_id(self) -> str:
        """Another one after every change."""
        return base62_id(f"{self.playlist_id}:{self.name}:{self.items.revision}")


class Library:
    """What one listener keeps. Methods may be called from any thread."""

    def __init__(self, listener: Listener, catalogue: Catalogue, clock: Clock) -> None:
        self.user_id, self._clock, self._lock = listener.user_id, clock, RLock()
        plays = listener.plays[listener.ms_played >= listener.duration_ms]
        plays = plays[plays["kind"] == "track"].assign(
            artist_name=lambda frame: frame["track_id"].map(lambda one: catalogue.tracks[one]["artist_name"])
        )
        tracks = [
            (track, at)
            for track, at in _nth(plays, "track_id", PLAYS_TO_SAVE)
            if chance(self.user_id, "saved", track) < SAVED_SHARE
        ]
        self._saved = Collection([Entry(_uri(track), at) for track, at in tracks])
        self._followed = Collection(
            [
                Entry(artist_id(name), at)
                for name, at in _nth(plays, "artist_name", PLAYS_TO_FOLLOW)
                if chance(self.user_id, "followed", name) < FOLLOWED_SHARE
            ]
        )
        self._made = 0
        self._playlists: dict[str, Playlist] = {}
        for group, name in zip(MOOD_GROUPS, NAMES, strict=True):
            fitting = [one for one in tracks if catalogue.tracks[one[0]]["mood_group"] == group]
            self._keep(name, self.user_id, [Entry(_uri(track), at, self.user_id) for track, at in fitting])
        self._add_shared(catalogue)

    def _add_shared(self, catalogue: Catalogue) -> None:
        """A friend's collaborative list, with entries that are no tracks of the catalogue; and a stranger's list."""
        since = datetime(2025, 1, 1, 12, tzinfo=UTC)
        some = sorted(catalogue.tracks)[:: max(1, len(catalogue.tracks) // 12)]
        odd = ["spotify:local:Garage+Band::Demo+3:184", "spotify:episode:" + base62_id("episode"), _uri("0" * 22)]
        friend, stranger = f"friend-of-{self.user_id}", "stranger"
        shared = [Entry(what, since, friend) for what in [*map(_uri, some[:6]), *odd]]
        self._keep("Road trip", friend, shared, is_collaborative=True, is_public=False)
        self._keep("Somebody's party", stranger, [Entry(_uri(track), since, stranger) for track in some[6:]])

    def _keep(
        self, name: str, owner: str, arriving: list[Entry], *, is_collaborative: bool = False, is_public: bool = True
    ) -> Playlist:
        self._made += 1
        identifier = playlist_id_of(self.user_id, self._made)
        playlist = Playlist(identifier, name, owner, Collection(arriving), is_collaborative, is_public)
        self._playlists[identifier] = playlist
        return playlist

    def saved(self) -> list[Entry]:
        """Saved tracks, the last saved first."""
        with self._lock:
            return sorted(self._saved.at(self._clock.now()), key=lambda entry: entry.added_at, reverse=True)

    def followed(self) -> list[str]:
        """Ids of the followed artists, in order."""
        with self._lock:
            return sorted(entry.what for entry in self._followed.at(self._clock.now()))

    def playlists(self) -> list[Playlist]:
        """Own and followed playlists by the clock, the newest first."""
        with self._lock:
            for playlist in self._playlists.values():
                playlist.items.at(self._clock.now())
            return list(self._playlists.values())[::-1]

    def create_playlist(
        self, name: str, *, is_public: bool = True, is_collaborative: bool = False, description: str = ""
    ) -> Playlist:
        """A new, empty playlist of the listener's own."""
        with self._lock:
            playlist = self._keep(name, self.user_id, [], is_public=is_public, is_collaborative=is_collaborative)
            playlist.description = description
            return playlist

    def add_items(self, playlist_id: str, uris: list[str], position: int | None = None) -> None:
        """Put items into a playlist, by default at its end. Raises KeyError."""
        with self._lock:
            now, items = self._clock.now().replace(microsecond=0), self._playlists[playlist_id].items
            entries, new = items.at(now), [Entry(uri, now, self.user_id) for uri in uris]
            place = len(entries) if position is None else position
            items.change(entries[:place] + new + entries[place:])

    def remove_items(self, playlist_id: str, uris: list[str]) -> None:
        """Take every occurrence of the items out of a playlist. Raises KeyError."""
        with self._lock:
            items = self._playlists[playlist_id].items
            items.change([entry for entry in items.at(self._clock.now()) if entry.what not in uris])

    def replace_items(self, playlist_id: str, uris: list[str]) -> None:
        """Let a playlist hold these items and no others; nothing arrives any more. Raises KeyError."""
        with self._lock:
            self._playlists[playlist_id].items = replace(self._playlists[playlist_id].items, arriving=[], entries=[])
            self.add_items(playlist_id, uris)

    def move_items(self, playlist_id: str, start: int, before: int, length: int = 1) -> None:
        """Move items of a playlist, which keep their dates, to stand before the place `before`. Raises KeyError."""
        with self._lock:
            items = self._playlists[playlist_id].items
            entries = items.at(self._clock.now())
            moved, rest = entries[start : start + length], entries[:start] + entries[start + length :]
            place = before if before <= start else before - length
            items.change(rest[:place] + moved + rest[place:])

    def rename_playlist(self, playlist_id: str, name: str) -> None:
        """Give a playlist another name. Raises KeyError."""
        self._playlists[playlist_id].name = name

    def unfollow_playlist(self, playlist_id: str) -> None:
        """Drop a playlist from the library, as Spotify does when its owner deletes it. Raises KeyError."""
        with self._lock:
            del self._playlists[playlist_id]

    def save_tracks(self, *track_ids: str) -> None:
        """Save tracks now, those that are not saved yet."""
        self._change(self._saved, set(map(_uri, track_ids)), is_kept=True)

    def unsave_tracks(self, *track_ids: str) -> None:
        """Take saved tracks away."""
        self._change(self._saved, set(map(_uri, track_ids)), is_kept=False)

    def follow_artists(self, *artist_ids: str) -> None:
        """Follow artists from now on."""
        self._change(self._followed, set(artist_ids), is_kept=True)

    def unfollow_artists(self, *artist_ids: str) -> None:
        """Stop following artists."""
        self._change(self._followed, set(artist_ids), is_kept=False)

    def _change(self, collection: Collection, what: set[str], *, is_kept: bool) -> None:
        with self._lock:
            now = self._clock.now().replace(microsecond=0)
            others = [entry for entry in collection.at(now) if entry.what not in what]
            there = [entry for entry in collection.entries if entry.what in what] if is_kept else []
            new = sorted(what - {entry.what for entry in there}) if is_kept else []
            collection.arriving = [entry for entry in collection.arriving if entry.what not in what]
            collection.change(sorted(others + there, key=lambda entry: entry.added_at) + [Entry(n, now) for n in new])


def playlist_id_of(user_id: str, number: int) -> str:
    """The id of a listener's playlist, counted from 1."""
    return base62_id(f"playlist:{user_id}:{number}")


def _uri(track_id: str) -> str:
    return f"spotify:track:{track_id}"


def _nth(plays: pd.DataFrame, column: str, number: int) -> list[tuple[str, datetime]]:
    """When each value of a column came for the number-th time."""
    count: Counter[str] = Counter()
    found = []
    for value, at in zip(plays[column], pd.DatetimeIndex(plays["ended_at"]).to_pydatetime(), strict=True):
        count[value] += 1
        if count[value] == number:
            found.append((value, at))
    return found
