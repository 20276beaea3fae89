"""Killed by kill -9 while it makes a playlist: the next run completes it, and makes no second one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.settings import Settings
from emulator.library import Library
from emulator.server import Emulator
from playlists.creation import Maker
from playlists.ledger import Creation

PROJECT = Path(__file__).parents[2]


START = """
import sys
from config.settings import Settings
from playlists.creation import Maker
from playlists.ledger import Creation, marker_of
from datetime import datetime, UTC
settings = Settings(_env_file=None)
uris = tuple(f"spotify:track:{one}" for one in sys.argv[1].split(","))
plan = Creation("k1", "ann", True, "Mine", "mood calm", marker_of("k1", 0), "planned", False, uris)
Maker(settings, plan, clock=lambda: datetime.fromisoformat(sys.argv[2])).make()
"""


@pytest.mark.parametrize("requests_before", [1, 4, 8])
def test_killed_by_kill_9_it_is_completed_by_the_next_run(
    requests_before: int, plan: Creation, emulated: Settings, emulator: Emulator, library: Library,
) -> None:  # fmt: skip
    emulator.faults.update({"slow_answers": 1.0, "slow_seconds": 0.05})
    names = ("spotify_api_url", "spotify_accounts_url", "client_id", "lake_uri", "state_dir")
    environment = {name.upper(): str(getattr(emulated, name)) for name in names}
    environment["CLIENT_SECRET"] = emulator.client_secret
    ids = ",".join(uri.rpartition(":")[2] for uri in plan.track_uris)
    process = subprocess.Popen(
        [sys.executable, "-c", START, ids, emulator.clock.now().isoformat()],
        cwd=PROJECT, env={**os.environ, **environment, "PYTHONPATH": str(PROJECT)}, start_new_session=True,
    )  # fmt: skip
    until = time.monotonic() + 60
    while emulator.request_count("/v1") < requests_before and time.monotonic() < until and process.poll() is None:
        time.sleep(0.005)
    was_running = process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert was_running
    emulator.faults.update({"slow_answers": 0.0})
    Maker(emulated, plan, clock=emulator.clock.now).make()
    made = [one for one in library.playlists() if "lakesong:" in one.description]
    assert [[entry.what for entry in one.items.entries] for one in made] == [list(plan.track_uris)]
