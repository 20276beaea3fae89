"""Runs for pages: what stands in the place of a button that started one, and follows it."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from dashboard.api.runs import own_run, words_of
from dashboard.jobs import Job, start
from dashboard.rendering import environment
from dashboard.site import Site

SAID = {
    "running": "Working",
    "done": "Done.",
    "failed": "That failed.",
    "needs_user": "Spotify asks you to sign in again.",
    "postponed": "Not now: a quota is used up, or another run has the lake.",
    "stopped": "Stopped.",
    "lost": "It ended without a word.",
}

router = APIRouter(prefix="/jobs", include_in_schema=False)


@router.post("/{kind}")
def start_job(request: Request, kind: Literal["cycle", "build"]) -> Response:
    """Start a run, and show how it goes; without scripts, back to where runs are listed."""
    site: Site = request.app.state.site
    visitor = site.access.visitor(request)
    begun = start(site.settings, words_of(kind, visitor), visitor.user_id)
    if "hx-request" not in request.headers:
        return RedirectResponse("/overview", status_code=303)
    return shown_job(begun)


@router.get("/{job_id}")
def show_job(request: Request, job_id: str) -> Response:
    """How a run goes, as a piece of a page that asks again while it runs."""
    return shown_job(own_run(request, job_id, "It may have been long ago."))


def shown_job(found: Job) -> Response:
    """The piece of a page that tells how a run goes."""
    body = environment().get_template("jobs/job.html").render(job=found, said=SAID[found.state], line=found.last_line)
    return Response(body, media_type="text/html; charset=utf-8", headers={"cache-control": "no-store"})
