"""What is known of one artist, album, recording or genre of a listener: names, sums of any range, what goes with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from serving.store import Row, Store

Subject = Literal["artist", "album", "track", "genre"]


@dataclass(frozen=True)
class Source:
    """Where an item is found. stats, key: its gold table and the column of its key; name: the column of its name.

    beside: more of that row, as columns of Item. where: which kept plays are of it; weight: the part of such a play
    that counts for it. parts: what else such plays are summed by.
    """

    stats: str
    key: str
    name: str
    where: str
    beside: str = ""
    plays: str = "plays_by_artist"
    weight: str = ""
    parts: tuple[str, ...] = ()


SOURCES: dict[Subject, Source] = {
    "artist": Source(
        "artist_stats", "artist_key", "artist_name",
        "artist_name IN (SELECT artist_name FROM artist_names WHERE artist_key = $key)",
        parts=("recording_id", "album_name"),
    ),
    "album": Source(
        "album_stats", "album_key", "album_name",
        "album_name IN (SELECT album_name FROM album_names WHERE album_key = $key) AND coalesce(artist_name, '') IN "
        "(SELECT coalesce(artist_name, '') FROM album_names WHERE album_key = $key)",
        beside="artist_name AS detail, artist_of(artist_name) AS artist_key", parts=("recording_id",),
    ),
    "track": Source(
        "track_stats", "recording_id", "track_name", "recording_id = $key",
        beside="artist_name AS detail, artist_of(artist_name) AS artist_key, album_name, "
        "album_of(album_name, artist_name) AS album_key, track_id",
    ),
    "genre": Source(
        "genre_stats", "genre", "genre", "genre = $key", beside="genre_family AS detail",
        plays="kept_plays JOIN track_genres USING (track_id)", weight="genre_weight", parts=("recording_id",),
    ),
}  # fmt: skip

_PERIOD = """
period_kind, period_start, period_share, start_count, play_count, listened_ms, time_rank, time_rank_change, first_date,
last_date
"""


@dataclass(frozen=True)
class Item:
    """One of them. detail: the artist, or the family of a genre. periods: what its gold table says of each range.

    artist_key: of an album and a recording; album_name, album_key, track_id: of a recording.
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

    @property
    def whole(self) -> Row | None:
        """Its row of all time; None for what was never played."""
        return next((row for row in self.periods if row["period_kind"] == "all_time"), None)

    def months(self) -> list[Row]:
        """Its rows of calendar months, in order."""
        rows = [row for row in self.periods if row["period_kind"] == "month"]
        return sorted(rows, key=lambda row: row["period_start"])


def item_of(store: Store, subject: Subject, key: str) -> Item | None:
    """The item of this key; None where nothing of the listener's has it. A track may be asked for by any track id."""
    source = SOURCES[subject]
    beside = f", {source.beside}" if source.beside else ""
    periods = store.rows(
        f"SELECT {_PERIOD}, {source.name} AS name{beside} FROM {source.stats} WHERE {source.key} = $key", key=key
    )
    item = Item(subject, key, key, None, periods)
    if item.whole is None:
        return _unplayed_track(store, key) if subject == "track" else None
    return replace(item, **_told(item.whole, key))


def _told(row: Row, key: str) -> Row:
    """What a row says of the item itself."""
    names = ("detail", "artist_key", "album_name", "album_key", "track_id")
    return {"name": row["name"] or key, **{name: row[name] for name in names if name in row}}


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
        f"SELECT recording_id, track_name AS name, {SOURCES['track'].beside} "
        "FROM tracks LEFT JOIN recordings USING (track_id) WHERE track_id = $key",
        key=key,
    )
    if row is None:
        return None
    if row["recording_id"] and row["recording_id"] != key:
        return item_of(store, "track", row["recording_id"])
    return Item("track", key, periods=[], **_told(row, key))


