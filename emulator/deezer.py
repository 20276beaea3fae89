"""Deezer's public API: tracks by ISRC with a 30-second preview. https://developers.deezer.com/api

Errors come with HTTP 200. Previews are tones that the emulator makes: a pulse at the track's tempo, as loud as its
energy. Their addresses are signed and end after some hours by the clock; then, as is likely of the real ones, 403.
"""

from __future__ import annotations

import hashlib
import io
import time
import wave
from typing import Any

import numpy as np
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from emulator.faults import chance
from emulator.replies import ApiError
from emulator.spotify_objects import Row
from emulator.world import TheWorld, World

UNKNOWN_SHARE, NO_PREVIEW_SHARE, NO_BPM_SHARE, UNREADABLE_SHARE, WRONG_SHARE = 0.15, 0.1, 0.5, 0.03, 0.03
PREVIEW_LASTS_S = 4 * 3600
RATE, SECONDS = 8_000, 30


async def within_quota(world: TheWorld) -> None:
    """Count the request. Raises ApiError with code 4 when too many came in the last 5 seconds of real time."""
    now = time.monotonic()
    world.deezer_requests[:] = [at for at in world.deezer_requests if at > now - 5.0] + [now]
    if world.faults.deezer_quota is not None and len(world.deezer_requests) > world.faults.deezer_quota:
        raise ApiError(200, "Quota limit exceeded", 4)


router = APIRouter(prefix="/deezer", dependencies=[Depends(within_quota)])
previews = APIRouter(prefix="/deezer/preview")  # another host at Deezer, outside the quota


@router.get("/track/isrc:{isrc}")
async def by_isrc(world: TheWorld, isrc: str) -> Response:
    """One track of an ISRC: now and then another than was meant."""
    rows = world.catalogue.by_isrc.get(isrc, [])
    if not rows or not is_known(isrc):
        raise ApiError(200, "no data", 800)
    return JSONResponse(_track(world, rows[0]))


@router.get("/search")
async def search(world: TheWorld, q: str = "") -> Response:
    """Tracks whose names hold every word; `artist:"..." track:"..."` is taken as words."""
    words = [word.rpartition(":")[2].strip('"').casefold() for word in q.split()]
    rows = [
        row
        for row in world.catalogue.tracks.values()
        if is_known(row["isrc"])
        and all(word in f"{row['track_name']} {row['artists']} {row['album_name']}".casefold() for word in words)
    ]
    return JSONResponse({"data": [_track(world, row) for row in rows[:25]], "total": len(rows)})


@previews.get("/{track_id}.wav")
async def preview(request: Request, world: TheWorld, track_id: str) -> Response:
    """The preview's bytes, while its address lasts."""
    row, signed = world.catalogue.tracks.get(track_id), request.query_params.get("hdnea", "")
    expires = signed.partition("~")[0].removeprefix("exp=")
    if row is None or not expires.isdigit() or signed != _signature(world, track_id, int(expires)):
        return Response("Access Denied", 403)
    if world.clock.now().timestamp() > int(expires):
        return Response("Access Denied", 403)
    audio = tone(row["tempo"], row["energy"])
    world.previews[hashlib.sha256(audio).hexdigest()] = track_id
    return Response(audio, media_type="audio/wav")


def is_known(isrc: str) -> bool:
    """Whether Deezer has the recording."""
    return chance("deezer", isrc) >= UNKNOWN_SHARE


def tone(tempo: float, energy: float) -> bytes:
    """A WAV file of 30 seconds, mono: a falling tone on every beat."""
    at = np.arange(RATE * SECONDS) / RATE
    beat = np.exp(-8.0 * (at % (60.0 / tempo)))
    samples = (8_000 + 20_000 * energy) * beat * np.sin(2 * np.pi * (180.0 + 400.0 * energy) * at)
    file = io.BytesIO()
    with wave.open(file, "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(RATE)
        audio.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


def _track(world: World, row: Row) -> dict[str, Any]:
    isrc, title = row["isrc"], row["track_name"]
    if chance("wrong", isrc) < WRONG_SHARE:
        title = f"{title} Karaoke Night"
    expires = int(world.clock.now().timestamp()) + PREVIEW_LASTS_S
    address = f"{world.url}/deezer/preview/{row['track_id']}.wav?hdnea={_signature(world, row['track_id'], expires)}"
    identifier = 1 + int(chance("deezer id", isrc) * 2**31)
    return {
        "id": identifier,
        "readable": chance("readable", isrc) >= UNREADABLE_SHARE,
        "title": title,
        "title_short": title,
        "title_version": "",
        "isrc": isrc,
        "link": f"https://www.deezer.com/track/{identifier}",
        "duration": row["duration_ms"] // 1000,
        "rank": row["popularity"] * 10_000,
        "explicit_lyrics": row["explicit"],
        "preview": "" if chance("preview", isrc) < NO_PREVIEW_SHARE else address,
        "bpm": 0 if chance("bpm", isrc) < NO_BPM_SHARE else round(row["tempo"], 1),
        "gain": round(-row["loudness"] - 18.0, 1),
        "release_date": f"{row['release_year']}-01-01",
        "artist": {"id": 1 + int(chance(row["artist_name"]) * 2**31), "name": row["artist_name"], "type": "artist"},
        "album": {"id": 1 + int(chance(row["album_id"]) * 2**31), "title": row["album_name"], "type": "album"},
        "type": "track",
    }


def _signature(world: World, track_id: str, expires: int) -> str:
    mark = hashlib.sha256(f"{world.seed}:{track_id}:{expires}".encode()).hexdigest()[:32]
    return f"exp={expires}~acl=/*~hmac={mark}"
