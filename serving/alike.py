"""What is like an artist or recording of the listener's: in its sound, and by being heard in the same sessions.

Sound: Euclidean distance of six features, each in standard deviations over what the listener played. A feature that
one of the two lacks counts as one standard deviation. Together: out of the sessions of the newest plays, shares beside
those of all sessions of that time.
"""

from __future__ import annotations

from threading import Lock

from cachetools import LRUCache, cached

from serving.items import Item, since_plays
from serving.store import Row, Store

FEATURES = ("valence", "energy", "danceability", "acousticness", "instrumentalness", "tempo")
LEAST_TRACKS = 3  # tracks with features that an artist must have to be compared
FEW_PLAYS = 120  # newest plays whose sessions are looked at
KEPT = 32  # means that are kept
LEAST_TOGETHER = 3  # sessions that two must share to be told of

_MEANS = ", ".join(f"avg({name}) AS {name}" for name in FEATURES)
_DEVIATIONS = ", ".join(f"stddev_samp({name}) AS {name}" for name in FEATURES)
_DISTANCE = " + ".join(f"coalesce(pow((one.{name} - own.{name}) / nullif(scale.{name}, 0), 2), 1)" for name in FEATURES)
_ARTISTS = f"""
    SELECT artist_key AS key, min(artist_name) AS name, NULL AS detail, {_MEANS}, count(*) AS track_count
    FROM tracks JOIN track_features USING (track_id) JOIN artist_names USING (artist_name)
    WHERE is_played AND basis = $basis GROUP BY 1 HAVING count(*) >= {LEAST_TRACKS}
"""
_TRACKS = f"""
    SELECT recording_id AS key, track_name AS name, artist_name AS detail, {", ".join(FEATURES)}, 1 AS track_count
    FROM track_stats JOIN track_features USING (track_id)
    WHERE period_kind = 'all_time' AND play_count > 0 AND basis = $basis
"""
_OWN_TRACKS = {
    "artist": "SELECT track_id FROM tracks JOIN artist_names USING (artist_name) WHERE artist_key = $key AND is_played",
    "album": "SELECT track_id FROM tracks JOIN album_names USING (album_name, artist_name) "
    "WHERE album_key = $key AND is_played",
    "track": "SELECT track_id FROM recordings WHERE recording_id = $key UNION SELECT $key",
    "genre": "SELECT track_id FROM track_genres WHERE genre = $key",
}

_IS_OWN = {
    "artist": "artist_name IN (SELECT artist_name FROM artist_names WHERE artist_key = $key)",
    "track": "recording_id = $key",
}


def sound_of(store: Store, item: Item, basis: str) -> Row | None:
    """Mean features of an item's tracks on a basis, how many tracks have them, and the sources; None for none."""
    row = store.row(
        f"""
        WITH own AS ({_OWN_TRACKS[item.subject]})
        SELECT {_MEANS}, avg(loudness) AS loudness, avg(liveness) AS liveness, avg(speechiness) AS speechiness,
            count(*) AS track_count, (SELECT count(*) FROM own) AS all_count,
            string_agg(DISTINCT feature_source, ', ' ORDER BY feature_source) AS sources
        FROM own JOIN track_features USING (track_id) WHERE basis = $basis
        """,
        key=item.key, basis=basis,
    )  # fmt: skip
    return row if row and row["track_count"] else None


@cached(LRUCache(KEPT), key=lambda store, basis: (store.file, basis), lock=Lock())
def mean_sound(store: Store, basis: str) -> Row | None:
    """Mean features over the listener's played recordings, each once, to hold an item's against."""
    return store.row(f"SELECT {_MEANS}, count(*) AS track_count FROM ({_TRACKS})", basis=basis)


def nearest(store: Store, item: Item, basis: str, limit: int = 8) -> list[Row]:
    """Artists or recordings that sound most like this one: key, name, detail, distance. Empty without features."""
    among = _ARTISTS if item.subject == "artist" else _TRACKS
    return store.rows(
        f"""
        WITH known AS ({among}), scale AS (SELECT {_DEVIATIONS} FROM known),
            own AS (SELECT * FROM known WHERE key = $key)
        SELECT one.key, one.name, one.detail, sqrt({_DISTANCE}) AS distance
        FROM known AS one, own, scale WHERE one.key <> own.key ORDER BY distance, one.name, one.key LIMIT $limit
        """,
        key=item.key, basis=basis, limit=limit,
    )  # fmt: skip


def moods_of(store: Store, item: Item, basis: str) -> list[Row]:
    """The mood clusters that an item's tracks are in: cluster_name, track_count, reason (null where there are any)."""
    return store.rows(
        f"""
        SELECT cluster_id, cluster_name, count(*) AS track_count, any_value(reason) AS reason
        FROM track_moods WHERE basis = $basis AND track_id IN ({_OWN_TRACKS[item.subject]})
        GROUP BY 1, 2 ORDER BY track_count DESC, cluster_id
        """,
        key=item.key, basis=basis,
    )  # fmt: skip


def genres_of(store: Store, item: Item) -> list[Row]:
    """Genres of an item's tracks with their share of the tracks, the largest first."""
    return store.rows(
        f"""
        SELECT genre, sum(genre_weight) / sum(sum(genre_weight)) OVER () AS track_share,
            string_agg(DISTINCT genre_provider, ', ') AS providers
        FROM track_genres WHERE track_id IN ({_OWN_TRACKS[item.subject]}) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 12
        """,
        key=item.key,
    )


def heard_together(store: Store, item: Item, limit: int = 8) -> tuple[int, list[Row]]:
    """Artists or recordings that share sessions with an artist or recording, the most out of the usual first.

    Gives how many of its sessions were looked at, and rows: key, name, detail, session_count, session_share (of these)
    and usual_share (of all sessions of that time).
    """
    other, names = (
        (
            "artist_name",
            "SELECT artist_name AS other, artist_key AS key, artist_name AS name, NULL AS detail FROM artist_names",
        )
        if item.subject == "artist"
        else (
            "recording_id",
            "SELECT recording_id AS other, recording_id AS key, track_name AS name, artist_name AS detail "
            "FROM recording_names",
        )
    )
    rows = store.rows(
        f"""
        WITH recent AS MATERIALIZED (
            SELECT DISTINCT session_id, {other} AS other, coalesce({_IS_OWN[item.subject]}, FALSE) AS is_own
            FROM kept_plays WHERE played_date >= $since AND is_counted),
        sized AS (SELECT *, bool_or(is_own) OVER (PARTITION BY session_id) AS is_shared FROM recent),
        sizes AS (SELECT count(DISTINCT session_id) FILTER (is_own) AS own_count,
            count(DISTINCT session_id) AS all_count FROM recent),
        pairs AS (SELECT other, count(*) AS all_sessions, count(*) FILTER (is_shared) AS session_count
            FROM sized WHERE NOT is_own AND other IS NOT NULL GROUP BY 1)
        SELECT names.key, names.name, names.detail, session_count, session_count / own_count AS session_share,
            all_sessions / all_count AS usual_share, own_count
        FROM pairs JOIN ({names}) AS names USING (other), sizes WHERE session_count >= greatest($least, own_count / 20)
        ORDER BY session_share / usual_share DESC, session_count DESC, names.key LIMIT $limit
        """,
        key=item.key, since=since_plays(item, FEW_PLAYS), least=LEAST_TOGETHER, limit=limit,
    )  # fmt: skip
    return (int(rows[0]["own_count"]) if rows else 0), rows
