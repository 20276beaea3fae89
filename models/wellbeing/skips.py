"""Whether more is skipped than these recordings are usually skipped."""

import numpy as np

from .bootstrap import ratio_row
from .counts import day_items
from .history import History
from .rows import INDICATORS, Row, too_few, withheld

PRIOR_STARTS = 10.0
NOTHING_ELSE = "Fewer than 100 measured starts lie outside this window, too few to know these recordings' own rates."


def relative_skip_rate(history: History) -> list[Row]:
    """Skip rate of measured starts in the window minus what their recordings' own rates outside it would give.

    A recording's own rate is (skips + 10 m) / (starts + 10) over its measured starts outside the window (before it
    and after it), m being the listener's skip rate outside: ten starts at the listener's mean are mixed in, so a
    recording heard ten times elsewhere counts half its own rate, and one never heard elsewhere counts the mean. At
    least 100 measured starts must lie outside as well. The interval resamples the window's days and takes the rates
    outside as given.
    """
    starts, indicator = history.starts, INDICATORS["relative_skip_rate"]
    began = day_items(history, starts.recording, starts.measured)
    skips = np.zeros(len(began.day))
    skipped = day_items(history, starts.recording, starts.measured & starts.skipped)
    size = int(starts.recording.max(initial=0)) + 1
    skips[np.searchsorted(began.day * size + began.item, skipped.day * size + skipped.item)] = skipped.count
    all_starts = np.bincount(began.item, began.count, size)
    all_skips = np.bincount(began.item, skips, size)
    rows = []
    for window in history.windows(indicator):
        span = history.span(window)
        cut = slice(began.bounds[span.start], began.bounds[span.stop])
        day, item = began.day[cut] - span.start, began.item[cut]
        count, skip = began.count[cut].astype(float), skips[cut]
        sample = int(count.sum())
        outside = all_starts.sum() - sample
        if sample < indicator.least_sample:
            rows.append(too_few(indicator, window, sample))
            continue
        if outside < indicator.least_sample:
            rows.append(withheld(indicator, window, sample, NOTHING_ELSE))
            continue
        mean = (all_skips.sum() - skip.sum()) / outside
        other_starts = all_starts[item] - np.bincount(item, count, size)[item]
        other_skips = all_skips[item] - np.bincount(item, skip, size)[item]
        expected = count * (other_skips + PRIOR_STARTS * mean) / (other_starts + PRIOR_STARTS)
        excess, began_on = (np.bincount(day, amount).astype(float) for amount in (skip - expected, count))
        rows.append(ratio_row(indicator, window, sample, excess, began_on, "No measured starts."))
    return rows
