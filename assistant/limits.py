"""Limits in plain words: parts of the day, hours, weekdays and seasons; and "by time", "top 5", "in minutes"."""

from __future__ import annotations

import re
from dataclasses import replace

from assistant.date_words import WEEKDAYS
from assistant.dates import number_of
from assistant.replies import Slots

_NUMBER = r"(?:\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_LEAD = r"(?:(?:in|on|at|during|over|only) )?(?:the |a )?"
_DAYS = "|".join(WEEKDAYS)
_CLOCK = r"(\d{1,2})(?::00)? ?(am|pm|h|o'clock|hours)?"
_PARTS = (
    (r"late (?:at night|nights?)|late-night", ("late", "night")),
    (r"late (?:in the )?evenings?", ("late",)),
    (r"after midnight|night ?time|nights?|midnight", ("night",)),
    (r"mornings?", ("morning",)),
    (r"afternoons?", ("afternoon",)),
    (r"evenings?", ("evening",)),
)
_SEASONS = {"spring": "spring", "summer": "summer", "autumn": "autumn", "fall": "autumn", "winter": "winter"}
_KINDS = ("artist", "track", "album", "genre")


def take_limits(text: str, slots: Slots) -> tuple[str, Slots]:
    """The text with its limits replaced by `xlimit`, and the slots with them. "last night" is of two days: not read."""
    for read in (_hours, _parts, _weekdays, _seasons, _by, _count):
        text, slots = read(text, slots)
    return text, slots


def _hours(text: str, slots: Slots) -> tuple[str, Slots]:
    between = re.search(rf"\b(?:between|from) {_CLOCK} (?:and|to) {_CLOCK}(?!\d)", text)
    if between and (between[2] or between[4]):
        first = _hour(between[1], between[2] or between[4])
        last = _hour(between[3], between[4] or between[2])
        found = tuple(h % 24 for h in range(first, last if last > first else last + 24))
        return _cut(text, between), replace(slots, hours=found)
    single = re.search(rf"\b(after|before|at|from) {_CLOCK}(?!\d)", text)
    if single and single[3]:
        hour = _hour(single[2], single[3])
        spans = {"after": range(hour, 24), "from": range(hour, 24), "before": range(hour), "at": range(hour, hour + 1)}
        return _cut(text, single), replace(slots, hours=tuple(spans[single[1]]))
    return text, slots


def _hour(digits: str, half: str | None) -> int:
    hour = int(digits)
    if half == "pm" and hour < 12:
        hour += 12
    return 0 if half == "am" and hour == 12 else hour % 24


def _cut(text: str, match: re.Match[str]) -> str:
    return f"{text[: match.start()]} xlimit {text[match.end() :]}"


def _parts(text: str, slots: Slots) -> tuple[str, Slots]:
    found: list[str] = []
    for pattern, names in _PARTS:
        whole = re.compile(rf"\b(?<!last )(?<!night )(?<!part of ){_LEAD}(?:{pattern})\b(?! share)")
        if whole.search(text):
            found += names
            text = whole.sub(" xlimit ", text)
    parts = tuple(dict.fromkeys(found))
    return text, replace(slots, parts=parts) if parts else slots


def _weekdays(text: str, slots: Slots) -> tuple[str, Slots]:
    found: list[int] = []

    def take_run(match: re.Match[str]) -> str:
        first, last = (WEEKDAYS.index(match[name].rstrip("s")) for name in ("first", "last"))
        found.extend(day % 7 + 1 for day in range(first, last + 1 if last >= first else last + 8))
        return " xlimit "

    def take(match: re.Match[str]) -> str:
        word = match["day"].rstrip("s")
        if word.startswith("weekend"):
            found.extend((6, 7))
        elif word in WEEKDAYS:
            found.append(WEEKDAYS.index(word) + 1)
        else:
            found.extend(range(1, 6))
        return " xlimit "

    days = rf"\b{_LEAD}(?P<day>(?:{_DAYS})s?|weekends?|weekdays|work ?days?|working days?)\b(?! shift)"
    run = rf"\b(?:from )?(?P<first>(?:{_DAYS})s?) (?:to|through|until|till|-) (?P<last>(?:{_DAYS})s?)\b"
    text = re.sub(run, take_run, text)
    text = re.sub(days, take, text)
    text = re.sub(r"\bon (?:a |the )?(?P<day>weekday)\b", take, text)
    return text, replace(slots, weekdays=tuple(dict.fromkeys(found))) if found else slots


def _seasons(text: str, slots: Slots) -> tuple[str, Slots]:
    match = re.search(rf"\b{_LEAD}(spring|summer|autumn|fall|winter)s?(?: of)?\b", text)
    if match is None:
        return text, slots
    return _cut(text, match), replace(slots, season=_SEASONS[match[1]])


def _by(text: str, slots: Slots) -> tuple[str, Slots]:
    time = r"\b(?:(?:ranked |sorted |measured )?by (?:listening |play(?:ing)? )?(?:time|hours|minutes|duration)"
    time += r"|in (?:hours|minutes))\b"
    plays = r"\b(?:(?:ranked |sorted |measured )?by (?:number of |count of )?(?:plays|play ?counts?|counts?))\b"
    for pattern, by in ((time, "time"), (plays, "plays")):
        if re.search(pattern, text):
            return re.sub(pattern, " xby ", text), replace(slots, by=by)
    return text, slots


def _count(text: str, slots: Slots) -> tuple[str, Slots]:
    kind = r"(?:most|top|best|favou?rite|artists?|bands?|songs?|tracks?|albums?|records?|genres?|recommendations?)"
    for pattern in (
        rf"\b(?:top|best) ({_NUMBER})\b",
        rf"\b({_NUMBER})(?= (?:different |new )?{kind}\b)",
        r"\bnumber (one)\b",
    ):
        match = re.search(pattern, text)
        if match and 0 < number_of(match[1]) <= 100:
            word = "top xcount" if match[0].startswith(("top", "best", "number")) else "xcount"
            return f"{text[: match.start()]} {word} {text[match.end() :]}", replace(slots, count=number_of(match[1]))
    return text, slots


def asked_for(words: list[str], slots: Slots) -> Slots:
    """The slots with what the words ask for: a kind of item, a unit."""
    kind = next((word for word in words if word in _KINDS), "")
    unit = next((word for word in words if word in ("minutes", "day")), "")
    return replace(slots, kind=kind, unit=unit, words=frozenset(words))
