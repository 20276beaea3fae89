"""Sessions and personas: how one listens at a stretch."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from dashboard.parts import Card, Cards, Chart, Column, Meter, Notice, Part, Table, Tile, Tiles
from dashboard.view import View, page
from dashboard.words import hours, share, shown
from serving.sessions import (
    persona_months,
    personas,
    recent_sessions,
    session_hours,
    session_lengths,
    session_months,
    session_totals,
)
from serving.store import Row

LEAST_SHOWN = 20  # sessions, as the indicators of sessions need
NO_PERSONA = "in no persona"
SKIPS = "Of starts. Sources that report only what was heard for 30 s know no short skips."


@page("/sessions", "Sessions and personas", group="Feeling", place=3, has_basis=True)
def sessions(view: View) -> Iterator[Part]:
    """How you listen at a stretch: how long, when, and what kinds of sessions there are."""
    days = (view.range.first, view.range.last)
    totals = session_totals(view.store, *days)
    if not totals.get("session_count"):
        yield Notice("nothing", text="No session begins in this range.", step="Choose a longer one above.")
        return
    yield _tiles(view, totals)
    yield from _personas(view)
    yield from _when_and_how_long(view, days)
    yield _months(view, days)
    yield _recent(view, days)


def _tiles(view: View, now: Row) -> Tiles:
    before = session_totals(view.store, view.compare.first, view.compare.last) if view.compare else {}
    gaps = now["coverage"] is not None and now["coverage"] < 1
    least = "at least " if gaps else ""

    def beside(name: str, kind: str) -> str:
        if view.compare is None:
            return ""
        return f"{shown(before.get(name), kind)} in {view.compare.label}"

    weekly = f"{7 * now['session_count'] / now['days']:.1f} a week" if now["days"] else ""
    skips = now["skip_count"] / now["start_count"] if now["start_count"] else None
    return Tiles(
        "totals", "Sessions",
        note=f"A session ends where music is silent for longer than {view.settings.session_gap_minutes} minutes. "
        + (f"{share(now['coverage'])} of the hours of this range are known, so counts are least ones." if gaps else ""),
        tiles=[
            Tile("Sessions", least + shown(now["session_count"], "count"),
                 beside("session_count", "count") or weekly),
            Tile("Typical length", hours(now["median_ms"]), beside("median_ms", "hours") or "median"),
            Tile("Longest", hours(now["longest_ms"]), beside("longest_ms", "hours")),
            Tile("Plays a session", f"{now['play_count'] / now['session_count']:.1f}", f"{now['artists']:.1f} artists"),
            Tile("Skips", shown(skips, "share"), SKIPS),
        ],
    )  # fmt: skip


def _personas(view: View) -> Iterator[Part]:
    rows = personas(view.store, view.basis)
    named = [row for row in rows if row["persona_id"]]
    if not named:
        reason = rows[0]["reason"] if rows else "no whole week has sessions yet"
        text = f"Your sessions fall into no personas: {reason}. That is a result too; their figures are below."
        yield Notice("no-personas", text=text)
        return
    sure = named[0]
    yield Cards(
        "personas", "Personas of your sessions", cards=[_card(place, row) for place, row in enumerate(named, start=1)],
        note=f"{sure['k']} groups among {sure['fitted_sessions']:,} sessions of all time, stable when drawn again "
        f"({sure['stability']:.2f} of 1) and clearer than chance (silhouette {sure['silhouette']:.2f}, at most "
        f"{sure['null_silhouette']:.2f} without groups). They describe sessions, not you.",
    )  # fmt: skip
    yield _persona_months(view, named)
    yield _persona_table(rows)


def _card(place: int, row: Row) -> Card:
    start = row["mean_start_hour"]
    when = f"mostly from {int(start) % 24:02d}:{int(60 * (start % 1)):02d}" if start is not None else "at any hour"
    meters = [
        Meter(
            "Length", shown(row["mean_session_minutes"], "figure") + " min", min(1.0, row["mean_session_minutes"] / 180)
        ),
        Meter("Artists", shown(row["artists_per_session"], "figure"), min(1.0, row["artists_per_session"] / 40)),
    ]
    shares = {"Skips": "session_skip_share", "Weekend": "weekend_session_share", "Albums": "album_run_share"}
    meters += [Meter(label, share(row[name]), row[name]) for label, name in shares.items() if row[name] is not None]
    sounds = {"Valence": "session_valence", "Energy": "session_energy"}
    meters += [Meter(label, f"{row[name]:.2f}", row[name]) for label, name in sounds.items() if row[name] is not None]
    note = f"{row['session_count']:,} sessions, {when}; {share(row['time_share'])} of the time"
    return Card(row["persona_name"], share(row["session_share"]), note, colour=place, meters=meters)


def _persona_months(view: View, named: list[Row]) -> Chart:
    found = persona_months(view.store, view.basis, view.range.first, view.range.last)
    totals: dict[date, int] = {}
    for row in found:
        totals[row["month"]] = totals.get(row["month"], 0) + row["session_count"]
    known = {(row["month"], row["persona_id"]): row["session_count"] for row in found}
    names = {row["persona_id"]: row["persona_name"] for row in named} | {0: NO_PERSONA}
    rows = [
        {
            "month": month, "persona": name, "session_count": known.get((month, persona), 0),
            "part": known.get((month, persona), 0) / totals[month],
        }
        for persona, name in names.items()
        for month in sorted(totals)
    ]  # fmt: skip
    return Chart(
        "persona-months", "Personas over time", kind="area" if len(totals) > 2 else "bar", x="month", y=("part",),
        group="persona", is_stacked=True, rows=rows, note="Parts of each month's sessions, in whole weeks.",
        columns=(
            Column("month", "Month", "month"), Column("persona", "Persona"), Column("part", "Share", "share"),
            Column("session_count", "Sessions", "count"),
        ),
    )  # fmt: skip


def _persona_table(rows: list[Row]) -> Table:
    rows = [row | {"named": row["persona_name"] or NO_PERSONA} for row in rows]
    return Table(
        "persona-numbers", "The personas in numbers", rows=rows,
        columns=(
            Column("named", "Persona", sub="reason"), Column("session_count", "Sessions", "count"),
            Column("session_share", "Of sessions", "share", bar=True), Column("time_share", "Of time", "share"),
            Column("mean_session_minutes", "Minutes", "figure"), Column("artists_per_session", "Artists", "figure"),
            Column("mean_start_hour", "Start hour", "figure"), Column("session_skip_share", "Skips", "share"),
            Column("session_valence", "Valence", "number"), Column("session_energy", "Energy", "number"),
        ),
    )  # fmt: skip


def _when_and_how_long(view: View, days: tuple[date, date]) -> Iterator[Part]:
    known = {row["hour"]: row["session_count"] for row in session_hours(view.store, *days)}
    rows = [{"hour": hour, "session_count": known.get(hour, 0)} for hour in range(24)]
    total, best = sum(known.values()), max(rows, key=lambda row: row["session_count"])["hour"]
    yield Chart(
        "hours", "When sessions begin", kind="clock", x="hour", y=("session_count",), rows=rows, width="half",
        height=400, columns=(Column("hour", "Hour", "hour"), Column("session_count", "Sessions", "count")),
        summary=f"Most sessions begin from {best}:00 to {(best + 1) % 24}:00." if total >= LEAST_SHOWN else "",
    )  # fmt: skip
    yield Chart(
        "lengths", "How long they are", kind="bar", x="length", y=("session_count",), width="half", height=400,
        rows=session_lengths(view.store, *days),
        columns=(
            Column("length", "Length"), Column("session_count", "Sessions", "count"),
            Column("listened_ms", "Time heard", "hours"),
        ),
    )  # fmt: skip


def _months(view: View, days: tuple[date, date]) -> Chart:
    return Chart(
        "months", "Typical length, month by month", kind="line", x="month", y=("median_ms",), height=200,
        rows=session_months(view.store, *days),
        columns=(
            Column("month", "Month", "month"), Column("median_ms", "Median length", "minutes"),
            Column("session_count", "Sessions", "count"), Column("skip_share", "Skips", "share"),
            Column("listened_ms", "Time heard", "hours"),
        ),
    )  # fmt: skip


def _recent(view: View, days: tuple[date, date]) -> Table:
    rows = recent_sessions(view.store, view.basis, *days)
    for row in rows:
        row["href"] = view.link("/session", id=row["session_id"])
    has_personas = any(row["persona_name"] for row in rows)
    columns = [Column("began", "Began", "time", link="href"), Column("session_ms", "Length", "hours", bar=True)]
    if has_personas:
        columns.append(Column("persona_name", "Persona"))
    columns += [Column("play_count", "Plays", "count"), Column("artist_count", "Artists", "count")]
    columns.append(Column("skip_count", "Skips", "count"))
    return Table("recent", "Newest sessions", columns=columns, rows=rows, note="In your local time.")
