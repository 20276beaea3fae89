"""What one listener heard up to the last day of a fit, by recording."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.recommendations.rules import BLOCK_DAYS, EXCLUDED_PART, REFUSING_SKIPS, SEED_BLOCKS, SEED_HALF_LIFE_DAYS

Floats = NDArray[np.float64]
NAMES = ("track_id", "track_name", "artist_name", "album_name")
NEVER = 2**31 - 1  # days_ago of what was begun and never counted
_PLACE = ["recording_id", "track_id", "age_block", "session_id", "part_of_day"]
FEATURES = ("valence", "energy", "danceability", "acousticness", "instrumentalness", "tempo")


@dataclass(frozen=True)
class History:
    """One listener up to the last day of a fit, on one basis.

    plays: rows of a recording, session and part of day, ages counted from the fit's last day. recordings: a row a
    recording, index recording_id in order: names, genre, cluster_name and the FEATURES of its most played edition,
    start_count, play_count, skip_count, days_ago (of the last counted play), recent_plays (of BLOCK_DAYS), is_eligible.
    excluded_artists: those that the listener's rules leave out, as names are compared.
    """

    plays: pd.DataFrame
    recordings: pd.DataFrame
    excluded_artists: frozenset[str]

    @property
    def eligible(self) -> pd.DataFrame:
        """Recordings that were heard and may be suggested."""
        return self.recordings[self.recordings["is_eligible"]]

    @property
    def seeds(self) -> pd.Series:
        """Counted plays by recording within the last SEED_BLOCKS, newer ones for more (SEED_HALF_LIFE_DAYS)."""
        recent = self.plays[(self.plays["age_block"] < SEED_BLOCKS) & (self.plays["play_count"] > 0)]
        weights = recent["play_count"] * 0.5 ** (recent["days_ago"] / SEED_HALF_LIFE_DAYS)
        return weights.groupby(recent["recording_id"]).sum().sort_index()

    def is_unheard(self, rows: pd.DataFrame) -> NDArray[np.bool_]:
        """Which tracks of the lake the listener never began, under no id and no name, nor keeps out by a rule."""
        names = set(name_keys(self.recordings)) - {""}
        known = rows["recording_id"].isin(self.recordings.index) | name_keys(rows).isin(names)
        return np.asarray(~(known | artist_keys(rows).isin(self.excluded_artists)), dtype=bool)


def artist_keys(rows: pd.DataFrame) -> pd.Series:
    """First artists as names are compared; empty where none is known."""
    return rows["artist_name"].str.lower().str.strip()


def name_keys(rows: pd.DataFrame) -> pd.Series:
    """Title and first artist as names are compared; empty where there is no title."""
    keys = rows["track_name"].str.lower().str.strip() + "\t" + artist_keys(rows)
    return keys.where(rows["track_name"] != "", "")


def history_at(plays: pd.DataFrame, tracks: pd.DataFrame, blocks: int) -> History:
    """The history without its last `blocks` blocks of days.

    plays: recording_id, track_id, session_id (empty for what is too old), age_block (0 for the last BLOCK_DAYS),
    days_ago (of the last counted play of the row, -1 for none), part_of_day, start_count, play_count, skip_count,
    excluded_count. tracks: a row a recording_id and track_id with NAMES, genre, cluster_name and FEATURES of one basis.
    """
    past = plays[plays["age_block"] >= blocks].sort_values(_PLACE, ignore_index=True)
    past["age_block"] -= blocks
    counted = past["play_count"] > 0
    past["days_ago"] = np.where(counted, past["days_ago"] - BLOCK_DAYS * blocks, NEVER)
    recent = past["age_block"] == 0
    past["recent_plays"] = past["play_count"].where(recent, 0)
    past["recent_skips"] = past["skip_count"].where(recent, 0)
    sums = ["start_count", "play_count", "skip_count", "excluded_count", "recent_plays", "recent_skips"]
    grouped = past.groupby("recording_id", sort=True)
    recordings = grouped[sums].sum().join(grouped["days_ago"].min())
    recordings = recordings.join(_editions(past, tracks), how="left").fillna({"genre": "", "cluster_name": ""})
    recordings = recordings.fillna(dict.fromkeys(NAMES, ""))
    artists = _excluded_artists(recordings)
    is_out = _is_excluded(recordings) | artist_keys(recordings).isin(artists)
    is_refused = recordings["recent_skips"] >= REFUSING_SKIPS
    is_heard = (recordings["play_count"] > 0) & (recordings["recent_plays"] == 0)
    return History(past, recordings.assign(is_eligible=is_heard & ~is_refused & ~is_out), artists)


def _is_excluded(sums: pd.DataFrame) -> pd.Series:
    begun = sums["start_count"] + sums["excluded_count"]
    return (sums["excluded_count"] > 0) & (sums["excluded_count"] >= EXCLUDED_PART * begun)


def _excluded_artists(recordings: pd.DataFrame) -> frozenset[str]:
    sums = recordings.groupby(artist_keys(recordings))[["start_count", "excluded_count"]].sum()
    return frozenset(sums.index[_is_excluded(sums)]) - {""}


def _editions(plays: pd.DataFrame, tracks: pd.DataFrame) -> pd.DataFrame:
    """What is known of each recording's most played edition, of equal ones the smallest id; by recording_id."""
    begun = plays.groupby(["recording_id", "track_id"])["start_count"].sum().rename("_begun").reset_index()
    ranked = tracks.merge(begun, on=["recording_id", "track_id"], how="inner")
    ranked = ranked.sort_values(["recording_id", "_begun", "track_id"], ascending=[True, False, True])
    return ranked.drop_duplicates("recording_id").set_index("recording_id").drop(columns="_begun")
