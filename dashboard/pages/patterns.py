"""Patterns: when music is listened to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from dashboard.habits import calendar_days, listened_on, sessions_by_length, skips
from dashboard.items import coverage_notice
from dashboard.parts import Chart, Column, Notice, Part, Tile, Tiles
from dashboard.ranges import DAY, Range
from dashboard.view import View, page
from dashboard.words import shown
from serving.store import Row

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SEASONS = ("spring", "summer", "autumn", "winter")
PARTS_OF_DAY = {"night": (0, 5), "morning": (5, 12), "afternoon": (12, 17), "evening": (17, 22), "late": (22, 24)}
TIME = Column("listened_ms", "Time", "hours")


@page("/patterns", "Patterns", group="Listening", place=2)
def patterns(view: View) -> Iterator[Part]:
    """When you listen: hours, weekdays, days and seasons, in your own local time."""
    week = week_of(view, view.range)
    if not week:
        yield Notice("nothing", text="Nothing was heard in this range.", step="Choose a longer one above.")
        return
    earlier = week_of(view, view.compare) if view.compare else []
    days = days_of(view, view.range)
    yield from coverage_notice(view)
    yield _day_types(view, week, earlier)
    yield _week(week)
    yield _by_hour(view, week, earlier) if earlier else _clock(week)
    yield _weekdays(view, week, earlier)
    yield _parts_of_day(view, week, earlier)
    yield _seasons(days)
    yield _calendar(days)
    yield sessions_by_length(view)
    yield listened_on(view)
    yield skips(view)
    yield calendar_days(view)


def week_of(view: View, days: Range) -> list[Row]:
    """Time by weekday (1 Monday) and hour of the day."""
    return view.rows(
        "SELECT day_of_week, hour_of_day, sum(listened_ms)::BIGINT AS listened_ms FROM kept_plays "
        "WHERE played_date BETWEEN $first AND $last GROUP BY ALL",
        first=days.first, last=days.last,
    )  # fmt: skip


def days_of(view: View, days: Range) -> list[Row]:
    """Time by local day with music, and its season."""
    return view.rows(
        "SELECT played_date, season, sum(listened_ms)::BIGINT AS listened_ms FROM kept_plays "
        "WHERE played_date BETWEEN $first AND $last GROUP BY ALL ORDER BY played_date",
        first=days.first, last=days.last,
    )  # fmt: skip


def day_counts(view: View, days: Range) -> list[int]:
    """How many of each weekday, Monday first, the range has within the history, the day of the build left out."""
    first, last = max(days.first, view.first_day), min(days.last, view.store.as_of - DAY)
    count = (last - first).days + 1
    return [len(range((place - first.weekday()) % 7, count, 7)) if count > 0 else 0 for place in range(7)]


def _sums(week: Sequence[Row], column: str, size: int, start: int) -> list[int]:
    sums = [0] * size
    for row in week:
        sums[row[column] - start] += row["listened_ms"]
    return sums


def _day_types(view: View, week: list[Row], earlier: list[Row]) -> Tiles:
    """Time of a weekday and of a day of the weekend, and the share of the night."""
    tiles = []
    for label, places in (("A weekday", range(5)), ("A day of the weekend", range(5, 7))):
        now = _a_day(view, week, view.range, places)
        before = _a_day(view, earlier, view.compare, places) if view.compare else None
        tiles.append(Tile(label, shown(now, "hours"), _beside(view, shown(before, "hours"))))
    total, night = sum(row["listened_ms"] for row in week), sum(_sums(week, "hour_of_day", 24, 0)[:5])
    before_total = sum(row["listened_ms"] for row in earlier)
    was = sum(_sums(earlier, "hour_of_day", 24, 0)[:5]) / before_total if before_total else None
    tiles.append(Tile("At night, 0 to 5", shown(night / total if total else None, "share"),
                      _beside(view, shown(was, "share")) or "of the time"))  # fmt: skip
    return Tiles("day-types", tiles=tiles, note="A day's mean over all days of the range, those without music too.")


def _a_day(view: View, week: Sequence[Row], days: Range | None, places: range) -> float | None:
    if days is None:
        return None
    count = sum(day_counts(view, days)[place] for place in places)
    heard = sum(_sums(week, "day_of_week", 7, 1)[place] for place in places)
    return heard / count if count else None


def _beside(view: View, value: str) -> str:
    return f"{view.compare.label}: {value}" if view.compare else ""


def _week(week: list[Row]) -> Chart:
    known = {(row["day_of_week"], row["hour_of_day"]): row["listened_ms"] for row in week}
    rows = [
        {"day": name, "hour": f"{hour:02d}", "listened_ms": known.get((day, hour), 0)}
        for day, name in enumerate(WEEKDAYS, start=1)
        for hour in range(24)
    ]
    (day, hour), _ = max(known.items(), key=lambda item: item[1])
    return Chart(
        "week", "Hour by weekday", kind="heatmap", x="hour", y=("day", "listened_ms"), rows=rows,
        columns=(Column("day", "Weekday"), Column("hour", "Hour"), TIME),
        summary=f"Most listening falls on {WEEKDAYS[day - 1]}s between {hour}:00 and {(hour + 1) % 24}:00.",
    )  # fmt: skip


def _clock(week: list[Row]) -> Chart:
    sums = _sums(week, "hour_of_day", 24, 0)
    rows = [{"hour": hour, "listened_ms": ms} for hour, ms in enumerate(sums)]
    best = sums.index(max(sums))
    return Chart(
        "clock", "Around the clock", kind="clock", x="hour", y=("listened_ms",), rows=rows, width="half", height=400,
        columns=(Column("hour", "Hour", "hour"), TIME),
        summary=f"The hour from {best}:00 is the one with most music.",
    )  # fmt: skip


def _by_hour(view: View, week: list[Row], earlier: list[Row]) -> Chart:
    """Shares of the hours in two ranges, which may be of unequal length."""
    now, before = _sums(week, "hour_of_day", 24, 0), _sums(earlier, "hour_of_day", 24, 0)
    rows = [{"hour": hour, "share": now[hour] / sum(now), "before": before[hour] / sum(before)} for hour in range(24)]
    return Chart(
        "clock", "Around the clock", kind="line", x="hour", y=("share", "before"), rows=rows, width="half", height=400,
        columns=(Column("hour", "Hour", "hour"), *_two(view)), note="Shares of each range's time.",
    )  # fmt: skip


def _two(view: View) -> tuple[Column, ...]:
    earlier = (Column("before", view.compare.label, "share"),) if view.compare else ()
    return (Column("share", view.range.label, "share"), *earlier)


def _shares(view: View, name: str, title: str, labels: Sequence[str], now: list[int], before: list[int]) -> Chart:
    """Shares of the time by a few buckets, beside those of the other range."""
    rows = [
        {"bucket": label, "share": now[place] / sum(now) if sum(now) else None, "listened_ms": now[place],
         "before": before[place] / sum(before) if sum(before) else None}
        for place, label in enumerate(labels)
    ]  # fmt: skip
    best = labels[now.index(max(now))]
    return Chart(
        name, title, kind="bar", x="bucket", y=("share", "before") if view.compare else ("share",), rows=rows,
        width="half", columns=(Column("bucket", ""), *_two(view), TIME), summary=f"Most: {best}.",
    )  # fmt: skip


def _weekdays(view: View, week: list[Row], earlier: list[Row]) -> Chart:
    now, before = _sums(week, "day_of_week", 7, 1), _sums(earlier, "day_of_week", 7, 1)
    return _shares(view, "weekdays", "By weekday", [name[:3] for name in WEEKDAYS], now, before)


def _parts_of_day(view: View, week: list[Row], earlier: list[Row]) -> Chart:
    now, before = (
        [sum(hours[first:last]) for first, last in PARTS_OF_DAY.values()]
        for hours in (_sums(week, "hour_of_day", 24, 0), _sums(earlier, "hour_of_day", 24, 0))
    )
    labels = [f"{name} {first}–{last}" for name, (first, last) in PARTS_OF_DAY.items()]
    return _shares(view, "parts", "By part of the day", labels, now, before)


def _seasons(days: list[Row]) -> Chart:
    """Time a day: ranges hold unequal parts of the seasons."""
    found: dict[str, list[int]] = {}
    for row in days:
        found.setdefault(row["season"], []).append(row["listened_ms"])
    rows = [
        {"season": season, "daily_ms": sum(found[season]) / len(found[season]), "day_count": len(found[season]),
         "listened_ms": sum(found[season])}
        for season in SEASONS if season in found
    ]  # fmt: skip
    return Chart(
        "seasons", "Time on a day with music, by season", kind="bar", x="season", y=("daily_ms",), width="half",
        rows=rows, columns=(
            Column("season", "Season"), Column("daily_ms", "Time a day", "hours"),
            Column("day_count", "Days with music", "count"), TIME,
        ),
    )  # fmt: skip


def _calendar(days: list[Row]) -> Chart:
    best: Row = max(days, key=lambda row: row["listened_ms"], default={"played_date": date.min, "listened_ms": 0})
    return Chart(
        "calendar", "Day by day", kind="calendar", x="played_date", y=("listened_ms",), rows=days,
        columns=(Column("played_date", "Day", "date"), TIME), note="Darker: more time. Days without music stay empty.",
        summary=f"Most on {shown(best['played_date'], 'date')}: {shown(best['listened_ms'], 'hours')}.",
    )  # fmt: skip
