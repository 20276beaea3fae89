"""Sources of what is new to the listener: the catalogue, and what other listeners play."""

from __future__ import annotations

import pandas as pd

from models.recommendations.history import Floats, History
from models.recommendations.ranked import Row, strongest, suggested
from models.recommendations.sound import IN_WORDS, Centres

TOP_GENRES = 5
MOST_POPULAR = 100.0


def genre_shares(history: History) -> pd.Series:
    """Share of the counted plays of each of the TOP_GENRES, by genre as genres are compared."""
    known = history.recordings[history.recordings["genre"] != ""]
    plays = known.groupby(genre_keys(known["genre"]))["play_count"].sum()
    top = plays[plays > 0].sort_index().sort_values(ascending=False, kind="stable").head(TOP_GENRES)
    return top / max(1, int(history.recordings["play_count"].sum()))


def genre_keys(genres: pd.Series) -> pd.Series:
    """Genres as they are compared: "bossa nova" and "bossanova" are one."""
    return genres.str.lower().str.replace(r"[ _&-]", "", regex=True)


def discoveries(history: History, catalogue: pd.DataFrame, centres: Centres | None) -> pd.DataFrame:
    """Tracks of the catalogue in the listener's genres that they never began: popular ones, near to what they play.

    Strength: share of the genre * (popularity + nearness) / 2, both 0-1; without audio features half the popularity.
    catalogue: recording_id, names, genre, popularity (0-100) as strength, FEATURES.
    """
    shares = genre_shares(history)
    share = genre_keys(catalogue["genre"]).map(shares).fillna(0.0)
    rows = catalogue.assign(_share=share)[(share > 0).to_numpy() & history.is_unheard(catalogue)]
    popularity = rows["strength"].to_numpy(dtype=float) / MOST_POPULAR
    near: Floats = 0.0 * popularity
    part = pd.Series("", index=rows.index, dtype=object)
    if centres is not None and len(rows):
        by_centre = centres.nearness(rows)
        near = by_centre.sum(axis=1)
        near = near / (near.max() or 1.0)
        part = pd.Series(centres.parts[by_centre.round(9).argmax(axis=1)], index=rows.index, dtype=object)
        part = part.where(near > 0, "")
    best = strongest(rows, rows["_share"].to_numpy(dtype=float) * (popularity + near) / 2).assign(_part=part)
    return suggested(best, _why, best["_part"], is_new=True)


def _why(row: Row) -> str:
    sound = f", and close to what you play {IN_WORDS[row['_part']]}" if row["_part"] else ""
    return f"Popular in {row['genre']}, one of your genres{sound}; new to you"


def from_listeners(history: History, facts: pd.DataFrame) -> pd.DataFrame:
    """What listeners of like taste play and this one never began, by what was fitted over all of them."""
    rows = facts[history.is_unheard(facts)]
    return suggested(
        strongest(rows, rows["strength"]),
        lambda row: "Listeners here whose taste is near yours play it; new to you",
        is_new=True,
    )
