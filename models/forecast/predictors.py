"""What is known on a day of the days ahead of it: both baselines, and what the ridge regression reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .series import HORIZONS, LEAST_RECENT, MINUTE_MS, RECENT_DAYS, Bools, Floats, Ints, Series

YEAR = 365.25
WEEK, LONG, FAR = 7, 91, 364
FADING_DAYS = 5.0  # how soon a good or bad week is forgotten, in one of two predictors made of it


@dataclass(frozen=True)
class Known:
    """What is known before each day (origins 0 to n, n the day after the last) of the HORIZONS days after it.

    The origin itself is the running day, of which nothing is known. All but `unit` and `enough` are (origins x
    horizons). actual: what came (NaN where unknown). same_weekday, trailing_mean: the baselines. predictors: (… x
    number). unit: the size by which differences from the trailing mean are divided. enough: whether there is a mean.
    """

    actual: Floats
    same_weekday: Floats
    trailing_mean: Floats
    predictors: Floats
    unit: Floats
    enough: Bools


def known_before(series: Series) -> Known:
    """Everything that is known of a series before each of its days and after the last."""
    values = series.values
    origins, ahead = np.arange(len(values) + 1), np.arange(1, HORIZONS + 1)
    target = origins[:, None] + ahead[None, :]
    weekday = (target + series.first + 3) % 7
    mean, count = trailing(values, RECENT_DAYS)
    unit = np.ones(len(origins))
    if series.is_amount:
        unit = np.maximum(np.nan_to_num(trailing(values, LONG)[0]), MINUTE_MS)
    last = np.take_along_axis(_last_of_weekday(series), weekday, axis=1)
    same = np.where(np.isnan(last), mean[:, None], last)
    actual = np.full(target.shape, np.nan)
    actual[target < len(values)] = values[target[target < len(values)]]
    return Known(
        actual,
        same,
        np.broadcast_to(mean[:, None], target.shape),
        _predictors(series, weekday, target, same, mean, unit),
        unit,
        count >= LEAST_RECENT,
    )


def trailing(values: Floats, days: int) -> tuple[Floats, Ints]:
    """Mean of the known values of the `days` days before each origin (NaN where there is none), and their number."""
    is_known = ~np.isnan(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(is_known, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(is_known)])
    stop = np.arange(len(values) + 1)
    begin = np.maximum(stop - days, 0)
    number = counts[stop] - counts[begin]
    return np.where(number > 0, (sums[stop] - sums[begin]) / np.maximum(number, 1), np.nan), number


def _of_weekday(series: Series, weekday: int) -> Floats:
    days = np.arange(len(series.values))
    return np.where((days + series.first + 3) % 7 == weekday, series.values, np.nan)


def _last_of_weekday(series: Series) -> Floats:
    """(origins x 7): the newest known value of each weekday (0 Monday) within the four weeks before each origin."""
    days, origins = np.arange(len(series.values)), np.arange(len(series.values) + 1)
    found = np.full((len(origins), 7), np.nan)
    for weekday in range(7):
        values = _of_weekday(series, weekday)
        newest = np.concatenate([[-1], np.maximum.accumulate(np.where(np.isnan(values), -1, days))])
        is_recent = (newest >= 0) & (newest >= origins - RECENT_DAYS)
        found[is_recent, weekday] = values[newest[is_recent]]
    return found


def _predictors(series: Series, weekday: Ints, target: Ints, same: Floats, mean: Floats, unit: Floats) -> Floats:
    """Differences from the trailing mean in units, so that no effect at all gives the trailing mean back.

    The weekday; level of the last week (lasting, and fading), quarter and year; the weekday's own mean of four and
    eight weeks and last value; time of the year; and each behaviour's last week against its last quarter.
    """
    levels = {days: (trailing(series.values, days)[0] - mean) / unit for days in (WEEK, LONG, FAR)}
    fading = np.exp(-np.arange(1, HORIZONS + 1) / FADING_DAYS)[None, :]
    columns: list[NDArray[np.float64]] = [(weekday == day) - 1 / 7 for day in range(7)]
    columns += [level[:, None] for level in levels.values()] + [levels[WEEK][:, None] * fading]
    for weeks in (4, 8):
        usual = np.stack([trailing(_of_weekday(series, day), 7 * weeks)[0] for day in range(7)], axis=1)
        columns.append((np.take_along_axis(usual, weekday, axis=1) - mean[:, None]) / unit[:, None])
    columns.append((same - mean[:, None]) / unit[:, None])
    middle = np.arange(len(mean))[:, None] - RECENT_DAYS / 2
    for wave in (np.cos, np.sin):
        columns.append(
            wave(2 * np.pi * (target + series.first) / YEAR) - wave(2 * np.pi * (middle + series.first) / YEAR)
        )
    columns += [_change(behaviour)[:, None] for behaviour in series.behaviour]
    return np.stack([np.nan_to_num(np.broadcast_to(column, target.shape)) for column in columns], axis=-1)


def _change(behaviour: Floats) -> Floats:
    """Mean of the last week against that of the last quarter, in units of its size in that quarter."""
    long = trailing(behaviour, LONG)[0]
    size = np.where(np.abs(long) > 1e-9, np.abs(long), 1.0)
    return np.nan_to_num((trailing(behaviour, WEEK)[0] - long) / size)
