"""How another process moves the emulator: its clock and its faults, and what it was asked."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from fastapi.responses import JSONResponse, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict

from emulator.replies import ApiError
from emulator.world import TheWorld

router = APIRouter(prefix="/emulator")


class Move(BaseModel):
    """A move of the clock: forward (or back) by seconds, or to a time with a zone."""

    model_config = ConfigDict(extra="forbid")

    advance_seconds: float = 0.0
    set: AwareDatetime | None = None


@router.post("/clock")
async def move_clock(world: TheWorld, move: Move) -> Response:
    """Move the clock; answers where it stands."""
    if move.set is not None:
        world.clock.set(move.set)
    world.clock.advance(timedelta(seconds=move.advance_seconds))
    return JSONResponse({"clock": world.clock.now().isoformat()})


@router.put("/faults")
async def set_faults(world: TheWorld, values: Annotated[dict[str, Any], Body()]) -> Response:
    """Set some switches, leave the others; answers all of them."""
    try:
        world.faults.update(values)
    except ValueError as error:
        raise ApiError(400, str(error)) from error
    return JSONResponse(world.faults.to_json())


@router.get("/state")
async def state(request: Request, world: TheWorld) -> Response:
    """The clock, the faults, the listeners, and how often each path was asked with which outcome."""
    counts = Counter(f"{one.method} {one.path.partition('?')[0]} {one.status}" for one in request.app.state.requests)
    return JSONResponse(
        {
            "clock": world.clock.now().isoformat(),
            "faults": world.faults.to_json(),
            "listeners": sorted(world.listeners),
            "requests": dict(sorted(counts.items())),
        }
    )
