"""`lakesong demo`: a simulated listener, taken in by the very commands that real history goes through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from config.lock import run_lock
from config.settings import Settings
from engine.session import open_session
from ingestion.catalogue import KAGGLE_FILE, import_catalogue
from ingestion.cycle import complete_and_build
from ingestion.history import import_history
from schemas.lake import Lake
from terminal.receipts import print_receipt
from terminal.screen import out, working

if TYPE_CHECKING:
    from emulator.simulator import Simulation

Progress = Callable[[str], None]

CATALOGUE_BUDGET = 160  # requests a day: a quarter of them for the demo's one collection
EXPORT, ACCOUNT_DATA = "my_spotify_data.zip", "my_account_data.zip"


def write_files(folder: Path, *, days: int, seed: int, plays_per_day: float = 55.0) -> list[Path]:
    """Simulate a listener and write the files a real one would have: export, account data, catalogue."""
    from emulator.simulator import simulate

    return _write_files(simulate(seed=seed, days=days, plays_per_day=plays_per_day), folder)


def _write_files(simulation: Simulation, folder: Path) -> list[Path]:
    from emulator.export_files import write_account_data, write_catalogue_csv, write_extended_export

    files = [folder / EXPORT, folder / ACCOUNT_DATA, folder / KAGGLE_FILE]
    files[2].parent.mkdir(parents=True, exist_ok=True)
    write_extended_export(simulation, files[0])
    write_account_data(simulation, files[1])
    write_catalogue_csv(simulation, files[2])
    return files


def run_demo(settings: Settings, *, days: int, seed: int, plays_per_day: float) -> None:
    """Simulate, import, collect, build and show, in the lake `demo` inside the configured one, so that nothing mixes.

    The export ends a day before the simulation does; the newest plays are collected from the emulator, by the client
    that talks to Spotify. The build is made for the day after, so that every machine gets the same lake.
    """
    from emulator.simulator import LAST_DAY, simulate
    from serving.summary import lake_summary
    from terminal.summary import print_summary

    lake = Lake(f"{Lake(settings.lake_uri).root}/demo")
    out.print(f"A simulated listener, in a lake of its own: {lake.root}\n", style="dim")
    with run_lock(settings.state_dir, "demo"), working("simulating a listener") as progress:
        settings = settings.model_copy(update={"lake_uri": lake.root, "state_dir": lake.local / "state"})
        simulation = simulate(seed=seed, days=days, plays_per_day=plays_per_day)
        export, _, catalogue = _write_files(_until(simulation, LAST_DAY), lake.local)
        with open_session(settings) as spark:
            receipt = import_history(spark, lake, [export], progress=progress)
            print_receipt(receipt)
            catalogue_receipt = import_catalogue(spark, lake, catalogue, progress)
            print_receipt(catalogue_receipt)
            _collect_from_emulator(settings, simulation, LAST_DAY, progress)
            complete_and_build(spark, settings, as_of=LAST_DAY + timedelta(days=1), progress=progress)
    out.print("")
    print_summary(lake_summary(lake, "demo"))
    _print_next_steps(lake)


def _until(simulation: Simulation, day: date) -> Simulation:
    """The simulation as an export knows it that was made when the day (UTC) began."""
    made_at = datetime.combine(day, time(), UTC)
    return replace(simulation, plays=simulation.plays[simulation.plays["exported_at"] < made_at])


def _collect_from_emulator(settings: Settings, simulation: Simulation, day: date, progress: Progress) -> None:
    """One collection by the real client, from the emulator, late on the day."""
    from clients.tokens import Token, TokenStore
    from emulator.clock import Clock
    from emulator.server import Emulator
    from ingestion.collection import Collection

    clock = Clock(datetime.combine(day, time(22), UTC))
    with Emulator(simulation, clock=clock) as emulator:
        progress("collecting from the emulator")
        addresses: dict[str, Any] = {name.lower(): value for name, value in emulator.settings().items()}
        addresses["client_secret"] = SecretStr(addresses["client_secret"])
        settings = settings.model_copy(update={**addresses, "catalog_daily_budget": CATALOGUE_BUDGET})
        granted, now = emulator.grant(simulation.user_id), clock.now()
        token = Token(
            user_id=simulation.user_id,
            access_token=granted["access_token"],
            refresh_token=granted["refresh_token"],
            scope=granted["scope"],
            expires_at=now + timedelta(seconds=granted["expires_in"]),
            authorized_at=now,
            account_id=simulation.user_id,
        )
        TokenStore(settings.token_file).put(token)
        out.print("\ncollected from the emulator, which stands in for Spotify and ReccoBeats", style="bold")
        Collection(settings, lambda line: out.print(f"  {line}", markup=False), progress, clock=clock.now).run()


def _print_next_steps(lake: Lake) -> None:
    out.print(
        f"""
[bold]what to try next[/bold]
  .venv/bin/lakesong --lake {lake.root} serve        the dashboard, in a browser
  .venv/bin/lakesong --lake {lake.root} ask "What did I play most in 2025?"
  .venv/bin/lakesong --lake {lake.root} wrapped 2025 a year as a page and cards
  .venv/bin/lakesong --lake {lake.root} shell        PySpark on the same tables
  .venv/bin/lakesong tables                          what there is, and what it is made from
  .venv/bin/lakesong import my_spotify_data.zip      your own export (spotify.com/account/privacy)"""
    )
