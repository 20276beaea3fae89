"""The cards to share: pictures of 1080 x 1920 (a phone's whole screen) and 1200 x 630 (the preview of a link)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from wrapped import words
from wrapped.charts import draw_bars, draw_clock, draw_list
from wrapped.drawing import Canvas
from wrapped.frames import FRAMES, Box, Frame, begin
from wrapped.lake import draw_lake, draw_sky
from wrapped.names import clean
from wrapped.palette import CORAL, INK, MUTED, SUN
from wrapped.periods import day_range, day_text

Data = dict[str, Any]


@dataclass(frozen=True)
class Card:
    """One card: a name for its file, what it shows in words for those who do not see it, and how it is drawn."""

    name: str
    alt: str
    draw: Callable[[Canvas, Frame], None]


@dataclass(frozen=True)
class Picture:
    """A card as a PNG of one size."""

    file_name: str
    alt: str
    png: bytes


def cards_of(data: Data) -> list[Card]:
    """The cards that the data have something to show on."""
    makers = (_overview, _artists, _tracks, _albums, _genres, _clock, _steps, _moods, _firsts)
    return [card for maker in makers if (card := maker(data))]


def canvas_of(data: Data, card: Card, frame: Frame) -> Canvas:
    """A card drawn in a frame."""
    canvas = Canvas(frame.width, frame.height)
    draw_sky(canvas)
    draw_lake(canvas, data, frame.overview_lake if card.name == "overview" else frame.lake, words.peak_hour(data))
    card.draw(canvas, frame)
    return canvas


def pictures(data: Data) -> Iterator[Picture]:
    """Every card in every size."""
    for number, card in enumerate(cards_of(data), start=1):
        for frame in FRAMES:
            name = f"{number}-{card.name}-{frame.width}x{frame.height}.png"
            yield Picture(name, card.alt, canvas_of(data, card, frame).png())


def _overview(data: Data) -> Card:
    totals, at_least = data["totals"], data["known"]["is_at_least"]
    facts = [
        (totals["artist_count"], "artist" if totals["artist_count"] == 1 else "artists"),
        (totals["recording_count"], "track" if totals["recording_count"] == 1 else "tracks"),
        (totals["active_day_count"], "day with music" if totals["active_day_count"] == 1 else "days with music"),
    ]
    label = "minutes of music, at least" if at_least else "minutes of music"
    change = words.comparison(data)

    def draw(canvas: Canvas, frame: Frame) -> None:
        begin(canvas, frame, data, is_overview=True)
        y = canvas.write(
            words.period_of(data).title, frame.left, frame.title_y, size=frame.heading, fill=INK, style="display",
            width=frame.full_width,
        )  # fmt: skip
        figure = words.minutes(totals["listened_ms"])
        y = canvas.write(
            figure, frame.left, y + 1.15 * frame.figure, size=frame.figure, fill=SUN, style="display",
            width=frame.figure_width,
        )  # fmt: skip
        y += (1.9 if frame.is_tall else 1.65) * frame.body
        y = canvas.write(label, frame.left, y, size=frame.body, fill=INK, width=frame.figure_width)
        if change:
            y = canvas.write(
                change,
                frame.left,
                y + 1.55 * frame.small,
                size=frame.small,
                fill=MUTED,
                width=frame.full_width,
                lines=2 if frame.is_tall else 1,
            )
        frame.write_facts(canvas, facts, y)
        step = words.WAVE_WORDS[data["waves"]["step"]]
        caption = f"Each wave is a {step}, from midnight to midnight"
        canvas.write(caption, frame.left, frame.caption_y, size=frame.small, fill=INK, width=frame.full_width)

    alt = f"{words.title(data)}: {words.minutes(totals['listened_ms'])} {label}, " + ", ".join(
        f"{count:,} {what}" for count, what in facts
    )
    return Card("overview", alt, draw)


def _list_card(data: Data, name: str, heading: str, rows: list[Data], title: str, detail: str = "") -> Card | None:
    """A card with the first few of a list; title and detail are the columns with the two names of a row."""
    if not rows:
        return None
    listed = [
        {
            "name": clean(row[title]),
            "detail": clean(row[detail]) if detail else "",
            "figure": f"{words.minutes(row['listened_ms'])}{words.NB}min",
            "part": row["listened_ms"] / max(1, rows[0]["listened_ms"]),
        }
        for row in rows[:5]
    ]

    def draw(canvas: Canvas, frame: Frame) -> None:
        begin(canvas, frame, data)
        draw_list(canvas, frame, frame.write_heading(canvas, heading), listed)

    told = [f"{at}. {row['name']}" + (f" by {row['detail']}" if detail else "") for at, row in enumerate(listed, 1)]
    return Card(name, f"{words.title(data)}, {heading.lower()}: {'; '.join(told)}", draw)


def _artists(data: Data) -> Card | None:
    return _list_card(data, "artists", "Artists you came back to", data["artists"], "artist_name")


def _tracks(data: Data) -> Card | None:
    return _list_card(data, "tracks", "Songs you stayed with", data["tracks"], "track_name", "artist_name")


def _albums(data: Data) -> Card | None:
    return _list_card(data, "albums", "Albums you kept open", data["albums"], "album_name", "artist_name")


def _genres(data: Data) -> Card | None:
    return _list_card(data, "genres", "Genres of your lake", data["genres"]["top"], "genre")


def _clock(data: Data) -> Card | None:
    if not data["totals"]["listened_ms"]:
        return None
    hour = words.peak_hour(data)
    heading = f"Your hour is {words.hour_span(hour)}"
    week = data["weekdays"]
    day = words.WEEKDAYS[max(range(7), key=lambda number: (week[number], -number))]
    note = f"Your day is {day}" if words.period_of(data).days >= 28 else ""

    def draw(canvas: Canvas, frame: Frame) -> None:
        begin(canvas, frame, data)
        draw_clock(canvas, frame, frame.write_heading(canvas, heading, note), data["clock"], hour)

    return Card("clock", f"{words.title(data)}: listening by hour of the day, most from {words.hour_span(hour)}", draw)


def _steps(data: Data) -> Card | None:
    if not data["totals"]["listened_ms"] or len(data["steps"]) < 2:
        return None
    unit, best = words.period_of(data).step, words.best_step(data)
    heading = words.STEP_WORDS[unit]
    told = f"most in {words.step_name(best, unit)}" if unit != "day" else f"most on {words.step_name(best, unit)}"
    note = f"{told[0].upper()}{told[1:]}: {words.minutes(best['listened_ms'])}{words.NB}min"

    def draw(canvas: Canvas, frame: Frame) -> None:
        begin(canvas, frame, data)
        draw_bars(canvas, frame, frame.write_heading(canvas, heading, note), data["steps"], unit)

    return Card("steps", f"{words.title(data)}, {heading.lower()}: {note}", draw)


def _moods(data: Data) -> Card | None:
    moods = data["moods"]
    if moods["reason"] or not moods["clusters"]:
        return None
    rows = [
        {
            "name": mood["name"],
            "detail": "",
            "figure": words.percent(mood["share"]),
            "part": mood["share"] / max(moods["clusters"][0]["share"], 0.0001),
        }
        for mood in moods["clusters"][:5]
    ]
    note = f"From measured audio features, known of {words.percent(moods['measured_share'])} of the time"

    def draw(canvas: Canvas, frame: Frame) -> None:
        begin(canvas, frame, data)
        draw_list(canvas, frame, frame.write_heading(canvas, "Moods of the music", note), rows)

    told = "; ".join(f"{row['name']} {row['figure']}" for row in rows)
    return Card("moods", f"{words.title(data)}, moods of the music: {told}", draw)


def _firsts(data: Data) -> Card | None:
    facts = first_facts(data)
    if not facts:
        return None

    def draw(canvas: Canvas, frame: Frame) -> None:
        begin(canvas, frame, data)
        box: Box = frame.write_heading(canvas, "Firsts and records")
        pitch = box.height / max(len(facts), 3)
        for number, (label, name, detail) in enumerate(facts):
            y = box.top + number * pitch + frame.small
            canvas.write(label, box.left, y, size=frame.small, fill=CORAL, width=box.width)
            y = canvas.write(
                name, box.left, y + 1.25 * frame.name, size=frame.name, fill=INK, style="name", width=box.width
            )
            if frame.is_tall:
                y += 1.45 * frame.small
                canvas.write(detail, box.left, y, size=frame.small, fill=MUTED, width=box.width, lines=2)

    return Card("firsts", f"{words.title(data)}: " + "; ".join(": ".join(fact[:2]) for fact in facts), draw)


def first_facts(data: Data) -> list[tuple[str, str, str]]:
    """What was new and what was most, each with a label, its name and a line about it."""
    facts = []
    kinds = (("artist", "New artist, most played"), ("track", "New song, most played"))
    for key, label in kinds:
        found = data["discovery"][f"top_new_{key}"]
        if found:
            since = f"first on {day_text(words.day_of(found['first_date']), with_year=False)}"
            facts.append((label, clean(found[f"{key}_name"]), f"{words.time_and_plays(found)} · {since}"))
    streak, day = data["streak"], data["biggest_day"]
    if streak and streak["day_count"] > 1:
        span = day_range(words.day_of(streak["from"]), words.day_of(streak["to"]))
        facts.append(("Longest run of days with music", words.counted(streak["day_count"], "day"), span))
    if day:
        top = day["top_artist_name"]
        detail = words.time_and_plays(day) + (f" · most often {clean(top)}" if top else "")
        facts.append(("Biggest day", day_text(words.day_of(day["played_date"])), detail))
    return facts
