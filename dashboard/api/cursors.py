"""Where the next page begins: the key of the last row, with a mark of the query that it belongs to."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from serving.declarations import ServedColumn

_TYPES: Mapping[str, Any] = {
    "STRING": str, "INT": int, "BIGINT": int, "DOUBLE": float, "BOOLEAN": bool, "TIMESTAMP": datetime, "DATE": date,
}  # fmt: skip


LONGEST = 60_000  # letters: keys hold names, and names may have 10,000


class CursorError(ValueError):
    """The text is no cursor of this query."""


def cursor_of(query: object, keys: Sequence[ServedColumn], row: Mapping[str, Any]) -> str:
    """The cursor after a row. query: what else was asked for; a cursor of another query is refused."""
    told = [_mark(query), *(_plain(row[column.name]) for column in keys)]
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(text: str, query: object, keys: Sequence[ServedColumn]) -> list[Any]:
    """The values of the key after which the page begins. Raises CursorError.

    It needs no signature: a cursor only says where in the reader's own rows to begin.
    """
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        mark, *values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if mark != _mark(query):
            raise CursorError("it belongs to another query")
        kinds: Any = tuple.__class_getitem__(tuple(_TYPES[column.type] for column in keys))
        return list(TypeAdapter(kinds).validate_json(json.dumps(values), strict=True))
    except (binascii.Error, UnicodeError, ValidationError, TypeError, RecursionError) as error:
        raise CursorError("it is none that was given") from error
    except CursorError:
        raise
    except ValueError as error:
        raise CursorError("it is none that was given") from error


def _mark(query: object) -> str:
    return hashlib.blake2b(repr(query).encode(), digest_size=6).hexdigest()


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
