"""`lakesong simulate --listeners`, and what two listeners who agreed to it have in common."""

from __future__ import annotations

from pathlib import Path

from config.errors import InputError
from config.settings import Settings
from ingestion.catalogue import KAGGLE_FILE
from playlists.comparing import Comparison, compare
from playlists.listening import the_listener
from terminal.demo import ACCOUNT_DATA, EXPORT
from terminal.screen import grid, out, print_json


def write_family(folder: Path, *, count: int, days: int, seed: int, plays_per_day: float = 55.0) -> list[Path]:
    """Simulate listeners of one household; each gets a folder with export and account data, all share a catalogue."""
    from emulator.export_files import write_account_data, write_catalogue_csv, write_extended_export
    from emulator.family import simulate_family

    if count < 1:
        raise InputError("A family has at least one listener.", "Give --listeners a number above 0.")
    family = simulate_family(count, seed=seed, days=days, plays_per_day=plays_per_day)
    catalogue = folder / KAGGLE_FILE
    catalogue.parent.mkdir(parents=True, exist_ok=True)
    write_catalogue_csv(family[0], catalogue)
    files = [catalogue]
    for member in family:
        own = folder / member.user_id
        own.mkdir(parents=True, exist_ok=True)
        write_extended_export(member, own / EXPORT)
        write_account_data(member, own / ACCOUNT_DATA)
        files += [own / EXPORT, own / ACCOUNT_DATA]
    return files


def show_comparison(settings: Settings, user: str | None, other: str, *, as_json: bool) -> None:
    """Print what two consenting listeners share, and how far apart their tastes are."""
    found = compare(settings, the_listener(settings, user), other)
    if as_json:
        print_json(found.to_json())
    else:
        _print(found)


def _print(found: Comparison) -> None:
    out.print(f"{found.user_id} and {found.other_user_id}", style="bold", markup=False)
    if found.reason or found.taste_distance is None:
        out.print(f"Not compared: {found.reason}.", markup=False)
        return
    interval = "" if found.low is None else f" (95 % interval {found.low:.2f} to {found.high:.2f})"
    out.print(
        f"Taste distance {found.taste_distance:.2f}{interval}; 0 is equal, 1 nothing in common. "
        f"{found.user_id} from day to day: {found.own_distance:.2f}.",
        markup=False,
    )
    out.print(f"{found.shared_artist_count:,} artists in common, {found.shared_share:.0%} of {found.user_id}'s time.")
    table = grid("artist", found.user_id, found.other_user_id, right=(found.user_id, found.other_user_id))
    for name, mine, theirs in found.artists:
        table.add_row(name.replace("[", r"\["), f"{mine:,}", f"{theirs:,}")
    out.print(table)
    out.print(f"A playlist for both: `lakesong playlist preview blend {found.other_user_id}`", markup=False)
