"""A seeded listener: years of plays with a truth to compare the lake's numbers with.

The same arguments always give the same `Simulation`; there is no clock and no global randomness. Work is done on arrays
of plays or sessions; the only Python loops run over weeks and over the two per cent of plays that are not music.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
from numpy.random import PCG64, Generator, SeedSequence

from emulator.catalogue import build_tracks, choose_tracks, spoken_names

HOME, HOLIDAY = "Europe/Berlin", "Asia/Tokyo"
COUNTRIES = {HOME: "DE", HOLIDAY: "JP"}
HOLIDAY_DAYS, SILENT_DAYS = 16, 7
SESSION_GAP_S = 20 * 60
SKIP_SHARE, EPISODE_SHARE, AUDIOBOOK_SHARE = 0.18, 0.015, 0.005
PLATFORMS = ("android", "ios", "windows", "web_player windows 10;chrome 139.0.0.0;desktop")

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


LAST_DAY = date(2026, 10, 31)  # of a simulation, unless another is asked for


@dataclass(frozen=True)
class Zone:
    """The listener's IANA time zone from an instant (UTC) on."""

    valid_from: datetime
    time_zone: str


@dataclass(frozen=True)
class Simulation:
    """A listener's catalogue (one row a track), true plays (sorted by `ended_at`, UTC) and time zones."""

    user_id: str
    seed: int
    tracks: pd.DataFrame
    plays: pd.DataFrame
    zones: tuple[Zone, ...]


@dataclass(frozen=True)
class _Calendar:
    """Local days of the simulation; `away` and `silent` are ranges of day numbers (start, stop)."""

    first: date
    days: int
    away: tuple[int, int] | None
    silent: tuple[int, int] | None

    def starts(self, day: int, hour: int = 0, zone: str = HOME) -> datetime:
        return datetime.combine(self.first + timedelta(days=day), time(hour), ZoneInfo(zone)).astimezone(UTC)


@dataclass(frozen=True)
class _Sessions:
    """One element a session, in order of start: day number, local hour (may pass 24), plays, start in UTC seconds."""

    day: Ints
    hour: Floats
    length: Ints
    start_s: Ints


