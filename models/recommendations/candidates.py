"""All sources asked for their candidates, for each fit and basis."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from models.recommendations.albums import unfinished_albums
from models.recommendations.discovery import discoveries, from_listeners
from models.recommendations.habits import forgotten, most_played, newest_played
from models.recommendations.history import NAMES, NEVER, History, history_at
from models.recommendations.rules import (
    ALBUM,
    BLOCK_DAYS,
    DISCOVERY,
    FITS,
    FORGOTTEN,
    LISTENERS,
    POPULARITY,
    RECENCY,
    SOUND,
    TOGETHER,
)
from models.recommendations.sound import centres_of, close_in_sound
from models.recommendations.together import played_together

BASES = ("measured", "all")
# Kinds of facts: a played track on a basis, a track of an album, of the catalogue, of what other listeners play.
TRACK_FACT, ALBUM_FACT, CATALOGUE_FACT, LISTENERS_FACT = "track", "album", "catalogue", "listeners"
COLUMNS = (
    "basis", "fit", "source", "source_rank", "recording_id", *NAMES, "why", "part_of_day", "is_new_to_listener",
    "days_ago",
)  # fmt: skip


def candidates(plays: pd.DataFrame, facts: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Candidates of one listener (COLUMNS), at most SOURCE_LIMIT a basis, fit and source, ranked from 1.

    days_ago is that of the last counted play before the fit's last day, -1 for none.

    plays: see history_at, ages counted from as_of. facts: kind, basis (empty for what is of both), fit (the same),
    recording_id, NAMES, genre, cluster_name, strength and FEATURES; of an album's track album_id too.
    """
    tracks = facts[facts["kind"] == TRACK_FACT]
    found = []
    for fit, blocks in FITS.items():
        day = as_of - timedelta(days=BLOCK_DAYS * blocks)
        on = {basis: history_at(plays, tracks[tracks["basis"] == basis], blocks) for basis in BASES}
        if on["all"].recordings.empty:
            continue
        told = facts[facts["fit"].isin(["", fit])]
        same = _ranked(_of_habits(on["all"], told, day))
        for basis, history in on.items():
            own = pd.concat([same, _ranked(_of_sound(history, told))], ignore_index=True)
            silent = own["recording_id"].map(history.recordings["days_ago"])
            silent = silent.where(silent < NEVER, -1).fillna(-1).astype(int)
            found.append(own.assign(basis=basis, fit=fit, days_ago=silent))
    if not found:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(found, ignore_index=True)[list(COLUMNS)]


def _of_habits(history: History, facts: pd.DataFrame, day: date) -> dict[str, pd.DataFrame]:
    """The sources that rest on no audio features."""

    def of(kind: str) -> pd.DataFrame:
        return facts[facts["kind"] == kind]

    return {
        TOGETHER: played_together(history),
        FORGOTTEN: forgotten(history, day),
        ALBUM: unfinished_albums(history, of(ALBUM_FACT)),
        LISTENERS: from_listeners(history, of(LISTENERS_FACT)),
        POPULARITY: most_played(history),
        RECENCY: newest_played(history),
    }


def _of_sound(history: History, facts: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The sources that rest on audio features; of the catalogue what is popular, where there are none."""
    centres = centres_of(history)
    catalogue = facts[facts["kind"] == CATALOGUE_FACT]
    return {SOUND: close_in_sound(history, centres), DISCOVERY: discoveries(history, catalogue, centres)}


def _ranked(by_source: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The candidates of several sources in one frame; each comes in its order."""
    parts = [rows.assign(source=source, source_rank=np.arange(1, len(rows) + 1)) for source, rows in by_source.items()]
    return pd.concat(parts, ignore_index=True)
