"""Playlists from the page: shown first, fetched as a file, made on Spotify when the visitor says so."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from config.errors import InputError, LakesongError
from dashboard.commands import answer_of
from dashboard.rendering import environment
from dashboard.site import Site
from dashboard.view import BASES

router = APIRouter(include_in_schema=False)

KINDS = ("mood", "persona", "part-of-day", "discovery", "forgotten", "from-track", "path")
MOST_TRACKS = 200
Choice = Annotated[str, Form()]
Tracks = Annotated[int, Form(ge=1, le=MOST_TRACKS)]
Basis = Annotated[str, Form()]


def _operands(choice: str) -> list[str]:
    """Kind and value of a choice, `mood:calm`. Raises InputError for a kind that there is not."""
    kind, _, value = choice.partition(":")
    if kind not in KINDS:
        raise InputError(f"There is no kind of playlist called '{kind}'.", f"There are {', '.join(KINDS)}.")
    return [kind, value] if value else [kind]


def _options(request: Request, tracks: int, basis: str) -> list[str]:
    if basis not in BASES:
        raise InputError(f"There is no basis {basis}.", "It is measured or all.")
    site: Site = request.app.state.site
    return ["--user", site.access.visitor(request).user_id, "--tracks", str(tracks), "--basis", basis]


def _fragment(template: str, **given: Any) -> Response:
    return Response(environment().get_template(template).render(problem="", **given), media_type="text/html")


def _problem(template: str, error: LakesongError) -> Response:
    return Response(environment().get_template(template).render(problem=str(error)), media_type="text/html")


@router.post("/playlists/preview")
def preview(request: Request, choice: Choice, tracks: Tracks = 30, basis: Basis = "measured") -> Response:
    """The playlist that a choice makes; nothing is sent anywhere."""
    template = "recommendations/made.html"
    try:
        words = ["playlist", "preview", *_options(request, tracks, basis)]
        made = answer_of(request.app.state.site.settings, words, _operands(choice))
    except LakesongError as error:
        return _problem(template, error)
    fields = {"choice": choice, "tracks": tracks, "basis": basis}
    return _fragment(
        template,
        title=f"{made['kind'].replace('-', ' ')} {made['value']}".strip(),
        tracks=made["tracks"],
        total_ms=made["total_ms"],
        simulated=made["simulated_count"],
        notes=[note.rstrip(".") for note in made["notes"]],
        fields=fields,
        query=urlencode(fields),
    )


@router.post("/playlists/create")
def create(
    request: Request, choice: Choice, tracks: Tracks = 30, basis: Basis = "measured",
    name: Annotated[str, Form(max_length=100)] = "",
) -> Response:  # fmt: skip
    """Make it on Spotify, private; asked again after a failure it goes on where it stopped."""
    template = "recommendations/created.html"
    try:
        words = ["playlist", "create", "--yes", *_options(request, tracks, basis), f"--name={name}"]
        made = answer_of(request.app.state.site.settings, words, _operands(choice))
    except LakesongError as error:
        return _problem(template, error)
    link = made["link"] if str(made["link"]).startswith("https://") else ""
    return _fragment(
        template, outcome=made["outcome"], link=link, name=made["playlist_name"], count=made["track_count"],
        notes=[note.rstrip(".") for note in made["notes"]],
    )  # fmt: skip


@router.get("/playlists/file.{form}")
def file(
    request: Request, form: Literal["m3u8", "csv"], choice: Annotated[str, Query()],
    tracks: Annotated[int, Query(ge=1, le=MOST_TRACKS)] = 30, basis: Annotated[str, Query()] = "measured",
) -> Response:  # fmt: skip
    """The playlist as a file for players or spreadsheets."""
    option = {"m3u8": "--m3u", "csv": "--csv"}[form]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"playlist.{form}"
        words = ["playlist", "preview", *_options(request, tracks, basis), option, str(path)]
        answer_of(request.app.state.site.settings, words, _operands(choice))
        body = path.read_bytes()
    media_type = {"m3u8": "audio/x-mpegurl", "csv": "text/csv; charset=utf-8"}[form]
    headers = {"content-disposition": f'attachment; filename="lakesong-{choice.partition(":")[0]}.{form}"'}
    return Response(body, media_type=media_type, headers=headers)
