"""Parameters of the API: what is not understood is refused, never passed over."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from typing import Annotated, Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BeforeValidator
from pydantic.json_schema import SkipJsonSchema

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _as_day(value: Any) -> Any:
    """Pydantic would read a number as seconds since 1970."""
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("write a day like 2024-05-31")
    return value


Day = Annotated[date, BeforeValidator(_as_day)]


Nothing = SkipJsonSchema[None]  # a parameter that is not given: an address has no word for null


def refuse(name: str, why: str) -> RequestValidationError:
    """The error for a parameter that cannot be used (422)."""
    return RequestValidationError([{"type": "value_error", "loc": ("query", name), "msg": why, "input": None}])


def refuse_unknown(request: Request, known: Collection[str]) -> None:
    """Raise for a parameter that the route does not have: a misspelt filter must not give all rows."""
    for name in request.query_params:
        if name not in known:
            raise refuse(name[:80], f"there is no such parameter; there are: {', '.join(known) or 'none'}")
