"""Habits of playing: how long sessions last, on what and from what, and what is skipped. Parts of the page Patterns."""

from __future__ import annotations

from typing import Any

from dashboard.parts import Chart, Column, Table
from dashboard.ranges import Range
from dashboard.view import View
from dashboard.words import MS_PER_MINUTE, shown

LENGTHS = ((15, "under 15 min"), (30, "15–30 min"), (60, "30–60 min"), (120, "1–2 h"), (240, "2–4 h"))
LONGEST = "4 h and more"
DIMENSIONS = {"device": "Device", "context_kind": "From", "shuffle": "Shuffle"}
SKIPPED_BY = {
    "part_of_day": "", "device": "on ", "context_kind": "from ", "shuffle": "shuffle ", "position_in_session": "no. ",
    "reason_start": "after ",
}  # fmt: skip
STARTED_BY = {
    "trackdone": "a track’s end", "fwdbtn": "forward button", "backbtn": "back button", "clickrow": "click in a list",
    "playbtn": "play button", "remote": "remote device", "appload": "app start", "trackerror": "a fault",
}  # fmt: skip
BEST_DAYS = 10


def sessions_by_length(view: View) -> Chart:
    """How many sessions of the range were how long."""
    now = _session_counts(view, view.range)
    before = _session_counts(view, view.compare) if view.compare else {}
    labels = [*(label for _, label in LENGTHS), LONGEST]
    total, earlier = sum(now.values()), sum(before.values())
    rows = [
        {"length": label, "share": now.get(place, 0) / total if total else None, "session_count": now.get(place, 0),
         "before": before.get(place, 0) / earlier if earlier else None}
        for place, label in enumerate(labels)
    ]  # fmt: skip
    columns = [Column("length", "Length"), Column("share", view.range.label, "share")]
    if view.compare:
        columns.append(Column("before", view.compare.label, "share"))
    return Chart(
        "sessions", "How long sessions last", kind="bar", x="length", rows=rows if total else [], width="half",
        y=("share", "before") if view.compare else ("share",),
        columns=(*columns, Column("session_count", "Sessions", "count")),
        note=f"{total:,} sessions. One ends where nothing plays for 20 minutes, unless set otherwise.",
    )  # fmt: skip


def _session_counts(view: View, days: Range) -> dict[int, int]:
    """Sessions by place in LENGTHS; the last place for the longest."""
    bounds = ", ".join(str(minutes * MS_PER_MINUTE) for minutes, _ in LENGTHS)
    rows = view.rows(
        f"SELECT len(list_filter([{bounds}], lambda bound: session_ms >= bound)) AS place, count(*) AS session_count "
        "FROM listening_sessions WHERE played_date BETWEEN $first AND $last GROUP BY 1",
        first=days.first, last=days.last,
    )  # fmt: skip
    return {row["place"]: row["session_count"] for row in rows}


def listened_on(view: View) -> Table:
    """Shares of the time by device, context and shuffle; of all time where gold does not tell of the range."""
    known = view.range.kind != "custom"
    kind = view.range.kind if known else "all_time"
    where = "AND period_start = $first" if kind in ("month", "year") else ""
    values: dict[str, Any] = {"kind": kind, "dimensions": list(DIMENSIONS)}
    if where:
        values["first"] = view.range.first
    rows = view.rows(
        f"SELECT dimension, bucket, period_share, listened_ms FROM playback_shares WHERE period_kind = $kind {where} "
        "AND dimension IN (SELECT unnest($dimensions)) ORDER BY dimension, period_share DESC",
        **values,
    )
    order = list(DIMENSIONS)
    rows = [
        {**row, "what": DIMENSIONS[row["dimension"]]} for row in sorted(rows, key=lambda r: order.index(r["dimension"]))
    ]
    return Table(
        "played-on", "On what, from what", width="half", rows=rows,
        columns=(Column("what", ""), Column("bucket", ""), Column("period_share", "Share", "share", bar=True),
                 Column("listened_ms", "Time", "hours")),
        note="" if known else "Of all time: these shares are not kept for custom ranges.",
    )  # fmt: skip


def skips(view: View) -> Chart:
    """How often starts are skipped, by what they have in common; of the whole history, with 95 % intervals."""
    rows = view.rows(
        "SELECT dimension, bucket, skip_rate, low, high, measured_start_count FROM skip_behaviour "
        "WHERE skip_rate IS NOT NULL AND dimension IN (SELECT unnest($dimensions))",
        dimensions=["overall", *SKIPPED_BY],
    )
    overall = next((row for row in rows if row["dimension"] == "overall"), None)
    places = {name: place for place, name in enumerate(SKIPPED_BY)}
    told = [
        {**row, "what": _what(row["dimension"], row["bucket"])}
        for row in sorted(rows, key=lambda row: (places.get(row["dimension"], -1), -row["skip_rate"]))
        if row["bucket"] != "unknown"
    ]
    said = f"Of all starts {shown(overall['skip_rate'], 'share')} are skips." if overall else ""
    return Chart(
        "skips", "When you skip", kind="interval", x="what", y=("skip_rate",), low="low", high="high", rows=told,
        height=500, width="half", summary=said,
        empty="Only plays of measured time tell of skips, and there are too few of them.",
        columns=(Column("what", "Starts"), Column("skip_rate", "Skipped", "share"), Column("low", "from", "share"),
                 Column("high", "to", "share"), Column("measured_start_count", "Starts", "count")),
        note="Of the whole history, plays of measured time alone; lines are 95 % intervals, from 20 starts on.",
    )  # fmt: skip


def _what(dimension: str, bucket: str) -> str:
    if dimension == "overall":
        return "all"
    return f"{SKIPPED_BY[dimension]}{STARTED_BY.get(bucket, bucket) if dimension == 'reason_start' else bucket}"


def calendar_days(view: View) -> Table:
    """The days of the year that hold most music, over all years."""
    rows = view.rows(
        "SELECT bucket, listened_ms, play_count FROM temporal_patterns WHERE basis = 'measured' "
        "AND pattern = 'calendar_day' AND listened_ms > 0 ORDER BY listened_ms DESC, bucket LIMIT $limit",
        limit=BEST_DAYS,
    )
    months = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
              "November", "December")  # fmt: skip
    rows = [{**row, "day": f"{int(row['bucket'][3:])} {months[int(row['bucket'][:2]) - 1]}"} for row in rows]
    return Table(
        "year-days", "Days of the year with most music", width="half", rows=rows,
        columns=(Column("day", "Day"), Column("listened_ms", "Time", "hours", bar=True),
                 Column("play_count", "Plays", "count")),
        note="Over all years of the history.",
    )  # fmt: skip
