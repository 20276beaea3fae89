"""Where a listener is named beside their own rows: examples of checks, texts of errors, alerts, logs, own rules."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from config.settings import Settings
from config.state_file import read_state, write_state
from schemas.bronze import ingestion_runs_bronze
from schemas.declaration import Table
from schemas.lake import Lake
from schemas.records import created_playlists, pipeline_runs, qa_validation_results
from writers.creation import ensure_table
from writers.removal import rewrite

Words = dict[str, Any]  # texts of a row, by column

ALERTS = ".alerts.json"
SOMEBODY = "a former listener"

# Kept examples of rows may be of anybody, and name keys of theirs: they are all blanked.
_EXAMPLES = ("sample_keys", "batch_ids")
_WORDS: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (qa_validation_results, (*_EXAMPLES, "error")),
    (pipeline_runs, ("error",)),
    (ingestion_runs_bronze, ("error",)),
)
_BLEND = "blend"  # a playlist of two listeners names the other one

_TEXT = {"", ".json", ".jsonl", ".toml", ".log", ".txt", ".csv", ".html", ".heartbeat", ".holder"}
_LAYERS = {"bronze", "silver", "gold", "records"}
_LARGEST = 100_000_000  # bytes of a text file that is looked through


def forget_words(lake: Lake, user_id: str) -> None:
    """Blank the examples that checks kept, and take the listener's name out of errors and of others' blends."""
    word = _word(user_id)
    for table, columns in _WORDS:
        _change(lake, table, columns, lambda row: _without_words(row, word))
    _change(lake, created_playlists, ("playlist_kind", "playlist_name"), lambda row: _blend_without(row, word))


def forget_alerts(state_dir: Path, user_id: str) -> None:
    """Forget which alerts were sent of the listener."""
    word, told = _word(user_id), read_state(state_dir / ALERTS)
    kept = {key: value for key, value in told.items() if not word.search(json.dumps({key: value}, ensure_ascii=False))}
    if kept != told:
        write_state(state_dir / ALERTS, kept)


def still_named(settings: Settings, user_id: str) -> list[Path]:
    """Files beside the tables, written by people or kept as logs, whose text names the listener as a word."""
    lake = Lake(settings.lake_uri)
    folders = {settings.state_dir.resolve()} | (set() if lake.is_remote else {lake.local})
    if settings.rules_folder:
        folders.add(settings.rules_folder.resolve())
    found = {path for folder in folders for path in _texts(folder)}
    if settings.log_file:
        found.add(Path(settings.log_file).resolve())
    word = _word(user_id)
    named = (path for path in sorted(found) if path.is_file())
    return [path for path in named if word.search(path.read_text(encoding="utf-8", errors="replace"))]


def _texts(folder: Path) -> Iterator[Path]:
    """Text files in a folder and below it, without those of tables."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and path.name not in _LAYERS:
            yield from _texts(path)
        elif path.suffix in _TEXT and path.is_file() and path.stat().st_size < _LARGEST:
            yield path


def _without_words(row: Words, word: re.Pattern[str]) -> Words:
    kept = {name: None if name in _EXAMPLES else value for name, value in row.items()}
    return kept | {"error": word.sub(SOMEBODY, row["error"]) if row["error"] else None}


def _blend_without(row: Words, word: re.Pattern[str]) -> Words:
    if not row["playlist_kind"].casefold().startswith(_BLEND):
        return row
    return row | {name: word.sub(SOMEBODY, row[name]) for name in ("playlist_kind", "playlist_name")}


def _change(lake: Lake, table: Table, columns: Sequence[str], changed: Callable[[Words], Words]) -> None:
    """Write the values of these columns that `changed` gives back otherwise."""
    if not lake.has(table):
        return
    ensure_table(lake, table)
    rows = lake.open(table).to_pyarrow_table(columns=table.column_names)
    before = rows.select(list(columns)).to_pylist()
    after = [changed(row) for row in before]
    if after == before:
        return
    for name in columns:
        values = pa.array([row[name] for row in after], pa.string())
        rows = rows.set_column(rows.column_names.index(name), name, values)
    rewrite(lake, table, rows)


def _word(user_id: str) -> re.Pattern[str]:
    """The listener's name where it stands as a word."""
    return re.compile(rf"(?<![\w-]){re.escape(user_id)}(?![\w-])")
