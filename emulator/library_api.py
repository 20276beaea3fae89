"""The Web API's library endpoints: profile, top items, saved tracks, followed artists.

https://developer.spotify.com/documentation/web-api, in the form that development-mode apps see since February 2026.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from emulator.replies import ApiError, offset_page, own_url
from emulator.spotify_objects import artist_id
from emulator.world import Asking, TheWorld

router = APIRouter(prefix="/v1")

Limit = Annotated[int, Query(ge=1, le=50)]
Offset = Annotated[int, Query(ge=0, le=100_000)]
RANGES = {"short_term": timedelta(days=28), "medium_term": timedelta(days=182), "long_term": timedelta(days=365)}
MOST_LIBRARY_URIS = 40


@router.get("/me")
async def me(world: TheWorld, asking: Asking) -> Response:
    """The profile: no country, email, product or followers in development mode."""
    listener = asking.listener
    return JSONResponse({"account_id": listener.account_id, **world.catalogue.user(listener.user_id), "images": []})


@router.get("/me/top/{kind}")
async def top_items(
    request: Request, world: TheWorld, asking: Asking, kind: Literal["artists", "tracks"],
    time_range: Literal["short_term", "medium_term", "long_term"] = "medium_term", limit: Limit = 20,
    offset: Offset = 0,
) -> Response:  # fmt: skip
    """What was listened to most in about 4 weeks, 6 months or a year, by the number of plays."""
    asking.needs("user-top-read")
    now = world.clock.now()
    heard = asking.listener.heard(now - RANGES[time_range], now)
    what = heard.loc[heard["is_listable"], "track_id"]
    if kind == "artists":
        what = what.map(lambda one: world.catalogue.tracks[one]["artist_name"]).map(artist_id)
    counts = what.value_counts()
    ranked = sorted(counts.index, key=lambda one: (-counts[one], one))
    page = offset_page(request, ranked, limit, offset)
    shape = world.catalogue.artist if kind == "artists" else world.catalogue.track
    page["items"] = [shape(one) for one in page["items"]]
    return JSONResponse(page)


@router.get("/me/tracks")
async def saved_tracks(
    request: Request, world: TheWorld, asking: Asking, limit: Limit = 20, offset: Offset = 0
) -> Response:
    """Saved tracks, the last saved first."""
    asking.needs("user-library-read")
    page = offset_page(request, world.libraries[asking.listener.user_id].saved(), limit, offset)
    page["items"] = [
        {"added_at": f"{entry.added_at:%Y-%m-%dT%H:%M:%SZ}", "track": world.catalogue.item(entry.what)}
        for entry in page["items"]
    ]
    return JSONResponse(page)


@router.get("/me/following")
async def followed_artists(
    request: Request, world: TheWorld, asking: Asking, type: Literal["artist"], limit: Limit = 20, after: str = ""
) -> Response:
    """Followed artists; pages go by the id of the last artist."""
    asking.needs("user-follow-read")
    artists = world.libraries[asking.listener.user_id].followed()
    rest = [one for one in artists if one > after]
    shown = rest[:limit]
    last = shown[-1] if len(rest) > limit else None
    page = {
        "href": own_url(request, {}),
        "items": [world.catalogue.artist(one) for one in shown],
        "limit": limit,
        "next": own_url(request, {"after": last, "limit": limit}) if last else None,
        "cursors": {"after": last},
        "total": len(artists),
    }
    return JSONResponse({"artists": page})


@router.api_route("/me/library", methods=["PUT", "DELETE"])
async def change_library(request: Request, world: TheWorld, asking: Asking, uris: str = "") -> Response:
    """Save or follow, or the opposite: tracks, artists, and (only to drop them) playlists."""
    asking.needs("user-library-modify", "user-follow-modify", "playlist-modify-public")
    named = [uri for uri in uris.split(",") if uri]
    if not 1 <= len(named) <= MOST_LIBRARY_URIS or any(uri.count(":") != 2 for uri in named):
        raise ApiError(400, "Invalid uris")
    library, saves = world.libraries[asking.listener.user_id], request.method == "PUT"
    for _, kind, identifier in (uri.split(":") for uri in named):
        if kind == "track":
            (library.save_tracks if saves else library.unsave_tracks)(identifier)
        elif kind == "artist":
            (library.follow_artists if saves else library.unfollow_artists)(identifier)
        elif kind == "playlist" and not saves and identifier in {one.playlist_id for one in library.playlists()}:
            library.unfollow_playlist(identifier)
    return Response(status_code=200)
