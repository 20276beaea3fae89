"""What a page is made of. A page says what is in its parts; how they look is said once, in the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

Row = Mapping[str, Any]

# How a value is written: see `dashboard.words`.
Kind = Literal[
    "text",
    "count",
    "hours",
    "minutes",
    "length",
    "share",
    "number",
    "date",
    "month",
    "time",
    "change",
    "rank",
    "hour",
    "figure",
    "effect",
    "words",
]
Width = Literal["full", "half", "third", "two-thirds"]
ChartKind = Literal["line", "area", "bar", "ranking", "heatmap", "calendar", "clock", "plane", "interval"]


@dataclass(frozen=True)
class Column:
    """A column of a table: the field of the rows that it shows, its heading, and how values are written.

    link: the field that holds the address that the value leads to. sub: the field that stands below it, smaller. bar:
    whether a bar below the value shows how large it is beside the others of the column.
    """

    name: str
    label: str
    kind: Kind = "text"
    link: str = ""
    sub: str = ""
    bar: bool = False

    @property
    def is_number(self) -> bool:
        """Whether values stand to the right."""
        return self.kind not in ("text", "words", "date", "month", "time")


@dataclass(frozen=True)
class Tile:
    """One figure: what it is, the value as written, a note below, and where it leads."""

    label: str
    value: str
    note: str = ""
    href: str = ""


@dataclass(frozen=True)
class Part:
    """What every part has: a name (of its CSV file and its place in the page), a title, a note below, and its width."""

    name: str
    title: str = ""
    note: str = ""
    width: Width = "full"
    template: ClassVar[str] = ""


@dataclass(frozen=True)
class Tiles(Part):
    """A few figures beside each other."""

    tiles: Sequence[Tile] = ()
    template: ClassVar[str] = "parts/tiles.html"


@dataclass(frozen=True)
class Table(Part):
    """Rows in columns; can be fetched as CSV. empty: what is said in place of no rows.

    first: so many rows are shown at once, the others when asked for; 0 for all.
    """

    columns: Sequence[Column] = ()
    rows: Sequence[Row] = ()
    first: int = 0
    empty: str = "Nothing in this range."
    template: ClassVar[str] = "parts/table.html"


@dataclass(frozen=True)
class Chart(Table):
    """A drawn table: the table stands behind it. kind: see static/charts.js.

    x: the column along the axis; y: the columns drawn. low, high: columns of a band or interval around the first y.
    inner_low, inner_high: of a narrower band inside it. dashed: those of y that are expected, not known. from_zero:
    whether the axis of lines begins at 0. label: the column that is written beside points. corners: what the four
    quarters of a plane are called, from the upper left to the lower right.
    group: the column whose values are series of their own. size: the column that says how large points are.
    is_stacked: whether series stand on one another. summary: what is to be seen, in a sentence, for those who cannot.
    """

    kind: ChartKind = "bar"
    x: str = ""
    y: Sequence[str] = ()
    low: str = ""
    high: str = ""
    inner_low: str = ""
    inner_high: str = ""
    dashed: Sequence[str] = ()
    from_zero: bool = True
    label: str = ""
    corners: Sequence[str] = ()
    group: str = ""
    size: str = ""
    is_stacked: bool = False
    height: int = 300
    summary: str = ""
    template: ClassVar[str] = "parts/chart.html"


@dataclass(frozen=True)
class Choice:
    """One of several ways to see the page: its name, its address, and whether it is the present one."""

    label: str
    href: str
    is_chosen: bool = False


@dataclass(frozen=True)
class Choices(Part):
    """Ways to see the page. title: what is chosen, for screen readers."""

    choices: Sequence[Choice] = ()
    template: ClassVar[str] = "parts/choices.html"


@dataclass(frozen=True)
class Words(Part):
    """Sentences."""

    sentences: Sequence[str] = ()
    template: ClassVar[str] = "parts/words.html"


@dataclass(frozen=True)
class Notice(Part):
    """Something to know or to do: a sentence, and the next step as a link or a command."""

    text: str = ""
    step: str = ""
    href: str = ""
    level: Literal["hint", "warning"] = "hint"
    template: ClassVar[str] = "parts/notice.html"


@dataclass(frozen=True)
class Meter:
    """A value with a bar: its name, the value as written, and how much of the bar is filled, 0-1."""

    label: str
    value: str
    filled: float = 0.0


@dataclass(frozen=True)
class Card:
    """One thing told in a few figures. colour: its place among the colours of charts, from 1; 0 for none.

    links: names with what stands beside them and their addresses.
    """

    title: str
    value: str = ""
    note: str = ""
    colour: int = 0
    meters: Sequence[Meter] = ()
    lines: Sequence[str] = ()
    links_title: str = ""
    links: Sequence[tuple[str, str, str]] = ()


@dataclass(frozen=True)
class Cards(Part):
    """Cards beside each other; what they tell stands in a table of the page too."""

    cards: Sequence[Card] = ()
    template: ClassVar[str] = "parts/cards.html"


@dataclass(frozen=True)
class Fragment(Part):
    """A part with a template of its own, which gets `data`, `part` and `view`."""

    file: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def template(self) -> str:  # type: ignore[override]
        """The file of its own."""
        return self.file
