"""Mood clusters: groups in a listener's music, found by K-means and kept only when stable and clearer than chance.

They describe the music, never the listener. The rule is `analytics.md`, section Music. Sources:

- quadrants of the valence-energy plane: Russell, "A circumplex model of affect", J. Pers. Soc. Psychol. 39 (1980) 1161;
- choice of k: Rousseeuw, "Silhouettes", J. Comput. Appl. Math. 20 (1987) 53;
- agreement of two groupings: Hubert and Arabie, "Comparing partitions", J. Classif. 2 (1985) 193.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, count

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# scikit-learn takes most of a second to import, and most builds fit nothing: the functions that need it ask for it.
from models.threads import one_thread

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEATURES = ("valence", "energy", "danceability", "acousticness", "instrumentalness", "tempo")
LEAST_TRACKS = 50
CLUSTER_COUNTS = range(3, 9)
LEAST_STABILITY = 0.8
REFITS = 20
NULL_SAMPLES = 19
STARTS = 5
MIDDLE = 0.5
WORDS = {  # feature: (word above the listener's mean, word below it)
    "danceability": ("danceable", "still"),
    "acousticness": ("acoustic", "electric"),
    "instrumentalness": ("instrumental", "vocal"),
    "tempo": ("fast", "slow"),
}
# Streams of random numbers: each draw is named by (seed, stream, ...), so that skipping one test changes no other.
FIT, REFIT, NULL = 0, 1, 2


@dataclass(frozen=True)
class Grouping:
    """One K-means fit: k, centroids (k x 6, standardised), a label a row from 0, mean silhouette."""

    k: int
    centroids: Floats
    labels: Ints
    silhouette: float


@dataclass(frozen=True)
class Verdict:
    """Centroids of the accepted grouping, or None with the reason; the figures of that k, or of the best one."""

    centroids: Floats | None
    silhouette: float
    stability: float
    null_silhouette: float
    reason: str | None


def cluster_moods(tracks: pd.DataFrame, *, seed: int = 0, fit_limit: int = 2_000) -> pd.DataFrame:
    """Mood cluster of each track of one listener on one basis.

    `tracks`: one row a track with `track_id` and the six `FEATURES` (0-1, tempo in BPM; missing allowed), and, if
    wanted, `is_settled`: false for tracks to assign but not to fit on while enough others are there. Gives a row
    a track in `track_id` order: cluster_id from 1 (0: in no cluster, `reason` says why), cluster_name,
    centroid_distance (standardised units), and, the same in every row, k (0: no clusters), silhouette, stability,
    null_silhouette, fitted_tracks. Without clusters these three describe the k of the best silhouette.

    Raises ValueError when a track_id repeats or is missing, or when `fit_limit` is below `LEAST_TRACKS`.
    """
    from scipy.spatial.distance import cdist

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
    chosen = _chosen(ordered.iloc[complete], fit_limit)
    centre, spread = _centre_and_spread(values[complete[chosen]])
    rows = (values[complete] - centre) / spread
    with one_thread():
        verdict = judge(rows[chosen], seed)
    figures = {name: getattr(verdict, name) for name in ("silhouette", "stability", "null_silhouette", "reason")}
    moods = moods.assign(**figures, fitted_tracks=len(chosen))
    if verdict.centroids is None:
        return moods
    natural = verdict.centroids * spread + centre
    distances = cdist(rows, verdict.centroids)
    order = cluster_order(natural, np.bincount(distances.argmin(axis=1), minlength=len(natural)))
    return _with_clusters(moods, complete, distances[:, order], cluster_names(natural[order], verdict.centroids[order]))


def judge(rows: Floats, seed: int) -> Verdict:
    """Take the groupings in order of falling silhouette and accept the first that passes both tests.

    `rows`: n x 6, standardised. The null goes first: on music without groups it fails after one or two samples.
    """
    distinct = len(np.unique(rows, axis=0))
    groupings = [_group(rows, k, (seed, FIT, k)) for k in CLUSTER_COUNTS if k <= distinct]
    if not groupings:
        return Verdict(None, np.nan, np.nan, np.nan, "the tracks are too alike to group")
    groupings.sort(key=lambda grouping: -grouping.silhouette)
    clearer = 0  # groupings that beat the null, and so failed for want of stability
    for grouping in groupings:
        null_silhouette = _null_silhouette(rows, grouping, seed, stop_early=True)
        if null_silhouette >= grouping.silhouette:
            continue
        clearer += 1
        stability = _stability(rows, grouping, seed, stop_early=True)
        if stability >= LEAST_STABILITY:
            return Verdict(grouping.centroids, grouping.silhouette, stability, null_silhouette, None)
    reason = "no grouping is both stable and clearer than chance"
    if clearer in (0, len(groupings)):
        reason = "no grouping is stable" if clearer else "the groups are no clearer than chance"
    best = groupings[0]
    stability = _stability(rows, best, seed, stop_early=False)
    return Verdict(None, best.silhouette, stability, _null_silhouette(rows, best, seed, stop_early=False), reason)


def _chosen(tracks: pd.DataFrame, limit: int) -> Ints:
    """Positions, ascending, of the `limit` ids with the smallest SHA-256: a sample that only the ids decide.

    Tracks that are not settled yet are left out, unless too few others are there.
    """
    settled = np.flatnonzero(tracks["is_settled"]) if "is_settled" in tracks else np.arange(len(tracks))
    if len(settled) < LEAST_TRACKS:
        settled = np.arange(len(tracks))
    digests = np.array([hashlib.sha256(tracks["track_id"].iloc[i].encode()).hexdigest() for i in settled])
    return np.sort(settled[digests.argsort()[:limit]])


def _centre_and_spread(values: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation a column; a constant column gets spread 1, and so stands at exactly 0."""
    is_constant = np.ptp(values, axis=0) == 0
    centre = np.where(is_constant, values[0], values.mean(axis=0))
    return centre, np.where(is_constant, 1.0, values.std(axis=0))


