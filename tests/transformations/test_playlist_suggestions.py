"""Suggestions for own playlists: from rows to sentences; lists of others and other listeners stay out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.playlists import FEATURES
from transformations.gold.playlist_suggestions import playlist_suggestions

Rows = Callable[..., Any]
AS_OF = date(2026, 6, 1)
BEGINNING = date(1970, 1, 1)


def features(number: int) -> dict[str, float]:
    rng = np.random.default_rng(number)
    return dict(zip(FEATURES, map(float, rng.random(6)), strict=True))


def track(number: int) -> str:
    return f"t{number:02}"


@pytest.fixture
def made(rows: Rows) -> pd.DataFrame:
    item = {"user_id": "ann", "playlist_id": "own", "occurrence": 1, "added_at": datetime(2025, 6, 1, tzinfo=UTC)}
    on_list = [
        {**item, "basis": basis, "item_uri": f"spotify:track:{track(n)}", "track_id": track(n), "play_count": 3,
         "is_never_played": n == 2, "is_outlier": n == 1, "centre_distance": float(n)}
        for basis in ("measured", "all") for n in range(12)
    ]  # fmt: skip
    on_list += [{**row, "playlist_id": "followed"} for row in on_list]
    on_list.append({**item, "basis": "all", "item_uri": "spotify:local:x:y:z:1"})
    lists = {"user_id": "ann", "is_current": True}
    played = {"is_simulated": False, "period_kind": "all_time", "period_start": BEGINNING, "period_end": AS_OF}
    heard = [
        {**played, "user_id": user, "recording_id": track(n), "track_key": track(n), "track_id": track(n),
         "track_name": f"Title {n}", "artist_name": f"Artist {n}", "play_count": 2 if n == 30 else 4}
        for user in ("ann", "ben") for n in range(40)
    ]  # fmt: skip
    known = [
        {"track_id": track(n), "basis": basis, "feature_source": "kaggle", **features(n)}
        for n in range(40)
        for basis in (("all",) if n == 31 else ("measured", "all"))
    ]
    frame = playlist_suggestions(
        rows("playlist_tracks", *on_list),
        rows(
            "playlist_history",
            {**lists, "playlist_id": "own", "playlist_name": "Mine", "is_own": True},
            {**lists, "playlist_id": "followed", "is_own": False},
        ),
        rows("track_periods", *heard),
        rows("track_features", *known),
        rows("recordings", *({"track_id": track(n), "recording_id": track(n)} for n in range(40))),
        as_of=AS_OF,
    )
    return frame.toPandas()


def of(made: pd.DataFrame, suggestion: str, basis: str = "measured") -> pd.DataFrame:
    chosen = made[(made["suggestion"] == suggestion) & (made["basis"] == basis)]
    return chosen.sort_values("suggestion_rank", ignore_index=True)


def nearest(without: set[int]) -> list[str]:
    """Tracks nearer to the median of the playlist than half of its twelve, by the definition."""
    known = [n for n in range(40) if n not in without]
    values = np.array([list(features(n).values()) for n in known])
    spread = 1.4826 * np.median(np.abs(values - np.median(values, axis=0)), axis=0)
    places = np.array([list(features(n).values()) for n in range(12)])
    apart = np.sqrt((((values - np.median(places, axis=0)) / spread) ** 2).sum(axis=1))
    bound = np.median(np.sqrt((((places - np.median(places, axis=0)) / spread) ** 2).sum(axis=1)))
    order = [known[place] for place in np.argsort(apart) if apart[place] <= bound]
    return [track(n) for n in order if n >= 12 and n != 30][:10]


def test_added_are_the_nearest_that_were_played_three_times_on_each_basis(made: pd.DataFrame) -> None:
    assert of(made, "add")["track_id"].tolist() == nearest({31}) != []
    assert of(made, "add", "all")["track_id"].tolist() == nearest(set())


def test_removed_are_the_outlier_and_what_was_never_played(made: pd.DataFrame) -> None:
    removed = of(made, "remove")
    assert removed["track_id"].tolist() == [track(1), track(2)]
    assert "365 days ago and never played" in removed["why"][1]


def test_only_own_playlists_of_the_listener_have_suggestions(made: pd.DataFrame) -> None:
    assert set(made["playlist_id"]) == {"own"}
    assert set(made["user_id"]) == {"ann"}
    assert set(made["playlist_name"]) == {"Mine"}


def test_the_rows_obey_what_the_table_declares(made: pd.DataFrame) -> None:
    assert not made.duplicated(list(playlist_suggestions.primary_key)).any()
    declared: dict[str, Any] = {column.name: column.nullable for column in playlist_suggestions.columns}
    assert not [name for name, nullable in declared.items() if not nullable and made[name].isna().any()]
