"""What a released lake knows of one listener, read without an engine: own tracks, features, and what is excluded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from config.errors import InputError
from config.exclusions import read_exclusions
from config.settings import Settings
from ingestion.listeners import DEFAULT_USER, read_listeners
from models.playlists import FEATURES, spreads
from pipeline import latest_release, table_named
from playlists.tracks import artist_key
from schemas.lake import Lake
from serving.lake_reader import open_reader

if TYPE_CHECKING:
    import duckdb

MEASURED, ALL = "measured", "all"
BASES = (MEASURED, ALL)
FEATURED = ("energy", "valence", "tempo", "danceability", "acousticness", "instrumentalness")

_OWN = f"""
    WITH editions AS (
        SELECT *, row_number() OVER (PARTITION BY recording_id ORDER BY play_count DESC, track_id) AS place,
            sum(play_count) OVER (PARTITION BY recording_id)::BIGINT AS plays,
            sum(skip_count) OVER (PARTITION BY recording_id)::BIGINT AS skips,
            min(first_date) OVER (PARTITION BY recording_id) AS heard_first,
            max(last_date) OVER (PARTITION BY recording_id) AS heard_last
        FROM track_periods
        WHERE user_id = ? AND period_kind = 'all_time' AND track_id IS NOT NULL AND play_count > 0
    )
    SELECT e.recording_id, e.track_id, coalesce(e.track_name, t.track_name) AS track_name,
        coalesce(e.artist_name, t.artist_name) AS artist_name, e.album_name, t.duration_ms,
        e.plays AS play_count, e.skips AS skip_count, e.heard_first AS first_date, e.heard_last AS last_date,
        {", ".join(f"f.{name}" for name in FEATURED)}, f.feature_source
    FROM editions e
    LEFT JOIN tracks t ON t.track_id = e.track_id
    LEFT JOIN track_features f ON f.track_id = e.track_id AND f.basis = ?
    WHERE e.place = 1 ORDER BY e.track_id
"""


@dataclass(frozen=True)
class Listening:
    """One listener's listening on one basis, as the newest release has it."""

    settings: Settings
    user_id: str
    basis: str = MEASURED

    def __post_init__(self) -> None:
        """Raise InputError for a basis or a listener that there is not."""
        if self.basis not in BASES:
            raise InputError(f"There is no basis {self.basis}.", "--basis is measured or all.")
        known = sorted({row["user_id"] for row in read_listeners(self.lake)})
        if known and self.user_id not in known:
            raise InputError(f"There is no listener {self.user_id}.", f"There are {', '.join(known)}: give --user.")

    @property
    def lake(self) -> Lake:
        """The lake that is read."""
        return Lake(self.settings.lake_uri)

    @cached_property
    def reader(self) -> duckdb.DuckDBPyConnection:
        """A read-only connection on the released tables. Raises InputError when there is no lake."""
        return open_reader(self.lake)

    @cached_property
    def is_simulated(self) -> bool:
        """Whether the listener is made up."""
        return any(row["is_simulated"] for row in read_listeners(self.lake) if row["user_id"] == self.user_id)

    @cached_property
    def day(self) -> date:
        """The day that is chosen for: today; of a simulated listener, who has no today, that of the build."""
        built_for = latest_release(self.lake).as_of
        return built_for if self.is_simulated and built_for else datetime.now(UTC).date()

    @cached_property
    def excluded_artists(self) -> frozenset[str]:
        """Artists that a rule of the listener keeps out of statistics."""
        rules = read_exclusions(self.settings.rules_folder)
        return frozenset(artist_key(r.artist, "") for r in rules if r.artist and r.user in (None, self.user_id))

    def rows(self, query: str, *values: object) -> pd.DataFrame:
        """The answer of DuckDB."""
        return self.reader.execute(query, list(values)).df()

    def need(self, *names: str) -> None:
        """Raise InputError where a table was not built yet, or holds nothing of this listener."""
        for name in names:
            table = table_named(name)
            has_user = "user_id" in table.column_names
            query = f'SELECT 1 FROM "{name}"' + " WHERE user_id = ?" * has_user + " LIMIT 1"
            if not self.lake.has(table) or self.rows(query, *[self.user_id] * has_user).empty:
                raise InputError(f"The table {name} holds nothing of {self.user_id} yet.", "Run `lakesong build`.")

    def need_built(self, name: str) -> None:
        """Raise InputError where a table was never built; it may hold nothing."""
        if not self.lake.has(table_named(name)):
            raise InputError(f"The table {name} has not been built yet.", "Run `lakesong build`.")

    @cached_property
    def own(self) -> pd.DataFrame:
        """Every recording of the listener's counted plays by its most played edition, without what is excluded.

        recording_id, track_id, names, duration_ms, play_count, skip_count, first_date, last_date, and the audio
        features of the basis (NaN where it has none) with their source.
        """
        self.need("track_periods")
        found = self.rows(_OWN, self.user_id, self.basis)
        keys = [artist_key(name, track) for name, track in zip(found["artist_name"], found["track_id"], strict=True)]
        kept = found[~pd.Series(keys, dtype=object).isin(self.excluded_artists)]
        return kept.astype(dict.fromkeys(FEATURED, float)).reset_index(drop=True)

    @cached_property
    def featured(self) -> pd.DataFrame:
        """The own tracks whose features of the basis are all known."""
        return self.own[self.own[list(FEATURES)].notna().all(axis=1)].reset_index(drop=True)

    @cached_property
    def spreads(self) -> pd.Series:
        """How wide each of the six features spreads over the own tracks; raises InputError below twenty tracks."""
        if len(self.featured) < 20:
            raise InputError(self.too_little(len(self.featured), 20), "Collect features with `lakesong ingest`.")
        return pd.Series(spreads(self.featured[list(FEATURES)].to_numpy(float)), index=list(FEATURES))

    def too_little(self, known: int, needed: int) -> str:
        """That too few of the own tracks have features on this basis."""
        kind = "measured audio features" if self.basis == MEASURED else "audio features"
        return f"Only {known} of {len(self.own)} tracks have {kind}; {needed} are needed."


def the_listener(settings: Settings, user_id: str | None) -> str:
    """The listener named, else the only one of the lake, else `me`."""
    known = sorted({row["user_id"] for row in read_listeners(Lake(settings.lake_uri))})
    return user_id or (known[0] if len(known) == 1 else DEFAULT_USER)
