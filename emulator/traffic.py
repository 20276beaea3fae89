"""What happens to a request before and after its endpoint: recorded replies, quota, faults, and the log of requests."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncIterable, Awaitable, Callable
from datetime import datetime, timedelta
from typing import NamedTuple, cast

from fastapi import Request, Response
from fastapi.responses import PlainTextResponse

from emulator.recordings import Recordings
from emulator.replies import PREMIUM_TEXT, UNREGISTERED_TEXT, half, stand_in, too_many
from emulator.world import World

SERVICES = {"v1": "spotify", "accounts": "accounts", "reccobeats": "reccobeats", "deezer": "deezer"}
QUOTA_WINDOW = timedelta(hours=24)

Endpoint = Callable[[Request], Awaitable[Response]]


class Asked(NamedTuple):
    """A request that was answered: time by the clock, path with its query, status, real seconds that it took."""

    at: datetime
    method: str
    path: str
    status: int
    seconds: float


def service_of(path: str) -> str | None:
    """The service that a path belongs to; None for the emulator's own paths."""
    return SERVICES.get(path.split("/")[1])


class Traffic:
    """The middleware of the server. It keeps the log, so `requests` is what the services were asked, in order."""

    def __init__(self, world: World, recordings: Recordings, requests: list[Asked]) -> None:
        self._world, self._recordings, self._requests = world, recordings, requests
        self._numbers: Counter[str] = Counter()
        self._within_quota: deque[datetime] = deque()

    async def __call__(self, request: Request, endpoint: Endpoint) -> Response:
        """Answer a request; a trailing slash counts for nothing, as at Spotify."""
        request.scope["path"] = request.scope["path"].rstrip("/") or "/"
        path, service = request.scope["path"], service_of(request.scope["path"])
        if service is None:
            return await endpoint(request)
        began, at = time.perf_counter(), self._world.clock.now()
        response = self._recordings.next(request.method, path) or self._refusal(service, at)
        response = response or await self._with_faults(request, service, endpoint)
        query = request.scope["query_string"].decode("latin-1")
        whole = f"{path}?{query}" if query else path
        self._requests.append(Asked(at, request.method, whole, response.status_code, time.perf_counter() - began))
        return response

    async def _with_faults(self, request: Request, service: str, endpoint: Endpoint) -> Response:
        number, faults, seed = self._numbers[service], self._world.faults, self._world.seed
        self._numbers[service] += 1
        fault = faults.of_request(seed, service, request.method, number)
        instead = stand_in(fault, faults, seed, service, number) if fault else None
        if instead is not None:
            return instead
        response = await endpoint(request)
        if fault == "slow_answers":
            await asyncio.sleep(faults.slow_seconds)
        elif fault == "truncated_bodies" and response.status_code == 200:
            return Response(half(await _body(response)), 200, media_type="application/json")
        if service == "spotify" and request.method == "POST" and faults.post_succeeds_with_504:
            return PlainTextResponse("upstream request timeout", 504)
        return response

    def _refusal(self, service: str, at: datetime) -> Response | None:
        """What refuses every request of an application to the Web API, if anything does."""
        faults = self._world.faults
        if service != "spotify":
            return None
        if faults.premium_required:
            return PlainTextResponse(PREMIUM_TEXT, 403)
        if faults.user_not_registered:
            return PlainTextResponse(UNREGISTERED_TEXT, 403)
        while self._within_quota and self._within_quota[0] <= at - QUOTA_WINDOW:
            self._within_quota.popleft()
        if faults.daily_quota is not None and len(self._within_quota) >= faults.daily_quota:
            oldest = self._within_quota[-faults.daily_quota] if faults.daily_quota else at
            return too_many(service, str(int((oldest + QUOTA_WINDOW - at).total_seconds()) + 1), "QUOTA_EXCEEDED")
        self._within_quota.append(at)
        return None


async def _body(response: Response) -> bytes:
    """The bytes of an endpoint's answer, which the framework hands on as a stream."""
    chunks = cast(AsyncIterable[bytes], response.body_iterator) if hasattr(response, "body_iterator") else None
    return b"".join([chunk async for chunk in chunks]) if chunks is not None else bytes(response.body)