@dataclass(frozen=True)
class Heard:
    """What was heard of an item in some days. Rows hold start_count, play_count, listened_ms and skip_count.

    total: also day_count, the days with counted plays. hours: by hour_of_day. tracks, albums: most time first, with
    key, name, artist_name and album_name; albums are told for an artist alone.
    """

    total: Row
    hours: list[Row]
    tracks: list[Row]
    albums: list[Row]


def heard_of(store: Store, item: Item, first: date, last: date) -> Heard:
    """Sums of an item's kept plays in these local days."""
    source = SOURCES[item.subject]
    by = ("hour_of_day", *source.parts)
    weigh, weight = (f" * {source.weight}", f", {source.weight}") if source.weight else ("", "")
    named = "recording_id" in by
    rows = store.rows(
        f"""
        WITH own AS (
            SELECT {", ".join(by)}, played_date, is_counted, is_skip, listened_ms{weight}
            FROM {source.plays} WHERE {source.where} AND played_date BETWEEN $first AND $last),
        heard AS (
            SELECT grouping({", ".join(by)}) AS grouped, {", ".join(by)},
                count(*) AS start_count, coalesce(sum(is_counted::INT{weigh}), 0) AS play_count,
                coalesce(sum(listened_ms{weigh}), 0)::BIGINT AS listened_ms,
                coalesce(sum(is_skip::INT), 0)::BIGINT AS skip_count
            FROM own GROUP BY GROUPING SETS ((), {", ".join(f"({name})" for name in by)}))
        SELECT heard.*, (SELECT count(DISTINCT played_date) FROM own WHERE is_counted) AS day_count
            {", track_name, artist_name, recording_names.album_name AS track_album" if named else ""}
            {", album_of(heard.album_name, $name) AS album_key" if "album_name" in by else ""}
        FROM heard {"LEFT JOIN recording_names USING (recording_id)" if named else ""}
        """,
        key=item.key, first=first, last=last, **({"name": item.name} if "album_name" in by else {}),
    )  # fmt: skip
    of = {name: [row for row in rows if row["grouped"] == _alone(place, len(by))] for place, name in enumerate(by)}
    return Heard(
        next(row for row in rows if row["grouped"] == 2 ** len(by) - 1),
        sorted(of["hour_of_day"], key=lambda row: row["hour_of_day"]),
        _most_first(
            {**row, "key": row["recording_id"], "name": row["track_name"], "album_name": row["track_album"]}
            for row in of.get("recording_id", ())
            if row["recording_id"] is not None
        ),
        _most_first(
            {**row, "key": row["album_key"], "name": row["album_name"]}
            for row in of.get("album_name", ())
            if row["album_name"] is not None
        ),
    )


def _alone(place: int, count: int) -> int:
    """What SQL's grouping() gives where only the column at this place was grouped by."""
    return (2**count - 1) ^ (1 << (count - 1 - place))


def _most_first(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (-row["listened_ms"], -row["play_count"], row["name"] or "", row["key"]))


def latest_plays(store: Store, item: Item, limit: int = 50) -> list[Row]:
    """The newest kept plays of an item: when they ended (local), what, time, whether counted or skipped, session."""
    source = SOURCES[item.subject]
    return store.rows(
        f"""
        SELECT played_at + to_minutes(utc_offset_minutes) AS ended_at, recording_id AS key, track_name, artist_name,
            album_name, listened_ms, is_counted, is_skip, session_id
        FROM {source.plays} WHERE {source.where} AND played_date >= $since ORDER BY played_at DESC LIMIT $limit
        """,
        key=item.key, since=since_plays(item, limit), limit=limit,
    )  # fmt: skip


def since_plays(item: Item, plays: int) -> date:
    """The first day of the month from which on there are so many plays begun: keeps queries off the long past."""
    count = 0
    for row in reversed(item.months()):
        count += row["start_count"]
        if count >= plays:
            return row["period_start"]  # type: ignore[no-any-return]
    return date.min
