"""A playlist for two listeners who agreed to be compared: what both play, and what each could show the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from config.errors import InputError
from playlists.consents import need_consent
from playlists.kinds import Candidates
from playlists.listening import Listening

# Of the score of what both play; so a good half of a blend is shared where there is enough of it.
NEW_TO_ONE = 0.35


def blend_with(listening: Listening, other_user: str) -> Candidates:
    """Tracks that both play, and favourites of each that the other never played. Raises InputError without consent."""
    need_consent(listening.lake, listening.user_id, other_user)
    other = replace(listening, user_id=other_user)
    mine, theirs = listening.own, other.own
    if mine.empty or theirs.empty:
        raise InputError("One of the two has no plays yet.", "Import a history, then `lakesong build`.")
    excluded = listening.excluded_artists | other.excluded_artists
    both = mine.merge(theirs[["recording_id", "play_count"]], on="recording_id", suffixes=("", "_other"))
    both["score"] = np.sqrt(_share(both["play_count"], mine) * _share(both["play_count_other"], theirs))
    both["reason"] = [
        f"you both play it: {ours} times by {listening.user_id}, {others} by {other_user}"
        for ours, others in zip(both["play_count"], both["play_count_other"], strict=True)
    ]
    alone = [_new_to(theirs, mine, other_user, listening.user_id), _new_to(mine, theirs, listening.user_id, other_user)]
    rows = pd.concat([both.drop(columns="play_count_other"), *alone], ignore_index=True)
    kept = [(name or "").lower() not in excluded for name in rows["artist_name"].where(rows["artist_name"].notna(), "")]
    note = f"{len(both)} recordings are played by both"
    return Candidates(rows[kept].reset_index(drop=True), other_user, (note,), variety=0.15)


def _share(plays: pd.Series, own: pd.DataFrame) -> pd.Series:
    """Plays as a part of those of the listener's most played recording."""
    return plays / max(1, int(own["play_count"].max()))


def _new_to(own: pd.DataFrame, known: pd.DataFrame, of: str, to: str) -> pd.DataFrame:
    """What one plays and the other never did."""
    rows = own[~own["recording_id"].isin(known["recording_id"])].reset_index(drop=True)
    rows["score"] = NEW_TO_ONE * _share(rows["play_count"], own)
    rows["reason"] = [f"{of} plays it ({plays} times); new to {to}" for plays in rows["play_count"]]
    return rows
