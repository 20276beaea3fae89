"""Source: what is close in audio features to what is played at each part of the day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.recommendations.history import FEATURES, Floats, History
from models.recommendations.ranked import own, strongest, suggested
from models.recommendations.rules import SEED_BLOCKS

LEAST_TRACKS = 20  # of the listener's recordings with features, to say how wide these spread
LEAST_PLAYS = 10  # at a part of the day and in a mood, for a centre

IN_WORDS = {
    "night": "at night",
    "morning": "in the morning",
    "afternoon": "in the afternoon",
    "evening": "in the evening",
    "late": "late in the evening",
}


@dataclass(frozen=True)
class Centres:
    """Centres of what is played at present: one a part of the day and mood cluster, in standardised features.

    mean, spread: of the listener's own recordings. centres: groups x FEATURES. weights: share of the plays, adding up
    to 1. parts: part of the day of each.
    """

    mean: Floats
    spread: Floats
    centres: Floats
    weights: Floats
    parts: NDArray[np.object_]

    def nearness(self, rows: pd.DataFrame) -> Floats:
        """How near each row lies to each centre, times the centre's weight: rows x groups; 0 without features.

        exp(-d²) with d² the mean squared standardised difference over the features.
        """
        scaled = (features_of(rows) - self.mean) / self.spread
        squared = ((scaled[:, None, :] - self.centres[None, :, :]) ** 2).mean(axis=2)
        return np.asarray(np.nan_to_num(np.exp(-squared)) * self.weights, dtype=float)


def features_of(rows: pd.DataFrame) -> Floats:
    """The FEATURES of rows, NaN where one is missing."""
    values: Floats = rows[list(FEATURES)].to_numpy(dtype=float, na_value=np.nan)
    return values


def centres_of(history: History) -> Centres | None:
    """The centres, weighted by counted plays; None where too little has features."""
    values = features_of(history.recordings)
    known = np.isfinite(values).all(axis=1) & (history.recordings["play_count"] > 0).to_numpy()
    if known.sum() < LEAST_TRACKS:
        return None
    spread = values[known].std(axis=0)
    usable = history.recordings[known][["cluster_name", *FEATURES]]
    recent = history.plays[(history.plays["age_block"] < SEED_BLOCKS) & (history.plays["play_count"] > 0)]
    counted = recent.groupby(["part_of_day", "recording_id"], as_index=False)["play_count"].sum()
    joined = counted.join(usable, on="recording_id", how="inner")
    groups = [
        (str(part), float(rows["play_count"].sum()), _weighted_mean(rows))
        for (part, _), rows in joined.groupby(["part_of_day", "cluster_name"], sort=True)
        if rows["play_count"].sum() >= LEAST_PLAYS
    ]
    if not groups:
        return None
    mean, spread = values[known].mean(axis=0), np.where(spread > 0, spread, 1.0)
    weights = np.array([plays for _, plays, _ in groups])
    centres = (np.array([centre for *_, centre in groups]) - mean) / spread
    parts = np.array([part for part, *_ in groups], dtype=object)
    return Centres(mean, spread, centres, weights / weights.sum(), parts)


def _weighted_mean(rows: pd.DataFrame) -> Floats:
    plays = rows["play_count"].to_numpy(dtype=float)
    return np.asarray((features_of(rows) * plays[:, None]).sum(axis=0) / plays.sum(), dtype=float)


def close_in_sound(history: History, centres: Centres | None) -> pd.DataFrame:
    """Heard recordings that lie close to what is played at present, for the part of the day that they fit best."""
    rows = own(history.eligible)
    if centres is None:
        return suggested(rows.head(0), lambda row: "", is_new=False)
    near = centres.nearness(rows)
    part = pd.Series(centres.parts[np.round(near, 9).argmax(axis=1)], index=rows.index, dtype=object)
    best = strongest(rows, near.sum(axis=1)).assign(_part=part)
    return suggested(best, lambda row: f"Close in sound to what you play {IN_WORDS[row['_part']]}", best["_part"],
                     is_new=False)  # fmt: skip
