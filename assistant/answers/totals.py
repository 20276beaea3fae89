"""How many plays, how much time, how many different ones, which part of the whole, and how far the history reaches."""

from __future__ import annotations

from assistant.desk import DeclinedError, Desk, Told, minutes_in_words, percent
from assistant.replies import Column, Row

_SUMS = """
    SELECT coalesce(sum(weight) FILTER (is_counted), 0) AS play_count, coalesce(sum(weight * listened_ms), 0) / 60000.0
        AS minutes, count(*) FILTER (is_counted) AS n
    FROM {0}
"""
_COUNTED = "SELECT {key}, count(*) AS plays FROM {source} WHERE is_counted GROUP BY ALL"
_NAMED = "SELECT {key}, sum(plays) AS plays FROM ({counted}) JOIN {names} USING ({shared}) GROUP BY 1"


def _different(kind: str, source: str) -> str:
    """Rows of what is different, each with its plays; written names are summed before they are told apart."""
    if kind == "artist":
        counted = _COUNTED.format(key="artist_name", source=source)
        return _NAMED.format(key="artist_key", counted=counted, names="artist_names", shared="artist_name")
    if kind == "album":
        counted = _COUNTED.format(key="album_name, artist_name", source=source)
        return _NAMED.format(key="album_key", counted=counted, names="album_names", shared="album_name, artist_name")
    if kind == "genre":
        counted = _COUNTED.format(key="track_id", source=source)
        return _NAMED.format(key="genre", counted=counted, names="track_genres", shared="track_id")
    return _COUNTED.format(key="recording_id" if kind == "track" else "played_date", source=source)


def sums(desk: Desk) -> Row:
    """Plays, minutes, and days with music of what is asked about."""
    source, values = desk.plays()
    return desk.row(_SUMS.format(source), **values)


def of_items(desk: Desk) -> str:
    """The items of the question as ' of X' or ''."""
    return "".join(f" of {item.name}" for item in desk.slots.items)


def plays(desk: Desk) -> Told:
    """How many counted plays."""
    found = sums(desk)
    count = round(found["play_count"])
    word = "play" if count == 1 else "plays"
    return Told(f"{count:,} {word}{of_items(desk)}{desk.scope()}.", count, "plays", play_count=found["n"])


def time(desk: Desk) -> Told:
    """How long was listened, in minutes."""
    found = sums(desk)
    told = f"{minutes_in_words(found['minutes'])}{of_items(desk)}{desk.scope()}, in {found['n']:,} plays."
    return Told(told[0].upper() + told[1:], found["minutes"], "minutes", play_count=found["n"])


def average(desk: Desk) -> Told:
    """Minutes, or plays, for each day of the range that was observed."""
    found = sums(desk)
    first, last = desk.days
    known = desk.row(
        "SELECT count(DISTINCT played_date) AS days FROM coverage "
        "WHERE is_covered AND played_date BETWEEN $first AND $last",
        first=first,
        last=last,
    )["days"]
    if not known:
        raise DeclinedError("No day of that range was observed.")
    asks_plays = bool(desk.slots.words & {"play", "track"}) and not desk.slots.words & {"minutes", "listen", "time"}
    value = (found["play_count"] if asks_plays else found["minutes"]) / known
    told = f"{value:,.1f} plays" if asks_plays else minutes_in_words(value)
    return Told(
        f"{told} a day on average{of_items(desk)}{desk.scope()}, over {known} observed days.",
        value,
        "plays a day" if asks_plays else "minutes a day",
        play_count=found["n"],
    )


def different(desk: Desk) -> Told:
    """How many different artists, tracks, albums, genres or days with music."""
    kind = desk.slots.kind or ("day" if "day" in desk.slots.words else "")
    if not kind:
        raise DeclinedError("Different what? Say artists, tracks, albums, genres or days.")
    source, values = desk.plays()
    found = desk.row(f"SELECT count(*) AS found, sum(plays) AS n FROM ({_different(kind, source)})", **values)
    word = "days with music" if kind == "day" else f"different {kind}s"
    told = f"{found['found']:,} {word}{of_items(desk)}{desk.scope()}."
    return Told(told, found["found"], f"{kind}s", play_count=round(found["n"] or 0))


def share(desk: Desk) -> Told:
    """Which part of the listening time of the range belongs to an item or a limit."""
    part = sums(desk)
    if desk.slots.items:
        whole = sums(desk.with_slots(items=()))
    else:
        whole = sums(desk.with_slots(parts=(), weekdays=(), season="", hours=()))
    limited = desk.slots.items or desk.slots.parts or desk.slots.weekdays or desk.slots.season or desk.slots.hours
    if not limited:
        raise DeclinedError("The share of what? Name an artist, a genre or a part of the day.")
    if not whole["minutes"]:
        raise DeclinedError("Nothing was listened to in that range.")
    value = part["minutes"] / whole["minutes"]
    told = f"{percent(value)} of your listening time{of_items(desk).replace(' of ', ' went to ')}{desk.scope()}."
    columns: tuple[Column, ...] = (
        Column("what", "What"),
        Column("minutes", "Minutes", "minutes"),
        Column("plays", "Plays", "plays"),
    )
    rows = tuple(
        {"what": what, "minutes": found["minutes"], "plays": round(found["play_count"])}
        for what, found in (("asked about", part), ("all", whole))
    )
    return Told(told, value, "share", columns, rows, play_count=whole["n"])


def history(desk: Desk) -> Told:
    """From when on plays are known, and of how many hours."""
    known = desk.row("SELECT avg(is_covered::INT) AS known, count(*) FILTER (NOT is_covered) AS missing FROM coverage")
    span = desk.row(
        "SELECT min(played_date) AS first, max(played_date) AS last, count(*) AS n FROM kept_plays WHERE is_counted"
    )
    told = f"Your history goes from {span['first']} to {span['last']}"
    if known["known"] is not None:
        told += f"; {percent(known['known'])} of its hours are known ({known['missing']:,} are not)"
    asks_day = bool(desk.slots.words & {"begin", "start", "far", "since", "first"})
    value, unit = (span["first"], "day") if asks_day else (known["known"], "share")
    return Told(f"{told}.", value, unit, play_count=span["n"])
