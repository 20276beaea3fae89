"""A listener with a long history, in front of the emulator, who has just heard fifty more tracks that they know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
from pydantic import SecretStr

from clients.tokens import Token, TokenStore
from config.settings import Settings
from emulator.clock import Clock
from emulator.export_files import catalogue_rows
from emulator.server import Emulator
from emulator.simulator import Simulation
from ingestion.catalogue_queue import KINDS, Queue, enqueue_known, played_tracks
from ingestion.collection import Collection
from schemas.lake import Lake

NEW_PLAYS = 50
LISTED_MS = 30_000


@contextmanager
def listener_at_the_emulator(
    simulation: Simulation, lake: Path, state: Path
) -> Iterator[tuple[dict[str, str], Callable[[], None], Callable[[], int]]]:
    """The environment of a signed-in process, what makes the fifty plays happen, and what counts requests.

    Library and rankings are known already, and every id of the catalogue has been asked for, so that nothing but the
    plays is new.
    """
    now = datetime.now(UTC)
    clock = Clock(now - timedelta(hours=6))
    with Emulator(_with_more_plays(simulation, now - timedelta(hours=6)), clock=clock) as emulator:
        addresses = emulator.settings()
        known = {name.lower(): value for name, value in addresses.items() if name != "CLIENT_SECRET"}
        settings = Settings(
            _env_file=None,
            lake_uri=str(lake),
            state_dir=state,
            catalog_daily_budget=0,
            client_secret=SecretStr(addresses["CLIENT_SECRET"]),
            **known,
        )
        _sign_in(emulator, settings, simulation.user_id)
        Collection(settings, lambda line: None).run(sources=("recently_played", "library"))
        _ask_for_nothing_more(Lake(str(lake)))
        yield (
            {**addresses, "LAKE_URI": str(lake), "STATE_DIR": str(state)},
            lambda: clock.set(now),
            lambda: len(emulator.requests),
        )


def _with_more_plays(simulation: Simulation, since: datetime) -> Simulation:
    """Plays of tracks in the catalogue that Spotify would list, heard once more: one before `since`, fifty after."""
    plays = simulation.plays
    is_listed = plays["track_id"].isin(catalogue_rows(simulation)["track_id"]) & (plays["ms_played"] >= LISTED_MS)
    again = plays[is_listed & ~plays["incognito_mode"] & ~plays["offline"]].tail(NEW_PLAYS + 1).copy()
    first = since.replace(microsecond=0) - timedelta(minutes=6)
    ends = pd.date_range(first, periods=len(again), freq="6min").astype(plays["ended_at"].dtype)
    again["ended_at"] = again["exported_at"] = ends
    return replace(simulation, plays=pd.concat([plays, again], ignore_index=True))


def _sign_in(emulator: Emulator, settings: Settings, user_id: str) -> None:
    granted, now = emulator.grant(user_id), datetime.now(UTC)
    token = Token(
        user_id=user_id,
        access_token=granted["access_token"],
        refresh_token=granted["refresh_token"],
        scope=granted["scope"],
        expires_at=now + timedelta(hours=1),
        authorized_at=now,
        account_id=user_id,
    )
    TokenStore(settings.token_file).put(token)


def _ask_for_nothing_more(lake: Lake) -> None:
    """Settle every id that is due, as if it had been fetched before."""
    queue, now = Queue(lake), datetime.now(UTC)
    plays = played_tracks(lake)
    queue.add("audio_features", plays, now)
    enqueue_known(lake, queue, plays, now)
    for kind in (*KINDS, "audio_features"):
        for item_id in queue.due(kind, now):
            queue.settle(kind, item_id, "done", now)
    queue.save()
