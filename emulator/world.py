"""Everything that the emulated services share: who listens to what, by which clock, with which faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from emulator.accounts import Accounts
from emulator.clock import Clock
from emulator.faults import Faults
from emulator.library import Library
from emulator.listener import Listener
from emulator.replies import ApiError
from emulator.spotify_objects import Catalogue


@dataclass
class World:
    """The state behind the endpoints. They run one at a time, in the server's thread."""

    url: str
    seed: int
    clock: Clock
    faults: Faults
    accounts: Accounts
    catalogue: Catalogue
    listeners: dict[str, Listener]
    libraries: dict[str, Library]
    redirect_uris: tuple[str, ...] | None = None
    previews: dict[str, str] = field(default_factory=dict)  # SHA-256 of preview bytes -> track id
    deezer_requests: list[float] = field(default_factory=list)  # real time, monotonic


@dataclass(frozen=True)
class SignedIn:
    """Who asks, and what they were allowed to ask for."""

    listener: Listener
    scopes: frozenset[str]

    def needs(self, *scopes: str) -> None:
        """Raise ApiError 403 unless one of the scopes was granted."""
        if not self.scopes.intersection(scopes):
            raise ApiError(403, "Insufficient client scope")


async def world_of(request: Request) -> World:
    """The world of the server that answers."""
    world: World = request.app.state.world
    return world


TheWorld = Annotated[World, Depends(world_of)]


async def signed_in(request: Request, world: TheWorld) -> SignedIn:
    """The listener whose access token came along. Raises ApiError 401."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise ApiError(401, "No token provided")
    authorization, is_over = world.accounts.authorization_of(token)
    if authorization is None:
        raise ApiError(401, "Invalid access token")
    if is_over:
        raise ApiError(401, "The access token expired")
    return SignedIn(world.listeners[authorization.user_id], frozenset(authorization.scope.split()))


Asking = Annotated[SignedIn, Depends(signed_in)]
