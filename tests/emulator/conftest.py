"""A running emulator for the tests: one a module, its clock and faults put back before each test."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from emulator.clock import Clock
from emulator.faults import Faults
from emulator.server import Emulator
from emulator.simulator import Simulation, simulate

NOW = datetime(2026, 10, 20, 20, tzinfo=UTC)  # amid the simulated evenings; the simulation ends on the 31st

Get = Callable[..., requests.Response]


@pytest.fixture(scope="session")
def listening() -> Simulation:
    return simulate(days=30, plays_per_day=120)


@pytest.fixture(scope="module")
def server(listening: Simulation) -> Iterator[Emulator]:
    with Emulator(listening, clock=Clock(NOW)) as running:
        yield running


@pytest.fixture
def emulator(server: Emulator) -> Emulator:
    server.faults.update(Faults().to_json())
    server.clock.set(NOW)
    server.requests.clear()
    return server


@pytest.fixture
def headers(emulator: Emulator) -> dict[str, str]:
    return {"Authorization": f"Bearer {emulator.grant('demo')['access_token']}"}


@pytest.fixture
def get(emulator: Emulator) -> Get:
    """GET a path of the Web API, signed in as the listener `demo` just then."""

    def answer(path: str, **params: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {emulator.grant('demo')['access_token']}"}
        url = path if path.startswith("http") else f"{emulator.spotify_api_url}/{path}"
        return requests.get(url, params=params, headers=headers, timeout=10)

    return answer
