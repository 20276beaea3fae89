"""What was played most in any range of days: as gold tells it of its standard ranges (docs/analytics.md)."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from config.errors import InputError
from serving.store import Row, Store

By = Literal["time", "plays"]
DAY = timedelta(days=1)
LAST_DAYS = (7, 28, 90, 365)
ALWAYS = date(1970, 1, 1)  # where gold's all_time begins


@dataclass(frozen=True)
class _Subject:
    """What is ranked. columns: the columns of plays that tell one from another; key: what it is counted under.

    names: the table that says what a key is called, `name` and `detail`, whatever the range is. gold: the table that
    has the standard ranges, with its columns.
    """

    columns: str
    key: str
    names: str
    gold: str
    gold_key: str
    gold_names: str
    source: str = "kept_plays"
    weight: str = "1"
    gold_plays: str = "play_count"
    gold_time: str = "listened_ms"


_OF_STATS = "FROM {0} WHERE period_kind = 'all_time'"
SUBJECTS = {
    "artists": _Subject(
        "artist_name",
        "artist_of(artist_name)",
        f"SELECT artist_key AS key, artist_name AS name, NULL AS detail, NULL AS track_id "
        f"{_OF_STATS.format('artist_stats')}",
        "artist_stats",
        "artist_key",
        "artist_name AS name, NULL AS detail, NULL AS track_id",
    ),
    "tracks": _Subject(
        "recording_id",
        "recording_id",
        f"SELECT recording_id AS key, track_name AS name, artist_name AS detail, track_id "
        f"{_OF_STATS.format('track_stats')}",
        "track_stats",
        "recording_id",
        "track_name AS name, artist_name AS detail, track_id",
    ),
    "albums": _Subject(
        "album_name, artist_name",
        "album_of(album_name, artist_name)",
        f"SELECT album_key AS key, album_name AS name, artist_name AS detail, NULL AS track_id "
        f"{_OF_STATS.format('album_stats')}",
        "album_stats",
        "album_key",
        "album_name AS name, artist_name AS detail, NULL AS track_id",
    ),
    "genres": _Subject(
        "genre",
        "genre",
        "SELECT DISTINCT genre AS key, genre AS name, genre_family AS detail, NULL AS track_id FROM track_genres",
        "genre_stats",
        "genre",
        "genre AS name, genre_family AS detail, NULL AS track_id",
        source="kept_plays JOIN track_genres USING (track_id)",
        weight="genre_weight",
        gold_plays="genre_plays",
        gold_time="genre_time",
    ),
}

_PLACES = """
    heard AS (
        SELECT {columns}, sum({weight}) FILTER (is_counted) AS play_count, sum({weight} * listened_ms) AS listened_ms
        FROM {source} WHERE played_date BETWEEN ${first} AND ${last} GROUP BY ALL
    ),
    keyed AS (
        SELECT {key} AS key, coalesce(sum(play_count), 0) AS play_count, sum(listened_ms) AS listened_ms
        FROM heard GROUP BY 1 HAVING {key} IS NOT NULL
    ),
    {result} AS (
        SELECT keyed.*, names.name, names.detail, names.track_id,
            row_number() OVER (ORDER BY {order}, names.name, keyed.key) AS rank
        FROM keyed LEFT JOIN names USING (key)
    )
