"""What was played most, skipped most, or for the first time; and when most was played."""

from __future__ import annotations

from assistant.answers.totals import of_items, sums
from assistant.desk import DeclinedError, Desk, Told, minutes_in_words, percent
from assistant.replies import Column

_SUMMED = "sum(weight) FILTER (is_counted) AS plays, sum(weight * listened_ms) / 60000.0 AS minutes"
_ADDED = "coalesce(sum(plays), 0) AS plays, sum(minutes) AS minutes"
# What things are called, as on every page: after their most played track.
NAMES = {
    "artist": "(SELECT artist_key, artist_name AS name, '' AS artist FROM artist_stats WHERE period_kind = 'all_time')",
    "track": "(SELECT recording_id, track_name AS name, artist_name AS artist FROM track_stats "
    "WHERE period_kind = 'all_time')",
    "album": "(SELECT album_key, album_name AS name, artist_name AS artist FROM album_stats "
    "WHERE period_kind = 'all_time')",
}
KEYS = {"artist": "artist_key", "track": "recording_id", "album": "album_key"}
# Summed by the written name first: joining a million plays with names costs more.
SUMS = {
    "artist": f"SELECT artist_key, {_ADDED} FROM (SELECT artist_name, {_SUMMED} FROM {{0}} GROUP BY 1) "
    "JOIN artist_names USING (artist_name) GROUP BY 1",
    "track": f"SELECT recording_id, {_SUMMED} FROM {{0}} GROUP BY 1",
    "album": f"SELECT album_key, {_ADDED} FROM (SELECT album_name, artist_name, {_SUMMED} FROM {{0}} GROUP BY 1, 2) "
    "JOIN album_names USING (album_name, artist_name) GROUP BY 1",
}
_LISTS = {
    kind: f"SELECT name, artist, coalesce(plays, 0) AS plays, minutes FROM ({SUMS[kind]}) "
    f"JOIN {NAMES[kind]} USING ({key})"
    for kind, key in KEYS.items()
}
_LISTS["genre"] = (
    "SELECT genre AS name, '' AS artist, coalesce(sum(weight * genre_weight * plays), 0) AS plays, "
    "sum(weight * genre_weight * ms) / 60000.0 AS minutes FROM (SELECT track_id, any_value(weight) AS weight, "
    "count(*) FILTER (is_counted) AS plays, sum(listened_ms) AS ms FROM {0} GROUP BY 1) "
    "JOIN (SELECT track_id, genre, genre_weight FROM track_genres) USING (track_id) GROUP BY genre"
)
_COLUMNS: tuple[Column, ...] = (Column("name", "Name"), Column("artist", "Artist"), Column("plays", "Plays", "plays"))
_COLUMNS += (Column("minutes", "Minutes", "minutes"),)
_BUCKETS = {
    "day": ("played_date", "%A %d %B %Y"),
    "month": ("date_trunc('month', played_date)::DATE", "%B %Y"),
    "year": ("year(played_date)", ""),
    "hour": ("hour_of_day", ""),
    "weekday": ("day_of_week", ""),
    "season": ("season", ""),
    "part": ("part_of_day", ""),
}
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def top(desk: Desk) -> Told:
    """The artists, tracks, albums or genres that were played most, by plays or by time."""
    slots = desk.slots
    kind = slots.kind or ("artist" if slots.words & {"who"} else "track")
    if kind == "genre" and desk.item("genre"):
        raise DeclinedError("A genre has no genres below it.")
    by_time = slots.by == "time" or (not slots.by and bool(slots.words & {"time", "minutes"}))
    source, values = desk.plays()
    order = "minutes DESC, plays DESC, name" if by_time else "plays DESC, minutes DESC, name"
    count = slots.count or 10
    listed = f"SELECT *, sum(plays) OVER () AS all_plays FROM ({_LISTS[kind].format(source)})"
    found = desk.rows(f"{listed} ORDER BY {order} LIMIT $count", **values, count=count)
    names = [column.name for column in _COLUMNS]
    rows = [{name: row[name] for name in names} for row in found]
    rows = [row | {"plays": round(row["plays"] or 0, 1)} for row in rows if row["plays"] or row["minutes"]]
    if not rows:
        raise DeclinedError(f"Nothing was played{of_items(desk)}{desk.scope()}.")
    first = rows[0]
    named = first["name"] + (f" by {first['artist']}" if first["artist"] else "")
    figure = minutes_in_words(first["minutes"]) if by_time else f"{first['plays']:,.0f} plays"
    then = ", ".join(row["name"] for row in rows[1:5])
    told = f"{named}: {figure}{desk.scope()}." + (f" Then {then}." if then else "")
    notes: tuple[str, ...] = () if slots.by or by_time else ("Ranked by plays; “by time?” ranks by listening time.",)
    if not slots.kind and kind == "track":
        notes += ("Read as tracks; “and the artists?” asks for artists.",)
    return Told(told, first["name"], kind, _COLUMNS, tuple(rows), round(found[0]["all_plays"]), notes)


