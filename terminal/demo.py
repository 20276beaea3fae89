"""`lakesong demo`: a simulated listener, taken in by the very commands that real history goes through."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from config.lock import run_lock
from config.settings import Settings
from engine.session import open_session
from ingestion.catalogue import KAGGLE_FILE, import_catalogue
from ingestion.cycle import complete_and_build
from ingestion.history import import_history
from schemas.lake import Lake
from terminal.receipts import print_receipt
from terminal.screen import out, working

EXPORT, ACCOUNT_DATA = "my_spotify_data.zip", "my_account_data.zip"


def write_files(folder: Path, *, days: int, seed: int, plays_per_day: float = 55.0) -> list[Path]:
    """Simulate a listener and write the files a real one would have: export, account data, catalogue."""
    from emulator.export_files import write_account_data, write_catalogue_csv, write_extended_export
    from emulator.simulator import simulate

    simulation = simulate(seed=seed, days=days, plays_per_day=plays_per_day)
    files = [folder / EXPORT, folder / ACCOUNT_DATA, folder / KAGGLE_FILE]
    files[2].parent.mkdir(parents=True, exist_ok=True)
    write_extended_export(simulation, files[0])
    write_account_data(simulation, files[1])
    write_catalogue_csv(simulation, files[2])
    return files


def run_demo(settings: Settings, *, days: int, seed: int) -> None:
    """Simulate, import, build and show, in the lake `demo` inside the configured one, so that nothing mixes.

    The build is made for the day after the simulation ends, so that every machine gets the same lake.
    """
    from emulator.simulator import LAST_DAY
    from serving.summary import lake_summary
    from terminal.summary import print_summary

    settings = settings.model_copy(update={"lake_uri": f"{Lake(settings.lake_uri).root}/demo"})
    lake = Lake(settings.lake_uri)
    out.print(f"A simulated listener, in a lake of its own: {lake.root}\n", style="dim")
    with run_lock(settings.state_dir, "demo"), working("simulating a listener") as progress:
        export, _, catalogue = write_files(lake.local, days=days, seed=seed)
        with open_session(settings) as spark:
            receipt = import_history(spark, lake, [export], progress=progress)
            print_receipt(receipt)
            catalogue_receipt = import_catalogue(spark, lake, catalogue, progress)
            print_receipt(catalogue_receipt)
            complete_and_build(spark, settings, as_of=LAST_DAY + timedelta(days=1), progress=progress)
    out.print("")
    print_summary(lake_summary(lake, "demo"))
    _print_next_steps(lake)


def _print_next_steps(lake: Lake) -> None:
    out.print(
        f"""
[bold]what to try next[/bold]
  .venv/bin/lakesong --lake {lake.root} sql "SELECT * FROM mood_clusters"
  .venv/bin/lakesong --lake {lake.root} shell        PySpark on the same tables
  .venv/bin/lakesong tables                          what there is, and what it is made from
  .venv/bin/lakesong import my_spotify_data.zip      your own export (spotify.com/account/privacy)"""
    )
