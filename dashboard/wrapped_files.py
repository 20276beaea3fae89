"""The Wrapped of a listener that were made: their data, page and cards, as files in the state folder."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi import Path as InPath
from starlette.responses import FileResponse, Response

from config.errors import LakesongError
from config.settings import Settings
from dashboard.failures import NotFoundError
from dashboard.jobs import Job, job, start
from dashboard.rendering import environment
from dashboard.site import Site
from wrapped.archive import listener_folder
from wrapped.files import ALT_TEXTS, CARDS, DATA, PAGE

router = APIRouter(include_in_schema=False)

# The page is one file with its styles in it and nothing else; it runs nothing.
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; frame-ancestors 'none'; sandbox"
)
_TALL = re.compile(r"(\d+)-([a-z]+)-1080x1920\.png")


@dataclass(frozen=True)
class Card:
    """A picture in its two sizes, and what it shows in words."""

    tall: str
    wide: str
    alt: str


@dataclass(frozen=True)
class MadeWrapped:
    """One Wrapped: `2026`, `2026-05` or another slug of a period, and its folder."""

    slug: str
    folder: Path

    @property
    def data(self) -> dict[str, Any]:
        """What it tells."""
        told: dict[str, Any] = json.loads((self.folder / DATA).read_text(encoding="utf-8"))
        return told

    def cards(self) -> list[Card]:
        """Its cards, in their order."""
        told = _alt_texts(self.folder / CARDS / ALT_TEXTS)
        names = sorted(path.name for path in (self.folder / CARDS).glob("*.png") if _TALL.fullmatch(path.name))
        wide = {name: name.replace("1080x1920", "1200x630") for name in names}
        return [Card(name, wide[name], told.get(name, "")) for name in names]

    def zipped(self) -> bytes:
        """Everything in one file."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for path in sorted(self.folder.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(self.folder))
        return out.getvalue()


def all_made(settings: Settings, user_id: str) -> list[MadeWrapped]:
    """The Wrapped of a listener, the latest made first."""
    found = [path.parent for path in listener_folder(settings, user_id).glob(f"*/{DATA}")]
    newest = sorted(found, key=lambda folder: (folder / DATA).stat().st_mtime, reverse=True)
    return [MadeWrapped(folder.name, folder) for folder in newest]


def _alt_texts(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    return dict(_pairs(file.read_text(encoding="utf-8").splitlines()))


def _pairs(lines: list[str]) -> Iterator[tuple[str, str]]:
    for name, alt in pairwise(lines):
        if name.endswith(".png") and alt.startswith("  "):
            yield name, alt.strip()


def _asked(request: Request, slug: str) -> MadeWrapped:
    """The visitor's own Wrapped of that name: only what is listed can be asked for."""
    site: Site = request.app.state.site
    user_id = site.access.visitor(request).user_id
    found = next((made for made in all_made(site.settings, user_id) if made.slug == slug), None)
    if found is None:
        raise NotFoundError("There is no such Wrapped.", "The page Wrapped lists what was made.")
    return found


Slug = Annotated[str, InPath(max_length=60)]


@router.get("/wrapped/{slug}/page")
def page(request: Request, slug: Slug) -> Response:
    """The page of a Wrapped, as it was made."""
    file = _asked(request, slug).folder / PAGE
    return FileResponse(file, media_type="text/html", headers={"content-security-policy": PAGE_POLICY})


@router.get("/wrapped/{slug}/cards/{name}")
def card(request: Request, slug: Slug, name: Annotated[str, InPath(max_length=80)]) -> Response:
    """One picture."""
    made = _asked(request, slug)
    if name not in {size for one in made.cards() for size in (one.tall, one.wide)}:
        raise NotFoundError("There is no such card.", "The page Wrapped shows them all.")
    return FileResponse(made.folder / CARDS / name, headers={"cache-control": "private, no-cache"})


@router.get("/wrapped/{slug}/all.zip")
def everything(request: Request, slug: Slug) -> Response:
    """Page, data and cards in one file."""
    body = _asked(request, slug).zipped()
    headers = {"content-disposition": f'attachment; filename="lakesong-wrapped-{slug}.zip"'}
    return Response(body, media_type="application/zip", headers=headers)


@router.post("/wrapped/make")
def make(
    request: Request,
    year: Annotated[int, Form(ge=1970, le=2200)],
    month: Annotated[str, Form(pattern="^(|[1-9]|1[0-2])$")] = "",
) -> Response:
    """Begin to make a Wrapped of the visitor's year or month."""
    site: Site = request.app.state.site
    slug = f"{year:04d}-{int(month):02d}" if month else f"{year:04d}"
    user_id = site.access.visitor(request).user_id
    try:
        begun = start(site.settings, ["wrapped", slug, "--user", user_id, "--json"], user_id)
    except LakesongError as error:
        return _told(problem=str(error))
    return _follow(begun)


@router.get("/wrapped/making/{job_id}")
def making(request: Request, job_id: str) -> Response:
    """How far the making is."""
    site: Site = request.app.state.site
    found = job(site.settings, job_id)
    if found is None or found.user_id != site.access.visitor(request).user_id:
        raise NotFoundError("There is no such job.", "")
    return _follow(found)


def _follow(found: Job) -> Response:
    if not found.is_running and found.state != "done":
        return _told(problem=found.last_line or "It could not be made.")
    return _told(running=found.is_running, job_id=found.job_id, line=found.last_line, slug=found.words[1])


def _told(**given: Any) -> Response:
    values = {"problem": "", "running": False, "job_id": "", "line": "", "slug": "", **given}
    return Response(environment().get_template("wrapped/making.html").render(values), media_type="text/html")
