"""The Web API's player and catalogue endpoints, and those that development-mode apps may use no more.

https://developer.spotify.com/documentation/web-api. What its pages leave open: `after` together with `before` is 400;
with `after` alone the newest plays come first; cursors are the newest and the oldest stamp of the page.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from emulator.library import playlist_id_of
from emulator.listener import Item, Listener, Playing, utc
from emulator.replies import ApiError, offset_page, own_url
from emulator.spotify_objects import artist_id, episode, local_track
from emulator.world import Asking, TheWorld, World

router = APIRouter(prefix="/v1")

Limit50 = Annotated[int, Query(ge=1, le=50)]
Limit10 = Annotated[int, Query(ge=1, le=10)]
Offset = Annotated[int, Query(ge=0, le=1000)]
Milliseconds = Annotated[int | None, Query(ge=0)]
AD_MS = 30_000
DEVICES = {"android": "Smartphone", "ios": "Smartphone", "windows": "Computer"}
REMOVED = (
    "/tracks", "/albums", "/artists", "/shows", "/episodes", "/audiobooks", "/chapters", "/markets",
    "/artists/{one}/top-tracks", "/artists/{one}/related-artists", "/browse/{rest:path}", "/users/{rest:path}",
    "/playlists/{one}/tracks", "/playlists/{one}/followers", "/playlists/{one}/followers/contains",
    "/me/tracks/contains", "/me/albums/contains", "/me/following/contains",
)  # fmt: skip


@router.get("/me/player/recently-played")
async def recently_played(
    request: Request, world: TheWorld, asking: Asking, limit: Limit50 = 20, after: Milliseconds = None,
    before: Milliseconds = None,
) -> Response:  # fmt: skip
    """The last 50 plays, newest first, in pages that go back by `before`; the page after the last is empty."""
    asking.needs("user-read-recently-played")
    if after is not None and before is not None:
        raise ApiError(400, "Both after and before parameters are specified")
    listener = asking.listener
    items = [
        item
        for item in listener.recently_played(world.clock.now(), world.faults)
        if (after is None or item.stamp_ms > after) and (before is None or item.stamp_ms < before)
    ][:limit]
    page: dict[str, Any] = {"items": [], "next": None, "cursors": None, "limit": limit, "href": own_url(request, {})}
    if items:
        page["items"] = [_played(world, listener, item) for item in listener.disorder(items, world.faults)]
        stamps = [item.stamp_ms for item in items]
        page["cursors"] = {"after": str(max(stamps)), "before": str(min(stamps))}
        if len(items) == limit:
            asked = {"limit": limit} if "limit" in request.query_params else {}
            page["next"] = own_url(request, {"after": None, "limit": None, "before": min(stamps), **asked})
    listener.offered |= {(_track_id(listener, one.play), utc(one.stamp_ms)) for one in items if one.shows == "track"}
    return JSONResponse(page)


@router.get("/me/player/currently-playing")
async def currently_playing(world: TheWorld, asking: Asking, additional_types: str = "track") -> Response:
    """What plays now; 204 when nothing does."""
    asking.needs("user-read-currently-playing", "user-read-playback-state")
    playing = asking.listener.playing(world.clock.now(), world.faults)
    return JSONResponse(_playing(world, asking.listener, playing, additional_types)) if playing else _nothing()


@router.get("/me/player")
async def player(world: TheWorld, asking: Asking, additional_types: str = "track") -> Response:
    """What plays now, on which device, shuffled or not; 204 when nothing does."""
    asking.needs("user-read-playback-state")
    playing = asking.listener.playing(world.clock.now(), world.faults)
    if playing is None:
        return _nothing()
    play = asking.listener.plays.iloc[playing.play]
    name = str(play["platform"]).split()[0]
    device = {"id": f"{name}-device", "is_active": True, "is_private_session": False, "is_restricted": False,
              "name": f"{asking.listener.user_id}'s {name}", "type": DEVICES.get(name, "Computer"),
              "volume_percent": 60, "supports_volume": True}  # fmt: skip
    state = {"device": device, "repeat_state": "off", "shuffle_state": bool(play["shuffle"])}
    return JSONResponse(state | _playing(world, asking.listener, playing, additional_types))


@router.get("/audio-features")
async def audio_features(world: TheWorld, asking: Asking, ids: str = "") -> Response:
    """Refused to development apps, without a message; served only with the switch."""
    if not world.faults.audio_features_allowed:
        raise ApiError(403)
    named = [one for one in ids.split(",") if one]
    if not 1 <= len(named) <= 100:
        raise ApiError(400, "Invalid ids")
    return JSONResponse({"audio_features": [world.catalogue.audio_features(one) for one in named]})


@router.get("/audio-features/{track_id}")
async def one_audio_features(world: TheWorld, asking: Asking, track_id: str) -> Response:
    """The same for one track."""
    if not world.faults.audio_features_allowed:
        raise ApiError(403)
    found = world.catalogue.audio_features(track_id)
    if found is None:
        raise ApiError(404, "analysis not found")
    return JSONResponse(found)


@router.get("/recommendations")
async def recommendations(asking: Asking) -> Response:
    """Gone for development apps: 404."""
    raise ApiError(404, "Not found.")


@router.get("/search")
async def search(
    request: Request, world: TheWorld, asking: Asking, q: str, type: str, limit: Limit10 = 5, offset: Offset = 0
) -> Response:
    """Tracks, albums or artists that hold every word, or tracks of an ISRC (`isrc:QZ...`)."""
    reply = {}
    for kind in type.split(","):
        if kind not in ("track", "album", "artist"):
            raise ApiError(400, "Invalid value for type")
        page = offset_page(request, _search(world, kind, q), limit, offset)
        shape = {"track": world.catalogue.track, "album": world.catalogue.album_summary}
        page["items"] = [shape.get(kind, world.catalogue.artist)(one) for one in page["items"]]
        reply[f"{kind}s"] = page
    return JSONResponse(reply)


@router.get("/tracks/{track_id}")
async def track(world: TheWorld, asking: Asking, track_id: str) -> Response:
    """One track."""
    return JSONResponse(world.catalogue.track(_known(track_id, world.catalogue.tracks)))


@router.get("/artists/{of_artist}")
async def artist(world: TheWorld, asking: Asking, of_artist: str) -> Response:
    """One artist."""
    return JSONResponse(world.catalogue.artist(_known(of_artist, world.catalogue.artists)))


@router.get("/albums/{album_id}")
async def album(request: Request, world: TheWorld, asking: Asking, album_id: str) -> Response:
    """One album with its first tracks."""
    items = world.catalogue.album_tracks(_known(album_id, world.catalogue.albums))
    tracks = offset_page(request, items, world.faults.album_page, 0, "/tracks")
    return JSONResponse(world.catalogue.album(album_id, tracks))


@router.get("/albums/{album_id}/tracks")
async def album_tracks(
    request: Request, world: TheWorld, asking: Asking, album_id: str, limit: Limit50 = 20, offset: Offset = 0
) -> Response:
    """An album's tracks, without what only full tracks carry."""
    items = world.catalogue.album_tracks(_known(album_id, world.catalogue.albums))
    return JSONResponse(offset_page(request, items, limit, offset))


