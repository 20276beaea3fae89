"""Spotify's accounts service and Web API, ReccoBeats and Deezer on one local socket, for simulated listeners.

    with Emulator(simulate(days=30), clock=Clock(datetime(2026, 10, 20, tzinfo=UTC))) as emulator:
        token = emulator.grant("demo")["access_token"]
        requests.get(f"{emulator.spotify_api_url}/me", headers={"Authorization": f"Bearer {token}"})

Nothing leaves the machine. By default it answers as Spotify answers a development-mode app on a good day; `Faults` has
a switch for each thing that goes wrong, and for each that public material leaves open.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import Any, Self, cast

import pandas as pd
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from emulator import accounts_api, control, deezer, library_api, playlists_api, reccobeats, web_api
from emulator.accounts import Accounts
from emulator.clock import Clock
from emulator.faults import Faults
from emulator.library import Library
from emulator.listener import Listener, utc
from emulator.recordings import Recordings
from emulator.replies import ApiError, error_reply
from emulator.simulator import Simulation
from emulator.spotify_objects import Catalogue
from emulator.traffic import Asked, Traffic, service_of
from emulator.world import World

HOST = "127.0.0.1"


class Emulator:
    """The running server, as a context manager; `url` and what follows from it are known once it was entered.

    `clock` and `faults` may be changed while it runs. Raises OSError when the port is taken, ValueError for two
    simulations of one listener or a reply file that is none.
    """

    url: str
    requests: list[Asked]

    def __init__(
        self,
        simulations: Simulation | Sequence[Simulation],
        *,
        clock: Clock | None = None,
        faults: Faults | None = None,
        port: int = 0,
        client_id: str = "emulated-client",
        client_secret: str = "emulated-secret",
        seed: int = 1,
        replies: Path | None = None,
        redirect_uris: Sequence[str] | None = None,
    ) -> None:
        """Take listeners, and what the app is registered with (redirect_uris None: any loopback address or https)."""
        every = [simulations] if isinstance(simulations, Simulation) else list(simulations)
        self.clock = clock or Clock()
        self.faults = faults or Faults()
        self.requests = []
        self.client_id, self.client_secret = client_id, client_secret
        self._port, self._seed = port, seed
        self._redirect_uris = None if redirect_uris is None else tuple(redirect_uris)
        self._recordings = Recordings(replies)
        self._listeners = {one.user_id: Listener(one, seed) for one in every}
        if len(self._listeners) < len(every):
            raise ValueError("two simulations have the same user_id: give each listener a name of their own")

    def __enter__(self) -> Self:
        """Take the port and start answering."""
        self._socket = socket.create_server((HOST, self._port))
        # Accepted connections inherit it; without, an answer's body waits 40 ms for the client's receipt of its head.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.url = f"http://{HOST}:{self._socket.getsockname()[1]}"
        self._world = self._make_world()
        # Without log_config uvicorn leaves the logging of the process alone.
        config = uvicorn.Config(
            application(self._world, self._recordings, self.requests), log_config=None, access_log=False, lifespan="off"
        )
        self._server = uvicorn.Server(config)
        self._thread = Thread(target=self._server.run, args=([self._socket],), name="emulator", daemon=True)
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.001)
        return self

    def __exit__(self, *failure: object) -> None:
        """Stop answering, also what is half answered."""
        self._server.should_exit = self._server.force_exit = True
        self._thread.join()
        self._socket.close()

    @property
    def spotify_api_url(self) -> str:
        """What the setting SPOTIFY_API_URL holds."""
        return f"{self.url}/v1"

    @property
    def accounts_url(self) -> str:
        """What the setting SPOTIFY_ACCOUNTS_URL holds; /authorize and /api/token are below it."""
        return f"{self.url}/accounts"

    @property
    def reccobeats_url(self) -> str:
        """What the setting RECCOBEATS_URL holds; /v1/track and so on are below it."""
        return f"{self.url}/reccobeats"

    @property
    def deezer_url(self) -> str:
        """What the setting DEEZER_URL holds."""
        return f"{self.url}/deezer"

    def settings(self) -> dict[str, str]:
        """The settings, by name, that lead Lakesong to the emulator."""
        return {
            "SPOTIFY_API_URL": self.spotify_api_url,
            "SPOTIFY_ACCOUNTS_URL": self.accounts_url,
            "RECCOBEATS_URL": self.reccobeats_url,
            "DEEZER_URL": self.deezer_url,
            "CLIENT_ID": self.client_id,
            "CLIENT_SECRET": self.client_secret,
        }

    def grant(self, user_id: str) -> dict[str, Any]:
        """The token reply of a sign-in with every scope, as if the listener had just signed in. Raises KeyError."""
        return self._world.accounts.grant(self._listeners[user_id].user_id)

    def revoke(self, user_id: str) -> None:
        """The listener takes the application's access away."""
        self._world.accounts.revoke(user_id)

    def library(self, user_id: str) -> Library:
        """The listener's library, to look at and to change. Raises KeyError."""
        return self._world.libraries[user_id]

    def offered(self, user_id: str) -> set[tuple[str, datetime]]:
        """Every play that recently-played has delivered: track id and played_at as delivered. Raises KeyError."""
        return set(self._listeners[user_id].offered)

    def play_truth(self, user_id: str) -> pd.DataFrame:
        """True music plays that ended by now, by `ended_at`, with `duration_ms`, the length of what was played.

        `is_listable` says which of them recently-played may list, `stamped_at` with which played_at, and `listed_at`
        from when on (UTC; NaT for one that was uploaded behind 50 newer ones, and so never was on the list).
        """
        listener, faults = self._listeners[user_id], self.faults
        plays = listener.heard(utc(0), self.clock.now())
        listed_ms = pd.Series(listener.listed_ms(faults), name="listed_ms")[plays.index]
        listed_at = pd.to_datetime(listed_ms, unit="ms", utc=True)
        late = plays.index[listed_at - plays["ended_at"] > pd.Timedelta(minutes=1)]
        never = [row for row in late if not listener.is_ever_listed(int(row), faults)]
        stamped_at = [utc(listener.stamp_ms(int(row), faults)) for row in plays.index]
        listed_at = listed_at.mask(listed_at.index.isin(never))
        return plays.assign(listed_at=listed_at, stamped_at=stamped_at).reset_index(drop=True)

    def request_count(self, prefix: str = "") -> int:
        """How many requests were answered whose path begins so, for instance `/v1/me/player`."""
        return sum(one.path.startswith(prefix) for one in list(self.requests))

    def _make_world(self) -> World:
        catalogue = Catalogue((one.simulation.tracks for one in self._listeners.values()), self.url, self.faults)
        accounts = Accounts(
            self.clock, self.faults, client_id=self.client_id, client_secret=self.client_secret, seed=self._seed
        )
        libraries = {name: Library(one, catalogue, self.clock) for name, one in self._listeners.items()}
        return World(
            self.url, self._seed, self.clock, self.faults, accounts, catalogue, self._listeners, libraries,
            self._redirect_uris,
        )  # fmt: skip


def application(world: World, recordings: Recordings, requests: list[Asked]) -> FastAPI:
    """The web application over a world; answered requests are appended to `requests`."""
    app = FastAPI(title="Lakesong emulator", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.world, app.state.requests = world, requests
    for router in (accounts_api, library_api, playlists_api, web_api, reccobeats, deezer, control):
        app.include_router(router.router)
    app.include_router(deezer.previews)
    app.middleware("http")(Traffic(world, recordings, requests))
    for kind in (ApiError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _refuse)
    return app


async def _refuse(request: Request, failure: Exception) -> Response:
    """Any refusal in the words of the service that was asked."""
    world = cast(World, request.app.state.world)
    path = request.scope["path"]
    if isinstance(failure, RequestValidationError):
        failure = ApiError(400, f"Invalid {failure.errors()[0]['loc'][-1]}")
    elif isinstance(failure, HTTPException):
        failure = ApiError(failure.status_code, "Service not found" if failure.status_code == 404 else failure.detail)
    return error_reply(service_of(path) or "spotify", cast(ApiError, failure), path, world.clock.now())