"""
_ORDERS = {"time": "listened_ms DESC, play_count DESC", "plays": "play_count DESC, listened_ms DESC"}


def top_of(
    store: Store,
    subject: str,
    days: tuple[date, date],
    before: tuple[date, date] | None = None,
    *,
    by: By = "time",
    limit: int = 10,
    offset: int = 0,
) -> list[Row]:
    """The artists, tracks, albums or genres that were played most on these local days, first and last included.

    Rows: rank, key, name, detail (the artist, or the genre's family), track_id, play_count, listened_ms, and with
    `before` rank_before and rank_change (places risen; both null for what was not heard then). Genres share a play by
    weight, so their counts are fractions. Raises InputError for another subject.
    """
    if subject not in SUBJECTS or by not in _ORDERS:
        raise InputError(f"There is no top list of {subject} by {by}.", f"There are: {', '.join(SUBJECTS)}.")
    standard = _standard(store, days, before)
    if standard is not None:
        return _from_gold(store, subject, standard, by, has_before=before is not None, limit=limit, offset=offset)
    return _added_up(store, subject, days, before, by, limit, offset)


def _standard(store: Store, days: tuple[date, date], before: tuple[date, date] | None) -> tuple[str, date] | None:
    """The kind and first day of the standard range that these days are, and `before` its predecessor; else None."""
    first, last = days
    kinds = {f"last_{length}_days": length for length in LAST_DAYS}
    kind = next((kind for kind, length in kinds.items() if days == (store.as_of - (length - 1) * DAY, store.as_of)), "")
    if days == (first.replace(month=1, day=1), first.replace(month=12, day=31)):
        kind = "year"
    elif first.day == 1 and last == last_of_month(first):
        kind = "month"
    elif first <= store.first_day and last == store.as_of and before is None:
        return "all_time", ALWAYS
    return (kind, first) if kind and (before is None or before == range_before(kind, first, last)) else None


def range_before(kind: str, first: date, last: date) -> tuple[date, date]:
    """The range of this kind that ends on the day before."""
    end = first - DAY
    if kind == "year":
        return end.replace(month=1, day=1), end
    if kind == "month":
        return end.replace(day=1), end
    return end - (last - first), end


def last_of_month(day: date) -> date:
    """The last day of a day's month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def _from_gold(
    store: Store, subject: str, period: tuple[str, date], by: By, *, has_before: bool, limit: int, offset: int
) -> list[Row]:
    """The list as gold has it: the same rows as `_added_up` gives for these days."""
    one, rank = SUBJECTS[subject], {"time": "time_rank", "plays": "play_rank"}[by]
    change = f", {rank}_change + {rank} AS rank_before, {rank}_change AS rank_change" if has_before else ""
    return store.rows(
        f"""
        SELECT {rank} AS rank, {one.gold_key} AS key, {one.gold_names}, {one.gold_plays} AS play_count,
            {one.gold_time}::BIGINT AS listened_ms {change}
        FROM {one.gold} WHERE period_kind = $kind AND period_start = $start
        ORDER BY {rank} LIMIT $limit OFFSET $offset
        """,
        kind=period[0], start=period[1], limit=limit, offset=offset,
    )  # fmt: skip


def _added_up(
    store: Store,
    subject: str,
    days: tuple[date, date],
    before: tuple[date, date] | None,
    by: By,
    limit: int,
    offset: int,
) -> list[Row]:
    """The list of any days, from the plays."""
    values: Row = {"first": days[0], "last": days[1], "limit": limit, "offset": offset}
    parts = [f"names AS ({SUBJECTS[subject].names})", _placed(subject, by, "", "now")]
    change, join = "", ""
    if before is not None:
        values |= {"before_first": before[0], "before_last": before[1]}
        parts.append(_placed(subject, by, "before_", "earlier"))
        change = ", earlier.rank AS rank_before, earlier.rank - now.rank AS rank_change"
        join = "LEFT JOIN earlier USING (key)"
    return store.rows(
        f"""
        WITH {", ".join(parts)}
        SELECT now.rank, now.key, now.name, now.detail, now.track_id, now.play_count,
            now.listened_ms::BIGINT AS listened_ms {change}
        FROM now {join} ORDER BY now.rank LIMIT $limit OFFSET $offset
        """,
        **values,
    )


def _placed(subject: str, by: By, days: str, result: str) -> str:
    one = SUBJECTS[subject]
    parts = _PLACES.format(
        columns=one.columns, key=one.key, weight=one.weight, source=one.source, order=_ORDERS[by],
        first=f"{days}first", last=f"{days}last", result=result,
    )  # fmt: skip
    return parts.replace("heard", f"{result}_heard").replace("keyed", f"{result}_keyed")
