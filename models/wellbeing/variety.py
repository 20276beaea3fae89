"""How varied the listening is: artists, repeats, what is new and what comes back."""

from functools import partial

import numpy as np
from scipy.special import gammaln
from scipy.stats import binom

from .bootstrap import NONE, generator, ratio_row
from .counts import CountedPlays, counted_plays, day_items, jackknife, leave_out_each_day
from .history import US_PER_DAY, Bools, Floats, History, Ints
from .rows import INDICATORS, Row, Window, shown, too_few, withheld

DEPTH = 200
DRAWS = 100
LEAST_DEPTH = 100
STICKY_DAYS = 28
STICKY_OTHER_DAYS = 2
SILENT_DAYS = 180
NO_PLAYS = "No plays in this window."
NEW_TO_ARCHIVE = (
    "Less than 12 months of archive lie before this window: a first play in it is new to this archive, "
    "perhaps not to the listener."
)
SHORT_ARCHIVE = "Less than 12 months of archive lie before this window, too few to tell what was silent for long."
NOT_YET = f"The discoveries of this window have not all had the {STICKY_DAYS} days after them yet."
NO_DISCOVERIES = "No discoveries in this window."

# -(k/200) ln(k/200) for k of 200 plays, and its expectation when each play is the artist's with probability p.
ENTROPY_TERMS = np.array([0.0, *(-k / DEPTH * np.log(k / DEPTH) for k in range(1, DEPTH + 1))])
GRID = np.linspace(0, 1, 1001) ** 2
EXPECTED_TERMS: Floats = binom.pmf(np.arange(DEPTH + 1), DEPTH, GRID[:, None]) @ ENTROPY_TERMS


def diversity(history: History) -> list[Row]:
    """Effective number of artists in 200 plays: exp of the Shannon entropy, mean over 100 seeded draws.

    Rarefaction (Hurlbert 1971, doi 10.2307/1934145): drawn without replacement, so that weeks of much and of little
    listening compare. The interval leaves out one day at a time (jackknife): resampling days with replacement would
    itself manufacture repeats.
    """
    starts, indicator = history.starts, INDICATORS["artist_diversity"]
    artists = day_items(history, starts.artist, starts.counted)
    rows = []
    for window in history.windows(indicator):
        day, item, count = artists.within(history.span(window))
        sample = int(count.sum())
        if sample < indicator.least_sample:
            rows.append(too_few(indicator, window, sample))
            continue
        totals = np.bincount(item, count).astype(np.int64)
        drawn = generator(indicator.name, window).multivariate_hypergeometric(totals, DEPTH, DRAWS, method="count")
        value = float(np.exp(ENTROPY_TERMS[drawn].sum(axis=1)).mean())
        without = np.exp(leave_out_each_day(day, item, count, _entropy_terms))
        rows.append(shown(indicator, window, sample, value, jackknife(value, without, indicator)))
    return rows


def _entropy_terms(played: Ints, plays: Floats) -> Floats:
    return np.interp(played / plays[:, None], GRID, EXPECTED_TERMS)


def repetition(history: History) -> list[Row]:
    """1 - expected unique recordings in 200 plays / 200, exact (Hurlbert 1971, doi 10.2307/1934145)."""
    starts, indicator = history.starts, INDICATORS["repetition"]
    recordings = day_items(history, starts.recording, starts.counted)
    rows = []
    for window in history.windows(indicator):
        day, item, count = recordings.within(history.span(window))
        sample = int(count.sum())
        if sample < indicator.least_sample:
            rows.append(too_few(indicator, window, sample))
            continue
        totals = np.bincount(item, count).astype(np.int64)
        value = 1 - expected_unique(totals, DEPTH) / DEPTH
        depth = min(DEPTH, sample - int(np.bincount(day, count).max()))
        limits = NONE
        if depth >= LEAST_DEPTH:
            unique = leave_out_each_day(day, item, count, partial(_heard, depth=depth))
            limits = jackknife(value, 1 - unique / depth, indicator)
        rows.append(shown(indicator, window, sample, value, limits))
    return rows


def _heard(played: Ints, plays: Floats, depth: int) -> Floats:
    return 1 - missed(played, plays, depth)


def missed(played: Ints, plays: Floats, depth: int) -> Floats:
    """Probability that `depth` of `plays` plays hold none of the `played` of one recording: C(N-K, n) / C(N, n)."""
    rest = plays[:, None] - played
    possible = rest >= depth
    rest = np.where(possible, rest, depth)
    log = gammaln(rest + 1) - gammaln(rest - depth + 1)
    log -= (gammaln(plays + 1) - gammaln(plays - depth + 1))[:, None]
    return np.where(possible, np.exp(log), 0.0)


