"""What is known of one artist, album, recording or genre of a listener: names, sums of any range, what goes with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import Literal

from cachetools import LRUCache, cached

from serving.store import Row, Store

KEPT = 8  # items that are kept: the parts of a page are asked for one after the other
Subject = Literal["artist", "album", "track", "genre"]


@dataclass(frozen=True)
class Source:
    """Where an item is found. stats, key: its gold table and the column of its key.

    name, detail: columns of that table; sums: those of plays and time. more: a query for what Item holds beside.
    plays: the table of its plays; own: their columns that hold what Item holds under these names (null: not asked).
    weight: the part of a play that counts for the item. parts: what its plays are summed by, beside the hour.
    """

    stats: str
    key: str
    name: str
    detail: str = "NULL"
    more: str = ""
    plays: str = "plays_by_artist"
    own: Mapping[str, str] = field(default_factory=dict)
    weight: str = ""
    parts: tuple[str, ...] = ("recording_id",)
    sums: str = "play_count, listened_ms"


_IS_TRACK = "subject = 'track'"
SOURCES: dict[Subject, Source] = {
    "artist": Source(
        "artist_stats", "artist_key", "artist_name", own={"artist_key": "key"}, parts=("recording_id", "album_key")
    ),
    "album": Source(
        "album_stats", "album_key", "album_name", "artist_name",
        "SELECT artist_key FROM album_names WHERE album_key = $key LIMIT 1",
        own={"artist_key": "artist_key", "album_key": "key"},  # plays lie by artist
    ),
    "track": Source(
        "track_stats", "recording_id", "track_name", "artist_name",
        f"SELECT artist_key, album_name, album_key, track_id, number FROM item_names WHERE {_IS_TRACK} AND key = $key",
        own={"recording_no": "number"}, parts=(),
    ),
    "genre": Source(
        "genre_stats", "genre", "genre", "genre_family", plays="plays_by_genre", own={"genre": "key"},
        weight="genre_weight", parts=("recording_id", "artist_key"),
        sums="genre_plays AS play_count, genre_time AS listened_ms",
    ),
}  # fmt: skip
_NAMES = {"album_key": "album_name", "artist_key": "artist_name"}

_PERIOD = """
period_kind, period_start, period_share, start_count, time_rank, time_rank_change, first_date, last_date
"""


@dataclass(frozen=True)
class Item:
    """One of them. detail: the artist, or the family of a genre. periods: what its gold table says of each range.

    artist_key: of an album and a recording; album_name, album_key, track_id: of a recording; number: of a
    recording that was played, among those of the file.
    """

    subject: Subject
    key: str
    name: str
    detail: str | None
    periods: list[Row]
    artist_key: str | None = None
    album_name: str | None = None
    album_key: str | None = None
    track_id: str | None = None
    number: int | None = None

    @property
    def whole(self) -> Row | None:
        """Its row of all time; None for what was never played."""
        return next((row for row in self.periods if row["period_kind"] == "all_time"), None)

    def months(self) -> list[Row]:
        """Its rows of calendar months, in order."""
        rows = [row for row in self.periods if row["period_kind"] == "month"]
        return sorted(rows, key=lambda row: row["period_start"])


@cached(LRUCache(KEPT), key=lambda store, subject, key: (store.file, subject, key), lock=Lock())
def item_of(store: Store, subject: Subject, key: str) -> Item | None:
    """The item of this key; None where nothing of the listener's has it. A track may be asked for by any track id."""
    source = SOURCES[subject]
    periods = store.rows(
        f"SELECT {_PERIOD}, {source.sums}, {source.name} AS name, {source.detail} AS detail FROM {source.stats} "
        f"WHERE {source.key} = $key",
        key=key,
    )
    whole = next((row for row in periods if row["period_kind"] == "all_time"), None)
    if whole is None:
        return _unplayed_track(store, key) if subject == "track" else None
    more = store.row(source.more, key=key) if source.more else None
    return Item(subject, key, whole["name"] or key, whole["detail"], periods, **(more or {}))


def first_key(store: Store, subject: Subject) -> str | None:
    """The key of what was played most over all time."""
    source = SOURCES[subject]
    row = store.row(
        f"SELECT {source.key} AS key FROM {source.stats} WHERE period_kind = 'all_time' ORDER BY time_rank LIMIT 1"
    )
    return row["key"] if row else None


def _unplayed_track(store: Store, key: str) -> Item | None:
    """A track of the library or catalogue, or another edition of a recording that was played."""
    row = store.row(
        "SELECT track_id, track_name, artist_name, album_name, recording_id, artist_of(artist_name) AS artist_key, "
        "album_of(album_name, artist_name) AS album_key FROM tracks LEFT JOIN recordings USING (track_id) "
        "WHERE track_id = $key",
        key=key,
    )
    if row is None:
        return None
    if row["recording_id"] and row["recording_id"] != key:
        return item_of(store, "track", row["recording_id"])
    return Item(
        "track", key, row["track_name"] or key, row["artist_name"], [],
        row["artist_key"], row["album_name"], row["album_key"], key,
    )  # fmt: skip


