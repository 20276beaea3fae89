"""`lakesong forget`: everything of a listener goes, from the newest versions and from the old ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import pyarrow as pa

from clients.tokens import TokenStore
from config.errors import InputError, LakesongError
from config.settings import Settings
from config.state_file import read_state, write_state
from ingestion.listeners import read_listeners
from ingestion.own_rows import USER, count_own, kept_tables, made_tables, music_of, own_keys
from ingestion.traces import forget_alerts, forget_words
from pipeline import declared_tables, latest_release
from schemas.declaration import Table
from schemas.lake import Lake
from writers.removal import drop_old_versions, remove_rows

Progress = Callable[[str], None]

JOURNAL = ".forgetting.json"  # in STATE_DIR while a listener is being forgotten
ENGINE_LOG = "engine.log"


@dataclass(frozen=True)
class ForgetPlan:
    """What goes: rows by table that nothing makes again, rows of made tables, and files and folders.

    is_begun: an earlier run was stopped before it had ended; then the counts are of what is left.
    """

    user_id: str
    is_begun: bool
    rows: Mapping[str, int]
    made_rows: Mapping[str, int]
    files: tuple[Path, ...]
    has_sign_in: bool


def plan_forget(settings: Settings, user_id: str, files: Sequence[Path] = ()) -> ForgetPlan:
    """What `forget_listener` would remove; `files` are further files and folders of the listener. Reads only.

    Raises InputError where there is no such listener.
    """
    lake = Lake(settings.lake_uri)
    is_begun = read_state(settings.state_dir / JOURNAL).get(USER) == user_id
    signed_in = user_id in TokenStore(settings.token_file).users()
    if not is_begun and not signed_in and user_id not in {row[USER] for row in read_listeners(lake)}:
        raise InputError(f"There is no listener {user_id} in {lake.root}.", "`lakesong listeners` lists them.")
    kept = {table.name: keys.num_rows for table, keys in _kept(lake, user_id)}
    released = latest_release(lake).versions
    made = {
        table.name: count_own(lake, table, user_id, released[table.name])
        for table in made_tables(lake)
        if table.name in released and lake.has_version(table, released[table.name])
    }
    there = tuple(path for path in files if path.exists())
    return ForgetPlan(user_id, is_begun, _some(kept), _some(made), there, signed_in)


def forget_listener(settings: Settings, plan: ForgetPlan, progress: Progress = lambda line: None) -> None:
    """Take the listener out of bronze, records and STATE_DIR. The caller holds the run lock, builds, then `purge`s.

    After a kill the same again completes it: a note in STATE_DIR says who is being forgotten, until `finish`.
    """
    lake, user_id = Lake(settings.lake_uri), plan.user_id
    write_state(settings.state_dir / JOURNAL, {USER: user_id})
    progress("removing the sign-in")
    TokenStore(settings.token_file).remove(user_id)
    for path in plan.files:
        progress(f"removing {path}")
        rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    forget_alerts(settings.state_dir, user_id)
    log = settings.state_dir / ENGINE_LOG
    if log.exists():
        log.write_bytes(b"")
    for table, keys in _kept(lake, user_id):
        if keys.num_rows:
            progress(f"taking {keys.num_rows:,} rows out of {table.name}")
            remove_rows(lake, table, keys)
    forget_words(lake, user_id)


def _kept(lake: Lake, user_id: str) -> Iterator[tuple[Table, pa.Table]]:
    """Tables that nothing makes again, in the order in which their rows go, each with keys of the rows to remove."""
    yield from music_of(lake, user_id)
    for table in kept_tables(lake):
        yield table, own_keys(lake, table, user_id)


def left_over(lake: Lake, user_id: str) -> dict[str, int]:
    """Rows of the listener that are still in made tables, by table: none after a build."""
    return _some({table.name: count_own(lake, table, user_id, None) for table in made_tables(lake)})


def purge(settings: Settings, user_id: str, progress: Progress = lambda line: None) -> int:
    """Remove all old versions of all tables, so that none holds the listener; gives the bytes freed.

    The caller holds the run lock and has built. Raises LakesongError where a made table still has rows of the listener.
    """
    lake = Lake(settings.lake_uri)
    left = left_over(lake, user_id)
    if left:
        raise LakesongError(
            f"{', '.join(left)} still hold rows of the listener; old versions were not removed.",
            "Run `lakesong build --full`, then the same `lakesong forget` again.",
        )
    freed = 0
    for table in declared_tables().values():
        if lake.has(table):
            progress(f"removing old versions of {table.name}")
            freed += drop_old_versions(lake, table)[1]
    (settings.state_dir / JOURNAL).unlink(missing_ok=True)
    return freed


def _some(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}
