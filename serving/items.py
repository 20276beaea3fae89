"""What is known of one artist, album, recording or genre of a listener: names, sums of any range, what goes with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from serving.store import Row, Store

Subject = Literal["artist", "album", "track", "genre"]


@dataclass(frozen=True)
class Source:
    """Where an item is found. stats, key: its gold table and the column of its key; name, detail: columns of it.

    where: which kept plays are of it; weight: the part of such a play that counts for it.
    """

    stats: str
    key: str
    name: str
    detail: str
    where: str
    plays: str = "kept_plays"
    weight: str = "1"


SOURCES: dict[Subject, Source] = {
    "artist": Source(
        "artist_stats", "artist_key", "artist_name", "NULL",
        "artist_name IN (SELECT artist_name FROM artist_names WHERE artist_key = $key)", "plays_by_artist",
    ),
    "album": Source(
        "album_stats", "album_key", "album_name", "artist_name",
        "album_name IN (SELECT album_name FROM album_names WHERE album_key = $key) AND coalesce(artist_name, '') IN "
        "(SELECT coalesce(artist_name, '') FROM album_names WHERE album_key = $key)", "plays_by_artist",
    ),
    "track": Source("track_stats", "recording_id", "track_name", "artist_name", "recording_id = $key"),
    "genre": Source(
        "genre_stats", "genre", "genre", "genre_family", "genre = $key",
        "kept_plays JOIN track_genres USING (track_id)", "genre_weight",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Item:
    """One of them. detail: the artist, or the family of a genre. periods: its rows of the gold table, as they are.

    album_name, track_id: of a recording.
    """

    subject: Subject
    key: str
    name: str
    detail: str | None
    periods: list[Row]
    album_name: str | None = None
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
    periods = store.rows(f"SELECT * FROM {source.stats} WHERE {source.key} = $key", key=key)
    whole = next((row for row in periods if row["period_kind"] == "all_time"), None)
    if whole is None:
        return _unplayed_track(store, key) if subject == "track" else None
    detail = whole[source.detail] if source.detail != "NULL" else None
    return Item(
        subject, key, whole[source.name] or key, detail, periods, whole.get("album_name"), whole.get("track_id")
    )


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
        "SELECT track_id, track_name, artist_name, album_name, recording_id FROM tracks "
        "LEFT JOIN recordings USING (track_id) WHERE track_id = $key",
        key=key,
    )
    if row is None:
        return None
    if row["recording_id"] and row["recording_id"] != key:
        return item_of(store, "track", row["recording_id"])
    return Item("track", key, row["track_name"] or key, row["artist_name"], [], row["album_name"], key)


def item_totals(store: Store, item: Item, first: date, last: date) -> tuple[Row, list[Row]]:
    """Plays, time, skips and days of an item in these local days, and its plays and time by hour of the day."""
    source = SOURCES[item.subject]
    rows = store.rows(
        f"""
        SELECT hour_of_day, count(*) AS start_count,
            coalesce(sum({source.weight}) FILTER (is_counted), 0) AS play_count,
            coalesce(sum({source.weight} * listened_ms), 0)::BIGINT AS listened_ms,
            count(*) FILTER (is_skip) AS skip_count, count(DISTINCT played_date) FILTER (is_counted) AS day_count,
            min(played_date) AS first_date, max(played_date) AS last_date
        FROM {source.plays} WHERE {source.where} AND played_date BETWEEN $first AND $last
        GROUP BY GROUPING SETS ((hour_of_day), ())
        """,
        key=item.key, first=first, last=last,
    )  # fmt: skip
    total = next(row for row in rows if row["hour_of_day"] is None)
    return total, sorted((row for row in rows if row["hour_of_day"] is not None), key=lambda row: row["hour_of_day"])


def item_parts(store: Store, item: Item, first: date, last: date) -> tuple[list[Row], list[Row]]:
    """The recordings and the albums of an item in these days, most time first.

    Rows: key, name, artist_name, album_name, play_count, listened_ms. Albums are told for an artist alone.
    """
    source = SOURCES[item.subject]
    is_artist = item.subject == "artist"
    sums = f"""
        coalesce(sum({source.weight}) FILTER (is_counted), 0) AS play_count,
        sum({source.weight} * listened_ms)::BIGINT AS listened_ms
    """
    found = store.rows(
        f"""
        WITH heard AS (
            SELECT recording_id, {"album_name" if is_artist else "NULL AS album_name"}, {sums}
            FROM {source.plays} WHERE {source.where} AND played_date BETWEEN $first AND $last
            GROUP BY {"GROUPING SETS ((recording_id), (album_name))" if is_artist else "recording_id"}
        ),
        named AS (SELECT * FROM track_stats WHERE period_kind = 'all_time')
        SELECT recording_id, coalesce(recording_id, album_of(heard.album_name, $name)) AS key,
            coalesce(track_name, heard.album_name) AS name, artist_name,
            coalesce(heard.album_name, named.album_name) AS album_name, heard.play_count, heard.listened_ms
        FROM heard LEFT JOIN named USING (recording_id)
        WHERE recording_id IS NOT NULL OR heard.album_name IS NOT NULL
        ORDER BY heard.listened_ms DESC, heard.play_count DESC, name, key
        """,
        key=item.key, first=first, last=last, name=item.name,
    )  # fmt: skip
    tracks = [row for row in found if row["recording_id"] is not None]
    return tracks, [row for row in found if row["recording_id"] is None]


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
