"""Sessions as arrays, from the starts that carry their id."""

from dataclasses import dataclass

import numpy as np

from .history import US_PER_DAY, US_PER_HOUR, Bools, Floats, History, Ints


@dataclass(frozen=True)
class Sessions:
    """Sessions with at least one counted play, by start; a session belongs to the local day it starts in.

    `valence` is the time-weighted mean over counted plays, NaN where none has features. Hours are local, 0 to 24, by
    the clock in force at the session's first start.
    """

    day: Ints
    start_hour: Floats
    middle_hour: Floats
    minutes: Floats
    valence: Floats

    def chosen(self, keep: Bools | Ints) -> "Sessions":
        """The sessions of a mask, or at these places."""
        return Sessions(
            self.day[keep], self.start_hour[keep], self.middle_hour[keep], self.minutes[keep], self.valence[keep]
        )


def sessions_of(history: History) -> Sessions:
    """Put the starts of a history together by session id: from first start to last end, skips included."""
    starts = history.starts
    if not len(starts.day):
        return Sessions(starts.day, *(np.empty(0) for _ in range(4)))
    order = np.lexsort((starts.start_us, starts.session))
    first = np.flatnonzero(np.diff(starts.session[order], prepend=-1))
    begin, end = starts.start_us[order][first], np.maximum.reduceat(starts.end_us[order], first)
    offset = starts.offset_us[order][first]
    counted = np.logical_or.reduceat(starts.counted[order], first)
    usable = starts.counted & np.isfinite(starts.valence)
    weight = np.where(usable, starts.listened_ms, 0.0)
    time = np.add.reduceat(weight[order], first)
    moment = np.add.reduceat(np.where(usable, weight * starts.valence, 0.0)[order], first)
    local = begin + offset
    every = Sessions(
        np.maximum(local // US_PER_DAY - history.first_day, 0),
        (local % US_PER_DAY) / US_PER_HOUR,
        ((begin + (end - begin) // 2 + offset) % US_PER_DAY) / US_PER_HOUR,
        (end - begin) / (US_PER_HOUR / 60),
        np.divide(moment, time, out=np.full(len(time), np.nan), where=time > 0),
    )
    by_start = np.lexsort((np.arange(len(begin)), begin, every.day))
    return every.chosen(by_start[counted[by_start]])
