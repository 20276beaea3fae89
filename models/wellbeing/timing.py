"""When music is listened to: at night, at weekends, how alike the days are, and the habit of sessions.

About listening habits, never a diagnosis: a silence is no proof of sleep.
"""

import numpy as np

from .bootstrap import day_weights, interval, ratio_row
from .history import US_PER_DAY, US_PER_HOUR, Floats, History, Ints
from .rows import INDICATORS, Indicator, Row, Window, shown, too_few, withheld
from .sessions import Sessions

NO_LISTENING = "No listening in this window."
FEWER_THAN_SEVEN_DAYS = "Fewer than seven days of this window were observed."
# Ranks of the order statistics that hold the median with at least 95 %, by number of weeks (sign test).
MEDIAN_RANKS = {6: 0, 7: 0, 8: 0, 9: 1, 10: 1, 11: 1, 12: 2}


def late_night_share(history: History) -> list[Row]:
    """Listened time of plays that ended from 00:00 to 05:00 local, by all listened time."""
    starts, indicator = history.starts, INDICATORS["late_night_share"]
    night = history.daily(starts.counted & (starts.hour < 5), starts.listened_ms)
    listened = history.daily(starts.counted, starts.listened_ms)
    rows = []
    for window in history.windows(indicator):
        span = history.span(window)
        sample = int(history.covered[span].sum())
        if sample < indicator.least_sample:
            rows.append(too_few(indicator, window, sample))
        else:
            rows.append(ratio_row(indicator, window, sample, night[span], listened[span], NO_LISTENING))
    return rows


def weekend_shift(history: History) -> list[Row]:
    """Middle of the longest silence on free nights (before Saturday and Sunday) minus work nights, median over weeks.

    After social jetlag (Wittmann 2006, doi 10.1080/07420520500545979), from silence in place of sleep. Weeks are the
    window's blocks of seven days; a week counts with a free and a work night, each kind averaged within the week.
    The interval is the sign test's.
    """
    indicator = INDICATORS["weekend_shift_hours"]
    middle = night_middles(history)
    weeks_in_window = indicator.window_days // 7
    missing = np.full(indicator.window_days, np.nan)
    padded = np.concatenate([missing, middle])
    rows = []
    for window in history.windows(indicator):
        begin = window.first - history.first_day + len(missing)
        nights = padded[begin : begin + indicator.window_days].reshape(weeks_in_window, 7)
        free = np.isin((np.arange(window.first, window.first + 7) + 3) % 7, (5, 6))
        shifts = _row_means(nights[:, free]) - _row_means(nights[:, ~free])
        shifts = np.sort(shifts[np.isfinite(shifts)])
        if len(shifts) < indicator.least_sample:
            rows.append(too_few(indicator, window, len(shifts)))
        else:
            rank = MEDIAN_RANKS[len(shifts)]
            limits = (shifts[rank], shifts[-1 - rank])
            rows.append(shown(indicator, window, len(shifts), float(np.median(shifts)), limits))
    return rows


def _row_means(values: Floats) -> Floats:
    known = np.isfinite(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    means: Floats = np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)
    return means


