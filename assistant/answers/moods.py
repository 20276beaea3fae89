"""What rests on audio features: moods, indicators, changes of taste and the forecast. Measured features alone."""

from __future__ import annotations

from datetime import date

from assistant.desk import DeclinedError, Desk, Told, minutes_in_words, percent
from assistant.replies import Column

# Words of a question -> the indicator they ask for; the first that fits.
_INDICATORS = (
    ({"diversity", "diverse", "varied", "variety"}, "artist_diversity"),
    ({"regular", "rhythm", "regularity"}, "rhythm_regularity"),
    ({"rediscover", "rediscovery"}, "rediscovery_rate"),
    ({"discover"}, "discovery_rate"),
    ({"repetitive", "repetition", "over", "same"}, "repetition"),
    ({"loop"}, "longest_loop"),
    ({"session"}, "sessions_per_week"),
    ({"shift"}, "weekend_shift_hours"),
)
_ABOUT_MUSIC = "They describe the music, not how you feel."


def moods(desk: Desk) -> Told:
    """The mood clusters of the listener's music by their share of the listening time."""
    rows = desk.rows(
        "SELECT cluster_name, listened_share, track_count, play_count, valence, energy, reason FROM mood_clusters "
        "WHERE basis = 'measured' ORDER BY cluster_name IS NULL, listened_share DESC"
    )
    named = [row for row in rows if row["cluster_name"]]
    if not named:
        reason = rows[0]["reason"] if rows else "no features are known"
        raise DeclinedError(f"Your music falls into no moods: {reason}.")
    told = ", ".join(f"{row['cluster_name']} ({percent(row['listened_share'])})" for row in named)
    columns: tuple[Column, ...] = (
        Column("cluster_name", "Mood"),
        Column("listened_share", "Share of the time", "share"),
    )
    columns += (Column("track_count", "Tracks"), Column("play_count", "Plays", "plays"))
    columns += (Column("valence", "Valence", "0-1"), Column("energy", "Energy", "0-1"))
    count = sum(row["play_count"] for row in named)
    shown = tuple({column.name: row[column.name] for column in columns} for row in named)
    notes: tuple[str, ...] = (f"From measured features alone. {_ABOUT_MUSIC}",)
    return Told(f"By listening time: {told}.", named[0]["cluster_name"], "mood", columns, shown, count, notes)


def indicator(desk: Desk) -> Told:
    """The newest value of an indicator of habits, beside the listener's own past."""
    words = desk.slots.words
    name = next((found for asked, found in _INDICATORS if words & asked), "")
    if not name and ({"late", "night"} & {*desk.slots.parts, *words}):
        name = "late_night_share"
    if not name and not words & {"wellbeing", "indicators"}:
        raise DeclinedError("Which habit? Late nights, diversity, rhythm, discovery, repetition or sessions a week.")
    rows = desk.rows(
        "SELECT indicator, value, low, high, unit, window_start, window_end, past_low, past_high, standing, reason, "
        "sample_size, sample_unit FROM wellbeing_indicators WHERE basis = 'measured' AND value IS NOT NULL "
        "AND ($name = '' OR indicator = $name) "
        "QUALIFY row_number() OVER (PARTITION BY indicator ORDER BY week_start DESC) = 1 ORDER BY indicator",
        name=name,
    )
    if not rows:
        raise DeclinedError("There is too little listening for that indicator yet.")
    found = rows[0]
    told = f"{found['indicator'].replace('_', ' ').capitalize()}: {found['value']:.3g} ({found['unit']}), from "
    told += f"{found['window_start']} to {found['window_end']}"
    if found["past_low"] is not None:
        told += f"; your own usual range is {found['past_low']:.3g} to {found['past_high']:.3g}"
    told += f" ({found['standing']})." if found["standing"] else "."
    if not name:
        told = f"{len(rows)} indicators of habits are known; the table shows each. " + told
    columns: tuple[Column, ...] = (Column("indicator", "Indicator"), Column("value", "Value"), Column("unit", "Unit"))
    columns += (Column("low", "Low"), Column("high", "High"), Column("past_low", "Usual from"))
    columns += (Column("past_high", "Usual to"), Column("standing", "Standing"))
    notes: tuple[str, ...] = ("About habits of listening, never a diagnosis.",)
    return Told(told, found["value"], found["unit"], columns, tuple(rows), notes=notes, is_ranged=False)


def taste(desk: Desk) -> Told:
    """The weeks from which on taste was different, or why none is claimed."""
    rows = desk.rows(
        "SELECT era_start, changed_aspect, changed_item, before_mean, after_mean, p_value, sentence, reason "
        "FROM taste_changes WHERE basis = 'measured' ORDER BY change_number, changed_place"
    )
    changes = [row for row in rows if row["era_start"]]
    if not changes:
        reason = rows[0]["reason"] if rows else "there is too little listening"
        return Told(f"No change of taste is claimed: {reason}.", 0, "changes", is_ranged=False)
    starts = list(dict.fromkeys(row["era_start"] for row in changes))
    said = [row["sentence"] for row in changes if row["sentence"]]
    columns: tuple[Column, ...] = (
        Column("era_start", "From", "day"),
        Column("changed_aspect", "Aspect"),
        Column("changed_item", "What"),
    )
    columns += (Column("before_mean", "Before"), Column("after_mean", "After"), Column("p_value", "p"))
    told = f"Your taste changed {len(starts)} times: {'; '.join(said or [str(start) for start in starts])}."
    return Told(told, len(starts), "changes", columns, tuple(changes), is_ranged=False)


def forecast(desk: Desk) -> Told:
    """The forecast of listening time for days of the next two weeks."""
    span = desk.slots.ranges[0] if desk.slots.ranges else None
    rows = desk.rows(
        "SELECT forecast_date, forecast_value / 60000.0 AS minutes, low_80 / 60000.0 AS low_80, "
        "high_80 / 60000.0 AS high_80, choice, reason FROM mood_forecast "
        "WHERE basis = 'measured' AND target = 'listened_ms' ORDER BY forecast_date"
    )
    known = [row for row in rows if row["minutes"] is not None]
    if not known:
        raise DeclinedError(f"There is no forecast: {rows[0]['reason'] if rows else 'too little listening is known'}.")
    first = span.first if span and span.first else known[0]["forecast_date"]
    last = span.last if span and span.last else known[-1]["forecast_date"]
    asked = [row for row in known if _within(row["forecast_date"], first, last)]
    if not asked or last > known[-1]["forecast_date"]:
        raise DeclinedError(
            f"The forecast covers {known[0]['forecast_date']} to {known[-1]['forecast_date']}, not more.",
            "How much will I listen tomorrow?",
        )
    value = sum(row["minutes"] for row in asked)
    one = asked[0]
    told = f"About {minutes_in_words(value)} from {one['forecast_date']} to {asked[-1]['forecast_date']}"
    if len(asked) == 1:
        told = f"About {minutes_in_words(value)} on {one['forecast_date']}, in four of five cases between "
        told += f"{one['low_80']:,.0f} and {one['high_80']:,.0f} minutes"
    columns: tuple[Column, ...] = (Column("forecast_date", "Day", "day"), Column("minutes", "Forecast", "minutes"))
    columns += (Column("low_80", "80 % from", "minutes"), Column("high_80", "to", "minutes"))
    notes: tuple[str, ...] = (f"Served: {one['choice']}.",)
    return Told(f"{told}.", value, "minutes", columns, tuple(asked), notes=notes, trust=0.9, is_ranged=False)


def _within(day: date, first: date, last: date) -> bool:
    return first <= day <= last
