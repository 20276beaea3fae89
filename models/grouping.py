"""Groups in rows of numbers: K-means, kept only where the groups are stable and clearer than chance.

One rule for tracks, sessions and genres (`analytics.md`, section Music). Sources:

- choice of k: Rousseeuw, "Silhouettes", J. Comput. Appl. Math. 20 (1987) 53;
- agreement of two groupings: Hubert and Arabie, "Comparing partitions", J. Classif. 2 (1985) 193.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

# scikit-learn takes most of a second to import, and most builds fit nothing: the functions that need it ask for it.
from models.null_samples import KEPT, STREAM, Floats, Nulls, Sample
from models.threads import one_thread

Ints = NDArray[np.int64]

CLUSTER_COUNTS = range(3, 9)
LEAST_STABILITY = 0.8
REFITS = 20
NULL_SAMPLES = 19
STARTS = 5
FEW = 100  # rows that mostly hold enough distinct points
CHANCE = "the groups are no clearer than chance"
# Streams of random numbers: each draw is named by (seed, stream, ...), so that skipping one test changes no other.
FIT, REFIT, NULL = 0, 1, STREAM


@dataclass(frozen=True)
class Rule:
    """What is grouped: its name in sentences, the numbers of groups to try, the least rows of a fit, the seed.

    together: columns that are one thing, such as sine and cosine of an hour; null samples draw the others given them.
    """

    things: str
    counts: range = CLUSTER_COUNTS
    least: int = 50
    seed: int = 0
    together: tuple[int, ...] = ()


@dataclass(frozen=True)
class Grouping:
    """One K-means fit: k, centroids (k x columns, standardised), a label a row from 0, mean silhouette."""

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


@dataclass(frozen=True)
class Grouped:
    """A verdict on rows, their distances to the centroids (rows x k, in standard units), and how many were fitted."""

    verdict: Verdict
    distances: Floats
    centre: Floats
    spread: Floats
    fitted: int

    @property
    def natural(self) -> Floats:
        """The centroids in the units of the rows."""
        assert self.verdict.centroids is not None
        return self.verdict.centroids * self.spread + self.centre


def group(values: Floats, fitted: Ints, rule: Rule) -> Grouped:
    """Group complete rows: the `fitted` ones decide on the groups, all have their distances to them.

    Columns are standardised by mean and standard deviation of the fitted rows. Few rows to fit, or a null where a
    number is needed, are the caller's to see to.
    """
    from scipy.spatial.distance import cdist

    centre, spread = centre_and_spread(values[fitted])
    rows = (values - centre) / spread
    verdict = judge(rows[fitted], rule)
    centroids = np.empty((0, values.shape[1])) if verdict.centroids is None else verdict.centroids
    return Grouped(verdict, cdist(rows, centroids), centre, spread, len(fitted))


def chosen_by_hash(ids: Sequence[str], settled: NDArray[np.bool_], limit: int, least: int) -> Ints:
    """Positions, ascending, of the `limit` ids with the smallest SHA-256: a sample that only the ids decide.

    What is not settled yet is left out, unless fewer than `least` others are there.
    """
    places = np.flatnonzero(settled)
    if len(places) < least:
        places = np.arange(len(ids))
    digests = np.array([hashlib.sha256(ids[int(i)].encode()).hexdigest() for i in places])
    return np.sort(places[digests.argsort()[:limit]])


def centre_and_spread(values: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation a column; a constant column gets spread 1, and so stands at exactly 0."""
    is_constant = np.ptp(values, axis=0) == 0
    centre = np.where(is_constant, values[0], values.mean(axis=0))
    return centre, np.where(is_constant, 1.0, values.std(axis=0))


def judge(rows: Floats, rule: Rule) -> Verdict:
    """Take the groupings in order of falling silhouette and accept the first that passes both tests.

    `rows`: standardised. A few null samples go first, since on rows without groups one or two tell; then stability,
    which mostly fails soon; then the other null samples.
    """
    import sklearn

    # Rows that are finite need not be looked through again by each of some thousand fits.
    with one_thread(), sklearn.config_context(assume_finite=True, skip_parameter_validation=True):
        return _judge(rows, rule)


