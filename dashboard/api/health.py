"""For those who look after the server: whether it works (`/health`), and figures for Prometheus (`/metrics`)."""

from __future__ import annotations

from ipaddress import ip_address

from fastapi import APIRouter, Request
from starlette.responses import Response

from config.errors import LakesongError
from config.settings import Settings
from dashboard.api.answers import json_response, problems
from dashboard.api.measuring import Measures
from dashboard.api.models import Health
from dashboard.api.parameters import refuse_unknown
from dashboard.failures import NotAllowedError
from dashboard.jobs import jobs
from dashboard.site import Site
from ingestion.listens import waiting_listens
from schemas.lake import Lake
from serving.figures import is_built, release_figures
from serving.making import listener_ids, store_file

router = APIRouter(tags=["health"])


@router.get("/health", response_model=Health, summary="Whether the server lives")
def read_health(request: Request) -> Response:
    """The server answers. Says nothing of the lake: see /health/ready."""
    return json_response({"status": "ok", "detail": ""}, headers={"cache-control": "no-store"})


@router.get(
    "/health/ready",
    response_model=Health,
    responses={503: {"model": Health, "description": "Something is missing: detail says what."}},
    summary="Whether the server can show something",
)
def read_readiness(request: Request) -> Response:
    """Whether there is a lake with a release, and a listener's tables were made ready."""
    site: Site = request.app.state.site
    missing = _missing(site.settings)
    told = {"status": "not ready" if missing else "ok", "detail": missing}
    return json_response(told, 503 if missing else 200, {"cache-control": "no-store"})


def _missing(settings: Settings) -> str:
    try:
        if not is_built(Lake(settings.lake_uri)):
            return "There is no built lake yet."
        users = listener_ids(settings)
    except (LakesongError, OSError) as error:
        return f"The lake cannot be read: {type(error).__name__}."
    made = any(any(store_file(settings, user, "any").parent.glob("*.duckdb")) for user in users)
    return "" if made else "No listener's tables were made ready yet: they are when a page is first asked for."


@router.get(
    "/metrics",
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Figures for Prometheus"},
        **problems(401, 403, 422),
    },
    response_class=Response,
    summary="Figures for Prometheus",
)
def read_metrics(request: Request) -> Response:
    """Requests by route and status, plays, age of the release, last runs; for this machine and admins alone."""
    refuse_unknown(request, ())
    site: Site = request.app.state.site
    if not _is_from_here(request) and not site.access.visitor(request).is_admin:
        raise NotAllowedError("Figures are for who looks after the lake.", "Ask from the machine itself.")
    measures: Measures = request.app.state.measures
    body, media_type = measures.page(_figures(site.settings))
    return Response(body, media_type=media_type, headers={"cache-control": "no-store"})


def _is_from_here(request: Request) -> bool:
    """Whether it came from this machine, and through no proxy."""
    if any(name in request.headers for name in ("x-forwarded-for", "forwarded", "via")) or request.client is None:
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _figures(settings: Settings) -> dict[str, float]:
    """What the lake tells at this moment, by the names of `measuring.GAUGES`."""
    found = {"listens_waiting": float(len(waiting_listens(settings))), **release_figures(Lake(settings.lake_uri))}
    newest = next((one for one in jobs(settings) if one.ended_at is not None), None)
    if newest is not None and newest.ended_at is not None:
        found["last_run_timestamp_seconds"] = newest.ended_at.timestamp()
        found["last_run_exit_code"] = float("nan") if newest.exit_code is None else float(newest.exit_code)
    return found
