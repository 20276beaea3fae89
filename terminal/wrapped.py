"""`lakesong wrapped`: a listener's period on the screen, as page and cards; the archive, and what changed since."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

from rich.markup import escape

from config.errors import InputError
from config.settings import Settings
from schemas.lake import Lake
from terminal.screen import grid, out, print_json, working
from wrapped import provenance, words
from wrapped.archive import Report, current, folder_of, listener_of, make_report, opened, reopened, reports_of
from wrapped.cards import first_facts
from wrapped.differences import Change, changes, reasons
from wrapped.files import write_files
from wrapped.names import clean
from wrapped.periods import Period, read_period

_SHOWN = 5
_ID = re.compile(r"[0-9a-f]{6,16}", re.IGNORECASE)


def show_wrapped(
    settings: Settings,
    which: str,
    *,
    month: int | None,
    first: date | None,
    last: date | None,
    user: str | None,
    folder: Path | None,
    with_cards: bool,
    diff: bool,
    as_json: bool,
) -> None:
    """Make a period's Wrapped or reopen one by its id, and print it; with diff, what changed since it was made."""
    kept = None
    if _ID.fullmatch(which) and not (month or first or last) and not re.fullmatch(r"\d{4}", which):
        kept = reopened(Lake(settings.lake_uri), which)
    if diff:
        _show_difference(settings, kept, None if kept else read_period(which, month, first, last), user, as_json)
        return
    if kept is None:
        report, note = _made(settings, read_period(which, month, first, last), user)
    else:
        report, note = kept, f"Reopened as it was made on {kept.made_at:%Y-%m-%d %H:%M} UTC."
    files: list[Path] = []
    if with_cards:
        target = folder or folder_of(settings, report.user_id, report.period)
        with working("drawing the page and the cards"):
            files = _written(report, target)
    if as_json:
        print_json({**_about(report), "files": [str(file) for file in files], "data": report.data})
        return
    _print_report(report.data)
    out.print(f"{note} Report {report.report_id}.", style="dim")
    if files:
        out.print(f"Page: {files[0].resolve()}\nCards: {(files[0].parent / 'cards').resolve()}", markup=False)


def show_archive(settings: Settings, user: str | None, *, as_json: bool) -> None:
    """List the reports of the archive, the newest first."""
    reports = reports_of(Lake(settings.lake_uri), user)
    if as_json:
        print_json([_about(report) for report in reports])
        return
    if not reports:
        out.print("The archive is empty. `lakesong wrapped 2026` makes the first one.", markup=False)
        return
    table = grid("report", "listener", "period", "minutes", "made (UTC)", right=("minutes",))
    for report in reports:
        title = report.period.title + ("" if report.is_whole else f" ({words.known_days(report.data)})")
        minutes = words.minutes(report.data["totals"]["listened_ms"])
        table.add_row(report.report_id, escape(report.user_id), title, minutes, f"{report.made_at:%Y-%m-%d %H:%M}")
    out.print(table)


def _made(settings: Settings, period: Period, user: str | None) -> tuple[Report, str]:
    with working("reading the lake"), opened(settings) as source:
        user_id = listener_of(source, user)
        earlier = reports_of(source.lake, user_id, period)
        report, is_new = make_report(source, user_id, period)
    if not is_new:
        return report, f"Nothing changed since it was made on {report.made_at:%Y-%m-%d %H:%M} UTC."
    if earlier:
        return report, f"Made anew: `lakesong wrapped {earlier[0].report_id} --diff` says what changed."
    return report, "Made now, and kept in the archive."


def _written(report: Report, folder: Path) -> list[Path]:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is no folder.", "Name another one with --out.")
    try:
        return write_files(report, folder)
    except PermissionError as error:
        raise InputError(f"{error.filename or folder} cannot be written.", "Name another folder with --out.") from error


