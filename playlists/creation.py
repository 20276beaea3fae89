"""Making a playlist on Spotify, once: planned in a record, found again by its marker, filled and compared.

A POST may have done its work although no answer came (a 504, a lost connection, a kill). So nothing that creates or
adds is sent again before Spotify was asked what is there.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from clients.errors import AbsentError, SourceError
from clients.spotify import SpotifyClient, UnsureError
from config.errors import InputError
from config.settings import Settings
from playlists.accounts import Clock, description_of, entries, need_scope, own_playlists, signed_in, utc_now
from playlists.ledger import Creation, Status, creation_of, generation_of, key_of, marker_of, record_creation
from playlists.previews import Preview
from schemas.lake import Lake

BATCH = 100  # items a request
TRIES = 4  # times that a change without an answer is sent
# Seconds before each further look for a playlist that may have been made: the list can lag behind.
LOOKS_S = (1.0, 3.0, 9.0)
SETTLED = timedelta(minutes=10)  # what is absent from the list after this is taken as deleted
LONGEST_NAME = 100


@dataclass(frozen=True)
class Made:
    """What came of it. outcome: made, completed (begun before), updated, unchanged, or there already (not touched)."""

    creation: Creation
    outcome: str
    notes: tuple[str, ...] = ()


def planned(preview: Preview, name: str, *, is_public: bool) -> Creation:
    """The playlist that a preview would become. Raises InputError for a name that Spotify would not take."""
    title = " ".join((name or f"Lakesong: {preview.title}").split())
    if len(title) > LONGEST_NAME:
        if name:
            raise InputError(f"A name has at most {LONGEST_NAME} characters.", "Choose a shorter one with --name.")
        title = title[: LONGEST_NAME - 1].rstrip() + "…"
    key = key_of(preview.user_id, preview.kind, preview.value, preview.basis, title)
    return Creation(
        playlist_key=key,
        user_id=preview.user_id,
        is_simulated=preview.is_simulated,
        playlist_name=title,
        playlist_kind=preview.title,
        marker=marker_of(key, 0),
        status="planned",
        is_public=is_public,
        track_uris=tuple(track.uri for track in preview.tracks),
    )


class Maker:
    """One making of a playlist, from its plan to what stands on Spotify."""

    def __init__(self, settings: Settings, plan: Creation, *, update: bool = False, clock: Clock = utc_now) -> None:
        """Nothing is read or sent yet. update: let a playlist that is filled already hold the tracks of the plan."""
        self._settings, self._plan, self._update, self._clock = settings, plan, update, clock
        self._lake = Lake(settings.lake_uri)
        self._patience = 0.01 if settings.is_emulated else 1.0

    def make(self) -> Made:
        """Create, complete or update the playlist. Raises what `signed_in` does, and SourceError when Spotify fails.

        After an error the same command goes on where this one stopped.
        """
        need_scope(self._settings, self._plan.user_id, is_public=self._plan.is_public)
        with signed_in(self._settings, self._plan.user_id, self._clock) as client:
            known = creation_of(self._lake, self._plan.playlist_key)
            if known and known.status == "filled" and self._has_gone(client, known):
                record_creation(self._lake, replace(known, status="gone"))
                known = None
            if known and known.status == "gone":
                known = None
            if known and known.status == "filled" and not self._update:
                return Made(known, "there already")
            current = self._current(known)
            current = self._on_spotify(client, current, is_resumed=known is not None)
            is_refilled = known is not None and known.status == "filled"
            changed, notes = fill(client, str(current.playlist_id), current.track_uris, self._patience)
            snapshot = str(client.playlist(str(current.playlist_id))["snapshot_id"])
            filled = record_creation(self._lake, replace(current, status="filled", snapshot_id=snapshot))
            outcome = "completed" if known else "made"
            if is_refilled:
                outcome = "updated" if changed else "unchanged"
            return Made(filled, outcome, notes)

    def _current(self, known: Creation | None) -> Creation:
        """What is to be on Spotify: as it was planned before, or by this plan where that is new or asked for."""
        if known is None:
            key = self._plan.playlist_key
            marker = marker_of(key, generation_of(self._lake, key))
            return record_creation(self._lake, replace(self._plan, marker=marker))
        if self._update and known.track_uris != self._plan.track_uris:
            status: Status = "created" if known.playlist_id else "planned"
            return record_creation(self._lake, replace(known, status=status, track_uris=self._plan.track_uris))
        return known

    def _has_gone(self, client: SpotifyClient, known: Creation) -> bool:
        """Whether the listener has deleted it since. Fresh ones may not be listed yet."""
        if known.recorded_at and utc_now() - known.recorded_at < SETTLED:
            return False
        return known.playlist_id not in {one["id"] for one in own_playlists(client)}

    def _on_spotify(self, client: SpotifyClient, current: Creation, *, is_resumed: bool) -> Creation:
        """The plan with the id of its playlist, which is looked for before it is made."""
        if current.playlist_id:
            try:
                client.playlist(current.playlist_id)
                return current
            except AbsentError:
                current = replace(current, playlist_id=None)
        found = self._find(client, current.marker, patiently=is_resumed)
        for number in range(TRIES):
            if found:
                break
            try:
                found = self._create(client, current)
            except UnsureError:
                found = self._find(client, current.marker, patiently=True)
                if not found and number == TRIES - 1:
                    raise
        return record_creation(self._lake, replace(current, status="created", playlist_id=found))

    def _create(self, client: SpotifyClient, current: Creation) -> str:
        text = f"Made by Lakesong: {current.playlist_kind}. {current.marker}"
        if current.is_simulated:
            text = f"Of a simulated listener. {text}"
        made = client.create_playlist(current.playlist_name, text, is_public=current.is_public)
        return str(made["id"])

    def _find(self, client: SpotifyClient, marker: str, *, patiently: bool) -> str | None:
        """The id of the own playlist that carries the marker; looked for several times where one may have been made."""
        for wait in (0.0, *(LOOKS_S if patiently else ())):
            time.sleep(wait * self._patience)
            found = [one["id"] for one in own_playlists(client) if marker in description_of(one).split()]
            if found:
                return str(found[-1])  # the newest stand first: of several the oldest
        return None


def fill(
    client: SpotifyClient, playlist_id: str, wanted: Sequence[str], patience: float = 1.0
) -> tuple[bool, tuple[str, ...]]:
    """Let a playlist hold these tracks in this order, sending only what is missing; whether anything was sent, notes.

    What begins as wanted is completed; anything else is replaced. A track that Spotify shows under another address
    after it was put there (it is offered under another id in this country) counts as there. patience: factor of the
    waits for what was put there and is not shown yet. Raises SourceError when it does not come to hold them.
    """
    placed, sent, is_replaced, unsure, looks = 0, False, False, 0, iter(LOOKS_S)
    while True:
        have = [entry.uri for entry in entries(client, playlist_id)]
        wrong = [place for place, uri in enumerate(have) if place >= len(wanted) or uri != wanted[place]]
        strangers = [place for place in wrong if place < placed and have[place] not in wanted]
        fits = len(strangers) == len(wrong)
        if fits and len(have) == len(wanted):
            return sent, _relinked(len(strangers))
        wait = next(looks, None) if fits and len(have) < placed else 0.0
        if wait is None or (is_replaced and not fits):
            raise SourceError("The playlist does not hold what was put there.", "Run it again.")
        time.sleep(wait * patience)
        if wait:
            continue
        sent = True
        try:
            if fits:
                for start in range(len(have), len(wanted), BATCH):
                    client.add_to_playlist(playlist_id, list(wanted[start : start + BATCH]), start)
                    placed = min(start + BATCH, len(wanted))
            else:
                client.replace_playlist(playlist_id, list(wanted[:BATCH]))
                placed, is_replaced = min(BATCH, len(wanted)), True
        except UnsureError:
            unsure += 1
            if unsure >= TRIES:
                raise


def _relinked(count: int) -> tuple[str, ...]:
    return (f"{count} tracks stand there under another id, as Spotify offers them here",) if count else ()