def _judge(rows: Floats, rule: Rule) -> Verdict:
    distinct = len(np.unique(rows, axis=0))
    sample, nulls = Sample(rows), Nulls(rows, rule.seed, rule.together)
    groupings = [_group(sample, k, (rule.seed, FIT, k)) for k in rule.counts if k <= min(distinct, len(rows) - 1)]
    if not groupings:
        return Verdict(None, np.nan, np.nan, np.nan, f"the {rule.things} are too alike to group")
    groupings.sort(key=lambda grouping: -grouping.silhouette)
    trials = [Trial(rows, grouping, nulls) for grouping in groupings]
    for trial in trials:
        if trial.beats_null(KEPT) and trial.is_stable() and trial.beats_null():
            return Verdict(trial.grouping.centroids, *trial.figures(), None)
    return Verdict(None, *trials[0].figures(), _why_none(trials))


def _why_none(trials: list["Trial"]) -> str:
    """Which test no grouping passed: the null where all fail it, stability where all are clearer than chance."""
    failed = [trial for trial in trials if not trial.beats_null(len(trial.null_silhouettes))]
    others = (trial.beats_null() for trial in trials if trial not in failed)
    if failed:
        return "no grouping is both stable and clearer than chance" if any(others) else CHANCE
    clearer = list(others)
    if all(clearer):
        return "no grouping is stable"
    return "no grouping is both stable and clearer than chance" if any(clearer) else CHANCE


def _group(sample: Sample, k: int, stream: tuple[int, ...]) -> Grouping:
    from scipy.spatial.distance import cdist
    from sklearn.metrics import silhouette_score

    centroids = centroids_of(sample.rows, k, stream)
    labels = cdist(sample.rows, centroids).argmin(axis=1)
    return Grouping(k, centroids, labels, float(silhouette_score(sample.distances, labels, metric="precomputed")))


def centroids_of(rows: Floats, k: int, stream: tuple[int, ...]) -> Floats:
    """Centroids by K-means; fewer than k where the rows hold fewer distinct points (a resample can)."""
    from sklearn.cluster import KMeans

    clusters = min(k, len(np.unique(rows[:FEW], axis=0)))
    if clusters < k:  # hardly ever, and sorting all rows takes a tenth of a fit
        clusters = min(k, len(np.unique(rows, axis=0)))
    state = int(np.random.SeedSequence(stream).generate_state(1)[0])
    return np.asarray(KMeans(clusters, n_init=STARTS, random_state=state).fit(rows).cluster_centers_)


@dataclass(eq=False)
class Trial:
    """A grouping under test. Each refit and null sample is looked at once, and only when it is needed."""

    rows: Floats
    grouping: Grouping
    nulls: Nulls
    agreements: list[float] = field(default_factory=list)
    null_silhouettes: list[float] = field(default_factory=list)

    def is_stable(self) -> bool:
        """Whether refits agree; ends where perfect agreement of the rest could not save it."""
        while len(self.agreements) < REFITS:
            if (sum(self.agreements) + REFITS - len(self.agreements)) / REFITS < LEAST_STABILITY:
                return False
            self._refit()
        return self.stability >= LEAST_STABILITY

    def beats_null(self, count: int = NULL_SAMPLES) -> bool:
        """Whether its silhouette exceeds those of the first `count` null samples; ends with the first that does not."""
        if any(null >= self.grouping.silhouette for null in self.null_silhouettes):
            return False
        while len(self.null_silhouettes) < count:
            if self._next_null() >= self.grouping.silhouette:
                return False
        return True

    def figures(self) -> tuple[float, float, float]:
        """Silhouette, stability, and the largest silhouette of all null samples."""
        while len(self.agreements) < REFITS:
            self._refit()
        while len(self.null_silhouettes) < NULL_SAMPLES:
            self._next_null()
        return self.grouping.silhouette, self.stability, max(self.null_silhouettes)

    @property
    def stability(self) -> float:
        """Mean adjusted Rand index (Hubert and Arabie 1985) between the grouping and its refits."""
        return sum(self.agreements) / REFITS

    def _refit(self) -> None:
        """Agreement with a refit on a bootstrap resample."""
        from scipy.spatial.distance import cdist
        from sklearn.metrics import adjusted_rand_score

        rows, k = self.rows, self.grouping.k
        stream = (self.nulls.seed, REFIT, k, len(self.agreements))
        resample = rows[np.random.default_rng(stream).integers(len(rows), size=len(rows))]
        labels = cdist(rows, centroids_of(resample, k, stream)).argmin(axis=1)
        self.agreements.append(float(adjusted_rand_score(self.grouping.labels, labels)))

    def _next_null(self) -> float:
        """Silhouette of the next null sample at the same k."""
        index, k = len(self.null_silhouettes), self.grouping.k
        null = _group(self.nulls[index], k, (self.nulls.seed, NULL, k, index))
        self.null_silhouettes.append(null.silhouette)
        return null.silhouette
