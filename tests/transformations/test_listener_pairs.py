"""Pairs of listeners: only those who both agree now, each seen from both sides, from kept plays of the last year."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon

from transformations.gold.listener_pairs import listener_pairs

Rows = Callable[..., Any]
AS_OF = date(2026, 6, 1)
TASTES = {"ann": (5, 3, 1, 0), "ben": (1, 3, 5, 1), "cleo": (1, 1, 1, 1), "dan": (2, 1, 1, 1)}


def plays(user: str) -> list[dict[str, Any]]:
    """The same number of plays of each artist on each of 30 days, and as many that do not count."""
    rows = []
    for number in range(30):
        day = AS_OF - timedelta(days=number)
        same = {"user_id": user, "played_date": day, "played_month": f"{day:%Y-%m}", "listened_ms": 200_000}
        for artist, count in enumerate(TASTES[user]):
            play = {**same, "artist_name": f"  ARTIST {artist}" if number % 2 else f"Artist {artist}"}
            rows += [{**play, "is_counted": True}] * count
            rows.append({**play, "is_counted": True, "excluded_by": "sleep", "listened_ms": 10**9})
            rows.append({**play, "is_counted": False, "listened_ms": 10**9})
    old = AS_OF - timedelta(days=365)
    rows.append({"user_id": user, "played_date": old, "played_month": f"{old:%Y-%m}", "is_counted": True,
                 "artist_name": "Artist 0", "listened_ms": 10**9})  # fmt: skip
    return [{**row, "play_id": f"{user}{number}"} for number, row in enumerate(rows)]


@pytest.fixture
def made(rows: Rows) -> pd.DataFrame:
    at = datetime(2026, 5, 1, tzinfo=UTC)
    consents = [
        ("ann", True, 0), ("ben", False, 0), ("ben", True, 1), ("cleo", True, 0), ("cleo", False, 1), ("eve", True, 0),
    ]  # fmt: skip
    frame = listener_pairs(
        rows("listener_consents", *(
            {"user_id": user, "consent": "compare", "is_given": given, "recorded_at": at + timedelta(days=day)}
            for user, given, day in consents
        )),
        rows("listening_with_features", *(play for user in TASTES for play in plays(user))),
        rows("listeners", *({"user_id": user, "is_simulated": True} for user in (*TASTES, "eve"))),
        as_of=AS_OF,
    )  # fmt: skip
    return frame.toPandas()


def test_only_those_who_agree_now_are_compared(made: pd.DataFrame) -> None:
    pairs = set(zip(made["user_id"], made["other_user_id"], strict=True))
    assert {pair for pair in pairs if "eve" not in pair} == {("ann", "ben"), ("ben", "ann")}
    assert not {"cleo", "dan"} & {name for pair in pairs for name in pair}


def test_the_numbers_are_those_of_kept_counted_plays_of_the_last_year(made: pd.DataFrame) -> None:
    row = made[(made["user_id"] == "ann") & (made["other_user_id"] == "ben")].iloc[0]
    shares = [np.array(TASTES[user]) / sum(TASTES[user]) for user in ("ann", "ben")]
    assert row["taste_distance"] == pytest.approx(jensenshannon(*shares, base=2))
    assert (row["shared_artist_count"], row["shared_share"]) == (3, pytest.approx(1.0))
    assert row["own_distance"] == pytest.approx(0.0, abs=1e-7)
    other = made[(made["user_id"] == "ben") & (made["other_user_id"] == "ann")].iloc[0]
    assert other["shared_share"] == pytest.approx(0.9)


def test_who_has_too_few_plays_is_explained(made: pd.DataFrame) -> None:
    row = made[(made["user_id"] == "ann") & (made["other_user_id"] == "eve")].iloc[0]
    assert pd.isna(row["taste_distance"])
    assert row["reason"] == "the other has 0 plays on 0 days; 100 on 14 are needed"
