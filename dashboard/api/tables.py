"""A route for each table that a listener's file holds, made from its declaration."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from dashboard.api.answers import NOT_MODIFIED, READ, answer, store_or_wait
from dashboard.api.cursors import LONGEST as LONGEST_CURSOR
from dashboard.api.cursors import CursorError, cursor_of, read_cursor
from dashboard.api.models import TableList, page_model
from dashboard.api.parameters import Day, Nothing, refuse, refuse_unknown
from serving.declarations import ServedColumn, ServedTable, served_declarations
from serving.store import Row, Store

API = "/api/v1"
DEFAULT_ROWS, MOST_ROWS = 100, 1000
TEXT_FILTERS = 10  # columns of text beside the key that rows can be chosen by
LARGEST = 2**63 - 1
LONGEST = 20_000  # letters of a name; longer ones are in no table
USER = "user_id"  # one and the same in every row of a listener's file
# The file is sorted by these, so that a page is found without sorting.
_ORDERS: Mapping[str, tuple[str, ...]] = {"listening_with_features": ("played_at", "play_id")}

router = APIRouter(prefix=API, tags=["tables"])


@dataclass(frozen=True)
class Route:
    """What the route of one table can be asked for."""

    table: ServedTable

    @cached_property
    def keys(self) -> tuple[ServedColumn, ...]:
        """The columns that pages follow each other by: unique together, never null."""
        names = _ORDERS.get(self.table.name, self.table.primary_key)
        return tuple(self._column(name) for name in names if name != USER) or (self._column(USER),)

    @cached_property
    def filters(self) -> tuple[ServedColumn, ...]:
        """The columns that rows can be chosen by: those of the key, and the first few of text."""
        in_key = [self._column(name) for name in self.table.primary_key if name != USER]
        texts = [c for c in self.table.columns if c.type == "STRING" and c.name != USER and c not in in_key]
        return tuple(c for c in (*in_key, *texts[:TEXT_FILTERS]) if c.type in ("STRING", "INT", "BIGINT", "DATE"))

    @cached_property
    def day(self) -> ServedColumn | None:
        """The column of days that from and to speak of."""
        days = [column for column in self.table.columns if column.type == "DATE"]
        best = [c for c in days if c.name in self.table.primary_key] or [c for c in days if c.name == "played_date"]
        return next(iter([*best, *days]), None)

    def _column(self, name: str) -> ServedColumn:
        return next(column for column in self.table.columns if column.name == name)


@router.get("/tables", response_model=TableList, responses={**NOT_MODIFIED, **READ}, summary="The tables")
def list_tables(request: Request) -> Response:
    """Every table that can be read, with what a row of it tells and the version that is read."""
    refuse_unknown(request, ())
    _, store = store_or_wait(request)
    tables = [
        {
            "name": table.name,
            "layer": table.layer,
            "description": table.description,
            "analytics": table.analytics,
            "primary_key": list(table.primary_key),
            "version": store.versions.get(table.name),
            "href": f"{API}/tables/{table.name}",
        }
        for table in sorted(served_declarations().values(), key=lambda table: table.name)
    ]
    head = {"user_id": store.user_id, "is_simulated": store.is_simulated, "as_of": store.as_of}
    return answer(request, store, lambda: {**head, "made_at": store.made_at, "tables": tables})


def _add(table: ServedTable) -> None:
    router.add_api_route(
        f"/tables/{table.name}",
        _endpoint(Route(table)),
        methods=["GET"],
        name=f"read_{table.name}",
        summary=table.name.replace("_", " ").capitalize(),
        description=f"{table.description}\n\nPages follow each other by "
        f"{', '.join(column.name for column in Route(table).keys)}: follow `next`, or the `Link` header.",
        responses={200: {"model": page_model(table), "headers": _HEADERS}, **NOT_MODIFIED, **READ},
    )


_TEXT = {"schema": {"type": "string"}}
_HEADERS = {
    "ETag": {"description": "Tag of these rows: give it as If-None-Match.", **_TEXT},
    "Link": {"description": 'The next page: `<address>; rel="next"`.', **_TEXT},
}


def _endpoint(route: Route) -> Callable[..., Response]:
    """The function of a route; FastAPI reads its parameters, and their types, from the signature."""
    parameters = _parameters(route)
    names = [parameter.default.alias or parameter.name for parameter in parameters]

    def read(request: Request, **given: Any) -> Response:
        refuse_unknown(request, names)
        _, store = store_or_wait(request)
        return _page(request, route, store, given)

    of_request = inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY, annotation=Request)
    read.__signature__ = inspect.Signature([of_request, *parameters])  # type: ignore[attr-defined]
    return read


def _parameters(route: Route) -> list[inspect.Parameter]:
    def one(name: str, kind: Any, default: Any, description: str, **more: Any) -> inspect.Parameter:
        query = Query(default, description=description, **more)
        return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=query, annotation=kind)

    found = [
        one("limit", int, DEFAULT_ROWS, "Rows of a page", ge=1, le=MOST_ROWS),
        one(
            "cursor",
            Annotated[str, Field(max_length=LONGEST_CURSOR)] | Nothing,
            None,
            "Where the page begins: as `next` gives it",
        ),
        one("order", Literal["asc", "desc"], "asc", "Whether the key grows or falls"),
        one(
            "fields", str | Nothing, None, "Columns to give, separated by commas; all", json_schema_extra=_names(route)
        ),
    ]
    if route.day:
        about = f"{route.day.name}: {route.day.comment}"
        found.append(one("from_", Day | Nothing, None, f"First day, of {about}", alias="from"))
        found.append(one("to", Day | Nothing, None, f"Last day, of {about}"))
    for column in route.filters:
        kind, more = _filter_type(column)
        found.append(
            one(column.name, kind | Nothing, None, f"Only rows with this {column.name}: {column.comment}", **more)
        )
    return found


def _names(route: Route) -> Row:
    """The schema of a list of the table's columns; `_fields` says in words what is wrong with one."""
    one = f"({'|'.join(route.table.column_names)})"
    return {"pattern": f"^{one}(,{one})*$", "example": ",".join(route.table.column_names[:3])}


