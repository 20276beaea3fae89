"""What is like an artist or recording of the listener's: in its sound, and by being heard in the same sessions.

Sound: Euclidean distance of six features, each in standard deviations over what the listener played. A feature that
one of the two lacks counts as one standard deviation. Together: out of the sessions of the newest plays, shares beside
those of all sessions of that time.
"""

from __future__ import annotations

from threading import Lock

from cachetools import LRUCache, cached

from serving.arranged import FEATURES, MEANS
from serving.items import Item, own_plays, since_plays
from serving.store import Row, Store

FEW_PLAYS = 120  # newest plays whose sessions are looked at
KEPT = 32  # means that are kept
LEAST_TRACKS = {"artist": 3, "track": 1}  # tracks with features that one must have to be compared
LEAST_TOGETHER = 3  # sessions that two must share to be told of

_DEVIATIONS = ", ".join(f"nullif(stddev_samp({name}), 0) AS {name}_scale" for name in FEATURES)
_DISTANCE = " + ".join(f"coalesce(pow(({name} - ${name}::DOUBLE) / ${name}_scale::DOUBLE, 2), 1)" for name in FEATURES)
_HEARD = "subject = $subject AND basis = $basis AND play_count > 0 AND track_count >= $least"


def sound_of(store: Store, item: Item, basis: str) -> Row | None:
    """Mean features of an item's tracks on a basis, how many tracks have them, and the sources; None for none."""
    return store.row(
        "SELECT * FROM item_sounds WHERE subject = $subject AND basis = $basis AND key = $key",
        subject=item.subject, basis=basis, key=item.key,
    )  # fmt: skip


@cached(LRUCache(KEPT), key=lambda store, basis: (store.file, basis), lock=Lock())
def mean_sound(store: Store, basis: str) -> Row | None:
    """Mean features over the listener's played recordings, each once, to hold an item's against."""
    return store.row(
        f"SELECT {MEANS}, count(*) AS track_count FROM item_sounds WHERE {_HEARD}",
        subject="track", basis=basis, least=LEAST_TRACKS["track"],
    )  # fmt: skip


@cached(LRUCache(KEPT), key=lambda store, subject, basis: (store.file, subject, basis), lock=Lock())
def _scales(store: Store, subject: str, basis: str) -> Row:
    """One standard deviation of each feature over what was played; null for those that do not differ."""
    found = store.row(
        f"SELECT {_DEVIATIONS} FROM item_sounds WHERE {_HEARD}",
        subject=subject, basis=basis, least=LEAST_TRACKS[subject],
    )  # fmt: skip
    return found or {}


def nearest(store: Store, item: Item, basis: str, limit: int = 8) -> list[Row]:
    """Artists or recordings that sound most like this one: key, name, detail, distance. Empty without features."""
    asked: Row = {"subject": item.subject, "basis": basis, "key": item.key, "least": LEAST_TRACKS[item.subject]}
    own = store.row(f"SELECT {', '.join(FEATURES)} FROM item_sounds WHERE {_HEARD} AND key = $key", **asked)
    if own is None:
        return []
    return store.rows(
        f"""
        SELECT key, name, detail, sqrt({_DISTANCE}) AS distance FROM item_sounds
        WHERE {_HEARD} AND key <> $key ORDER BY distance, key LIMIT $limit
        """,
        **asked, **own, **_scales(store, item.subject, basis), limit=limit,
    )  # fmt: skip


def moods_of(store: Store, item: Item, basis: str) -> list[Row]:
    """The mood clusters that an item's tracks are in: cluster_name, track_count, reason (null where there are any)."""
    return store.rows(
        "SELECT cluster_id, cluster_name, track_count, reason FROM item_moods "
        "WHERE subject = $subject AND key = $key AND basis = $basis ORDER BY track_count DESC, cluster_id",
        subject=item.subject, key=item.key, basis=basis,
    )  # fmt: skip


def genres_of(store: Store, item: Item) -> list[Row]:
    """Genres of an item's tracks with their share of the tracks, the largest first."""
    return store.rows(
        "SELECT genre, track_share, providers FROM item_genres WHERE subject = $subject AND key = $key "
        "ORDER BY track_share DESC, genre LIMIT 12",
        subject=item.subject, key=item.key,
    )  # fmt: skip


def heard_together(store: Store, item: Item, limit: int = 8) -> tuple[int, list[Row]]:
    """Artists or recordings that share sessions with an artist or recording, the most out of the usual first.

    Gives how many of its sessions were looked at, those of its newest plays, and rows: key, name, detail,
    session_count, session_share (of these) and usual_share (of all sessions that began in the months of these).
    """
    since = since_plays(item, FEW_PLAYS)
    months = store.row(
        "SELECT min(first_no) AS first_no, sum(session_count) AS session_count FROM session_months "
        "WHERE month >= $since",
        since=since,
    )
    if not months or months["first_no"] is None:
        return 0, []
    own, values = own_plays(
        item, "played_date >= $since AND is_counted AND session_no >= $first_no",
        since=since, first_no=months["first_no"],
    )  # fmt: skip
    sessions = [row["session_no"] for row in store.rows(f"SELECT DISTINCT session_no FROM {own}", **values)]
    rows = store.rows(
        """
        WITH told AS (
            SELECT number, count(*) FILTER (is_shared) AS session_count, count(*) AS all_sessions
            FROM (SELECT number, session_no IN (SELECT unnest($sessions)) AS is_shared FROM session_items
                WHERE subject = $subject AND session_no >= $first_no)
            GROUP BY 1 HAVING session_count >= $least)
        SELECT key, name, detail, session_count, session_count / $own_count AS session_share,
            all_sessions / $all_count AS usual_share
        FROM told JOIN item_names USING (number) WHERE subject = $subject AND key <> $key
        ORDER BY session_count / all_sessions DESC, session_count DESC, key LIMIT $limit
        """,
        sessions=sessions, subject=item.subject, first_no=months["first_no"], key=item.key, limit=limit,
        own_count=len(sessions), all_count=months["session_count"], least=max(LEAST_TOGETHER, len(sessions) / 20),
    )  # fmt: skip
    return (len(sessions) if rows else 0), rows
