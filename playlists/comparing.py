"""Two listeners who agreed to be compared: what they share, and how far apart their tastes are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from config.errors import InputError
from config.settings import Settings
from playlists.consents import need_consent
from playlists.listening import Listening

SHOWN_ARTISTS = 10


@dataclass(frozen=True)
class Comparison:
    """A row of listener_pairs, and the artists whom both play most: name, counted plays of each."""

    user_id: str
    other_user_id: str
    shared_artist_count: int | None
    shared_share: float | None
    taste_distance: float | None
    low: float | None
    high: float | None
    own_distance: float | None
    reason: str | None
    artists: tuple[tuple[str, int, int], ...]

    def to_json(self) -> dict[str, Any]:
        """What `listeners --compare-with --json` prints."""
        artists = [
            dict(zip(("artist_name", "play_count", "other_play_count"), row, strict=True)) for row in self.artists
        ]
        return {**vars(self), "artists": artists}


def compare(settings: Settings, user_id: str, other: str) -> Comparison:
    """The comparison in the newest release. Raises InputError without the consent of both, now and at the build."""
    listening = Listening(settings, user_id)
    need_consent(listening.lake, user_id, other)
    listening.need_built("listener_pairs")
    found = listening.rows("SELECT * FROM listener_pairs WHERE user_id = ? AND other_user_id = ?", user_id, other)
    if found.empty:
        raise InputError(f"{user_id} and {other} were not compared yet.", "Run `lakesong build`.")
    row = {name: None if pd.isna(value) else value for name, value in found.iloc[0].to_dict().items()}
    count = row["shared_artist_count"]
    return Comparison(
        user_id=user_id,
        other_user_id=other,
        shared_artist_count=None if count is None else int(count),
        shared_share=row["shared_share"],
        taste_distance=row["taste_distance"],
        low=row["distance_low"],
        high=row["distance_high"],
        own_distance=row["own_distance"],
        reason=row["reason"],
        artists=_artists(listening, other),
    )


def _artists(listening: Listening, other: str) -> tuple[tuple[str, int, int], ...]:
    """The artists of whom the one who plays them less plays most."""
    rows = listening.rows(
        """
        WITH heard AS (
            SELECT lower(trim(artist_name)) AS artist_key, min(artist_name) AS artist_name,
                sum(play_count) FILTER (user_id = $1)::BIGINT AS mine,
                sum(play_count) FILTER (user_id = $2)::BIGINT AS theirs
            FROM track_periods WHERE period_kind = 'last_365_days' AND user_id IN ($1, $2)
                AND period_end = (SELECT max(period_end) FROM track_periods WHERE period_kind = 'last_365_days')
            GROUP BY artist_key
        )
        SELECT artist_name, mine, theirs FROM heard WHERE mine > 0 AND theirs > 0
        ORDER BY least(mine, theirs) DESC, mine + theirs DESC, artist_name LIMIT $3
        """,
        listening.user_id,
        other,
        SHOWN_ARTISTS,
    )
    return tuple((str(name), int(mine), int(theirs)) for name, mine, theirs in rows.itertuples(index=False))