def _filter_type(column: ServedColumn) -> tuple[Any, Row]:
    if column.type == "DATE":
        return Day, {}
    if column.type == "STRING":
        return Annotated[str, Field(max_length=LONGEST)], {}
    return Annotated[int, Field(ge=-LARGEST, le=LARGEST)], {}


def _page(request: Request, route: Route, store: Store, given: Mapping[str, Any]) -> Response:
    """A page of rows. One more than asked for is read, to know whether there is another page."""
    columns, limit = _fields(route, given["fields"]), given["limit"]
    chosen = {name: value for name, value in given.items() if name not in ("limit", "cursor") and value is not None}
    query = (route.table.name, sorted(chosen.items()))
    conditions, values = _conditions(route, given)
    if given["cursor"] is not None:
        try:
            after = read_cursor(given["cursor"], query, route.keys)
        except CursorError as error:
            raise refuse("cursor", str(error)) from error
        conditions += _after(route.keys, given["order"])
        values |= {f"after_{place}": _stored(value) for place, value in enumerate(after)}

    def make() -> Row:
        keys = [column.name for column in route.keys]
        rows = store.rows(
            f"SELECT {_listed([*columns, *(name for name in keys if name not in columns)])} "
            f'FROM "{route.table.name}" WHERE {" AND ".join(conditions) or "true"} '
            f"ORDER BY {_listed(keys, given['order'])} LIMIT $rows",
            **values, rows=limit + 1,
        )  # fmt: skip
        following = cursor_of(query, route.keys, rows[limit - 1]) if len(rows) > limit else None
        shown = rows[:limit] if set(keys) <= set(columns) else [{n: row[n] for n in columns} for row in rows[:limit]]
        return {
            "table": route.table.name,
            "version": store.versions.get(route.table.name),
            "as_of": store.as_of,
            "is_simulated": store.is_simulated,
            "rows": shown,
            "next": _next(request, following),
        }

    return answer(request, store, make, link=lambda body: body["next"])


def _conditions(route: Route, given: Mapping[str, Any]) -> tuple[list[str], Row]:
    """The filters as conditions with values; the names of columns are those of the declaration."""
    filters = {column.name: given[column.name] for column in route.filters if given[column.name] is not None}
    conditions = [f'"{name}" = ${name}' for name in filters]
    for name, sign in (("from_", ">="), ("to", "<=")):
        if route.day and given.get(name) is not None:
            conditions.append(f'"{route.day.name}" {sign} $day_{name}')
            filters[f"day_{name}"] = given[name]
    return conditions, filters


def _after(keys: Sequence[ServedColumn], order: str) -> list[str]:
    """The rows behind the key $after_…. The first condition alone lets DuckDB pass over most of the file."""
    sign = ">" if order == "asc" else "<"
    left, right = _listed([key.name for key in keys]), ", ".join(f"$after_{place}" for place in range(len(keys)))
    return [f'"{keys[0].name}" {sign}= $after_0', f"({left}) {sign} ({right})"]


def _stored(value: Any) -> Any:
    """Times as the file holds them: in UTC, without a zone."""
    return value.astimezone(UTC).replace(tzinfo=None) if getattr(value, "tzinfo", None) else value


def _listed(names: Sequence[str], order: str = "") -> str:
    return ", ".join(f'"{name}" {order}'.strip() for name in names)


def _fields(route: Route, asked: str | None) -> list[str]:
    known = route.table.column_names
    if asked is None:
        return list(known)
    names = list(dict.fromkeys(asked.split(",")))
    wrong = next((name for name in names if name not in known), None)
    if wrong is not None:
        raise refuse("fields", f"there is no column {wrong[:80]!r}; there are: {', '.join(known)}")
    return names


def _next(request: Request, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return f"{request.url.path}?{urlencode([*kept, ('cursor', cursor)])}"


for _table in sorted(served_declarations().values(), key=lambda table: table.name):
    _add(_table)
