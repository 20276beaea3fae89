"""When a listener's taste changed: weeks as vectors of genre shares and feature centres, and what changed most.

Shares enter as square roots (Hellinger), so that a rare genre does not weigh less or more than a common one by its
noise; all genres together and each feature alone are divided by how much they differ from week to week, so that neither
speaks louder. Weeks with too little listening, coverage or features are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.change_points import LEAST_LENGTH, Change, find_changes
from models.threads import one_thread

Floats = NDArray[np.float64]

FEATURES = ("valence", "energy", "danceability", "acousticness", "instrumentalness", "tempo")
UNKNOWN = "unknown"
LEAST_LISTENED_MS = 2 * 3_600_000
LEAST_PLAYS = 20
LEAST_COVERED = 0.8
LEAST_KNOWN = 0.6
# Genres are told of if in this share of the weeks that could be used they are known well enough.
LEAST_WEEKS_WITH_GENRES = 0.8
MOST_ITEMS = 3
NORMAL_MAD = 1.4826

COLUMNS = (
    "change_number", "changed_place", "era_start", "changed_aspect", "changed_item", "before_mean", "after_mean",
    "size", "before_week_count", "after_week_count", "p_value", "statistic", "neighbour_correlation",
    "tested_week_count", "left_out_week_count", "tested", "measured_share", "sentence", "reason",
)  # fmt: skip
_TEXTS = ("changed_aspect", "changed_item", "tested", "sentence", "reason", "era_start")
_WHOLE_NUMBERS = ("change_number", "changed_place", "tested_week_count", "left_out_week_count")


@dataclass(frozen=True)
class Aspects:
    """What is tested of each week: names (aspect, item), the values that are told, and the scaled vectors."""

    names: list[tuple[str, str]]
    values: Floats
    vectors: Floats


def taste_changes(listening: pd.DataFrame, days: pd.DataFrame, kind: str, seed: int = 0) -> pd.DataFrame:
    """The changes of one listener's taste on one basis, or one row that says why none is told.

    listening: a row a week_start (Monday) and genre_parts (`pop:0.5|rock:0.5`) with play_count, listened_ms,
    complete_ms (time with all FEATURES), measured_ms, and each feature times that time (`valence_ms` and so on). days:
    a row a week_start with covered_hours, all_hours. kind: what the features are called in reasons. COLUMNS; the
    MOST_ITEMS aspects that changed most have a row each.
    """
    weeks, shares = _weeks(listening, days)
    usable = _usable(weeks)
    known = usable["known_ms"] >= LEAST_KNOWN * usable["listened_ms"]
    has_genres = len(usable) > 0 and float(known.mean()) >= LEAST_WEEKS_WITH_GENRES
    tested = usable[known] if has_genres else usable
    same = {
        "tested_week_count": len(tested),
        "left_out_week_count": len(weeks) - len(tested),
        "tested": "genres and features" if has_genres else "features",
        "measured_share": _ratio(float(tested["measured_ms"].sum()), float(tested["listened_ms"].sum())),
    }
    if len(tested) < LEAST_LENGTH:
        reason = f"{LEAST_LENGTH} weeks with enough listening, coverage and {kind} are needed; there are {len(tested)}"
        return _typed([_none(same) | {"reason": reason}])
    aspects = _aspects(tested, shares.loc[tested.index] if has_genres else None)
    with one_thread():
        search = find_changes(aspects.vectors, seed)
    same |= {"neighbour_correlation": search.correlation}
    if search.p_value is None:
        alike = f"neighbouring weeks are alike (correlation {search.correlation:.2f}), as where taste drifts slowly"
        reason = f"{alike}: {search.needed} weeks would be needed to tell a change from that; there are {len(tested)}"
        return _typed([_none(same) | {"reason": reason}])
    if not search.changes:
        sentence = f"no change of taste can be told from chance in {len(tested)} weeks (p = {search.p_value:.2f})"
        return _typed([_none(same) | {"p_value": search.p_value, "sentence": sentence}])
    weeks_used = list(tested.index)
    rows = [row for number in range(len(search.changes)) for row in _told(number, search.changes, aspects, weeks_used)]
    return _typed([same | row for row in rows])


def _weeks(listening: pd.DataFrame, days: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sums of each week, with known_ms (time of a known genre) and coverage; and the time of each family by week."""
    ordered = listening.sort_values(["week_start", "genre_parts"], ignore_index=True)
    names = ["play_count", "listened_ms", "complete_ms", "measured_ms", *(f"{name}_ms" for name in FEATURES)]
    weeks = ordered.groupby("week_start", sort=True)[names].sum().astype(float)
    parts = pd.DataFrame(
        [(text, *one.rsplit(":", 1)) for text in sorted(ordered["genre_parts"].unique()) for one in text.split("|")],
        columns=["genre_parts", "family", "part"],
    )
    split = ordered[["week_start", "genre_parts", "listened_ms"]].merge(parts, on="genre_parts")
    split["family_ms"] = split["listened_ms"].astype(float) * split["part"].astype(float)
    families = split.pivot_table(
        index="week_start", columns="family", values="family_ms", aggfunc="sum", fill_value=0.0
    )
    known = families[[name for name in families.columns if name != UNKNOWN]]
    covered = days.set_index("week_start")
    coverage = (covered["covered_hours"].astype(float) / covered["all_hours"].astype(float)).reindex(weeks.index)
    return weeks.assign(known_ms=known.sum(axis=1), coverage=coverage.fillna(0.0)), known


