"""Music profiles: how near a listener's habits are to five ways of listening, as shares and never as one label.

Below 50 listeners the five are fixed reference profiles, compared by the cosine of standardised features (Salton and
McGill, "Introduction to Modern Information Retrieval", 1983); from 50 on they are the centroids of K-means, each named
after the reference that it is nearest to (one to one: Kuhn, "The Hungarian method", 1955).
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from models.grouping import centroids_of
from models.null_samples import Floats
from models.threads import one_thread

REFERENCE, KMEANS = "reference_profiles", "kmeans"
LEAST_LISTENERS = 50
LEAST_FEATURES = 12  # of those below, so that no profile rests on a few habits
SEED = 0
# A cosine that is larger by this makes a profile e times as likely: at 0.25, one that is alike in all (1) against four
# that are alike in nothing (0) gets 0.93, and two that are equally near get equal shares.
SOFTNESS = 0.25
FARTHEST = 3.0  # standard units; beyond, a single habit would say more than all others together
DRIVERS = 3

ADDICT, EXPLORER, HUNTER = "Music Addict", "Mainstream Explorer", "Underground Hunter"
OWL, CASUAL = "Night Owl", "Casual Listener"
PROFILES = (EXPLORER, HUNTER, ADDICT, OWL, CASUAL)


@dataclass(frozen=True)
class Habit:
    """A feature as it is compared: what is typical, how far listeners spread about it, and how it is said.

    typical and spread are round figures, chosen so that ordinary listeners lie within two spreads; they place the
    scale, and no listener's data moves them. is_log: compared as ln(1 + x), for amounts that differ by factors.
    references: what each profile is like, in spreads from typical; 0 where it is neither.
    """

    name: str
    says: str
    typical: float
    spread: float
    references: dict[str, float]
    is_log: bool = False

    def standardised(self, values: Floats) -> Floats:
        """Distance from typical in spreads, at most FARTHEST."""
        place, middle = (np.log1p(values), np.log1p(self.typical)) if self.is_log else (values, self.typical)
        return cast(Floats, np.clip((place - middle) / self.spread, -FARTHEST, FARTHEST))


# Each number with its reason. 2: what gives the profile its name; 1: what mostly goes with it; a half: a leaning.
HABITS = (
    # An hour or two of music a day is some 25 tracks; who plays four times as many is 1.7 spreads above.
    Habit("plays_per_day", "plays a day", 25.0, 0.8, {ADDICT: 2.0, CASUAL: -2.0}, is_log=True),
    # The same in hours: 1.5 a day is typical, 6 are much.
    Habit("hours_per_day", "hours a day", 1.5, 0.5, {ADDICT: 2.0, CASUAL: -2.0}, is_log=True),
    # Two of three days; always at 1 for who cannot do without.
    Habit("active_day_share", "share of days with music", 0.65, 0.2, {ADDICT: 1.5, CASUAL: -1.5}),
    # About one a day; several a day go with much listening.
    Habit("sessions_per_week", "sessions a week", 9.0, 0.6, {ADDICT: 1.5, CASUAL: -1.5}, is_log=True),
    # 45 minutes; long sessions are a leaning of heavy listeners, short ones of casual ones.
    Habit("session_minutes", "minutes a session", 45.0, 0.6, {ADDICT: 1.0, CASUAL: -0.5}, is_log=True),
    # Of 100 plays some 50 artists; explorers and hunters spread wide.
    Habit("artists_per_100_plays", "artists in 100 plays", 50.0, 15.0, {EXPLORER: 1.0, HUNTER: 1.0, CASUAL: -0.5}),
    # A favourite takes a tenth of the plays; who explores has none that large.
    Habit("top_artist_share", "share of the top artist", 0.1, 0.08, {EXPLORER: -0.5, HUNTER: -0.5}),
    # Of 100 plays 20 repeat another one; looking for new music leaves less room for it.
    Habit("repeat_share", "repeats in 100 plays", 0.2, 0.12, {EXPLORER: -0.5, HUNTER: -0.5, ADDICT: 0.5}),
    # A tenth of a year's plays are of recordings never heard before; a hunter's name says that there are more.
    Habit("discovery_share", "share of first plays", 0.1, 0.1, {EXPLORER: 1.0, HUNTER: 1.5, CASUAL: -0.5}),
    # From 0 to 5 h lie 5 of 24 hours, mostly slept: 4 % is typical, 12 % a habit.
    Habit("night_share", "share from 0 to 5 h", 0.04, 0.06, {OWL: 2.0}),
    # Owls sleep when others commute: a leaning, since some must rise all the same.
    Habit("morning_share", "share from 5 to 12 h", 0.25, 0.12, {OWL: -1.0}),
    # After work, when casual listening has its place.
    Habit("evening_share", "share from 17 to 22 h", 0.35, 0.12, {CASUAL: 0.5}),
    # The two hours before midnight lead into the night.
    Habit("late_share", "share from 22 to 24 h", 0.08, 0.05, {OWL: 1.0}),
    # Two of seven days are 0.29; who listens by occasion does so on free days.
    Habit("weekend_share", "share at weekends", 0.3, 0.08, {CASUAL: 0.5}),
    # A fifth of what is begun is skipped; who looks for something new tries and drops more.
    Habit("skip_share", "share of skips", 0.2, 0.12, {EXPLORER: 0.5, HUNTER: 0.5}),
    # Half and half; shuffle is what is pressed when the choice matters less.
    Habit("shuffle_share", "share on shuffle", 0.45, 0.25, {HUNTER: -0.5, CASUAL: 0.5}),
    # Whole albums are rare in playlists' time; they are a hunter's way to know an artist.
    Habit("album_run_share", "share of album runs", 0.15, 0.15, {HUNTER: 1.0, EXPLORER: -0.5}),
    # Popularity 60 and more is what charts and their neighbours have: the two profiles are named after it.
    Habit("mainstream_share", "share of popular music", 0.35, 0.2, {EXPLORER: 2.0, HUNTER: -2.0, CASUAL: 0.5}),
    # The same over all plays, 0-100.
    Habit("mean_popularity", "mean popularity", 48.0, 12.0, {EXPLORER: 1.5, HUNTER: -2.0, CASUAL: 0.5}),
    # Some eight genres of equal time; more for those who look around.
    Habit("genre_diversity", "genre diversity", 8.0, 0.5, {EXPLORER: 1.0, HUNTER: 0.5, CASUAL: -0.5}, is_log=True),
)
FEATURES = tuple(habit.name for habit in HABITS)
REFERENCES = np.array([[habit.references.get(profile, 0.0) for habit in HABITS] for profile in PROFILES])
# What a profile is named after: where that is not known, nothing is said of it.
NAMED_AFTER = {
    EXPLORER: "mainstream_share",
    HUNTER: "mainstream_share",
    ADDICT: "plays_per_day",
    OWL: "night_share",
    CASUAL: "plays_per_day",
}

COLUMNS = [
    "user_id",
    "profile_name",
    "profile_share",
    "similarity",
    "profile_rank",
    "drivers",
    "feature_count",
    "reason",
    "method",
    "k",
    "listener_count",
]


def profile_shares(listeners: pd.DataFrame) -> pd.DataFrame:
    """The five profiles of each listener of one period.

    `listeners`: a row a listener with user_id and the FEATURES, missing allowed. Gives five rows a listener, by
    user_id and in the order of PROFILES: profile_name, profile_share (adding up to 1), similarity (cosine to the
    reference, -1 to 1; with K-means `nearness`), profile_rank from 1, drivers, method, k,
    listener_count (those that K-means is fitted on, or that are compared), feature_count, and reason where the share is
    null. Raises ValueError when a user_id repeats.
    """
    if not listeners["user_id"].is_unique:
        raise ValueError("user_id must be unique: pass one row for each listener")
    ordered = listeners.sort_values("user_id", ignore_index=True)
    scores = standardised(ordered)
    counted = np.isfinite(scores).sum(axis=1)
    compared = np.flatnonzero(counted >= LEAST_FEATURES)
    method = KMEANS if len(compared) >= LEAST_LISTENERS else REFERENCE
    likeness = np.full((len(ordered), len(PROFILES)), np.nan)
    places = _named_centroids(scores[compared]) if method == KMEANS else REFERENCES
    compare = nearness if method == KMEANS else cosines
    likeness[compared] = compare(scores[compared], places)
    named = [FEATURES.index(NAMED_AFTER[profile]) for profile in PROFILES]
    likeness[~np.isfinite(scores[:, named])] = np.nan
    return _table(ordered["user_id"].tolist(), likeness, scores, places).assign(
        method=method, k=len(PROFILES) if method == KMEANS else 0, listener_count=len(compared)
    )


def standardised(listeners: pd.DataFrame) -> Floats:
    """The habits in spreads from typical: listeners x FEATURES, NaN where not known."""
    values = listeners[list(FEATURES)].to_numpy(dtype=np.float64, na_value=np.nan)
    return np.column_stack([habit.standardised(values[:, at]) for at, habit in enumerate(HABITS)])


def cosines(scores: Floats, places: Floats = REFERENCES) -> Floats:
    """Cosine to each profile over the features that are known; 0 for a listener who is typical in all of them."""
    known = np.isfinite(scores)
    filled = np.where(known, scores, 0.0)
    lengths = np.linalg.norm(filled, axis=1, keepdims=True) * np.sqrt(known.astype(float) @ (places**2).T)
    return cast(Floats, np.divide(filled @ places.T, lengths, out=np.zeros(lengths.shape), where=lengths > 0))


def nearness(scores: Floats, centroids: Floats) -> Floats:
    """1 at a centroid, a half at the mean distance of the listeners from their nearest one, less beyond."""
    from scipy.spatial.distance import cdist

    distances = cdist(np.nan_to_num(scores), centroids)
    mean = distances.min(axis=1).mean()
    return cast(Floats, 1 - distances / (2 * mean if mean > 0 else 1.0))


def shares(likeness: Floats) -> Floats:
    """Shares of the profiles, adding up to 1 a row: softmax, so that more alike is always more; NaN stays NaN."""
    weights = np.exp(likeness / SOFTNESS)  # likeness is at most 1: nothing overflows
    total = np.nansum(weights, axis=1, keepdims=True)
    return weights / np.where(total > 0, total, np.nan)


def _table(users: list[str], likeness: Floats, scores: Floats, places: Floats) -> pd.DataFrame:
    """Five rows a listener, in the order of PROFILES."""
    part, counts = shares(likeness), np.isfinite(scores).sum(axis=1)
    # Equal shares keep the order of PROFILES.
    ranks = np.argsort(-np.nan_to_num(part, nan=-1.0), axis=1, kind="stable").argsort(axis=1) + 1.0
    is_told = np.isfinite(part)
    cells = [(at, number) for at in range(len(users)) for number in range(len(PROFILES))]
    drivers = [_drivers(scores[at], places[number]) if is_told[at, number] else None for at, number in cells]
    reasons = [None if is_told[at, number] else _reason(PROFILES[number], int(counts[at])) for at, number in cells]
    return pd.DataFrame(
        {
            "user_id": np.repeat(np.array(users, dtype=object), len(PROFILES)),
            "profile_name": list(PROFILES) * len(users),
            "profile_share": part.ravel(),
            "similarity": likeness.ravel(),
            "profile_rank": np.where(is_told, ranks, np.nan).ravel(),
            "drivers": pd.Series(drivers, dtype=object),
            "feature_count": np.repeat(counts, len(PROFILES)),
            "reason": pd.Series(reasons, dtype=object),
        }
    )


def _reason(profile: str, count: int) -> str:
    """Why nothing is said of a profile."""
    if count < LEAST_FEATURES:
        return f"only {count} of {len(FEATURES)} habits are known; {LEAST_FEATURES} are needed"
    return f"{HABITS[FEATURES.index(NAMED_AFTER[profile])].says} is not known"


def _drivers(scores: Floats, place: Floats) -> str | None:
    """The habits that speak most for a profile: the largest products of listener and profile; None if none speaks."""
    speaks = np.nan_to_num(scores) * place
    order = [at for at in np.argsort(-speaks, kind="stable")[:DRIVERS] if speaks[at] > 0]
    words = [f"{HABITS[at].says} {'above' if scores[at] > 0 else 'below'} typical" for at in order]
    return "; ".join(words) or None


def _named_centroids(scores: Floats) -> Floats:
    """K-means centroids (unknown habits as typical), in the order of the profiles that they are named after."""
    from scipy.optimize import linear_sum_assignment

    with one_thread():
        centroids = centroids_of(np.nan_to_num(scores), len(PROFILES), (SEED,))
    # Fewer distinct listeners than profiles leave some without a centroid: far away.
    missing = len(PROFILES) - len(centroids)
    centroids = np.vstack([centroids, np.full((missing, centroids.shape[1]), 1e6)])
    lengths = np.linalg.norm(REFERENCES, axis=1)[:, None] * np.maximum(np.linalg.norm(centroids, axis=1), 1e-12)
    _, columns = linear_sum_assignment(-(REFERENCES @ centroids.T) / lengths)
    return cast(Floats, centroids[columns])
