"""What became of suggestions, and what follows from it for the next ones."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd

from models.recommendations.rules import (
    BLOCKED_DAYS,
    LEAST_FACTOR,
    MOST_FACTOR,
    OUTCOME_DAYS,
    PRIOR_OUTCOMES,
    REFUSING_SKIPS,
    TOP,
    WEIGHTS,
)

SUGGESTED, PLAYED, SKIPPED, SAVED, IGNORED = "suggested", "played", "skipped", "saved", "ignored"
# After these a recording is not suggested for BLOCKED_DAYS; what was played rests as every play does.
BLOCKING = (SKIPPED, IGNORED, SAVED)
TAKEN = (PLAYED, SAVED)
KEY = ["user_id", "basis", "suggested_date", "recording_id"]
COLUMNS = (
    *KEY, "track_id", "rank", "suggestion_source", "why", "served_by", "outcome", "outcome_date",
)  # fmt: skip


def holding(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Of the rows of each suggestion the newest, in order; of one instant what became of it, over that it was made."""
    is_known = outcomes["outcome"] != SUGGESTED
    ordered = outcomes.assign(_known=is_known).sort_values([*KEY, "recorded_at", "_known", "outcome"])
    return ordered.drop_duplicates(KEY, keep="last").drop(columns="_known").reset_index(drop=True)


def new_suggestions(shown: pd.DataFrame, outcomes: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """The rows (COLUMNS) that say what is suggested from as_of on: the first TOP of a list that are not open already.

    shown: user_id, basis and the columns of a list; outcomes: rows of the record. A suggestion is open until something
    becomes of it, so that a list that is shown daily is one suggestion, and a second run of a day adds nothing. What
    was refused of late is not suggested either, though the list was made before that was known.
    """
    top = shown[shown["rank"] <= TOP].assign(suggested_date=as_of, outcome=SUGGESTED, outcome_date=None)
    held = holding(outcomes)
    is_blocked = held["outcome"].isin(BLOCKING) & (held["outcome_date"].fillna(as_of) >= blocked_from(as_of))
    is_busy = (held["outcome"] == SUGGESTED) | (held["suggested_date"] == as_of) | is_blocked
    busy = set(held.loc[is_busy, ["user_id", "basis", "recording_id"]].itertuples(index=False, name=None))
    keys = top[["user_id", "basis", "recording_id"]].itertuples(index=False, name=None)
    new = top[pd.Series([key not in busy for key in keys], index=top.index, dtype=bool)]
    return new.sort_values(["user_id", "basis", "rank"], ignore_index=True)[list(COLUMNS)]


def outcomes_by(outcomes: pd.DataFrame, plays: pd.DataFrame, saved: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """The rows (COLUMNS) of open suggestions of which something became by as_of.

    plays: user_id, recording_id, played_date, is_counted, is_skip; saved: user_id, recording_id, added_date. Only what
    happened after the day of the suggestion and within OUTCOME_DAYS counts. Saved counts before played, that before
    skipped (REFUSING_SKIPS times, and never played); after OUTCOME_DAYS without any of them it was ignored.
    """
    held = holding(outcomes)
    still_open = held[held["outcome"] == SUGGESTED]
    rows = [_outcome(row, plays, saved, as_of) for _, row in still_open.iterrows()]
    found = [row for row in rows if row is not None]
    return pd.DataFrame(found, columns=list(COLUMNS)).reset_index(drop=True)


def _outcome(row: pd.Series, plays: pd.DataFrame, saved: pd.DataFrame, as_of: date) -> pd.Series | None:
    first, last = row["suggested_date"], min(as_of, row["suggested_date"] + timedelta(days=OUTCOME_DAYS))

    def after(rows: pd.DataFrame, day: str) -> pd.DataFrame:
        own = rows[(rows["user_id"] == row["user_id"]) & (rows["recording_id"] == row["recording_id"])]
        return own[(own[day] > first) & (own[day] <= last)].sort_values(day)

    heard, kept = after(plays, "played_date"), after(saved, "added_date")
    counted, skips = heard[heard["is_counted"] & ~heard["is_skip"]], heard[heard["is_skip"]]
    if len(kept):
        return _with(row, SAVED, kept["added_date"].iloc[0])
    if len(counted):
        return _with(row, PLAYED, counted["played_date"].iloc[0])
    if len(skips) >= REFUSING_SKIPS:
        return _with(row, SKIPPED, skips["played_date"].iloc[REFUSING_SKIPS - 1])
    return _with(row, IGNORED, last) if as_of > first + timedelta(days=OUTCOME_DAYS) else None


def _with(row: pd.Series, outcome: str, day: date) -> pd.Series:
    return pd.Series({**row.to_dict(), "outcome": outcome, "outcome_date": day})[list(COLUMNS)]


def weights_after(known: pd.DataFrame) -> dict[str, float]:
    """The model's weights, moved by what became of its suggestions.

    known: suggestion_source, known_count (suggestions with an outcome), taken_count (played or saved). A source's rate
    of success, drawn to that of all as if it had PRIOR_OUTCOMES more, is divided by that of all, within LEAST_FACTOR to
    MOST_FACTOR. Without outcomes, or without a success, the weights are as they were.
    """
    total, taken = float(known["known_count"].sum()), float(known["taken_count"].sum())
    if not taken:
        return dict(WEIGHTS)
    overall = taken / total
    sums = known.groupby("suggestion_source")[["known_count", "taken_count"]].sum()
    rate = (sums["taken_count"] + PRIOR_OUTCOMES * overall) / (sums["known_count"] + PRIOR_OUTCOMES)
    factor = (rate / overall).clip(LEAST_FACTOR, MOST_FACTOR)
    return {source: weight * float(factor.get(source, 1.0)) for source, weight in WEIGHTS.items()}


def blocked_from(as_of: date) -> date:
    """What was refused on this day or later is not suggested on as_of."""
    return as_of - timedelta(days=BLOCKED_DAYS - 1)
