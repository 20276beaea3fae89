"""Files that are dropped on a page: taken in by `lakesong import`, told of while it works, then the receipt."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, File, Request, UploadFile
from starlette.responses import Response

from config.errors import InputError, LakesongError
from dashboard.failures import NotFoundError
from dashboard.jobs import UPLOADS, Job, job, jobs, start
from dashboard.rendering import environment
from dashboard.site import Site
from serving.health import free_bytes

router = APIRouter(prefix="/imports", include_in_schema=False)

MOST_BYTES = 4 * 1024**3
ENDINGS = (".zip", ".json", ".csv")
_UNSAFE = re.compile(r"[^\w.\- ]+")


@router.post("")
def take_in(request: Request, files: Annotated[list[UploadFile], File()]) -> Response:
    """Keep the files and begin to take them in for the visitor."""
    site: Site = request.app.state.site
    user_id = site.access.visitor(request).user_id
    folder = site.settings.state_dir / UPLOADS / uuid4().hex
    try:
        _remove_left(site)
        _need_room(request, site)
        folder.mkdir(parents=True, mode=0o700)
        kept = [str(_keep(file, folder, number)) for number, file in enumerate(files)]
        begun = start(site.settings, ["import", *kept, "--user", user_id, "--json"], user_id)
    except LakesongError as error:
        shutil.rmtree(folder, ignore_errors=True)
        return _told(problem=str(error))
    return _follow(begun)


@router.get("/{job_id}")
def follow(request: Request, job_id: str) -> Response:
    """How far it is; at the end the receipt."""
    site: Site = request.app.state.site
    found = job(site.settings, job_id)
    if found is None or found.words[0] != "import" or found.user_id != site.access.visitor(request).user_id:
        raise NotFoundError("There is no such import.", "Data health lists the runs.")
    if not found.is_running:
        shutil.rmtree(_folder_of(found), ignore_errors=True)
    return _follow(found)


def _folder_of(found: Job) -> Path:
    """Where the files of an import lie."""
    return Path(found.words[1]).parent


def _keep(file: UploadFile, folder: Path, number: int) -> Path:
    """Write one of the files; gives its path."""
    name = _UNSAFE.sub("_", Path(file.filename or "").name).strip(". ")[-120:]
    if not name.lower().endswith(ENDINGS):
        raise InputError(f"'{name or 'a file'}' is no export.", "Drop the zip file as downloaded, or its JSON files.")
    path = folder / (name if not (folder / name).exists() else f"{number}-{name}")
    with path.open("wb") as kept:
        shutil.copyfileobj(file.file, kept)
    return path


def _need_room(request: Request, site: Site) -> None:
    """Raise InputError where the files are too large, or the disk too full for them and for what is made of them."""
    size = int(request.headers.get("content-length") or 0)
    free = free_bytes(site.settings)
    if size > MOST_BYTES:
        raise InputError("That is more than 4 GB.", "Use `lakesong import` on the machine of the lake.")
    if free is not None and 3 * size > free:
        raise InputError("The disk is too full for that.", "Make room, then drop the file again.")


def _remove_left(site: Site) -> None:
    """Remove files of imports that are over."""
    needed = {str(_folder_of(one)) for one in jobs(site.settings) if one.is_running and one.words[0] == "import"}
    for folder in (site.settings.state_dir / UPLOADS).glob("*"):
        if str(folder) not in needed:
            shutil.rmtree(folder, ignore_errors=True)


def _follow(found: Job) -> Response:
    receipt = found.result if isinstance(found.result, dict) and "files" in found.result else None
    line = found.last_line
    problem = "" if found.is_running or found.state == "done" or receipt else line or "It could not be taken in."
    return _told(running=found.is_running, job_id=found.job_id, line=line, receipt=receipt, problem=problem)


def _told(**given: Any) -> Response:
    values = {"problem": "", "running": False, "job_id": "", "line": "", "receipt": None, **given}
    body = environment().get_template("health/import.html").render(values)
    return Response(body, media_type="text/html; charset=utf-8", headers={"cache-control": "no-store"})
