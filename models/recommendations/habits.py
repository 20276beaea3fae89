"""Sources that count plays: forgotten favourites, and the two baselines."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd

from models.recommendations.history import History
from models.recommendations.ranked import own, strongest, suggested
from models.recommendations.rules import FORGOTTEN_DAYS, LEAST_FORGOTTEN_PLAYS

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
LEAST_KEPT = 0.5  # of the starts that were no skips


def forgotten(history: History, day: date) -> pd.DataFrame:
    """Recordings of at least LEAST_FORGOTTEN_PLAYS plays, silent for FORGOTTEN_DAYS: the most played first."""
    rows = own(history.eligible)
    is_liked = rows["skip_count"] <= (1 - LEAST_KEPT) * rows["start_count"]
    is_silent = (rows["days_ago"] >= FORGOTTEN_DAYS) & (rows["play_count"] >= LEAST_FORGOTTEN_PLAYS)
    chosen = rows[is_liked & is_silent]
    return suggested(
        strongest(chosen, chosen["play_count"], chosen["days_ago"]),
        lambda row: f"You played it {row['play_count']} times until {_month(row['days_ago'], day)} and not since",
        is_new=False,
    )


def most_played(history: History) -> pd.DataFrame:
    """Baseline: what was played most, of equal counts what was played last."""
    rows = own(history.eligible)
    return suggested(
        strongest(rows, rows["play_count"], rows["days_ago"]),
        lambda row: f"You have played it {_times(row['play_count'])}",
        is_new=False,
    )


def newest_played(history: History) -> pd.DataFrame:
    """Baseline: what was played last, of one day what was played most."""
    rows = own(history.eligible)
    return suggested(
        strongest(rows, 1.0 / (1.0 + rows["days_ago"]), -rows["play_count"]),
        lambda row: f"You last played it {row['days_ago']} days ago",
        is_new=False,
    )


def _times(count: int) -> str:
    return "once" if count == 1 else "twice" if count == 2 else f"{count} times"


def _month(days_ago: int, day: date) -> str:
    """Name of the month in which it was last played, with the year where that is not the year of the day."""
    last = day - timedelta(days=int(days_ago))
    name = MONTHS[last.month - 1]
    return name if last.year == day.year else f"{name} {last.year}"
