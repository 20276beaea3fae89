"""How taste moves: shares of genres and eras, centres of audio features, and distances to the quarter before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Objects = NDArray[np.object_]

FEATURES = (
    "danceability", "energy", "loudness", "speechiness", "acousticness", "instrumentalness", "liveness", "valence",
    "tempo",
)  # fmt: skip

UNKNOWN = "unknown"
# Periods of a kind that the quarter before holds.
QUARTER = {"week": 13, "month": 3}
LEAST_KNOWN_SHARE = 0.6
LEAST_PLAYS, LEAST_QUARTER_PLAYS = 20, 100
TOP_GENRES = 10
FEATURE_DISTANCE, GENRE_DISTANCE = "features", "genre_families"
COLUMNS = (
    "basis", "period_kind", "period_number", "taste_aspect", "aspect_item", "aspect_value",
    "play_count", "listened_ms", "measured_share", "reason",
)  # fmt: skip


@dataclass(frozen=True)
class Periods:
    """The periods of one kind without a gap, from the first with a play to the last; times in ms, rows as `numbers`.

    time: periods x tracks. plays, total: of each period.
    """

    kind: str
    numbers: NDArray[np.int64]
    time: Any
    plays: Floats
    total: Floats

    def sums(self, attributes: Any) -> Floats:
        """Time of each period weighted by an attribute of tracks (tracks x items): periods x items."""
        return np.asarray(self.time @ attributes, dtype=float)

    def before(self, sums: Floats) -> Floats:
        """The same sums of the quarter before each period; NaN where the history holds no whole quarter before it."""
        steps = QUARTER[self.kind]
        quarter = np.full(sums.shape, np.nan)
        if len(sums) > steps:
            quarter[steps:] = sum(sums[steps - back : len(sums) - back] for back in range(1, steps + 1))
        return quarter


def taste_evolution(listening: pd.DataFrame, attributes: pd.DataFrame) -> pd.DataFrame:
    """Rows of one listener (COLUMNS).

    listening: period_kind, period_number (weeks from Monday 1970-01-05, months from January of year 0), track_key,
    play_count, listened_ms. attributes: track_key, basis (empty where it is of both), aspect (genre, genre_family, era,
    feature, measured), item, weight: the part of the track that belongs to the item, or the feature's value.
    """
    tracks = pd.Index(np.sort(listening["track_key"].unique()))
    known = attributes[attributes["track_key"].isin(tracks)]
    known = known.sort_values(["basis", "aspect", "item", "track_key", "weight"], ignore_index=True)
    kinds = [_periods(str(kind), group, tracks) for kind, group in listening.groupby("period_kind", sort=True)]
    overall = np.asarray(next(p for p in kinds if p.kind == "month").time.sum(axis=0), dtype=float).ravel()
    rows = [
        part
        for basis in ("measured", "all")
        for periods in kinds
        for part in _rows(periods, basis, known[known["basis"].isin(["", basis])], tracks, overall)
    ]
    return pd.concat(rows, ignore_index=True)[list(COLUMNS)]


def _periods(kind: str, listening: pd.DataFrame, tracks: pd.Index[str]) -> Periods:
    from scipy.sparse import csr_array

    number = listening["period_number"].to_numpy(dtype=np.int64)
    numbers = np.arange(number.min(), number.max() + 1)
    row, column = number - numbers[0], tracks.get_indexer(listening["track_key"])
    shape = (len(numbers), len(tracks))
    time = csr_array((listening["listened_ms"].to_numpy(dtype=float), (row, column)), shape=shape)
    plays = np.bincount(row, listening["play_count"].to_numpy(dtype=float), minlength=len(numbers)).astype(float)
    return Periods(kind, numbers, time, plays, np.asarray(time.sum(axis=1), dtype=float).ravel())


def _matrix(attributes: pd.DataFrame, tracks: pd.Index[str], items: tuple[str, ...] = ()) -> tuple[list[str], Floats]:
    """Items (those given, else those there are, sorted) and the weights of tracks in them (tracks x items)."""
    names = np.array(items) if items else np.unique(attributes["item"].to_numpy(dtype=str))
    weights = np.zeros((len(tracks), len(names)))
    row = tracks.get_indexer(attributes["track_key"])
    order = np.argsort(names)
    column = order[np.searchsorted(names[order], attributes["item"].to_numpy(dtype=str))]
    np.add.at(weights, (row, column), attributes["weight"].to_numpy(dtype=float))
    return names.tolist(), weights


def _rows(
    periods: Periods, basis: str, attributes: pd.DataFrame, tracks: pd.Index[str], overall: Floats
) -> Iterator[pd.DataFrame]:
    """The rows of one kind of period on one basis, aspect by aspect."""

    def of(aspect: str, items: tuple[str, ...] = ()) -> tuple[list[str], Floats]:
        return _matrix(attributes[attributes["aspect"] == aspect], tracks, items)

    measured = periods.sums(of("measured", ("measured",))[1])[:, 0]
    rows = _Rows(periods, basis, measured)
    families, weights = of("genre_family")
    family_time = periods.sums(weights)
    yield rows.shares("genre_family", families, family_time)
    genres, weights = of("genre")
    top = np.argsort(-(overall @ weights), kind="stable")[:TOP_GENRES]
    yield rows.shares("genre", [genres[place] for place in top], periods.sums(weights[:, top]), with_unknown=False)
    eras, weights = of("era")
    yield rows.shares("era", eras, periods.sums(weights))
    features = attributes[attributes["aspect"] == "feature"]
    values = _matrix(features, tracks, FEATURES)[1]
    known = _matrix(features.assign(weight=1.0), tracks, FEATURES)[1]
    yield from _features(rows, values, known, overall)
    yield _genre_distance(rows, family_time)


@dataclass(frozen=True)
class _Rows:
    """Makes rows of one kind of period and basis; periods without listening have none."""

    periods: Periods
    basis: str
    measured: Floats

    def shares(self, aspect: str, items: list[str], sums: Floats, *, with_unknown: bool = True) -> pd.DataFrame:
        """Share of the period's time for each item that has any, and for what is not known."""
        total = self.periods.total
        if with_unknown:
            rest = total - sums.sum(axis=1)
            # Weights that add up to 1 but for their last digit leave crumbs.
            rest = np.where(rest > 1e-6 * total, rest, 0.0)
            items, sums = [*items, UNKNOWN], np.column_stack([sums, rest])
        place, item = np.nonzero((sums > 0) & (total > 0)[:, None])
        return self._made(place, aspect, np.array(items, dtype=object)[item], sums[place, item] / total[place], None)

    def values(self, aspect: str, item: str, values: Floats, reasons: Objects) -> pd.DataFrame:
        """One value or reason for each period."""
        place = np.flatnonzero(self.periods.total > 0)
        return self._made(place, aspect, item, values[place], reasons[place])

    def _made(self, place: NDArray[np.int64], aspect: str, item: Any, value: Floats, reason: Any) -> pd.DataFrame:
        periods = self.periods
        total = periods.total[place]
        return pd.DataFrame(
            {
                "basis": self.basis,
                "period_kind": periods.kind,
                "period_number": periods.numbers[place],
                "taste_aspect": aspect,
                "aspect_item": item,
                "aspect_value": value,
                "play_count": periods.plays[place].astype(np.int64),
                "listened_ms": total.astype(np.int64),
                "measured_share": self.measured[place] / total,
                "reason": reason,
            }
        )


