"""Listens that scrobblers submit: kept in files as soon as they come, then taken into bronze under the run lock.

A build holds the lock for minutes, and a scrobbler waits for seconds: so a submission is answered once it lies on the
disk, and is taken in when the lake is free (docs/decisions/022-submitted-listens-wait-in-files.md).
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from config.lock import run_lock
from config.settings import Settings
from ingestion.listeners import register_listener
from ingestion.polls import keep_plays
from ingestion.receipts import FileReceipt
from ingestion.runs import Batch, dead_letter, run_row
from mappers.listenbrainz import SOURCE, payload_of, to_bronze, track_fields
from mappers.record import RejectedError, Row, sha256
from schemas.bronze import ingestion_runs_bronze, rejected_records_bronze
from schemas.lake import Lake
from writers.records import append_rows, append_unknown

MANY = 5_000  # listens that are taken in at a time


def put_listens(settings: Settings, user_id: str, listens: Sequence[Any]) -> None:
    """Keep listens of a listener until they are taken in; they are on the disk when this returns.

    Of each only what `mappers.listenbrainz` allows is written.
    """
    folder = _folder(settings)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{uuid4().hex}"
    unfinished = folder / f".{name}.part"
    content = {"user_id": user_id, "listens": [json.loads(payload_of(listen)) for listen in listens]}
    with unfinished.open("x", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(folder / f"{name}.json")
    _sync_folder(folder)


def playing_fields(listen: Mapping[str, Any]) -> Row:
    """The track of a listen, as `mappers.listenbrainz.track_fields` names it."""
    return track_fields(listen["track_metadata"])


def waiting_listens(settings: Settings) -> list[Path]:
    """The files that wait to be taken in, oldest first."""
    return sorted(_folder(settings).glob("*.json"))


def take_in_listens(settings: Settings) -> list[FileReceipt]:
    """Take all that waits into bronze, a run in the ledger for each listener; gives the counts of each.

    A file goes once its listens are in the lake, so that a kill at any moment loses none, and what is taken in twice is
    known the second time. Raises PostponedError, with nothing changed, while another run holds the lake.
    """
    if not waiting_listens(settings):
        return []
    counts, lake = [], Lake(settings.lake_uri)
    with run_lock(settings.state_dir, "listens"):
        for user_id, files, listens in _by_listener(waiting_listens(settings)):
            register_listener(lake, user_id, is_simulated=settings.is_emulated)
            counts.append(_take_in(lake, user_id, listens))
            for file in files:
                file.unlink(missing_ok=True)
    return counts


def _by_listener(files: Sequence[Path]) -> list[tuple[str, list[Path], list[Any]]]:
    """What waits, a listener's together, at most about MANY listens each."""
    open_groups: dict[str, tuple[str, list[Path], list[Any]]] = {}
    done = []
    for file in files:
        content = json.loads(file.read_text(encoding="utf-8"))
        group = open_groups.setdefault(content["user_id"], (content["user_id"], [], []))
        group[1].append(file)
        group[2].extend(content["listens"])
        if len(group[2]) >= MANY:
            done.append(open_groups.pop(content["user_id"]))
    return [*done, *open_groups.values()]


def _take_in(lake: Lake, user_id: str, listens: Sequence[Any]) -> FileReceipt:
    now = datetime.now(UTC)
    batch = Batch(sha256((SOURCE, user_id, uuid4().hex))[:16], user_id, now)
    rows: list[Row] = []
    letters: list[dict[str, Any]] = []
    for number, listen in enumerate(listens, start=1):
        try:
            rows.append(to_bronze(listen, user_id))
        except RejectedError as error:
            letters.append(dead_letter(batch, SOURCE, SOURCE, number, str(error), payload_of(listen)))
    append_unknown(lake, rejected_records_bronze, letters)
    counts = keep_plays(lake, rows, SOURCE, batch)
    reasons = Counter(letter["reason"] for letter in letters)
    counts = replace(counts, rows=len(listens), rejected=len(letters), reasons=reasons)
    append_rows(lake, ingestion_runs_bronze, [run_row(batch.batch_id, SOURCE, user_id, counts, now, datetime.now(UTC))])
    return counts


def _sync_folder(folder: Path) -> None:
    """Have the new name on the disk too, where the system can do that."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _folder(settings: Settings) -> Path:
    return settings.state_dir / "listens"
