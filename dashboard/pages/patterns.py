"""Patterns: when music is listened to."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard.parts import Chart, Column, Notice, Part
from dashboard.view import View, page

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SEASONS = ("spring", "summer", "autumn", "winter")
TIME = Column("listened_ms", "Time", "hours")
_TIME = "sum(listened_ms)::BIGINT AS listened_ms"
_IN_RANGE = "FROM kept_plays WHERE played_date BETWEEN $first AND $last"


@page("/patterns", "Patterns", group="Listening", place=2)
def patterns(view: View) -> Iterator[Part]:
    """When you listen: hours, weekdays, days and seasons, in your own local time."""
    week = view.rows(
        f"SELECT day_of_week, hour_of_day, sum(listened_ms)::BIGINT AS listened_ms {_IN_RANGE} GROUP BY ALL",
        **view.days,
    )
    if not week:
        yield Notice("nothing", text="Nothing was heard in this range.", step="Choose a longer one above.")
        return
    yield _week(week)
    yield _clock(week)
    yield _seasons(view)
    yield _calendar(view)


def _week(week: list[dict[str, int]]) -> Chart:
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


def _clock(week: list[dict[str, int]]) -> Chart:
    rows = [
        {"hour": hour, "listened_ms": sum(row["listened_ms"] for row in week if row["hour_of_day"] == hour)}
        for hour in range(24)
    ]
    best = max(rows, key=lambda row: row["listened_ms"])["hour"]
    return Chart(
        "clock", "Around the clock", kind="clock", x="hour", y=("listened_ms",), rows=rows, width="half", height=400,
        columns=(Column("hour", "Hour", "hour"), TIME),
        summary=f"The hour from {best}:00 is the one with most music.",
    )  # fmt: skip


def _seasons(view: View) -> Chart:
    """Time a day: ranges hold unequal parts of the seasons."""
    rows = view.rows(
        f"""
        SELECT season, {_TIME}, count(DISTINCT played_date) AS day_count,
            (sum(listened_ms) / count(DISTINCT played_date))::BIGINT AS daily_ms {_IN_RANGE} GROUP BY 1
        """,
        **view.days,
    )
    return Chart(
        "seasons", "Time on a day with music, by season", kind="bar", x="season", y=("daily_ms",), width="half",
        height=400, rows=sorted(rows, key=lambda row: SEASONS.index(row["season"])),
        columns=(
            Column("season", "Season"), Column("daily_ms", "Time a day", "hours"),
            Column("day_count", "Days with music", "count"), TIME,
        ),
    )  # fmt: skip


def _calendar(view: View) -> Chart:
    rows = view.rows(f"SELECT played_date, {_TIME} {_IN_RANGE} GROUP BY 1 ORDER BY 1", **view.days)
    return Chart(
        "calendar", "Day by day", kind="calendar", x="played_date", y=("listened_ms",), rows=rows,
        columns=(Column("played_date", "Day", "date"), TIME), note="Darker: more time. Days without music stay empty.",
    )  # fmt: skip
