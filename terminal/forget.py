"""`lakesong forget`: what will go before it goes, and what is left for the person to look at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from urllib.parse import quote

from rich.filesize import decimal

from config.settings import Settings
from dashboard.access.accounts import Accounts
from dashboard.jobs import remove_jobs_of
from ingestion.forgetting import ForgetPlan
from serving.making import store_file
from terminal.screen import err, out, print_json
from wrapped.archive import folder_of
from wrapped.periods import year_of

STAYS = (
    "Backups and exports that were made stay as they are: remove those yourself, and the files that were imported.",
    "What was made on Spotify stays there.",
)


def files_of(settings: Settings, user_id: str) -> list[Path]:
    """Files and folders of STATE_DIR that are of this listener alone: pages, Wrapped, what the watch keeps."""
    watched = settings.state_dir / "watch" / f"{quote(user_id, safe='')}.json"
    return [
        store_file(settings, user_id, "x").parent,
        folder_of(settings, user_id, year_of(date.today())).parent,
        watched,
        watched.with_suffix(".lock"),
    ]


def forget_visitor(settings: Settings, user_id: str) -> None:
    """Remove the listener's account, tokens, saved ranges and runs of the dashboard."""
    Accounts(settings.state_dir).remove(user_id)
    remove_jobs_of(settings, user_id)


def say_plan(plan: ForgetPlan) -> None:
    """Say, on standard error, what would go."""
    if plan.is_begun:
        err.print(f"{plan.user_id} was being forgotten, and that was stopped: this completes it.", markup=False)
    else:
        err.print(f"This removes everything of the listener {plan.user_id}, for good:", markup=False)
    for rows, what in ((plan.rows, ""), (plan.made_rows, " in tables that are made")):
        for name, count in rows.items():
            err.print(f"  {count:,} rows of {name}{what}", markup=False)
    if plan.has_sign_in:
        err.print("  the sign-in at Spotify")
    for path in plan.files:
        err.print(f"  {path}", markup=False)
    err.print(
        "All tables are built again, then the old versions of every table go: nobody can open those any more, "
        "and the examples that checks kept go too."
    )
    for line in STAYS:
        err.print(line)
    err.print("Stop `lakesong serve`, `watch` and the scheduler first: they may hold what they read.")


def print_forgotten(plan: ForgetPlan, freed: int | None, named: Sequence[Path], *, as_json: bool) -> None:
    """Print what went (freed: bytes), or that it was a dry run (None), and which files still name the listener."""
    if as_json:
        print_json(
            {
                "user_id": plan.user_id,
                "outcome": "dry run" if freed is None else "forgotten",
                "tables": {**plan.rows, **plan.made_rows},
                "files": [str(path) for path in plan.files],
                "freed_bytes": freed or 0,
                "still_named_in": [str(path) for path in named],
            }
        )
        return
    if freed is None:
        out.print("Nothing was changed.")
        return
    out.print(f"{plan.user_id} is forgotten; {decimal(freed)} freed.", markup=False)
    for path in named:
        out.print(f"Still named in {path}: look at it yourself.", markup=False, style="yellow")
