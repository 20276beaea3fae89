"""Genre clusters: genres that are played together and sound alike, kept only when stable and clearer than chance.

A genre's place: three numbers of who plays it together with what, six of how its tracks sound, and a third of the
total variance is of company and two thirds are of sound, as if every number counted the same. Sources:

- played together: pointwise mutual information, reduced to few dimensions by its eigenvectors, as in Levy, Goldberg and
  Dagan, "Improving distributional similarity" (TACL 3, 2015, 211); negative values are kept, since genres are few;
- the choice and the tests of k: `models/grouping.py`.
"""

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.grouping import Ints, Rule, centre_and_spread, judge
from models.null_samples import Floats

Bools = NDArray[np.bool_]

SOUND = ("valence", "energy", "danceability", "acousticness", "instrumentalness", "tempo")
TOGETHER = ("together_1", "together_2", "together_3")
FEATURES = (*TOGETHER, *SOUND)
LEAST_GENRES = 12
LEAST_LIFT = -math.log(2)
COMPANY_VARIANCE, SOUND_VARIANCE = float(len(TOGETHER)), float(len(SOUND))
LEAST_PLAYS = 20  # of a genre: with fewer, what it is played with is chance
# A group of a single genre says nothing: no more groups than a third of the genres.
GENRES_A_GROUP = 3
RULE = Rule("genres", least=LEAST_GENRES)
NAMED_GENRES = 3
SWEEPS = 100  # the diagonal settles to nine digits in some thirty


