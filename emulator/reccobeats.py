"""ReccoBeats: audio features by Spotify id, its own id or ISRC. https://reccobeats.com/docs

A quarter of the catalogue is unknown to it, some recordings have a second record, some keys are undetected (-1), and
records come in an order of their own. More than 40 ids are refused (code 4004) unless the switch drops the rest.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import UploadFile

from emulator.faults import chance
from emulator.replies import ApiError
from emulator.spotify_objects import FEATURES, Row, artist_id
from emulator.world import TheWorld, World

router = APIRouter(prefix="/reccobeats/v1")

UNKNOWN_SHARE, SECOND_RECORD_SHARE, NO_KEY_SHARE = 0.25, 0.08, 0.1
MOST_IDS, MOST_BYTES = 40, 5 * 1024 * 1024
HEARD = tuple(name for name in FEATURES if name not in ("key", "mode"))
AUDIO_STARTS = (b"RIFF", b"ID3", b"OggS", b"FORM", b"\xff\xfb", b"\xff\xf3", b"\xff\xf1", b"\xff\xf9")


@router.get("/track")
async def tracks(request: Request, world: TheWorld) -> Response:
    """What is known of tracks; unknown ids are absent."""
    return JSONResponse({"content": [_track(world, row, number) for row, number in _asked(request, world)]})


@router.get("/audio-features")
async def audio_features(request: Request, world: TheWorld) -> Response:
    """Audio features of tracks; unknown ids are absent."""
    return JSONResponse({"content": [_features(world, row, number) for row, number in _asked(request, world)]})


@router.get("/track/{identifier}/audio-features")
async def one_audio_features(world: TheWorld, identifier: str) -> Response:
    """Audio features of one track, by ReccoBeats' own id alone."""
    for row, number in _known(world):
        if record_id(row, number) == identifier:
            return JSONResponse(_features(world, row, number))
    raise ApiError(404, "ResourceNotFoundException", 4041)


@router.post("/analysis/audio-features")
async def analyse(request: Request, world: TheWorld) -> Response:
    """Nine features of an audio file: those of the track whose preview it is, else invented from its bytes."""
    async with request.form() as form:
        file = form.get("audioFile")
        if not isinstance(file, UploadFile):
            raise ApiError(400, "audioFile is missing", 4001)
        audio = await file.read()
    if len(audio) > MOST_BYTES or not audio.startswith(AUDIO_STARTS):
        raise ApiError(400, "audioFile must be audio of at most 5 MB", 4004)
    digest = hashlib.sha256(audio).hexdigest()
    row = world.catalogue.tracks.get(world.previews.get(digest, ""))
    heard = {name: row[name] if row else _invented(name, chance(digest, name)) for name in HEARD}
    return JSONResponse(heard)


def record_id(row: Row, number: int) -> str:
    """The UUID of a track's record, the first (0) or the second (1)."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{row['track_id']}#{number}"))


def is_known(track_id: str) -> bool:
    """Whether ReccoBeats has the track."""
    return chance("reccobeats", track_id) >= UNKNOWN_SHARE


def _known(world: World) -> Iterator[tuple[Row, int]]:
    for row in world.catalogue.tracks.values():
        yield from _records(row)


def _records(row: Row) -> list[tuple[Row, int]]:
    if not is_known(row["track_id"]):
        return []
    has_second = chance("second record", row["track_id"]) < SECOND_RECORD_SHARE
    return [(row, 0), (row, 1)] if has_second else [(row, 0)]


def _asked(request: Request, world: World) -> list[tuple[Row, int]]:
    """The records asked for, by their own ids: not in the order of the request."""
    ids = [one for value in request.query_params.getlist("ids") for one in value.split(",") if one]
    if not ids:
        raise ApiError(400, "ids is missing", 4001)
    if len(ids) > MOST_IDS and not world.faults.reccobeats_drops_surplus:
        raise ApiError(400, f"ids must hold at most {MOST_IDS} values", 4004)
    found = {}
    for one in ids[:MOST_IDS]:
        rows = [world.catalogue.tracks[one]] if one in world.catalogue.tracks else world.catalogue.by_isrc.get(one, [])
        records = [record for row in rows for record in _records(row)]
        if "-" in one:
            records = [record for record in _known(world) if record_id(*record) == one]
        found.update({record_id(*record): record for record in records})
    return [found[identifier] for identifier in sorted(found)]


def _track(world: World, row: Row, number: int) -> dict[str, Any]:
    return {
        "id": record_id(row, number),
        "trackTitle": row["track_name"],
        "artists": [
            {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, name)), "name": name,
             "href": f"https://open.spotify.com/artist/{artist_id(name)}"}
            for name in row["artist_names"]
        ],
        "durationMs": row["duration_ms"],
        "isrc": row["isrc"],
        "ean": None,
        "upc": None,
        "href": f"https://open.spotify.com/track/{row['track_id']}",
        "availableCountries": "DE,JP,US",
        "popularity": row["popularity"],
    }  # fmt: skip


def _features(world: World, row: Row, number: int) -> dict[str, Any]:
    """The catalogue's features; a second record says twice the tempo, as half-time errors do."""
    measured = {name: row[name] for name in FEATURES}
    if number:
        measured["tempo"] = round(2 * row["tempo"], 3)
    if chance("key", row["track_id"]) < NO_KEY_SHARE:
        measured["key"] = -1
    href = f"https://open.spotify.com/track/{row['track_id']}"
    return {"id": record_id(row, number), "href": href, "isrc": row["isrc"], **measured}


def _invented(name: str, luck: float) -> float:
    return round({"tempo": 60 + 120 * luck, "loudness": -30 + 28 * luck}.get(name, luck), 4)
