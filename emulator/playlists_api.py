"""The Web API's playlist endpoints, in the form that development-mode apps see since February 2026.

A playlist's entries are under `items`, and hidden from those who neither own nor share it.
https://developer.spotify.com/documentation/web-api/reference/get-playlist
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request
from fastapi.responses import JSONResponse, Response

from emulator.library import Entry, Library, Playlist
from emulator.replies import ApiError, offset_page
from emulator.world import Asking, SignedIn, TheWorld, World

router = APIRouter(prefix="/v1")

Limit = Annotated[int, Query(ge=1, le=50)]
Offset = Annotated[int, Query(ge=0, le=100_000)]
MOST_ITEMS = 100  # a call


@router.get("/me/playlists")
async def playlists(
    request: Request, world: TheWorld, asking: Asking, limit: Limit = 20, offset: Offset = 0
) -> Response:
    """Own and followed playlists, without their items."""
    asking.needs("playlist-read-private")
    may_see_shared = "playlist-read-collaborative" in asking.scopes
    kept = world.libraries[asking.listener.user_id].playlists()
    page = offset_page(request, [one for one in kept if may_see_shared or not one.is_collaborative], limit, offset)
    page["items"] = [_playlist(world, one) for one in page["items"]]
    return JSONResponse(page)


@router.post("/me/playlists")
async def create_playlist(world: TheWorld, asking: Asking, body: Annotated[dict[str, Any], Body()]) -> Response:
    """A new playlist; public unless said otherwise."""
    asking.needs("playlist-modify-public" if body.get("public", True) else "playlist-modify-private")
    if not body.get("name"):
        raise ApiError(400, "Missing required field: name")
    made = world.libraries[asking.listener.user_id].create_playlist(
        str(body["name"]),
        is_public=bool(body.get("public", True)),
        is_collaborative=bool(body.get("collaborative", False)),
        description=str(body.get("description") or ""),
    )
    return JSONResponse(_playlist(world, made), 201)


@router.get("/playlists/{playlist_id}")
async def playlist(request: Request, world: TheWorld, asking: Asking, playlist_id: str) -> Response:
    """A playlist, with a first page of items for those who own or share it."""
    _, found = _find(world, asking, playlist_id)
    shown = _playlist(world, found)
    if _may_read(asking, found):
        items = offset_page(request, found.items.at(world.clock.now()), 100, 0, "/items")
        shown["items"] = items | {"items": _entries(world, items["items"])}
    return JSONResponse(shown)


@router.put("/playlists/{playlist_id}")
async def rename_playlist(
    world: TheWorld, asking: Asking, playlist_id: str, body: Annotated[dict[str, Any], Body()]
) -> Response:
    """Change the name of an own playlist."""
    library, found = _find_to_change(world, asking, playlist_id)
    library.rename_playlist(playlist_id, str(body.get("name") or found.name))
    return Response(status_code=200)


@router.get("/playlists/{playlist_id}/items")
async def playlist_items(
    request: Request, world: TheWorld, asking: Asking, playlist_id: str, limit: Limit = 20, offset: Offset = 0
) -> Response:
    """A playlist's entries in their order, for those who own or share it."""
    _, found = _find(world, asking, playlist_id)
    if not _may_read(asking, found):
        raise ApiError(403, "Forbidden")
    page = offset_page(request, found.items.at(world.clock.now()), limit, offset)
    page["items"] = _entries(world, page["items"])
    return JSONResponse(page)


@router.api_route("/playlists/{playlist_id}/items", methods=["POST", "PUT", "DELETE"])
async def change_playlist(
    request: Request, world: TheWorld, asking: Asking, playlist_id: str, uris: str = "", position: int | None = None
) -> Response:
    """Add, replace or remove items: a bare array, {"uris"}, {"items": [{"uri"}]}, or `uris` in the query.

    Or move some: PUT with {"range_start", "insert_before", "range_length"}.
    """
    library, found = _find_to_change(world, asking, playlist_id)
    body = await request.json() if await request.body() else {}
    if request.method == "PUT" and isinstance(body, dict) and "range_start" in body:
        start, before, length = (int(body.get(key, 1)) for key in ("range_start", "insert_before", "range_length"))
        library.move_items(playlist_id, start, before, length)
        return JSONResponse({"snapshot_id": found.snapshot_id})
    given: Any = body if isinstance(body, list) else body.get("uris") or body.get("items") or body.get("tracks") or []
    named = [one["uri"] if isinstance(one, dict) else str(one) for one in given] or [u for u in uris.split(",") if u]
    if len(named) > MOST_ITEMS:
        raise ApiError(400, f"Exceeded maximum items: {MOST_ITEMS}")
    if not named and request.method != "PUT":
        raise ApiError(400, "No uris provided")
    if request.method == "DELETE":
        library.remove_items(playlist_id, named)
    elif request.method == "PUT":
        library.replace_items(playlist_id, named)
    else:
        library.add_items(playlist_id, named, body.get("position", position) if isinstance(body, dict) else position)
    return JSONResponse({"snapshot_id": found.snapshot_id}, 201 if request.method == "POST" else 200)


def _find(world: World, asking: SignedIn, playlist_id: str) -> tuple[Library, Playlist]:
    """A playlist and whose library it is in, the asking listener's first. Raises ApiError 404."""
    own = world.libraries[asking.listener.user_id]
    for library in [own, *world.libraries.values()]:
        for one in library.playlists():
            if one.playlist_id == playlist_id:
                return library, one
    raise ApiError(404, "Resource not found")


def _find_to_change(world: World, asking: SignedIn, playlist_id: str) -> tuple[Library, Playlist]:
    library, found = _find(world, asking, playlist_id)
    asking.needs("playlist-modify-public" if found.is_public else "playlist-modify-private")
    if not _may_read(asking, found):
        raise ApiError(403, "You cannot change a playlist you do not own.")
    return library, found


def _may_read(asking: SignedIn, playlist: Playlist) -> bool:
    return playlist.owner == asking.listener.user_id or playlist.is_collaborative


def _playlist(world: World, playlist: Playlist) -> dict[str, Any]:
    href = f"{world.url}/v1/playlists/{playlist.playlist_id}"
    return {
        "collaborative": playlist.is_collaborative,
        "description": playlist.description,
        "external_urls": {"spotify": f"https://open.spotify.com/playlist/{playlist.playlist_id}"},
        "href": href,
        "id": playlist.playlist_id,
        "images": [],
        "items": {"href": f"{href}/items", "total": len(playlist.items.entries)},
        "name": playlist.name,
        "owner": world.catalogue.user(playlist.owner),
        "primary_color": None,
        "public": playlist.is_public,
        "snapshot_id": playlist.snapshot_id,
        "type": "playlist",
        "uri": f"spotify:playlist:{playlist.playlist_id}",
    }


def _entries(world: World, entries: list[Entry]) -> list[dict[str, Any]]:
    keys = {"item": ("item",), "track": ("track",), "both": ("item", "track")}[world.faults.playlist_entries]
    return [
        {
            "added_at": f"{entry.added_at:%Y-%m-%dT%H:%M:%SZ}",
            "added_by": world.catalogue.user(entry.added_by),
            "is_local": entry.what.startswith("spotify:local:"),
            "primary_color": None,
            "video_thumbnail": {"url": None},
            **dict.fromkeys(keys, world.catalogue.item(entry.what)),
        }
        for entry in entries
    ]
