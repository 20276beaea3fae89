"""What a page is given: whose data, which range, and what else the address says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Literal
from urllib.parse import urlencode

from config.settings import Settings
from dashboard.parts import Part
from dashboard.ranges import RANGE_PARAMETERS, Range, compared_with, range_of
from serving.store import Row, Store

Group = Literal["Now", "Listening", "Feeling", "Collection", "Ahead", "Yours"]
GROUPS: tuple[Group, ...] = ("Now", "Listening", "Feeling", "Collection", "Ahead", "Yours")
BASES = ("measured", "all")


@dataclass(frozen=True)
class Visitor:
    """Who asks: the listener whose data they see; whether they look after the lake; how they were let in."""

    user_id: str
    is_admin: bool = False
    how: Literal["local", "session", "token"] = "local"


@dataclass(frozen=True)
class View:
    """One request of a page. Values for SQL go through `rows`, never into the text.

    shared: what the parts of one page have found out for each other.
    """

    settings: Settings
    visitor: Visitor
    store: Store
    path: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def first_day(self) -> date:
        """The first local day that something is known of."""
        return self.store.first_day

    @cached_property
    def range(self) -> Range:
        """The range of days. Raises InputError for words that name none."""
        return range_of(self.parameters, self.store.as_of, self.first_day)

    @cached_property
    def compare(self) -> Range | None:
        """The range to compare with, if one was asked for."""
        return compared_with(self.range, self.parameters)

    @property
    def days(self) -> Row:
        """The range as values for `$first` and `$last`."""
        return {"first": self.range.first, "last": self.range.last}

    @property
    def basis(self) -> str:
        """measured, or all where the visitor asked to see features that are simulated too."""
        asked = self.parameters.get("basis", "measured")
        return asked if asked in BASES else "measured"

    def rows(self, query: str, **values: object) -> list[Row]:
        """The rows that a query gives."""
        return self.store.rows(query, **values)

    def row(self, query: str, **values: object) -> Row | None:
        """The first row that a query gives."""
        return self.store.row(query, **values)

    def link(self, path: str, **parameters: object) -> str:
        """An address inside the dashboard that keeps the range; parameters are added, those that are None left out."""
        kept = {name: self.parameters[name] for name in (*RANGE_PARAMETERS, "basis") if self.parameters.get(name)}
        return address(path, {**kept, **parameters})

    def here(self, **parameters: object) -> str:
        """The address of this page with some parameters changed."""
        return address(self.path, {**self.parameters, **parameters})


def address(path: str, parameters: Mapping[str, object]) -> str:
    """A path with parameters; those that are None or empty are left out."""
    given = {name: str(value) for name, value in parameters.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


@dataclass(frozen=True)
class Page:
    """One page: its path and name, its place in the navigation (None: reached by links), and what makes its parts.

    has_range: whether the range picker stands on it. is_live: whether it is made anew for each request; others are
    functions of the listener's file and the address, and are kept. title_of: the heading, where it is not the name.
    fresh_seconds: for so long a live page may be told again as it was.
    """

    path: str
    name: str
    make: Callable[[View], Iterable[Part]]
    group: Group | None = None
    place: int = 0
    has_range: bool = True
    has_basis: bool = False
    is_live: bool = False
    fresh_seconds: int = 0
    title_of: Callable[[View], str] | None = None
    lead: str = ""


PAGES: dict[str, Page] = {}


def page(path: str, name: str, **options: Any) -> Callable[[Callable[[View], Iterable[Part]]], Page]:
    """Declare the page that the decorated function makes; see Page. The docstring's first line is its lead."""

    def declare(make: Callable[[View], Iterable[Part]]) -> Page:
        lead = (make.__doc__ or "").strip().splitlines()[0] if make.__doc__ else ""
        made = Page(path, name, make, lead=lead, **options)
        PAGES[path] = made
        return made

    return declare
