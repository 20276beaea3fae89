"""Data health: how much is known, what ran, what failed, what it takes, and what can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from dashboard.parts import Chart, Column, Fragment, Notice, Part, Table, Tile, Tiles
from dashboard.view import View, page
from dashboard.words import share, shown
from ingestion.batches import read_batches
from ingestion.spotify_sign_in import sign_ins
from schemas.lake import Lake
from serving import health as of_lake
from serving.store import Row

MB = 1_000_000
SOURCES = {"none": "no features known", "real": "measured", "kaggle": "catalogue", "synthetic": "simulated"}


@page("/data-health", "Data health", group="Yours", place=2, has_range=False, is_live=True, fresh_seconds=5)
def health(view: View) -> Iterator[Part]:
    """How much of your listening is known, what ran, and what to do about what is missing."""
    lake = Lake(view.settings.lake_uri)
    days, gaps = of_lake.covered_days(view.store), of_lake.open_gaps(view.store)
    checks = of_lake.newest_checks(lake)
    yield from _warnings(view, gaps, checks)
    yield _tiles(view, lake, days, checks)
    yield Fragment("import", "Bring in your history", file="health/drop.html")
    yield Chart(
        "coverage", "What is known, day by day", kind="calendar", x="played_date", y=("covered_share",), rows=days,
        columns=(Column("played_date", "Day", "date"), Column("covered_share", "Hours known", "share")),
        note="Darker: more hours of the day were observed or imported. Pale days may hide plays that nobody recorded.",
    )  # fmt: skip
    yield _features(view)
    yield Table(
        "gaps", "Suspected gaps", rows=gaps, width="half", empty="No gap is suspected.",
        columns=(Column("gap_start_at", "From (UTC)", "time"), Column("gap_end_at", "To (UTC)", "time")),
        note="Times in which more was played than Spotify's list of recent plays holds. An export closes them.",
    )  # fmt: skip
    yield _runs(lake, view.visitor.user_id)
    if view.visitor.is_admin:
        yield from _for_admins(lake, checks)
    yield _undo(lake, view.visitor.user_id)


def _warnings(view: View, gaps: list[Row], checks: list[Row]) -> Iterator[Notice]:
    for one in sign_ins(view.settings):
        if one["user_id"] == view.visitor.user_id and one["needs_sign_in"]:
            yield Notice("sign-in", text="Spotify asks you to sign in again.", step="Sign in", href="/settings",
                         level="warning")  # fmt: skip
    failed = sum(row["status"] == "FAIL" for row in checks)
    if failed:
        yield Notice("failed", text=f"{failed} rules are broken: see below.", step="lakesong check", level="warning")
    if gaps:
        yield Notice("open", text=f"{len(gaps)} suspected gaps are open. An export of your history closes them.",
                     step="How to", href="#import")  # fmt: skip


def _tiles(view: View, lake: Lake, days: list[Row], checks: list[Row]) -> Tiles:
    known = sum(row["covered_share"] for row in days) / len(days) if days else 0
    age = datetime.now(UTC) - view.store.made_at
    counted = {state: sum(row["status"] == state for row in checks) for state in ("PASS", "WARN", "FAIL")}
    tiles = [
        Tile("Hours known", share(known), f"of {len(days):,} days"),
        Tile("Built", f"{age.days} days ago" if age.days else f"{age.seconds // 3600} h ago",
             shown(view.store.made_at, "time") + " UTC"),
        Tile("Rules obeyed", shown(counted["PASS"], "count"), f"{counted['WARN']} warnings, {counted['FAIL']} broken"),
    ]  # fmt: skip
    mine = next((one for one in sign_ins(view.settings) if one["user_id"] == view.visitor.user_id), None)
    tiles.append(Tile("Spotify", "connected" if mine else "not connected", f"until {mine['until']}" if mine else "",
                      "/settings"))  # fmt: skip
    free = of_lake.free_bytes(view.settings)
    if free is not None:
        size = sum(one.size for one in of_lake.storage(lake))
        tiles.append(Tile("On the disk", f"{size / MB:,.0f} MB", f"{free / MB / 1000:,.0f} GB free"))
    return Tiles("figures", tiles=tiles)


def _features(view: View) -> Chart:
    rows = []
    for row in of_lake.feature_sources(view.store):
        provider = f" ({row['feature_provider']})" if row["feature_provider"] else ""
        source = str(row["feature_source"])
        rows.append({**row, "source": SOURCES.get(source, source) + provider})
    return Chart(
        "features", "Where audio features come from", kind="ranking", x="source", y=("time_share",), rows=rows,
        width="half", height=200,
        columns=(
            Column("source", "Source"), Column("time_share", "Share of the time", "share"),
            Column("listened_ms", "Time", "hours"),
        ),
        note="Only what was measured, or stands in a catalogue, is put into words.",
    )  # fmt: skip


def _runs(lake: Lake, user_id: str) -> Table:
    rows = of_lake.newest_runs(lake, user_id)
    return Table(
        "runs", "Runs", rows=rows, first=10, empty="Nothing ran yet.",
        columns=(
            Column("finished_at", "Ended (UTC)", "time"), Column("source", "Source", sub="error"),
            Column("status", "Status"), Column("row_count", "Rows", "count"), Column("new_count", "New", "count"),
            Column("rejected_count", "Set aside", "count"), Column("request_count", "Requests", "count"),
        ),
    )  # fmt: skip


def _for_admins(lake: Lake, checks: list[Row]) -> Iterator[Part]:
    yield Table(
        "builds", "Builds", rows=of_lake.newest_builds(lake), width="half",
        columns=(
            Column("finished_at", "Ended (UTC)", "time"), Column("status", "Status", sub="error"),
            Column("as_of", "For", "date"), Column("engine", "Engine"), Column("seconds", "Seconds", "count"),
        ),
    )  # fmt: skip
    yield Table(
        "quotas", "Limits of services", rows=of_lake.quotas(lake), width="half", empty="No service asks to wait.",
        columns=(
            Column("service", "Service"), Column("state_name", "What", sub="state_value"),
            Column("not_before", "Not before (UTC)", "time"),
        ),
    )  # fmt: skip
    yield Table(
        "checks", "Rules", rows=checks, first=10, width="half", empty="No rule was checked yet.",
        columns=(
            Column("table_name", "Table", sub="expectation"), Column("status", "Status"),
            Column("failing_rows", "Rows that break it", "count"),
        ),
    )  # fmt: skip
    stored = [{"table": f"{one.layer}.{one.table}", "files": one.files, "mb": one.size / MB}
              for one in of_lake.storage(lake)]  # fmt: skip
    yield Table(
        "storage", "Storage", rows=stored, first=10, width="half",
        columns=(
            Column("table", "Table"), Column("files", "Files", "count"), Column("mb", "MB", "number", bar=True),
        ),
        note="Old versions included; `lakesong maintain` removes those that nothing needs.",
    )  # fmt: skip


def _undo(lake: Lake, user_id: str) -> Fragment:
    mine = [one for one in read_batches(lake).values() if one.user_id == user_id and not one.is_of_music]
    return Fragment("undo", "Take an import back", file="health/undo.html", data={"batches": mine[:20]})
