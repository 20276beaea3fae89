"""Measured audio features of what was played: from Spotify where the app may ask, ReccoBeats, or a preview."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from clients.deezer import is_match
from clients.errors import PassingError, RefusedError, SourceError
from clients.reccobeats import IDS_A_CALL
from config.errors import LakesongError
from ingestion.catalogue_queue import Queue
from ingestion.memory import QUOTA, remember, waits_until
from ingestion.previews import Analyse
from ingestion.receipts import FileReceipt
from ingestion.runs import AUDIO_FEATURES, Batch, dead_letter
from mappers.audio_features import preview_features_row, reccobeats_features_row, spotify_features_row
from mappers.catalogue import reccobeats_track_row
from mappers.record import RejectedError, Row
from schemas.bronze import my_tracks_features_bronze, rejected_records_bronze, tracks_bronze
from schemas.columns import AUDIO_FEATURE_NAMES
from schemas.declaration import Table
from schemas.lake import Lake
from writers.creation import ensure_table
from writers.records import append_unknown

if TYPE_CHECKING:
    from clients.deezer import Deezer
    from clients.reccobeats import ReccoBeats
    from clients.spotify import SpotifyClient

SOURCE = AUDIO_FEATURES
TRACKS_A_RUN = 400
PREVIEWS_A_RUN = 20  # each costs three requests
REFUSED_FOR = timedelta(days=7)
ABSENT_FOR = timedelta(days=30)
NOT_TRIED_FOR = timedelta(days=1)


@dataclass
class FeatureRun:
    """One turn at the played tracks without measured features, most played first.

    spotify: None where nobody is signed in. analyse: what measures a preview; None where previews are not used.
    """

    spotify: SpotifyClient | None
    reccobeats: ReccoBeats
    deezer: Deezer
    analyse: Analyse | None
    lake: Lake
    batch: Batch
    plays: Counter[str]
    progress: Callable[[str], None]
    new: int = 0
    known: int = 0
    rejected: int = 0
    _found: set[str] = field(default_factory=set)

    def collect(self) -> FileReceipt:
        """Ask for features and keep them; gives counts. Raises what the clients raise, after writing what came."""
        queue = Queue(self.lake)
        queue.add(SOURCE, self.plays, self.batch.at)
        due = queue.due(SOURCE, self.batch.at)[:TRACKS_A_RUN]
        failure: LakesongError | None = None
        try:
            try:
                self._from_spotify(due)
            except LakesongError as error:
                failure = error  # ReccoBeats, another service, is asked nevertheless
            tried: list[str] = []
            for start in range(0, len(due), IDS_A_CALL):
                part = [track_id for track_id in due[start : start + IDS_A_CALL] if track_id not in self._found]
                self.progress(f"audio features: {start:,} of {len(due):,} tracks")
                self._from_reccobeats(part)
                tried += [track_id for track_id in part if track_id not in self._found]
            if failure:
                raise failure
            self._from_previews(tried, queue)
        finally:
            for track_id in self._found:
                queue.settle(SOURCE, track_id, "done", self.batch.at)
            queue.save()
        return self.counts

    @property
    def counts(self) -> FileReceipt:
        """Rows so far: new ones, known ones, and items set aside."""
        return FileReceipt(SOURCE, self.new + self.known + self.rejected, self.new, self.known, rejected=self.rejected)

    def _from_spotify(self, track_ids: list[str]) -> None:
        """Ask Spotify, which refuses apps made since November 2024: the refusal is remembered, not met per track."""
        if self.spotify is None or not track_ids:
            return
        if waits_until(self.lake, "spotify", "audio_features_refused", self.batch.at):
            return
        try:
            items = [item for item in self.spotify.audio_features(track_ids) if item is not None]
        except RefusedError as error:
            if error.reason != "forbidden":
                raise
            until = self.batch.at + REFUSED_FOR
            remember(
                self.lake, "spotify", "audio_features_refused", self.batch.at, value=error.reason, not_before=until
            )
            return
        self._keep(my_tracks_features_bronze, spotify_features_row, [(item,) for item in items])

    def _from_reccobeats(self, track_ids: list[str]) -> None:
        """Features, and with them ReccoBeats' popularity and ISRC, which Spotify's development mode does not give."""
        if not track_ids:
            return
        features = self.reccobeats.audio_features(track_ids)
        tracks = self.reccobeats.tracks(list(features))
        self._keep(tracks_bronze, reccobeats_track_row, tracks.items())
        self._keep(my_tracks_features_bronze, reccobeats_features_row, features.items())

    def _from_previews(self, track_ids: list[str], queue: Queue) -> None:
        """Measure the previews of tracks that no service knows; those without any are asked for again later."""
        is_asked = self.analyse and not waits_until(self.lake, "deezer", QUOTA, self.batch.at)
        known = self._details(track_ids) if is_asked else {}
        for number, track_id in enumerate(track_ids):
            track = known.get(track_id)
            if track is None or number >= PREVIEWS_A_RUN:
                queue.settle(SOURCE, track_id, "absent", self.batch.at, NOT_TRIED_FOR if self.analyse else ABSENT_FOR)
                continue
            self.progress(f"preview of {track['track_name']}")
            try:
                self._measure(track_id, track)
            except SourceError as error:
                if isinstance(error, PassingError | RefusedError):
                    raise
                # It takes other tracks: this one would else stop each run at the same place.
                letter = dead_letter(self.batch, SOURCE, f"preview {track_id}", 1, str(error), None)
                append_unknown(self.lake, rejected_records_bronze, [letter])
                self.rejected += 1
            if track_id not in self._found:
                queue.settle(SOURCE, track_id, "absent", self.batch.at, ABSENT_FOR)

    def _measure(self, track_id: str, track: Mapping[str, Any]) -> None:
        audio = self._preview(track)
        if audio and self.analyse:
            measured = self.analyse(audio)
            values: dict[str, Any] = {name: measured.get(name) for name in AUDIO_FEATURE_NAMES}
            self._keep(my_tracks_features_bronze, partial(preview_features_row, **values), [(track_id,)])

    def _preview(self, track: Mapping[str, Any]) -> bytes | None:
        """The preview of the recording with the track's ISRC, if title, artist and length say that it is the same."""
        found = self.deezer.by_isrc(track["isrc"])
        if not found or not is_match(found, track["track_name"], track["artist_name"], track["duration_ms"]):
            return None
        return self.deezer.preview(found)

    def _details(self, track_ids: list[str]) -> dict[str, Mapping[str, Any]]:
        """Tracks of which ISRC, title, artist and length are known, by id."""
        columns = ["track_id", "isrc", "track_name", "artist_name", "duration_ms"]
        rows = ensure_table(self.lake, tracks_bronze).to_pyarrow_dataset()
        found = rows.to_table(columns=columns, filter=pc.field("track_id").isin(track_ids)).to_pylist()
        return {row["track_id"]: row for row in found if all(row[name] is not None for name in columns)}

    def _keep(self, table: Table, to_row: Callable[..., Row], items: Iterable[tuple[Any, ...]]) -> None:
        """Map and write items, each given as the mapper's arguments; what cannot be mapped becomes a dead letter."""
        rows: list[Row] = []
        letters: list[Row] = []
        for number, arguments in enumerate(items, start=1):
            try:
                rows.append({**to_row(*arguments), **self.batch.columns})
            except RejectedError as error:
                named = arguments[0]["id"] if isinstance(arguments[0], Mapping) else arguments[0]
                letters.append(dead_letter(self.batch, SOURCE, f"{table.name} {named}", number, str(error), None))
        append_unknown(self.lake, rejected_records_bronze, letters)
        new = append_unknown(self.lake, table, rows)
        self.new += len(new)
        self.known += len(rows) - len(new)
        self.rejected += len(letters)
        if table is my_tracks_features_bronze:
            self._found |= {row["track_id"] for row in rows}