@dataclass(frozen=True)
class Heard:
    """What was heard of an item in some days. Rows hold start_count, play_count, listened_ms and skip_count.

    total: also day_count, the days with counted plays. hours: by hour_of_day. The others have a key, most time first:
    recordings, for an artist albums, for a genre artists; the last two with a name.
    """

    total: Row
    hours: list[Row]
    recordings: list[Row]
    albums: list[Row]
    artists: list[Row]


def heard_of(store: Store, item: Item, first: date, last: date) -> Heard:
    """Sums of an item's kept plays in these local days."""
    source = SOURCES[item.subject]
    by = ("hour_of_day", *source.parts)
    weigh = f" * {source.weight}" if source.weight else ""
    names = "".join(f", any_value({_NAMES[name]}) AS {name}_name" for name in by if name in _NAMES)
    own, values = own_plays(item, "played_date BETWEEN $first AND $last", first=first, last=last)
    rows = store.rows(
        f"""
        SELECT grouping({", ".join(by)}) AS grouped, {", ".join(by)}{names}, count(*) AS start_count,
            coalesce(sum(is_counted::INT{weigh}), 0) AS play_count,
            coalesce(sum(listened_ms{weigh}), 0)::BIGINT AS listened_ms,
            coalesce(sum(is_skip::INT), 0)::BIGINT AS skip_count
        FROM {own} GROUP BY GROUPING SETS ((), {", ".join(f"({name})" for name in by)})
        """,
        **values,
    )
    days = store.row(f"SELECT count(DISTINCT played_date) AS day_count FROM {own} AND is_counted", **values)
    of = {name: [row for row in rows if row["grouped"] == _alone(place, len(by))] for place, name in enumerate(by)}
    total = next(row for row in rows if row["grouped"] == (1 << len(by)) - 1)
    recordings, albums, artists = (
        _keyed(of.get(name, []), name) for name in ("recording_id", "album_key", "artist_key")
    )
    hours = sorted(of["hour_of_day"], key=lambda row: row["hour_of_day"])
    return Heard({**total, **(days or {})}, hours, recordings, albums, artists)


def own_plays(item: Item, also: str, **values: object) -> tuple[str, Row]:
    """The kept plays of an item, as a table with a condition, and the values of its $names."""
    source = SOURCES[item.subject]
    own = {column: getattr(item, name) for column, name in source.own.items() if getattr(item, name) is not None}
    conditions = [*(f"{column} = ${column}" for column in own), also]
    return f"{source.plays} WHERE {' AND '.join(conditions)}", {**own, **values}


def _alone(place: int, count: int) -> int:
    """What SQL's grouping() gives where only the column at this place was grouped by."""
    return ((1 << count) - 1) ^ (1 << (count - 1 - place))


def _keyed(rows: list[Row], name: str) -> list[Row]:
    """Rows that have a key of this name, as `key`, most time first."""
    found = [{**row, "key": row[name], "name": row.get(f"{name}_name")} for row in rows if row[name] is not None]
    return sorted(found, key=lambda row: (-row["listened_ms"], -row["play_count"], row["key"]))


def with_names(store: Store, recordings: Sequence[Row]) -> list[Row]:
    """The same rows with name, artist_name and album_name; for as many as are shown."""
    keys = {f"key{place}": row["key"] for place, row in enumerate(recordings)}
    listed = ", ".join(f"${name}" for name in keys)
    found = store.rows(
        f"SELECT key, name, detail AS artist_name, album_name FROM item_names WHERE {_IS_TRACK} AND key IN ({listed})",
        **keys,
    ) if keys else []  # fmt: skip
    named = {row["key"]: row for row in found}
    return [
        {**row, **named.get(row["key"], {"name": None, "artist_name": None, "album_name": None})} for row in recordings
    ]


def latest_plays(store: Store, item: Item, limit: int = 50) -> list[Row]:
    """The newest kept plays of an item: when they ended (local), what, time, whether counted or skipped, session."""
    own, values = own_plays(item, "played_date >= $since", since=since_plays(item, limit))
    return store.rows(
        f"""
        SELECT played_at + to_minutes(utc_offset_minutes) AS ended_at, recording_id AS key, track_name, artist_name,
            album_name, listened_ms, is_counted, is_skip, session_id
        FROM {own} ORDER BY played_at DESC LIMIT $limit
        """,
        limit=limit, **values,
    )  # fmt: skip


def since_plays(item: Item, plays: int) -> date:
    """The first day of the month from which on there are so many plays begun: keeps queries off the long past."""
    count = 0
    for row in reversed(item.months()):
        count += row["start_count"]
        if count >= plays:
            return row["period_start"]  # type: ignore[no-any-return]
    return date.min