@router.get("/artists/{of_artist}/albums")
async def artist_albums(
    request: Request, world: TheWorld, asking: Asking, of_artist: str, limit: Limit10 = 5, offset: Offset = 0
) -> Response:
    """An artist's albums; at most 10 a page."""
    albums = world.catalogue.artist_albums.get(_known(of_artist, world.catalogue.artists), [])
    page = offset_page(request, albums, limit, offset)
    page["items"] = [world.catalogue.album_summary(one) for one in page["items"]]
    return JSONResponse(page)


async def removed(asking: Asking) -> Response:
    """An endpoint that was taken from development-mode apps in February 2026."""
    raise ApiError(403, "Forbidden")


for _path in REMOVED:
    router.add_api_route(_path, removed, methods=["GET", "POST", "PUT", "DELETE"])
for _path in ("/me/tracks", "/me/albums", "/me/following"):
    router.add_api_route(_path, removed, methods=["PUT", "DELETE"])


def _known(identifier: str, among: Container[str]) -> str:
    if identifier not in among:
        raise ApiError(404, "Resource not found")
    return identifier


def _nothing() -> Response:
    return Response(status_code=204)


def _track_id(listener: Listener, play: int) -> str:
    return str(listener.plays["track_id"].iat[play])


def _shown(world: World, listener: Listener, shows: str, play: int) -> dict[str, Any] | None:
    """What stands under `track` or `item`."""
    if shows in ("null", "ad", "unknown"):
        return None
    if shows == "episode":
        row = listener.plays.iloc[play]
        return episode(row["episode_name"], row["show_name"], int(listener.duration_ms[play]))
    track = world.catalogue.track(_track_id(listener, play))
    if shows == "local":
        return local_track(track["name"], track["artists"][0]["name"], track["duration_ms"])
    return track