def cluster_genres(genres: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Cluster of each genre on one basis.

    `genres`: a row a genre with genre, genre_plays, genre_time, and the mean SOUND of its tracks (missing where too few
    have features). `pairs`: `pairs_in_sessions` of each user_id. Gives a row a genre in the order of genre:
    genre_cluster_id from 1, the most listened to first (0: in none, `reason` says why), genre_cluster_name after its
    most listened genres, centroid_distance (standardised units), and, the same in every row, k, silhouette, stability,
    null_silhouette, fitted_genres.
    """
    ordered = genres.sort_values("genre", ignore_index=True)
    sound = ordered[list(SOUND)].to_numpy(dtype=np.float64, na_value=np.nan)
    is_heard = ordered["genre_plays"].to_numpy(dtype=np.float64) >= LEAST_PLAYS
    has_sound = np.isfinite(sound).all(axis=1)
    placed = np.flatnonzero(is_heard & has_sound)
    found = _without_clusters(ordered, is_heard, has_sound)
    if len(placed) < LEAST_GENRES:
        return found.assign(reason=f"fewer than {LEAST_GENRES} genres with {LEAST_PLAYS} plays have audio features")
    names = ordered["genre"].iloc[placed].tolist()
    # Rounded, so that two engines whose sums differ in the last digit rank the rows alike.
    company = scaled(played_together(pairs, names), COMPANY_VARIANCE)
    rows = np.hstack([company, scaled(standardised(sound[placed]), SOUND_VARIANCE)]).round(9)
    most = min(RULE.counts.stop - 1, len(placed) // GENRES_A_GROUP)
    verdict = judge(rows, Rule(RULE.things, range(RULE.counts.start, most + 1), LEAST_GENRES, RULE.seed))
    figures = {name: getattr(verdict, name) for name in ("silhouette", "stability", "null_silhouette")}
    found = found.assign(**figures, fitted_genres=len(placed))
    if verdict.centroids is None:
        return found.assign(reason=verdict.reason)
    distances = np.linalg.norm(rows[:, None, :] - verdict.centroids, axis=2)
    return _with_clusters(found, ordered, placed, distances)


def pairs_in_sessions(sessions: pd.DataFrame) -> pd.DataFrame:
    """How often one listener plays two genres in a session: genre, other_genre, together, each pair both ways.

    `sessions`: session_id, genre, plays (a play split among its genres). together is the product of the genres' shares
    of a session, summed over the sessions: of two plays drawn from it, the chance to be of these genres in this order.
    """
    from scipy.sparse import csr_array

    ordered = sessions.sort_values(["session_id", "genre"])
    session, _ = pd.factorize(ordered["session_id"])
    genre, names = pd.factorize(ordered["genre"], sort=True)
    plays = ordered["plays"].to_numpy(dtype=np.float64)
    share = plays / np.bincount(session, plays)[session]
    drawn = csr_array((share, (session, genre)))
    together = (drawn.T @ drawn).toarray()
    one, other = np.nonzero(together)
    return pd.DataFrame({"genre": names[one], "other_genre": names[other], "together": together[one, other]})


def played_together(pairs: pd.DataFrame, names: list[str]) -> Floats:
    """Where genres lie by what they are played with: genres x TOGETHER.

    Two plays are drawn: half of the time of one session, half of one listener, each listener alike. How much more or
    less often than by chance both genres are drawn (the logarithm) says how near they are; never in one session is a
    half as often, and that is the least, also where no listener plays both.
    """
    chance = without_itself(joint_chance(pairs, names))
    alone = chance.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        lift = np.log(chance / np.outer(alone, alone))
    lift = np.maximum(np.nan_to_num(lift, nan=LEAST_LIFT), LEAST_LIFT)
    np.fill_diagonal(lift, LEAST_LIFT)
    np.fill_diagonal(lift, lift.max(axis=1))  # a genre is as near to itself as to its nearest
    values, vectors = np.linalg.eigh((lift + lift.T) / 2)
    largest = np.argsort(-np.abs(values), kind="stable")[: len(TOGETHER)]
    places = vectors[:, largest] * np.sqrt(np.abs(values[largest]))
    # An eigenvector has no sign of its own: the genre that is farthest out is positive.
    farthest = np.abs(places).argmax(axis=0)
    return np.asarray(places * np.where(places[farthest, range(places.shape[1])] < 0, -1.0, 1.0))


def joint_chance(pairs: pd.DataFrame, names: list[str]) -> Floats:
    """Chance that two drawn plays are of these genres: symmetric, genres x genres, adding up to 1."""
    number = {name: at for at, name in enumerate(names)}
    kept = pairs[pairs["genre"].isin(number) & pairs["other_genre"].isin(number)]
    chance, listeners = np.zeros((len(names), len(names))), 0
    for _, own in kept.sort_values(["user_id", "genre", "other_genre"]).groupby("user_id"):
        together = np.zeros_like(chance)
        together[own["genre"].map(number), own["other_genre"].map(number)] = own["together"]
        total = together.sum()
        if total > 0:
            of_session = (together + together.T) / (2 * total)
            share = of_session.sum(axis=1)
            chance += (of_session + np.outer(share, share)) / 2
            listeners += 1
    return chance / max(listeners, 1)


def without_itself(chance: Floats) -> Floats:
    """The chances of different genres, with a diagonal as if each genre met itself by chance.

    How often a genre follows itself is a habit of sessions (an album, an artist), and no likeness of genres; left in,
    it would make any two genres seem to avoid each other.
    """
    filled = chance.copy()
    for _ in range(SWEEPS):
        alone = filled.sum(axis=1)
        np.fill_diagonal(filled, alone**2 / max(filled.sum(), 1e-300))
        filled /= max(filled.sum(), 1e-300)
    return filled


def standardised(values: Floats) -> Floats:
    """Columns of mean 0 and standard deviation 1; a constant one is 0."""
    centre, spread = centre_and_spread(values)
    return (values - centre) / spread


def scaled(values: Floats, variance: float) -> Floats:
    """The rows about their mean, stretched to a total variance over all columns (unless all are alike)."""
    centred = values - values.mean(axis=0)
    own = float((centred**2).sum(axis=1).mean())
    return np.asarray(centred * math.sqrt(variance / own) if own > 0 else centred)


def _without_clusters(ordered: pd.DataFrame, is_heard: Bools, has_sound: Bools) -> pd.DataFrame:
    few, silent = f"fewer than {LEAST_PLAYS} plays", "too few of its tracks have audio features"
    pairs = zip(is_heard.tolist(), has_sound.tolist(), strict=True)
    reasons = [few if not heard else None if sounds else silent for heard, sounds in pairs]
    names = {"genre": ordered["genre"], "genre_cluster_id": 0, "genre_cluster_name": None, "centroid_distance": np.nan}
    numbers = {"k": 0, "silhouette": np.nan, "stability": np.nan, "null_silhouette": np.nan, "fitted_genres": 0}
    return pd.DataFrame({**names, **numbers}).assign(reason=pd.Series(reasons, dtype=object))


def _with_clusters(found: pd.DataFrame, ordered: pd.DataFrame, placed: Ints, distances: Floats) -> pd.DataFrame:
    """Number the clusters by their listening time and name them after their most listened genres."""
    nearest = distances.argmin(axis=1)
    members = ordered.iloc[placed].assign(cluster=nearest)
    by_time = members.sort_values(["genre_time", "genre"], ascending=[False, True])
    times = by_time.groupby("cluster", sort=False)["genre_time"].sum()
    order = [cluster for cluster, _ in sorted(times.items(), key=lambda item: (-item[1], item[0]))]
    number = {cluster: at + 1 for at, cluster in enumerate(order)}
    names = {cluster: _listed(own["genre"].head(NAMED_GENRES).tolist()) for cluster, own in by_time.groupby("cluster")}
    found = found.assign(k=len(order))
    found.loc[placed, "genre_cluster_id"] = [number[cluster] for cluster in nearest]
    found.loc[placed, "genre_cluster_name"] = [names[cluster] for cluster in nearest]
    found.loc[placed, "centroid_distance"] = distances.min(axis=1)
    return found


def _listed(names: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