def _features(rows: _Rows, values: Floats, known: Floats, overall: Floats) -> Iterator[pd.DataFrame]:
    """The time-weighted centre of each feature, and how far the centre moved.

    values, known: tracks x features, the value and whether it is known; overall: time of each track in all.
    """
    periods = rows.periods
    time, sums = periods.sums(known), periods.sums(values)
    enough, centre = _share(time, periods.total) >= LEAST_KNOWN_SHARE, _share(sums, time)
    kind = "measured audio features" if rows.basis == "measured" else "audio features"
    for place, name in enumerate(FEATURES):
        percent = np.floor(100 * _share(time[:, [place]], periods.total)[:, 0])
        said = [
            f"only {p:.0f} % of the listening time has {kind}; {100 * LEAST_KNOWN_SHARE:.0f} % is needed"
            for p in percent
        ]
        here = enough[:, place]
        yield rows.values(
            "feature",
            name,
            np.where(here, centre[:, place], np.nan),
            np.where(here, np.array(None), np.array(said, dtype=object)),
        )
    weight = (overall[:, None] * known).sum(axis=0)
    mean = _ratio((overall[:, None] * values).sum(axis=0), weight)
    spread = np.sqrt(_ratio((overall[:, None] * known * (values - mean) ** 2).sum(axis=0), weight))
    quarter_time, quarter_total = periods.before(time), periods.before(periods.total[:, None])[:, 0]
    moved = (centre - _ratio(periods.before(sums), quarter_time)) / np.where(spread > 0, spread, 1.0)
    enough &= _share(quarter_time, quarter_total) >= LEAST_KNOWN_SHARE
    is_known = np.asarray(enough.all(axis=1), dtype=bool)
    yield _distance(rows, FEATURE_DISTANCE, np.sqrt((moved**2).sum(axis=1)), is_known, kind)


