"""Listeners made up for recommendations: with structure that is planted, and with none."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.recommendations.candidates import BASES, TRACK_FACT, candidates
from models.recommendations.evaluation import evaluated
from models.recommendations.history import FEATURES
from models.recommendations.rules import BLOCK_DAYS, BLOCKS

AS_OF = date(2026, 10, 31)
DAYS = 540
PARTS = ("morning", "afternoon", "evening")
CHANGE_DAYS = 30
EVENT_COLUMNS = ("recording", "session", "days_ago", "part_of_day", "is_skip")
FACT_COLUMNS = (
    "kind", "basis", "fit", "recording_id", "track_id", "track_name", "artist_name", "album_name", "album_id", "genre",
    "cluster_name", "strength", *FEATURES,
)  # fmt: skip


def facts_of(*rows: dict[str, Any]) -> pd.DataFrame:
    """Facts with empty texts and missing numbers where a row names none."""
    frame = pd.DataFrame(list(rows), columns=list(FACT_COLUMNS))
    numbers = ["strength", *FEATURES]
    frame[numbers] = frame[numbers].astype(float)
    texts = [name for name in FACT_COLUMNS if name not in numbers]
    frame[texts] = frame[texts].fillna("")
    frame["track_id"] = frame["track_id"].where(frame["track_id"] != "", frame["recording_id"])
    return frame


def track_facts(count: int, features: np.ndarray, per_artist: int = 4) -> pd.DataFrame:
    """The facts of tracks r0000, r0001, ... on both bases."""
    same = [
        {
            "kind": TRACK_FACT,
            "recording_id": f"r{number:04d}",
            "track_name": f"Title {number}",
            "artist_name": f"Artist {number // per_artist}",
            "genre": "pop",
            **dict(zip(FEATURES, features[number].tolist(), strict=True)),
        }
        for number in range(count)
    ]
    return facts_of(*({**row, "basis": basis} for basis in BASES for row in same))


def plays_of(events: pd.DataFrame) -> pd.DataFrame:
    """Events (recording number, session, days_ago, part_of_day, is_skip) in the shape that candidates reads."""
    block = np.minimum(events["days_ago"] // BLOCK_DAYS, BLOCKS)
    rows = pd.DataFrame(
        {
            "recording_id": [f"r{number:04d}" for number in events["recording"]],
            "session_id": np.where(block < BLOCKS, events["session"].astype(str), ""),
            "age_block": block,
            "part_of_day": np.where(block < BLOCKS, events["part_of_day"], ""),
            "days_ago": np.where(events["is_skip"], np.iinfo(np.int32).max, events["days_ago"]),
            "start_count": 1,
            "play_count": (~events["is_skip"]).astype(int),
            "skip_count": events["is_skip"].astype(int),
        }
    )
    place = ["recording_id", "session_id", "age_block", "part_of_day"]
    sums = rows.groupby(place, as_index=False).agg(
        days_ago=("days_ago", "min"),
        start_count=("start_count", "sum"),
        play_count=("play_count", "sum"),
        skip_count=("skip_count", "sum"),
    )
    sums["days_ago"] = sums["days_ago"].where(sums["play_count"] > 0, -1)
    return sums.assign(track_id=sums["recording_id"], excluded_count=0)


def planted(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Events and facts of a listener with themes and favourites.

    A theme is 20 recordings that sound alike, are played in the same sessions and belong to a part of the day. Each
    part of the day has two themes in favour; every 30 days one of them gives way to another that rested. Within a theme
    some recordings are liked more. One play in ten is of anything. Thirty favourites of their own come and go: each is
    played often for some weeks, rests for months, and comes back.
    """
    rng = np.random.default_rng(seed)
    themes, size, favourites = 18, 20, 30
    count = themes * size + favourites
    features = np.repeat(rng.normal(0.5, 0.18, (themes, len(FEATURES))), size, axis=0)
    features = np.concatenate([features, rng.normal(0.5, 0.18, (favourites, len(FEATURES)))])
    features = features + rng.normal(0, 0.04, features.shape)
    liking = rng.gamma(2.0, size=(themes, size)) + 0.1
    liking /= liking.sum(axis=1, keepdims=True)
    favoured = _favoured(rng, themes)
    phase, cycle = rng.integers(0, 200, favourites), rng.integers(110, 160, favourites)
    rows, session = [], 0
    for day in range(DAYS):
        back = themes * size + np.flatnonzero((day + phase) % cycle < 20)
        for part in range(len(PARTS)):
            if rng.random() < 0.35:
                continue
            session += 1
            theme = rng.choice(favoured[day // CHANGE_DAYS, part])
            heard = rng.choice(size, 7, p=liking[theme]) + theme * size
            heard = np.where(rng.random(7) < 0.1, rng.integers(0, count, 7), heard)
            if len(back):
                heard[0] = rng.choice(back)
            rows += [(int(r), session, DAYS - 1 - day, PARTS[part], rng.random() < 0.08) for r in heard]
    return pd.DataFrame(rows, columns=list(EVENT_COLUMNS)), track_facts(count, features)


def _favoured(rng: np.random.Generator, themes: int) -> np.ndarray:
    """The two themes in favour at each part of the day, in each stretch of CHANGE_DAYS."""
    favoured = np.zeros((DAYS // CHANGE_DAYS + 1, len(PARTS), 2), int)
    for part in range(len(PARTS)):
        own = np.arange(part, themes, len(PARTS))
        favoured[0, part] = rng.permutation(own)[:2]
        for stretch in range(1, len(favoured)):
            stays = favoured[stretch - 1, part][1]
            favoured[stretch, part] = stays, rng.choice(np.setdiff1d(own, favoured[stretch - 1, part]))
    return favoured


def structureless(seed: int, spread: float = 0.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Events and facts of a listener who plays anything at any time; `spread` 0: all alike often, else some more."""
    rng = np.random.default_rng(seed)
    count = 360
    liking = np.exp(rng.normal(0, spread, count)) if spread else np.ones(count)
    features = rng.normal(0.5, 0.2, (count, len(FEATURES)))
    sessions = DAYS * 2
    rows = [
        (int(r), session, DAYS - 1 - session // 2, PARTS[int(rng.integers(len(PARTS)))], rng.random() < 0.08)
        for session in range(sessions)
        for r in rng.choice(count, 6, p=liking / liking.sum())
    ]
    return pd.DataFrame(rows, columns=list(EVENT_COLUMNS)), track_facts(count, features)


def returns_of(events: pd.DataFrame) -> pd.DataFrame:
    """What came back in the held-out days, by the definition: played then, and not in the 30 days before."""
    heard = events[~events["is_skip"]]
    late = heard[heard["days_ago"] < BLOCK_DAYS]
    before = heard[(heard["days_ago"] >= BLOCK_DAYS) & (heard["days_ago"] < 2 * BLOCK_DAYS)]
    back = late[~late["recording"].isin(before["recording"])]
    first = back.groupby("recording")["days_ago"].max()
    return pd.DataFrame({"recording_id": [f"r{n:04d}" for n in first.index], "first_day": -first.to_numpy()})


def evaluation_of(events: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    """The evaluation on basis measured, as the table makes it."""
    found = candidates(plays_of(events), facts, AS_OF)
    of_fit = found[(found["fit"] == "held_out") & (found["basis"] == "measured")]
    past = events[(events["days_ago"] >= BLOCK_DAYS) & ~events["is_skip"]]
    plays = past["recording"].map("r{:04d}".format).value_counts()
    return evaluated(of_fit, returns_of(events), plays)


@pytest.fixture(scope="session")
def made() -> SimpleNamespace:
    """The functions of this file, for the tests beside it."""
    functions = (facts_of, track_facts, plays_of, planted, structureless, returns_of, evaluation_of)
    return SimpleNamespace(**{function.__name__: function for function in functions}, as_of=AS_OF)
