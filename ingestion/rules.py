"""A listener's own rules about editions, from `recordings.toml` in the folder of rules into `recording_rules`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from config.errors import InputError
from config.rules_files import read_rules_file
from schemas.lake import Lake
from schemas.records import recording_rules
from writers.creation import ensure_table
from writers.records import append_rows

RULES_FILE = "recordings.toml"
RULES = ("merge", "split")
EXAMPLE = 'Write it like: merge = [["ID", "ID"]]'

Pair = tuple[str, str]


def read_recording_rules(lake: Lake, folder: Path | None) -> int:
    """Record what the file says now, and take back what it no longer says; gives the number of changes.

    The file holds lists of pairs of Spotify track ids: `merge = [["ID", "ID"]]`, `split = [["ID", "ID"]]`. Without a
    file nothing changes: an empty one takes all back. Raises InputError for a file that cannot be read.
    """
    found = read_rules_file(folder, RULES_FILE, EXAMPLE)
    if found is None:
        return 0
    wanted = _pairs(*found)
    rows = ensure_table(lake, recording_rules).to_pyarrow_table().sort_by("recorded_at").to_pylist()
    newest = {(row["track_id"], row["other_track_id"]): row for row in rows}
    held = {pair: row["rule"] for pair, row in newest.items() if row["is_active"]}
    now = datetime.now(UTC)
    changed = [_row(pair, rule, True, now) for pair, rule in wanted.items() if held.get(pair) != rule]
    taken_back = [_row(pair, rule, False, now) for pair, rule in held.items() if pair not in wanted]
    if changed or taken_back:
        append_rows(lake, recording_rules, [*changed, *taken_back])
    return len(changed) + len(taken_back)


def _pairs(path: Path, content: dict[str, Any]) -> dict[Pair, str]:
    try:
        pairs = {(str(one), str(other)): rule for rule in RULES for one, other in content.get(rule, [])}
    except (ValueError, TypeError) as error:
        raise InputError(f"{path} cannot be read: {error}.", EXAMPLE) from error
    unknown = content.keys() - set(RULES)
    if unknown:
        raise InputError(f"{path} has the key {min(unknown)}.", f"Keys: {', '.join(RULES)}.")
    return pairs


def _row(pair: Pair, rule: str, is_active: bool, now: datetime) -> dict[str, Any]:
    return {
        "rule": rule,
        "track_id": pair[0],
        "other_track_id": pair[1],
        "is_active": is_active,
        "recorded_at": now,
    }
