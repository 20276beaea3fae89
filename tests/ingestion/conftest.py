"""Two listeners of a running emulator, settings that lead to it, and what reads back what was collected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from clients.spotify import SpotifyClient
from clients.tokens import Token, TokenStore
from config.settings import Settings
from emulator.clock import Clock
from emulator.server import Emulator
from emulator.simulator import Simulation, simulate
from ingestion.collection import Collected, Collection, spotify_client
from pipeline import table_named
from schemas.lake import Lake

NOW = datetime(2026, 10, 18, 21, tzinfo=UTC)

Collect = Callable[..., Collected]
Stored = Callable[[str], list[dict[str, Any]]]


@pytest.fixture(scope="session")
def listening() -> list[Simulation]:
    end = date(2026, 10, 24)
    ann = simulate(seed=3, days=30, end=end, plays_per_day=60, user_id="ann")
    return [ann, simulate(seed=4, days=15, end=end, plays_per_day=30, user_id="ben")]


@pytest.fixture
def emulator(listening: list[Simulation]) -> Iterator[Emulator]:
    with Emulator(listening, clock=Clock(NOW)) as running:
        yield running


@pytest.fixture
def emulated(settings: Settings, emulator: Emulator) -> Settings:
    """Settings that lead to the emulator; nobody has signed in."""
    return settings.model_copy(
        update={
            "client_id": emulator.client_id,
            "client_secret": SecretStr(emulator.client_secret),
            "spotify_api_url": emulator.spotify_api_url,
            "spotify_accounts_url": emulator.accounts_url,
            "reccobeats_url": emulator.reccobeats_url,
            "deezer_url": emulator.deezer_url,
        }
    )


@pytest.fixture
def sign_in(emulator: Emulator, emulated: Settings) -> Callable[[str], TokenStore]:
    """Let a listener sign in now, by the emulator's clock."""

    def of(user_id: str) -> TokenStore:
        granted, now = emulator.grant(user_id), emulator.clock.now()
        tokens = granted["access_token"], granted["refresh_token"], granted["scope"]
        store = TokenStore(emulated.token_file)
        store.put(Token(user_id, *tokens, now + timedelta(seconds=granted["expires_in"]), now, user_id))
        return store

    return of


@pytest.fixture
def collect(emulator: Emulator, emulated: Settings, sign_in: Callable[[str], TokenStore]) -> Collect:
    """`collect("library")`: one collection of these sources (or all) for ann, who signed in before the first."""
    sign_in("ann")

    def run(*sources: str, say: Callable[[str], None] = lambda line: None, **changed: Any) -> Collected:
        users = changed.pop("users", ())
        collection = Collection(emulated.model_copy(update=changed), say, clock=emulator.clock.now)
        return collection.run(users, sources) if sources else collection.run(users)

    return run


@pytest.fixture
def spotify(
    emulator: Emulator, emulated: Settings, sign_in: Callable[[str], TokenStore]
) -> Callable[[], SpotifyClient]:
    """A client that speaks for ann, a new one each time."""
    sign_in("ann")
    return lambda: spotify_client(emulated, "ann", clock=emulator.clock.now)


@pytest.fixture
def stored(lake: Lake) -> Stored:
    """`stored("plays")`: the rows of a table; none where it was never made."""

    def rows(name: str) -> list[dict[str, Any]]:
        table = table_named(name)
        return lake.open(table).to_pyarrow_table().to_pylist() if lake.has(table) else []

    return rows


@pytest.fixture
def asked(emulator: Emulator) -> Callable[[], Counter[str]]:
    """Requests since the last time of asking, by path without the query."""

    def count() -> Counter[str]:
        paths = Counter(urlsplit(one.path).path for one in emulator.requests)
        emulator.requests.clear()
        return paths

    return count
