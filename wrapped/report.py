"""The data of a Wrapped: everything that the page and the cards tell, and nothing that a clock decides."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from config.errors import InputError
from wrapped.periods import DAY, Period
from wrapped.queries import TOP, Questions
from wrapped.tables import Row, history_of

if TYPE_CHECKING:
    import duckdb

Data = dict[str, Any]

FORMAT = 1  # of the data; a reader of the archive can tell older ones apart
LEAST_MEASURED_SHARE = 0.6  # of the listening time, before anything is said of moods (docs/analytics.md)
ARCHIVE_DAYS = 365  # of history, before something new to it is called new to the listener
WAVES_OF_DAYS, WAVES_OF_WEEKS = 14, 62  # the longest period whose days by the clock are told by day, and by week
NEW_TO_LISTENER, NEW_TO_ARCHIVE = "first play ever", "new to this archive"


def make_data(reader: duckdb.DuckDBPyConnection, user_id: str, period: Period) -> Data:
    """What a listener's period was. Raises InputError where nothing is known of it."""
    history = history_of(reader, user_id)
    if history["first"] is None:
        raise InputError(f"Nothing is known of a listener {user_id}.", "`lakesong listeners` lists those there are.")
    if period.last < history["first"] or period.first > history["last"]:
        raise InputError(
            f"Nothing is known of {user_id} in {period.title}.",
            f"The history runs from {history['first']} to {history['last']}.",
        )
    before = period.before(history["last"])
    questions = Questions(reader, user_id, period, before)
    totals = questions.totals(now=True)
    genres = questions.genres()
    hours = questions.day_hours()
    days = questions.days()
    return {
        "format": FORMAT,
        "user_id": user_id,
        "is_simulated": history["is_simulated"],
        "period": {"kind": period.kind, "from": period.first, "to": period.last},
        "known": {
            "from": max(period.first, history["first"]),
            "to": min(period.last, history["last"]),
            **_coverage(questions.coverage),
        },
        "totals": {**totals, "genre_count": len(genres)},
        "excluded": questions.excluded(),
        "before": _before(questions, before),
        "artists": questions.top("artist_key", ("artist_name",)),
        "tracks": questions.top("recording_id", ("track_name", "artist_name")),
        "albums": questions.top("album_key", ("album_name", "artist_name")),
        "genres": _genres(genres, totals["listened_ms"]),
        "clock": _by_hour(hours),
        "waves": _waves(period, hours, history),
        "weekdays": _by_weekday(days),
        "steps": _steps(period, days, questions.coverage),
        "streak": _streak(days),
        "biggest_day": _biggest_day(questions, days),
        "discovery": _discovery(questions),
        "moods": _moods(questions, totals["listened_ms"]),
        "profile": _profile(questions),
    }


def canonical(data: Data) -> str:
    """The data as one text: equal data, equal bytes."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_iso)


def _iso(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in the data of a Wrapped")


def _coverage(days: list[Row]) -> Data:
    """How much of the period was observed: totals of the rest read `at least`."""
    hours, covered = sum(row["hours"] for row in days), sum(row["covered_hours"] for row in days)
    gaps = sum(row["gap_hours"] for row in days)
    return {
        "hour_count": hours,
        "gap_hour_count": gaps,
        "unknown_hour_count": hours - covered - gaps,
        "coverage": round(covered / hours, 6) if hours else None,
        "is_at_least": covered < hours or not hours,
    }


def _before(questions: Questions, before: Period) -> Data | None:
    """The totals of the period before, and how much of it was observed; None where nothing is known of it."""
    covered = questions.covered_hours(before.first, before.last)
    if not covered:
        return None
    coverage = min(1.0, round(covered / (24 * before.days), 6))
    return {"from": before.first, "to": before.last, "coverage": coverage, **questions.totals(now=False)}


def _genres(genres: list[Row], listened_ms: int) -> Data:
    known_ms = min(sum(row["listened_ms"] for row in genres), listened_ms)
    share = round(1 - known_ms / listened_ms, 4) if listened_ms else None
    return {"top": genres[:TOP], "unknown_share": share}


def _by_hour(hours: list[Row]) -> list[int]:
    """Listening time of each hour of the local day, 24 of them."""
    clock = [0] * 24
    for row in hours:
        clock[row["hour_of_day"]] += row["listened_ms"]
    return clock


def _by_weekday(days: list[Row]) -> list[int]:
    """Listening time of each day of the week, from Monday."""
    week = [0] * 7
    for row in days:
        week[row["played_date"].weekday()] += row["listened_ms"]
    return week


def _waves(period: Period, hours: list[Row], history: Row) -> Data:
    """Listening time by hour of the day of each day, week, month or year that is known, one after the other."""
    of_step: dict[date, list[int]] = {}
    longer = "week" if period.days <= WAVES_OF_WEEKS else period.step
    step = "day" if period.days <= WAVES_OF_DAYS else longer
    for at in range(period.days):
        day = period.first + timedelta(days=at)
        if history["first"] <= day <= history["last"]:
            of_step.setdefault(_wave_of(day, step, period.first), [0] * 24)
    for row in hours:
        of_step[_wave_of(row["played_date"], step, period.first)][row["hour_of_day"]] += row["listened_ms"]
    return {"step": step, "waves": [{"from": first, "hours": clock} for first, clock in sorted(of_step.items())]}


def _wave_of(day: date, step: str, first: date) -> date:
    """First day of the wave that a day belongs to; weeks are counted from the period's first day."""
    if step == "week":
        return day - timedelta(days=(day - first).days % 7)
    return max({"day": day, "month": day.replace(day=1), "year": date(day.year, 1, 1)}[step], first)


