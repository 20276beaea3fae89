"""Streaks, skips, sessions, shuffle, devices, popularity and the music profile."""

from __future__ import annotations

from assistant.answers.totals import of_items
from assistant.desk import DeclinedError, Desk, Told, minutes_in_words, percent
from assistant.replies import Column, Row


def streak(desk: Desk) -> Told:
    """The longest, or the running, run of local days with a counted play."""
    is_current = bool(desk.slots.words & {"current", "on", "now"})
    rows = desk.rows(
        "SELECT streak_start, streak_end, streak_days, play_count, is_broken_by_gap FROM listening_streaks "
        "WHERE streak_kind = 'listening' AND (is_current_streak OR NOT $current) "
        "ORDER BY streak_days DESC, streak_start LIMIT 10",
        current=is_current,
    )
    if not rows:
        raise DeclinedError("There is no streak: one begins with two days in a row with music.")
    found = rows[0]
    told = f"{found['streak_days']} days in a row, from {found['streak_start']} to {found['streak_end']}"
    told += " (still going)." if is_current else "."
    columns: tuple[Column, ...] = (Column("streak_days", "Days", "days"), Column("streak_start", "From", "day"))
    columns += (Column("streak_end", "To", "day"), Column("play_count", "Plays", "plays"))
    notes: tuple[str, ...] = ("It may be longer: hours at its end are not known.",) if found["is_broken_by_gap"] else ()
    return Told(told, found["streak_days"], "days", columns, tuple(rows), found["play_count"], notes, is_ranged=False)


def skips(desk: Desk) -> Told:
    """Share of the plays begun that were skips; value: the share."""
    source, values = desk.plays()
    found = desk.row(
        "SELECT count(*) AS starts, count(*) FILTER (is_skip) AS skips, avg(is_skip::INT) AS skip_share, "
        f"count(*) FILTER (time_source <> 'measured') AS estimated FROM {source}",
        **values,
    )
    if found["starts"] < 20:
        raise DeclinedError(f"Only {found['starts']} plays were begun{of_items(desk)}{desk.scope()}: too few to tell.")
    told = f"{found['skips']:,} of {found['starts']:,} plays begun{of_items(desk)}{desk.scope()} were skips: "
    notes: tuple[str, ...] = ()
    if found["estimated"]:
        notes = (f"{found['estimated']:,} of them come from sources that report no short plays.",)
    columns: tuple[Column, ...] = (
        Column("starts", "Begun", "plays"),
        Column("skips", "Skips", "plays"),
        Column("skip_share", "Skips", "share"),
    )
    told += percent(found["skip_share"])
    return Told(f"{told}.", found["skip_share"], "share", columns, (found,), found["starts"], notes)


_SESSIONS = """
    SELECT count(*) AS sessions, avg(session_ms) / 60000.0 AS mean_minutes,
        max(session_ms) / 60000.0 AS longest_minutes,
        arg_max(played_date, session_ms) AS longest_date, sum(play_count) AS plays
    FROM listening_sessions WHERE played_date BETWEEN $first AND $last
"""
_SESSION_COLUMNS = (
    Column("sessions", "Sessions"),
    Column("mean_minutes", "Mean length", "minutes"),
    Column("longest_minutes", "Longest", "minutes"),
    Column("longest_date", "Day of the longest", "day"),
)


def _sessions(desk: Desk) -> Row:
    first, last = desk.days
    found = desk.row(_SESSIONS, first=first, last=last)
    if not found["sessions"]:
        raise DeclinedError(f"There was no session{desk.scope()}.")
    return found


def sessions(desk: Desk) -> Told:
    """How many sessions: runs of plays with at most 20 silent minutes between them, unless set otherwise."""
    found = _sessions(desk)
    told = f"{found['sessions']:,} sessions{desk.scope()}, {found['mean_minutes']:.0f} minutes long on average."
    return Told(told, found["sessions"], "sessions", _SESSION_COLUMNS, (found,), found["plays"])


def session_length(desk: Desk) -> Told:
    """How long sessions are on average, or how long the longest was, in minutes."""
    found = _sessions(desk)
    if desk.slots.words & {"longest"}:
        length = minutes_in_words(found["longest_minutes"])
        told = f"Your longest session{desk.scope()} was {length}, on {found['longest_date']}."
        return Told(told, found["longest_minutes"], "minutes", _SESSION_COLUMNS, (found,), found["plays"])
    told = f"A session{desk.scope()} is {found['mean_minutes']:.1f} minutes long on average"
    told += f" ({found['sessions']:,} sessions)."
    return Told(told, found["mean_minutes"], "minutes", _SESSION_COLUMNS, (found,), found["plays"])


