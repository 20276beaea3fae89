"""Ranges of local days in plain words: "last winter", "between May and July", "since June 2025", "the last 7 days".

Libraries for such phrases give single instants and prefer the future; ranges that end today at the latest need a
grammar of their own. Written-out days go through dateutil.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from dateutil.parser import ParserError  # type: ignore[import-untyped]
from dateutil.parser import parse as parse_day
from dateutil.relativedelta import relativedelta  # type: ignore[import-untyped]

from assistant.date_words import DAY, MONTH, MONTHS, NUMBER, NUMBERS, PHRASE, SEASON, SEASON_START, WEEKDAYS, YEAR
from assistant.replies import Range

_ORDINAL = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4}


@dataclass(frozen=True)
class Found:
    """A range and where in the text it stands."""

    range: Range
    start: int
    end: int


def find_ranges(text: str, today: date, *, is_south: bool = False) -> list[Found]:
    """The ranges that a lower-case text names, in their order.

    today: the day that the tables were built for, local. Months and days without a year are the newest that have
    begun. is_south: seasons of the southern half of the world.
    """
    found = []
    for match in PHRASE.finditer(text):
        told = match.groupdict()
        if told["one"] and _is_the_verb(text, match.start("one"), told["one"]):
            continue
        span = _of_match(told, today, is_south)
        if span is not None:
            found.append(Found(span, match.start(), match.end()))
    return found


def _is_the_verb(text: str, start: int, unit: str) -> bool:
    """Whether 'may' or 'march' stands alone where no day is meant."""
    leads = (
        "in",
        "of",
        "during",
        "since",
        "last",
        "this",
        "and",
        "or",
        "with",
        "compare",
        "than",
        "for",
        "why was",
        "was",
    )
    return unit in ("may", "march", "mar", "dec") and not text[:start].rstrip().endswith(leads)


def _of_match(told: dict[str, str | None], today: date, is_south: bool) -> Range | None:
    if told["whole"]:
        return Range(words="of all days")
    if told["a"] and told["b"]:
        return _between(told["a"], told["b"], today, is_south)
    unit = told["c"] or told["one"] or ""
    span = _unit(unit, today, is_south)
    if span is None or not told["c"]:
        return span
    word = told["since"]
    if word == "since" or word == "from":
        return Range(span.first, None, f"since {_plain(unit)}")
    if word == "after":
        return Range(_after(span), None, f"after {_plain(unit)}")
    if word == "before":
        return Range(None, span.first - timedelta(days=1) if span.first else None, f"before {_plain(unit)}")
    return Range(None, span.last, f"until {_plain(unit)}")


def _after(span: Range) -> date | None:
    return span.last + timedelta(days=1) if span.last else None


def _between(a: str, b: str, today: date, is_south: bool) -> Range | None:
    last = _unit(b, today, is_south)
    if last is None or last.last is None:
        return None
    year = re.search(YEAR, b)
    dated = f"{a} {year[0]}" if year and not re.search(YEAR, a) and re.search(rf"\b{MONTH}\b", a) else a
    first = _unit(dated, last.last if dated == a else today, is_south)
    if first is None or first.first is None:
        return None
    if first.first > last.last:
        earlier = first.first - relativedelta(years=1)
        first = replace(first, first=earlier)
    return Range(first.first, last.last, f"between {_plain(a)} and {_plain(b)}")


def _plain(unit: str) -> str:
    words = [word.capitalize() if word in (*MONTHS, *WEEKDAYS) else word for word in unit.split()]
    return " ".join(words)


def _unit(unit: str, today: date, is_south: bool) -> Range | None:
    unit = unit.removeprefix("the ").strip()
    for read in (_named_day, _rolling, _calendar, _part_of_year, _season_of, _written_day, _month):
        span = read(unit, today, is_south)
        if span is not None:
            return span
    return None


def _named_day(unit: str, today: date, _south: bool) -> Range | None:
    near = {"today": 0, "this": 0, "yesterday": 1, "day before yesterday": 2, "tomorrow": -1}
    if unit in near:
        day = today - timedelta(days=near[unit])
        return Range(day, day, "today" if unit == "this" else unit)
    word, _, name = unit.partition(" ")
    if name in WEEKDAYS and word in ("last", "this", "past", "previous", "next", "current"):
        back = (today.isoweekday() - WEEKDAYS.index(name) - 1) % 7
        if word == "next":
            back -= 7
        elif back == 0 and word != "this":
            back = 7
        day = today - timedelta(days=back)
        return Range(day, day, f"on {day:%A} {day:%Y-%m-%d}")
    feast = re.fullmatch(rf"(christmas|new year's eve|new year's day)(?: ({YEAR}))?", unit)
    if feast:
        month, day_of_month, length = {"c": (12, 24, 3), "e": (12, 31, 1), "d": (1, 1, 1)}[
            "c" if feast[1] == "christmas" else feast[1].split()[-1][0]
        ]
        first = date(int(feast[2] or today.year), month, day_of_month)
        if not feast[2] and first > today:
            first = first.replace(year=first.year - 1)
        return Range(first, first + timedelta(days=length - 1), f"on {feast[1].title()} {first.year}")
    return None


def number_of(word: str) -> int:
    """The number that a word or digits stand for."""
    return int(word) if word.isdigit() else NUMBERS.index(word)


def _rolling(unit: str, today: date, _south: bool) -> Range | None:
    match = re.fullmatch(rf"(last|past|previous|next|coming) ({NUMBER}) (day|week|month|year)s?", unit)
    ago = re.fullmatch(rf"({NUMBER}) (day|week|month|year)s? ago", unit)
    if match:
        step = _step(match[3], number_of(match[2]))
        if match[1] in ("next", "coming"):
            return Range(today + timedelta(days=1), today + step, f"in the next {match[2]} {match[3]}s")
        return Range(today - step + timedelta(days=1), today, f"in the last {match[2]} {match[3]}s")
    if ago:
        day = today - _step(ago[2], number_of(ago[1]))
        return Range(day, day, unit) if ago[2] == "day" else _around(day, ago[2], unit)
    return None


def _step(name: str, count: int) -> relativedelta:
    count = min(count, 4000)
    days, months = {"day": (1, 0), "week": (7, 0), "month": (0, 1), "year": (0, 12)}[name]
    return relativedelta(days=days * count, months=months * min(count, 1200))


def _around(day: date, name: str, words: str) -> Range:
    """The whole calendar week, month or year that holds a day."""
    if name == "week":
        first = day - timedelta(days=day.weekday())
        return Range(first, first + timedelta(days=6), words)
    first = day.replace(day=1) if name == "month" else day.replace(month=1, day=1)
    step = relativedelta(months=1) if name == "month" else relativedelta(years=1)
    return Range(first, first + step - timedelta(days=1), words)


def _calendar(unit: str, today: date, _south: bool) -> Range | None:
    match = re.fullmatch(r"(last|this|next|past|previous|current) (week|month|year|weekend)", unit)
    if match is None:
        return None
    shift = {"this": 0, "current": 0, "next": 1}.get(match[1], -1)
    if match[2] == "weekend":
        saturday = today - timedelta(days=today.weekday()) + timedelta(days=5 + 7 * shift)
        return Range(saturday, saturday + timedelta(days=1), f"{unit} ({saturday} and the day after)")
    step = {
        "week": relativedelta(weeks=shift),
        "month": relativedelta(months=shift),
        "year": relativedelta(years=shift),
    }
    span = _around(today + step[match[2]], match[2], unit)
    return replace(span, words=f"{unit} ({span.first} to {span.last})")


def _part_of_year(unit: str, today: date, _south: bool) -> Range | None:
    year = re.fullmatch(rf"(?:year )?({YEAR})", unit)
    if year:
        return Range(date(int(year[1]), 1, 1), date(int(year[1]), 12, 31), f"in {year[1]}")
    match = re.fullmatch(rf"(?:q([1-4])|(\w+) (quarter|half))(?: of)? ({YEAR})", unit)
    if match is None:
        return None
    length = 6 if match[3] == "half" else 3
    place = int(match[1]) if match[1] else _ORDINAL[match[2]]
    first = date(int(match[4]), (place - 1) * length + 1, 1)
    return Range(first, first + relativedelta(months=length) - timedelta(days=1), f"in {unit}")


def _season_of(unit: str, today: date, is_south: bool) -> Range | None:
    match = re.fullmatch(rf"(last|this|past|next)? ?({SEASON})(?: ({YEAR})/\d+)?", unit)
    if match is None or not (match[1] or match[3]):
        return None
    name = "autumn" if match[2] == "fall" else match[2]
    month = (SEASON_START[name] + (6 if is_south else 0) - 1) % 12 + 1
    if match[3]:
        first = date(int(match[3]), month, 1)
    else:
        first = date(today.year, month, 1)
        first = first if first <= today else first - relativedelta(years=1)
        is_running = first + relativedelta(months=3) > today
        if match[1] in ("last", "past") and is_running:
            first -= relativedelta(years=1)
        elif match[1] == "next" or (match[1] == "this" and not is_running):
            first += relativedelta(years=1)
    last = first + relativedelta(months=3) - timedelta(days=1)
    return Range(first, last, f"in the {name} from {first} to {last}")


def _written_day(unit: str, today: date, _south: bool) -> Range | None:
    if not re.fullmatch(DAY, unit):
        return None
    try:
        day = parse_day(unit.replace(" of ", " "), default=_at_midnight(today)).date()
    except (ParserError, OverflowError):
        return None
    if day > today and not re.search(YEAR, unit):
        day -= relativedelta(years=1)
    return Range(day, day, f"on {day}")


def _at_midnight(day: date) -> datetime:
    return datetime(day.year, day.month, 1)


def _month(unit: str, today: date, _south: bool) -> Range | None:
    match = re.fullmatch(rf"(last |this |past )?({MONTH})(?: of)?(?:,? ({YEAR}))?", unit)
    if match is None:
        return None
    number = next(n for n, name in enumerate(MONTHS, start=1) if name.startswith(match[2][:3]))
    first = date(int(match[3] or today.year), number, 1)
    if not match[3] and first > today:
        first -= relativedelta(years=1)
    if match[1] == "last " and first.month == today.month and not match[3]:
        first -= relativedelta(years=1)
    last = first + relativedelta(months=1) - timedelta(days=1)
    return Range(first, last, f"in {MONTHS[number - 1].capitalize()} {first.year}")
