"""Source: what is played in the same sessions as what is played at present."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.recommendations.history import Floats, History
from models.recommendations.ranked import Row, own, strongest, suggested

# Sessions that two recordings share count as so many more that either has: what met once says little.
SHRINKAGE = 5.0
LEAST_SHARED = 2  # sessions in which a candidate met the recording that its sentence names


@dataclass(frozen=True)
class Sessions:
    """Which recordings (`names`, in order) stood in which session: a sparse 0/1 matrix, sessions x recordings."""

    names: NDArray[np.object_]
    matrix: Any

    def shared_with(self, seeds: NDArray[np.int64]) -> Any:
        """Number of sessions that each seed shares with each recording, itself left out: seeds x recordings."""
        shared = (self.matrix[:, seeds].T @ self.matrix).tocoo()
        is_other = seeds[shared.row] != shared.col
        from scipy.sparse import csr_array

        pairs = (shared.row[is_other], shared.col[is_other])
        return csr_array((shared.data[is_other], pairs), shape=shared.shape)


def sessions_of(plays: pd.DataFrame) -> Sessions:
    """The sessions of a history's counted plays."""
    from scipy.sparse import csr_array

    heard = plays[(plays["session_id"] != "") & (plays["play_count"] > 0)]
    pairs = heard[["session_id", "recording_id"]].drop_duplicates()
    session = pd.factorize(pairs["session_id"], sort=True)[0]
    recording, names = pd.factorize(pairs["recording_id"], sort=True)
    matrix = csr_array((np.ones(len(pairs)), (session, recording)), shape=(session.max(initial=-1) + 1, len(names)))
    return Sessions(np.asarray(names, dtype=object), matrix)


def played_together(history: History) -> pd.DataFrame:
    """Recordings that often stand in a session with those played of late, weighted by how often these were played.

    Item to item over sessions: cosine of the two recordings' sessions, shrunk. The sentence names the seed that counts
    most, where they met at least LEAST_SHARED times.
    """
    sessions = sessions_of(history.plays)
    seeds = history.seeds[history.seeds.index.isin(sessions.names)]
    places = np.searchsorted(sessions.names.astype(str), seeds.index.to_numpy(dtype=str)).astype(np.int64)
    if not len(places):
        return suggested(own(history.eligible).head(0), lambda row: "", is_new=False)
    weights = np.log1p(seeds.to_numpy(dtype=float))
    shared = sessions.shared_with(places)
    likeness = _likeness(shared, np.asarray(sessions.matrix.sum(axis=0), dtype=float).ravel(), places)
    strength = pd.Series(np.asarray(weights @ likeness, dtype=float).ravel(), index=sessions.names)
    rows = own(history.eligible)
    rows = rows[rows["recording_id"].isin(sessions.names)]
    best = strongest(rows, strength.loc[rows["recording_id"]].to_numpy())
    at = np.searchsorted(sessions.names.astype(str), best["recording_id"].to_numpy(dtype=str))
    companions = _companions(shared, likeness, weights, at)
    titles = history.recordings["track_name"].reindex(seeds.index).to_numpy(dtype=object)
    told = best.assign(_with=[titles[place] if place >= 0 else "" for place in companions])
    return suggested(told, _why, is_new=False)


def _likeness(shared: Any, sizes: Floats, places: NDArray[np.int64]) -> Any:
    """Shrunk cosine of the sessions of each seed and each recording, where they share any."""
    from scipy.sparse import csr_array

    pairs = shared.tocoo()
    wide = np.sqrt(sizes[places[pairs.row]] * sizes[pairs.col])
    return csr_array((pairs.data / (wide + SHRINKAGE), (pairs.row, pairs.col)), shape=shared.shape)


def _companions(shared: Any, likeness: Any, weights: Floats, at: NDArray[np.int64]) -> list[int]:
    """The seed that adds most to each of some recordings; -1 where they met too rarely."""
    if not len(at):
        return []
    added = likeness[:, at].toarray() * weights[:, None]
    best = np.round(added, 12).argmax(axis=0)
    met = shared[:, at].toarray()[best, np.arange(len(at))]
    return [int(place) for place in np.where(met >= LEAST_SHARED, best, -1)]


def _why(row: Row) -> str:
    companion: str = row["_with"]
    return f"You often play it together with {companion}" if companion else "It goes with what you play of late"
