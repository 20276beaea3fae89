"""Mood clusters: groups in a listener's music, found by K-means and kept only when stable and clearer than chance.

They describe the music, never the listener. `analytics.md`, section Music. Sources:

- the choice and the tests: `models/grouping.py`;
- quadrants of the valence-energy plane: Russell, "A circumplex model of affect", J. Pers. Soc. Psychol. 39 (1980) 1161.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, count

import numpy as np
import pandas as pd

from models.grouping import Ints, Rule, chosen_by_hash, group
from models.null_samples import Floats

FEATURES = ("valence", "energy", "danceability", "acousticness", "instrumentalness", "tempo")
LEAST_TRACKS = 50
RULE = Rule("tracks", least=LEAST_TRACKS)
MIDDLE = 0.5
WORDS = {  # feature: (word above the listener's mean, word below it)
    "danceability": ("danceable", "still"),
    "acousticness": ("acoustic", "electric"),
    "instrumentalness": ("instrumental", "vocal"),
    "tempo": ("fast", "slow"),
}


def cluster_moods(tracks: pd.DataFrame, *, seed: int = RULE.seed, fit_limit: int = 2_000) -> pd.DataFrame:
    """Mood cluster of each track of one listener on one basis.

    `tracks`: one row a track with `track_id` and the six `FEATURES` (0-1, tempo in BPM; missing allowed), and, if
    wanted, `is_settled`: false for tracks to assign but not to fit on while enough others are there. Gives a row
    a track in `track_id` order: cluster_id from 1 (0: in no cluster, `reason` says why), cluster_name,
    centroid_distance (standardised units), and, the same in every row, k (0: no clusters), silhouette, stability,
    null_silhouette, fitted_tracks. Without clusters these three describe the k of the best silhouette.

    Raises ValueError when a track_id repeats or is missing, or when `fit_limit` is below `LEAST_TRACKS`.
    """
    if tracks["track_id"].isna().any() or not tracks["track_id"].is_unique:
        raise ValueError("track_id must be present and unique: pass one row for each distinct track")
    if fit_limit < LEAST_TRACKS:
        raise ValueError(f"fit_limit is {fit_limit}: use at least {LEAST_TRACKS}")
    ordered = tracks.sort_values("track_id", ignore_index=True)
    values = ordered[list(FEATURES)].to_numpy(dtype=np.float64, na_value=np.nan)
    complete = np.flatnonzero(np.isfinite(values).all(axis=1))
    moods = _unclustered(ordered["track_id"])
    if len(complete) < LEAST_TRACKS:
        return moods.assign(reason=f"fewer than {LEAST_TRACKS} tracks have audio features")
    is_settled = ordered["is_settled"].to_numpy(dtype=bool) if "is_settled" in ordered else np.ones(len(ordered), bool)
    ids = ordered["track_id"].iloc[complete].tolist()
    chosen = chosen_by_hash(ids, is_settled[complete], fit_limit, LEAST_TRACKS)
    grouped = group(values[complete], chosen, replace(RULE, seed=seed))
    verdict = grouped.verdict
    figures = {name: getattr(verdict, name) for name in ("silhouette", "stability", "null_silhouette", "reason")}
    moods = moods.assign(**figures, fitted_tracks=grouped.fitted)
    if verdict.centroids is None:
        return moods
    natural, distances = grouped.natural, grouped.distances
    order = cluster_order(natural, np.bincount(distances.argmin(axis=1), minlength=len(natural)))
    return _with_clusters(moods, complete, distances[:, order], cluster_names(natural[order], verdict.centroids[order]))


def _unclustered(track_ids: pd.Series) -> pd.DataFrame:
    names = {"track_id": track_ids, "cluster_id": 0, "cluster_name": None, "centroid_distance": np.nan}
    numbers = {"k": 0, "silhouette": np.nan, "stability": np.nan, "null_silhouette": np.nan, "fitted_tracks": 0}
    return pd.DataFrame({**names, **numbers, "reason": None})


def _with_clusters(moods: pd.DataFrame, complete: Ints, distances: Floats, names: list[str]) -> pd.DataFrame:
    """Give each complete track its nearest cluster; `distances`: complete tracks x clusters, in cluster order."""
    nearest = distances.argmin(axis=1)
    moods = moods.assign(k=len(names), reason="this track has no complete audio features")
    moods.loc[complete, "cluster_id"] = nearest + 1
    moods.loc[complete, "cluster_name"] = np.array(names, dtype=object)[nearest]
    moods.loc[complete, "centroid_distance"] = distances.min(axis=1)
    moods.loc[complete, "reason"] = None
    return moods


def quadrant(centroid: Floats) -> tuple[int, str]:
    """Place and name of a centroid's quadrant (Russell 1980); `centroid` in natural units, `FEATURES` order."""
    is_calm, is_dark = bool(centroid[1] < MIDDLE), bool(centroid[0] < MIDDLE)
    return 2 * is_calm + is_dark, f"{'calm' if is_calm else 'energetic'}-{'dark' if is_dark else 'bright'}"


def cluster_order(centroids: Floats, sizes: Ints) -> list[int]:
    """Positions of the centroids (natural units) by quadrant, then valence, energy and size, each ascending."""
    return sorted(range(len(sizes)), key=lambda at: (quadrant(centroids[at])[0], *centroids[at, :2], sizes[at]))


def cluster_names(centroids: Floats, standardised: Floats) -> list[str]:
    """A name for each centroid, no two alike: its quadrant and the feature that stands out.

    `centroids` in natural units and the same `standardised`, in cluster order. A name that is taken gives way to the
    next feature, then to two features. A feature exactly at the mean does not stand out.
    """
    names: list[str] = []
    for centroid, scores in zip(centroids, standardised, strict=True):
        options = _name_options(quadrant(centroid)[1], dict(zip(FEATURES, scores.tolist(), strict=True)))
        names.append(next(name for name in options if name not in names))
    return names


def _name_options(mood: str, scores: dict[str, float]) -> Iterator[str]:
    standing_out = sorted((name for name in WORDS if scores[name] != 0), key=lambda name: -abs(scores[name]))
    words = [WORDS[name][scores[name] < 0] for name in standing_out]
    yield from (f"{mood}, {word}" for word in words)
    yield from (f"{mood}, {first} and {second}" for first, second in combinations(words, 2))
    yield mood
    yield from (f"{mood} {number}" for number in count(2))
