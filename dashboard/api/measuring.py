"""Counts requests by route and status, and how long they took, for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Mapping

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
GAUGES = {
    "plays": "Plays of all listeners in the newest release",
    "release_age_seconds": "Seconds since the newest release was made",
    "listens_waiting": "Files of submitted listens that wait to be taken in",
    "last_run_timestamp_seconds": "When the last run that the dashboard started ended",
    "last_run_exit_code": "Its exit code",
}


class Measures:
    """The figures of one application."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self._registry = CollectorRegistry()
        labels = ("method", "route")
        self._requests = Counter("lakesong_requests", "Requests", (*labels, "status"), registry=self._registry)
        self._seconds = Histogram(
            "lakesong_request_seconds", "Time to answer", labels, buckets=SECONDS, registry=self._registry
        )
        self._gauges = {
            name: Gauge(f"lakesong_{name}", about, registry=self._registry) for name, about in GAUGES.items()
        }

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Enter a request that was answered."""
        method = method if method in METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def page(self, figures: Mapping[str, float]) -> tuple[bytes, str]:
        """All figures as Prometheus reads them, and their media type; figures that are not given are not a number."""
        for name, gauge in self._gauges.items():
            gauge.set(figures.get(name, float("nan")))
        return generate_latest(self._registry), CONTENT_TYPE_LATEST


class Measured:
    """The layer that counts."""

    def __init__(self, app: ASGIApp, measures: Measures) -> None:
        """Wrap an application."""
        self._app, self._measures = app, measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and enter it when it was answered. Its route, never its address, is told."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, begun = 500, time.perf_counter()

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        finally:
            self._measures.count(scope["method"], _route(scope), status, time.perf_counter() - begun)


def _route(scope: Scope) -> str:
    """The pattern of the route that answered; the folder of static files; `none` for addresses that are not there."""
    route = scope.get("route")
    path = getattr(route, "path_format", None) or getattr(route, "path", None)
    if path:
        return str(path)
    root = str(scope.get("root_path", ""))
    return root or "none"
