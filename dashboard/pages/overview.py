"""Overview: what one wants to see every day."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from cachetools import LRUCache, cached

from dashboard.live import now_playing
from dashboard.parts import Chart, Column, Fragment, Notice, Part, Table, Tile, Tiles, Words
from dashboard.view import View, page
from dashboard.words import shown
from schemas.lake import Lake
from serving.covered import open_gap_count
from serving.live import last_poll, local_time, newer_plays, watched_now
from serving.recent import Week, new_favourites, newest_plays, recent_days, streaks, week_of
from serving.store import Row, Store
from serving.tops import top_of

SHOWN_PLAYS = 10
SHOWN_DAYS = 28
CHANGE_DAYS = 180
GAP_DAYS = 30
DAY = timedelta(days=1)


@page("/overview", "Overview", group="Now", place=1, has_range=False, is_live=True)
def overview(view: View) -> Iterator[Part]:
    """Now, today, and the last days."""
    known = _facts(view.store)["plays"]
    if not known:
        yield from _nothing_yet()
        return
    lake, user = Lake(view.settings.lake_uri), view.store.user_id
    newer = newer_plays(lake, user, known[0]["played_at"].replace(tzinfo=UTC))
    poll = last_poll(lake, user)
    yield from _warnings(view, poll)
    yield _totals(view, newer, known[0]["time_zone"])
    yield _now(view, known, newer, poll)
    yield from _kept_parts(view)


@cached(LRUCache(32), key=lambda store: store.file, lock=threading.Lock())
def _facts(store: Store) -> dict[str, Any]:
    """What a build alone changes: read once for a file, since this page is asked again and again."""
    return {
        "plays": newest_plays(store, SHOWN_PLAYS),
        "gaps": open_gap_count(store, store.as_of - GAP_DAYS * DAY),
        "days": recent_days(store, store.as_of),
        "streaks": streaks(store),
        "whole": store.row("SELECT * FROM user_metrics WHERE period_kind = 'all_time' AND basis = 'measured'"),
    }


def _nothing_yet() -> Iterator[Part]:
    yield Notice("nothing", text="Nothing has been heard yet.", step="Bring in your history:")
    yield Words(
        "begin", "How to begin",
        sentences=(
            "Ask Spotify for your extended streaming history (account page, Privacy). It takes some days; then run "
            "`lakesong import my_spotify_data.zip`: every play since your first is there.",
            "Connect Spotify on the Settings page, or run `lakesong login`: from then on plays come in by themselves.",
            "To look around first, run `lakesong demo`: an invented listener with two years of music.",
        ),
    )  # fmt: skip


def _warnings(view: View, poll: Row | None) -> Iterator[Notice]:
    if poll and poll["error"]:
        yield Notice("trouble", text=f"Spotify could not be asked for your plays: {poll['error']}", level="warning")
    gaps = _facts(view.store)["gaps"]
    if gaps:
        yield Notice(
            "gaps", level="warning",
            text=f"In the last {GAP_DAYS} days plays may be lost in {gaps} {'gap' if gaps == 1 else 'gaps'}.",
            step="An import of your Spotify export closes them.",
        )  # fmt: skip


def _totals(view: View, newer: list[Row], zone: str) -> Tiles:
    """Today or the last day that is known, this week, the streak, all time."""
    today = local_time(datetime.now(UTC), zone).date()
    day = today if (today - view.store.as_of).days <= 1 else view.store.as_of
    days = {row["played_date"]: row for row in _facts(view.store)["days"]}
    if day == view.store.as_of != today and not (days.get(day) or {}).get("play_count"):
        day -= DAY  # a lake that ended long ago: its last whole day
    fresh = sum(local_time(row["played_at"], zone).date() == day for row in newer)
    week = week_of(list(days.values()), view.store.as_of - DAY)
    return Tiles(
        "totals", tiles=[_day_tile(view, days.get(day), day, today, fresh), *_week_tile(view, week), *_run(view)]
    )


def _day_tile(view: View, row: Row | None, day: date, today: date, fresh: int) -> Tile:
    label = {0: "Today", 1: "Yesterday"}.get((today - day).days, shown(day, "date"))
    counted = row["play_count"] if row else 0
    note = (f"{counted:,} plays" if row else "not looked at yet") + (
        f", and {fresh} that no build has counted yet" if fresh else ""
    )
    return Tile(
        label, shown(row["listened_ms"] if row else 0, "hours"), note, view.link("/patterns", **_range(day, day))
    )


def _range(first: date, last: date) -> dict[str, Any]:
    return {"from": first, "to": last, "range": None}


def _week_tile(view: View, week: Week) -> Iterator[Tile]:
    said = ["at least: hours are missing"] if week.is_at_least else []
    if week.usual_low is not None and week.usual_high is not None:
        usual = f"{shown(week.usual_low, 'hours')} to {shown(week.usual_high, 'hours')}"
        said.append(f"{week.standing} ({usual})" if week.standing else f"usual: {usual}")
    first = week.last - 6 * DAY
    label = f"7 days to {week.last.day} {week.last:%b}"
    yield Tile(label, shown(week.listened_ms, "hours"), "; ".join(said), view.link("/top", **_range(first, week.last)))


def _run(view: View) -> Iterator[Tile]:
    current, longest = _facts(view.store)["streaks"]
    best = f"longest: {longest['streak_days']} days to {shown(longest['streak_end'], 'date')}" if longest else ""
    yield Tile("Days in a row", shown(current["streak_days"] if current else 0, "count"), best)
    whole = _facts(view.store)["whole"]
    if whole:
        least = "at least, " if whole["is_at_least"] else ""
        yield Tile(
            "All time", shown(whole["listened_ms"], "hours"),
            f"{least}{whole['play_count']:,} plays since {shown(view.first_day, 'date')}",
            view.link("/top", range="all"),
        )  # fmt: skip
        yield Tile(
            "Artists", shown(whole["artist_count"], "count"), f"{whole['recording_count']:,} tracks",
            view.link("/top", range="all", what="artists"),
        )  # fmt: skip


def _now(view: View, known: list[Row], newer: list[Row], poll: Row | None) -> Fragment:
    """What plays, and the last plays; those that no build has counted are marked."""
    zone = known[0]["time_zone"]
    fresh = [
        {**row, "ended_at": local_time(row["played_at"], zone), "note": "new", "key": row["track_id"]} for row in newer
    ]
    counted = [{**row, "note": "skipped" if row["is_skip"] else "", "key": row["recording_id"]} for row in known]
    today = local_time(datetime.now(UTC), zone).date()
    plays = [
        {
            "at": row["ended_at"], "clock": _clock(row["ended_at"], today), "name": row["track_name"] or "unknown",
            "detail": row["artist_name"] or "", "note": row["note"],
            "href": view.link("/track", key=row["key"]) if row["note"] != "new" else None,
        }
        for row in (*fresh, *counted)[:SHOWN_PLAYS]
    ]  # fmt: skip
    polled = f"Spotify was last asked on {shown(local_time(poll['finished_at'], zone), 'time')}." if poll else ""
    data = {"playing": _playing(view), "plays": plays, "polled": polled}
    return Fragment("now", "Just now", file="overview/now.html", data=data, width="half")


def _playing(view: View) -> dict[str, str] | None:
    state, user = view.settings.state_dir, view.store.user_id
    told = [one for one in (now_playing(state, user), watched_now(state, user)) if one]
    if not told:
        return None
    newest = max(told, key=lambda one: str(one["at"]))
    return {"name": newest["track_name"] or "", "detail": newest["artist_name"] or ""}


def _clock(at: datetime, today: date) -> str:
    return f"{at:%H:%M}" if at.date() == today else f"{at.day} {at:%b, %H:%M}"


@cached(LRUCache(64), key=lambda view: (view.store.file, view.link("/")), lock=threading.Lock())
def _kept_parts(view: View) -> list[Part]:
    """What changes with a build alone."""
    return [_days(view), *_tops(view), *_new(view), _suggested(view)]


def _days(view: View) -> Chart:
    last = view.store.as_of
    known = {row["played_date"]: row for row in recent_days(view.store, last, SHOWN_DAYS)}
    days = [last - place * DAY for place in reversed(range(SHOWN_DAYS))]
    rows = [
        {"day": day, "listened_ms": known[day]["listened_ms"] if day in known else 0,
         "play_count": known[day]["play_count"] if day in known else 0}
        for day in days
    ]  # fmt: skip
    best = max(rows, key=lambda row: row["listened_ms"])
    return Chart(
        "days", "The last four weeks", kind="bar", x="day", y=("listened_ms",), rows=rows, width="half",
        columns=(Column("day", "Day", "date"), Column("listened_ms", "Time", "hours"),
                 Column("play_count", "Plays", "count")),
        summary=f"Most on {shown(best['day'], 'date')}: {shown(best['listened_ms'], 'hours')}.",
    )  # fmt: skip


def _tops(view: View) -> Iterator[Table]:
    last = view.store.as_of
    for subject, one in (("artists", "artist"), ("tracks", "track")):
        rows = top_of(view.store, subject, (last - 6 * DAY, last), limit=5)
        rows = [{**row, "href": view.link(f"/{one}", key=row["key"])} for row in rows]
        yield Table(
            subject, f"Top {subject} of 7 days", width="half", rows=rows,
            columns=(Column("rank", "", "rank"), Column("name", one.capitalize(), link="href", sub="detail"),
                     Column("listened_ms", "Time", "hours", bar=True), Column("play_count", "Plays", "count")),
            empty="Nothing was played in these days.",
        )  # fmt: skip


def _new(view: View) -> Iterator[Part]:
    change = view.row(
        "SELECT sentence FROM taste_changes WHERE basis = 'measured' AND change_number > 0 AND era_start >= $since "
        "ORDER BY era_start DESC LIMIT 1",
        since=view.store.as_of - CHANGE_DAYS * DAY,
    )
    if change and change["sentence"]:
        words = change["sentence"]
        yield Words("change", "Your taste moved", sentences=(f"{words[0].upper()}{words[1:]}.",))
    rows = [{**row, "href": view.link("/artist", key=row["key"])} for row in new_favourites(view.store)]
    yield Table(
        "new", "New favourites", width="half", rows=rows,
        columns=(Column("name", "Artist", link="href"), Column("first_date", "First heard", "date"),
                 Column("listened_ms", "Time", "hours", bar=True), Column("play_count", "Plays", "count")),
        note="Artists first heard in the last 60 days, with 5 plays or more.",
        empty="No artist of the last 60 days has five plays yet.",
    )  # fmt: skip


def _suggested(view: View) -> Table:
    rows = view.rows(
        "SELECT recording_id, track_name, artist_name, why FROM track_recommendations WHERE basis = 'measured' "
        "ORDER BY rank LIMIT 5"
    )
    rows = [{**row, "href": view.link("/track", key=row["recording_id"])} for row in rows]
    return Table(
        "suggested", "For today", width="half", rows=rows,
        columns=(Column("track_name", "Track", link="href", sub="artist_name"), Column("why", "Why")),
        empty="Nothing is suggested yet; that needs some weeks of listening.",
    )  # fmt: skip
