"""Makes the DuckDB file of one listener from a release of the lake."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import duckdb

from config.errors import InputError
from config.settings import Settings
from ingestion.listeners import read_listeners
from pipeline import Release, declared_tables, latest_release
from schemas.declaration import Table
from schemas.lake import Lake
from serving.arranged import ARRANGED, ORDERS
from serving.lake_reader import no_lake
from serving.names import NAME_MACROS
from serving.store import LAYOUT
from serving.writing import create_table, fill_table, written_whole

# Steps on the way to other tables; what they hold is told by those.
NOT_SERVED = {
    "merged_records", "plays", "first_hearings", "track_months", "track_periods", "session_features",
    "recommendation_candidates",
}  # fmt: skip
RECORDS_SERVED = ("model_runs", "evaluation_results", "recommendation_outcomes", "top_items_bronze")

# Tables about music, not about a listener: what the listener has to do with, and the public catalogue.
_OWN_TRACKS = """
CREATE TEMP TABLE own_tracks AS
SELECT DISTINCT track_id FROM listening_with_features WHERE track_id IS NOT NULL
UNION SELECT item_id FROM library_history WHERE collection = 'saved_tracks'
UNION SELECT track_id FROM playlist_items_history WHERE track_id IS NOT NULL
UNION SELECT track_id FROM track_recommendations WHERE track_id IS NOT NULL
"""
_IS_OWN = "track_id IN (SELECT track_id FROM own_tracks)"
_OF_MUSIC = {
    "tracks": f"{_IS_OWN} OR track_genre IS NOT NULL",
    "recordings": _IS_OWN,
    "track_genres": _IS_OWN,
    "track_features": "track_id IN (SELECT track_id FROM tracks)",
    "artists": "artist_id IN (SELECT artist_id FROM tracks) "
    "OR artist_id IN (SELECT item_id FROM library_history WHERE collection = 'followed_artists')",
    "albums": "album_id IN (SELECT album_id FROM tracks)",
    "genre_clusters": "genre IN (SELECT genre FROM track_genres)",
}
# What these tables say of any listener is said of this one.
_OWN_WORDS = """
UPDATE tracks SET is_played = track_id IN (SELECT track_id FROM listening_with_features WHERE track_id IS NOT NULL);
UPDATE artists SET is_followed = artist_id IN (
    SELECT item_id FROM library_history WHERE collection = 'followed_artists' AND is_current)
"""
# Sums over all listeners are nobody's to see where there is another one.
_OTHERS_SUMS = """
UPDATE genre_clusters SET genre_listener_count = NULL, genre_time = NULL, genre_plays = NULL, genre_time_share = NULL
"""

# What statistics count, and under which names artists and albums are counted (as in artist_stats and album_stats).
_VIEWS = f"""
CREATE VIEW kept_plays AS SELECT * FROM listening_with_features WHERE excluded_by IS NULL;
{NAME_MACROS}
"""


def served_tables() -> dict[str, Table]:
    """The tables that a listener's file holds, in the order in which they are copied: about listeners first."""
    declared = declared_tables()
    made = [name for name, table in declared.items() if table.layer in ("silver", "gold") and name not in NOT_SERVED]
    of_listeners = [name for name in (*made, *RECORDS_SERVED) if name not in _OF_MUSIC]
    return {name: declared[name] for name in (*of_listeners, *_OF_MUSIC)}


def store_key(lake: Lake, release: Release, user_id: str) -> str:
    """What names the file of a listener at a release: equal versions of the tables, equal key."""
    told = json.dumps([LAYOUT, lake.root, user_id, sorted(_versions(release).items())])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def store_file(settings: Settings, user_id: str, key: str) -> Path:
    """Where the file of a listener is; a folder for each."""
    return settings.state_dir / "serving" / hashlib.sha256(user_id.encode()).hexdigest()[:16] / f"{key}.duckdb"


def make_store(settings: Settings, user_id: str) -> Path:
    """Write the listener's file for the newest release, unless it is there, and give its path.

    The file appears whole or not at all. Raises InputError where there is no lake, no release or no such listener.
    """
    lake = Lake(settings.lake_uri)
    release, simulated = release_for(lake, user_id)
    key = store_key(lake, release, user_id)
    file = store_file(settings, user_id, key)
    if file.exists():
        return file
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with written_whole(file) as connection:
        versions = _copy_tables(connection, lake, release, user_id)
        if len(simulated) > 1:
            connection.execute(_OTHERS_SUMS).fetchall()
        connection.execute(_VIEWS + ARRANGED).fetchall()
        known = connection.execute("SELECT min(played_date) FROM coverage").fetchone()
        facts = {
            "layout": LAYOUT,
            "key": key,
            "user_id": user_id,
            "is_simulated": simulated[user_id],
            "as_of": str(release.as_of),
            "made_at": str(release.finished_at),
            "first_day": str(known[0] if known and known[0] else release.as_of),
            "versions": versions,
        }
        connection.execute(
            "CREATE TABLE store_facts AS SELECT $facts AS content", {"facts": json.dumps(facts)}
        ).fetchall()
    return file


def release_for(lake: Lake, user_id: str) -> tuple[Release, dict[str, bool]]:
    """The newest release, and for each listener whether they are simulated.

    Raises InputError where there is no lake, no release or no such listener.
    """
    release = latest_release(lake)
    if release.as_of is None or release.finished_at is None:
        raise no_lake(lake)
    simulated = {row["user_id"]: row["is_simulated"] for row in read_listeners(lake)}
    if user_id not in simulated:
        raise InputError(f"There is no listener {user_id} in {lake.root}.", "`lakesong listeners` lists them.")
    return release, simulated


def _versions(release: Release) -> dict[str, int]:
    return {name: version for name, version in release.versions.items() if name not in NOT_SERVED}


def _copy_tables(connection: duckdb.DuckDBPyConnection, lake: Lake, release: Release, user_id: str) -> dict[str, int]:
    """Copy each table's rows of the listener; a table that the lake lacks is there, empty. Gives the versions."""
    versions = {}
    for name, table in served_tables().items():
        create_table(connection, table)
        if name == next(iter(_OF_MUSIC)):
            connection.execute(_OWN_TRACKS).fetchall()
        if not lake.has(table):
            continue
        opened = lake.open(table, release.version_of(table))
        versions[name] = opened.version()
        where, values = (_OF_MUSIC[name], None) if name in _OF_MUSIC else ("user_id = $user", {"user": user_id})
        fill_table(connection, table, opened.to_pyarrow_dataset(), where, values, ORDERS.get(name, ""))
    connection.execute(_OWN_WORDS).fetchall()
    return versions


def listener_ids(settings: Settings) -> list[str]:
    """The listeners of the lake that have a release, in order of their names."""
    return sorted({row["user_id"] for row in read_listeners(Lake(settings.lake_uri))})