def _played(world: World, listener: Listener, item: Item) -> dict[str, Any]:
    shown = _shown(world, listener, item.shows, item.play)
    if shown and item.shows == "local":  # besides the play, so under a title of its own: else it is the play again
        shown = local_track(f"Bootleg {item.play}", shown["artists"][0]["name"], shown["duration_ms"])
    context = _context(world, listener, item.play) if item.shows == "track" else None
    at = utc(item.stamp_ms)
    return {"track": shown, "played_at": f"{at:%Y-%m-%dT%H:%M:%S}.{item.stamp_ms % 1000:03d}Z", "context": context}


def _context(world: World, listener: Listener, play: int) -> dict[str, Any] | None:
    """What the play was started from: seldom known, then its album or the listener's first playlist."""
    luck = listener.luck("context")[play]
    if luck >= 0.3:
        return None
    kind, identifier = "playlist", playlist_id_of(listener.user_id, 1)
    if luck < 0.15:
        kind, identifier = "album", world.catalogue.tracks[_track_id(listener, play)]["album_id"]
    uri = f"spotify:{kind}:{identifier}"
    return {
        "type": kind,
        "href": f"{world.url}/v1/{kind}s/{identifier}",
        "external_urls": {"spotify": f"https://open.spotify.com/{kind}/{identifier}"},
        "uri": f"spotify:user:{listener.user_id}:{kind}:{identifier}" if luck > 0.28 else uri,
    }


def _playing(world: World, listener: Listener, playing: Playing, additional_types: str) -> dict[str, Any]:
    is_hidden = playing.shows == "episode" and "episode" not in additional_types.split(",")
    kind = playing.shows if playing.shows in ("episode", "ad", "unknown") else "track"
    return {
        "timestamp": int(world.clock.now().timestamp() * 1000),
        "context": _context(world, listener, playing.play) if playing.shows == "track" else None,
        "progress_ms": min(playing.progress_ms, AD_MS) if kind == "ad" else playing.progress_ms,
        "item": None if is_hidden else _shown(world, listener, playing.shows, playing.play),
        "currently_playing_type": kind,
        "actions": {"disallows": {"pausing" if playing.is_paused else "resuming": True}},
        "is_playing": not playing.is_paused,
    }


def _search(world: World, kind: str, q: str) -> list[str]:
    """Ids of what matches. Field names (`track:`, `artist:`) are taken off: their words must occur somewhere."""
    catalogue = world.catalogue
    if q.startswith("isrc:"):
        return [row["track_id"] for row in catalogue.by_isrc.get(q[5:].strip('"'), ())] if kind == "track" else []
    words = [word.rpartition(":")[2].strip('"').casefold() for word in q.split()]
    found: dict[str, str] = {}
    for row in catalogue.tracks.values():
        names = {"track": f"{row['track_name']} {row['artists']} {row['album_name']}",
                 "album": f"{row['album_name']} {row['artist_name']}", "artist": row["artist_name"]}  # fmt: skip
        identifier = artist_id(row["artist_name"]) if kind == "artist" else row[f"{kind}_id"]
        found.setdefault(identifier, names[kind].casefold())
    return [identifier for identifier, names in found.items() if all(word in names for word in words)]