def shuffle(desk: Desk) -> Told:
    """Share of the listening time with shuffle on, of that where it is known."""
    source, values = desk.plays()
    found = desk.row(
        "SELECT sum(listened_ms) FILTER (is_shuffle) / sum(listened_ms) FILTER (is_shuffle IS NOT NULL) AS on_share, "
        "sum(listened_ms) FILTER (is_shuffle IS NOT NULL) / sum(listened_ms) AS known_share, "
        f"count(*) FILTER (is_counted AND is_shuffle IS NOT NULL) AS plays FROM {source}",
        **values,
    )
    if found["on_share"] is None:
        raise DeclinedError(f"No source says whether shuffle was on{desk.scope()}.")
    told = f"{percent(found['on_share'])} of your listening time{of_items(desk)}{desk.scope()} was on shuffle"
    columns: tuple[Column, ...] = (Column("on_share", "On shuffle", "share"), Column("known_share", "Known", "share"))
    told += f" (known of {percent(found['known_share'])})."
    return Told(told, found["on_share"], "share", columns, (found,), found["plays"])


def device(desk: Desk) -> Told:
    """Share of the listening time by kind of device, over all days or a whole month or year."""
    kind, start = standard_period(desk)
    rows = desk.rows(
        "SELECT bucket AS device, period_share, play_count, listened_ms / 60000.0 AS minutes FROM playback_shares "
        "WHERE dimension = 'device' AND period_kind = $kind AND period_start = $start ORDER BY listened_ms DESC",
        kind=kind,
        start=start,
    )
    if not rows:
        raise DeclinedError(f"Nothing is known of devices{desk.scope()}.")
    told = ", ".join(f"{row['device']} {percent(row['period_share'] or 0)}" for row in rows)
    columns: tuple[Column, ...] = (Column("device", "Device"), Column("period_share", "Share of the time", "share"))
    columns += (Column("play_count", "Plays", "plays"), Column("minutes", "Minutes", "minutes"))
    count = sum(row["play_count"] for row in rows)
    return Told(
        f"Your listening time{desk.scope()} by device: {told}.",
        rows[0]["device"],
        "device",
        columns,
        tuple(rows),
        count,
    )


def mainstream(desk: Desk) -> Told:
    """Share of the plays with popularity 60 or more, where popularity is known."""
    kind, start = standard_period(desk)
    found = desk.row(
        "SELECT mainstream_share, mean_popularity, popularity_known_share, play_count, reason FROM mainstream_share "
        "WHERE period_kind = $kind AND period_start = $start",
        kind=kind,
        start=start,
    )
    if found["mainstream_share"] is None:
        raise DeclinedError(f"That cannot be told{desk.scope()}: {found['reason']}.")
    told = f"{percent(found['mainstream_share'])} of your plays{desk.scope()} are of popular music "
    told += f"(popularity 60 or more); the mean popularity is {found['mean_popularity']:.0f} of 100, "
    told += f"known of {percent(found['popularity_known_share'])}."
    columns: tuple[Column, ...] = (
        Column("mainstream_share", "Popular", "share"),
        Column("mean_popularity", "Mean popularity", "0-100"),
    )
    columns += (Column("popularity_known_share", "Known", "share"),)
    return Told(told, found["mainstream_share"], "share", columns, (found,), found["play_count"])


def profile(desk: Desk) -> Told:
    """How near the habits are to each of five ways of listening."""
    kind, start = standard_period(desk)
    rows = desk.rows(
        "SELECT profile_name, profile_share, drivers, play_count, reason FROM music_profiles "
        "WHERE period_kind = $kind AND period_start = $start ORDER BY profile_rank",
        kind=kind,
        start=start,
    )
    if not rows or rows[0]["profile_share"] is None:
        reason = rows[0]["reason"] if rows else "there is no row for it"
        raise DeclinedError(f"Your profile{desk.scope()} cannot be told: {reason}.")
    told = ", ".join(f"{row['profile_name']} {percent(row['profile_share'])}" for row in rows)
    first = rows[0]
    told = f"Mostly {first['profile_name']}{desk.scope()}: {told}. What speaks for it: {first['drivers']}."
    columns: tuple[Column, ...] = (
        Column("profile_name", "Profile"),
        Column("profile_share", "Part", "share"),
        Column("drivers", "Drivers"),
    )
    note = ("Shares of five described habits, not a type of person.",)
    return Told(told, first["profile_name"], "profile", columns, tuple(rows), first["play_count"], note)


def standard_period(desk: Desk) -> tuple[str, object]:
    """The standard range that is asked about: all time, or a whole month or year. Raises DeclinedError for others."""
    if not desk.slots.ranges or desk.slots.ranges[0] == type(desk.slots.ranges[0])(words="of all days"):
        return "all_time", desk.row("SELECT DATE '1970-01-01' AS start")["start"]
    span = desk.slots.ranges[0]
    if span.first and span.last and span.first.day == 1:
        days = (span.last - span.first).days + 1
        if days in (365, 366) and span.first.month == 1:
            return "year", span.first
        if 28 <= days <= 31:
            return "month", span.first
    raise DeclinedError(
        "That is known for whole months, whole years and all time.", "How mainstream is my taste in 2026?"
    )
