"""Runs: commands that the server starts in a process of their own, and how they go."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from dashboard.api.answers import json_response, problems
from dashboard.api.models import Run, RunAsked, RunList
from dashboard.api.parameters import refuse_unknown
from dashboard.failures import NotAllowedError, NotFoundError
from dashboard.jobs import Job, job, jobs, start, stop
from dashboard.site import Site
from dashboard.view import Visitor

API = "/api/v1/runs"
Id = Annotated[str, Path(description="Id of a run", max_length=64)]

router = APIRouter(prefix="/api/v1", tags=["runs"])


def words_of(kind: str, visitor: Visitor) -> list[str]:
    """The command of a kind of run. Who looks after the lake collects for everybody, others for themselves.

    Raises NotAllowedError for what only the first may start.
    """
    who = [] if visitor.is_admin else ["--user", visitor.user_id]
    if kind == "build":
        if not visitor.is_admin:
            raise NotAllowedError("Only who looks after the lake may start a build.", "Ask for a cycle instead.")
        return ["build", "--json"]
    return ["ingest", *who, "--json", *(["--no-build"] if kind == "collect" else [])]


def may_see(visitor: Visitor, found: Job) -> bool:
    """Whether a run is the visitor's to see."""
    return visitor.is_admin or found.user_id == visitor.user_id


@router.post(
    "/runs",
    status_code=202,
    response_model=Run,
    responses={
        202: {"headers": {"Location": {"description": "Where it can be followed", "schema": {"type": "string"}}}},
        **problems(400, 401, 403, 409, 413, 422),
    },
    summary="Start a run",
)
def start_run(request: Request, asked: RunAsked) -> Response:
    """Start to collect, to build, or both, under the run lock of the lake; 409 while another run holds it."""
    refuse_unknown(request, ())
    site: Site = request.app.state.site
    visitor = site.access.visitor(request)
    begun = start(site.settings, words_of(asked.kind, visitor), visitor.user_id)
    return json_response(run_json(begun), 202, {"location": f"{API}/{begun.job_id}"})


@router.get("/runs", response_model=RunList, responses=problems(401, 422), summary="The newest runs")
def list_runs(request: Request) -> Response:
    """The runs that the listener started; all of them for who looks after the lake."""
    refuse_unknown(request, ())
    site: Site = request.app.state.site
    visitor = site.access.visitor(request)
    shown = [run_json(one) for one in jobs(site.settings) if may_see(visitor, one)]
    return json_response({"runs": shown}, headers={"cache-control": "no-store"})


@router.get("/runs/{run_id}", response_model=Run, responses=problems(401, 404, 422), summary="Follow a run")
def read_run(request: Request, run_id: Id) -> Response:
    """How a run goes: ask again every second or so while its state is `running`."""
    refuse_unknown(request, ())
    return json_response(run_json(own_run(request, run_id)), headers={"cache-control": "no-store"})


@router.delete(
    "/runs/{run_id}", status_code=202, response_model=Run, responses=problems(401, 404, 422), summary="Stop a run"
)
def stop_run(request: Request, run_id: Id) -> Response:
    """Ask a run to end. What it has committed stays; the next build does again what was stopped."""
    refuse_unknown(request, ())
    site: Site = request.app.state.site
    stop(site.settings, own_run(request, run_id).job_id)
    return json_response(run_json(own_run(request, run_id)), 202)


def own_run(request: Request, run_id: str, step: str = f"GET {API} lists those that there are.") -> Job:
    """The run of that id. Raises NotFoundError, with the step, for one that is not the visitor's to see."""
    site: Site = request.app.state.site
    visitor = site.access.visitor(request)
    found = job(site.settings, run_id)
    if found is None or not may_see(visitor, found):
        raise NotFoundError("There is no such run.", step)
    return found


def run_json(found: Job) -> dict[str, Any]:
    """A run as the API tells it."""
    return {
        "id": found.job_id,
        "command": f"lakesong {' '.join(found.words)}",
        "state": found.state,
        "begun_at": found.begun_at,
        "ended_at": found.ended_at,
        "exit_code": found.exit_code,
        "lines": list(found.lines),
        "result": found.result,
    }
