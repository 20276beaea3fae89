"""What is computed for any range of days, found by name, or asked in plain words."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from dashboard.api.answers import NOT_MODIFIED, READ, answer, json_response, problems, store_or_wait
from dashboard.api.models import Answered, Hits, Me, TopList, Totals
from dashboard.api.parameters import Day, Nothing, refuse, refuse_unknown
from dashboard.site import Site
from serving.search import SUBJECTS as SEARCHED
from serving.search import search
from serving.store import Row, Store
from serving.tops import top_of
from serving.totals import history_days, totals_of

From = Annotated[Day | Nothing, Query(alias="from", description="First local day; the first of the history")]
To = Annotated[Day | Nothing, Query(description="Last local day; the day that the tables were built for")]
Words = Annotated[str, Field(min_length=1, max_length=500)]

router = APIRouter(prefix="/api/v1", tags=["computed"])


@router.get("/summary", response_model=Totals, responses={**NOT_MODIFIED, **READ}, summary="Totals of a range")
def read_summary(request: Request, from_: From = None, to: To = None) -> Response:
    """How much was heard on these local days, and how much of it is known."""
    refuse_unknown(request, ("from", "to"))
    _, store = store_or_wait(request)
    first, last = _days(store, from_, to)
    head: Row = {"user_id": store.user_id, "is_simulated": store.is_simulated, "first": first, "last": last}
    return answer(request, store, lambda: {**head, **totals_of(store, first, last)})


@router.get("/top/{subject}", response_model=TopList, responses={**NOT_MODIFIED, **READ}, summary="Top list of a range")
def read_top(
    request: Request,
    subject: Annotated[Literal["artists", "tracks", "albums", "genres"], Path(description="What is ranked")],
    from_: From = None,
    to: To = None,
    by: Annotated[Literal["time", "plays"], Query(description="What is ranked by")] = "time",
    limit: Annotated[int, Query(ge=1, le=1000, description="Places to give")] = 20,
    offset: Annotated[int, Query(ge=0, le=1_000_000, description="Places to pass over")] = 0,
) -> Response:
    """What was played most on these local days; places are those of the whole list."""
    refuse_unknown(request, ("from", "to", "by", "limit", "offset"))
    _, store = store_or_wait(request)
    first, last = _days(store, from_, to)

    def make() -> Row:
        rows = top_of(store, subject, (first, last), by=by, limit=limit, offset=offset)
        head: Row = {"subject": subject, "by": by, "first": first, "last": last, "is_simulated": store.is_simulated}
        return {**head, "rows": rows}

    return answer(request, store, make)


@router.get("/search", response_model=Hits, responses={**NOT_MODIFIED, **READ}, summary="Find by name")
def read_search(
    request: Request,
    q: Annotated[Words, Query(description="Words of a name; spelling may be wrong")],
    limit: Annotated[int, Query(ge=1, le=100, description="Artists, albums and tracks to give, of each")] = 10,
) -> Response:
    """Artists, albums and tracks of the listener's own history and library whose names hold these words."""
    refuse_unknown(request, ("q", "limit"))
    _, store = store_or_wait(request)

    def make() -> Row:
        found = search(store, q, limit)
        fields = ("key", "name", "detail", "play_count", "listened_ms")
        hits = {one: [{field: row[field] for field in fields} for row in getattr(found, one)] for one in SEARCHED}
        return {"query": q, "is_guess": found.is_guess, **hits}

    return answer(request, store, make)


@router.get("/ask", response_model=Answered, responses={**READ}, summary="Ask in plain words")
def read_ask(
    request: Request,
    q: Annotated[Words, Query(description="A question, such as: what did I play most in winter nights of 2024?")],
    after: Annotated[Words | Nothing, Query(description="The question before, which q follows up")] = None,
) -> Response:
    """The answer with the SQL, the table versions, n, coverage and how sure it is; or why there is none."""
    from assistant.asking import ask

    refuse_unknown(request, ("q", "after"))
    site: Site = request.app.state.site
    _, store = store_or_wait(request)
    before = ask(store, after).context if after else None
    return json_response(ask(store, q, before, site.settings).as_json(), headers={"cache-control": "private, no-store"})


@router.get("/me", response_model=Me, responses=problems(401, 422), summary="Who asks")
def read_me(request: Request) -> Response:
    """The listener whose data the other routes give."""
    refuse_unknown(request, ())
    site: Site = request.app.state.site
    visitor = site.access.visitor(request)
    store = site.stores.get(visitor.user_id)
    of_store = {name: getattr(store, name, None) for name in ("is_simulated", "as_of", "made_at")}
    who = {"user_id": visitor.user_id, "is_admin": visitor.is_admin, "how": visitor.how}
    return json_response({**who, **of_store}, headers={"cache-control": "private, no-store"})


def _days(store: Store, first: date | None, last: date | None) -> tuple[date, date]:
    """The days asked for, the whole history where none are. Raises for a range that ends before it begins."""
    begin, end = history_days(store)
    days = first or min(begin, last or begin), last or max(end, first or end)
    if days[1] < days[0]:
        raise refuse("to", f"the range ends on {days[1]} before it begins on {days[0]}")
    return days
