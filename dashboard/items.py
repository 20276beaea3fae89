"""What the pages of an artist, an album, a track and a genre are made of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from dashboard.failures import NotFoundError
from dashboard.parts import Chart, Choice, Choices, Column, Notice, Table, Tile, Tiles
from dashboard.view import View
from dashboard.words import shown
from serving.covered import covered_share
from serving.items import Item, Subject, first_key, heard_of, item_of, latest_plays, with_names
from serving.store import Row

TIME = Column("listened_ms", "Time", "hours", bar=True)
PLAYS = Column("play_count", "Plays", "count")
RANGES = {
    "last_7_days": "Last 7 days", "last_28_days": "Last 28 days", "last_90_days": "Last 90 days",
    "last_365_days": "Last 365 days", "all_time": "All time",
}  # fmt: skip
LONG_LIST = 20
LATEST = 50
MOST_LETTERS = 120
_SPOTIFY_ID = re.compile(r"[0-9A-Za-z]{22}")


def asked_item(view: View, subject: Subject) -> Item:
    """The item that the address names; without a key the most played one. Raises NotFoundError for an unknown one."""
    if "item" not in view.shared:
        key = view.parameters.get("key") or view.parameters.get("name") or first_key(view.store, subject)
        view.shared["item"] = item_of(view.store, subject, key) if key else None
    item: Item | None = view.shared["item"]
    if item is None:
        key = view.parameters.get("key") or view.parameters.get("name") or "you have played none yet"
        raise NotFoundError(
            f"Nothing is known of this {subject}: {clipped(key)}.",
            "Search for it above, or begin with what you played most (Top).",
        )
    return item


def clipped(name: str) -> str:
    """A name, cut where it is longer than anybody reads."""
    return name if len(name) <= MOST_LETTERS else f"{name[:MOST_LETTERS]}…"


def belongs(view: View, item: Item) -> Choices:
    """Where the item leads: its artist, its album, and Spotify."""
    found = []
    if item.subject in ("album", "track") and item.detail:
        found.append(Choice(f"by {clipped(item.detail)}", view.link("/artist", key=item.artist_key)))
    if item.subject == "track" and item.album_name:
        found.append(Choice(f"on {clipped(item.album_name)}", view.link("/album", key=item.album_key)))
    if item.track_id and _SPOTIFY_ID.fullmatch(item.track_id):
        found.append(Choice("Open in Spotify", f"https://open.spotify.com/track/{item.track_id}"))
    return Choices("belongs", title="Leads to", choices=found)


def coverage_notice(view: View) -> Iterator[Notice]:
    """Says that totals are "at least", where hours of the range were not observed."""
    share = covered_share(view.store, view.range.first, view.range.last)
    if share is not None and share < 1:
        yield Notice(
            "coverage", text=f"Totals are “at least”: {shown(1 - share, 'share')} of this range's hours were not "
            "observed.", step="An import of your Spotify export closes gaps.",
        )  # fmt: skip


def totals(view: View, item: Item, total: Row) -> Tiles:
    """Time, plays, place, skips, first and last."""
    earlier = heard_of(view.store, item, view.compare.first, view.compare.last).total if view.compare else None
    place = _place(view, item)
    whole = item.whole or {}
    beside = f"{view.compare.label}: " if view.compare else ""
    tiles = [
        Tile("Time", shown(total["listened_ms"], "hours"),
             beside + shown(earlier["listened_ms"], "hours") if earlier else view.range.label),
        Tile("Plays", shown(total["play_count"], "count"),
             beside + shown(earlier["play_count"], "count") if earlier else f"on {total['day_count']:,} days"),
        Tile("Skips", shown(total["skip_count"], "count"), f"of {total['start_count']:,} starts"),
    ]  # fmt: skip
    if place:
        moved = place["time_rank_change"]
        said = "not ranked before" if moved is None else f"{shown(moved, 'change')} places"
        share = f", {shown(place['period_share'], 'share')} of your time" if place["period_share"] is not None else ""
        tiles.append(
            Tile("Place by time", f"#{place['time_rank']}", ("" if view.range.kind == "all_time" else said) + share)
        )
    tiles.append(Tile("First heard", shown(whole.get("first_date"), "date"), "of what is known"))
    tiles.append(Tile("Last heard", shown(whole.get("last_date"), "date")))
    return Tiles("totals", tiles=tiles)


def _place(view: View, item: Item) -> Row | None:
    """The gold row of the view's range, if it is a standard one."""
    kind, first = view.range.kind, view.range.first
    return next(
        (row for row in item.periods
         if row["period_kind"] == kind and (kind not in ("month", "year") or row["period_start"] == first)),
        None,
    )  # fmt: skip