def simulate(
    *,
    seed: int = 1,
    days: int = 730,
    end: date = LAST_DAY,
    plays_per_day: float = 55.0,
    user_id: str = "demo",
    track_count: int | None = None,
    catalogue_seed: int | None = None,
    taste_seed: int | None = None,
) -> Simulation:
    """Invent a listener whose last local day is `end`; about `days * plays_per_day` plays.

    catalogue_seed: listeners with the same one (and track_count) choose from the same music; taste_seed: those with the
    same one (and days) love the same artists in the same weeks. Without them both come from the seed.
    Raises ValueError if days or plays_per_day is not positive, or track_count is below the catalogue's minimum.
    """
    if days < 1 or plays_per_day <= 0:
        raise ValueError(f"nothing to simulate: days={days}, plays_per_day={plays_per_day}; both must be positive")
    expected = days * plays_per_day
    music = seed if catalogue_seed is None else catalogue_seed
    tracks = build_tracks(music, track_count or max(200, round(54.5 * expected**0.361)), end.year)
    rng = Generator(PCG64(SeedSequence([seed, 2])))
    calendar = _calendar(rng, end - timedelta(days=days - 1), days)
    sessions = _sessions(rng, calendar, plays_per_day)
    of = np.repeat(np.arange(len(sessions.day)), sessions.length)
    number = np.arange(len(of)) - np.repeat(np.cumsum(sessions.length) - sessions.length, sessions.length)
    group = _mood_choice(rng, calendar, sessions, of, number)
    taste = rng if taste_seed is None else Generator(PCG64(SeedSequence([taste_seed, 3])))
    track = choose_tracks(taste, tracks, calendar.first, sessions.day[of] // 7, group)
    repeats, restarts = _repeats(rng, of, number)
    track = track[np.maximum.accumulate(np.where(repeats, 0, np.arange(len(of))))] if len(of) else track
    zones = _zones(calendar)
    plays = _listen(rng, tracks, track, of, number, repeats, restarts, sessions.day[of] / days)
    _place_in_time(rng, plays, sessions, of, calendar, zones)
    return Simulation(user_id, seed, tracks, _finish(plays, calendar), zones)


def _calendar(rng: Generator, first: date, days: int) -> _Calendar:
    last = first + timedelta(days=days - 1)
    away = None
    for year in (last.year, last.year - 1):
        begin = (date(year, 8, 5 + int(rng.integers(0, 6))) - first).days
        if begin >= 1 and begin + HOLIDAY_DAYS < days:
            away = (begin, begin + HOLIDAY_DAYS)
            break
    silent = None
    if days >= 90:
        clear = [day for day in range(7, days - 14) if away is None or not away[0] - 10 <= day <= away[1] + 3]
        begin = clear[int(rng.integers(0, len(clear)))]
        silent = (begin, begin + SILENT_DAYS)
    return _Calendar(first, days, away, silent)


def _zones(calendar: _Calendar) -> tuple[Zone, ...]:
    """The zone changes at noon of the destination's clock; nothing is heard before noon on a day of travel."""
    zones = [Zone(calendar.starts(0), HOME)]
    if calendar.away:
        zones.append(Zone(calendar.starts(calendar.away[0], 12, HOLIDAY), HOLIDAY))
        zones.append(Zone(calendar.starts(calendar.away[1], 12), HOME))
    return tuple(zones)


def _season(calendar: _Calendar, day: Ints) -> Floats:
    """1 in mid January, -1 in mid July."""
    dates = np.datetime64(calendar.first, "D") + day
    day_of_year = (dates - dates.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64)
    return cast(Floats, np.cos(2 * np.pi * (day_of_year - 15) / 365.25))


def _sessions(rng: Generator, calendar: _Calendar, plays_per_day: float) -> _Sessions:
    day = np.arange(calendar.days)
    weekday = (calendar.first.weekday() + day) % 7
    away = np.zeros(len(day), bool)
    if calendar.away:
        away[slice(*calendar.away)] = True
    # Who listens more, listens longer at a time.
    typical = 11.0 * max(1.0, plays_per_day / 55.0) ** 0.75
    rate = plays_per_day / typical * (1.0 + 0.2 * _season(calendar, day)) * np.where(weekday >= 5, 1.12, 0.93)
    is_late = rng.random(len(day)) < np.where(np.isin(weekday, (4, 5)), 0.14, 0.05)
    at = np.repeat(day, rng.poisson(rate))
    usual = _start_hours(rng, (weekday >= 5)[at] | away[at], typical / 11.0)
    hour = np.concatenate([usual, rng.normal(25.0, 0.9, is_late.sum())])
    at = np.concatenate([at, day[is_late]])
    length = np.clip(rng.lognormal(np.log(typical) - 0.21, 0.65, len(at)), 2, 6 * typical).astype(np.int64) + 1
    keep = np.ones(len(at), bool)
    if calendar.away:
        keep &= ~(np.isin(at, calendar.away) & (hour < 12))
    if calendar.silent:
        keep &= (at < calendar.silent[0]) | (at >= calendar.silent[1])
    at, hour, length = at[keep], hour[keep], length[keep]
    start_s = _utc_seconds(calendar, at, hour, away[at])
    order = np.argsort(start_s, kind="stable")
    return _Sessions(at[order], hour[order], length[order], start_s[order])


def _start_hours(rng: Generator, is_free: Bools, load: float) -> Floats:
    """Local hours at which sessions begin: morning and evening humps, later on free days, more between under load."""
    rest = min(0.16 * load, 0.6)
    hump = rng.choice(3, len(is_free), p=[0.43 * (1 - rest), 0.57 * (1 - rest), rest])
    morning = rng.normal(np.where(is_free, 10.6, 7.4), np.where(is_free, 1.1, 0.6))
    evening = rng.normal(np.where(is_free, 20.0, 18.6), 1.5)
    between = rng.uniform(np.where(is_free, 12.0, 9.5), 17.5)
    return cast(Floats, np.clip(np.choose(hump, [morning, evening, between]), 5.0, 23.4))


def _utc_seconds(calendar: _Calendar, day: Ints, hour: Floats, is_away: Bools) -> Ints:
    local = pd.DatetimeIndex(np.datetime64(calendar.first, "s") + day * 86_400 + (hour * 3600).astype(np.int64))
    result = np.zeros(len(day), np.int64)
    for zone, rows in ((HOME, ~is_away), (HOLIDAY, is_away)):
        # An hour that comes twice is taken the first time on even seconds; one that does not exist moves forward.
        first_time = np.asarray(local[rows].second % 2 == 0)
        utc = local[rows].tz_localize(cast(Any, ZoneInfo(zone)), ambiguous=first_time, nonexistent="shift_forward")
        result[rows] = utc.as_unit("s").asi8
    return result


def _mood_choice(rng: Generator, calendar: _Calendar, sessions: _Sessions, of: Ints, number: Ints) -> Ints:
    """Number of the mood group of each play: brighter by day and in summer, calmer at night, alike within a session."""
    hour = sessions.hour[of] + number * 0.05
    bright = 0.1 + 0.9 * np.cos(2 * np.pi * (hour - 14.0) / 24.0) - 0.45 * _season(calendar, sessions.day)[of]
    energetic = 0.1 + 1.1 * np.cos(2 * np.pi * (hour - 15.0) / 24.0)
    leaning = rng.normal(0.0, 0.7, (2, len(sessions.day)))
    is_bright = rng.random(len(of)) < 1 / (1 + np.exp(-bright - leaning[0][of]))
    is_energetic = rng.random(len(of)) < 1 / (1 + np.exp(-energetic - leaning[1][of]))
    return cast(Ints, np.where(is_energetic, 0, 2) + np.where(is_bright, 0, 1))


def _repeats(rng: Generator, of: Ints, number: Ints) -> tuple[Bools, Bools]:
    """Which plays repeat the track before them (loops, restarts), and which are ended by a restart."""
    count = len(of)
    again = np.where(rng.random(count) < 0.012, rng.geometric(0.35, count), 0)
    restarts = (rng.random(count) < 0.004) & np.append(number[1:] > 0, False)
    repeats = np.zeros(count, bool)
    for back in range(1, 9):
        repeats[back:] |= again[:-back] >= back
    repeats[1:] |= restarts[:-1]
    return repeats & (number > 0), restarts


def _listen(
    rng: Generator, tracks: pd.DataFrame, track: Ints, of: Ints, number: Ints, repeats: Bools, restarts: Bools,
    age: Floats,
) -> dict[str, npt.NDArray[Any]]:  # fmt: skip
    """What was heard of each start, why it began and ended; `age` (0..1) is the part of the simulation gone by."""
    count, chance = len(of), rng.random(len(of))
    is_audiobook = (chance < AUDIOBOOK_SHARE / 0.85) & (age > 0.15)
    is_episode = (chance > 1 - EPISODE_SHARE) & ~is_audiobook
    is_music = ~(is_audiobook | is_episode)
    is_last = np.append(number[1:] == 0, True) if count else np.zeros(0, bool)
    full = np.where(is_music, tracks["duration_ms"].to_numpy()[track], rng.integers(240_000, 1_080_000, count))
    dislike = rng.beta(3.0, 13.0, len(tracks))[track] * rng.gamma(5.0, 0.2, of.max(initial=0) + 1)[of]
    can_skip = is_music & ~repeats & ~restarts & ~is_last
    skipped = can_skip & (rng.random(count) < dislike * SKIP_SHARE / 0.1875 / 0.875)
    final = rng.choice(np.array(["endplay", "trackdone", "logout", "unexpected-exit-while-paused"], object), count,
                       p=[0.45, 0.35, 0.1, 0.1])  # fmt: skip
    fails = (rng.random(count) < 0.001) & is_music & ~is_last & ~skipped & ~restarts
    conditions = [skipped, restarts, fails, is_last]
    reason_end = np.select(conditions, ["fwdbtn", "backbtn", "trackerror", final], "trackdone").astype(object)
    early = np.minimum(1_200 + rng.exponential(10_000.0, count), 0.6 * full)
    part = rng.uniform(0.1, 0.9, count) * full
    cut_off = is_last & (final != "trackdone")
    heard = np.select(
        [skipped & (rng.random(count) < 0.88), restarts, fails, skipped | cut_off], [early, early, 0.0, part], full
    )
    opening = np.array(["clickrow", "clickrow", "playbtn", "appload", "remote"], object)[rng.integers(0, 5, count)]
    return {
        "kind": np.select([is_audiobook, is_episode], ["audiobook", "episode"], "track").astype(object),
        "ms_played": heard.astype(np.int64),
        "reason_start": np.where(number == 0, opening, np.roll(reason_end, 1)),
        "reason_end": reason_end,
        "skipped": skipped,
        "track_id": np.where(is_music, tracks["track_id"].to_numpy(object)[track], None),
    }


def _place_in_time(
    rng: Generator, plays: dict[str, npt.NDArray[Any]], sessions: _Sessions, of: Ints, calendar: _Calendar,
    zones: tuple[Zone, ...],
) -> None:  # fmt: skip
    """Add ended_at (UTC seconds) and what a session's plays share: device, country, shuffle, upload time.

    Sessions that would meet are moved apart to more than 20 minutes of silence: the latest start that any earlier
    session forces on a later one is a running maximum, once the seconds needed between both are taken off.
    """
    count, total = len(of), len(sessions.day)
    pause = np.select([rng.random(count) < 0.015, rng.random(count) < 0.08],
                      [rng.integers(60, 600, count), rng.integers(1, 20, count)], 0)  # fmt: skip
    step = np.maximum(1, -(-plays["ms_played"] // 1000)) + pause
    elapsed = np.cumsum(step)
    stop = np.cumsum(sessions.length)
    before = (elapsed - step)[stop - sessions.length]
    lasts = elapsed[stop - 1] - before
    need = lasts + SESSION_GAP_S + 1 + rng.exponential(300, total).astype(np.int64)
    taken = np.cumsum(need) - need
    start_s = np.maximum.accumulate(sessions.start_s - taken) + taken
    plays["ended_at"] = start_s[of] + elapsed - before[of]
    changes = np.array([zone.valid_from.timestamp() for zone in zones]).astype(np.int64)
    zone_of = np.maximum(np.searchsorted(changes, plays["ended_at"], side="right") - 1, 0)
    plays["conn_country"] = np.array([COUNTRIES[zone.time_zone] for zone in zones], object)[zone_of]
    offline = rng.random(total) < np.where(sessions.length > 2, 0.02, 0.0)
    device = np.where(offline, 0, rng.choice(4, total, p=[0.58, 0.1, 0.2, 0.12]))
    plays["platform"] = np.array(PLATFORMS, object)[device][of]
    plays["shuffle"] = (rng.random(total) < 0.55)[of]
    plays["incognito_mode"] = (rng.random(total) < 0.01)[of]
    plays["offline"] = offline[of]
    uploaded = (start_s + lasts + rng.integers(1_800, 36_000, total))[of]
    is_late = (offline & (rng.random(total) < 0.5))[of] & (uploaded < calendar.starts(calendar.days).timestamp())
    plays["exported_at"] = np.where(is_late, uploaded, plays["ended_at"])
    started = plays["ended_at"] - (-(-plays["ms_played"] // 1000))
    plays["offline_timestamp"] = np.where(plays["offline"] | (rng.random(count) < 0.6), started, -1)


def _finish(columns: dict[str, npt.NDArray[Any]], calendar: _Calendar) -> pd.DataFrame:
    """The plays table: outside silent weeks and inside the simulated days, with the names of what is not music."""
    inside = columns["ended_at"] < calendar.starts(calendar.days).timestamp()
    if calendar.silent:
        begin, stop = (calendar.starts(day).timestamp() for day in calendar.silent)
        inside &= (columns["ended_at"] < begin) | (columns["ended_at"] - columns["ms_played"] / 1000 >= stop)
    plays = pd.DataFrame({name: values[inside] for name, values in columns.items()})
    for name in ("ended_at", "exported_at"):
        plays[name] = pd.to_datetime(plays[name], unit="s", utc=True)
    stamps = plays["offline_timestamp"].astype("Int64")
    plays["offline_timestamp"] = stamps.mask(stamps < 0)
    order = ["ended_at", "ms_played", "track_id", "kind", "reason_start", "reason_end", "shuffle", "skipped", "offline",
             "offline_timestamp", "platform", "conn_country", "incognito_mode", "exported_at"]  # fmt: skip
    return pd.concat([plays[order], spoken_names(plays["kind"].to_numpy(object))], axis="columns")
