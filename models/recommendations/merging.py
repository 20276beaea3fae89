"""One list from the candidates of all sources, with a score whose parts add up."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from models.recommendations.history import NAMES, artist_keys, name_keys
from models.recommendations.rules import (
    LIST_LENGTH,
    MODEL,
    NEW_PLACES,
    PER_ARTIST,
    POPULARITY,
    RANK_OFFSET,
    SOURCES,
    WEIGHTS,
)

# What a baseline goes by, in its rows' sentences.
_GUIDES = {POPULARITY: "what you play most", "own_recency": "what you played last"}
DETAILS = (*NAMES, "why", "part_of_day", "is_new_to_listener")
COLUMNS = (
    "rank",
    "recording_id",
    *DETAILS,
    "score",
    *(f"{source}_score" for source in SOURCES),
    "sources",
    "served_by",
)


def weights_of(name: str) -> dict[str, float]:
    """The weights of a list by its name: those of the model, or a baseline alone."""
    return dict(WEIGHTS) if name == MODEL else {name: 1.0}


def merged(candidates: pd.DataFrame, weights: Mapping[str, float], length: int = LIST_LENGTH) -> pd.DataFrame:
    """The list (COLUMNS but served_by) of the candidates of one listener, basis and fit, best first.

    Candidates that may not be suggested are taken out before: ranks within a source close up. At most PER_ARTIST of an
    artist, one of a title. Names, sentence and part of the day come from the source that adds most.
    """
    used = candidates[candidates["source"].isin(list(weights))].sort_values(["source", "source_rank"])
    rank = used.groupby("source").cumcount() + 1
    weight = used["source"].map(dict(weights)).astype(float)
    used = used.assign(_part=((RANK_OFFSET + 1) * weight / (RANK_OFFSET + rank)).to_numpy())
    parts = used.pivot(index="recording_id", columns="source", values="_part").reindex(columns=list(SOURCES))
    parts = parts.fillna(0.0).add_suffix("_score").rename_axis(columns=None)
    # Added up in the order of the columns, as a reader of the table would.
    score = np.add.reduce([parts[name].to_numpy() for name in parts.columns]) if len(parts) else np.zeros(0)
    named = used.sort_values(["recording_id", "_part", "source"], ascending=[True, False, True])
    sources = named.groupby("recording_id")["source"].agg(",".join).rename("sources")
    details = named.drop_duplicates("recording_id").set_index("recording_id")[list(DETAILS)]
    scored = parts.assign(score=score).join(details).join(sources).reset_index()
    scored = scored.iloc[np.lexsort((scored["recording_id"].to_numpy(dtype=str), -np.round(scored["score"], 12)))]
    chosen = _with_new(_varied(scored), length).reset_index(drop=True)
    return chosen.assign(rank=np.arange(1, len(chosen) + 1))[[name for name in COLUMNS if name != "served_by"]]


def _with_new(rows: pd.DataFrame, length: int) -> pd.DataFrame:
    """The first rows, of which the last NEW_PLACES of a whole list are for what is new to the listener."""
    is_new = rows["is_new_to_listener"].astype(bool)
    kept_free = min(NEW_PLACES, int(is_new.sum())) if length == LIST_LENGTH else 0
    first = rows.head(length - kept_free)
    still_free = max(0, kept_free - int(first["is_new_to_listener"].astype(bool).sum()))
    new = rows[is_new & ~rows["recording_id"].isin(first["recording_id"])].head(still_free)
    rest = rows[~rows["recording_id"].isin([*first["recording_id"], *new["recording_id"]])]
    taken = pd.concat([first, rest.head(length - len(first) - len(new)), new])
    return rows[rows["recording_id"].isin(taken["recording_id"])]


def served(candidates: pd.DataFrame, served_by: str, weights: Mapping[str, float] = WEIGHTS) -> pd.DataFrame:
    """The list that is shown (COLUMNS): the model's, or a baseline's with what the model knows that is new.

    The model's list also fills up a baseline's where that is short. The rows of a baseline say so in their sentences.
    """
    of_model = merged(candidates, weights).assign(served_by=MODEL)
    if served_by == MODEL:
        return of_model[list(COLUMNS)]
    simple = merged(candidates, weights_of(served_by)).assign(served_by=served_by)
    simple["why"] += f"; {_GUIDES[served_by]} was no worse a guide when tested"
    more = of_model[~of_model["recording_id"].isin(simple["recording_id"])]
    both = _with_new(_varied(pd.concat([simple, more], ignore_index=True)), LIST_LENGTH).reset_index(drop=True)
    return both.assign(rank=np.arange(1, len(both) + 1))[list(COLUMNS)]


def _varied(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows in their order without a title's second, and without more of an artist than PER_ARTIST."""
    names = name_keys(rows).where(rows["track_name"] != "", rows["recording_id"])
    once = rows[~names.duplicated()]
    artists = artist_keys(once).where(once["artist_name"] != "", once["recording_id"])
    return once[artists.groupby(artists).cumcount() < PER_ARTIST]
