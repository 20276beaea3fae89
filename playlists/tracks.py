"""What a playlist is made of: tracks with a reason each, how many of them, and who may not be on it."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from config.errors import InputError

MOST_AN_ARTIST = 2
USUAL_MS = 210_000  # taken for the length of a track that nobody knows
DEFAULT_TRACKS = 30
MOST_TRACKS = 500


@dataclass(frozen=True)
class Length:
    """How long a playlist is to be: a number of tracks, or minutes (then the last track may go beyond)."""

    tracks: int | None = DEFAULT_TRACKS
    minutes: float | None = None

    def __post_init__(self) -> None:
        """Raise InputError for a length that is none."""
        if (self.minutes is not None and self.minutes <= 0) or (self.tracks is not None and self.tracks < 1):
            raise InputError("A playlist has at least one track.", "Give --tracks or --minutes a number above 0.")
        if self.tracks is not None and self.tracks > MOST_TRACKS:
            raise InputError(f"A playlist made here has at most {MOST_TRACKS} tracks.", "Ask for fewer.")

    def is_reached(self, count: int, total_ms: int) -> bool:
        """Whether so many tracks of so much time are enough."""
        if self.minutes is not None:
            return total_ms >= self.minutes * 60_000 or count >= MOST_TRACKS
        return count >= (self.tracks or DEFAULT_TRACKS)


@dataclass(frozen=True)
class Track:
    """A track on a playlist and why it is there, in one sentence. Features are null where the basis has none."""

    track_id: str
    track_name: str
    artist_name: str
    album_name: str | None
    duration_ms: int | None
    energy: float | None
    valence: float | None
    tempo: float | None
    feature_source: str | None
    reason: str

    @property
    def uri(self) -> str:
        """Spotify's address of the track, for programs."""
        return f"spotify:track:{self.track_id}"

    @property
    def link(self) -> str:
        """Spotify's address of the track, for browsers."""
        return f"https://open.spotify.com/track/{self.track_id}"

    @property
    def has_simulated_features(self) -> bool:
        """Whether its audio features are made up."""
        return self.feature_source == "synthetic"

    def to_json(self) -> dict[str, Any]:
        """The track as `--json` prints it."""
        return {**asdict(self), "uri": self.uri, "has_simulated_features": self.has_simulated_features}


def tracks_of(rows: pd.DataFrame) -> list[Track]:
    """The rows as tracks, in their order."""
    return [
        Track(
            track_id=str(row["track_id"]),
            track_name=_text(row["track_name"]) or "",
            artist_name=_text(row["artist_name"]) or "",
            album_name=_text(row["album_name"]),
            duration_ms=None if pd.isna(row["duration_ms"]) else int(row["duration_ms"]),
            energy=_number(row["energy"]),
            valence=_number(row["valence"]),
            tempo=_number(row["tempo"]),
            feature_source=_text(row["feature_source"]),
            reason=str(row["reason"]),
        )
        for row in rows.to_dict("records")
    ]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def luck(seed: str, count: int) -> np.random.Generator:
    """A generator that depends on the text alone, the same on every machine."""
    digest = hashlib.sha256(f"{seed}:{count}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def choose(candidates: pd.DataFrame, length: Length, seed: str, *, variety: float = 0.3) -> pd.DataFrame:
    """The candidates to take, best first: by score with some luck, one edition a recording, two tracks an artist.

    candidates: recording_id, track_id, artist_name, duration_ms, score (above 0), in any order. variety is the weight
    of the luck (Gumbel noise on the logarithm of the score, so that a track is first as often as its score has weight
    among the others); 0 for the best by score alone. The same seed gives the same choice.
    """
    ordered = candidates.sort_values("track_id", ignore_index=True)
    noise = luck(seed, len(ordered)).gumbel(size=len(ordered))
    keys = np.log(ordered["score"].to_numpy(float)) + variety * noise
    places = np.lexsort((ordered["track_id"].to_numpy(str), -keys)) if len(ordered) else np.array([], int)
    taken: list[int] = []
    heard: set[str] = set()
    artists: dict[str, int] = {}
    total_ms = 0
    for place in places:
        if length.is_reached(len(taken), total_ms):
            break
        row = ordered.iloc[int(place)]
        artist = artist_key(row["artist_name"], row["track_id"])
        if row["recording_id"] in heard or artists.get(artist, 0) >= MOST_AN_ARTIST:
            continue
        taken.append(int(place))
        heard.add(row["recording_id"])
        artists[artist] = artists.get(artist, 0) + 1
        total_ms += USUAL_MS if pd.isna(row["duration_ms"]) else int(row["duration_ms"])
    return ordered.iloc[taken].reset_index(drop=True)


def artist_key(name: Any, track_id: Any) -> str:
    """An artist as names are compared: lower case, single blanks; a track without one stands for itself."""
    return " ".join(name.split()).lower() if isinstance(name, str) and name.strip() else f"track {track_id}"
