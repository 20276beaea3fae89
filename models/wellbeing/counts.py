"""Plays counted by day and item, the silence before each play, and what leaving out one day does to a statistic."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .bootstrap import NONE, student
from .history import Bools, Floats, History, Ints
from .rows import Indicator


@dataclass(frozen=True)
class DayItems:
    """How often each item (artist or recording) was played on each day, ordered by day; `bounds` cuts it into days."""

    day: Ints
    item: Ints
    count: Ints
    bounds: Ints

    def within(self, span: slice) -> tuple[Ints, Ints, Ints]:
        """Day, item (both numbered from 0) and count inside a window."""
        cut = slice(self.bounds[span.start], self.bounds[span.stop])
        day, item = (np.unique(numbers[cut], return_inverse=True)[1] for numbers in (self.day, self.item))
        return day, item, self.count[cut]


def day_items(history: History, items: Ints, chosen: Bools) -> DayItems:
    """Count the chosen starts by day and item."""
    size = int(items.max(initial=0)) + 1
    keys, count = np.unique(history.starts.day[chosen] * size + items[chosen], return_counts=True)
    day, item = keys // size, keys % size
    return DayItems(day, item, count, np.searchsorted(day, np.arange(history.day_count + 1)))


@dataclass(frozen=True)
class CountedPlays:
    """Counted plays in time order: day, recording, end, and time since the recording ended before (-1: never)."""

    day: Ints
    recording: Ints
    since_us: Ints
    ends_us: Ints


def counted_plays(history: History) -> CountedPlays:
    """The counted plays, each with the silence of its recording before it."""
    starts = history.starts
    day, recording, end = (numbers[starts.counted] for numbers in (starts.day, starts.recording, starts.end_us))
    order = np.argsort(recording, kind="stable")
    since = np.full(len(end), -1, dtype=np.int64)
    again = np.flatnonzero(np.diff(recording[order]) == 0)
    since[order[again + 1]] = end[order[again + 1]] - end[order[again]]
    return CountedPlays(day, recording, since, end)


def leave_out_each_day(day: Ints, item: Ints, count: Ints, terms: Callable[[Ints, Floats], Floats]) -> Floats:
    """Sum over items of a term of (plays of the item, all plays), once without each day, in one pass over counts."""
    totals = np.bincount(item, count).astype(np.int64)
    plays = (totals.sum() - np.bincount(day, count)).astype(float)
    often = np.bincount(totals)
    table = terms(np.arange(len(often)), np.maximum(plays, 1.0))
    changed = table[day, totals[item] - count] - table[day, totals[item]]
    return table @ often + np.bincount(day, changed, len(plays))


def jackknife(value: float, without: Floats, indicator: Indicator) -> tuple[float, float]:
    """95 % interval from the spread of the statistic without each day, Student's t."""
    days = len(without)
    if days < 2:
        return NONE
    error = np.sqrt((days - 1) / days * ((without - without.mean()) ** 2).sum())
    low, high = np.clip([value - student(days) * error, value + student(days) * error], *indicator.bounds)
    return float(low), float(high)
