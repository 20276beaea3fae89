"""What a playlist can be chosen by: each kind gives candidates with a score and a reason in one sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from config.errors import InputError
from models.playlists import FEATURES
from playlists.listening import MEASURED, Listening
from playlists.tracks import artist_key

PARTS_OF_DAY = ("night", "morning", "afternoon", "evening", "late")
_PART_PHRASE = {
    "night": "at night (0-5 h)",
    "morning": "in the morning",
    "afternoon": "in the afternoon",
    "evening": "in the evening",
    "late": "late (22-24 h)",
}
FORGOTTEN_DAYS, FORGOTTEN_PLAYS = 180, 5
FAVOURITES = 60  # own tracks that something new is compared with
_TRACK_ID = re.compile(
    r"(?:spotify:track:|https?://open\.spotify\.com/(?:intl-\w+/)?track/)?([0-9A-Za-z]{22})(?:\?.*)?"
)


@dataclass(frozen=True)
class Candidates:
    """What may be on a playlist: rows as `choose` and `tracks_of` take them, and what else holds for the playlist.

    value: what was chosen by, in full; first: the track_id that it begins with; variety: the weight of luck;
    is_ordered: the rows are the playlist in its order, nothing is to be chosen or ordered.
    """

    rows: pd.DataFrame
    value: str
    notes: tuple[str, ...] = ()
    first: str | None = None
    variety: float = 0.3
    is_ordered: bool = False


Kind = Callable[[Listening, str], Candidates]


def by_mood(listening: Listening, value: str) -> Candidates:
    """Own tracks of a mood cluster, those near its centre and played often first."""
    listening.need("track_moods", "mood_clusters")
    number, name = _group(listening, "mood_clusters", "cluster", "mood", value)
    moods = listening.rows(
        "SELECT track_id, centroid_distance FROM track_moods WHERE user_id = ? AND basis = ? AND cluster_id = ?",
        listening.user_id,
        listening.basis,
        number,
    )
    rows = listening.own.merge(moods, on="track_id", how="inner")
    nearer = 1 - rows["centroid_distance"].rank(pct=True)
    rows["score"] = (1 + np.log1p(rows["play_count"])) / (1 + rows["centroid_distance"])
    rows["reason"] = [
        f"{_times(plays)}; nearer to the centre of {name} than {share:.0%} of its tracks"
        for plays, share in zip(rows["play_count"], nearer, strict=True)
    ]
    return Candidates(rows, name)


def by_persona(listening: Listening, value: str) -> Candidates:
    """Own tracks of the sessions of a persona, those heard in many of them first."""
    listening.need("session_personas", "personas")
    number, name = _group(listening, "personas", "persona", "persona", value)
    heard = listening.rows(
        """
        SELECT l.recording_id, count(DISTINCT l.session_id)::BIGINT AS sessions,
            (
                SELECT count(*) FROM session_personas WHERE user_id = $1 AND basis = $2 AND persona_id = $3
            ) AS all_sessions
        FROM listening_with_features l
        JOIN session_personas p ON p.session_id = l.session_id AND p.basis = $2 AND p.persona_id = $3
        WHERE l.user_id = $1 AND l.is_counted AND l.excluded_by IS NULL GROUP BY l.recording_id
        """,
        listening.user_id,
        listening.basis,
        number,
    )
    rows = listening.own.merge(heard, on="recording_id", how="inner")
    rows["score"] = rows["sessions"] * np.sqrt(rows["sessions"] / rows["play_count"])
    rows["reason"] = [
        f"in {sessions} of your {total} sessions of the persona {name}"
        for sessions, total in zip(rows["sessions"], rows["all_sessions"], strict=True)
    ]
    return Candidates(rows, name)


def by_part_of_day(listening: Listening, value: str) -> Candidates:
    """Own tracks of a part of the local day, those played more then than at other times first."""
    wanted = value.strip().lower()
    part = next((name for name in PARTS_OF_DAY if wanted and name.startswith(wanted.removesuffix("s"))), None)
    if part is None:
        raise InputError(f"'{value}' is no part of the day.", f"There are {', '.join(PARTS_OF_DAY)}.")
    listening.need("listening_with_features")
    heard = listening.rows(
        """
        SELECT recording_id, count(*) FILTER (part_of_day = ?)::BIGINT AS then_count, count(*)::BIGINT AS ever_count
        FROM listening_with_features WHERE user_id = ? AND is_counted AND excluded_by IS NULL
        GROUP BY recording_id HAVING then_count >= 2
        """,
        part,
        listening.user_id,
    )
    rows = listening.own.merge(heard, on="recording_id", how="inner")
    rows["score"] = rows["then_count"] * (rows["then_count"] / rows["ever_count"])
    rows["reason"] = [
        f"{then} of its {ever} plays were {_PART_PHRASE[part]}"
        for then, ever in zip(rows["then_count"], rows["ever_count"], strict=True)
    ]
    return Candidates(rows, part)


def forgotten(listening: Listening, value: str) -> Candidates:
    """Own tracks played at least five times, and not for half a year."""
    last = pd.to_datetime(listening.own["last_date"]).dt.date
    silent = (last <= listening.day - timedelta(days=FORGOTTEN_DAYS)) & (listening.own["play_count"] >= FORGOTTEN_PLAYS)
    rows = listening.own[silent].assign(heard_last=last[silent]).reset_index(drop=True)
    rows["score"] = np.log1p(rows["play_count"])
    rows["reason"] = [
        f"{_times(plays)} until {day:%Y-%m-%d}, and never since"
        for plays, day in zip(rows["play_count"], rows["heard_last"], strict=True)
    ]
    if rows.empty:
        days = f"{FORGOTTEN_DAYS} days"
        raise InputError(f"Nothing that you played {FORGOTTEN_PLAYS} times has been silent for {days}.", "Good.")
    return Candidates(rows, "")


def discovery(listening: Listening, value: str) -> Candidates:
    """Tracks of the catalogue that the listener never began, those that sound like a favourite first."""
    listening.need("track_features")
    new = listening.rows(
        f"""
        SELECT t.track_id AS recording_id, t.track_id, t.track_name, t.artist_name, t.album_name, t.duration_ms,
            {", ".join(f"f.{name}" for name in FEATURES)}, f.feature_source
        FROM tracks t JOIN track_features f ON f.track_id = t.track_id AND f.basis = $2
        LEFT JOIN recordings r ON r.track_id = t.track_id
        WHERE t.track_name IS NOT NULL AND coalesce(r.recording_id, t.track_id) NOT IN (
            SELECT recording_id FROM track_periods WHERE user_id = $1 AND period_kind = 'all_time'
        ) ORDER BY t.track_id
        """,
        listening.user_id,
        listening.basis,
    )
    new = new.astype(dict.fromkeys(FEATURES, float)).dropna(subset=list(FEATURES)).reset_index(drop=True)
    if new.empty:
        step = "Bring a catalogue in with `lakesong import-catalog dataset.csv`, then `lakesong build`."
        raise InputError("Nothing is known that you have not played.", step)
    best = listening.featured.sort_values(["play_count", "track_id"], ascending=[False, True]).head(FAVOURITES)
    apart = distances(new, best, listening.spreads)
    nearest = apart.argmin(axis=1)
    rows = new.assign(score=np.exp(-apart.min(axis=1)))
    rows["reason"] = [
        f"new to you; close in sound to {names(best.iloc[place])} ({_times(best.iloc[place]['play_count'])})"
        for place in nearest
    ]
    return Candidates(_unexcluded(rows, listening), "")


def from_track(listening: Listening, value: str) -> Candidates:
    """The track itself, then the own tracks that sound most like it."""
    seed = find_track(listening, value)
    if seed[list(FEATURES)].isna().any():
        kind = "measured audio features" if listening.basis == MEASURED else "audio features"
        raise InputError(f"{names(seed)} has no {kind}.", "Choose another track.")
    listening.spreads  # noqa: B018 - raises where too little is known
    apart = distances(listening.featured, seed.to_frame().T, listening.spreads)[:, 0]
    rows = listening.featured.assign(score=np.exp(-apart))
    rows["reason"] = [f"close to {names(seed)}: {likeness}" for likeness in _likeness(rows, seed, listening.spreads)]
    is_seed = rows["track_id"] == seed["track_id"]
    rows.loc[is_seed, ["score", "reason"]] = [2.0, "the track that you asked for"]
    return Candidates(rows, names(seed), first=str(seed["track_id"]), variety=0.0)


KINDS: dict[str, Kind] = {
    "mood": by_mood,
    "persona": by_persona,
    "part-of-day": by_part_of_day,
    "discovery": discovery,
    "forgotten": forgotten,
    "from-track": from_track,
}


def find_track(listening: Listening, value: str) -> pd.Series:
    """The own track that an id, an address or "title - artist" names. Raises InputError with what is near."""
    own = listening.own
    by_id = _TRACK_ID.fullmatch(value.strip())
    if by_id and (own["track_id"] == by_id[1]).any():
        return own[own["track_id"] == by_id[1]].iloc[0]
    text = " ".join(value.lower().split())
    titles = own["track_name"].fillna("").str.lower()
    whole = titles + " - " + own["artist_name"].fillna("").str.lower()
    found = own[(whole == text) | (titles == text)]
    found = found if len(found) else own[whole.str.contains(text, regex=False)] if text else found
    if found.empty:
        raise InputError(f"No track that you played is called '{value}'.", 'Write "title - artist", or give its id.')
    return found.sort_values(["play_count", "track_id"], ascending=[False, True]).iloc[0]


def distances(tracks: pd.DataFrame, others: pd.DataFrame, spreads: pd.Series) -> np.ndarray:
    """Euclidean distance of each track to each other one over the six features, each divided by its spread."""
    scale = spreads.to_numpy(float)
    left, right = (frame[list(FEATURES)].to_numpy(float) / scale for frame in (tracks, others))
    squares = np.nansum((left[:, None, :] - right[None, :, :]) ** 2, axis=2)
    return np.asarray(np.sqrt(squares))


def names(row: pd.Series) -> str:
    """Title and artist of a track, for a sentence."""
    return f"{row['track_name']} by {row['artist_name']}"


def _likeness(rows: pd.DataFrame, seed: pd.Series, spreads: pd.Series) -> list[str]:
    """The two features in which each track is most like the seed, in its own spreads."""
    apart = np.abs(rows[list(FEATURES)].to_numpy(float) - seed[list(FEATURES)].to_numpy(float)) / spreads.to_numpy(
        float
    )
    order = np.argsort(apart, axis=1, kind="stable")[:, :2]
    return [f"{FEATURES[first]} and {FEATURES[second]} are alike" for first, second in order]


def _unexcluded(rows: pd.DataFrame, listening: Listening) -> pd.DataFrame:
    keys = [artist_key(name, track) for name, track in zip(rows["artist_name"], rows["track_id"], strict=True)]
    return rows[~pd.Series(keys, index=rows.index, dtype=object).isin(listening.excluded_artists)].reset_index(
        drop=True
    )


def _times(plays: int) -> str:
    return "played once" if plays == 1 else f"played {plays} times"


def _group(listening: Listening, table: str, group: str, what: str, value: str) -> tuple[int, str]:
    """The number and name of a group of the table (columns GROUP_id and GROUP_name) that the value stands for.

    Raises InputError where there are none, with the reason, or where the value does not tell which.
    """
    known = listening.rows(
        f"SELECT DISTINCT {group}_id, {group}_name FROM {table} WHERE user_id = ? AND basis = ? AND {group}_id > 0"
        f" ORDER BY {group}_id",
        listening.user_id,
        listening.basis,
    )
    if known.empty:
        raise _none_found(listening, table, f"{what}s")
    return _named(value, known, what)


def _named(value: str, known: pd.DataFrame, what: str) -> tuple[int, str]:
    """The cluster or persona that a number or (part of) a name stands for. Raises InputError naming those there are."""
    wanted = " ".join(value.lower().split())
    pairs: Sequence[tuple[int, str]] = [(int(row[0]), str(row[1])) for row in known.itertuples(index=False)]
    exact = [pair for pair in pairs if wanted in (str(pair[0]), pair[1].lower())]
    near = exact or [pair for pair in pairs if wanted and wanted in pair[1].lower()]
    if len(near) == 1:
        return near[0]
    listed = "; ".join(f"{number} {name}" for number, name in near or pairs)
    said = f"No {what} is called '{value}'." if value and not near else f"Say which {what}."
    raise InputError(said, f"There are: {listed}.")


def _none_found(listening: Listening, table: str, what: str) -> InputError:
    why = listening.rows(
        f"SELECT max(reason) AS reason FROM {table} WHERE user_id = ? AND basis = ?", listening.user_id, listening.basis
    )["reason"].iloc[0]
    step = "Try --basis all." if listening.basis == MEASURED else "Try another kind of playlist."
    return InputError(f"{listening.user_id} has no {what} on the basis {listening.basis}: {why}.", step)
