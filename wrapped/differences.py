"""What changed between a kept Wrapped and one made now, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from wrapped import words
from wrapped.names import clean

Data = dict[str, Any]

_TOTALS = {
    "listened_ms": "minutes",
    "play_count": "plays",
    "start_count": "plays begun",
    "skip_count": "skips",
    "artist_count": "artists",
    "recording_count": "tracks",
    "album_count": "albums",
    "genre_count": "genres",
    "active_day_count": "days with music",
}
_LISTS = {"artists": ("artist_name",), "tracks": ("track_name", "artist_name"), "albums": ("album_name", "artist_name")}
NOTHING = "-"


@dataclass(frozen=True)
class Change:
    """One figure or name that differs: what it is, and how it was and is told."""

    what: str
    then: str
    now: str


def changes(then: Data, now: Data) -> list[Change]:
    """What differs between two reports of one period; the end of the list names what is told by no line of its own."""
    found = [change for change in _told(then, now) if change.then != change.now]
    seen = {change.what.split(":")[0] for change in found}
    rest = sorted(key for key in then.keys() | now.keys() if then.get(key) != now.get(key) and key not in _TOLD)
    return [*found, *(Change(key, "other", "changed") for key in rest if key not in seen)]


# Parts of the data whose differences have lines of their own.
_TOLD = {
    "totals", "known", "before", "excluded", "artists", "tracks", "albums", "genres", "clock", "streak", "biggest_day",
    "discovery", "moods", "profile", "steps", "waves", "weekdays",
}  # fmt: skip


def _told(then: Data, now: Data) -> Iterator[Change]:
    for key, what in _TOTALS.items():
        yield Change(what, _total(then, key), _total(now, key))
    yield Change("known until", then["known"]["to"], now["known"]["to"])
    yield Change("hours not observed", _unseen(then), _unseen(now))
    yield Change("left out by rules", words.excluded(then) or NOTHING, words.excluded(now) or NOTHING)
    yield Change("compared with before", words.comparison(then) or NOTHING, words.comparison(now) or NOTHING)
    for name, titles in _LISTS.items():
        yield from _of_list(name, then[name], now[name], titles)
    yield from _of_list("genres", then["genres"]["top"], now["genres"]["top"], ("genre",))
    yield Change("your hour", words.hour_span(words.peak_hour(then)), words.hour_span(words.peak_hour(now)))
    yield Change("longest run of days", _streak(then), _streak(now))
    yield Change("biggest day", _day(then), _day(now))
    yield Change("new artists", *(f"{data['discovery']['new_artist_count']:,}" for data in (then, now)))
    yield Change("new tracks", *(f"{data['discovery']['new_recording_count']:,}" for data in (then, now)))
    yield Change("moods of the music", _moods(then), _moods(now))
    yield Change("ways of listening", _profile(then), _profile(now))
    yield from _of_steps(then, now)


def reasons(then: Data, now: Data, imports: list[Data], period: tuple[str, str]) -> list[str]:
    """Why two reports may differ: what each was made from, and the imports that came between; in order of weight.

    then, now: made_from, with code_version and table_versions added. imports: as provenance.imports_since gives them.
    period: its first and last day, as text.
    """
    found = [_import(run, period) for run in imports]
    found += _rules(then["exclusions"], now["exclusions"])
    if then["recording_rules"] != now["recording_rules"]:
        added = len(set(now["recording_rules"]) - set(then["recording_rules"]))
        gone = len(set(then["recording_rules"]) - set(now["recording_rules"]))
        found.append(f"rules about editions: {added} new, {gone} taken back")
    if then["zones"] != now["zones"]:
        found.append("time zones of the listener were recorded anew")
    for name, value in now["settings"].items():
        if then["settings"].get(name) != value:
            found.append(f"setting {name.upper()}: {then['settings'].get(name)}, now {value}")
    if then["code_version"] != now["code_version"]:
        found.append(f"Lakesong {then['code_version']}, now {now['code_version']}")
    tables = [
        f"{name} {then['table_versions'].get(name, NOTHING)} to {version}"
        for name, version in sorted(now["table_versions"].items())
        if then["table_versions"].get(name) != version
    ]
    if tables:
        found.append(f"tables as built on {str(now['released_at'])[:10]}: {', '.join(tables)}")
    return found


def _total(data: Data, key: str) -> str:
    value = data["totals"].get(key, 0)
    return words.minutes(value) if key.endswith("_ms") else f"{value:,}"


def _unseen(data: Data) -> str:
    return f"{data['known']['gap_hour_count'] + data['known']['unknown_hour_count']:,}"


def _of_list(name: str, then: list[Data], now: list[Data], titles: tuple[str, ...]) -> Iterator[Change]:
    """Each entry whose place or time differs, by its key."""
    key = "genre" if name == "genres" else "key"
    before, after = ({row[key]: row for row in rows} for rows in (then, now))
    order = [*(row[key] for row in now), *(row[key] for row in then if row[key] not in after)]
    for one in order:
        row = after.get(one) or before[one]
        title = ", ".join(clean(row[part]) for part in titles)
        yield Change(f"{name}: {title}", _place(before.get(one)), _place(after.get(one)))


def _place(row: Data | None) -> str:
    return f"{row['place']}. ({words.minutes(row['listened_ms'])} min)" if row else "not among the first"


def _streak(data: Data) -> str:
    streak = data["streak"]
    return f"{words.counted(streak['day_count'], 'day')} from {streak['from']}" if streak else NOTHING


def _day(data: Data) -> str:
    day = data["biggest_day"]
    return f"{day['played_date']} ({words.counted(day['play_count'], 'play')})" if day else NOTHING


def _moods(data: Data) -> str:
    moods = data["moods"]
    return moods["reason"] or "; ".join(f"{row['name']} {words.percent(row['share'])}" for row in moods["clusters"])


def _profile(data: Data) -> str:
    profile = data["profile"]
    told = ", ".join(f"{row['name']} {words.percent(row['share'])}" for row in profile["profiles"])
    return profile["reason"] or told


def _of_steps(then: Data, now: Data) -> Iterator[Change]:
    """Days, months or years whose minutes differ."""
    before = {step["from"]: step for step in then["steps"]}
    unit = words.period_of(now).step
    for step in now["steps"]:
        earlier = before.get(step["from"])
        was = words.minutes(earlier["listened_ms"]) if earlier else NOTHING
        yield Change(
            f"{unit}: {words.step_name(step, unit)}", f"{was} min", f"{words.minutes(step['listened_ms'])} min"
        )


def _import(run: Data, period: tuple[str, str]) -> str:
    rows, day = words.counted(run["new_count"], "new row"), f"{run['finished_at']:%Y-%m-%d}"
    said = f"{run['source']} of {day} (batch {run['batch_id'][:12]}): {rows}"
    if run["oldest_at"] is None:
        return said
    first, last = f"{run['oldest_at']:%Y-%m-%d}", f"{run['newest_at']:%Y-%m-%d}"
    inside = "" if first <= period[1] and last >= period[0] else ", none of it in this period"
    return f"{said}, from {first} to {last}{inside}"


def _rules(then: Data, now: Data) -> list[str]:
    found = [f"exclusion rule {name} is new" for name in sorted(now.keys() - then.keys())]
    found += [f"exclusion rule {name} was taken back" for name in sorted(then.keys() - now.keys())]
    return found + [
        f"exclusion rule {name} was changed" for name in sorted(now.keys() & then.keys()) if now[name] != then[name]
    ]
