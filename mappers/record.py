"""What every mapper of plays shares: the record's identity, its payload, and the reading of stamps and numbers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from schemas.bronze import listening_history_bronze

MAPPER_VERSION = 1

EARLIEST = datetime(2006, 4, 1, tzinfo=UTC)  # Spotify was founded in this month: an earlier stamp is no play of its.

Row = dict[str, Any]

_IDENTITY = {"record_id", "revision", "user_id", "source", "played_at", "played_month"}
_NOT_READ = {"payload", "mapper_version", "batch_id", "ingested_at"}
_DETAILS = [c.name for c in listening_history_bronze.columns if c.name not in _IDENTITY | _NOT_READ]
_EMPTY: Row = dict.fromkeys(listening_history_bronze.column_names)


_PLAIN = {str, int, float, bool, datetime}
_to_json = json.JSONEncoder(ensure_ascii=False, default=str).encode


class RejectedError(Exception):
    """A raw item that is no record: the reason, in a few words that do not carry the item's content."""


def make_record(user_id: str, source: str, stamp: str, played_at: datetime, fields: Row, payload: str) -> Row:
    """A row of listening_history_bronze without its batch.

    stamp is what the source delivered, as text; played_at the same as a UTC time. record_id and revision are as
    docs/design.md, section 4 says, so that the same record from another file has the same id.
    """
    what = fields.get("track_id") or "\x1f".join(str(fields.get(name)) for name in _NAMES[fields["kind"]])
    row = _EMPTY | fields
    row["record_id"] = sha256((user_id, source, stamp, what, fields.get("ms_played")))
    row["revision"] = sha256([row[name] for name in _DETAILS])
    row["user_id"] = user_id
    row["source"] = source
    row["played_at"] = played_at
    row["played_month"] = f"{played_at.year:04d}-{played_at.month:02d}"
    row["payload"] = payload
    row["mapper_version"] = MAPPER_VERSION
    return row


_NAMES = {
    "track": ("track_name", "artist_name"),
    "episode": ("episode_name", "show_name"),
    "audiobook": ("episode_name", "show_name"),
}


def sha256(parts: Iterable[object]) -> str:
    """SHA-256 over the parts as text, with a separator that no text field holds."""
    return hashlib.sha256("\x1e".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()


def payload_of(item: Mapping[str, Any], allowed: Iterable[str]) -> str:
    """The allowed fields of a raw item as JSON: what is not on the list, or within a field, never reaches the disk."""
    kept = _to_json({name: item[name] for name in allowed if type(item.get(name)) in _PLAIN})
    return kept if kept.isascii() else kept.encode("utf-8", "replace").decode()  # lone surrogates fit in no table


def parse_stamp(value: object) -> datetime:
    """A UTC time from ISO text (with Z, an offset, or none, then UTC) or a datetime. Raises RejectedError."""
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise RejectedError("the time of the play is missing or cannot be read") from error
    if at < EARLIEST:
        raise RejectedError("the time of the play is before Spotify began")
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def whole_number(value: object, name: str, *, optional: bool = False, largest: int = 2**53 - 1) -> int | None:
    """A whole number from 0 to `largest`, from a number or text (`215000`, `215000.0`).

    Raises RejectedError, naming the field.
    """
    if optional and value in (None, ""):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise RejectedError(f"{name} is missing or no number")
    try:
        number = int(value) if isinstance(value, int) else float(value)
    except (ValueError, OverflowError) as error:
        raise RejectedError(f"{name} is missing or no number") from error
    if number != number or (isinstance(number, float) and not number.is_integer()):
        raise RejectedError(f"{name} is missing or no number")
    if not 0 <= number <= largest:
        raise RejectedError(f"{name} is negative or too large")
    return int(number)


def text(value: object) -> str | None:
    """Text that a table can hold: lone surrogates and control characters replaced, blank as null."""
    if not isinstance(value, str):
        return None
    if not value.isprintable():  # most text is, and this test is quick
        value = value.encode("utf-8", "replace").decode().replace("\x00", "")
    return value.strip() or None


def flag(value: object) -> bool | None:
    """True, false, or null where the source does not say."""
    return value if isinstance(value, bool) else None
