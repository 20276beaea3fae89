"""Facts about the music itself: album, artist, year, length, genre and features."""

from __future__ import annotations

from typing import Any

from assistant.desk import DeclinedError, Desk, Told, minutes_in_words
from assistant.replies import Column, Item, Row

_IDS = "SELECT track_id FROM recordings WHERE recording_id = $key UNION SELECT $key"
_TRACK = """
    SELECT mode(track_name) AS track_name, mode(artist_name) AS artist_name, mode(album_name) AS album_name,
        count(DISTINCT album_name) AS albums FROM kept_plays WHERE recording_id = $key
"""
_FEATURES = ("tempo", "danceability", "energy", "valence", "acousticness", "instrumentalness", "loudness", "popularity")
_ASKED = (
    ({"tempo", "fast", "slow"}, "tempo"), ({"danceable", "danceability"}, "danceability"),
    ({"bright", "dark", "valence", "happy"}, "valence"), ({"loud", "loudness"}, "loudness"),
    ({"energetic", "calm"}, "energy"), ({"acoustic", "acousticness"}, "acousticness"),
    ({"instrumental", "instrumentalness"}, "instrumentalness"), ({"popular", "popularity"}, "popularity"),
)  # fmt: skip
_UNITS = {"tempo": "BPM", "loudness": "dB", "popularity": "of 100"}


def _track(desk: Desk) -> tuple[Item, Row]:
    item = desk.item("track")
    if item is None:
        raise DeclinedError("Of which track? Name one that you have played.")
    return item, desk.row(_TRACK, key=item.key)


def _fact(sentence: str, value: Any, unit: str, row: Row, *labels: str) -> Told:
    columns = tuple(Column(name, name.replace("_", " ").capitalize()) for name in labels)
    return Told(sentence, value, unit, columns, ({name: row[name] for name in labels},), is_ranged=False)


def fact_album(desk: Desk) -> Told:
    """The album that a track was played from most."""
    item, row = _track(desk)
    if row["album_name"] is None:
        raise DeclinedError(f"The album of {item.name} is not known.")
    told = f"{item.name} by {row['artist_name']} is on {row['album_name']}"
    told += f" (and was played from {row['albums'] - 1} more)." if row["albums"] > 1 else "."
    return _fact(told, row["album_name"], "album", row, "track_name", "artist_name", "album_name")


def fact_artist(desk: Desk) -> Told:
    """The first artist of a track or album."""
    album = desk.item("album")
    if album is not None and desk.item("track") is None:
        row = desk.row("SELECT artist_name, album_name FROM album_names WHERE album_key = $key", key=album.key)
        return _fact(
            f"{album.name} is by {row['artist_name']}.", row["artist_name"], "artist", row, "album_name", "artist_name"
        )
    item, row = _track(desk)
    return _fact(
        f"{item.name} is by {row['artist_name']}.", row["artist_name"], "artist", row, "track_name", "artist_name"
    )


def fact_year(desk: Desk) -> Told:
    """The year in which an album, or the album of a track, was released."""
    item = desk.item("track", "album", "artist")
    if item is None or item.kind == "artist":
        raise DeclinedError("The year of what? Name a track or an album.")
    where = "album_id IN (SELECT album_id FROM tracks WHERE track_id IN (" + _IDS + "))"
    if item.kind == "album":
        where = "album_of(album_name, artist_name) = $key OR album_id IN (SELECT album_id FROM tracks WHERE "
        where += "album_of(album_name, artist_name) = $key)"
    rows = desk.rows(
        f"SELECT album_name, release_year FROM albums WHERE release_year IS NOT NULL AND ({where})", key=item.key
    )
    if not rows:
        raise DeclinedError(
            f"The release year of {item.name} is not known: no catalogue has told it yet.",
            f"When did I first play {item.name}?",
        )
    row = min(rows, key=lambda one: one["release_year"])
    told = f"{row['album_name']} was released in {row['release_year']}."
    return _fact(told, row["release_year"], "year", row, "album_name", "release_year")


def fact_length(desk: Desk) -> Told:
    """The length of a track, in minutes."""
    item, _ = _track(desk)
    row = desk.row(f"SELECT max(duration_ms) / 60000.0 AS minutes FROM tracks WHERE track_id IN ({_IDS})", key=item.key)
    if row["minutes"] is None:
        raise DeclinedError(f"The length of {item.name} is not known.")
    told = f"{item.name} is {minutes_in_words(row['minutes'])} long."
    return _fact(told, row["minutes"], "minutes", row, "minutes")


def fact_feature(desk: Desk) -> Told:
    """An audio feature or the popularity of a track; features are measured ones, never made up."""
    words = desk.slots.words
    asked = next((name for said, name in _ASKED if words & said), "tempo")
    artist = desk.item("artist")
    if artist is not None and desk.item("track") is None:
        if asked != "popularity":
            raise DeclinedError("Features are of tracks. Name a track, or ask for something like this artist.")
        row = desk.row(
            "SELECT max(popularity) AS popularity FROM artists WHERE artist_of(artist_name) = $key", key=artist.key
        )
        return _valued(artist, row, asked)
    item, _ = _track(desk)
    row = desk.row(
        "SELECT max(popularity) AS popularity, any_value(feature_source) AS feature_source, "
        + ", ".join(f"any_value(f.{name}) AS {name}" for name in _FEATURES if name != "popularity")
        + " FROM tracks LEFT JOIN (SELECT * FROM track_features WHERE basis = 'measured') AS f USING (track_id) "
        f"WHERE track_id IN ({_IDS})",
        key=item.key,
    )
    return _valued(item, row, asked)


def _valued(item: Item, row: Row, asked: str) -> Told:
    value = row[asked]
    if value is None:
        raise DeclinedError(f"The {asked} of {item.name} is not known from any measured source.")
    unit = _UNITS.get(asked, "0-1")
    source = f", source {row['feature_source']}" if row.get("feature_source") and asked != "popularity" else ""
    told = f"The {asked} of {item.name} is {value:.4g} {unit if unit != '0-1' else 'on a scale from 0 to 1'}{source}."
    return _fact(told, value, unit, row, *(name for name in _FEATURES if name in row))


def fact_genre(desk: Desk) -> Told:
    """The genres of a track or artist, the weightiest first."""
    item = desk.item("track", "artist", "album")
    if item is None:
        raise DeclinedError("The genre of what? Name an artist, a track or an album.")
    where = {
        "track": "recording_id = $key",
        "artist": "artist_name IN (SELECT artist_name FROM artist_names WHERE artist_key = $key)",
        "album": "album_of(album_name, artist_name) = $key",
    }[item.kind]
    rows = desk.rows(
        "SELECT genre, any_value(genre_family) AS genre_family, avg(genre_weight) AS weight, "
        "any_value(genre_provider) AS genre_provider FROM track_genres WHERE track_id IN "
        f"(SELECT track_id FROM kept_plays WHERE {where}) GROUP BY genre "
        "ORDER BY sum(genre_weight) DESC, genre LIMIT 5",
        key=item.key,
    )
    if not rows:
        raise DeclinedError(f"The genre of {item.name} is not known.")
    told = f"{item.name}: {', '.join(row['genre'] for row in rows)}."
    columns: tuple[Column, ...] = (
        Column("genre", "Genre"),
        Column("genre_family", "Family"),
        Column("genre_provider", "Said by"),
    )
    return Told(told, rows[0]["genre"], "genre", columns, tuple(rows), is_ranged=False)
