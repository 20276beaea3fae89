"""When something was played first or last, what was played first or last, and which place something has."""

from __future__ import annotations

from assistant.answers.tops import KEYS, SUMS
from assistant.answers.totals import of_items, sums
from assistant.desk import DeclinedError, Desk, Told, minutes_in_words, times
from assistant.replies import Column

_PLAYED = (Column("played_date", "Day", "day"), Column("track_name", "Track"), Column("artist_name", "Artist"))


def last_time(desk: Desk) -> Told:
    """The local day on which an item was last played."""
    return _moment(desk, "last")


def first_time(desk: Desk) -> Told:
    """The local day on which an item was first played, as far as the history goes."""
    told = _moment(desk, "first")
    if (told.value - desk.history.first).days < 28:
        note = f"Your history begins on {desk.history.first}: you may have known it before."
        return Told(told.sentence, told.value, told.unit, told.columns, told.rows, told.play_count, (note,), 0.9)
    return told


def _moment(desk: Desk, which: str) -> Told:
    if not desk.slots.items:
        raise DeclinedError("Of what? Name an artist, a track or an album.")
    source, values = desk.plays()
    extreme = "max" if which == "last" else "min"
    rows = desk.rows(
        "SELECT played_date, strftime(played_at + to_minutes(utc_offset_minutes), '%H:%M') AS ended, track_name, "
        f"artist_name FROM {source} WHERE is_counted AND played_at = (SELECT {extreme}(played_at) FROM {source} "
        "WHERE is_counted) LIMIT 1",
        **values,
    )
    name = " and ".join(item.name for item in desk.slots.items)
    if not rows:
        raise DeclinedError(f"{name} was not played for 30 seconds or more{desk.scope()}.")
    found = rows[0]
    ago = (desk.today - found["played_date"]).days
    count = sums(desk)["n"]
    told = f"You {which} played {name} on {found['played_date']:%A %d %B %Y} at {found['ended']} ({ago} days ago)"
    return Told(
        f"{told}; {times(count)} in all{desk.scope()}.", found["played_date"], "day", _PLAYED, tuple(rows), count
    )


def first_play(desk: Desk) -> Told:
    """The first counted plays of a range."""
    return _played(desk, "first", "ASC")


def last_play(desk: Desk) -> Told:
    """The last counted plays of a range, the newest first."""
    return _played(desk, "last", "DESC")


def _played(desk: Desk, which: str, order: str) -> Told:
    source, values = desk.plays()
    within, bound = ("<=", "max") if order == "ASC" else (">=", "min")  # whole rows are read of a few plays alone
    rows = desk.rows(
        "SELECT played_date, strftime(played_at + to_minutes(utc_offset_minutes), '%H:%M') AS ended, track_name, "
        f"artist_name FROM {source} WHERE is_counted AND played_at {within} (SELECT {bound}(played_at) FROM "
        f"(SELECT played_at FROM {source} WHERE is_counted ORDER BY played_at {order} LIMIT $count)) "
        f"ORDER BY played_at {order}, play_id {order} LIMIT $count",
        **values,
        count=desk.slots.count or 10,
    )
    if not rows:
        raise DeclinedError(f"Nothing was played{of_items(desk)}{desk.scope()}.")
    found = rows[0]
    told = f"{found['track_name']} by {found['artist_name']}, on {found['played_date']:%A %d %B %Y} at {found['ended']}"
    columns: tuple[Column, ...] = (_PLAYED[0], Column("ended", "Ended"), *_PLAYED[1:])
    scope = f"the {which} play{of_items(desk)}{desk.scope()}"
    return Told(f"{told}: {scope}.", found["track_name"], "track", columns, tuple(rows), sums(desk)["n"])


def rank(desk: Desk) -> Told:
    """The place of an artist, track or album among all of its kind, by counted plays (or by time)."""
    item = desk.item("artist", "track", "album")
    if item is None:
        raise DeclinedError("The rank of what? Name an artist, a track or an album.")
    source, values = desk.with_slots(items=()).plays()
    order = "minutes DESC, plays DESC" if desk.slots.by == "time" else "plays DESC, minutes DESC"
    key = KEYS[item.kind]
    rows = desk.rows(
        f"SELECT * FROM (SELECT *, row_number() OVER (ORDER BY {order}, {key}) AS place, count(*) OVER () AS found "
        f"FROM ({SUMS[item.kind].format(source)})) WHERE {key} = $key",
        **values,
        key=item.key,
    )
    if not rows:
        raise DeclinedError(f"{item.name} was not played{desk.scope()}.")
    found = rows[0]
    told = f"{item.name} is number {found['place']:,} of {found['found']:,} {item.kind}s{desk.scope()}"
    told += f": {found['plays'] or 0:,.0f} plays, {minutes_in_words(found['minutes'])}."
    columns: tuple[Column, ...] = (Column("name", "Name"), Column("place", "Place"), Column("plays", "Plays", "plays"))
    columns += (Column("minutes", "Minutes", "minutes"),)
    shown = {"name": item.name} | {name: found[name] for name in ("place", "plays", "minutes")}
    return Told(told, found["place"], "place", columns, (shown,), round(found["plays"] or 0))


def about(desk: Desk) -> Told:
    """What the plays say of an item in one sentence: how often, how long, first and last."""
    if not desk.slots.items:
        raise DeclinedError("About what? Name an artist, a track or an album.")
    source, values = desk.plays()
    found = desk.row(
        "SELECT count(*) FILTER (is_counted) AS plays, sum(weight * listened_ms) / 60000.0 AS minutes, "
        f"min(played_date) AS first_date, max(played_date) AS last_date FROM {source}",
        **values,
    )
    name = " and ".join(item.name for item in desk.slots.items)
    if not found["plays"]:
        raise DeclinedError(f"{name} was not played{desk.scope()}.")
    told = f"{name}{desk.scope()}: {found['plays']:,} plays, {minutes_in_words(found['minutes'])}, from "
    told += f"{found['first_date']} to {found['last_date']}."
    columns: tuple[Column, ...] = (Column("plays", "Plays", "plays"), Column("minutes", "Minutes", "minutes"))
    columns += (Column("first_date", "First", "day"), Column("last_date", "Last", "day"))
    return Told(told, found["plays"], "plays", columns, (found,), found["plays"], trust=0.9)
