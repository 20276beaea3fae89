"""Wellbeing: habits of listening beside one's own past."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from dashboard.parts import Chart, Column, Fragment, Kind, Notice, Part, Table, Words
from dashboard.sparklines import sparkline
from dashboard.view import View, page
from dashboard.words import share, shown
from serving.store import Row
from serving.wellbeing import (
    CAVEAT,
    GROUPS,
    WEEKS_SHOWN,
    Indicator,
    findings,
    indicator_weeks,
    newest_week,
    past_weeks,
    told_of,
    week_indicators,
)

CHANCE = 0.05  # of values outside two standard deviations
WITHIN = "within your usual range"
QUESTIONS = {
    "mood_by_hour": "Does the music sound different at some times of day?",
    "features_foretell_habits": "Does the sound of a week foretell its habits?",
    "bright_and_dark_sessions": "Do bright sessions go with other habits than dark ones?",
}


@page("/wellbeing", "Wellbeing", group="Feeling", place=2, has_basis=True)
def wellbeing(view: View) -> Iterator[Part]:
    """Your habits of listening, week by week, beside your own past and nobody else's."""
    yield Notice("caveat", text=CAVEAT)
    week = newest_week(view.store, view.basis, view.range.last)
    if week is None:
        yield Notice("nothing", text="No whole week ends in this range yet.", step="Choose a later one above.")
        return
    rows = week_indicators(view.store, view.basis, week)
    earlier = _earlier(view)
    yield _summary(view, rows, week)
    past = past_weeks(view.store, view.basis, week)
    for group in GROUPS:
        mine = [row for row in rows if told_of(row["indicator"]).group == group]
        if mine:
            cards = [_card(view, row, past.get(row["indicator"], []), earlier) for row in mine]
            yield Fragment(group.lower(), group, file="wellbeing/cards.html", data={"cards": cards})
    yield _trend(view, rows, week)
    yield _table(rows, earlier, view)
    yield _findings(view)


def _earlier(view: View) -> dict[str, Row]:
    """The indicators of the newest week of the range to compare with."""
    week = newest_week(view.store, view.basis, view.compare.last) if view.compare else None
    return {row["indicator"]: row for row in week_indicators(view.store, view.basis, week)} if week else {}


def told(value: float | None, indicator: Indicator) -> str:
    """A value as people read it."""
    if value is None:
        return shown(None)
    if indicator.unit == "share":
        return share(value).replace("-", "−")
    if indicator.unit == "difference":
        return f"{100 * value:+.1f} points".replace("-", "−")
    if indicator.unit == "clock":
        minutes = round(60 * value) % 1440
        return f"{minutes // 60:02d}:{minutes % 60:02d}"
    suffix = {"hours": " h", "minutes": " min"}.get(indicator.unit, "")
    if indicator.unit in ("count", "minutes"):
        return shown(value, "figure") + suffix
    return f"{value:.{1 if suffix else 2}f}{suffix}".replace("-", "−")


def standing_of(row: Row) -> str:
    """Where a value stands beside one's usual range; hours of the day are earlier or later."""
    words = row["standing"] or ""
    if told_of(row["indicator"]).unit == "clock":
        words = words.replace("below", "earlier than").replace("above", "later than")
    return words


def _summary(view: View, rows: list[Row], week: date) -> Words:
    windows = f"{week.day} {week:%B %Y}"
    told_rows = [row for row in rows if row["value"] is not None and row["standing"]]
    sentences = [f"It begins on Monday, {windows}. {len(told_rows)} of {len(rows)} indicators "
                 "can be told beside your usual range, which is that of the 12 weeks before it."]  # fmt: skip
    if view.basis == "measured":
        off = [row for row in told_rows if row["standing"] != WITHIN]
        sentences += [_sentence(row) for row in off]
        expected = CHANCE * len(told_rows)
        sentences.append(
            f"{len(off) or 'None'} of these {len(told_rows)} outside it; by chance alone about {expected:.0f} would be "
            "in any week."
        )
    return Words("summary", "The newest whole week", sentences=sentences)


def _sentence(row: Row) -> str:
    one = told_of(row["indicator"])
    return (
        f"{one.title}: {told(row['value'], one)}, {standing_of(row)} "
        f"({told(row['past_low'], one)} to {told(row['past_high'], one)})."
    )


