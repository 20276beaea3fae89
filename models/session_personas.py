"""Session personas: kinds of listening sessions of one listener, kept only when stable and clearer than chance.

They describe sessions, never the listener. K-means on standardised length, artists, start hour as sine and cosine,
mean energy and valence, skips and recency (`analytics.md`, section Music); how k is chosen: `models/grouping.py`.
Hours lie on a circle, so null samples keep sine and cosine of a session together and draw the rest given them: points
off the circle would be less clear than any real sessions, and groups were found in 9 of 45 trials without any (now 0).
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, count

import numpy as np
import pandas as pd

from models.grouping import Ints, Rule, chosen_by_hash, group
from models.null_samples import Floats

# What is fitted: the first two as logarithms, since twice as long is as far from usual as half as long.
FEATURES = (
    "session_minutes",
    "artist_count",
    "start_hour_sine",
    "start_hour_cosine",
    "mean_energy",
    "mean_valence",
    "skip_share",
    "recency_weight",
)
SINE, COSINE = FEATURES.index("start_hour_sine"), FEATURES.index("start_hour_cosine")
LEAST_SESSIONS = 50
RULE = Rule("sessions", least=LEAST_SESSIONS, together=(SINE, COSINE))
FIT_LIMIT = 1_000  # silhouettes cost the square of it: 2,000 sessions take four times as long and tell the same
MINUTE_MS = 60_000

# First hour of each part of the day, and its name in a persona's; later than the last one is night again.
PARTS = ((0, "late-night"), (5, "morning"), (12, "afternoon"), (17, "evening"), (22, "late-evening"))
CONCENTRATED = 0.5  # length of the mean hour vector from which sessions share a part of the day (1: all at one time)
QUICK_MINUTES, LONG_MINUTES = 20.0, 75.0
MOSTLY = 0.6  # share from which a persona is said to be of the weekend (two days of seven are 0.29) or of weekdays
ALBUM_SHARE, ARTIST_SHARE = 0.5, 0.75  # plays that go on with an album; artists for each play
MIDDLE = 0.5
# Words for what stands out, where names would be alike: feature, word above the listener's mean, word below it.
WORDS = (
    ("mean_energy", "energetic", "calm"),
    ("mean_valence", "bright", "dark"),
    ("skip_share", "restless", "unskipped"),
    ("session_minutes", "longer", "shorter"),
    ("artist_count", "varied", "few-artist"),
    ("recency_weight", "recent", "earlier"),
)


def find_personas(sessions: pd.DataFrame, *, seed: int = RULE.seed, fit_limit: int = FIT_LIMIT) -> pd.DataFrame:
    """Persona of each session of one listener on one basis.

    `sessions`: a row a session with session_id, is_settled (false: to assign, but not to fit on while enough others
    are there), session_ms, start_count, artist_count, start_hour_sine, start_hour_cosine, mean_energy, mean_valence,
    skip_share, recency_weight, is_weekend, album_run_count, and reason where the means are missing. Gives a row a
    session in `session_id` order: persona_id from 1 (0: in none, `reason` says why), persona_name, centroid_distance
    (standardised units), and, the same in every row, k (0: no personas), silhouette, stability, null_silhouette,
    fitted_sessions. Raises ValueError when a session_id repeats or is missing.
    """
    if sessions["session_id"].isna().any() or not sessions["session_id"].is_unique:
        raise ValueError("session_id must be present and unique: pass one row for each session")
    ordered = sessions.sort_values("session_id", ignore_index=True)
    values = fitted_values(ordered)
    complete = np.flatnonzero(np.isfinite(values).all(axis=1))
    found = _without_personas(ordered)
    if len(complete) < LEAST_SESSIONS:
        return found.assign(reason=f"fewer than {LEAST_SESSIONS} sessions have mean energy and valence")
    ids, settled = ordered["session_id"].iloc[complete].tolist(), ordered["is_settled"].to_numpy(dtype=bool)[complete]
    chosen = chosen_by_hash(ids, settled, fit_limit, LEAST_SESSIONS)
    grouped = group(values[complete], chosen, replace(RULE, seed=seed))
    verdict = grouped.verdict
    figures = {name: getattr(verdict, name) for name in ("silhouette", "stability", "null_silhouette")}
    found = found.assign(**figures, fitted_sessions=grouped.fitted)
    if verdict.centroids is None:
        return found.assign(reason=verdict.reason)
    order = persona_order(grouped.natural)
    distances = grouped.distances[:, order]
    members = _members(ordered.iloc[complete[chosen]], distances[chosen].argmin(axis=1))
    names = persona_names(grouped.natural[order], verdict.centroids[order], members)
    return _with_personas(found, complete, distances, names)


def fitted_values(sessions: pd.DataFrame) -> Floats:
    """The numbers that are grouped, a column a feature of `FEATURES`; missing ones are NaN."""
    minutes = np.log1p(sessions["session_ms"].to_numpy(dtype=np.float64) / MINUTE_MS)
    artists = np.log1p(sessions["artist_count"].to_numpy(dtype=np.float64))
    rest = sessions[list(FEATURES[2:])].to_numpy(dtype=np.float64, na_value=np.nan)
    return np.column_stack([minutes, artists, rest])


def start_hour(centroid: Floats) -> float:
    """Mean hour of the day of a centroid (natural units), 0 to below 24."""
    return float(np.arctan2(centroid[SINE], centroid[COSINE]) * 12 / np.pi % 24)


def persona_order(centroids: Floats) -> list[int]:
    """Positions of the centroids (natural units) by start hour from 5 in the morning on, then length, then energy."""
    morning = PARTS[1][0]
    return sorted(
        range(len(centroids)),
        key=lambda at: ((start_hour(centroids[at]) - morning) % 24, centroids[at, 0], *centroids[at, 4:]),
    )


def persona_names(centroids: Floats, standardised: Floats, members: pd.DataFrame) -> list[str]:
    """A name for each centroid, no two alike: "weekend morning quick mix", "late-night long listen, calm".

    `centroids` in natural units and the same `standardised`, in order; `members`: weekend_share, album_share (plays
    begun right after another recording of the same album) and artist_share (artists for each play) of each. Words in
    their order: when in the week (from MOSTLY on), when in the day, how long (below QUICK_MINUTES, from LONG_MINUTES
    on), what (an album listen, a mix of artists, or a listen). A name that is taken gives way to one with the feature
    that stands out most, then the next, then two.
    """
    names: list[str] = []
    for centroid, scores, (_, about) in zip(centroids, standardised, members.iterrows(), strict=True):
        name = _plain_name(centroid, about.to_dict())
        options = _name_options(name, dict(zip(FEATURES, scores.tolist(), strict=True)))
        names.append(next(option for option in options if option not in names))
    return names


def _plain_name(centroid: Floats, about: dict[str, float]) -> str:
    minutes, weekend = float(np.expm1(centroid[0])), about["weekend_share"]
    hour = start_hour(centroid)
    part = [name for first, name in PARTS if hour >= first][-1]
    is_one_time = np.hypot(centroid[SINE], centroid[COSINE]) >= CONCENTRATED
    kind = "mix" if about["artist_share"] >= ARTIST_SHARE else "listen"
    words = (
        "weekend" if weekend >= MOSTLY else "",
        part if is_one_time else "any-hour",
        "quick" if minutes < QUICK_MINUTES else "long" if minutes >= LONG_MINUTES else "",
        "album listen" if about["album_share"] >= ALBUM_SHARE else kind,
    )
    return " ".join(word for word in words if word)


def _name_options(name: str, scores: dict[str, float]) -> Iterator[str]:
    yield name
    standing_out = sorted((word for word in WORDS if scores[word[0]] != 0), key=lambda word: -abs(scores[word[0]]))
    words = [above if scores[feature] > 0 else below for feature, above, below in standing_out]
    yield from (f"{name}, {word}" for word in words)
    yield from (f"{name}, {first} and {second}" for first, second in combinations(words, 2))
    yield from (f"{name} {number}" for number in count(2))


def _members(fitted: pd.DataFrame, labels: Ints) -> pd.DataFrame:
    """What the names say beside the centroids: shares over the fitted sessions of each persona, in order."""
    sums = (
        fitted.assign(is_weekend=fitted["is_weekend"].astype(float), sessions=1.0)
        .groupby(labels)[["is_weekend", "sessions", "album_run_count", "artist_count", "start_count"]]
        .sum()
    )
    return pd.DataFrame(
        {
            "weekend_share": sums["is_weekend"] / sums["sessions"],
            "album_share": sums["album_run_count"] / sums["start_count"],
            "artist_share": sums["artist_count"] / sums["start_count"],
        }
    )


def _without_personas(ordered: pd.DataFrame) -> pd.DataFrame:
    names = {"session_id": ordered["session_id"], "persona_id": 0, "persona_name": None, "centroid_distance": np.nan}
    numbers = {"k": 0, "silhouette": np.nan, "stability": np.nan, "null_silhouette": np.nan, "fitted_sessions": 0}
    return pd.DataFrame({**names, **numbers, "reason": ordered["reason"].astype(object)})


def _with_personas(found: pd.DataFrame, complete: Ints, distances: Floats, names: list[str]) -> pd.DataFrame:
    """Give each complete session its nearest persona; `distances`: complete sessions x personas, in order."""
    nearest = distances.argmin(axis=1)
    found = found.assign(k=len(names), reason=found["reason"].fillna("this session has no complete features"))
    found.loc[complete, "persona_id"] = nearest + 1
    found.loc[complete, "persona_name"] = np.array(names, dtype=object)[nearest]
    found.loc[complete, "centroid_distance"] = distances.min(axis=1)
    found.loc[complete, "reason"] = None
    return found
