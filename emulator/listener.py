"""One emulated listener: true plays as arrays, and what Spotify lets an application see of them at a time.

Every play has a stamp with milliseconds, within the second after its end, and luck for each fault: both depend on the
seed, the listener and the play alone, so the same play looks the same however often it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from numpy.random import PCG64, Generator, SeedSequence

from emulator.catalogue import base62_id
from emulator.faults import Faults, chance
from emulator.simulator import SESSION_GAP_S, Simulation

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DEPTH = 50  # plays that recently-played goes back
SHORTEST_MS = 30_000
_LOOK_BACK = 400  # plays among which the last 50 visible ones are looked for
_DAY_MS = 86_400_000


@dataclass(frozen=True)
class Item:
    """An entry of recently-played: what it shows, the number of its play, and played_at in Unix milliseconds."""

    shows: Literal["track", "episode", "local", "ad", "null"]
    play: int
    stamp_ms: int


@dataclass(frozen=True)
class Playing:
    """What the player shows: number of the play, how far it has come, and whether it stands still."""

    shows: Literal["track", "episode", "local", "ad", "unknown"]
    play: int
    progress_ms: int
    is_paused: bool


@dataclass
class Listener:
    """A simulated listener whose plays are offered by the clock."""

    simulation: Simulation
    seed: int
    offered: set[tuple[str, datetime]] = field(default_factory=set)

    @property
    def user_id(self) -> str:
        """The listener's name, which is also the id of their Spotify account."""
        return self.simulation.user_id

    @property
    def account_id(self) -> str:
        """What GET /me calls account_id."""
        return base62_id(f"account:{self.user_id}")

    @cached_property
    def plays(self) -> pd.DataFrame:
        """True plays by their end."""
        return self.simulation.plays.reset_index(drop=True)

    @cached_property
    def ended_ms(self) -> Ints:
        """End of each play, Unix milliseconds, whole seconds."""
        return np.asarray(self.plays["ended_at"].dt.as_unit("ms").astype("int64"))

    @cached_property
    def ms_played(self) -> Ints:
        """Time heard of each play."""
        return np.asarray(self.plays["ms_played"], np.int64)

    @cached_property
    def duration_ms(self) -> Ints:
        """Length of what was played; what is no music is as long as was heard of it."""
        lengths = self.simulation.tracks.set_index("track_id")["duration_ms"]
        return np.asarray(self.plays["track_id"].map(lengths).fillna(self.plays["ms_played"]), np.int64)

    @cached_property
    def is_listable(self) -> npt.NDArray[np.bool_]:
        """Music heard for 30 s, or to the end where it is shorter, outside private sessions."""
        long_enough = self.ms_played >= np.minimum(SHORTEST_MS, self.duration_ms)
        return np.asarray((self.plays["kind"] == "track") & ~self.plays["incognito_mode"] & long_enough)

    @cached_property
    def _is_episode(self) -> npt.NDArray[np.bool_]:
        return np.asarray((self.plays["kind"] == "episode") & ~self.plays["incognito_mode"])

    @cached_property
    def _uploaded_ms(self) -> Ints:
        uploaded = self.plays["exported_at"].dt.as_unit("ms").astype("int64").to_numpy()
        return np.where(self.plays["offline"], np.maximum(uploaded, self.ended_ms), self.ended_ms)

    def luck(self, of: str) -> Floats:
        """A number in [0, 1) for each play."""
        if of not in self._lucks:
            seeds = [self.seed, int(chance(self.user_id) * 2**32), int(chance(of) * 2**32)]
            self._lucks[of] = Generator(PCG64(SeedSequence(seeds))).random(len(self.plays))
        return self._lucks[of]

    @cached_property
    def _lucks(self) -> dict[str, Floats]:
        return {}

    @cached_property
    def _end_stamp_ms(self) -> Ints:
        return self.ended_ms + 1 + (self.luck("milliseconds") * 998).astype(np.int64)

    def started_ms(self, play: int) -> int:
        """Start of a play, Unix milliseconds; plays of the truth have no pauses within."""
        return int(self.ended_ms[play] - self.ms_played[play])

    def stamp_ms(self, play: int, faults: Faults) -> int:
        """played_at of a play: its end, or its start on the days that carry the start."""
        stamp = int(self._end_stamp_ms[play])
        carries_start = faults.start_stamp_days and (
            chance(self.seed, self.user_id, "start day", int(self.ended_ms[play]) // _DAY_MS) < faults.start_stamp_days
        )
        return stamp - int(self.ms_played[play]) if carries_start else stamp

    def listed_ms(self, faults: Faults) -> Ints:
        """From when on recently-played lists each play, Unix milliseconds: its stamp, its upload, or later."""
        listed = np.maximum(self._end_stamp_ms, self._uploaded_ms)
        delay = (self.luck("late by") * faults.late_minutes * 60_000).astype(np.int64)
        return np.asarray(listed + np.where(self.luck("late") < faults.late_plays, delay, 0), np.int64)

    def is_ever_listed(self, play: int, faults: Faults) -> bool:
        """Whether recently-played lists the play at all: not so when it is uploaded after 50 newer ones."""
        at = utc(int(self.listed_ms(faults)[play]))
        return bool(self.is_listable[play]) and any(item.play == play for item in self.recently_played(at, faults))

    def recently_played(self, now: datetime, faults: Faults) -> list[Item]:
        """Everything on offer: at most 50 items, newest stamp first."""
        now_ms = _ms(now)
        stop = int(np.searchsorted(self.ended_ms, now_ms, side="right"))
        part = slice(max(0, stop - _LOOK_BACK), stop)
        shown = self.is_listable[part]
        if faults.episodes:
            shown = shown | (self._is_episode[part] & (self.luck("episode")[part] < faults.episodes))
        rows = np.flatnonzero(shown & (self.listed_ms(faults)[part] <= now_ms)) + part.start
        plain = sorted(((self.stamp_ms(int(row), faults), int(row)) for row in rows), reverse=True)
        return [item for stamp, row in plain[:DEPTH] for item in self._items(row, stamp, faults)][:DEPTH]

    def _items(self, row: int, stamp: int, faults: Faults) -> list[Item]:
        """A play, and what faults add to it; an addition is stamped a few milliseconds before its play."""
        items = [Item("track" if self.is_listable[row] else "episode", row, stamp)]
        if self.luck("duplicate")[row] < faults.duplicates:
            items *= 2
        if self.luck("null")[row] < faults.null_tracks:
            items.append(Item("null", row, stamp - 1))
        if self.luck("local")[row] < faults.local_files:
            items.append(Item("local", row, stamp - 2))
        if self.luck("ad")[row] < faults.ads:
            items.append(Item("ad", row, stamp - 3))
        return items

    def disorder(self, items: list[Item], faults: Faults) -> list[Item]:
        """A page as it goes out: some items have changed places with their neighbour, if faults.out_of_order."""
        items = list(items)
        if faults.out_of_order:
            luck = self.luck("order")
            for place in range(len(items) - 1):
                if luck[items[place].play] < faults.out_of_order:
                    items[place], items[place + 1] = items[place + 1], items[place]
        return items

    def playing(self, now: datetime, faults: Faults) -> Playing | None:
        """What the player shows, if anything: nothing in private sessions, offline, and between sessions.

        Between two plays of a session the next one stands still at its beginning (or an advertisement runs).
        """
        now_ms = _ms(now)
        row = int(np.searchsorted(self.ended_ms, now_ms, side="right"))
        while row < len(self.plays) and not self.ms_played[row]:
            row += 1  # nothing was heard of a track that failed
        if row == len(self.plays) or self.plays["incognito_mode"].iat[row] or self.plays["offline"].iat[row]:
            return None
        progress = now_ms - self.started_ms(row)
        kind = self.plays["kind"].iat[row]
        is_local = kind == "track" and self.luck("local")[row] < faults.local_files
        shows: Any = "local" if is_local else {"audiobook": "unknown"}.get(kind, kind)
        if progress >= 0:
            return Playing(shows, row, progress, False)
        if not row or self.started_ms(row) - self.ended_ms[row - 1] > SESSION_GAP_S * 1000:
            return None
        if self.luck("ad")[row] < faults.ads:
            return Playing("ad", row, int(now_ms - self.ended_ms[row - 1]), False)
        return Playing(shows, row, 0, True)

    def heard(self, start: datetime, stop: datetime) -> pd.DataFrame:
        """True music plays that ended from start to stop (both included), with `is_listable` and `duration_ms`."""
        first = int(np.searchsorted(self.ended_ms, _ms(start)))
        last = int(np.searchsorted(self.ended_ms, _ms(stop), side="right"))
        part = slice(first, last)
        plays = self.plays.iloc[part].assign(is_listable=self.is_listable[part], duration_ms=self.duration_ms[part])
        return plays[plays["kind"] == "track"]


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def utc(ms: int) -> datetime:
    """A UTC time from Unix milliseconds."""
    return datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000)
