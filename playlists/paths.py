"""A path to another mood: from where the listener is to a target, in small steps of valence and energy.

It is about the music alone. What people choose to play says little about how they feel (docs/analytics.md), and nothing
here claims that a playlist changes it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from config.errors import InputError
from playlists.kinds import Candidates, find_track, names
from playlists.listening import MEASURED, Listening
from playlists.tracks import DEFAULT_TRACKS, MOST_AN_ARTIST, USUAL_MS, Length, artist_key

LEAST_TRACKS = 60  # own tracks with valence and energy, for steps that are small
LEAST_SHARE = 0.6  # of the last session's time must have features, as for every mean of features
AXES = ("valence", "energy")
# Target -> axis, and the quantile of the listener's own tracks to which the path leads on it.
TARGETS: dict[str, tuple[str, float]] = {
    "calmer": ("energy", 0.1),
    "brighter": ("valence", 0.9),
    "more-energy": ("energy", 0.9),
}


@dataclass(frozen=True)
class Path:
    """Where a path begins and ends: (valence, energy), and what the beginning is."""

    start: tuple[float, float]
    goal: tuple[float, float]
    begins: str

    def waypoints(self, count: int) -> np.ndarray:
        """Points at equal distances from the start to the goal, both included: count x 2."""
        return np.linspace(self.start, self.goal, count)


def path_to(listening: Listening, target: str, length: Length, begin_with: str = "") -> Candidates:
    """Tracks in order along the path to a target; `begin_with` names the track that it starts from.

    Without one it starts from the mean of the last session. Raises InputError where too little has features of the
    basis, for an unknown target, and where the listener is there already.
    """
    wanted = target.strip().lower().replace(" ", "-")
    if wanted not in TARGETS:
        raise InputError(f"There is no path to '{target}'.", f"There are {', '.join(TARGETS)}.")
    tracks = listening.own[listening.own[list(AXES)].notna().all(axis=1)].reset_index(drop=True)
    if len(tracks) < LEAST_TRACKS:
        raise InputError(listening.too_little(len(tracks), LEAST_TRACKS), "Collect features with `lakesong ingest`.")
    start, begins, seed = _start(listening, begin_with)
    axis, quantile = TARGETS[wanted]
    goal = dict(zip(AXES, start, strict=True))
    end = float(tracks[axis].quantile(quantile))
    if (end - goal[axis]) * (1 if quantile > 0.5 else -1) <= 0.02:
        raise InputError(f"{begins} is there already: {axis} {goal[axis]:.2f}.", "Choose another target.")
    goal[axis] = end
    path = Path(start, (goal["valence"], goal["energy"]), begins)
    rows = _along(tracks, path, length, axis, seed)
    widest = float(rows[axis].diff().abs().max()) if len(rows) > 1 else 0.0
    begin = dict(zip(AXES, start, strict=True))[axis]
    note = f"from {begins} ({axis} {begin:.2f}) to {axis} {end:.2f}; the widest step is {widest:.2f}"
    return Candidates(rows, wanted, (note, "It leads through the music's features; it promises nothing about you."),
                      is_ordered=True)  # fmt: skip


def _start(listening: Listening, begin_with: str) -> tuple[tuple[float, float], str, str | None]:
    if begin_with:
        track = find_track(listening, begin_with)
        if track[list(AXES)].isna().any():
            raise InputError(f"{names(track)} has no {_kind(listening)}.", "Begin with another track.")
        return (float(track["valence"]), float(track["energy"])), names(track), str(track["track_id"])
    listening.need("listening_with_features", "track_features")
    mean = listening.rows(
        """
        WITH last_session AS (
            SELECT track_id, listened_ms, played_date FROM listening_with_features
            WHERE user_id = $1 AND excluded_by IS NULL AND session_id = (
                SELECT session_id FROM listening_with_features WHERE user_id = $1 AND excluded_by IS NULL
                ORDER BY played_at DESC, play_id DESC LIMIT 1
            )
        )
        SELECT sum(f.valence * s.listened_ms) / sum(s.listened_ms) FILTER (f.valence IS NOT NULL) AS valence,
            sum(f.energy * s.listened_ms) / sum(s.listened_ms) FILTER (f.energy IS NOT NULL) AS energy,
            sum(s.listened_ms) FILTER (f.valence IS NOT NULL) / sum(s.listened_ms) AS known_share,
            max(s.played_date) AS played_date
        FROM last_session s LEFT JOIN track_features f ON f.track_id = s.track_id AND f.basis = $2
        """,
        listening.user_id,
        listening.basis,
    ).iloc[0]
    share = 0.0 if pd.isna(mean["known_share"]) else float(mean["known_share"])
    if share < LEAST_SHARE:
        raise InputError(
            f"Only {int(100 * share)} % of the last session has {_kind(listening)}; {LEAST_SHARE:.0%} is needed.",
            "Begin with a track: --from TRACK.",
        )
    return (float(mean["valence"]), float(mean["energy"])), f"your last session ({mean['played_date']:%Y-%m-%d})", None


def _kind(listening: Listening) -> str:
    return "measured audio features" if listening.basis == MEASURED else "audio features"


def _along(tracks: pd.DataFrame, path: Path, length: Length, axis: str, seed: str | None) -> pd.DataFrame:
    """The nearest free track to each waypoint in turn, ties by id; at most two of an artist."""
    count = length.tracks or DEFAULT_TRACKS
    if length.minutes is not None:
        usual = float(tracks["duration_ms"].median()) if tracks["duration_ms"].notna().any() else USUAL_MS
        count = max(2, round(length.minutes * 60_000 / usual))
    ordered = tracks.sort_values("track_id", ignore_index=True)
    places = ordered[list(AXES)].to_numpy(float)
    keys = [artist_key(name, track) for name, track in zip(ordered["artist_name"], ordered["track_id"], strict=True)]
    free = np.ones(len(ordered), dtype=bool)
    used: dict[str, int] = {}
    taken: list[int] = []
    for step, point in enumerate(path.waypoints(min(count, len(ordered)))):
        apart = np.where(free, ((places - point) ** 2).sum(axis=1), np.inf)
        first = ordered.index[ordered["track_id"] == seed] if step == 0 and seed else []
        best = int(first[0]) if len(first) else int(apart.argmin())
        if not free[best]:
            break
        taken.append(best)
        used[keys[best]] = used.get(keys[best], 0) + 1
        free[best] = False
        if used[keys[best]] >= MOST_AN_ARTIST:
            free &= np.array([key != keys[best] for key in keys])
    rows = _in_direction(ordered.iloc[taken], axis, upwards=path.goal > path.start, seed=seed)
    rows["reason"] = [
        f"step {step} of {len(rows)}: {axis} {value:.2f}; {_other(axis)} {other:.2f}"
        for step, value, other in zip(range(1, len(rows) + 1), rows[axis], rows[_other(axis)], strict=True)
    ]
    return rows


def _in_direction(rows: pd.DataFrame, axis: str, *, upwards: bool, seed: str | None) -> pd.DataFrame:
    """The tracks in order of the axis, so that no step leads back; the track that the path starts from stays first."""
    order = rows.assign(leads=rows["track_id"] != seed)
    return order.sort_values(["leads", axis, "track_id"], ascending=[True, upwards, True], ignore_index=True)


def _other(axis: str) -> str:
    return AXES[1 - AXES.index(axis)]