def expected_unique(totals: Ints, depth: int) -> float:
    """Expected number of different recordings in `depth` plays drawn without replacement."""
    often = np.bincount(totals)
    chances = 1 - missed(np.arange(len(often)), np.array([float(totals.sum())]), depth)[0]
    return float(often @ chances)


def loops_and_repeats(history: History) -> list[Row]:
    """Longest run of one recording, and share of plays whose recording had ended within the 24 hours before."""
    plays = counted_plays(history)
    loop, repeats = INDICATORS["longest_loop"], INDICATORS["repeats_within_day_share"]
    per_day = np.bincount(plays.day, minlength=history.day_count).astype(float)
    soon = (plays.since_us >= 0) & (plays.since_us <= US_PER_DAY)
    repeated = np.bincount(plays.day[soon], minlength=history.day_count).astype(float)
    place = np.arange(len(plays.day))
    changes = np.concatenate([[True], np.diff(plays.recording) != 0])[: len(place)]
    run_start = np.maximum.accumulate(np.where(changes, place, 0)) if len(place) else place
    # A journey west can turn the local date back; the latest date so far keeps a window one stretch of time.
    reached = np.searchsorted(np.maximum.accumulate(plays.day), np.arange(history.day_count + 1))
    rows = []
    for window in history.windows(loop):
        span = history.span(window)
        sample = int(per_day[span].sum())
        if sample < loop.least_sample:
            rows += [too_few(indicator, window, sample) for indicator in (loop, repeats)]
            continue
        begin, stop = reached[span.start], reached[span.stop]
        longest = (place[begin:stop] - np.maximum(run_start[begin:stop], begin)).max(initial=0) + 1
        rows.append(shown(loop, window, sample, float(longest)))
        rows.append(ratio_row(repeats, window, sample, repeated[span], per_day[span], NO_PLAYS))
    return rows


def newness(history: History) -> list[Row]:
    """Discovery rate, share of discoveries that stick, and rediscovery rate.

    A discovery is the first counted play of a recording in the history; it sticks when the recording is played on two
    or more other local days of the 28 after it, and the share waits until every discovery had those days. A
    rediscovery is a play after 180 days or more of silence of its recording.
    """
    plays = counted_plays(history)

    def by_day(chosen: Bools) -> Floats:
        return np.bincount(plays.day[chosen], minlength=history.day_count).astype(float)

    first = plays.since_us < 0
    all_plays, found = by_day(plays.day >= 0), by_day(first)
    back = by_day(plays.since_us >= SILENT_DAYS * US_PER_DAY)
    stuck = _stuck(history, plays, first)
    archive = np.concatenate([[0.0], np.cumsum(history.covered_hours > 0)])
    rows = []
    for window in history.windows(INDICATORS["discovery_rate"]):
        span = history.span(window)
        days = float(archive[span.start])
        rows += _discoveries(history, window, days, (all_plays[span], found[span], stuck[span]))
        rows.append(_rediscovery(window, days, back[span], all_plays[span]))
    return rows


def _stuck(history: History, plays: CountedPlays, first: Bools) -> Floats:
    """On each day, the discoveries that later stuck."""
    size = int(plays.recording.max(initial=0)) + 1
    found_on = np.zeros(size, dtype=np.int64)
    found_on[plays.recording[first]] = plays.day[first]
    keys = np.unique(plays.day * size + plays.recording)
    day, recording = keys // size, keys % size
    later = day - found_on[recording]
    other_days = np.bincount(recording[(later > 0) & (later <= STICKY_DAYS)], minlength=size)
    sticks = first & (other_days[plays.recording] >= STICKY_OTHER_DAYS)
    return np.bincount(plays.day[sticks], minlength=history.day_count).astype(float)


def _discoveries(
    history: History, window: Window, archive_days: float, daily: tuple[Floats, Floats, Floats]
) -> list[Row]:
    discovery, sticky = INDICATORS["discovery_rate"], INDICATORS["sticky_discovery_share"]
    plays, found, stuck = daily
    least = 0.0 if history.full_archive[history.span(window).start] else discovery.least_sample
    if archive_days < least:
        return [withheld(indicator, window, archive_days, NEW_TO_ARCHIVE) for indicator in (discovery, sticky)]
    rows = [ratio_row(discovery, window, archive_days, found, plays, NO_PLAYS, least)]
    if window.last + STICKY_DAYS > history.as_of:
        return [*rows, withheld(sticky, window, archive_days, NOT_YET, least)]
    return [*rows, ratio_row(sticky, window, archive_days, stuck, found, NO_DISCOVERIES, least)]


def _rediscovery(window: Window, archive_days: float, back: Floats, plays: Floats) -> Row:
    indicator = INDICATORS["rediscovery_rate"]
    if archive_days < indicator.least_sample:
        return withheld(indicator, window, archive_days, SHORT_ARCHIVE)
    return ratio_row(indicator, window, archive_days, back, plays, NO_PLAYS)