def _card(view: View, row: Row, past: list[Row], earlier: dict[str, Row]) -> dict[str, Any]:
    one = told_of(row["indicator"])
    lines = []
    if row["low"] is not None:
        lines.append(f"95 % interval {told(row['low'], one)} to {told(row['high'], one)}")
    if row["past_low"] is not None:
        # Two standard deviations may reach below what a share can be.
        least = max(0.0, row["past_low"]) if one.unit == "share" else row["past_low"]
        lines.append(f"Usual {told(least, one)} to {told(row['past_high'], one)}")
    if row["last_year_value"] is not None:
        lines.append(f"A year earlier {told(row['last_year_value'], one)}")
    before = earlier.get(row["indicator"])
    if before and view.compare:
        lines.append(f"{view.compare.label}: {told(before['value'], one)}")
    lines.append(_sample(row))
    return {
        "title": one.title, "says": one.says, "lines": lines, "reason": row["reason"] or "",
        "value": told(row["value"], one), "standing": standing_of(row) if row["value"] is not None else "",
        "is_off": bool(row["standing"]) and row["standing"] != WITHIN,
        "href": f"{view.here(indicator=row['indicator'])}#trend",
        "spark": sparkline(*([one_week[name] for one_week in past] for name in ("value", "past_low", "past_high"))),
    }  # fmt: skip


def _sample(row: Row) -> str:
    if row["sample_size"] is None:
        return ""
    least = f", at least {row['least_sample']:,.0f} needed" if row["least_sample"] else ""
    days = (row["window_end"] - row["window_start"]).days + 1
    return f"{row['sample_size']:,.0f} {row['sample_unit']}{least}; window of {days} days"


def _trend(view: View, rows: list[Row], week: date) -> Chart:
    names = [row["indicator"] for row in rows]
    off = [row["indicator"] for row in rows if row["standing"] not in (None, WITHIN) and row["value"] is not None]
    chosen = view.parameters.get("indicator", "")
    chosen = chosen if chosen in names else (off or names)[0]
    one = told_of(chosen)
    first = min(view.range.first, week - timedelta(weeks=WEEKS_SHOWN))
    kind: Kind = "share" if one.unit in ("share", "difference") else "figure"
    unit = next(row["unit"] for row in rows if row["indicator"] == chosen)
    return Chart(
        "trend", f"Over time: {one.title}", kind="line", x="week_start", y=("value",), low="past_low", high="past_high",
        from_zero=False, rows=indicator_weeks(view.store, view.basis, chosen, first, view.range.last),
        columns=(
            Column("week_start", "Week of", "date"), Column("value", one.title, kind),
            Column("past_low", "Usual from", kind), Column("past_high", "Usual to", kind),
            Column("low", "Interval from", kind), Column("high", "Interval to", kind),
            Column("sample_size", "Sample", "count"), Column("standing", "Standing"), Column("reason", "Why empty"),
        ),
        note=f"{one.says} Unit: {unit}. The band is the usual range then; other indicators: choose their names above.",
    )  # fmt: skip


def _table(rows: list[Row], earlier: dict[str, Row], view: View) -> Table:
    shown_rows = [
        {
            **row, "title": told_of(row["indicator"]).title, "said": standing_of(row) or row["reason"],
            "compared": earlier.get(row["indicator"], {}).get("value"),
        }
        for row in rows
    ]  # fmt: skip
    columns = [
        Column("title", "Indicator", "words", sub="unit"), Column("value", "Now", "figure"),
        Column("low", "From", "figure"), Column("high", "To", "figure"), Column("past_low", "Usual from", "figure"),
        Column("past_high", "Usual to", "figure"), Column("last_year_value", "A year earlier", "figure"),
    ]  # fmt: skip
    if view.compare:
        columns.append(Column("compared", view.compare.label, "figure"))
    columns += [Column("sample_size", "Sample", "count", sub="sample_unit"), Column("said", "Standing", "words")]
    return Table("indicators", "All indicators in numbers", columns=columns, rows=shown_rows)


def _findings(view: View) -> Table:
    rows = findings(view.store, view.basis)
    for row in rows:
        row["asked"] = QUESTIONS.get(row["question"], row["question"])
        sentence = (row["sentence"] or "").removesuffix(f": {row['verdict']}")
        row["words"] = row["reason"] or (f"{sentence[:1].upper()}{sentence[1:]}." if sentence else None)
        if view.basis != "measured":
            row["words"] = row["reason"] or row["finding"].replace("_", " ").capitalize()
    nulls = sum(row["verdict"] == "no evidence" for row in rows)
    held = sum(row["verdict"] == "supported" for row in rows)
    return Table(
        "findings", "What was asked of your data", rows=rows,
        columns=(
            Column("words", "Answer", "words", sub="asked"), Column("verdict", "Verdict"),
            Column("estimate", "Estimate", "figure", sub="estimate_unit"), Column("low", "From", "figure"),
            Column("high", "To", "figure"), Column("sample_size", "Sample", "count", sub="sample_unit"),
        ),
        note=f"Of {len(rows)} answers {held} hold beyond chance and {nulls} show no evidence. No evidence is a result "
        "too: what was looked for was not found. What goes together need not cause.",
        empty="Nothing was asked yet: whole weeks with features are needed.",
    )  # fmt: skip
