"""A playlist before it is one: chosen, put in order, each track with its reason, nothing sent anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from config.errors import InputError
from models.ordering import Floats, known, smooth_order, step_costs
from playlists.blends import blend_with
from playlists.kinds import KINDS, Candidates
from playlists.listening import MEASURED, Listening
from playlists.paths import path_to
from playlists.tracks import Length, Track, choose, luck, tracks_of

PATH, BLEND = "path", "blend"
ALL_KINDS = (*KINDS, PATH, BLEND)
NEEDS_VALUE = {"mood", "persona", "part-of-day", "from-track", PATH, BLEND}


@dataclass(frozen=True)
class Preview:
    """A playlist as it would be made: for whom, chosen by what, on which basis and day; its tracks in order.

    mean_step: mean change of energy (0-1) and tempo (BPM) from a track to the next, as ordered and as chosen.
    """

    user_id: str
    is_simulated: bool
    kind: str
    value: str
    basis: str
    day: date
    tracks: tuple[Track, ...]
    notes: tuple[str, ...] = ()
    mean_step: tuple[tuple[str, float | None], ...] = ()

    @property
    def title(self) -> str:
        """What it was chosen by, in a few words."""
        return f"{self.kind.replace('-', ' ')} {self.value}".strip()

    @property
    def total_ms(self) -> int:
        """Length of the tracks whose length is known, in milliseconds."""
        return sum(track.duration_ms or 0 for track in self.tracks)

    @property
    def simulated_count(self) -> int:
        """Tracks whose audio features are made up."""
        return sum(track.has_simulated_features for track in self.tracks)

    def to_json(self) -> dict[str, Any]:
        """The preview as `--json` prints it."""
        head = {name: getattr(self, name) for name in ("user_id", "is_simulated", "kind", "value", "basis")}
        counts = {"total_ms": self.total_ms, "simulated_count": self.simulated_count}
        tracks = [track.to_json() for track in self.tracks]
        steps = dict(self.mean_step)
        return {**head, "day": f"{self.day}", **counts, "mean_step": steps, "notes": list(self.notes), "tracks": tracks}


def preview(listening: Listening, kind: str, value: str = "", length: Length | None = None, begin: str = "") -> Preview:
    """Choose and order a playlist. The same lake, day and question always give the same playlist.

    begin: the track that a path starts from. Raises InputError for what cannot be made, with the next step.
    """
    wanted = length or Length()
    if kind not in ALL_KINDS:
        raise InputError(f"There is no kind of playlist called '{kind}'.", f"There are {', '.join(ALL_KINDS)}.")
    if kind in NEEDS_VALUE and kind not in ("mood", "persona") and not value:
        raise InputError(f"The kind {kind} needs a value.", f"Write `lakesong playlist preview {kind} VALUE`.")
    if kind == PATH:
        found = path_to(listening, value, wanted, begin)
    elif kind == BLEND:
        found = blend_with(listening, value)
    else:
        found = KINDS[kind](listening, value)
    seed = f"{listening.day}:{kind}:{found.value}:{listening.user_id}:{listening.basis}"
    chosen = _chosen(found, wanted, seed)
    if not chosen:
        raise InputError("Nothing fits.", "Try another value, or --basis all.")
    tracks, notes = _ordered(chosen, found, seed)
    steps = (*_steps("energy", tracks, chosen), *_steps("tempo", tracks, chosen))
    short = _short(wanted, tracks)
    made = Preview(listening.user_id, listening.is_simulated, kind, found.value, listening.basis, listening.day,
                   tuple(tracks), (*found.notes, *notes, *short), steps)  # fmt: skip
    if listening.basis == MEASURED and made.simulated_count:
        raise AssertionError("a made-up feature on the basis measured")
    return made


def _chosen(found: Candidates, length: Length, seed: str) -> list[Track]:
    rows = found.rows if found.is_ordered else choose(found.rows, length, seed, variety=found.variety)
    return tracks_of(rows)


def _ordered(chosen: list[Track], found: Candidates, seed: str) -> tuple[list[Track], tuple[str, ...]]:
    """The tracks in a smooth order; those without energy and tempo come last, as chosen."""
    if found.is_ordered:
        return chosen, ()
    told = [track for track in chosen if track.energy is not None and track.tempo is not None]
    untold = [track for track in chosen if track.energy is None or track.tempo is None]
    first = next((place for place, track in enumerate(told) if track.track_id == found.first), None)
    order = smooth_order(_costs(told), first=first, seed=int(luck(seed, 0).integers(2**31)))
    note = f"{len(untold)} of {len(chosen)} tracks have no features of this basis: they come last, as chosen"
    return [*(told[place] for place in order), *untold], (note,) if untold else ()


def _costs(tracks: list[Track]) -> Floats:
    return step_costs(_values("energy", tracks), _values("tempo", tracks))


def _values(name: str, tracks: list[Track]) -> Floats:
    values = [getattr(track, name) for track in tracks]
    return known(np.array([np.nan if value is None else value for value in values], dtype=float))


def _steps(name: str, tracks: list[Track], chosen: list[Track]) -> tuple[tuple[str, float | None], ...]:
    return ((name, _mean_step(name, tracks)), (f"{name}_as_chosen", _mean_step(name, chosen)))


def _mean_step(name: str, tracks: list[Track]) -> float | None:
    """Mean absolute change from a track to the next among those that have the feature; null below two."""
    values = [value for value in (getattr(track, name) for track in tracks) if value is not None]
    return float(np.abs(np.diff(values)).mean()) if len(values) > 1 else None


def _short(length: Length, tracks: list[Track]) -> tuple[str, ...]:
    total = sum(track.duration_ms or 0 for track in tracks)
    if length.minutes is not None and total < length.minutes * 60_000 - 300_000:
        return (f"only {len(tracks)} tracks fit, of {total // 60_000} minutes",)
    if length.minutes is None and len(tracks) < (length.tracks or 0):
        return (f"only {len(tracks)} tracks fit",)
    return ()
