"""An import that is taken back from the page."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboard.failures import NotAllowedError
from dashboard.job_routes import shown_job
from dashboard.jobs import start
from dashboard.site import Site
from ingestion.batches import batch_named
from schemas.lake import Lake

router = APIRouter(include_in_schema=False)


@router.post("/undo/{batch_id}")
def undo(request: Request, batch_id: str) -> Response:
    """Begin to take back an import of the visitor's own."""
    site: Site = request.app.state.site
    visitor = site.access.visitor(request)
    batch = batch_named(Lake(site.settings.lake_uri), batch_id)
    if batch.user_id != visitor.user_id:
        raise NotAllowedError("That import is another listener's.", "")
    return shown_job(start(site.settings, ["undo", batch.batch_id, "--yes", "--json"], visitor.user_id))