def _show_difference(
    settings: Settings, kept: Report | None, period: Period | None, user: str | None, as_json: bool
) -> None:
    """Compare the report, or the newest of the period that differs from now, with one made now; nothing is kept."""
    with working("reading the lake"), opened(settings) as source:
        user_id = kept.user_id if kept else listener_of(source, user)
        asked = kept.period if kept else period
        assert asked is not None
        now = current(source, user_id, asked)
        earlier = [kept] if kept else reports_of(source.lake, user_id, asked)
        then = next((report for report in earlier if report.text != now.text), earlier[0] if earlier else None)
        if then is None:
            raise InputError(f"There is no report of {asked.title} yet.", "Make it first: the same without --diff.")
        imports = provenance.imports_since(source.reader, user_id, then.made_from["imports"])
    found = changes(then.data, now.data)
    span = (str(asked.first), str(asked.last))
    # As JSON and back, as the archive has it.
    now_facts = json.loads(json.dumps(now.made_from, default=str))
    why = reasons(_facts(then, then.made_from), _facts(now, now_facts), imports, span) if found else []
    if as_json:
        listed = [{"what": one.what, "then": one.then, "now": one.now} for one in found]
        print_json({"report_id": then.report_id, "made_at": then.made_at, "changes": listed, "reasons": why})
    else:
        _print_difference(then, found, why)


def _facts(report: Report, made_from: dict[str, Any]) -> dict[str, Any]:
    return {**made_from, "code_version": report.code_version, "table_versions": report.table_versions}


def _print_difference(then: Report, found: list[Change], why: list[str]) -> None:
    since = f"report {then.report_id} of {then.made_at:%Y-%m-%d %H:%M} UTC"
    if not found:
        out.print(f"Nothing changed since {since}.")
        return
    out.print(f"[bold]What changed since {since}[/bold]")
    table = grid("", "then", "now")
    for change in found:
        table.add_row(escape(change.what), escape(change.then), escape(change.now))
    out.print(table, "")
    out.print("[bold]Why[/bold]")
    for reason in why or ["nothing that a report is made from is known to have changed"]:
        out.print(f"  {reason}", markup=False)


def _print_report(data: dict[str, Any]) -> None:
    known = words.known_days(data)
    simulated = " (simulated)" if data["is_simulated"] else ""
    heading = f"{clean(data['user_id'])}{simulated}: {words.period_of(data).title}" + (f", {known}" if known else "")
    out.print(escape(heading), style="bold")
    totals = data["totals"]
    least = "at least " if data["known"]["is_at_least"] else ""
    change = words.comparison(data)
    out.print(
        f"{least}{words.minutes(totals['listened_ms'])} minutes, {totals['play_count']:,} plays, "
        f"{totals['artist_count']:,} artists, {totals['recording_count']:,} tracks, "
        f"{totals['active_day_count']:,} days with music" + (f"; {change}" if change else "")
    )
    for note in words.notes(data):
        if note:
            out.print(note, style="dim", markup=False)
    out.print("")
    _print_lists(data)
    for label, name, detail in first_facts(data):
        out.print(f"{label}: {name} ({detail})", markup=False)
    out.print(f"Your hour: {words.hour_span(words.peak_hour(data))}")
    moods = data["moods"]
    told = "; ".join(f"{row['name']} {words.percent(row['share'])}" for row in moods["clusters"])
    out.print(f"Moods of the music: {told or 'not told, ' + moods['reason']}", markup=False)
    profiles = data["profile"]["profiles"][:2]
    ways = ", ".join(f"{row['name']} {words.percent(row['share'])}" for row in profiles)
    out.print(f"Ways of listening: {ways or 'not told, ' + data['profile']['reason']}\n", markup=False)


def _print_lists(data: dict[str, Any]) -> None:
    kinds = (("artists", "artist_name", None), ("tracks", "track_name", "artist_name"))
    for name, title, detail in kinds:
        table = grid(f"top {name}", "minutes", "plays", "", right=("minutes", "plays"))
        for row in data[name][:_SHOWN]:
            label = clean(row[title]) + (f", {clean(row[detail])}" if detail else "")
            moved = words.moved(row) if words.is_compared(data) else ""
            table.add_row(escape(label), words.minutes(row["listened_ms"]), f"{row['play_count']:,}", moved)
        out.print(table, "")


def _about(report: Report) -> dict[str, Any]:
    return {
        "report_id": report.report_id,
        "user_id": report.user_id,
        "is_simulated": report.is_simulated,
        "kind": report.period.kind,
        "from": str(report.period.first),
        "to": str(report.period.last),
        "made_at": report.made_at.isoformat(timespec="seconds"),
        "code_version": report.code_version,
        "table_versions": report.table_versions,
    }