def _genre_distance(rows: _Rows, time: Floats) -> pd.DataFrame:
    """Jensen-Shannon distance of the shares of genre families, 0-1; time: of each family, periods x families."""
    periods = rows.periods
    before = periods.before(time)
    known, known_before = time.sum(axis=1), before.sum(axis=1)
    enough = _share(known[:, None], periods.total)[:, 0] >= LEAST_KNOWN_SHARE
    enough &= _ratio(known_before, periods.before(periods.total[:, None])[:, 0]) >= LEAST_KNOWN_SHARE
    here, there = _share(time, known), _share(before, known_before)
    middle = (here + there) / 2
    divergence = (_information(here, middle) + _information(there, middle)) / 2
    return _distance(rows, GENRE_DISTANCE, np.sqrt(np.clip(divergence, 0, 1)), enough, "a known genre")


def _information(share: Floats, middle: Floats) -> Floats:
    """Kullback-Leibler divergence in bits, row by row; what has no share adds nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = share * np.log2(share / middle)
    return np.asarray(np.where(share > 0, terms, 0.0).sum(axis=1), dtype=float)


def _distance(rows: _Rows, item: str, value: Floats, enough: NDArray[np.bool_], what: str) -> pd.DataFrame:
    """The rows of a distance: its value, or the first reason why it is not told."""
    plays, quarter = rows.periods.plays, rows.periods.before(rows.periods.plays[:, None])[:, 0]
    share = f"{100 * LEAST_KNOWN_SHARE:.0f} %"
    reasons = [
        "no whole quarter of history lies before"
        if np.isnan(before)
        else f"only {here:.0f} counted plays; {LEAST_PLAYS} are needed"
        if here < LEAST_PLAYS
        else f"only {before:.0f} counted plays in the quarter before; {LEAST_QUARTER_PLAYS} are needed"
        if before < LEAST_QUARTER_PLAYS
        else None
        if is_known
        else f"less than {share} of the listening time, here or in the quarter before, has {what}"
        for here, before, is_known in zip(plays, quarter, enough, strict=True)
    ]
    told = np.array(reasons, dtype=object)
    return rows.values("distance", item, np.where(told == None, value, np.nan), told)  # noqa: E711


def _ratio(part: Floats, whole: Floats) -> Floats:
    """part / whole; NaN where the whole is nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, part / whole, np.nan)


def _share(part: Floats, whole: Floats) -> Floats:
    """Rows of parts divided by their wholes (one a row, or one a value)."""
    return _ratio(part, whole if whole.ndim == part.ndim else whole[:, None])