def _steps(period: Period, days: list[Row], coverage: list[Row]) -> list[Data]:
    """The period's days, months or years in order: listening time, plays, and hours that are not known."""
    of_day = {row["played_date"]: row for row in days}
    unseen = {row["played_date"]: row["hours"] - row["covered_hours"] for row in coverage}
    steps = []
    for step in period.steps():
        inside = [step.first + at * DAY for at in range(step.days)]
        heard = [of_day[day] for day in inside if day in of_day]
        steps.append(
            {
                "from": step.first,
                "to": step.last,
                "listened_ms": sum(row["listened_ms"] for row in heard),
                "play_count": sum(row["play_count"] for row in heard),
                "unseen_hour_count": sum(unseen.get(day, 0) for day in inside),
                "is_known": any(day in unseen for day in inside),
            }
        )
    return steps


def _streak(days: list[Row]) -> Data | None:
    """The most local days in a row with a counted play, within the period; the first of equals."""
    best: Data | None = None
    run: Data | None = None
    for day in (row["played_date"] for row in days if row["play_count"]):
        follows = run is not None and day - run["to"] == DAY
        run = {**run, "to": day, "day_count": run["day_count"] + 1} if run and follows else _first_of_run(day)
        if best is None or run["day_count"] > best["day_count"]:
            best = run
    return best


def _first_of_run(day: date) -> Data:
    return {"from": day, "to": day, "day_count": 1}


def _biggest_day(questions: Questions, days: list[Row]) -> Data | None:
    """The local day of the most counted plays, the first of equals, and who was played most on it."""
    played = [row for row in days if row["play_count"]]
    if not played:
        return None
    best = max(played, key=lambda row: (row["play_count"], -row["played_date"].toordinal()))
    return {**best, "top_artist_name": questions.top_artist_of(best["played_date"])}


def _discovery(questions: Questions) -> Data:
    """What was heard for the first time, and of that what was heard most."""
    is_full = bool(questions.coverage) and questions.coverage[0]["is_full_archive"]
    is_old_enough = is_full or questions.covered_days_before() >= ARCHIVE_DAYS
    keys = {"recording": "recording_id", "artist": "artist_key", "album": "album_key"}
    return {
        **{f"new_{name}_count": questions.new_count(key) for name, key in keys.items()},
        "top_new_artist": questions.top_new("artist_key", ("artist_name",)),
        "top_new_track": questions.top_new("recording_id", ("track_name", "artist_name")),
        "newness": NEW_TO_LISTENER if is_old_enough else NEW_TO_ARCHIVE,
    }


def _moods(questions: Questions, listened_ms: int) -> Data:
    """Mood clusters of the basis `measured`: parts of the time that belongs to one, or the reason why none are told."""
    times = questions.mood_times()
    centres = {row["cluster_id"]: row for row in questions.mood_centres()}
    measured_ms = sum(row["measured_ms"] for row in times)
    share = measured_ms / listened_ms if listened_ms else 0.0
    told = [row for row in times if row["cluster_id"]]
    told_ms = sum(row["listened_ms"] for row in told)
    reason = None
    if not listened_ms:
        reason = "nothing was listened to"
    elif share < LEAST_MEASURED_SHARE:
        reason = (
            f"only {int(100 * share)} % of the listening time has measured audio features; "
            f"{int(100 * LEAST_MEASURED_SHARE)} % is needed"
        )
    elif not told_ms:
        reason = next(iter(_reasons(centres.values())), "the music does not fall into groups")
    clusters = [
        {
            "cluster_id": row["cluster_id"],
            "name": row["cluster_name"],
            "listened_ms": row["listened_ms"],
            "share": round(row["listened_ms"] / told_ms, 4),
            **{name: centres.get(row["cluster_id"], {}).get(name) for name in ("valence", "energy")},
        }
        for row in sorted(told, key=lambda row: (-row["listened_ms"], row["cluster_id"]))
    ]
    measured_share = round(share, 4)
    return {"clusters": [] if reason else clusters, "measured_share": measured_share, "reason": reason}


def _profile(questions: Questions) -> Data:
    """Shares of the five music profiles, or the reason why none are told."""
    rows = questions.profiles()
    told = [{name: row[name] for name in ("name", "share", "drivers")} for row in rows if row["share"] is not None]
    if told:
        return {"profiles": told, "reason": None}
    missing = "profiles are told of calendar years and months"
    return {"profiles": [], "reason": next(iter(_reasons(rows)), missing)}


def _reasons(rows: Iterable[Row]) -> list[str]:
    return sorted({row["reason"] for row in rows if row["reason"]})