def _group(rows: Floats, k: int, stream: tuple[int, ...]) -> Grouping:
    from scipy.spatial.distance import cdist
    from sklearn.metrics import silhouette_score

    centroids = _centroids(rows, k, stream)
    labels = cdist(rows, centroids).argmin(axis=1)
    return Grouping(k, centroids, labels, float(silhouette_score(rows, labels)))


def _centroids(rows: Floats, k: int, stream: tuple[int, ...]) -> Floats:
    """Centroids by K-means; fewer than k where the rows hold fewer distinct points (a resample can)."""
    from sklearn.cluster import KMeans

    clusters = min(k, len(np.unique(rows, axis=0)))
    state = int(np.random.SeedSequence(stream).generate_state(1)[0])
    return np.asarray(KMeans(clusters, n_init=STARTS, random_state=state).fit(rows).cluster_centers_)


def _stability(rows: Floats, grouping: Grouping, seed: int, *, stop_early: bool) -> float:
    """Mean adjusted Rand index (Hubert and Arabie 1985) between a grouping and its refits on bootstrap resamples.

    Stops early where perfect agreement of the rest could not save it; the value is then below `LEAST_STABILITY`.
    """
    from scipy.spatial.distance import cdist
    from sklearn.metrics import adjusted_rand_score

    total = 0.0
    for index in range(REFITS):
        stream = (seed, REFIT, grouping.k, index)
        resample = rows[np.random.default_rng(stream).integers(len(rows), size=len(rows))]
        labels = cdist(rows, _centroids(resample, grouping.k, stream)).argmin(axis=1)
        total += float(adjusted_rand_score(grouping.labels, labels))
        if stop_early and (total + REFITS - 1 - index) / REFITS < LEAST_STABILITY:
            break
    return total / REFITS


def _null_silhouette(rows: Floats, grouping: Grouping, seed: int, *, stop_early: bool) -> float:
    """Largest silhouette of the null samples at the same k; when stopped early, the first that is large enough."""
    largest = -1.0
    for index, sample in enumerate(null_samples(rows, seed)):
        null = _group(sample, grouping.k, (seed, NULL, grouping.k, index))
        largest = max(largest, null.silhouette)
        if stop_early and largest >= grouping.silhouette:
            break
    return largest


def null_samples(rows: Floats, seed: int) -> Iterator[Floats]:
    """Samples like `rows` but without groups: a Gaussian copula with the same marginals and rank correlation.

    Normal scores are mapped by their rank, so that each sample holds exactly the values of each column of `rows`.
    """
    spearman = pd.DataFrame(rows).corr(method="spearman").fillna(0.0).to_numpy()  # none with a constant column
    pearson = 2 * np.sin(np.pi * spearman / 6)  # of the normals that have this rank correlation
    eigenvalues, vectors = np.linalg.eigh(pearson)
    root = vectors * np.sqrt(np.clip(eigenvalues, 0.0, None))  # the nearest matrix without negative eigenvalues
    columns = np.sort(rows, axis=0)
    for index in range(NULL_SAMPLES):
        normals = np.random.default_rng((seed, NULL, index)).standard_normal(rows.shape) @ root.T
        yield np.take_along_axis(columns, normals.argsort(axis=0).argsort(axis=0), axis=0)


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