def most_skipped(desk: Desk) -> Told:
    """The artists or tracks with the highest share of skips, of those begun at least 20 times."""
    kind = desk.slots.kind if desk.slots.kind in ("artist", "track") else "artist"
    key = "artist_name" if kind == "artist" else "recording_id"
    source, values = desk.plays()
    rows = desk.rows(
        f"SELECT any_value({kind}_name) AS name, any_value(artist_name) AS artist, count(*) AS starts, "
        f"count(*) FILTER (is_skip) AS skips, avg(is_skip::INT) AS skip_share FROM {source} "
        f"GROUP BY {key} HAVING count(*) >= 20 ORDER BY skip_share DESC, starts DESC, name LIMIT $count",
        **values,
        count=desk.slots.count or 10,
    )
    if not rows:
        raise DeclinedError(f"No {kind} was begun 20 times{desk.scope()}; fewer starts tell nothing about skips.")
    columns: tuple[Column, ...] = (
        Column("name", "Name"),
        Column("artist", "Artist"),
        Column("starts", "Begun", "plays"),
    )
    columns += (Column("skips", "Skipped", "plays"), Column("skip_share", "Skipped", "share"))
    first = rows[0]
    told = f"{first['name']}: skipped {first['skips']} of {first['starts']} times ({percent(first['skip_share'])})"
    note = ("Of what was begun at least 20 times.",)
    return Told(f"{told}{desk.scope()}.", first["name"], kind, columns, tuple(rows), sums(desk)["n"], note)


def new(desk: Desk) -> Told:
    """How many, and which, artists, tracks or albums were played for the first time."""
    kind = desk.slots.kind if desk.slots.kind in ("artist", "track", "album") else "track"
    first, last = desk.days
    key = KEYS[kind]
    written = {"artist": "artist_name", "track": "recording_id", "album": "album_name, artist_name"}[kind]
    named = {"artist": "JOIN artist_names USING (artist_name)", "track": ""}
    named["album"] = "JOIN album_names USING (album_name, artist_name)"
    rows = desk.rows(
        "SELECT name, artist, first_date, plays, minutes, count(*) OVER () AS found FROM ("
        f"SELECT {key}, min(day) AS first_date, sum(plays) AS plays, sum(ms) / 60000.0 AS minutes FROM ("
        f"SELECT {written}, min(played_date) AS day, count(*) FILTER (played_date <= $last) AS plays, "
        f"sum(listened_ms) FILTER (played_date <= $last) AS ms FROM kept_plays WHERE is_counted GROUP BY ALL) "
        f"{named[kind]} GROUP BY 1 HAVING min(day) BETWEEN $first AND $last) JOIN {NAMES[kind]} USING ({key}) "
        "ORDER BY plays DESC, minutes DESC, name LIMIT $count",
        first=first,
        last=last,
        count=desk.slots.count or 20,
    )
    value = rows[0]["found"] if rows else 0
    columns: tuple[Column, ...] = (
        Column("name", "Name"),
        Column("artist", "Artist"),
        Column("first_date", "First played", "day"),
    )
    columns += (Column("plays", "Plays", "plays"), Column("minutes", "Minutes", "minutes"))
    told = f"{value:,} {kind}s were new{desk.scope()}"
    told += ": " + ", ".join(row["name"] for row in rows[:5]) + (" …" if value > 5 else "") if rows else ""
    note = f"New to this history, which begins on {desk.history.first}: what was known before that is not seen."
    shown = tuple({name: row[name] for name in ("name", "artist", "first_date", "plays", "minutes")} for row in rows)
    return Told(f"{told}.", value, f"{kind}s", columns, shown, sums(desk)["n"], (note,))


def busiest(desk: Desk) -> Told:
    """The day, month, year, hour, weekday, season or part of the day with the most listening."""
    words = desk.slots.words
    bucket = "part"
    for name, asked in (("weekday", "weekday"), ("month", "month"), ("year", "year"), ("season", "season")):
        if asked in words:
            bucket = name
    if "day" in words and "week" in words:
        bucket = "weekday"
    elif "hour" in words or ("time" in words and "day" not in words and "at" in words):
        bucket = "hour"
    elif bucket == "part" and "day" in words and not words & {"part", "time", "share"}:
        bucket = "day"
    column, form = _BUCKETS[bucket]
    by_plays = bucket == "day" or bool(words & {"play"})
    source, values = desk.plays()
    order = "plays DESC, minutes DESC" if by_plays else "minutes DESC, plays DESC"
    rows = desk.rows(
        f"SELECT *, sum(plays) OVER () AS all_plays FROM (SELECT {column} AS bucket, {_SUMMED} FROM {source} "
        f"GROUP BY 1) ORDER BY {order}, bucket LIMIT 10",
        **values,
    )
    if not rows or not rows[0]["minutes"]:
        raise DeclinedError(f"Nothing was played{of_items(desk)}{desk.scope()}.")
    first = rows[0]
    value = _WEEKDAYS[first["bucket"] - 1] if bucket == "weekday" else first["bucket"]
    shown = f"{value:{form}}" if form else f"{value} h" if bucket == "hour" else str(value)
    told = f"{shown}: {first['plays'] or 0:,.0f} plays, {minutes_in_words(first['minutes'])}"
    told += f"{of_items(desk)}{desk.scope()}."
    columns: tuple[Column, ...] = (Column("bucket", bucket.capitalize()), Column("plays", "Plays", "plays"))
    columns += (Column("minutes", "Minutes", "minutes"),)
    shown_rows = tuple({column.name: row[column.name] for column in columns} for row in rows)
    return Told(told[0].upper() + told[1:], value, bucket, columns, shown_rows, round(first["all_plays"] or 0))