def night_middles(history: History) -> Floats:
    """For each day, the local hour (0 = its midnight) of the middle of the longest silence begun the night before it.

    The silence begins between 20:00 of the day before and 04:00; all starts break a silence. Left out (NaN): nights
    of which an hour on either day was not observed, and silences of a day or more, which are absence rather than a
    night. The middle is told by the clock in force when listening begins again.
    """
    starts = history.starts
    middle = np.full(history.day_count, np.nan)
    if len(starts.day) < 2:
        return middle
    resumed = len(starts.day) - 1 - _last_argmin(starts.start_us[::-1])[::-1][1:]
    begin, end = starts.end_us[:-1], starts.start_us[resumed]
    local = begin + starts.offset_us[:-1]
    clock = local % US_PER_DAY
    night = local // US_PER_DAY + (clock >= 20 * US_PER_HOUR) - history.first_day
    seen = history.wholly_covered
    both_seen = seen & np.concatenate([[False], seen[:-1]])
    within = (clock >= 20 * US_PER_HOUR) | (clock < 4 * US_PER_HOUR)
    length = end - begin
    within &= (length > 0) & (length < US_PER_DAY) & (night >= 0) & (night < history.day_count)
    within[within] &= both_seen[night[within]]
    hour = (begin + length // 2 + starts.offset_us[resumed] - (night + history.first_day) * US_PER_DAY) / US_PER_HOUR
    chosen = np.flatnonzero(within)
    chosen = chosen[np.lexsort((chosen[::-1], length[chosen], night[chosen]))]
    middle[night[chosen]] = hour[chosen]
    return middle


def _last_argmin(values: Ints) -> Ints:
    """Position of the running minimum up to each place."""
    lowest = np.minimum.accumulate(values)
    fresh = np.concatenate([[True], values[1:] <= lowest[:-1]])
    return np.maximum.accumulate(np.where(fresh, np.arange(len(values)), 0))


def rhythm_regularity(history: History) -> list[Row]:
    """Interdaily stability of listened time by local hour: 0 when no hour differs from another, 1 when all days agree.

    Sum over hours of n_h (mean of hour - mean)^2 by sum of (x - mean)^2, Van Someren 1999
    (doi 10.3109/07420529908998724). Only days of 24 hours that were wholly observed count, so every hour has the
    same n_h; the two days a year that change the clock are left out.
    """
    starts, indicator = history.starts, INDICATORS["rhythm_regularity"]
    cell = starts.day[starts.counted] * 24 + starts.hour[starts.counted]
    minutes = np.bincount(cell, starts.listened_ms[starts.counted] / 60_000, history.day_count * 24)
    by_hour = minutes.reshape(history.day_count, 24)
    usable = history.wholly_covered & (history.day_hours == 24)
    spans = [(window, history.span(window)) for window in history.windows(indicator)]
    return [_stability(indicator, window, by_hour[span][usable[span]]) for window, span in spans]


def _stability(indicator: Indicator, window: Window, hours: Floats) -> Row:
    days = len(hours)
    if days < indicator.least_sample:
        return too_few(indicator, window, days)
    if not hours.any() or np.ptp(hours) == 0:
        return withheld(indicator, window, days, "Every observed hour has the same listened time.")
    weights = np.vstack([np.ones(days), day_weights(indicator.name, window, days)])
    means = weights @ hours / days
    squares = weights @ (hours**2).sum(axis=1)
    mean = means.mean(axis=1)
    between = days * ((means - mean[:, None]) ** 2).sum(axis=1)
    whole = squares - 24 * days * mean**2
    stability = np.divide(between, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    value = float(stability[0])
    return shown(indicator, window, days, value, interval(value, stability[1:], days, indicator.bounds))


def session_habit(history: History, sessions: Sessions) -> list[Row]:
    """Sessions a week of observed time, median length, and circular standard deviation of the start hour."""
    seen = np.divide(
        history.covered_hours, history.day_hours, out=np.zeros(history.day_count), where=history.day_hours > 0
    )
    per_day = np.bincount(sessions.day, minlength=history.day_count).astype(float)
    bounds = np.concatenate([[0], np.cumsum(per_day)]).astype(int)
    names = ("sessions_per_week", "session_length_minutes", "session_start_spread_hours")
    rate, length, spread = (INDICATORS[name] for name in names)
    rows = []
    for window in history.windows(rate):
        span = history.span(window)
        among = slice(bounds[span.start], bounds[span.stop])
        sample = among.stop - among.start
        if sample < rate.least_sample:
            rows += [too_few(indicator, window, sample) for indicator in (rate, length, spread)]
            continue
        if seen[span].sum() < 7:
            rows.append(withheld(rate, window, sample, FEWER_THAN_SEVEN_DAYS))
        else:
            rows.append(ratio_row(rate, window, sample, 7 * per_day[span], seen[span], FEWER_THAN_SEVEN_DAYS))
        day = np.unique(sessions.day[among], return_inverse=True)[1]
        rows.append(_median_length(length, window, day, sessions.minutes[among]))
        rows.append(_start_spread(spread, window, day, sessions.start_hour[among]))
    return rows


def _median_length(indicator: Indicator, window: Window, day: Ints, minutes: Floats) -> Row:
    days, order = int(day.max()) + 1, np.argsort(minutes, kind="stable")
    drawn = np.cumsum(day_weights(indicator.name, window, days)[:, day[order]], axis=1)
    middle = (drawn < drawn[:, -1:] / 2).sum(axis=1)
    value = float(np.median(minutes))
    limits = interval(value, minutes[order][middle], days, indicator.bounds)
    return shown(indicator, window, len(day), value, limits)


def _start_spread(indicator: Indicator, window: Window, day: Ints, hour: Floats) -> Row:
    days, angle = int(day.max()) + 1, hour * (2 * np.pi / 24)
    sums = np.column_stack([np.bincount(day, part) for part in (np.cos(angle), np.sin(angle), np.ones(len(day)))])
    drawn = np.vstack([np.ones(days), day_weights(indicator.name, window, days)]) @ sums
    together = np.clip(np.hypot(drawn[:, 0], drawn[:, 1]) / drawn[:, 2], 1e-12, 1.0)
    spread = np.sqrt(-2 * np.log(together)) * 24 / (2 * np.pi)
    limits = interval(float(spread[0]), spread[1:], days, indicator.bounds)
    return shown(indicator, window, len(day), float(spread[0]), limits)
