"""What a listener keeps out of the statistics: rules read from `exclusions.toml`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from config.errors import InputError
from config.rules_files import read_rules_file

EXCLUSIONS_FILE = "exclusions.toml"
EXAMPLE = 'Write it like: [[exclude]] name = "sleep" hours = "23-6" artist = "Rain Sounds"'
_HOURS = re.compile(r"(\d{1,2})-(\d{1,2})")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_KEYS = {"name", "user", "hours", "days", "device", "playlist", "artist", "loop_hours", "from", "to"}


@dataclass(frozen=True)
class Exclusion:
    """One rule: a play is excluded when all that the rule says holds for it.

    hours: first and last hour (0-23, local, of the end of the play), over midnight where the first is later; days: 1
    Monday to 7 Sunday; device: part of the device's name; playlist: Spotify id that it was played from; artist: name of
    the first artist; loop_hours: one recording again and again for longer than this; first_date, last_date: local days.
    """

    name: str
    user: str | None = None
    hours: tuple[int, int] | None = None
    days: tuple[int, ...] = ()
    device: str | None = None
    playlist: str | None = None
    artist: str | None = None
    loop_hours: float | None = None
    first_date: date | None = None
    last_date: date | None = None


def read_exclusions(folder: Path | None) -> tuple[Exclusion, ...]:
    """The rules of the file in this folder; none without a file. Raises InputError for one that cannot be used."""
    found = read_rules_file(folder, EXCLUSIONS_FILE, EXAMPLE)
    if found is None:
        return ()
    return rules_in(*found)


def rules_in(path: Path, content: dict[str, Any]) -> tuple[Exclusion, ...]:
    """The rules of a file's content. path: named in errors. Raises InputError for rules that cannot be used."""
    entries = content.get("exclude", [])
    if content.keys() - {"exclude"} or not isinstance(entries, list):
        raise InputError(f"{path} may hold [[exclude]] entries alone.", EXAMPLE)
    rules = tuple(_rule(path, number, entry) for number, entry in enumerate(entries, start=1))
    names = [rule.name for rule in rules]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{path} names {twice[0]} twice.", "Give each rule a name of its own.")
    return rules


def _rule(path: Path, number: int, entry: dict[str, Any]) -> Exclusion:
    """One entry, checked. Raises InputError that says which entry cannot be used, and why."""

    def refuse(why: str) -> InputError:
        return InputError(f"{path}, rule {number}: {why}.", EXAMPLE)

    unknown = sorted(entry.keys() - _KEYS)
    if unknown:
        raise refuse(f"there is no {unknown[0]}; known are {', '.join(sorted(_KEYS))}")
    if not isinstance(entry.get("name"), str) or not entry["name"].strip():
        raise refuse("it has no name")
    if entry.keys() <= {"name", "user"}:
        raise refuse("it says nothing about plays, and would exclude all of them")
    try:
        return Exclusion(
            name=entry["name"].strip(),
            user=_text(entry, "user"),
            hours=_hours(entry["hours"]) if "hours" in entry else None,
            days=tuple(sorted(_DAYS.index(str(day).lower()[:3]) + 1 for day in entry.get("days", ()))),
            device=_text(entry, "device"),
            playlist=(_text(entry, "playlist") or "").split("?")[0].replace("/", ":").split(":")[-1] or None,
            artist=_text(entry, "artist"),
            loop_hours=_positive(entry["loop_hours"]) if "loop_hours" in entry else None,
            first_date=_day(entry, "from"),
            last_date=_day(entry, "to"),
        )
    except (ValueError, TypeError) as error:
        raise refuse(str(error)) from error


def _text(entry: dict[str, Any], key: str) -> str | None:
    value = entry.get(key)
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise ValueError(f"{key} is no text")
    return value.strip() if value else None


def _hours(value: Any) -> tuple[int, int]:
    found = _HOURS.fullmatch(str(value).replace(" ", ""))
    hours = (int(found[1]), int(found[2])) if found else (24, 24)
    if max(hours) > 23:
        raise ValueError(f"hours are two of 0-23, first and last, such as 22-5, and not {value}")
    return hours


def _positive(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ValueError(f"loop_hours is a number above 0, and not {value}")
    return float(value)


def _day(entry: dict[str, Any], key: str) -> date | None:
    value = entry.get(key)
    if value is None or type(value) is date:
        return value
    raise ValueError(f"{key} is a day such as 2026-05-03 without quotes, and not {value}")