def _usable(weeks: pd.DataFrame) -> pd.DataFrame:
    enough = (weeks["listened_ms"] >= LEAST_LISTENED_MS) & (weeks["play_count"] >= LEAST_PLAYS)
    featured = weeks["complete_ms"] >= LEAST_KNOWN * weeks["listened_ms"]
    return weeks[enough & featured & (weeks["coverage"] >= LEAST_COVERED)]


def _aspects(weeks: pd.DataFrame, families: pd.DataFrame | None) -> Aspects:
    names = [("feature", name) for name in FEATURES]
    values = weeks[[f"{name}_ms" for name in FEATURES]].to_numpy() / weeks[["complete_ms"]].to_numpy()
    vectors = values / _noise(values)
    if families is not None:
        shares = families.to_numpy() / weeks[["known_ms"]].to_numpy()
        roots = np.sqrt(shares)
        noise = np.sqrt(np.mean(np.square(np.diff(roots, axis=0)) / 2, axis=0).mean())
        names += [("genre_family", str(name)) for name in families.columns]
        values, vectors = np.hstack([values, shares]), np.hstack([vectors, roots / max(noise, 1e-9)])
    return Aspects(names, values, vectors)


def _noise(values: Floats) -> Floats:
    """How much each column differs from one week to the next: robust, so that a few changes do not count."""
    steps = np.abs(np.diff(values, axis=0))
    noise = NORMAL_MAD * np.median(steps, axis=0) / np.sqrt(2)
    noise = np.where(noise > 1e-9, noise, values.std(axis=0))
    return np.where(noise > 1e-9, noise, 1.0)


def _told(number: int, changes: list[Change], aspects: Aspects, weeks: list[date]) -> Iterator[dict[str, Any]]:
    """The rows of one change: the aspects that differ most between the weeks before and after it."""
    begin = changes[number - 1].at if number else 0
    end = changes[number + 1].at if number + 1 < len(changes) else len(weeks)
    change = changes[number]
    before, after = slice(begin, change.at), slice(change.at, end)
    sizes = aspects.vectors[after].mean(axis=0) - aspects.vectors[before].mean(axis=0)
    means = [aspects.values[side].mean(axis=0) for side in (before, after)]
    order = np.lexsort([np.arange(len(sizes)), -np.round(np.abs(sizes), 12)])[:MOST_ITEMS]
    what = ", ".join(_words(aspects.names[one], means[0][one], means[1][one]) for one in order)
    same = {
        "change_number": number + 1,
        "era_start": weeks[change.at],
        "before_week_count": change.at - begin,
        "after_week_count": end - change.at,
        "p_value": change.p_value,
        "statistic": change.statistic,
        "sentence": f"a new era began in the week of {weeks[change.at]}: {what}",
    }
    for place, one in enumerate(order):
        aspect, item = aspects.names[one]
        values = {"before_mean": float(means[0][one]), "after_mean": float(means[1][one]), "size": float(sizes[one])}
        yield same | {"changed_place": place + 1, "changed_aspect": aspect, "changed_item": item} | values


def _words(name: tuple[str, str], before: float, after: float) -> str:
    aspect, item = name
    if aspect == "genre_family":
        return f"{item} {100 * before:.0f} % → {100 * after:.0f} %"
    form = ".0f" if item == "tempo" else ".2f"
    return f"{item} {before:{form}} → {after:{form}}"


def _none(same: dict[str, Any]) -> dict[str, Any]:
    return same | {"change_number": 0, "changed_place": 0}


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else np.nan


def _typed(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Each column of its own type, also where it holds no value."""
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    texts = {name: frame[name].astype(object).where(frame[name].notna(), None) for name in _TEXTS}
    whole = {name: frame[name].astype("int64") for name in _WHOLE_NUMBERS}
    numbers = {name: frame[name].astype(float) for name in COLUMNS if name not in texts and name not in whole}
    return frame.assign(**texts, **whole, **numbers)
