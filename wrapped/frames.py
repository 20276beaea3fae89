"""The two frames that cards are drawn in: where things stand, and how large letters are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wrapped import words
from wrapped.drawing import Canvas
from wrapped.names import clean
from wrapped.palette import CORAL, INK, MUTED
from wrapped.typeset import measure


@dataclass(frozen=True)
class Box:
    """A part of a picture, in pixels."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Frame:
    """Places and sizes in pixels of one format. small is the smallest letter there is: readable on a phone.

    heading, figure, name, body, small: sizes of letters. lake, overview_lake: where the water begins.
    """

    width: int
    height: int
    margin: int
    is_tall: bool
    heading: float
    figure: float
    name: float
    body: float
    small: float
    header_y: float
    title_y: float
    lake: float
    overview_lake: float
    caption_y: float
    row_count: int

    @property
    def left(self) -> float:
        """Where lines begin."""
        return self.margin

    @property
    def full_width(self) -> float:
        """The width between the margins."""
        return self.width - 2 * self.margin

    @property
    def figure_width(self) -> float:
        """How wide the large figure may be."""
        return self.full_width if self.is_tall else 0.56 * self.full_width

    def write_heading(self, canvas: Canvas, heading: str, note: str = "") -> Box:
        """Write the heading, and a note below it; gives what is left for the contents."""
        width = self.full_width if self.is_tall else 330.0
        y = canvas.write(
            heading, self.left, self.title_y, size=self.heading, fill=INK, style="display", width=width, lines=3
        )
        if note:
            y = canvas.write(note, self.left, y + 1.7 * self.small, size=self.small, fill=MUTED, width=width, lines=4)
        if self.is_tall:
            top = y + 90.0
            return Box(self.left, top, self.full_width, self.lake - 90.0 - top)
        left = self.left + width + 60.0
        return Box(left, 104.0, self.width - self.margin - left, self.lake - 24.0 - 104.0)

    def write_facts(self, canvas: Canvas, facts: list[tuple[int, str]], y: float) -> None:
        """Write three figures with their words: in a row below y, or one below the other on the right."""
        size = 1.55 * self.body
        if self.is_tall:
            column = self.full_width / len(facts)
            for number, (count, what) in enumerate(facts):
                x = self.left + number * column
                canvas.write(f"{count:,}", x, y + 2.2 * size, size=size, fill=CORAL, style="display", width=column - 24)
                canvas.write(what, x, y + 2.2 * size + 56, size=self.small, fill=INK, width=column - 24, lines=2)
            return
        x = self.left + self.figure_width + 70
        for number, (count, what) in enumerate(facts):
            top = self.title_y + 10 + number * 84
            canvas.write(f"{count:,}", x, top, size=size, fill=CORAL, style="display", width=190)
            beside = x + min(190.0, measure(f"{count:,}", "display", size)) + 16
            canvas.write(what, beside, top, size=self.small, fill=INK, width=self.width - self.margin - beside)


STORY = Frame(
    width=1080, height=1920, margin=84, is_tall=True, heading=96, figure=230, name=60, body=54, small=38,
    header_y=150, title_y=310, lake=1560, overview_lake=1180, caption_y=1850, row_count=5,
)  # fmt: skip
LINK = Frame(
    width=1200, height=630, margin=60, is_tall=False, heading=58, figure=128, name=37, body=36, small=30,
    header_y=66, title_y=140, lake=522, overview_lake=420, caption_y=600, row_count=4,
)  # fmt: skip
FRAMES = (STORY, LINK)


def begin(canvas: Canvas, frame: Frame, data: dict[str, Any], *, is_overview: bool = False) -> None:
    """Write what stands at the head of every card: whose it is, of when, and that a listener is simulated.

    Days of the period that are not known are told below it, or at the left of the water on the wide format.
    """
    who = ("simulated: " if data["is_simulated"] else "") + clean(data["user_id"])
    known = words.known_days(data)
    half = 0.62 * frame.full_width
    right, size = frame.width - frame.margin, frame.small
    parts = [part for part in ("" if is_overview else words.period_of(data).title, known) if part]
    fits = measure(", ".join(parts), "text", size) <= half
    told = ", ".join(parts) if fits else parts[0]
    room = frame.full_width - min(half, measure(told, "text", size)) - 40
    canvas.write(who, frame.left, frame.header_y, size=size, fill=CORAL, width=room)
    if told:
        canvas.write(told, right, frame.header_y, size=size, fill=MUTED, width=half, anchor="end")
    if not fits and len(parts) > 1:
        if frame.is_tall:
            canvas.write(known, right, frame.header_y + 1.3 * size, size=size, fill=MUTED, width=half, anchor="end")
        else:
            canvas.write(known, frame.left, frame.lake - 2.4 * size, size=size, fill=MUTED, width=350, lines=2)