def by_month(view: View, item: Item) -> Chart:
    """Time by calendar month, over all that is known."""
    heard = {row["period_start"]: row for row in item.months()}
    rows = []
    month, last = (min(heard), view.store.as_of) if heard else (date.max, date.min)
    while month <= last:
        row = heard.get(month)
        rows.append({
            "month": month, "listened_ms": row["listened_ms"] if row else 0,
            "play_count": row["play_count"] if row else 0, "time_rank": row["time_rank"] if row else None,
        })  # fmt: skip
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    best = max(heard.values(), key=lambda row: row["listened_ms"], default=None)
    return Chart(
        "months", "Month by month", kind="bar", x="month", y=("listened_ms",), rows=rows, height=200,
        columns=(Column("month", "Month", "month"), Column("listened_ms", "Time", "hours"), PLAYS,
                 Column("time_rank", "Place", "rank")),
        summary=f"Most in {shown(best['period_start'], 'month')}: {shown(best['listened_ms'], 'hours')}."
        if best else "",
        empty="Not played yet.",
    )  # fmt: skip


def by_hour(hours: Sequence[Row]) -> Chart:
    """Time by hour of the day in the range."""
    known = {row["hour_of_day"]: row for row in hours}
    rows = [
        {"hour": hour, "listened_ms": known[hour]["listened_ms"] if hour in known else 0,
         "play_count": known[hour]["play_count"] if hour in known else 0}
        for hour in range(24)
    ]  # fmt: skip
    best = max(rows, key=lambda row: row["listened_ms"])
    return Chart(
        "hours", "Hour by hour", kind="bar", x="hour", y=("listened_ms",), rows=rows if known else [], width="half",
        columns=(Column("hour", "Hour", "hour"), Column("listened_ms", "Time", "hours"), PLAYS),
        summary=f"Most between {best['hour']}:00 and {(best['hour'] + 1) % 24}:00." if known else "",
    )  # fmt: skip


def places(view: View, item: Item) -> Table:
    """Its place in the standard ranges."""
    found = {row["period_kind"]: row for row in item.periods if row["period_kind"] in RANGES}
    years = sorted((row for row in item.periods if row["period_kind"] == "year"), key=lambda row: row["period_start"])
    rows = [
        *({**found[kind], "label": label} for kind, label in RANGES.items() if kind in found),
        *({**row, "label": f"{row['period_start']:%Y}"} for row in reversed(years)),
    ]
    return Table(
        "places", "Its place over time", width="half", rows=rows[:12],
        columns=(Column("label", "Range"), Column("time_rank", "Place", "rank"),
                 Column("time_rank_change", "Change", "change"), Column("listened_ms", "Time", "hours"), PLAYS),
        note="By time. The change is to the range before of the same kind.", empty="It has no place in any range yet.",
    )  # fmt: skip


def tracks_table(view: View, found: Sequence[Row], sub: str = "album_name") -> Table:
    """The recordings of the item in the range."""
    rows = [{**row, "href": view.link("/track", key=row["key"])} for row in with_names(view.store, found[:LONG_LIST])]
    return Table(
        "tracks", "Tracks", width="half", rows=rows,
        columns=(Column("name", "Track", link="href", sub=sub), TIME, PLAYS),
        note=f"The first {LONG_LIST} of {len(found):,}." if len(found) > LONG_LIST else "",
    )  # fmt: skip


def latest(view: View, item: Item) -> Iterator[Table]:
    """Its newest plays, as they ended in local time; the API has them all."""
    rows = [
        {**row, "href": view.link("/track", key=row["key"]), "heard": _heard(row)}
        for row in latest_plays(view.store, item, LATEST)
    ]
    columns = [Column("ended_at", "Ended", "time")]
    if item.subject != "track":
        columns.append(
            Column("track_name", "Track", link="href", sub="" if item.subject == "artist" else "artist_name")
        )
    if item.subject != "album":
        columns.append(Column("album_name", "Album"))
    columns.append(Column("listened_ms", "Heard", "length", sub="heard"))
    yield Table(
        "latest", rows=rows, columns=columns, empty="Not played yet.",
        note=f"The newest {len(rows)}, in your local time. The API gives every play (see /api).",
    )  # fmt: skip


def _heard(row: Row) -> str:
    return "skipped" if row["is_skip"] else "" if row["is_counted"] else "not counted"
